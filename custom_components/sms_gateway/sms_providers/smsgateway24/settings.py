"""What an account at SmsGateway24 is spoken to with."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

#: The provider's name for people.
TITLE: Final = "SmsGateway24"


class SendMethod(StrEnum):
    """What a message is sent with: a token (``addsms``), or email and password each time (``smstosend``)."""

    TOKEN = "token"  # noqa: S105 - a word of the configuration
    LOGIN = "login"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsGateway24Settings:
    """``device_id`` and ``sim`` (0 or 1) are the phone and its SIM that send unless a message names others.

    Email and password, a token, or both are needed: with them a token that is not taken any more is replaced.
    ``time_zone`` (IANA) is the account's, for dates that have none. ``response_timeout`` is in seconds.
    """

    email: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    device_id: str
    sim: int = 0
    base_url: str = "https://smsgateway24.com/getdata/"
    response_timeout: float = 30.0
    time_zone: str = "Europe/Paris"
    send_method: SendMethod | str = SendMethod.TOKEN
