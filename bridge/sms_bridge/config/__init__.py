"""The configuration: one YAML file → one :class:`Config`, or every fault of it at once."""

from sms_bridge.config.kind import GatewayConfig
from sms_bridge.config.model import Config, LogFormat, LogSettings
from sms_bridge.config.problems import ConfigError, Place, Problem
from sms_bridge.config.reader import find_config, load

__all__ = [
    "Config",
    "ConfigError",
    "GatewayConfig",
    "LogFormat",
    "LogSettings",
    "Place",
    "Problem",
    "find_config",
    "load",
]
