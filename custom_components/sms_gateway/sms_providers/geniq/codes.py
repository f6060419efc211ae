"""The code tables of GENIQ's document, and what each code means for us.

Source: GENIQ REST API Reference, *API Response & Reason Codes*, and the states of its delivery reports. What an
effect is follows the status model of the MQTT contract (*Refusals and failover*).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ..model import Channel, ErrorCode, State

if TYPE_CHECKING:
    from collections.abc import Mapping


class Effect(Enum):
    """What a code of an answer tells us to do."""

    DONE = auto()
    REFUSED = auto()  #: not done, and it would be refused again
    AUTH = auto()  #: not done; the user has to do something at GENIQ
    TOKEN = auto()  #: not done; once again with a new token
    THROTTLED = auto()  #: not done; leave this provider alone for a while
    TEMPORARY = auto()  #: not done; later it may be
    AMBIGUOUS = auto()  #: nobody knows whether it was done


@dataclass(frozen=True, slots=True)
class ApiCode:
    """A ``responseCode``: GENIQ's words for it, our code, its effect, and what people can do about it."""

    meaning: str
    error: ErrorCode
    effect: Effect
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """A ``reasonCode`` of a delivery report: GENIQ's words for it, our code, and whether it may pass."""

    meaning: str
    error: ErrorCode
    temporary: bool = False


_ACCOUNT: Final = "look at the account in GENIQ's console"
_CREDENTIALS: Final = "check API key and secret"
_ORIGINATOR: Final = "use an originator that GENIQ has approved"
_TEMPLATE: Final = "look at the template in GENIQ's console"
_WRONG_TEMPLATE: Final = "correct the template"

#: ``responseCode`` of every answer. 8 stands in an older document only.
API_CODES: Final[Mapping[int, ApiCode]] = MappingProxyType(
    {
        0: ApiCode("Success", ErrorCode.INTERNAL, Effect.DONE),
        1: ApiCode("Invalid Username or Password", ErrorCode.AUTH, Effect.AUTH, _CREDENTIALS),
        2: ApiCode(
            "Invalid IP request", ErrorCode.IP_DENIED, Effect.AUTH, "allow this address in GENIQ's console"
        ),
        3: ApiCode("Account has expired", ErrorCode.AUTH, Effect.AUTH, _ACCOUNT),
        4: ApiCode("Account is disabled", ErrorCode.AUTH, Effect.AUTH, _ACCOUNT),
        5: ApiCode(
            "Account maximum throttling rate is exceeded",
            ErrorCode.THROTTLED,
            Effect.THROTTLED,
            "it is left alone for a while",
        ),
        6: ApiCode(
            "Account does not have sufficient credit balance",
            ErrorCode.NO_CREDIT,
            Effect.REFUSED,
            "top up the account",
        ),
        7: ApiCode("Prepaid Account has expired", ErrorCode.NO_CREDIT, Effect.REFUSED, "top up the account"),
        8: ApiCode("Account Invalid Configuration", ErrorCode.AUTH, Effect.AUTH, _ACCOUNT),
        10: ApiCode(
            "Could not route message", ErrorCode.NO_ROUTE, Effect.REFUSED, "send it by another gateway"
        ),
        11: ApiCode(
            "Invalid recipient address", ErrorCode.INVALID_RECIPIENT, Effect.REFUSED, "check the number"
        ),
        12: ApiCode("Invalid originating address", ErrorCode.INVALID_ORIGINATOR, Effect.REFUSED, _ORIGINATOR),
        13: ApiCode(
            "Invalid alphanumeric originating address",
            ErrorCode.INVALID_ORIGINATOR,
            Effect.REFUSED,
            _ORIGINATOR,
        ),
        14: ApiCode(
            "Could not route message due to account limitations",
            ErrorCode.NO_ROUTE,
            Effect.REFUSED,
            _ACCOUNT,
        ),
        15: ApiCode("Subscriber has blocked this service", ErrorCode.BLOCKED, Effect.REFUSED),
        16: ApiCode("Destination Address Duplicated", ErrorCode.REJECTED_BY_NETWORK, Effect.REFUSED),
        17: ApiCode(
            "Destination Address list exceeded maximum",
            ErrorCode.REJECTED_BY_NETWORK,
            Effect.REFUSED,
            "send to fewer recipients at once",
        ),
        18: ApiCode("API token generation failed", ErrorCode.NETWORK, Effect.TEMPORARY, "try again later"),
        19: ApiCode(
            "Spam Control threshold exceeded",
            ErrorCode.THROTTLED,
            Effect.THROTTLED,
            "it is left alone for a while",
        ),
        20: ApiCode("Invalid Token", ErrorCode.AUTH, Effect.TOKEN, _CREDENTIALS),
        21: ApiCode("Invalid messageId", ErrorCode.REJECTED_BY_NETWORK, Effect.REFUSED, "ask for a new code"),
        22: ApiCode("Invalid code", ErrorCode.REJECTED_BY_NETWORK, Effect.REFUSED, "enter the code again"),
        23: ApiCode("Token expired", ErrorCode.AUTH, Effect.TOKEN, _CREDENTIALS),
        24: ApiCode("Invalid API Key credentials", ErrorCode.AUTH, Effect.AUTH, _CREDENTIALS),
        88: ApiCode("General Failure", ErrorCode.NETWORK, Effect.AMBIGUOUS),
        99: ApiCode(
            "System error. Please contact us if problem persists", ErrorCode.NETWORK, Effect.AMBIGUOUS
        ),
    }
)


