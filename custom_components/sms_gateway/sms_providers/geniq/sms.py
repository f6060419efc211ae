"""SMS by GENIQ: one message, and one text to a list of recipients.

Source: GENIQ REST API Reference, ``/sms`` and ``/batch_sms``.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..address import ALPHANUMERIC_SEPTETS, MSISDN_DIGITS, InvalidNumberError, Msisdn, is_alphanumeric
from ..charset import EncodingChoice
from ..exceptions import ProtocolError, ProviderError, RejectedError, UnsupportedError
from ..model import ErrorCode, State, Taken
from ..options import text, whole, words
from .answers import message_ids
from .codes import DUPLICATE, LIST_TOO_LONG, SUCCESS, number_of
from .settings import TITLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..client import Call
    from ..model import Outcome
    from ..provider import OptionCheck, Outgoing
    from .session import Session

#: Recipients of one request. The document has a maximum (code 17) but does not tell it.
MAX_BATCH: Final = 100
#: Seconds of the longest validity; the document names no limit.
_LONGEST_VALIDITY: Final = 2**31 - 1
#: What a message keeps at least of its validity in one request with others, for which a request has one parameter.
_VALIDITY_KEPT: Final = 0.9
#: 3GPP TS 23.040 clause 9.2.3.24: the user data, header included, has 140 octets.
_UDH: Final = r"(?:[0-9A-Fa-f]{2}){1,140}"

#: The parameters of ``/sms`` and ``/batch_sms`` that have no key of their own.
OPTIONS: Final[Mapping[str, OptionCheck]] = {
    "originatorTon": words("auto", "national", "alpha", "international"),
    "udh": text(_UDH, "a user data header as hexadecimal digits"),
    "dataCoding": words("auto", "text", "unicode"),
    "validity": whole(1, _LONGEST_VALIDITY),
    "reference": text(r"[^\x00-\x1f\x7f]{1,255}", "1 to 255 characters without control characters"),
}

_DATA_CODINGS: Final = {EncodingChoice.GSM7: "text", EncodingChoice.UCS2: "unicode"}
_NUMERIC: Final = re.compile(rf"[0-9]{{1,{MSISDN_DIGITS.stop - 1}}}")


def digits_of(recipient: str) -> str:
    """Return an E.164 number as GENIQ takes it. Raises UnsupportedError for a short code and anything else."""
    try:
        return Msisdn(recipient).digits
    except InvalidNumberError:
        raise UnsupportedError(
            f"{TITLE} sends to international numbers only: a plus sign and 7 to 15 digits"
        ) from None


def check_originator(originator: str) -> str:
    """Return an originator as GENIQ takes it: a number without its plus sign, or a name.

    Raises RejectedError for a number of more than 15 digits and a name of more than 11 characters.
    """
    number = originator.removeprefix("+")
    if _NUMERIC.fullmatch(number):
        return number
    if is_alphanumeric(originator):
        return originator
    raise RejectedError(
        f"{TITLE} takes an originator of up to {ALPHANUMERIC_SEPTETS} characters,"
        f" or a number of up to {MSISDN_DIGITS.stop - 1} digits",
        code=ErrorCode.INVALID_ORIGINATOR,
    )


@dataclass(frozen=True, slots=True)
class _Recipient:
    """Where a message of the batch goes; ``place`` is its index, ``valid_for`` the rest of its validity in seconds."""

    place: int
    digits: str
    valid_for: float


class SmsSender:
    """Sends SMS for one account; ``originator`` is for messages that name none."""

    def __init__(self, session: Session, originator: str) -> None:
        self._session = session
        self._originator = originator
        self._longest_list = MAX_BATCH

    async def send(self, batch: Sequence[Outgoing]) -> Sequence[Outcome]:
        """Send messages of equal text and options; one outcome each, in order."""
        outcomes: dict[int, Outcome] = {}
        recipients: list[_Recipient] = []
        for place, outgoing in enumerate(batch):
            try:
                _refuse_unsupported(outgoing)
                left = outgoing.message.valid_for
                digits = digits_of(outgoing.message.recipient)
                recipients.append(_Recipient(place, digits, math.inf if left is None else left))
            except ProviderError as error:
                outcomes[place] = error.outcome()
        for some in _by_validity(recipients):
            try:
                form = self._form([batch[recipient.place] for recipient in some])
            except ProviderError as error:
                outcomes.update((recipient.place, error.outcome()) for recipient in some)
            else:
                for unique in _rounds(some):
                    outcomes.update(await self._send_all(unique, form))
        return [outcomes[place] for place in range(len(batch))]

    def _form(self, batch: Sequence[Outgoing]) -> dict[str, str]:
        """Return the parameters that all recipients share."""
        first = batch[0]
        message = first.message
        form = {
            "originator": check_originator(message.originator or self._originator),
            "message": message.fitted_text,
            "reference": str(first.reference),
        }
        coding = _DATA_CODINGS.get(message.encoding)
        if coding is not None:
            form["dataCoding"] = coding
        left = [each.message.valid_for for each in batch if each.message.valid_for is not None]
        if left:
            form["validity"] = str(max(1, min(*left, _LONGEST_VALIDITY)))
        return {**form, **_checked(message.options)}

    async def _send_all(
        self, recipients: Sequence[_Recipient], form: Mapping[str, str]
    ) -> dict[int, Outcome]:
        """Send to recipients of whom none comes twice, in lists that GENIQ takes."""
        outcomes: dict[int, Outcome] = {}
        waiting = [recipients]
        while waiting:
            some = waiting.pop()
            if len(some) > self._longest_list:
                half = (len(some) + 1) // 2
                waiting += [some[half:], some[:half]]
            elif len(some) == 1:
                outcomes[some[0].place] = await self._send_one(some[0], form)
            else:
                told = await self._send_list(some, form)
                if told is None:
                    self._longest_list = min(self._longest_list, len(some) // 2)
                    waiting.append(some)
                else:
                    outcomes.update(told)
        return outcomes

    async def _send_one(self, recipient: _Recipient, form: Mapping[str, str]) -> Outcome:
        call = self._session.call(
            "POST",
            "/sms",
            form={"recipient": recipient.digits, **form},
            private=(recipient.digits, form["message"]),
        )
        try:
            return _taken((await self._session.ask(call)).get("messageIds"))
        except ProviderError as error:
            return error.outcome()

    async def _send_list(
        self, recipients: Sequence[_Recipient], form: Mapping[str, str]
    ) -> dict[int, Outcome] | None:
        """Send to a list; ``None`` if it is too long for GENIQ, and nothing was sent."""
        numbers = [recipient.digits for recipient in recipients]
        call = self._session.call(
            "POST",
            "/batch_sms",
            form={"recipients": ",".join(numbers), **form},
            private=(*numbers, form["message"]),
        )
        try:
            reply = await self._session.exchange(call)
        except ProviderError as error:
            return dict.fromkeys((recipient.place for recipient in recipients), error.outcome())
        results = _results(reply.members)
        if results is not None:
            return self._by_recipient(call, recipients, results)
        if number_of(reply.members.get("responseCode")) == LIST_TOO_LONG:
            return None
        told = reply.error or ProtocolError(f"{TITLE}, {call.name}: an answer without results")
        return dict.fromkeys((recipient.place for recipient in recipients), told.outcome())

    def _by_recipient(
        self, call: Call, recipients: Sequence[_Recipient], results: Sequence[Mapping[str, object]]
    ) -> dict[int, Outcome]:
        """Match the results by number, whatever their order; each code is judged once, since some pause the account."""
        outcomes: dict[str, Outcome] = {}
        judged: dict[object, Outcome] = {}
        for result in results:
            digits = str(result.get("recipient")).strip().removeprefix("+")
            code = number_of(result.get("responseCode"))
            if code == DUPLICATE and digits in outcomes:
                continue
            if code == SUCCESS:
                outcomes[digits] = _taken(result.get("messageIdList"))
            elif code is not None and not isinstance(outcomes.get(digits), Taken):
                if code not in judged:
                    judged[code] = self._session.error(call, code, result.get("responseMessage")).outcome()
                outcomes[digits] = judged[code]
        missing = ProtocolError(
            f"{TITLE}, {call.name}: the answer tells nothing about this recipient"
        ).outcome()
        return {recipient.place: outcomes.get(recipient.digits, missing) for recipient in recipients}


def _refuse_unsupported(outgoing: Outgoing) -> None:
    message = outgoing.message
    if message.text is None or message.data is not None:
        raise UnsupportedError(f"{TITLE} sends texts only, no data")
    if not message.text:
        raise RejectedError(f"{TITLE} sends no empty text", code=ErrorCode.INVALID_TEXT)
    if message.flash:
        raise UnsupportedError(f"{TITLE} sends no flash messages")
    if outgoing.send_at is not None:
        raise UnsupportedError(f"{TITLE} sends at once only: it cannot keep a message for later")


def _checked(options: Mapping[str, object]) -> dict[str, str]:
    """Return the options that GENIQ knows; the others are another gateway's."""
    form = {}
    for key, check in OPTIONS.items():
        if key in options:
            try:
                form[key] = str(check(options[key]))
            except ValueError as error:
                raise RejectedError(f"{key}: {error}", code=ErrorCode.INVALID_PAYLOAD) from None
    return form


