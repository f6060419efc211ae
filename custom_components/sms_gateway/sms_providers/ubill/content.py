"""A message as uBill takes it: which numbers, texts and options, and how they are written in a request.

Sources: "SMS API" of ubill.ge; uBill's SDK, OpenAPI 2.1.8 (JSON).
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ..exceptions import RejectedError, UnsupportedError
from ..model import ErrorCode, Priority
from ..options import flag, whole
from .settings import TITLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..model import OutboundMessage
    from ..provider import OptionCheck

#: SMS API, ``numbers``: international, without 00 and + (E.164: at most 15 digits).
NUMBER: Final = re.compile(r"[1-9][0-9]{6,14}")
#: SMS API, ``sendTime``: ``Y-m-d H:i``.
SEND_TIME: Final = "%Y-%m-%d %H:%M"
_SEND_TIME_FORM: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}")


def _send_time(value: object) -> str:
    """Check a time of uBill's clock."""
    if isinstance(value, str) and _SEND_TIME_FORM.fullmatch(value):
        with suppress(ValueError):
            datetime.fromisoformat(value)
            return value
    raise ValueError("expected a date and time like 2026-02-01 23:30")


#: SMS API: what one message may have of its own.
OPTIONS: Final[Mapping[str, OptionCheck]] = MappingProxyType(
    {"brandID": whole(1, 2**31 - 1), "stopList": flag, "otp": flag, "sendTime": _send_time}
)


@dataclass(frozen=True, slots=True)
class Content:
    """What the messages of one request have in common."""

    brand: int
    text: str
    check_stop_list: bool
    otp: bool
    send_time: str | None

    def body(self) -> dict[str, object]:
        """Write it for JSON; what is uBill's default is left out."""
        optional = {
            "stopList": None if self.check_stop_list else False,
            "otp": self.otp or None,
            "sendTime": self.send_time,
        }
        return {
            "brandID": self.brand,
            "text": self.text,
            **{name: value for name, value in optional.items() if value is not None},
        }

    def query(self) -> dict[str, str]:
        """Write it for an address, where ``true`` and ``false`` are words."""
        return {
            name: str(value).lower() if isinstance(value, bool) else str(value)
            for name, value in self.body().items()
        }


def read_content(message: OutboundMessage, brand: int, send_time: str | None) -> Content:
    """Return what is sent of a message. ``brand`` and ``send_time`` are for one that has none of its own.

    Raises ProviderError for what uBill cannot send.
    """
    if message.text is None or message.flash:
        raise UnsupportedError(f"{TITLE} sends plain texts only; send data and flash messages another way")
    options: dict[str, object] = {}
    for name, value in message.options.items():
        try:
            if name in OPTIONS:
                options[name] = OPTIONS[name](value)
        except ValueError as error:
            raise RejectedError(f"{TITLE}: {name}: {error}", code=ErrorCode.INVALID_PAYLOAD) from None
    own_brand, own_time = options.get("brandID"), options.get("sendTime")
    return Content(
        brand=own_brand if isinstance(own_brand, int) else _brand(message.originator, brand),
        text=message.fitted_text,
        check_stop_list=options.get("stopList") is not False,
        otp=message.priority is Priority.OTP or options.get("otp") is True,
        send_time=own_time if isinstance(own_time, str) else send_time,
    )


def digits(recipient: str) -> str:
    """Return E.164 without its plus sign. Raises ProviderError for a short code."""
    number = recipient.removeprefix("+")
    if not recipient.startswith("+") or NUMBER.fullmatch(number) is None:
        raise UnsupportedError(f"{TITLE} sends to international numbers only")
    return number


def _brand(originator: str | None, brand: int) -> int:
    if originator is None:
        return brand
    try:
        return int(str(OPTIONS["brandID"](originator)))
    except ValueError:
        raise RejectedError(
            f"{TITLE} takes the number of a brand as the originator, not its name",
            code=ErrorCode.INVALID_ORIGINATOR,
        ) from None