def _mistake(meaning: str, advice: str) -> ApiCode:
    return ApiCode(meaning, ErrorCode.INVALID_PAYLOAD, Effect.REFUSED, advice)


#: ``responseCode`` of the WhatsApp channel.
WHATSAPP_CODES: Final[Mapping[int, ApiCode]] = MappingProxyType(
    {
        301: ApiCode(
            "No valid WhatsApp session found",
            ErrorCode.REJECTED_BY_NETWORK,
            Effect.REFUSED,
            "the recipient has not written within 24 hours; send a template",
        ),
        302: _mistake("WhatsApp Template not found", _TEMPLATE),
        303: _mistake(
            "WhatsApp Template param type 'otp' is required for the authentication template", "give otp"
        ),
        304: _mistake("WhatsApp Template is not approved", _TEMPLATE),
        305: _mistake(
            "WhatsApp Template param count mismatch", "give as many parameters as the template has variables"
        ),
        306: _mistake(
            "WhatsApp Template param type 'otp' is required for authentication template", "give otp"
        ),
        311: _mistake("WhatsApp Template rejected", _WRONG_TEMPLATE),
        312: _mistake("WhatsApp Template with same content already existed", "use the one that is there"),
        313: _mistake("WhatsApp Template is missing the name field", _WRONG_TEMPLATE),
        314: _mistake("WhatsApp Template is missing the language field", _WRONG_TEMPLATE),
        315: _mistake("WhatsApp Template is missing the category field", _WRONG_TEMPLATE),
        316: _mistake("WhatsApp Template is missing the body field", _WRONG_TEMPLATE),
        317: _mistake("WhatsApp Template is missing the header parameter example", _WRONG_TEMPLATE),
        318: _mistake("WhatsApp Template is missing the body parameter example", _WRONG_TEMPLATE),
        319: _mistake("WhatsApp Template has an invalid number of body parameter examples", _WRONG_TEMPLATE),
        320: _mistake(
            "WhatsApp Template contains an invalid footer. Variables are not supported in the footer",
            _WRONG_TEMPLATE,
        ),
        321: _mistake("WhatsApp Template header format must be one of {TEXT, IMAGE}", _WRONG_TEMPLATE),
        322: _mistake(
            "WhatsApp Template category must be one of {UTILITY, MARKETING, AUTHENTICATION}", _WRONG_TEMPLATE
        ),
        323: _mistake("WhatsApp Template header field can only have up to 1 variable(s)", _WRONG_TEMPLATE),
        324: _mistake("WhatsApp Template header has an invalid variable sequence", _WRONG_TEMPLATE),
        325: _mistake("WhatsApp Template body has an invalid variable sequence", _WRONG_TEMPLATE),
        326: _mistake(
            "WhatsApp Template OTP time to live value must be higher than or equal to 30", _WRONG_TEMPLATE
        ),
        327: _mistake(
            "WhatsApp Template OTP code expiry time should be between 1 and 90 minutes", _WRONG_TEMPLATE
        ),
        328: _mistake(
            "WhatsApp Template OTP copy button text can't have more than 25 characters", _WRONG_TEMPLATE
        ),
    }
)