def _by_validity(recipients: Sequence[_Recipient]) -> list[list[_Recipient]]:
    """Divide so that the shortest validity of a list, which all of it gets, lets nobody's message die too early."""
    lists: list[list[_Recipient]] = []
    for recipient in sorted(recipients, key=lambda one: one.valid_for):
        if lists and lists[-1][0].valid_for >= recipient.valid_for * _VALIDITY_KEPT:
            lists[-1].append(recipient)
        else:
            lists.append([recipient])
    return lists


def _rounds(recipients: Sequence[_Recipient]) -> list[list[_Recipient]]:
    """Divide into lists in which nobody comes twice: two messages to one recipient are two messages."""
    rounds: list[dict[str, _Recipient]] = []
    for recipient in recipients:
        free = next((found for found in rounds if recipient.digits not in found), None)
        if free is None:
            free = {}
            rounds.append(free)
        free[recipient.digits] = recipient
    return [list(found.values()) for found in rounds]


def _taken(ids: object) -> Taken:
    references = message_ids(ids)
    # Without an id no report can ever be matched.
    return Taken(references=references, state=State.ACCEPTED, final=not references)


def _results(members: Mapping[str, object]) -> Sequence[Mapping[str, object]] | None:
    """Return the results of the recipients; ``None`` where the answer has no such list, or an empty one."""
    details = members.get("details")
    found = details.get("recipients") if isinstance(details, dict) else None
    if not isinstance(found, list):
        return None
    results = [each for each in found if isinstance(each, dict)]
    return results or None
