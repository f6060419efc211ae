"""One account at uBill as a provider.

Sources: "SMS API" of ubill.ge (parameters, callback); uBill's SDK, OpenAPI 2.1.8 (JSON, answers, the other requests).
"""

from __future__ import annotations

import asyncio
import hmac
import re
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from yarl import URL

from ..client import Call, Client
from ..exceptions import ProviderError, RejectedError
from ..fields import as_decimal, as_text
from ..model import Balance, Capability, State, Taken
from ..provider import CallbackError, ProviderKind
from .content import NUMBER, OPTIONS, SEND_TIME, digits, read_content
from .records import (
    DONE,
    bare_number,
    brand_refusal,
    knows_send_code,
    read_brands,
    read_report,
    read_result,
    refusal,
    send_refusal,
)
from .settings import TITLE, SendMethod

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    import aiohttp

    from ..client import Answer
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
    from .content import Content
    from .records import Brand
    from .settings import UbillSettings

#: Numbers of one request. No document sets a limit; an address may have some thousand characters (RFC 9110 clause 4.1).
_NUMBERS: Final = 100
_NUMBERS_IN_ADDRESS: Final = 20
#: The live service's name of the calls that are reports; others tell of brands.
_REPORT_EVENT: Final = "sms.delivery.updated"
#: Parameters of a call; the live service sends six.
_MOST_FIELDS: Final = 50
#: ``smsID`` and ``statusID`` of a call: numbers today.
_SMS_ID: Final = re.compile(r"[0-9A-Za-z_-]{1,64}")
_STATUS: Final = re.compile(r"[0-9A-Za-z_-]{1,20}")


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Ubill:
    """One account at uBill.

    A message to several numbers has one ``smsID``, so reports bear the number as well. ``sleep``, ``clock`` (seconds)
    and ``now`` (aware) are the time.
    """

    kind: ProviderKind = ProviderKind.UBILL
    title: str = TITLE
    capabilities: frozenset[Capability] = frozenset(
        {
            Capability.ORIGINATOR,
            Capability.BALANCE,
            Capability.SCHEDULE,
            Capability.DELIVERY_REPORT,
            Capability.REPORT_CALLBACK,
            Capability.REPORT_POLL,
            Capability.SENDERS,
        }
    )
    max_batch: int = _NUMBERS
    options: Mapping[str, OptionCheck] = OPTIONS

    def __init__(
        self,
        session: aiohttp.ClientSession,
        settings: UbillSettings,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._settings = settings
        self._client = Client(
            session,
            title=TITLE,
            secrets=[key for key in (settings.api_key, settings.callback_key) if key],
            response_timeout=settings.response_timeout,
            sleep=sleep,
            clock=clock,
        )
        self._now = now
        self._url = URL(settings.base_url)
        self._keyed_url = self._url.update_query({"key": settings.api_key})
        self._by_get = SendMethod(settings.send_method) is SendMethod.GET

    def transcript(self) -> Sequence[str]:
        """Return the last requests and what became of them, oldest first."""
        return self._client.transcript()

    async def check(self) -> None:
        """Ask for the balance. Raises ProviderError."""
        await self.balance()

    async def balance(self) -> Balance:
        """Return the number of SMS that are left. Raises ProviderError."""
        answer = await self._get("balance")
        amount = as_decimal(_done(answer).get("sms"))
        if amount is None:
            raise answer.unexpected()
        return Balance(amount=amount, currency=None)

    async def brands(self) -> tuple[Brand, ...]:
        """Return the sender names of the account. Raises ProviderError."""
        answer = await self._get("brandNames")
        brands = read_brands(_done(answer))
        if brands is None:
            raise answer.unexpected()
        return brands

    async def create_brand(self, name: str) -> str | None:
        """Ask for a sender name of 2…11 letters, digits, points, hyphens and blanks; people at uBill examine it.

        Returns its number, where uBill tells it. Raises ProviderError.
        """
        call = Call(
            name="POST /brandNameCreate",
            method="POST",
            url=self._sibling("brandNameCreate"),
            body={"brandName": name},
        )
        return as_text(_done(await self._client.request(call), brand_refusal).get("brandID"))

    async def report(self, sms_id: str, recipients: Sequence[str]) -> Sequence[DeliveryReport]:
        """Return what became of a message at these recipients (E.164 with ``+``). Raises ProviderError.

        There is no report on those that uBill cannot tell of yet. One that is missing when uBill knows the end of all
        others was left out.
        """
        answer = await self._get("report", sms_id)
        numbers = [recipient.removeprefix("+") for recipient in recipients]
        return read_result(sms_id, _done(answer).get("result"), numbers)

    async def send(self, batch: Sequence[Outgoing]) -> Sequence[Outcome]:
        """Send messages, those of equal text and options by one request; one outcome each, in order.

        The same number twice is two requests: uBill sends to each number of a request once.
        """
        outcomes: dict[int, Outcome] = {}
        requests: defaultdict[Content, list[dict[str, int]]] = defaultdict(list)
        limit = _NUMBERS_IN_ADDRESS if self._by_get else _NUMBERS
        for place, outgoing in enumerate(batch):
            try:
                content, number = await self._content(outgoing), digits(outgoing.message.recipient)
            except ProviderError as error:
                outcomes[place] = error.outcome()
                continue
            for places in requests[content]:
                if number not in places and len(places) < limit:
                    places[number] = place
                    break
            else:
                requests[content].append({number: place})
        for content, pages in requests.items():
            for places in pages:
                outcomes |= dict.fromkeys(places.values(), await self._send(content, list(places)))
        return [outcomes[place] for place in range(len(batch))]

    async def find(self, lost: Sequence[LostSend], known: frozenset[str]) -> Mapping[int, Taken]:
        """Return nothing: uBill keeps no reference of ours and lists no messages."""
        del lost, known
        return {}

    async def reports(self, sends: Sequence[OpenSend]) -> Sequence[DeliveryReport]:
        """Ask for the report of each message. Raises ProviderError."""
        recipients: defaultdict[str, list[str]] = defaultdict(list)
        for send in sends:
            recipients[send.reference].append(send.recipient)
        reports: list[DeliveryReport] = []
        for sms_id, asked in recipients.items():
            try:
                reports += await self.report(sms_id, asked)
            except RejectedError as error:
                # uBill has no report of this one message; the others are to be asked for all the same.
                self._warn_once(f"report {error.provider_code}", "a report is refused")
        return reports

    async def incoming(self, after: str | None) -> IncomingPage | None:
        """Return ``None``: uBill receives nothing."""
        del after
        return None

    def read_callback(self, request: CallbackRequest) -> Sequence[DeliveryReport | Received]:
        """Read a report, which is a GET with the callback key. Raises CallbackError.

        Calls about something else, such as brands, give nothing. The date is not read: no document tells its zone, and
        the call comes at once.
        """
        fields = _query(request.query)
        expected = self._settings.callback_key
        if expected is None:
            raise CallbackError(403, "no callback_key is set, so no call of uBill can be accepted")
        if not hmac.compare_digest(fields.get("key", "").encode(errors="replace"), expected.encode()):
            raise CallbackError(
                403, "the key is missing or wrong; compare callback_key with uBill's settings"
            )
        if request.method != "GET":
            raise CallbackError(405, "uBill calls by GET")
        if fields.get("event", _REPORT_EVENT) != _REPORT_EVENT or "smsID" not in fields:
            return []
        sms_id, status = fields["smsID"].strip(), fields.get("statusID", "").strip()
        number = bare_number(fields.get("number"))
        if not (_SMS_ID.fullmatch(sms_id) and NUMBER.fullmatch(number) and _STATUS.fullmatch(status)):
            raise CallbackError(400, "smsID, number and statusID are needed")
        report = read_report(sms_id, number, status)
        if report.state is None:
            self._warn_once(f"status {status}", "a report has a status that is not known")
        return [report]

    async def _content(self, outgoing: Outgoing) -> Content:
        send_time = await self._send_time(outgoing.send_at)
        return read_content(outgoing.message, self._settings.brand_id, send_time)

    async def _send_time(self, at: datetime | None) -> str | None:
        """The next whole minute of uBill's clock, ``None`` for at once."""
        if at is None:
            return None
        if at.second or at.microsecond:
            at = at.replace(second=0, microsecond=0) + timedelta(minutes=1)
        if at <= self._now():
            return None
        # Its first use reads a file.
        zone = await asyncio.to_thread(ZoneInfo, self._settings.time_zone)
        return f"{at.astimezone(zone):{SEND_TIME}}"

    async def _send(self, content: Content, numbers: Sequence[str]) -> Outcome:
        try:
            answer = await self._client.request(self._send_call(content, numbers))
            sms_id = as_text(_done(answer, self._send_refusal).get("smsID"))
        except ProviderError as error:
            return error.outcome()
        self._client.succeeded()
        # Without a number it was taken all the same, and nothing more can be learned of it.
        return Taken(references=(sms_id,) if sms_id else (), state=State.ACCEPTED, final=not sms_id)

    def _send_call(self, content: Content, numbers: Sequence[str]) -> Call:
        private = (content.text, *numbers)
        if self._by_get:
            query = {**content.query(), "numbers": ",".join(numbers)}
            return Call(name="GET /send", method="GET", url=self._keyed_url, query=query, private=private)
        body = {**content.body(), "numbers": [int(number) for number in numbers]}
        return Call(name="POST /send", method="POST", url=self._keyed_url, body=body, private=private)

    def _send_refusal(self, code: str) -> ProviderError:
        refused = send_refusal(code)
        if not knows_send_code(code):
            self._warn_once(
                f"send {refused.provider_code}", "a message is refused for a reason that is not known"
            )
        return refused

    def _sibling(self, *path: str) -> URL:
        return self._url.parent.joinpath(*path).with_query(self._keyed_url.query)

    async def _get(self, path: str, variable: str | None = None) -> Answer:
        return await self._client.request(
            Call(
                name=f"GET /{path}" + ("/{smsID}" if variable else ""),
                method="GET",
                url=self._sibling(path, variable) if variable else self._sibling(path),
                reads=True,
            )
        )

    def _warn_once(self, what: str, sentence: str) -> None:
        self._client.warn_once(what, f"{TITLE}: {sentence} ({what})")


def _done(answer: Answer, refused: Callable[[str], ProviderError] = refusal) -> Mapping[str, object]:
    """The answer's members if uBill did what it was asked, else its refusal."""
    members = answer.members()
    code = as_text(members.get("statusID"))
    if code not in {None, DONE} and (answer.failure is None or isinstance(answer.failure, RejectedError)):
        raise refused(code or "")
    if answer.failure is not None or code is None:
        raise answer.unexpected()
    return members


def _query(raw: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(raw, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise CallbackError(400, "the parameters cannot be read") from None
