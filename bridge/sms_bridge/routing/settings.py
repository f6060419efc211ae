"""What the configuration tells the router, as frozen data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sms_providers.model import OnUnknown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import time, tzinfo

    from sms_providers.model import Priority


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """``defaults`` of the configuration; durations in seconds. ``country`` is ISO 3166-1 alpha-2.

    ``report_timeout`` ``None`` means a message's ``valid_for`` and one hour. ``time_zone`` ``None`` is the system's.
    """

    country: str = "DE"
    time_zone: tzinfo | None = None
    on_unknown: OnUnknown = OnUnknown.RESEND
    on_unknown_grace: float = 30.0
    dlr: bool = True
    max_segments: int = 10
    valid_for: int = 86_400
    report_timeout: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A name for a number (E.164), with the gateway that is preferred for it."""

    name: str
    number: str
    gateway: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteMatch:
    """Conditions of a route, all of which must hold; an empty one always does."""

    prefix: tuple[str, ...] = ()
    priority: tuple[Priority, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """``use`` is the failover order; each step is a set of gateways any of which will do."""

    match: RouteMatch = field(default_factory=RouteMatch)
    use: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """Local time during which ``low`` and ``normal`` wait; ``start`` may be later than ``end`` (over midnight)."""

    start: time
    end: time


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """``limits`` of the configuration, over the whole bridge; ``None`` is no limit. ``reserve`` is a share, 0…1."""

    per_minute: int | None = 30
    burst: int = 10
    per_day: int | None = 2000
    per_month: int | None = None
    per_recipient_per_hour: int | None = 20
    reserve: float = 0.2
    quiet_hours: QuietHours | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingSettings:
    """Everything that decides which message goes where, and when. Numbers and prefixes are E.164 with ``+``.

    ``keep_texts`` ``False`` erases a text once its message is final; ``keep_days`` is how long messages are kept.
    """

    defaults: Defaults = field(default_factory=Defaults)
    gateways: tuple[str, ...] = ()
    contacts: Mapping[str, Contact] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    limits: Limits = field(default_factory=Limits)
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ("+882", "+979")
    allow_emergency: bool = False
    keep_texts: bool = True
    keep_days: int = 30
    verbose_states: bool = False
    join_timeout: float = 86_400.0
    plain_topics: bool = False
