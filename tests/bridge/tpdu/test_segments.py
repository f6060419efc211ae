"""Whole messages: divided into segments, sent as SMS-SUBMIT, and put together again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms_bridge.tpdu.address import Address
from sms_bridge.tpdu.codec import Direction, Undecodable, decode_inbound, decode_pdu, encode_pdu
from sms_bridge.tpdu.collector import ConcatKey, join
from sms_bridge.tpdu.dcs import Dcs
from sms_bridge.tpdu.deliver import Deliver
from sms_bridge.tpdu.errors import TpduError
from sms_bridge.tpdu.segment import build_submits, divide
from sms_bridge.tpdu.status_report import Outcome, StatusReport
from sms_bridge.tpdu.submit import Submit
from sms_bridge.tpdu.udh import IEI_LOCKING_SHIFT, Concat, InformationElement, Ports, Udh
from sms_bridge.tpdu.user_data import UserData
from sms_bridge.tpdu.validity import Validity, VpFormat
from sms_providers.charset import Encoding, EncodingChoice, TextTooLongError, gsm7_septets, transliterate

from . import generators

ANNA = "+491701234567"
SCTS = datetime(2026, 11, 20, 10, 15, tzinfo=UTC)


def arriving(content: str | bytes, **options: int | bool) -> list[Deliver | None]:
    segments = divide(content, concat_ref=42, wide=bool(options.get("wide", False)), port=options.get("port"))
    return [
        Deliver(oa=Address.of(ANNA), dcs=Dcs.of(segments.encoding), scts=SCTS, ud=ud) for ud in segments.parts
    ]


def part(payload: bytes, seqno: int, total: int, encoding: Encoding, *more: InformationElement) -> Deliver:
    udh = Udh((Concat(ref=42, total=total, seqno=seqno).to_element(), *more))
    return Deliver(oa=Address.of(ANNA), dcs=Dcs.of(encoding), scts=SCTS, ud=UserData(payload, udh))


def test_a_short_message_has_no_header() -> None:
    [submit] = build_submits(ANNA, "hi", concat_ref=42)
    assert submit == Submit(da=Address.of(ANNA), ud=UserData(b"hi"))


def test_every_segment_carries_the_flags_and_its_place() -> None:
    submits = build_submits(
        ANNA, "a" * 307, concat_ref=0x1234, wide=True, dlr=True, valid_for=3600, message_class=0
    )
    assert [submit.ud.udh and submit.ud.udh.concat for submit in submits] == [
        Concat(ref=0x1234, total=3, seqno=seqno, wide=True) for seqno in (1, 2, 3)
    ]
    assert all(submit.srr for submit in submits)
    assert {submit.dcs.message_class for submit in submits} == {0}
    assert {submit.validity for submit in submits} == {Validity.relative(11)}


def test_a_report_is_asked_for_only_where_it_is_wanted() -> None:
    [submit] = build_submits(ANNA, "hi", concat_ref=42)
    assert not submit.srr


def test_data_has_its_port_in_every_segment() -> None:
    submits = build_submits(ANNA, bytes(200), concat_ref=42, port=2948)
    assert [len(submit.ud.payload) for submit in submits] == [128, 72]
    assert all(submit.ud.udh and submit.ud.udh.ports == Ports(2948) for submit in submits)
    assert {submit.dcs.encoding for submit in submits} == {Encoding.DATA}


def test_a_short_code_is_no_international_number() -> None:
    [submit] = build_submits("12345", "hi", concat_ref=42)
    assert encode_pdu(submit)[0].startswith("0001000581")


def test_what_cannot_be_sent_is_refused() -> None:
    with pytest.raises(TextTooLongError):
        build_submits(ANNA, "a" * 161, concat_ref=42, max_segments=1)
    for recipient in ("no such number", "INFO", "", "+", "+" + "1" * 21, "\u0661\u0662"):
        with pytest.raises(TpduError):
            build_submits(recipient, "hi", concat_ref=42)


@given(
    st.one_of(st.text(max_size=600), st.binary(max_size=600)),
    st.sampled_from(EncodingChoice),
    st.booleans(),
    st.sampled_from([None, 0, 2948, 65535]),
)
def test_every_message_survives_the_wire(
    content: str | bytes,
    choice: EncodingChoice,
    wide: bool,  # noqa: FBT001 - drawn by hypothesis
    port: int | None,
) -> None:
    submits = build_submits(
        ANNA, content, choice, concat_ref=200, wide=wide, port=port if isinstance(content, bytes) else None
    )
    for submit in submits:
        pdu, length = encode_pdu(submit)
        assert len(pdu) == 2 * (length + 1)
        assert decode_pdu(pdu, Direction.OUTBOUND).tpdu == submit
    joined = join([Deliver(oa=submit.da, dcs=submit.dcs, ud=submit.ud) for submit in submits])
    meant = transliterate(content) if choice is EncodingChoice.GSM7 and isinstance(content, str) else content
    assert (joined.data if isinstance(content, bytes) else joined.text) == meant
    assert not joined.incomplete


@pytest.mark.parametrize("seed", range(50))
def test_every_incoming_kind_survives_the_wire(seed: int) -> None:
    random = Random(seed)
    centre = Address.of("+27381000015")
    messages: list[Deliver | StatusReport] = [*generators.delivers(random), generators.status_report(random)]
    for message in messages:
        assert decode_inbound(encode_pdu(message, centre)[0]) == message
        assert decode_pdu(bytes.fromhex(encode_pdu(message, centre)[0])).smsc == centre


@pytest.mark.parametrize(
    "validity",
    [
        None,
        Validity.relative(167),
        Validity.until(SCTS),
        Validity(VpFormat.ENHANCED, bytes.fromhex("021E0000000000")),
    ],
)
def test_every_flag_of_a_submit_survives(validity: Validity | None) -> None:
    for flags in range(8):
        submit = Submit(
            da=Address.of(ANNA),
            ud=UserData(b"hi"),
            validity=validity,
            mr=flags,
            pid=0x41,
            rd=bool(flags & 1),
            srr=bool(flags & 2),
            rp=bool(flags & 4),
        )
        assert Submit.from_bytes(submit.to_bytes()) == submit


def test_every_flag_of_a_deliver_and_a_report_survives() -> None:
    for flags in range(16):
        mms, lp, third, fourth = (bool(flags & bit) for bit in (1, 2, 4, 8))
        deliver = Deliver(oa=Address.of(ANNA), scts=SCTS, pid=0x7F, mms=mms, lp=lp, sri=third, rp=fourth)
        assert Deliver.from_bytes(deliver.to_bytes()) == deliver
        report = StatusReport(
            mr=7,
            ra=Address.of(ANNA),
            scts=SCTS,
            dt=None,
            st=0x30,
            mms=mms,
            lp=lp,
            srq=third,
            pid=0 if third else None,
            dcs=Dcs(8) if fourth else None,
            ud=UserData(b"\0h") if fourth else None,
        )
        assert StatusReport.from_bytes(report.to_bytes()) == report


@pytest.mark.parametrize(
    ("status", "outcome", "final"),
    [
        (0x00, Outcome.DELIVERED, True),
        (0x01, Outcome.UNCONFIRMED, True),
        (0x02, Outcome.REPLACED, True),
        (0x03, Outcome.GAVE_UP, True),  # reserved: read as "service rejected"
        (0x10, Outcome.UNCONFIRMED, True),
        (0x20, Outcome.PENDING, False),
        (0x26, Outcome.GAVE_UP, True),
        (0x3F, Outcome.PENDING, False),
        (0x40, Outcome.FAILED, True),
        (0x46, Outcome.EXPIRED, True),
        (0x4A, Outcome.GAVE_UP, True),
        (0x5F, Outcome.FAILED, True),
        (0x60, Outcome.GAVE_UP, True),
        (0x7F, Outcome.GAVE_UP, True),
        (0xFF, Outcome.GAVE_UP, True),
    ],
)
def test_a_status_has_the_outcome_of_its_group(status: int, outcome: Outcome, *, final: bool) -> None:
    report = StatusReport(mr=0, ra=Address.of(ANNA), scts=SCTS, dt=SCTS, st=status)
    assert (report.outcome, report.final) == (outcome, final)


def test_segments_of_one_message_have_one_key() -> None:
    keys = {ConcatKey.of(segment) for segment in arriving("a" * 400) if segment}
    assert keys == {
        ConcatKey(
            oa=Address.of(ANNA), ref=42, total=3, wide=False, encoding=Encoding.GSM7, message_class=None
        )
    }
    [single] = arriving("a")
    assert single is not None
    assert ConcatKey.of(single) is None


def test_a_message_of_one_segment_is_whole_whatever_its_header_says() -> None:
    assert ConcatKey.of(part(b"hi", 1, 1, Encoding.GSM7)) is None


def test_an_escape_that_was_torn_off_is_joined() -> None:
    septets = gsm7_septets("price: 5 €")
    assert septets is not None
    joined = join([part(septets[:-1], 1, 2, Encoding.GSM7), part(septets[-1:], 2, 2, Encoding.GSM7)])
    assert joined.text == "price: 5 €"


def test_a_surrogate_pair_that_was_torn_apart_is_joined() -> None:
    units = "x😀y".encode("utf-16-be")
    joined = join([part(units[:4], 1, 2, Encoding.UCS2), part(units[4:], 2, 2, Encoding.UCS2)])
    assert joined.text == "x😀y"


def test_a_code_unit_that_was_torn_apart_is_joined() -> None:
    units = "жы".encode("utf-16-be")
    joined = join([part(units[:1], 1, 2, Encoding.UCS2), part(units[1:], 2, 2, Encoding.UCS2)])
    assert joined.text == "жы"


@pytest.mark.parametrize(
    ("missing", "text"),
    [({1}, "…bbbccc"), ({2}, "aaa…ccc"), ({3}, "aaabbb…"), ({1, 2}, "…ccc"), ({1, 3}, "…bbb…")],
)
def test_each_gap_is_shown_once(missing: set[int], text: str) -> None:
    payloads = {1: b"aaa", 2: b"bbb", 3: b"ccc"}
    segments = [
        None if seqno in missing else part(payload, seqno, 3, Encoding.GSM7)
        for seqno, payload in payloads.items()
    ]
    joined = join(segments)
    assert (joined.text, joined.incomplete) == (text, True)


def test_half_a_pair_before_a_gap_is_replaced() -> None:
    joined = join([part(b"\xd8\x3d", 1, 3, Encoding.UCS2), None, part(b"\xde\x00", 3, 3, Encoding.UCS2)])
    assert joined.text == "\ufffd…\ufffd"


def test_segments_of_different_alphabets_are_read_one_by_one() -> None:
    joined = join(
        [
            part(b"abc", 1, 4, Encoding.GSM7),
            part("жы".encode("utf-16-be"), 2, 4, Encoding.UCS2),
            part(b"\x1c", 3, 4, Encoding.GSM7, InformationElement(IEI_LOCKING_SHIFT, b"\1")),
            part(b"\xe9", 4, 4, Encoding.DATA),
        ]
    )
    assert joined.text == "abcжыŞé"


def test_data_is_joined_without_its_gaps() -> None:
    segments = arriving(bytes(range(256)), port=2948)
    assert join(segments).data == bytes(range(256))
    segments[0] = None
    assert join(segments).data == bytes(range(128, 256))
    assert join(segments).incomplete


def test_a_cut_segment_makes_the_message_incomplete() -> None:
    [segment] = arriving("hi")
    assert segment is not None
    assert join([replace(segment, truncated=True)]).incomplete


@given(st.text(max_size=1000), st.booleans(), st.data())
def test_a_message_with_gaps_keeps_all_that_arrived(text: str, wide: bool, data: st.DataObject) -> None:  # noqa: FBT001 - drawn by hypothesis
    segments = arriving(text, wide=wide)
    lost = data.draw(st.sets(st.integers(0, len(segments) - 1), max_size=len(segments) - 1))
    remaining = [None if index in lost else segment for index, segment in enumerate(segments)]
    joined = join(remaining)
    assert joined.text is not None
    assert joined.incomplete == bool(lost)
    for segment in remaining:
        assert segment is None or (segment.text or "") in joined.text


@given(st.binary(max_size=180), st.sampled_from(Direction))
def test_no_pdu_is_an_error(octets: bytes, direction: Direction) -> None:
    tpdu = decode_pdu(octets, direction).tpdu
    assert isinstance(tpdu, Submit | Deliver | StatusReport | Undecodable)
    assert decode_pdu(octets.hex(), direction).tpdu == tpdu or isinstance(tpdu, Undecodable)


@given(st.binary(max_size=160), st.integers(0, 255), st.integers(0, 255))
def test_no_user_data_is_an_error(octets: bytes, first: int, dcs: int) -> None:
    front = bytes((0, first & ~3, 2, 0x91, 0x94, 0, dcs)) + bytes(7)
    message = decode_inbound((front + octets).hex())
    assert isinstance(message, Deliver)
    assert (message.text is None) == (message.data is not None)
    assert ConcatKey.of(message) is None or message.concat is not None
    assert join([message]).incomplete == message.truncated


@given(st.text(max_size=60))
def test_no_line_of_a_modem_is_an_error(line: str) -> None:
    assert isinstance(decode_inbound(line), Deliver | StatusReport | Undecodable)


@given(st.data())
def test_a_pdu_that_was_cut_or_damaged_is_no_error(data: st.DataObject) -> None:
    random = Random(data.draw(st.integers(0, 2**32)))
    messages: list[Deliver | StatusReport] = [*generators.delivers(random), generators.status_report(random)]
    message = random.choice(messages)
    pdu = bytearray.fromhex(encode_pdu(message, Address.of("+27381000015"))[0])
    for _ in range(random.randrange(4)):
        pdu[random.randrange(len(pdu))] = random.randrange(256)
    cut = bytes(pdu[: random.randrange(len(pdu) + 1)])
    assert isinstance(decode_inbound(cut.hex()), Deliver | StatusReport | Undecodable)
