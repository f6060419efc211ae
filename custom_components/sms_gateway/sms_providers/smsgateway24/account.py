"""One account at SmsGateway24 as a provider.

Source: SmsGateway24 API document v1.0 (``https://smsgateway24.com/getdata/``); ``getdevicestatus`` and the webhooks are
of the provider's other pages. Where they leave something open, the provider contract decides.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..address import redact_numbers
from ..client import Client
from ..exceptions import ProtocolError, ProviderError, RejectedError, UnsupportedError
from ..fields import as_int, as_objects, as_text
from ..model import Capability, DeliveryReport, ErrorCode, RefusalClass, State, Taken, refusal_class
from ..provider import IncomingPage, Outgoing, ProviderKind
from .dates import written_for_newsletter
from .orders import BEFORE, OPTIONS, age, order_of, same_number, within
from .records import MessageFilter, read_device, read_device_status, read_message
from .session import Session, unreadable
from .settings import TITLE, SendMethod
from .statuses import INCOMING, report_of
from .webhook import read_webhook, received

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    import aiohttp

    from ..model import Balance, Outcome
    from ..provider import CallbackRequest, LostSend, OpenSend, OptionCheck, Received
    from .orders import Order
    from .records import Device, DeviceStatus, StoredMessage
    from .settings import SmsGateway24Settings

#: Open messages up to which each is asked for alone; more are looked up in a list.
_FEW: Final = 3
#: No two zones are further apart than this: a list that begins so much earlier misses nothing, whatever the account's.
_DAY: Final = timedelta(days=1)
#: Reference of a message of a batch whose number is not known yet; its ``customerid`` follows.
_BY_CUSTOMER: Final = "customerid:"


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SmsGateway24:
    """One account at SmsGateway24, and one of its phones.

    What other phones of the account receive is not ours to report; a message may be sent with any of them. ``sleep``,
    ``clock`` (seconds) and ``now`` (aware) are the time. Raises ZoneInfoNotFoundError for a time zone that is none.
    """

    kind: ProviderKind = ProviderKind.SMSGATEWAY24
    title: str = TITLE
    capabilities: frozenset[Capability] = frozenset(
        {
            Capability.SIM,
            Capability.DELIVERY_REPORT,
            Capability.INCOMING,
            Capability.SCHEDULE,
            Capability.REPORT_CALLBACK,
            Capability.REPORT_POLL,
            Capability.INCOMING_CALLBACK,
            Capability.INCOMING_POLL,
            Capability.RECONCILE,
            Capability.DEVICES,
            Capability.CONTACT_LISTS,
        }
    )
    #: The document sets no limit; a lost answer leaves a whole batch unknown.
    max_batch: int = 50
    options: Mapping[str, OptionCheck] = OPTIONS

    def __init__(
        self,
        session: aiohttp.ClientSession,
        settings: SmsGateway24Settings,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._settings = settings
        self._zone = ZoneInfo(settings.time_zone)
        self._now = now
        self._client = Client(
            session,
            title=TITLE,
            secrets=tuple(filter(None, (settings.email, settings.password, settings.token))),
            response_timeout=settings.response_timeout,
            sleep=sleep,
            clock=clock,
        )
        self._session = Session(self._client, settings)

    def transcript(self) -> Sequence[str]:
        """Return the last requests and what became of them, oldest first."""
        return self._client.transcript()

    async def check(self) -> None:
        """Ask for the phones. Raises ProviderError."""
        await self.devices()

    async def balance(self) -> Balance:
        """Raise UnsupportedError: the phones' SIMs have balances, the account has none."""
        raise UnsupportedError("SmsGateway24 knows no balance; ask the SIM's operator")

    async def send(self, batch: Sequence[Outgoing]) -> Sequence[Outcome]:
        """Send messages, several of them by one request; one outcome each, in order."""
        now = self._now()
        outcomes: dict[int, Outcome] = {}
        orders: dict[int, Order] = {}
        for place, outgoing in enumerate(batch):
            try:
                orders[place] = order_of(outgoing, self._settings, self._zone, now)
            except RejectedError as error:
                outcomes[place] = error.outcome()
        if len(orders) == 1 or self._settings.send_method == SendMethod.LOGIN:
            sent: Sequence[Outcome] = await asyncio.gather(*map(self._send_one, orders.values()))
        else:
            sent = await self._send_many(list(orders.values())) if orders else ()
        outcomes |= zip(orders, sent, strict=True)
        return [outcomes[place] for place in range(len(batch))]

    async def find(self, lost: Sequence[LostSend], known: frozenset[str]) -> Mapping[int, Taken]:
        """Look for messages with our reference, number and text, saved at that time. Raises ProviderError."""
        found: dict[int, Taken] = {}
        for send in lost:
            try:
                order = self._order(send)
            except RejectedError:
                continue
            messages = await self.messages(MessageFilter(customer_id=order.customer_id))
            message = order.find(messages, send.sent_at, known)
            if message is not None:
                found[send.reference] = _taken(message.id)
        return found

    async def reports(self, sends: Sequence[OpenSend]) -> Sequence[DeliveryReport]:
        """Ask for the messages' statuses, by a list where there are several. Raises ProviderError."""
        listed: Mapping[str, StoredMessage] = {}
        if len(sends) > _FEW:
            begin = min(send.taken_at for send in sends) - _DAY
            # A list that is too long to be read must hide nobody's report: each is asked for alone then.
            with suppress(ProtocolError):
                listed = {message.id: message for message in await self.messages(MessageFilter(begin=begin))}
        reports = [await self._report(send, listed.get(send.reference)) for send in sends]
        return self._watched([report for report in reports if report is not None])

    async def incoming(self, after: str | None) -> IncomingPage:
        """Return what our phone received since. Raises ProviderError.

        A position is the newest message's id and its date: ids rise, and a list begins a day before that date.
        """
        now = self._now()
        last, _, seen = (after or f"0 {now.isoformat()}").partition(" ")
        wanted = MessageFilter(
            device_id=self._settings.device_id, status=INCOMING, begin=datetime.fromisoformat(seen) - _DAY
        )
        messages = [message for message in await self.messages(wanted) if message.id.isdecimal()]
        fresh = sorted((message for message in messages if int(message.id) > int(last)), key=age)
        if not fresh:
            return IncomingPage(received=(), position=f"{last} {seen}")
        newest = fresh[-1]
        position = f"{newest.id} {(newest.created or now).astimezone(UTC).isoformat()}"
        if after is None:
            fresh = []
        return IncomingPage(received=tuple(received(message, now) for message in fresh), position=position)

    def read_callback(self, request: CallbackRequest) -> Sequence[DeliveryReport | Received]:
        """Read a webhook's call; one about another phone's message gives nothing. Raises CallbackError."""
        device_id = self._settings.device_id
        events = read_webhook(request, device_id=device_id, zone=self._zone, now=self._now())
        self._watched([event for event in events if isinstance(event, DeliveryReport)])
        return events

    async def messages(self, wanted: MessageFilter | None = None) -> tuple[StoredMessage, ...]:
        """Return the account's messages, sent and received, that agree with a filter. Raises ProviderError."""
        wanted = wanted or MessageFilter()
        zone = self._zone_of(wanted)
        members = await self._session.ask("getallsms", wanted.form(zone), reads=True, quotable=False)
        if "smss" not in members:
            raise unreadable("getallsms")
        entries = (read_message(entry, zone) for entry in as_objects(members["smss"]))
        return tuple(message for message in entries if message is not None)

    async def count(self, wanted: MessageFilter | None = None) -> int:
        """Return how many messages agree with a filter. Raises ProviderError."""
        wanted = wanted or MessageFilter()
        form = {**wanted.form(self._zone_of(wanted)), "onlycount": "1"}
        number = as_int((await self._session.ask("getallsms", form, reads=True, quotable=False)).get("count"))
        if number is None:
            raise unreadable("getallsms")
        return number

    async def devices(self) -> tuple[Device, ...]:
        """Return the account's phones. Raises ProviderError."""
        members = await self._session.ask("getalldevices", {}, reads=True, quotable=False)
        if "device" not in members:
            raise unreadable("getalldevices")
        entries = (read_device(entry, self._zone) for entry in as_objects(members["device"]))
        return tuple(device for device in entries if device is not None)

    async def device_status(self, device_id: str | None = None) -> DeviceStatus:
        """Return whether a phone (ours where none is named) is there. Raises ProviderError."""
        number = device_id or self._settings.device_id
        members = await self._session.ask("getdevicestatus", {"device_id": number}, reads=True)
        return read_device_status(members, number, self._zone)

    async def save_tag(self, title: str) -> str:
        """Make a contact list and return its id. Raises ProviderError."""
        members = await self._session.ask("savetag", {"title": title})
        return _required(members, "tag_id", "savetag")

    async def save_contact(self, *, tag_id: str, phone: str, full_name: str) -> str:
        """Add somebody to a contact list and return the contact's id. Raises ProviderError."""
        # The document calls the list ctag_id, the provider's samples tag_id.
        form = {"phone": phone, "fullname": full_name, "ctag_id": tag_id, "tag_id": tag_id}
        members = await self._session.ask("savecontact", form, private=(phone, full_name))
        return _required(members, "contact_id", "savecontact")

    async def save_newsletter(
        self,
        *,
        title: str,
        text: str,
        tag_ids: Sequence[str],
        device_id: str | None = None,
        sim: int | None = None,
        send_at: datetime | None = None,
    ) -> str | None:
        """Send a text to contact lists, at once or at ``send_at`` (aware). Raises ProviderError.

        Returns the newsletter's id where SmsGateway24 tells it. The phone must have been told to start.
        """
        form = {
            "title": title,
            "body": text,
            "tags": ",".join(tag_ids),
            "device_id": device_id or self._settings.device_id,
            "sim": str(self._settings.sim if sim is None else sim),
            "time_to_send": written_for_newsletter(send_at, self._zone),
        }
        members = await self._session.ask("savepaket", form, private=(text,))
        return as_text(members.get("paket_id"))

    async def _send_one(self, order: Order) -> Outcome:
        private = (order.recipient, order.text)
        try:
            if self._settings.send_method == SendMethod.LOGIN:
                method = "smstosend"
                members = await self._session.login(method, order.form(), private=private)
            else:
                method = "addsms"
                members = await self._session.ask(method, order.form(), private=private)
            return _taken(_required(members, "sms_id", method))
        except ProviderError as error:
            return error.outcome()

    async def _send_many(self, orders: Sequence[Order]) -> Sequence[Outcome]:
        began = self._now()
        private = tuple({part: None for order in orders for part in (order.recipient, order.text)})
        try:
            await self._session.bulk([order.entry() for order in orders], private=private)
        except ProviderError as error:
            if isinstance(error, RejectedError) and refusal_class(error.code) is RefusalClass.CONTENT:
                # One wrong message has all refused; nothing was saved. Each alone shows which it is.
                return await asyncio.gather(*map(self._send_one, orders))
            return [error.outcome()] * len(orders)
        numbers = await self._look_up(orders, began)
        return [_taken(numbers.get(order, f"{_BY_CUSTOMER}{order.customer_id}")) for order in orders]

    async def _look_up(self, orders: Sequence[Order], began: datetime) -> Mapping[Order, str]:
        """The ids of messages that were just saved together, as far as SmsGateway24 tells them."""
        numbers: dict[Order, str] = {}
        # The second list is for an account whose zone is not the one that it was said to be.
        for margin in (BEFORE, _DAY):
            try:
                messages = await self.messages(MessageFilter(begin=began - margin, newest_first=True))
            except ProviderError:
                break
            for order in orders:
                message = order.find(messages, began)
                if message is not None:
                    numbers[order] = message.id
            if len(numbers) == len(orders):
                break
        return numbers

    async def _report(self, send: OpenSend, message: StoredMessage | None) -> DeliveryReport | None:
        if message is None and send.reference.startswith(_BY_CUSTOMER):
            customer_id = int(send.reference.removeprefix(_BY_CUSTOMER))
            messages = await self.messages(MessageFilter(customer_id=customer_id))
            message = max(
                (
                    message
                    for message in messages
                    if same_number(message.number, send.recipient) and within(message.created, send.taken_at)
                ),
                key=age,
                default=None,
            )
            if message is None:
                return None
        if message is not None:
            return report_of(message.status, send.reference, at=message.sent, recipient=send.recipient)
        try:
            members = await self._session.ask("getsmsstatus", {"sms_id": send.reference}, reads=True)
        except RejectedError:
            return None
        return report_of(as_int(members.get("status")), send.reference, recipient=send.recipient)

    def _watched(self, reports: Sequence[DeliveryReport]) -> Sequence[DeliveryReport]:
        for report in reports:
            if report.state is None and report.error is not None:
                word = report.error.provider_code or "none"
                self._client.warn_once(word, f"{report.error.message}: {redact_numbers(word)}")
        return reports

    def _order(self, send: LostSend) -> Order:
        outgoing = Outgoing(reference=send.reference, message=send.message)
        return order_of(outgoing, self._settings, self._zone, self._now())

    def _zone_of(self, wanted: MessageFilter) -> ZoneInfo:
        if wanted.time_zone is None:
            return self._zone
        try:
            return ZoneInfo(wanted.time_zone)
        except (ValueError, OSError, ZoneInfoNotFoundError):
            raise RejectedError(
                f"SmsGateway24: {wanted.time_zone} is no time zone", code=ErrorCode.INVALID_PAYLOAD
            ) from None


def _required(members: Mapping[str, object], name: str, method: str) -> str:
    value = as_text(members.get(name))
    if not value:
        raise unreadable(method)
    return value


def _taken(number: str) -> Taken:
    return Taken(references=(number,), state=State.ACCEPTED)
