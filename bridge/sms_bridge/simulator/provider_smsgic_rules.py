"""What SMSgic takes, and in which words it refuses the rest."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from sms_bridge.simulator.provider_call import Misuse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sms_bridge.simulator.provider_call import Call

#: SMSgic, POST /sendings: the form of a recipient, of ``scheduled_at``, and what ``type`` may be.
_RECIPIENT: Final = re.compile(r"\d{8,20}", re.ASCII)
_SCHEDULE: Final = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII)
SCHEDULE_FORMAT: Final = "%Y-%m-%d %H:%M:%S"
TYPES: Final = ("default", "infobip", "twilio", "messente", "trumpia")

#: SMSgic, the answers with HTTP 422: the document's own sentences.
MESSAGE_MISSING: Final = "Please send `message` post parameter with text for SMS"
RECIPIENTS_MISSING: Final = "Please send `recipients` post parameter with recipient`s number"
SENDER_MISSING: Final = "Please send `sender` post parameter with name of SMS sender"
SEVERAL_MISSING: Final = "The given data was invalid."
#: SMSgic, POST /sendings, says only this sentence of a balance that is too low.
BALANCE_TOO_LOW: Final = "Your account must have balance enough"
UNAUTHENTICATED: Final = "Unauthenticated."


class RecipientsForm(StrEnum):
    """In which form ``recipients`` is taken.

    The document types it an array. Its example of a quote has one; its example of a sending has a text with JSON.
    ``document`` takes exactly these two.
    """

    ANY = "any"
    ARRAY = "array"
    STRING = "string"
    DOCUMENT = "document"


def read_recipients(endpoint: str, given: object, form: RecipientsForm) -> list[object]:
    """Read ``recipients`` in a form that is taken; what is in another form counts as not sent."""
    if form == RecipientsForm.DOCUMENT:
        form = RecipientsForm.STRING if endpoint == "POST /sendings" else RecipientsForm.ARRAY
    if isinstance(given, str) and form != RecipientsForm.ARRAY:
        try:
            given = json.loads(given)
        except ValueError:
            return []
    elif form == RecipientsForm.STRING:
        return []
    return given if isinstance(given, list) else []


def filters(call: Call) -> dict[str, str]:
    """Read the query of ``GET /rates``; the document's example sends a whole JSON object as the query string.

    Raises Misuse where it is neither.
    """
    query = unquote(call.request.rel_url.raw_query_string)
    if not query.startswith("{"):
        return call.query()
    try:
        data = json.loads(query)
    except ValueError:
        raise Misuse(f"{call.endpoint}: the query is not JSON") from None
    return {name: str(value) for name, value in data.items()}


def wrong_text(value: object, name: str, missing: str) -> str | None:
    """Say why ``value`` is refused, in the sentence ``missing`` where it is not there. None if it is taken."""
    if value is None or value == "":
        return missing
    return None if isinstance(value, str) else f"The {name} must be a string."


def wrong_recipients(recipients: Sequence[object]) -> tuple[str, str] | None:
    """Say under which key and in which words the recipients are refused; None if they are taken."""
    if not recipients:
        return "recipients", RECIPIENTS_MISSING
    for index, number in enumerate(recipients):
        if not isinstance(number, str):
            return f"recipients.{index}", f"The recipients.{index} must be a string."
        if not _RECIPIENT.fullmatch(number):
            return f"recipients.{index}", f"The recipients.{index} format is invalid."
    return None


def moment(text: str) -> datetime | None:
    """Read ``scheduled_at``, which is UTC; None where it is of another form."""
    if not _SCHEDULE.fullmatch(text):
        return None
    try:
        return datetime.strptime(text, SCHEDULE_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None
