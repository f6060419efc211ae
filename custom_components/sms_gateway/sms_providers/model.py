"""What a message is, and what can become of it: the vocabulary that bridge and component share.

Source of the states, ranks and error codes: the MQTT contract (``docs/mqtt-api.md``), section 2.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from .charset import EncodingChoice, transliterate

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from decimal import Decimal


class State(StrEnum):
    """A published state of an outbound message."""

    QUEUED = "queued"
    SCHEDULED = "scheduled"
    SUBMITTING = "submitting"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    SENT = "sent"
    FAILED = "failed"
    EXPIRED = "expired"
    UNDELIVERABLE = "undeliverable"
    DELIVERED = "delivered"
    READ = "read"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


#: Ranks of the MQTT contract, section 2. A published state never goes down in rank.
#: ``rejected`` and ``cancelled`` have none there: the first is only ever alone, the second ends a waiting message.
RANK: Final[Mapping[State, int]] = MappingProxyType(
    {
        State.QUEUED: 0,
        State.SCHEDULED: 0,
        State.SUBMITTING: 1,
        State.UNKNOWN: 1,
        State.ACCEPTED: 2,
        State.SENT: 3,
        State.FAILED: 4,
        State.EXPIRED: 4,
        State.UNDELIVERABLE: 4,
        State.CANCELLED: 4,
        State.DELIVERED: 5,
        State.READ: 6,
        State.REJECTED: 7,
    }
)


class ErrorCode(StrEnum):
    """``error.code`` of an event (MQTT contract, section 2)."""

    INVALID_PAYLOAD = "invalid_payload"
    UNKNOWN_KEY = "unknown_key"
    RETAINED_COMMAND = "retained_command"
    ID_CONFLICT = "id_conflict"
    INVALID_RECIPIENT = "invalid_recipient"
    UNKNOWN_RECIPIENT = "unknown_recipient"
    INVALID_ORIGINATOR = "invalid_originator"
    INVALID_TEXT = "invalid_text"
    TOO_LONG = "too_long"
    UNSUPPORTED = "unsupported"
    NO_ROUTE = "no_route"
    GATEWAY_OFFLINE = "gateway_offline"
    NOT_REGISTERED = "not_registered"
    SIM_ERROR = "sim_error"
    AUTH = "auth"
    IP_DENIED = "ip_denied"
    NO_CREDIT = "no_credit"
    THROTTLED = "throttled"
    QUOTA = "quota"
    BLOCKED = "blocked"
    EXPIRED = "expired"
    ABSENT_SUBSCRIBER = "absent_subscriber"
    NETWORK = "network"
    REJECTED_BY_NETWORK = "rejected_by_network"
    TIMEOUT = "timeout"
    NO_REPORT = "no_report"
    PROTOCOL = "protocol"
    CANCELLED = "cancelled"
    INTERNAL = "internal"


class RefusalClass(StrEnum):
    """What the router does after a gateway certainly did not send (MQTT contract, *Refusals and failover*)."""

    GATEWAY = "gateway"  #: this gateway cannot, another may: the next one at once
    TEMPORARY = "temporary"  #: not now: the next one at once, later again when none is left
    CONTENT = "content"  #: the number or the text is refused: no other gateway is asked


#: The refusals that only concern the gateway that spoke (MQTT contract, *Refusals and failover*).
GATEWAY_REFUSALS: Final = frozenset(
    {
        ErrorCode.AUTH,
        ErrorCode.IP_DENIED,
        ErrorCode.NO_CREDIT,
        ErrorCode.NO_ROUTE,
        ErrorCode.INVALID_ORIGINATOR,
        ErrorCode.UNSUPPORTED,
    }
)

#: The refusals that may pass (MQTT contract, *Refusals and failover*).
TEMPORARY_REFUSALS: Final = frozenset(
    {
        ErrorCode.THROTTLED,
        ErrorCode.GATEWAY_OFFLINE,
        ErrorCode.NOT_REGISTERED,
        ErrorCode.SIM_ERROR,
        ErrorCode.NETWORK,
    }
)


def refusal_class(code: ErrorCode) -> RefusalClass:
    """Class of a refusal with this code; a code of neither set concerns the number or the text."""
    if code in GATEWAY_REFUSALS:
        return RefusalClass.GATEWAY
    if code in TEMPORARY_REFUSALS:
        return RefusalClass.TEMPORARY
    return RefusalClass.CONTENT


class Priority(IntEnum):
    """Queue order: the higher goes first. ``otp`` is for one-time passwords."""

    LOW = 0
    NORMAL = 1
    HIGH = 2
    OTP = 3


class OnUnknown(StrEnum):
    """What to do when it cannot be known whether a gateway took the message."""

    RESEND = "resend"
    HOLD = "hold"


class Channel(StrEnum):
    """The kind of network that carried a message."""

    SMS = "sms"
    WHATSAPP = "whatsapp"
    MMS = "mms"


class Capability(StrEnum):
    """What a gateway can do beyond sending a text."""

    DATA = "data"
    FLASH = "flash"
    DELIVERY_REPORT = "delivery_report"
    INCOMING = "incoming"
    ORIGINATOR = "originator"
    SIM = "sim"
    USSD = "ussd"
    BALANCE = "balance"
    CALLS = "calls"
    SCHEDULE = "schedule"  #: takes messages for a later time; none of the providers can cancel one
    REPORT_CALLBACK = "report_callback"  #: calls us with delivery reports
    REPORT_POLL = "report_poll"  #: can be asked for delivery reports
    INCOMING_CALLBACK = "incoming_callback"
    INCOMING_POLL = "incoming_poll"
    RECONCILE = "reconcile"  #: can tell whether it took a message whose answer was lost
    QUOTE = "quote"
    SENDERS = "senders"
    RATES = "rates"
    DEVICES = "devices"
    VERIFY = "verify"  #: makes, sends and checks one-time passwords itself
    WHATSAPP = "whatsapp"
    WHATSAPP_TEMPLATES = "whatsapp_templates"
    VOICE = "voice"
    CONTACT_LISTS = "contact_lists"


@dataclass(frozen=True, slots=True, kw_only=True)
class Error:
    """``error`` of an event.

    ``message`` is a sentence for people, without secrets, texts or full numbers. ``provider_code`` is the gateway's
    own word. ``temporary`` says that the same may work later.
    """

    code: ErrorCode
    message: str
    provider_code: str | None = None
    temporary: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundMessage:
    """One message to one recipient, as a gateway is given it.

    ``recipient`` is E.164 with ``+`` or a short code. Exactly one of ``text`` and ``data`` is set; ``port`` (0…65535)
    goes with ``data``. ``valid_for`` is what is left of the validity, in seconds. ``options`` holds the parameters of
    the gateway's own kind.
    """

    recipient: str
    text: str | None = None
    data: bytes | None = None
    port: int | None = None
    originator: str | None = None
    sim: int | None = None
    priority: Priority = Priority.NORMAL
    valid_for: int | None = None
    dlr: bool = True
    flash: bool = False
    encoding: EncodingChoice = EncodingChoice.AUTO
    options: Mapping[str, object] = field(default_factory=dict)

    @property
    def fitted_text(self) -> str:
        """The text for a gateway that chooses the alphabet by itself: made to fit GSM 7 bit where that is asked for."""
        text = self.text or ""
        return transliterate(text) if self.encoding is EncodingChoice.GSM7 else text


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """One attachment of an inbound message."""

    type: str
    url: str
    caption: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundMessage:
    """A whole received message, segments joined.

    ``originator`` is E.164 with ``+`` where it was an international number, else as it came. ``sent_at`` is the
    network's time stamp, ``None`` where it was unreadable. ``message_class`` is 0…3 or ``None``. ``incomplete`` says
    that segments are missing (``…`` in the text).
    """

    originator: str
    text: str | None
    sent_at: datetime | None
    received_at: datetime
    originator_name: str | None = None
    recipient: str | None = None
    channel: Channel = Channel.SMS
    sim: int | None = None
    segments: int = 1
    encoding: str = "gsm7"
    message_class: int | None = None
    data: bytes | None = None
    port: int | None = None
    media: tuple[Media, ...] = ()
    incomplete: bool = False
    raw: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReport:
    """What a network or provider says about one segment (or the whole) of a message sent before.

    ``reference`` is the gateway's own word for what it reports on (TP-MR in hexadecimal for a modem).
    ``recipient`` narrows the match where references repeat, ``None`` where they do not. ``state`` is ``None`` for a
    word that changes nothing (still trying, or unknown to us; kept in ``error``). ``at`` is the time of discharge,
    ``submitted_at`` when the network took the segment, by its own clock. ``not_sent`` says that the gateway certainly
    did not send what it had taken (a phone without service): the attempt counts as refused with ``error``.
    """

    reference: str
    state: State | None
    recipient: str | None = None
    submitted_at: datetime | None = None
    at: datetime | None = None
    error: Error | None = None
    not_sent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Concat:
    """Place of a segment in its message; ``key`` names the message, ``seqno`` is 1…``total``."""

    key: str
    total: int
    seqno: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What is left at a gateway: money in ``currency`` (ISO 4217), or a number of messages where that is ``None``."""

    amount: Decimal
    currency: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What something costs, in ``currency`` (ISO 4217), ``None`` where nobody says which."""

    amount: Decimal
    currency: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The gateway has the whole message.

    ``references`` holds one opaque string per segment (or one for the whole). ``state`` is ``sent`` where the network
    took it, ``accepted`` where a cloud or phone did. ``final`` says that nothing more will come.
    """

    references: tuple[str, ...]
    state: State = State.SENT
    final: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Certainly not sent. ``error.code`` decides what the router does next.

    ``retry_after`` pauses this gateway for that many seconds. ``same_gateway_again`` asks for one second try here
    before the next gateway (3GPP TS 27.005 temporary network failures).
    """

    error: Error
    retry_after: float | None = None
    same_gateway_again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NoAnswer:
    """It cannot be known whether the gateway took it. ``expected_reference`` is what a late report would bear."""

    error: Error
    expected_reference: str | None = None


Outcome = Taken | Refused | NoAnswer
