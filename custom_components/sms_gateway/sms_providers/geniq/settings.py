"""What an account at GENIQ is spoken to with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

#: The provider's name for people.
TITLE: Final = "GENIQ"


@dataclass(frozen=True, slots=True, kw_only=True)
class GeniqSettings:
    """``originator`` is the default of every SMS: up to 11 characters, or a number of up to 15 digits.

    ``response_timeout`` is in seconds.
    """

    api_key: str = field(repr=False)
    api_secret: str = field(repr=False)
    originator: str
    base_url: str = "https://api.geniq.io/rest/v1"
    response_timeout: float = 30.0
