"""A message as SmsGateway24 takes it, and which of the stored ones it is.

Source: SmsGateway24 API document, ``addsms``, ``addalotofsms`` and ``getallsms``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ..exceptions import RejectedError, UnsupportedError
from ..model import ErrorCode, Priority
from ..options import text as matching
from ..options import whole
from .dates import written
from .statuses import INCOMING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime, tzinfo

    from ..model import OutboundMessage
    from ..provider import OptionCheck, Outgoing
    from .records import StoredMessage
    from .settings import SmsGateway24Settings

#: The document's slots of a phone.
_SLOTS: Final = (0, 1)
#: How far the provider's clock may be behind ours, and how long after a request began its message may be saved.
BEFORE: Final = timedelta(minutes=2)
_AFTER: Final = timedelta(minutes=10)


def _urgent(value: object) -> int:
    """Check ``urgent``: true or false, as the document writes them (1 or 0) or not."""
    return int(value) if isinstance(value, bool) else int(str(whole(0, 1)(value)))


def _device(value: object) -> str:
    """Check ``device_id``, which people write as a number or as a string of digits."""
    written = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return str(matching("[0-9]{1,20}", "the number of a phone")(written))


#: Parameters of ``addsms`` that have no key of their own in a message.
OPTIONS: Final[Mapping[str, OptionCheck]] = MappingProxyType(
    {"device_id": _device, "customerid": whole(1, 2**31 - 1), "urgent": _urgent}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One message to one number. ``customer_id`` finds it again; ``ours`` says that nothing else bears it."""

    recipient: str = field(repr=False)
    text: str = field(repr=False)
    device_id: str
    sim: int
    customer_id: int
    ours: bool
    urgent: int | None
    time_to_send: str | None

    def form(self) -> dict[str, str]:
        """Write it for ``addsms`` and ``smstosend``."""
        return {name: str(value) for name, value in self.entry().items()} | {"device_id": self.device_id}

    def entry(self) -> dict[str, str | int]:
        """Write it for ``addalotofsms``, whose example has numbers as numbers."""
        values: Mapping[str, str | int | None] = {
            "sendto": self.recipient,
            "body": self.text,
            "device_id": int(self.device_id) if self.device_id.isdecimal() else self.device_id,
            "sim": self.sim,
            "customerid": self.customer_id,
            "urgent": self.urgent,
            "timetosend": self.time_to_send,
        }
        return {name: value for name, value in values.items() if value is not None}

    def find(
        self, messages: Iterable[StoredMessage], began: datetime, known: frozenset[str] = frozenset()
    ) -> StoredMessage | None:
        """Return the stored message that a request of that time has left, ``None`` where none is certain.

        ``known`` are messages that belong to other requests.
        """
        found = [
            message
            for message in messages
            if message.id not in known
            and message.status != INCOMING
            and message.customer_id == self.customer_id
            and same_number(message.number, self.recipient)
            # PHP applications trim what they are given.
            and message.text.split() == self.text.split()
            and within(message.created, began)
        ]
        if len(found) > 1 and not self.ours:
            return None
        # Several with our own reference are several attempts at this message.
        return max(found, key=age, default=None)


def order_of(outgoing: Outgoing, settings: SmsGateway24Settings, zone: tzinfo, now: datetime) -> Order:
    """Return a message as it is ordered. Raises RejectedError for what no phone can send."""
    message = outgoing.message
    if message.data is not None or message.flash or message.originator is not None:
        raise UnsupportedError(
            "SmsGateway24 sends plain texts from the phone's own number only: no data, flash or originator"
        )
    text = message.fitted_text
    if not text:
        raise RejectedError("SmsGateway24 sends no empty text", code=ErrorCode.INVALID_TEXT)
    sim = settings.sim if message.sim is None else message.sim
    if sim not in _SLOTS:
        raise UnsupportedError("SmsGateway24 knows the SIM slots 0 and 1 only")
    options = _options(message)
    prior = message.priority in {Priority.OTP, Priority.HIGH}
    own = options.get("customerid")
    at = outgoing.send_at
    return Order(
        recipient=message.recipient,
        text=text,
        device_id=str(options.get("device_id", settings.device_id)),
        sim=sim,
        customer_id=outgoing.reference if own is None else int(str(own)),
        ours=own is None,
        urgent=int(str(options["urgent"])) if "urgent" in options else (1 if prior else None),
        time_to_send=written(at, zone) if at is not None and at > now else None,
    )


def _options(message: OutboundMessage) -> dict[str, object]:
    try:
        return {name: OPTIONS[name](value) for name, value in message.options.items() if name in OPTIONS}
    except ValueError as error:
        raise RejectedError(f"SmsGateway24, options: {error}", code=ErrorCode.INVALID_PAYLOAD) from None


def within(created: datetime | None, began: datetime) -> bool:
    """Whether a date can be of that request; in the hour that a zone has twice, either may be meant."""
    if created is None:
        return False
    return any(
        began - BEFORE <= created.replace(fold=fold).astimezone(UTC) <= began + _AFTER for fold in (0, 1)
    )


def age(message: StoredMessage) -> tuple[int, str]:
    """Return what orders messages by their ids, which rise."""
    return len(message.id), message.id


def same_number(one: str, other: str) -> bool:
    """Tell whether two numbers have the same digits."""
    return list(filter(str.isdecimal, one)) == list(filter(str.isdecimal, other))
