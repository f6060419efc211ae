"""One-time passwords that GENIQ makes, sends and checks.

Source: GENIQ REST API Reference, ``/verify`` and ``/verify/{messageId}``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from ..exceptions import ProtocolError
from .answers import message_ids
from .checks import require
from .codes import INVALID_CODE, INVALID_MESSAGE_ID, number_of
from .settings import TITLE
from .sms import check_originator, digits_of

if TYPE_CHECKING:
    from .session import Session

#: What a template holds where the code shall be.
CODE_PLACEHOLDER: Final = "[CODE]"
#: Digits that a code may have, and has unless GENIQ is told.
CODE_LENGTHS: Final = range(6, 9)
CODE_LENGTH: Final = 6
#: Seconds that a code is valid. GENIQ's own default of 30 is over before people have found their phone.
EXPIRY: Final = 300
_CODE: Final = re.compile(r"[0-9]{6,8}")


class Verdict(StrEnum):
    """What GENIQ says of a code that somebody entered."""

    VERIFIED = "verified"
    WRONG_CODE = "wrong_code"
    UNKNOWN_MESSAGE = "unknown_message"  #: no such code was sent, or it is over


@dataclass(frozen=True, slots=True)
class Verification:
    """A code on its way: ``message_id`` is what to check it by, and what delivery reports bear."""

    message_id: str
    reference: str | None


class Verifier:
    """Sends and checks codes for one account."""

    def __init__(self, session: Session, originator: str) -> None:
        self._session = session
        self._originator = originator

    async def send(
        self,
        recipient: str,
        *,
        originator: str | None,
        reference: str | None,
        template: str | None,
        code_length: int,
        expiry: int,
    ) -> Verification:
        """Have a code made and sent; see ``Geniq.verify``."""
        require(
            template is None or CODE_PLACEHOLDER in template,
            f"The template must hold {CODE_PLACEHOLDER} where the code shall be.",
        )
        require(
            code_length in CODE_LENGTHS,
            f"A code of {TITLE} has {CODE_LENGTHS.start} to {CODE_LENGTHS.stop - 1} digits.",
        )
        require(expiry > 0, "A code is valid for one second at least.")
        form = {
            "recipient": digits_of(recipient),
            "originator": check_originator(originator or self._originator),
            "expiry": str(expiry),
        }
        if code_length != CODE_LENGTH:
            form["codeLength"] = str(code_length)
        if reference is not None:
            form["reference"] = reference
        if template is not None:
            form["template"] = template
        # The text that is sent has the code in it, and is not to be read either.
        pieces = (template or "").split(CODE_PLACEHOLDER)
        private = (form["recipient"], *(piece.strip() for piece in pieces))
        call = self._session.call("POST", "/verify", form=form, private=private)
        ids = message_ids((await self._session.ask(call)).get("messageIds"))
        if not ids:
            raise ProtocolError(
                f"{TITLE}, {call.name}: an answer without messageIds, so no code can be checked"
            )
        return Verification(ids[0], reference)

    async def check(self, message_id: str, code: str, *, reference: str | None) -> Verdict:
        """Ask about a code; see ``Geniq.check_code``."""
        require(message_id, "Which code is meant? Give the message id that its sending returned.")
        code = code.strip()
        if _CODE.fullmatch(code) is None:
            return Verdict.WRONG_CODE
        call = self._session.call(
            "POST",
            "/verify/{messageId}",
            variable=message_id,
            query={"code": code},
            form={} if reference is None else {"reference": reference},
            private=(message_id, code),
        )
        reply = await self._session.exchange(call)
        verdict = _VERDICTS.get(number_of(reply.members.get("responseCode")))
        if verdict is not None:
            return verdict
        if reply.error is not None:
            raise reply.error
        return Verdict.VERIFIED


_VERDICTS: Final[dict[int | str | None, Verdict]] = {
    INVALID_MESSAGE_ID: Verdict.UNKNOWN_MESSAGE,
    INVALID_CODE: Verdict.WRONG_CODE,
}
