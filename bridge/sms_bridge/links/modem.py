"""A GSM modem as a link: messages become PDUs, results become outcomes."""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from sms_bridge.links.inbound import read_pdu
from sms_bridge.links.pins import PinBook
from sms_bridge.modem.errors import (
    AtFailed,
    CmsError,
    ModemError,
    NotSent,
    NotSentReason,
    NotStored,
    Refusal,
    ResultError,
    SendUnknown,
    UssdUnsupported,
)
from sms_bridge.modem.model import Phase, StoredAt
from sms_bridge.modem.modem import Modem
from sms_bridge.routing.link import (
    CallEvent,
    InboundSegment,
    LinkError,
    LinkState,
    LinkStatus,
    UnsupportedError,
    UssdAnswer,
)
from sms_bridge.tpdu.codec import encode_pdu
from sms_bridge.tpdu.errors import TpduError
from sms_bridge.tpdu.segment import FLASH, build_submits
from sms_providers.model import (
    Balance,
    Capability,
    Error,
    ErrorCode,
    NoAnswer,
    RefusalClass,
    Refused,
    Taken,
    refusal_class,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence

    from sms_bridge.links.settings import ModemLinkSettings
    from sms_bridge.modem.model import Call, ModemStatus, ReceivedPdu, UssdReply
    from sms_bridge.modem.transport import Transport
    from sms_bridge.routing.link import Inlet, Source, Submission
    from sms_bridge.tpdu.submit import Submit
    from sms_providers.model import Outcome, Price
    from sms_providers.provider import OptionCheck

_LOG: Final = logging.getLogger(__name__)
#: Bridge contract, ``run``: a stop leaves the segment in the modem's hands this long to finish, in seconds.
_FINISH_WITHIN: Final = 8.0
#: Lines of the AT dialogue in an error report and in the answer to the ``gateway`` request.
_TRANSCRIPT_LINES: Final = 40
#: What a refusal of the modem or the network means for the message, if its own code does not say more.
_REFUSALS: Final = {
    Refusal.MESSAGE: ErrorCode.REJECTED_BY_NETWORK,
    Refusal.PERMANENT: ErrorCode.UNSUPPORTED,
    Refusal.TEMPORARY: ErrorCode.NETWORK,
}
#: 3GPP TS 27.005 clause 3.2.5 and 3GPP TS 27.007 clause 9.2.1: codes that name the SIM or the registration.
_CMS_CODES: Final = {**dict.fromkeys(range(310, 319), ErrorCode.SIM_ERROR), 331: ErrorCode.NOT_REGISTERED}
_CME_CODES: Final = {
    **dict.fromkeys((5, 6, 7, *range(10, 19)), ErrorCode.SIM_ERROR),
    30: ErrorCode.NOT_REGISTERED,
    32: ErrorCode.NOT_REGISTERED,
}
_NOT_SENT: Final = {
    NotSentReason.OFFLINE: ErrorCode.GATEWAY_OFFLINE,
    NotSentReason.NOT_REGISTERED: ErrorCode.NOT_REGISTERED,
    NotSentReason.SIM: ErrorCode.SIM_ERROR,
    NotSentReason.NO_PROMPT: ErrorCode.GATEWAY_OFFLINE,
    NotSentReason.PORT_LOST: ErrorCode.GATEWAY_OFFLINE,
    NotSentReason.STOPPING: ErrorCode.GATEWAY_OFFLINE,
}
_STATES: Final = {Phase.READY: LinkState.ONLINE, Phase.ERROR: LinkState.ERROR}
#: The low octet of the store's reference: concatenation with an 8-bit reference leaves most room for the text
#: (3GPP TS 23.040 clause 9.2.3.24.1).
_CONCAT_REF_MASK: Final = 0xFF


class ModemLink:
    """One GSM modem. ``transport`` makes the byte stream anew for each connection."""

    kind = "modem"
    max_batch = 1
    parallel = 1
    by_segment = True
    options: Mapping[str, OptionCheck] = MappingProxyType({})

    def __init__(
        self,
        name: str,
        settings: ModemLinkSettings,
        transport: Callable[[], Transport],
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self.capabilities = frozenset(
            {
                Capability.DATA,
                Capability.FLASH,
                Capability.DELIVERY_REPORT,
                Capability.INCOMING,
                Capability.USSD,
                Capability.CALLS,
            }
            | ({Capability.BALANCE} if settings.balance is not None else set())
        )
        self._settings = settings
        self._transport = transport
        self._now = now
        self._inlet: Inlet
        self._modem: Modem
        self._reported: str | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, inlet: Inlet) -> None:
        """See :meth:`sms_bridge.routing.link.Link.start`."""
        self._inlet = inlet
        self._modem = Modem(self._settings.modem, self._transport, self, PinBook(inlet), now=self._now)
        await self._modem.start()

    async def stop(self) -> None:
        """See :meth:`sms_bridge.routing.link.Link.stop`."""
        await self._modem.stop(finish_within=_FINISH_WITHIN)
        await asyncio.gather(*self._tasks)

    async def submit(
        self,
        batch: Sequence[Submission],
        segment_taken: Callable[[int, int, str], Awaitable[None]],
    ) -> Sequence[Outcome]:
        """See :meth:`sms_bridge.routing.link.Link.submit`."""
        return [await self._submit(submission, segment_taken) for submission in batch]

    async def discard(self, source: Source) -> None:
        """See :meth:`sms_bridge.routing.link.Link.discard`; what fails here, the next sweep finds and deletes."""
        try:
            await self._modem.delete(StoredAt(source.storage, source.index), pdu_hex=source.pdu)
        except NotStored:
            return
        except ModemError as error:
            _LOG.info("%s: a received message could not be deleted yet: %s", self.name, error)
            return
        await self._inlet.deleted(source)

    async def balance(self) -> Balance:
        """See :meth:`sms_bridge.routing.link.Link.balance`."""
        query = self._settings.balance
        if query is None:
            raise UnsupportedError(f"gateways.{self.name}.balance is not configured (ussd, pattern)")
        answer = await self.ussd(query.ussd)
        if answer.more:
            await self.ussd_end()
        found = query.pattern.search(answer.text)
        if found is None:
            raise LinkError(
                f"the answer to {query.ussd} does not match gateways.{self.name}.balance.pattern; "
                "try the code with the ussd command and adapt the pattern"
            )
        return Balance(amount=_amount(found[1]), currency=query.currency)

    async def price(self, text: str, recipients: Sequence[str]) -> Price | None:  # noqa: ARG002 - the Link's signature
        """See :meth:`sms_bridge.routing.link.Link.price`: a SIM's tariff is not known."""
        return None

    async def ussd(self, code: str) -> UssdAnswer:
        """See :meth:`sms_bridge.routing.link.Link.ussd`."""
        return await self._ask(lambda modem: modem.ussd(code))

    async def ussd_reply(self, text: str) -> UssdAnswer:
        """See :meth:`sms_bridge.routing.link.Link.ussd_reply`."""
        return await self._ask(lambda modem: modem.ussd_reply(text))

    async def ussd_end(self) -> None:
        """See :meth:`sms_bridge.routing.link.Link.ussd_end`."""
        try:
            await self._modem.ussd_end()
        except ModemError as error:
            raise LinkError(str(error)) from error

    async def restart(self) -> None:
        """See :meth:`sms_bridge.routing.link.Link.restart`."""
        try:
            await self._modem.restart()
        except ModemError as error:
            raise LinkError(str(error)) from error

    def transcript(self) -> Sequence[str]:
        """See :meth:`sms_bridge.routing.link.Link.transcript`."""
        return self._modem.trace.dump()[-_TRANSCRIPT_LINES:]

    # What the engine tells (sms_bridge.modem.model.ModemEvents).

    async def pdu(self, pdu: ReceivedPdu) -> bool:
        """Commit a received PDU; ``True`` when the modem shall delete it at once."""
        received_at = datetime.fromtimestamp(self._now(), UTC)
        arrived = read_pdu(pdu, received_at, self._modem.status.number)
        if isinstance(arrived, InboundSegment):
            return await self._inlet.received(arrived)
        await self._inlet.report(arrived)
        return True

    async def swept(self, sim: str, present: Mapping[str, Collection[tuple[int, str]]]) -> None:
        """Close the books on what the modem no longer holds."""
        await self._inlet.swept(sim, present)

    def status_changed(self, status: ModemStatus) -> None:
        """Tell the router; an error is reported with its transcript."""
        told = _link_status(status)
        if told.state is LinkState.ERROR and told.detail != self._reported:
            self._report_error(told.detail or "")
        self._reported = told.detail
        self._inlet.status_changed(told)

    def call(self, call: Call) -> None:
        """Commit an incoming call."""
        at = datetime.fromtimestamp(self._now(), UTC)
        self._in_background(self._inlet.call(call.originator, CallEvent(call.event.value), at))

    def late_reply(self, mr: int) -> None:
        """Commit the answer that came after its time-out."""
        self._in_background(self._inlet.late_answer(_reference(mr)))

    def _report_error(self, sentence: str) -> None:
        _LOG.warning("%s: %s Last lines:\n%s", self.name, sentence, "\n".join(self.transcript()))

    def _in_background(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _submit(
        self,
        submission: Submission,
        segment_taken: Callable[[int, int, str], Awaitable[None]],
    ) -> Outcome:
        try:
            submits = _submits(submission)
        except TpduError as error:
            return Refused(error=Error(code=ErrorCode.INVALID_RECIPIENT, message=str(error)))
        references = dict(submission.taken)
        missing = [seqno for seqno in range(1, len(submits) + 1) if seqno not in references]
        for seqno in missing:
            is_last = seqno == missing[-1]
            pdu_hex, length = encode_pdu(submits[seqno - 1])
            try:
                mr = await self._modem.send(pdu_hex, length, more=not is_last)
            except ModemError as error:
                if isinstance(error, SendUnknown):
                    self._report_error(str(error))
                return _outcome(error)
            references[seqno] = _reference(mr)
            if not is_last:
                await segment_taken(submission.row, seqno, references[seqno])
        return Taken(references=tuple(references[seqno] for seqno in sorted(references)))

    async def _ask(self, ask: Callable[[Modem], Awaitable[UssdReply]]) -> UssdAnswer:
        try:
            reply = await ask(self._modem)
        except UssdUnsupported as error:
            raise UnsupportedError(str(error)) from error
        except ModemError as error:
            raise LinkError(str(error)) from error
        return UssdAnswer(text=reply.text, more=reply.more)


def _submits(submission: Submission) -> list[Submit]:
    message = submission.message
    return build_submits(
        message.recipient,
        message.data if message.data is not None else message.text or "",
        message.encoding,
        concat_ref=submission.concat_ref & _CONCAT_REF_MASK,
        port=message.port,
        dlr=message.dlr,
        valid_for=message.valid_for,
        message_class=FLASH if message.flash else None,
    )


def _outcome(error: ModemError) -> Outcome:
    """What an engine's error means: certainly not sent, or unknown."""
    if isinstance(error, SendUnknown):
        expected = None if error.expected_mr is None else _reference(error.expected_mr)
        lost = Error(code=ErrorCode.TIMEOUT, message=str(error), temporary=True)
        return NoAnswer(error=lost, expected_reference=expected)
    if isinstance(error, NotSent):
        return Refused(
            error=Error(code=_NOT_SENT[error.reason], message=str(error), temporary=True),
            # It is we who stop: the gateway goes on where it was.
            same_gateway_again=error.reason is NotSentReason.STOPPING,
        )
    if isinstance(error, ResultError):
        own = _CMS_CODES if isinstance(error, CmsError) else _CME_CODES
        code = own.get(error.code, _REFUSALS[error.refusal])
        return Refused(
            error=Error(
                code=code,
                message=str(error),
                provider_code=str(error.code),
                temporary=refusal_class(code) is RefusalClass.TEMPORARY,
            ),
            same_gateway_again=error.refusal is Refusal.TEMPORARY,
        )
    plain = Error(code=ErrorCode.NETWORK, message=str(error), temporary=True)
    return Refused(error=plain, same_gateway_again=isinstance(error, AtFailed))


def _reference(mr: int) -> str:
    """TP-MR (3GPP TS 23.040 clause 9.2.3.6) as the outbox and its events name it."""
    return f"{mr:02x}"


def _link_status(status: ModemStatus) -> LinkStatus:
    counts = status.storages.values()
    return LinkStatus(
        state=_STATES.get(status.phase, LinkState.OFFLINE),
        detail=status.detail,
        registration=None if status.registration is None else status.registration.value,
        operator=status.operator,
        signal_dbm=status.signal_dbm,
        technology=status.technology,
        number=status.number,
        imei=status.imei,
        firmware=status.firmware,
        model=" ".join(filter(None, (status.manufacturer, status.model))) or None,
        storage_used=sum(used for used, _ in counts) if counts else None,
        storage_total=sum(total for _, total in counts) if counts else None,
    )


def _amount(digits: str) -> Decimal:
    """``1.234,56`` and ``1234.56`` alike: the last separator is the decimal one."""
    whole, separator, fraction = digits.replace(" ", "").replace(",", ".").rpartition(".")
    try:
        return Decimal(f"{whole.replace('.', '')}{separator}{fraction}")
    except InvalidOperation as error:
        raise LinkError("group 1 of the balance pattern is no number") from error
