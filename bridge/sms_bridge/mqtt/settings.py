"""What the configuration tells the MQTT side, as frozen data."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

#: Administration commands (MQTT contract, section 5).
ADMIN_COMMANDS: Final = (
    "health",
    "gateway",
    "messages",
    "message",
    "events",
    "cancel",
    "resend",
    "quote",
    "balance",
    "ussd",
    "pair",
    "unpair",
    "restart_gateway",
    "pause",
    "resume",
    "discovery",
    "reload",
)

#: Those that change who may use the bridge, or cost money, are allowed only where the configuration says so.
DEFAULT_ADMIN: Final = tuple(
    command for command in ADMIN_COMMANDS if command not in {"pair", "unpair", "reload", "ussd"}
)


class Protocol(StrEnum):
    """``mqtt.protocol`` of the configuration."""

    V5 = "5"
    V311 = "3.1.1"


class DiscoveryMode(StrEnum):
    """``homeassistant.discovery`` of the configuration."""

    AUTO = "auto"  #: on, until the ``discovery`` request says otherwise
    ON = "on"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeAssistantSettings:
    """``homeassistant`` of the configuration. ``prefix`` is Home Assistant's own discovery prefix."""

    discovery: DiscoveryMode = DiscoveryMode.AUTO
    prefix: str = "homeassistant"


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSettings:
    """``mqtt.tls``: paths of PEM files. ``ca`` ``None`` trusts the system's; ``insecure`` checks nothing."""

    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    insecure: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttSettings:
    """``mqtt`` of the configuration, with ``instance`` and the one default that MQTT 5's expiry is compared with.

    ``keepalive`` in seconds; ``client_id`` ``None`` means ``<base>-<instance>``; ``tls`` ``None`` is a plain
    connection. ``valid_for`` is ``defaults.valid_for`` in seconds: a message expiry only ever shortens it.
    """

    host: str = "localhost"
    port: int = 1883
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    protocol: Protocol = Protocol.V5
    client_id: str | None = None
    base_topic: str = "sms_gateway"
    keepalive: int = 30
    verbose_states: bool = False
    admin: tuple[str, ...] = DEFAULT_ADMIN
    tls: TlsSettings | None = None
    instance: str = "main"
    valid_for: int = 86_400

    @property
    def effective_client_id(self) -> str:
        """The client identifier as the broker is told it: stable, and unique per bridge on a broker."""
        return self.client_id or f"{self.base_topic.replace('/', '-')}-{self.instance}"
