"""What an account at SMSgic is spoken to with."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

#: The provider's name for people.
TITLE: Final = "SMSgic"


class RecipientsEncoding(StrEnum):
    """How ``recipients`` is written: the document shows both an array and a string that holds one."""

    AUTO = "auto"
    ARRAY = "array"
    STRING = "string"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsgicSettings:
    """``originator`` is the default of every SMS: a sender that SMSgic has approved, or its default.

    ``response_timeout`` is in seconds. With ``recipients_encoding`` ``auto`` it is found out which form is taken.
    """

    token: str = field(repr=False)
    originator: str
    base_url: str = "https://api.smsgic.com"
    response_timeout: float = 30.0
    recipients_encoding: RecipientsEncoding | str = RecipientsEncoding.AUTO
