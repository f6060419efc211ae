"""One account at SMSgic as a provider.

Source: SMSgic API document (``https://api.smsgic.com``). Where it leaves something open, the provider contract decides:
times are UTC, errors are told by their words, recipients are an array or that array as a string.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ..client import Client
from ..exceptions import ProtocolError, ProviderError, RejectedError, UnsupportedError
from ..fields import as_decimal, as_objects, as_text
from ..model import Balance, Capability, ErrorCode, Price, Refused, State, Taken
from ..options import words
from ..provider import CallbackError, ProviderKind
from .lost import Attempts
from .records import read_quote, read_rate, read_sender, read_sending
from .session import Session, unreadable
from .settings import TITLE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    import aiohttp

    from ..model import DeliveryReport, Outcome
    from ..provider import (
        CallbackRequest,
        IncomingPage,
        LostSend,
        OpenSend,
        OptionCheck,
        Outgoing,
        Received,
    )
    from .records import Quote, Rate, Sender, Sending
    from .settings import SmsgicSettings

#: POST /sendings: what ``recipients`` must match.
_RECIPIENT: Final = re.compile(r"[0-9]{8,20}")
#: GET /rates: what ``mcc`` must match, and what ``mnc`` means to (its own expression lets everything pass).
_MCC: Final = re.compile(r"[0-9]{3}")
_MNC: Final = re.compile(r"[0-9]{1,3}|null")
#: POST /sendings: the form of ``scheduled_at``.
_SCHEDULE: Final = "%Y-%m-%d %H:%M:%S"
#: POST /sendings: the routes.
_TYPES: Final = ("default", "infobip", "twilio", "messente", "trumpia")


@dataclass(frozen=True, slots=True)
class _Content:
    """What the messages of one sending have in common."""

    text: str
    sender: str
    type: str | None
    scheduled_at: str | None

    def body(self) -> dict[str, object]:
        """Write it as ``POST /sendings`` takes it."""
        optional = {"type": self.type, "scheduled_at": self.scheduled_at}
        return {
            "message": self.text,
            "sender": self.sender,
            **{name: value for name, value in optional.items() if value is not None},
        }


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Smsgic:
    """One account at SMSgic.

    Delivery is told per sending (one text, all its recipients), and only when asked. ``sleep``, ``clock`` (seconds) and
    ``now`` (aware) are the time.
    """

    kind: ProviderKind = ProviderKind.SMSGIC
    title: str = TITLE
    capabilities: frozenset[Capability] = frozenset(
        {
            Capability.ORIGINATOR,
            Capability.BALANCE,
            Capability.SCHEDULE,
            Capability.DELIVERY_REPORT,
            Capability.REPORT_POLL,
            Capability.RECONCILE,
            Capability.QUOTE,
            Capability.SENDERS,
            Capability.RATES,
        }
    )
    #: The document sets no limit; a lost answer leaves a whole sending unknown.
    max_batch: int = 100
    options: Mapping[str, OptionCheck] = MappingProxyType({"type": words(*_TYPES)})

    def __init__(
        self,
        session: aiohttp.ClientSession,
        settings: SmsgicSettings,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._originator = settings.originator
        self._client = Client(
            session,
            title=TITLE,
            secrets=(settings.token,),
            response_timeout=settings.response_timeout,
            sleep=sleep,
            clock=clock,
        )
        self._session = Session(self._client, settings)
        self._now = now
        self._attempts = Attempts()

    def transcript(self) -> Sequence[str]:
        """Return the last requests and what became of them, oldest first."""
        return self._client.transcript()

    async def check(self) -> None:
        """Ask for the balance. Raises ProviderError."""
        await self.balance()

    async def balance(self) -> Balance:
        """Return the account's money. Raises ProviderError."""
        members = (await self._session.get("/balance")).members()
        amount = as_decimal(members.get("balance"))
        if amount is None:
            raise unreadable("GET /balance")
        return Balance(amount=amount, currency=as_text(members.get("code")) or None)

    async def senders(self) -> tuple[Sender, ...]:
        """Return the sender names of the account. Raises ProviderError."""
        return tuple(map(read_sender, await self._list("/senders", "senders")))

    async def rates(
        self,
        *,
        mcc: str | None = None,
        mnc: str | None = None,
        country: str | None = None,
        country_id: int | None = None,
    ) -> tuple[Rate, ...]:
        """Return the prices that agree with all filters. Raises ProviderError.

        ``mcc`` has three digits; ``mnc`` has one to three, or is ``null`` for rates without one, and needs ``mcc``.
        ``country`` is a part of its name, ``country_id`` SMSgic's number of it.
        """
        if mcc is not None and _MCC.fullmatch(mcc) is None:
            raise _wrong("mcc is three digits")
        if mnc is not None and (mcc is None or _MNC.fullmatch(mnc) is None):
            raise _wrong("mnc is one to three digits or null, and needs mcc")
        wanted = {
            "mcc": mcc,
            "mnc": mnc,
            "country": country,
            "country_id": None if country_id is None else str(country_id),
        }
        query = {name: value for name, value in wanted.items() if value is not None}
        entries = await self._list("/rates", "rates", query=query)
        return tuple(rate for entry in entries if (rate := read_rate(entry)) is not None)

    async def status(self) -> bool:
        """Return whether the service says that it is well; no token is needed. Raises ProviderError."""
        answer = await self._session.get("/status", authorized=False)
        return isinstance(answer.data, list) and "OK" in answer.data

    async def quote(self, text: str, recipients: Sequence[str]) -> Quote:
        """Return what a text to ``recipients`` (E.164 with ``+``) would cost; nothing is sent. Raises ProviderError."""
        path = "/sendings/calculate"
        numbers = [_digits(number) for number in recipients]
        members = await self._session.post(path, {"message": text}, numbers, reads=True)
        calculate = members.get("calculate")
        found = read_quote(calculate) if isinstance(calculate, dict) else None
        if found is None:
            raise unreadable(f"POST {path}")
        return found

    async def price(self, text: str, recipients: Sequence[str]) -> Price:
        """See :class:`~..provider.Pricing`."""
        total = (await self.quote(text, recipients)).total
        return Price(amount=total, currency=(await self.balance()).currency)

    async def sendings(self) -> tuple[Sending, ...]:
        """Return the account's sendings. Raises ProviderError."""
        entries = await self._list("/sendings", "sendings", quotable=False)
        return tuple(found for entry in entries if (found := read_sending(entry)) is not None)

    async def sending(self, number: str) -> Sending | None:
        """Return one sending, ``None`` where SMSgic has none of that number. Raises ProviderError."""
        answer = await self._session.get("/sendings/", variable=number)
        if answer.failure is not None:
            return None
        entry = answer.members().get("sending")
        found = read_sending(entry) if isinstance(entry, dict) else None
        if found is None:
            raise unreadable("GET /sendings/{id}")
        return found

    async def send(self, batch: Sequence[Outgoing]) -> Sequence[Outcome]:
        """Send messages of equal text and options, one sending for all; one outcome each, in order.

        The same recipient twice is two sendings: nobody says that he would get both of one.
        """
        outcomes: dict[int, Outcome] = {}
        sendings: defaultdict[tuple[_Content, int], list[int]] = defaultdict(list)
        times: defaultdict[tuple[_Content, str], int] = defaultdict(int)
        for place, outgoing in enumerate(batch):
            try:
                content, number = self._content(outgoing), _digits(outgoing.message.recipient)
            except ProviderError as error:
                outcomes[place] = error.outcome()
                continue
            sendings[content, times[content, number]].append(place)
            times[content, number] += 1
        for (content, _), places in sendings.items():
            sent = await self._send(content, [batch[place] for place in places])
            outcomes |= zip(places, sent, strict=True)
        return [outcomes[place] for place in range(len(batch))]

    async def find(self, lost: Sequence[LostSend], known: frozenset[str]) -> Mapping[int, Taken]:
        """Look for sendings of the same text and time that can belong to no other send. Raises ProviderError."""
        if not lost:
            return {}
        sendings = await self.sendings()
        found = self._attempts.match([(send, send.message.fitted_text) for send in lost], sendings, known)
        return {reference: _taken(sending.id) for reference, sending in found.items()}

    async def reports(self, sends: Sequence[OpenSend]) -> Sequence[DeliveryReport]:
        """Ask for the sendings' statuses, by their list where there are several. Raises ProviderError.

        What is said of a sending is said of each of its recipients that is asked for.
        """
        recipients: defaultdict[str, list[str]] = defaultdict(list)
        for send in sends:
            recipients[send.reference].append(send.recipient)
        listed: Mapping[str, Sending] = {}
        if len(recipients) > 1:
            # A list that is too long to be read must hide nobody's report: each is asked for alone then.
            with suppress(ProtocolError):
                listed = {sending.id: sending for sending in await self.sendings()}
        reports: list[DeliveryReport] = []
        for number, asked in recipients.items():
            # What is not in the list may be on a page of it that the document does not tell how to ask for.
            sending = listed.get(number) or await self.sending(number)
            if sending is None:
                continue
            report = sending.report(number)
            if report.state is None:
                self._client.warn_once(sending.status, f"{TITLE}: a sending has a status that is not known")
            reports += [replace(report, recipient=recipient) for recipient in asked]
        return reports

    async def incoming(self, after: str | None) -> IncomingPage | None:
        """Return ``None``: SMSgic receives nothing."""
        del after
        return None

    def read_callback(self, request: CallbackRequest) -> Sequence[DeliveryReport | Received]:
        """Raise CallbackError: SMSgic never calls."""
        del request
        raise CallbackError(404, "SMSgic documents no callbacks")

    async def _list(
        self, path: str, key: str, *, query: Mapping[str, str] | None = None, quotable: bool = True
    ) -> Sequence[Mapping[str, object]]:
        members = (await self._session.get(path, query=query, quotable=quotable)).members()
        if key not in members:
            raise unreadable(f"GET {path}")
        return as_objects(members[key])

    def _content(self, outgoing: Outgoing) -> _Content:
        message = outgoing.message
        text = message.fitted_text
        if message.data is not None or message.flash:
            raise UnsupportedError("SMSgic sends plain texts only; send data and flash messages another way")
        if not text:
            raise RejectedError("SMSgic sends no empty text", code=ErrorCode.INVALID_TEXT)
        route = message.options.get("type")
        try:
            checked = None if route is None else str(self.options["type"](route))
        except ValueError as error:
            raise _wrong(f"type: {error}") from None
        at = outgoing.send_at
        later = at is not None and at > self._now()
        return _Content(
            text=text,
            sender=message.originator or self._originator,
            type=checked,
            scheduled_at=f"{at.astimezone(UTC):{_SCHEDULE}}" if at is not None and later else None,
        )

    async def _send(self, content: _Content, batch: Sequence[Outgoing]) -> Sequence[Outcome]:
        try:
            taken = await self._create(content, batch)
        except ProviderError as error:
            if len(batch) > 1 and error.code is ErrorCode.INVALID_RECIPIENT:
                # One number has all refused; nothing was sent. Each alone shows which it is.
                return [(await self._send(content, [outgoing]))[0] for outgoing in batch]
            return [error.outcome()] * len(batch)
        return [taken] * len(batch)

    async def _create(self, content: _Content, batch: Sequence[Outgoing]) -> Taken:
        numbers = [_digits(outgoing.message.recipient) for outgoing in batch]
        references = [outgoing.reference for outgoing in batch]
        attempt = self._attempts.begin(references, content.text, self._now())
        try:
            members = await self._session.post("/sendings", content.body(), numbers)
            attempt.sending = as_text(members.get("sending_id")) or None
            if attempt.sending is None:
                raise unreadable("POST /sendings")
        except ProviderError as error:
            if isinstance(error.outcome(), Refused):
                self._attempts.refused(attempt)
            raise
        return _taken(attempt.sending)


def _digits(recipient: str) -> str:
    digits = recipient.removeprefix("+")
    if _RECIPIENT.fullmatch(digits) is None:
        # Another gateway may know this number, such as a short code of its network.
        raise UnsupportedError("SMSgic sends to international numbers of 8 to 20 digits only")
    return digits


def _taken(sending: str) -> Taken:
    return Taken(references=(sending,), state=State.ACCEPTED)


def _wrong(sentence: str) -> RejectedError:
    return RejectedError(f"SMSgic: {sentence}", code=ErrorCode.INVALID_PAYLOAD)
