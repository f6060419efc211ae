"""What a kind of gateway is to the configuration."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sms_bridge.config.schema import Section


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayConfig:
    """One configured gateway. ``maker`` is the module whose ``make(name, settings)`` makes the link."""

    name: str
    kind: str
    maker: str
    settings: object = field(repr=False)


def _no_faults(_values: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayKind:
    """A ``type``: its keys beside ``type`` itself, and how the checked values become the link's settings.

    ``faults`` finds what is wrong with checked values together: a key and a sentence for each.
    """

    section: Section
    maker: str
    build: Callable[[Mapping[str, object]], object]
    faults: Callable[[Mapping[str, object]], Iterable[tuple[str, str]]] = _no_faults
