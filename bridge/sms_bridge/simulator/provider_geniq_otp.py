"""GENIQ's one-time codes: the sessions that `/verify` opens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sms_bridge.simulator.provider_call import Misuse
from sms_bridge.simulator.provider_geniq_rules import whole

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

OTP_FIELDS: Final = ("recipient", "originator", "reference", "template", "codeLength", "expiry")
_PLACEHOLDER: Final = "[CODE]"
_TEMPLATE: Final = "Your verification code is [CODE]."
#: Digits of a code: the default, and the limits.
_LENGTH: Final = "6"
_SHORTEST, _LONGEST = 6, 8
#: Seconds that a session is valid.
_EXPIRY: Final = "30"

#: Codes of the API table.
INVALID_MESSAGE_ID: Final = 21
INVALID_CODE: Final = 22


@dataclass(slots=True, kw_only=True)
class _Session:
    code: str
    expires: datetime


class OtpSessions:
    """Codes that wait for their proof. `draw` makes a code of so many digits."""

    def __init__(self, draw: Callable[[int], str], clock: Callable[[], datetime]) -> None:
        self._draw = draw
        self._clock = clock
        self._sessions: dict[str, _Session] = {}

    def prepare(self, form: Mapping[str, str]) -> tuple[str, str, float]:
        """Read a request; give code, text and the seconds of validity. Raises Misuse."""
        template = form.get("template", _TEMPLATE)
        if _PLACEHOLDER not in template:
            raise Misuse(f"template must hold {_PLACEHOLDER}")
        length = whole("codeLength", form.get("codeLength", _LENGTH), _SHORTEST, _LONGEST)
        seconds = whole("expiry", form.get("expiry", _EXPIRY), 1)
        code = self._draw(length)
        return code, template.replace(_PLACEHOLDER, code), seconds

    def open(self, message_id: str, code: str, seconds: float) -> None:
        """Let `code` be proved under the identifier of its message."""
        self._sessions[message_id] = _Session(code=code, expires=self._clock() + timedelta(seconds=seconds))

    def code(self, message_id: str) -> str:
        """Give the code that was sent. Raises KeyError."""
        return self._sessions[message_id].code

    def prove(self, message_id: str, code: str) -> int:
        """Give 0 for the right code in time, which ends its session, else the API's code."""
        session = self._sessions.get(message_id)
        if session is None:
            return INVALID_MESSAGE_ID
        if code != session.code or self._clock() >= session.expires:
            return INVALID_CODE
        del self._sessions[message_id]
        return 0
