"""PDUs that a modem received, as the router's inbound segments and delivery reports."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING, Final

from sms_bridge.routing.link import InboundSegment, Source
from sms_bridge.tpdu.codec import decode_inbound
from sms_bridge.tpdu.collector import ConcatKey, join
from sms_bridge.tpdu.deliver import Deliver
from sms_bridge.tpdu.status_report import Outcome, StatusReport
from sms_providers.model import Concat, DeliveryReport, Error, ErrorCode, InboundMessage, State

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sms_bridge.modem.model import ReceivedPdu
    from sms_bridge.tpdu.codec import Undecodable

#: A stick has one SIM: the slot of everything it receives.
_SLOT: Final = 0
#: What a status report's outcome means for the message; ``None`` changes nothing.
_STATES: Final = {
    Outcome.DELIVERED: State.DELIVERED,
    Outcome.UNCONFIRMED: None,
    Outcome.REPLACED: None,
    Outcome.PENDING: None,
    Outcome.EXPIRED: State.EXPIRED,
    Outcome.FAILED: State.UNDELIVERABLE,
    Outcome.GAVE_UP: State.UNDELIVERABLE,
}
#: 3GPP TS 23.040 clause 9.2.3.15: "no response from SME", with (0x22) and without (0x62) further tries.
_NO_RESPONSE: Final = frozenset({0x22, 0x62})


def read_pdu(pdu: ReceivedPdu, received_at: datetime, number: str | None) -> InboundSegment | DeliveryReport:
    """What a received PDU is; never raises. ``number`` is the SIM's own, for the message's recipient."""
    tpdu = decode_inbound(pdu.hex)
    if isinstance(tpdu, StatusReport):
        return _report(tpdu)
    message = _message([tpdu], (pdu.hex,), received_at)
    source = None
    if pdu.at is not None:
        source = Source(sim=pdu.sim, storage=pdu.at.storage, index=pdu.at.index, pdu=pdu.hex)
    return InboundSegment(
        raw=pdu.hex,
        message=replace(message, recipient=number),
        concat=_concat(tpdu, pdu.sim) if isinstance(tpdu, Deliver) else None,
        source=source,
        storage_full=pdu.storage_full,
        event_key=pdu.hex if pdu.double_store else None,
    )


def join_segments(segments: Sequence[str | None], received_at: datetime) -> InboundMessage:
    """The :class:`~sms_bridge.routing.link.Joiner` of modems: PDUs in hexadecimal, in order."""
    tpdus = [None if raw is None else decode_inbound(raw) for raw in segments]
    return _message(tpdus, tuple(raw for raw in segments if raw is not None), received_at)


def _message(
    tpdus: Sequence[Deliver | StatusReport | Undecodable | None],
    raw: tuple[str, ...],
    received_at: datetime,
) -> InboundMessage:
    delivers = [tpdu if isinstance(tpdu, Deliver) else None for tpdu in tpdus]
    first = next((deliver for deliver in delivers if deliver is not None), None)
    if first is None:
        return InboundMessage(
            originator="", text="", sent_at=None, received_at=received_at, incomplete=True, raw=raw
        )
    joined = join(delivers)
    ports = first.ports
    return InboundMessage(
        originator=first.oa.text,
        text=joined.text,
        data=joined.data,
        port=None if ports is None else ports.destination,
        sent_at=first.scts,
        received_at=received_at,
        sim=_SLOT,
        segments=len(tpdus),
        encoding=joined.encoding.value,
        message_class=first.dcs.message_class,
        incomplete=joined.incomplete,
        raw=raw if joined.incomplete or first.dcs.compressed else (),
    )


def _concat(deliver: Deliver, sim: str) -> Concat | None:
    key = ConcatKey.of(deliver)
    place = deliver.concat
    if key is None or place is None:
        return None
    parts = (sim, key.oa.text, key.ref, key.total, key.wide, key.encoding.value, key.message_class)
    return Concat(key="|".join(map(str, parts)), total=place.total, seqno=place.seqno)


def _report(status: StatusReport) -> DeliveryReport:
    state = _STATES[status.outcome]
    error = None
    if state is not State.DELIVERED:
        temporary = status.outcome in (Outcome.PENDING, Outcome.GAVE_UP)
        error = Error(
            code=_error_code(status, state),
            message=f"the network reports status {status.st:#04x} ({status.outcome.value})",
            provider_code=f"{status.st:02x}",
            temporary=temporary,
        )
    return DeliveryReport(
        reference=f"{status.mr:02x}",
        state=state,
        recipient=status.ra.text,
        submitted_at=None if status.scts is None else status.scts.astimezone(UTC),
        at=None if status.dt is None else status.dt.astimezone(UTC),
        error=error,
    )


def _error_code(status: StatusReport, state: State | None) -> ErrorCode:
    if status.st in _NO_RESPONSE:
        return ErrorCode.ABSENT_SUBSCRIBER
    return ErrorCode.EXPIRED if state is State.EXPIRED else ErrorCode.REJECTED_BY_NETWORK
