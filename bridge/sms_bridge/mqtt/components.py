"""The entities that Home Assistant is told of, as data: one table per kind of device.

``options`` are Home Assistant's own words (its MQTT platforms' configuration); templates are Home Assistant's Jinja.
Nothing here lets a text out: Home Assistant records the attributes of its entities.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from sms_bridge.routing.link import CallEvent, LinkState
from sms_providers.model import Capability, State

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Gateways that are themselves in a mobile network and have a SIM.
_RADIO: Final = frozenset({"modem"})


class Watched(StrEnum):
    """What must be online for an entity to be available."""

    #: What its device names: the bridge, and with a gateway's device the gateway, too.
    DEVICE = "device"
    BRIDGE = "bridge"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One entity of a device. ``key`` is unique in its device and never changes: registries keep it.

    ``topic`` names where its state is read (see :class:`~sms_bridge.mqtt.devices.Devices`), ``request`` the
    administration command that a button asks for. It is left out where the gateway lacks the capability that it
    ``needs``, is of none of the ``kinds`` (``None``: every kind), or where the request is not allowed over MQTT.
    """

    key: str
    platform: str
    name: str
    options: Mapping[str, object] = field(default_factory=dict)
    topic: str | None = None
    request: str | None = None
    needs: Capability | None = None
    kinds: frozenset[str] | None = None
    watched: Watched = Watched.DEVICE


def _event(event_type: str, *keys: str, **made: str) -> str:
    """A template that turns an event of ours into Home Assistant's: ``event_type`` and attributes.

    ``keys`` are taken over as they are, ``made`` are expressions, as ``event_type`` is.
    """
    taken = {key: f"value_json['{key}']" for key in keys}
    attributes = {"event_type": event_type, **taken, **made}
    members = ", ".join(f"'{key}': {expression}" for key, expression in attributes.items())
    return f"{{{{ {{{members}}} | to_json }}}}"


_DIAGNOSTIC: Final = {"entity_category": "diagnostic"}
_HIDDEN: Final = {**_DIAGNOSTIC, "enabled_by_default": False}
_COUNTER: Final = {"state_class": "total_increasing", "unit_of_measurement": "messages"}
_AMOUNT: Final = {"state_class": "measurement", "unit_of_measurement": "messages"}
_CONNECTED: Final = {"device_class": "connectivity", "payload_on": "online", "payload_off": "offline"}

#: What the bridge itself knows of a gateway stays available while the gateway is away; what only the gateway can tell
#: does not.
GATEWAY: Final = (
    Component(
        key="connection",
        platform="binary_sensor",
        name="Connection",
        topic="availability",
        options={**_CONNECTED, **_DIAGNOSTIC},
        watched=Watched.BRIDGE,
    ),
    Component(
        key="state",
        platform="sensor",
        name="State",
        topic="state",
        options={
            **_DIAGNOSTIC,
            "device_class": "enum",
            "options": [state.value for state in LinkState],
            "value_template": "{{ value_json.state }}",
            "json_attributes_template": "{{ {'detail': value_json.detail} | to_json }}",
        },
        watched=Watched.BRIDGE,
    ),
    Component(
        key="signal",
        platform="sensor",
        name="Signal strength",
        topic="state",
        options={
            **_DIAGNOSTIC,
            "device_class": "signal_strength",
            "state_class": "measurement",
            "unit_of_measurement": "dBm",
            "value_template": "{{ value_json.signal_dbm }}",
        },
        kinds=_RADIO,
    ),
    Component(
        key="operator",
        platform="sensor",
        name="Operator",
        topic="state",
        options={**_DIAGNOSTIC, "icon": "mdi:radio-tower", "value_template": "{{ value_json.operator }}"},
        kinds=_RADIO,
    ),
    Component(
        key="registration",
        platform="sensor",
        name="Registration",
        topic="state",
        options={
            **_DIAGNOSTIC,
            "device_class": "enum",
            "icon": "mdi:sim",
            # MQTT contract, section 4.
            "options": ["home", "roaming", "searching", "denied"],
            "value_template": "{{ value_json.registration }}",
        },
        kinds=_RADIO,
    ),
    Component(
        key="technology",
        platform="sensor",
        name="Technology",
        topic="state",
        options={**_DIAGNOSTIC, "icon": "mdi:signal", "value_template": "{{ value_json.technology }}"},
        kinds=_RADIO,
    ),
    Component(
        key="battery",
        platform="sensor",
        name="Battery",
        topic="state",
        options={
            **_HIDDEN,  # hardly any stick has one
            "device_class": "battery",
            "state_class": "measurement",
            "unit_of_measurement": "%",
            "value_template": "{{ value_json.battery }}",
        },
        kinds=_RADIO,
    ),
    Component(
        key="storage",
        platform="sensor",
        name="Storage used",
        topic="state",
        options={
            **_DIAGNOSTIC,
            "icon": "mdi:sim-alert",
            "state_class": "measurement",
            "unit_of_measurement": "%",
            "value_template": (
                "{% if value_json.storage_total and value_json.storage_used is not none %}"
                "{{ (100 * value_json.storage_used / value_json.storage_total) | round | int }}"
                "{% else %}None{% endif %}"
            ),
            "json_attributes_template": (
                "{{ {'used': value_json.storage_used, 'total': value_json.storage_total} | to_json }}"
            ),
        },
        kinds=_RADIO,
    ),
    Component(
        key="balance",
        platform="sensor",
        name="Balance",
        topic="state",
        options={
            "icon": "mdi:cash",
            "suggested_display_precision": 2,
            "value_template": "{{ value_json.balance.amount if value_json.balance else None }}",
        },
        needs=Capability.BALANCE,
    ),
    *(
        Component(
            key=f"{what}_today",
            platform="sensor",
            name=f"{what.capitalize()} today",
            topic="state",
            options={**_COUNTER, "icon": icon, "value_template": f"{{{{ value_json.{what}_today }}}}"},
            watched=Watched.BRIDGE,
        )
        for what, icon in (
            ("sent", "mdi:message-arrow-right"),
            ("failed", "mdi:message-alert"),
            ("received", "mdi:message-arrow-left"),
        )
    ),
    Component(
        key="queue",
        platform="sensor",
        name="Queue",
        topic="state",
        options={**_AMOUNT, "icon": "mdi:tray-full", "value_template": "{{ value_json.queue }}"},
        watched=Watched.BRIDGE,
    ),
    Component(
        key="restart",
        platform="button",
        name="Restart",
        request="restart_gateway",
        options={"entity_category": "config", "device_class": "restart"},
        kinds=_RADIO,
        watched=Watched.BRIDGE,  # a gateway that hangs is the one to restart
    ),
    Component(
        key="refresh_balance",
        platform="button",
        name="Refresh balance",
        request="balance",
        options={**_DIAGNOSTIC, "icon": "mdi:cash-sync"},
        needs=Capability.BALANCE,
    ),
)

