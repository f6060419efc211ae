"""What an account at uBill is spoken to with."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

#: The provider's name for people.
TITLE: Final = "uBill"


class SendMethod(StrEnum):
    """How a message is handed over: as uBill's SDK does it, or as its web page does."""

    POST_JSON = "post_json"
    GET = "get"


@dataclass(frozen=True, slots=True, kw_only=True)
class UbillSettings:
    """``brand_id`` is the number of the sender's name.

    ``callback_key`` is what uBill's calls bear, at most 30 characters, which is what uBill keeps of it; without one
    all its calls are refused. ``response_timeout`` is in seconds. ``time_zone`` (IANA) is that of uBill's clock, for
    messages that it shall send later.
    """

    api_key: str = field(repr=False)
    brand_id: int
    callback_key: str | None = field(default=None, repr=False)
    base_url: str = "https://api.ubill.dev/v1/sms/send"
    response_timeout: float = 30.0
    send_method: SendMethod = SendMethod.POST_JSON
    time_zone: str = "Asia/Tbilisi"
