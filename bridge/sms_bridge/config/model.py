"""A configuration that has been checked, as frozen data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sms_bridge.config.kind import GatewayConfig
    from sms_bridge.config.problems import Problem
    from sms_bridge.mqtt.settings import HomeAssistantSettings, MqttSettings
    from sms_bridge.routing.settings import RoutingSettings
    from sms_bridge.web.settings import HttpSettings


class LogFormat(StrEnum):
    """How a log line looks."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """``log`` of the configuration. ``texts`` lets texts and full numbers into the log."""

    level: str = "info"
    format: LogFormat = LogFormat.TEXT
    texts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A whole configuration. ``warnings`` are for whoever starts the bridge."""

    instance: str
    mqtt: MqttSettings
    homeassistant: HomeAssistantSettings
    store_url: str
    routing: RoutingSettings
    gateways: Mapping[str, GatewayConfig]
    http: HttpSettings
    log: LogSettings
    warnings: tuple[Problem, ...] = ()
