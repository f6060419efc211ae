"""GENIQ's access tokens: JSON Web Tokens that age."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import timedelta, timezone
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

#: The examples' time zone; all of GENIQ's times carry it.
SINGAPORE: Final = timezone(timedelta(hours=8))

#: Codes of the API table.
WRONG_PASSWORD: Final = 1
INVALID_TOKEN: Final = 20
TOKEN_EXPIRED: Final = 23
INVALID_KEY: Final = 24


def stamp(at: datetime) -> str:
    """Write a time as GENIQ does: RFC 3339 with the offset of Singapore."""
    return at.astimezone(SINGAPORE).isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """API key and secret of the account."""

    api_key: str
    api_secret: str

    def judge(self, header: str) -> int:
        """Give 0 for the right ``Authorization: Basic ...``, else the API's code."""
        scheme, _, encoded = header.partition(" ")
        try:
            given = base64.b64decode(encoded, validate=True).decode()
        except ValueError:
            return INVALID_KEY
        key, _, secret = given.partition(":")
        if scheme != "Basic" or key != self.api_key:
            return INVALID_KEY
        return 0 if secret == self.api_secret else WRONG_PASSWORD


class Tokens:
    """The tokens that were issued; each lives `life` seconds of `clock`."""

    def __init__(self, life: float, clock: Callable[[], datetime]) -> None:
        self._life = timedelta(seconds=life)
        self._clock = clock
        self._expiries: dict[str, datetime] = {}

    def issue(self) -> tuple[str, datetime]:
        """Make a token; give it and when it expires."""
        expiry = self._clock() + self._life
        number = len(self._expiries) + 1
        parts = ({"alg": "HS256"}, {"sub": "simulated", "jti": number})
        head, body = (_base64url(json.dumps(part).encode()) for part in parts)
        token = f"{head}.{body}.{_base64url(b'signature')}"
        self._expiries[token] = expiry
        return token, expiry

    def judge(self, header: str) -> int:
        """Give 0 for a valid ``Authorization: Bearer ...``, else the API's code."""
        scheme, _, token = header.partition(" ")
        expiry = self._expiries.get(token) if scheme == "Bearer" else None
        if expiry is None:
            return INVALID_TOKEN
        return 0 if self._clock() < expiry else TOKEN_EXPIRED

    def expire(self) -> None:
        """Let all tokens be expired."""
        self._expiries = dict.fromkeys(self._expiries, self._clock())

    def revoke(self) -> None:
        """Let all tokens be invalid."""
        self._expiries = {f"revoked {token}": expiry for token, expiry in self._expiries.items()}


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
