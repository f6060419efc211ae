"""Received PDUs as the router gets them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from sms_bridge.links.inbound import join_segments, read_pdu
from sms_bridge.modem.model import ReceivedPdu, StoredAt
from sms_bridge.routing.link import InboundSegment, Source
from sms_bridge.tpdu.address import Address
from sms_bridge.tpdu.codec import encode_pdu
from sms_bridge.tpdu.dcs import Dcs
from sms_bridge.tpdu.deliver import Deliver
from sms_bridge.tpdu.segment import divide
from sms_bridge.tpdu.status_report import StatusReport
from sms_providers.model import DeliveryReport

AT = datetime(2026, 11, 20, 10, 15, 3, tzinfo=UTC)
SCTS = datetime(2026, 11, 20, 11, 15, tzinfo=timezone(timedelta(hours=1)))


def pdus(content: str | bytes, *, originator: str = "+491701234567", port: int | None = None) -> list[str]:
    """The PDUs in which a message comes."""
    segments = divide(content, concat_ref=7, port=port)
    delivers = [
        Deliver(oa=Address.of(originator), dcs=Dcs.of(segments.encoding), scts=SCTS, ud=ud)
        for ud in segments.parts
    ]
    return [encode_pdu(deliver)[0] for deliver in delivers]


def read(pdu: str, at: StoredAt | None = None, **values: bool) -> InboundSegment | DeliveryReport:
    return read_pdu(ReceivedPdu(hex=pdu, sim="26201", at=at, **values), AT, "+49151")


def segment(pdu: str, at: StoredAt | None = None, **values: bool) -> InboundSegment:
    found = read(pdu, at, **values)
    assert isinstance(found, InboundSegment)
    return found


def test_a_text_is_read_with_its_times_and_numbers() -> None:
    found = segment(pdus("hello")[0], StoredAt("SM", 3), storage_full=True, double_store=True)
    assert (found.message.originator, found.message.text) == ("+491701234567", "hello")
    assert (found.message.recipient, found.message.sim) == ("+49151", 0)
    assert (found.message.sent_at, found.message.received_at) == (SCTS, AT)
    assert found.source == Source(sim="26201", storage="SM", index=3, pdu=found.raw)
    assert (found.storage_full, found.event_key, found.concat) == (True, found.raw, None)


def test_a_message_that_is_nowhere_stored_has_no_source() -> None:
    assert segment(pdus("hello")[0]).source is None


def test_the_segments_of_one_message_share_a_key_and_join() -> None:
    text = "Grüße € " * 60
    found = [segment(pdu) for pdu in pdus(text)]
    places = [part.concat for part in found if part.concat is not None]
    assert len({place.key for place in places}) == 1
    assert [(place.seqno, place.total) for place in places] == [
        (n, len(found)) for n in range(1, len(found) + 1)
    ]
    joined = join_segments([part.raw for part in found], AT)
    assert (joined.text, joined.segments, joined.incomplete) == (text, len(found), False)
    assert joined.raw == ()


def test_another_sender_or_sim_is_another_key() -> None:
    one, other = pdus("x" * 200)[0], pdus("x" * 200, originator="+491709999999")[0]
    third = read_pdu(ReceivedPdu(hex=one, sim="26202"), AT, None)
    assert isinstance(third, InboundSegment)
    keys = {part.concat.key for part in (segment(one), segment(other), third) if part.concat}
    assert len(keys) == 3


def test_a_missing_segment_is_a_gap_and_the_octets_are_kept() -> None:
    first, _, third = pdus("x" * 400)
    joined = join_segments([first, None, third], AT)
    assert joined.text is not None
    assert "…" in joined.text
    assert (joined.incomplete, joined.raw, joined.segments) == (True, (first, third), 3)


def test_data_keeps_its_port() -> None:
    found = segment(pdus(b"\x01\x02", port=16_000)[0]).message
    assert (found.data, found.port, found.text, found.encoding) == (b"\x01\x02", 16_000, None, "data")


@pytest.mark.parametrize("pdu", ["", "00", "zz", "0004FF", "07" * 3])
def test_a_pdu_that_is_none_becomes_a_message_with_its_octets(pdu: str) -> None:
    found = segment(pdu, StoredAt("SM", 1)).message
    assert (found.originator, found.text, found.incomplete, found.raw) == ("", "", True, (pdu,))


@pytest.mark.parametrize(
    ("st", "state", "code", "temporary"),
    [
        (0x00, "delivered", None, None),
        (0x01, None, "rejected_by_network", False),
        (0x20, None, "rejected_by_network", True),
        (0x22, None, "absent_subscriber", True),
        (0x41, "undeliverable", "rejected_by_network", False),
        (0x46, "expired", "expired", False),
        (0x62, "undeliverable", "absent_subscriber", True),
    ],
)
def test_a_status_report_is_a_delivery_report(
    st: int, state: str | None, code: str | None, *, temporary: bool | None
) -> None:
    status = StatusReport(mr=0x2A, ra=Address.of("+491701234567"), scts=SCTS, dt=AT, st=st)
    found = read(encode_pdu(status)[0])
    assert isinstance(found, DeliveryReport)
    assert (found.reference, found.recipient, found.state) == ("2a", "+491701234567", state)
    assert (found.submitted_at, found.at) == (SCTS, AT)
    if found.error is None:
        assert code is None
    else:
        assert (found.error.code, found.error.temporary) == (code, temporary)
        assert found.error.provider_code == f"{st:02x}"
