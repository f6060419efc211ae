"""A send command as it was understood, before the outbox has judged it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sms_providers.charset import EncodingChoice
from sms_providers.model import Priority

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sms_providers.model import Error, OnUnknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What MQTT 5 asked to be sent back: response topic, correlation data, user properties."""

    topic: str | None = None
    correlation: bytes | None = None
    user_properties: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A send object of the right shape (MQTT contract, section 1); ``None`` where the configuration's default holds.

    ``to`` are recipients as given, commas split; ``is_group`` says that ``to`` was an array or had several, so that
    ``id`` names a group. ``gateway`` is a failover list. ``send_at`` is Unix seconds, ``valid_for`` seconds.
    """

    to: tuple[str, ...]
    is_group: bool = False
    id: str | None = None
    text: str | None = None
    data: bytes | None = None
    port: int | None = None
    gateway: tuple[str, ...] = ()
    originator: str | None = None
    sim: int | None = None
    priority: Priority = Priority.NORMAL
    send_at: float | None = None
    valid_for: int | None = None
    dlr: bool | None = None
    flash: bool = False
    encoding: EncodingChoice = EncodingChoice.AUTO
    max_segments: int | None = None
    on_unknown: OnUnknown | None = None
    options: Mapping[str, object] = field(default_factory=dict)
    metadata: Mapping[str, object] = field(default_factory=dict)
    reply: Reply = field(default_factory=Reply)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A command that is refused before it is one. ``to`` is as given, whatever it was.

    ``once`` names something of which only the first refusal is published (a replayed retained topic).
    """

    id: str | None
    to: object
    error: Error
    metadata: Mapping[str, object] = field(default_factory=dict)
    reply: Reply = field(default_factory=Reply)
    once: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """The PUBLISH that brought a command: packet identifier, DUP flag, digest of topic and payload."""

    packet_id: int
    dup: bool
    digest: bytes
