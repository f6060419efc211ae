"""What everybody on the broker may know of the configuration (MQTT contract, section 4, ``info``)."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sms_bridge.config.model import Config
    from sms_bridge.routing.settings import RoutingSettings

Public = dict[str, object]


def public_configuration(config: Config) -> Public:
    """Return the configuration without secrets, user names, contacts, groups and addresses, as JSON."""
    routing = config.routing
    return {
        "instance": config.instance,
        "mqtt": {
            "protocol": config.mqtt.protocol.value,
            "base_topic": config.mqtt.base_topic,
            "keepalive": config.mqtt.keepalive,
            "verbose_states": config.mqtt.verbose_states,
        },
        "homeassistant": {
            "discovery": config.homeassistant.discovery.value,
            "prefix": config.homeassistant.prefix,
        },
        "store": {"keep_days": routing.keep_days, "keep_texts": "days" if routing.keep_texts else "final"},
        "defaults": _defaults(routing),
        "routes": [
            {
                "match": {
                    "prefix": list(route.match.prefix),
                    "priority": [priority.name.lower() for priority in route.match.priority],
                },
                "use": [{"any": list(step)} if len(step) > 1 else step[0] for step in route.use],
            }
            for route in routing.routes
        ],
        "limits": _limits(routing),
        "allow": list(routing.allow),
        "deny": list(routing.deny),
        "allow_emergency": routing.allow_emergency,
        "incoming": {"join_timeout": routing.join_timeout, "plain_topics": routing.plain_topics},
    }


def _defaults(routing: RoutingSettings) -> Public:
    defaults = routing.defaults
    return {
        **asdict(defaults),
        "time_zone": None if defaults.time_zone is None else str(defaults.time_zone),
        "on_unknown": defaults.on_unknown.value,
    }


def _limits(routing: RoutingSettings) -> Public:
    quiet = routing.limits.quiet_hours
    hours = None if quiet is None else {"from": f"{quiet.start:%H:%M}", "to": f"{quiet.end:%H:%M}"}
    return {**asdict(routing.limits), "quiet_hours": hours}
