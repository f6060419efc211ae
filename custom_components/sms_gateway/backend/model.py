"""What passes between Home Assistant and a backend; the words are those of the MQTT contract."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from uuid import uuid7

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from decimal import Decimal

    from ..sms_providers.model import State


#: ``kind`` of a gateway that is a phone of an account.
PHONE: Final = "phone"


class Feature(StrEnum):
    """What a backend can do beyond sending a text; actions and entities depend on nothing else."""

    CANCEL = "cancel"
    RESEND = "resend"
    QUOTE = "quote"
    HISTORY = "history"
    BALANCE = "balance"
    USSD = "ussd"
    DATA = "data"
    SCHEDULE = "schedule"
    INCOMING = "incoming"
    CALLS = "calls"
    GATEWAYS = "gateways"
    RESTART = "restart"
    PAIRING = "pairing"


def new_message_id() -> str:
    """An id that no other message has, rising with time (RFC 9562 clause 5.7)."""
    return str(uuid7())


@dataclass(frozen=True, slots=True, kw_only=True)
class SendRequest:
    """One message to one or more recipients (E.164 or short codes); ``None`` leaves the backend's default.

    ``id`` makes the request idempotent. ``send_at`` is aware; ``valid_for`` is in seconds.
    """

    id: str
    recipients: tuple[str, ...]
    text: str | None = None
    data: bytes | None = None
    port: int | None = None
    gateway: tuple[str, ...] = ()
    originator: str | None = None
    sim: int | None = None
    priority: str | None = None
    send_at: datetime | None = None
    valid_for: int | None = None
    flash: bool = False
    dlr: bool | None = None
    encoding: str | None = None
    max_segments: int | None = None
    on_unknown: str | None = None
    options: Mapping[str, object] = field(default_factory=dict)
    metadata: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageError:
    """Why a message failed: an error code of the MQTT contract and a sentence for people."""

    code: str
    message: str
    temporary: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageStatus:
    """What is known of one outbound message. ``state`` ``None`` is *pending*: no word from the backend yet.

    ``conflict`` says that the ``id`` belongs to another message, to which this status must not be applied.
    """

    id: str
    to: str
    state: State | None
    conflict: bool = False
    final: bool = False
    segments: int | None = None
    gateway: str | None = None
    channel: str = "sms"
    possible_duplicate: bool = False
    error: MessageError | None = None
    metadata: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryEvent:
    """A change of an outbound message. ``late`` says that it happened while nobody listened."""

    status: MessageStatus
    at: datetime
    seq: int | None = None
    late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingEvent:
    """A received message. ``age`` of a late one counts from ``received_at``; ``text`` is ``None`` for data."""

    id: str
    originator: str
    originator_name: str | None
    text: str | None
    gateway: str | None
    channel: str
    received_at: datetime
    sent_at: datetime | None = None
    recipient: str | None = None
    segments: int = 1
    data: bytes | None = None
    port: int | None = None
    media: tuple[Mapping[str, str | None], ...] = ()
    incomplete: bool = False
    seq: int | None = None
    late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEvent:
    """An incoming call: ``event`` is ``ringing`` or ``missed``."""

    originator: str | None
    gateway: str | None
    event: str
    at: datetime
    seq: int | None = None
    late: bool = False


BackendEvent = DeliveryEvent | IncomingEvent | CallEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """Money (``currency`` set) or a number of messages (``currency`` ``None``)."""

    amount: Decimal
    currency: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayState:
    """One gateway of the bridge, as its retained topics say, or one phone of an account.

    ``title`` is its name for people, where that is another than ``name``. ``sims`` describes the SIMs of a phone.
    """

    name: str
    kind: str
    capabilities: frozenset[str] = frozenset()
    available: bool = False
    state: str = "offline"
    detail: str | None = None
    registration: str | None = None
    operator: str | None = None
    signal_dbm: int | None = None
    technology: str | None = None
    battery: int | None = None
    balance: Balance | None = None
    sent_today: int | None = None
    failed_today: int | None = None
    received_today: int | None = None
    queue: int | None = None
    storage_used: int | None = None
    storage_total: int | None = None
    model: str | None = None
    firmware: str | None = None
    number: str | None = None
    title: str | None = None
    last_seen: datetime | None = None
    sims: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The present state of a backend; replaced as a whole whenever anything changes.

    ``connected`` is whether the backend can be reached, ``api`` the version of its interface. The counters are over
    all gateways, ``None`` where unknown. ``features`` may change while it runs (the bridge's allowed commands);
    ``gateways`` are complete once it has :attr:`Feature.GATEWAYS`. ``provider`` is the name of the provider, ``None``
    for the bridge. ``callbacks_missing`` says that the provider should have called, and has not.
    """

    connected: bool = False
    version: str | None = None
    api: int | None = None
    features: frozenset[Feature] = frozenset()
    gateways: Mapping[str, GatewayState] = field(default_factory=dict)
    balance: Balance | None = None
    sent_today: int | None = None
    failed_today: int | None = None
    received_today: int | None = None
    queue: int | None = None
    provider: str | None = None
    callbacks_missing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What a text would be, and cost where the backend knows."""

    encoding: str
    segments: int
    characters_left: int
    gateway: str | None = None
    price: Decimal | None = None
    currency: str | None = None
    destinations: tuple[Mapping[str, object], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UssdAnswer:
    """The network's text; ``more`` says that it waits for a reply."""

    text: str
    more: bool