SUCCESS: Final = 0
#: The list has this recipient twice: the first one counts.
DUPLICATE: Final = 16
#: The list of recipients is too long, however long that may be.
LIST_TOO_LONG: Final = 17
SPAM_CONTROL: Final = 19
INVALID_MESSAGE_ID: Final = 21
INVALID_CODE: Final = 22

#: ``reasonCode`` of delivery reports.
REASONS: Final[Mapping[int, Reason]] = MappingProxyType(
    {
        0: Reason("Not Applicable / Success", ErrorCode.REJECTED_BY_NETWORK),
        1: Reason("Base Station Unknown", ErrorCode.NETWORK, temporary=True),
        2: Reason("MSC Unknown", ErrorCode.NETWORK, temporary=True),
        3: Reason("Format Error", ErrorCode.INVALID_TEXT),
        4: Reason("Other Error", ErrorCode.REJECTED_BY_NETWORK),
        5: Reason("Subscriber Unknown", ErrorCode.INVALID_RECIPIENT),
        6: Reason("Subscriber Barred", ErrorCode.BLOCKED),
        7: Reason("Subscriber Not Provisioned", ErrorCode.REJECTED_BY_NETWORK),
        8: Reason("Subscriber Absent", ErrorCode.ABSENT_SUBSCRIBER, temporary=True),
        9: Reason("SMSC Failure", ErrorCode.NETWORK, temporary=True),
        10: Reason("SMSC Congestion", ErrorCode.NETWORK, temporary=True),
        11: Reason("SMSC Roaming", ErrorCode.NETWORK, temporary=True),
        12: Reason("Handset Error", ErrorCode.REJECTED_BY_NETWORK, temporary=True),
        13: Reason("Handset Memory Exceeded", ErrorCode.REJECTED_BY_NETWORK, temporary=True),
        201: Reason("Invalid WhatsApp Template", ErrorCode.INVALID_PAYLOAD),
    }
)

#: ``status`` of delivery reports, by channel. ``None`` changes nothing.
REPORT_STATES: Final[Mapping[Channel, Mapping[str, State | None]]] = MappingProxyType(
    {
        Channel.SMS: MappingProxyType(
            {
                "processed": State.ACCEPTED,
                "delivered": State.DELIVERED,
                "expired": State.EXPIRED,
                "deleted": State.FAILED,
                "undeliverable": State.UNDELIVERABLE,
                "rejected": State.UNDELIVERABLE,
                "unknown": None,
            }
        ),
        Channel.WHATSAPP: MappingProxyType(
            {
                "processed": State.ACCEPTED,
                "sent": State.SENT,
                "delivered": State.DELIVERED,
                "read": State.READ,
                "failed": State.FAILED,
                "expired": State.EXPIRED,
                "exceeded_retry": State.UNDELIVERABLE,
            }
        ),
    }
)


def number_of(value: object) -> int | str | None:
    """Return a code as the number that it looks like, else as it is written; ``None`` where there is none."""
    if value is None or isinstance(value, bool):
        return None
    written = str(value).strip()
    return int(written) if written.isascii() and written.isdigit() and len(written) < _LONGEST else written


#: Digits of a number above which it is no code of any table.
_LONGEST: Final = 10