#: An event has no present value that could be unavailable, and those that waited for the broker come before the bridge
#: says that it is online: an unavailable entity would swallow them.
_EVENTS: Final = (
    Component(
        key="incoming",
        platform="event",
        name="Incoming message",
        topic="incoming",
        options={
            "icon": "mdi:message-arrow-left",
            "event_types": ["received"],
            "value_template": _event(
                "'received'",
                *("id", "from", "from_name", "gateway", "channel", "segments", "received_at", "incomplete"),
                *("seq", "epoch"),
                length="value_json['text'] | default('', true) | length",
            ),
        },
        watched=Watched.NOTHING,
    ),
    Component(
        key="delivery",
        platform="event",
        name="Delivery",
        topic="dlr",
        options={
            "icon": "mdi:message-check",
            "event_types": [state.value for state in State],
            "value_template": _event(
                "value_json['state']",
                *("id", "group", "to", "final", "gateway", "channel", "segments", "segments_delivered"),
                *("attempt", "at", "possible_duplicate", "repeat", "seq", "epoch"),
                error="value_json['error']['code'] if value_json['error'] else None",
            ),
        },
        watched=Watched.NOTHING,
    ),
    Component(
        key="call",
        platform="event",
        name="Call",
        topic="call",
        options={
            "icon": "mdi:phone-incoming",
            "event_types": [event.value for event in CallEvent],
            "value_template": _event("value_json['event']", "from", "gateway", "at", "seq", "epoch"),
        },
        watched=Watched.NOTHING,
    ),
)

BRIDGE: Final = (
    Component(
        key="connection",
        platform="binary_sensor",
        name="Connection",
        topic="state",
        options={**_CONNECTED, **_DIAGNOSTIC, "value_template": "{{ value_json.state }}"},
        watched=Watched.NOTHING,
    ),
    Component(
        key="queue",
        platform="sensor",
        name="Queue",
        topic="health",
        options={
            **_AMOUNT,
            "icon": "mdi:tray-full",
            "value_template": "{{ value_json.queue.queued | default(0) }}",
            "json_attributes_template": "{{ value_json.queue | to_json }}",
        },
    ),
    Component(
        key="oldest",
        platform="sensor",
        name="Oldest in queue",
        topic="health",
        options={
            **_DIAGNOSTIC,
            "device_class": "duration",
            "unit_of_measurement": "s",
            "value_template": "{{ value_json.oldest_queued_age | default(0, true) }}",
        },
    ),
    Component(
        key="messages_per_minute",
        platform="sensor",
        name="Messages per minute",
        topic="health",
        options={
            **_DIAGNOSTIC,
            "icon": "mdi:speedometer",
            "state_class": "measurement",
            "unit_of_measurement": "messages/min",
            "value_template": "{{ value_json.messages_per_minute }}",
        },
    ),
    Component(
        key="version",
        platform="sensor",
        name="Version",
        topic="info",
        options={**_DIAGNOSTIC, "icon": "mdi:tag", "value_template": "{{ value_json.version }}"},
    ),
    Component(
        key="uptime",
        platform="sensor",
        name="Uptime",
        topic="health",
        options={
            **_HIDDEN,
            "device_class": "duration",
            "unit_of_measurement": "s",
            "value_template": "{{ value_json.uptime }}",
        },
    ),
    Component(
        key="memory",
        platform="sensor",
        name="Memory",
        topic="health",
        options={
            **_HIDDEN,
            "device_class": "data_size",
            "state_class": "measurement",
            "unit_of_measurement": "MB",
            "value_template": "{{ value_json.rss_mb }}",
        },
    ),
    Component(
        key="broker_reconnects",
        platform="sensor",
        name="Broker reconnects",
        topic="health",
        options={
            **_HIDDEN,
            "icon": "mdi:connection",
            "state_class": "total_increasing",
            "value_template": "{{ value_json.broker_reconnects }}",
        },
    ),
    *_EVENTS,
)
