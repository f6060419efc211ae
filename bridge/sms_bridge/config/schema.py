"""The keys of the configuration, section by section: defaults, checks, and a sentence on each.

A section is a voluptuous mapping whose markers carry the default and the description; `json_schema` and the checker
read the same tables.
"""

from __future__ import annotations

from typing import Final

import voluptuous as vol

from sms_bridge.config.checks import (
    ADDRESS,
    CLOCK,
    COUNTRY,
    FLAG,
    NAME,
    PORT,
    PREFIX,
    SECRET,
    STORE_URL,
    TEXT,
    TIME_ZONE,
    TOPIC,
    WEB_URL,
    Check,
    choice,
    nullable,
    share,
    text,
    whole,
)
from sms_bridge.mqtt.settings import ADMIN_COMMANDS, DEFAULT_ADMIN

#: What voluptuous takes as the keys of one mapping.
Section = dict[vol.Marker, object]


class OrNull:
    """A mapping of known keys, or null."""

    def __init__(self, section: Section) -> None:
        self.section = section

    def __call__(self, value: object) -> object:
        """Return the checked mapping; raise as voluptuous does."""
        return None if value is None else vol.Schema(self.section)(value)


def key(name: str, default: object, description: str) -> vol.Optional:
    """An optional key; ``default`` is written as in the file."""
    return vol.Optional(name, default=default, description=description)


def needed(name: str, description: str) -> vol.Required:
    """A key that must be given."""
    return vol.Required(name, description=description)


#: Seconds of a day and of a year, the bounds of durations that people wait for.
_DAY: Final = 86_400
_YEAR: Final = 366 * _DAY
#: MQTT contract, section 1: seconds of ``valid_for``.
_VALID_FOR_MAX: Final = 38_102_400

MQTT_TLS: Final[Section] = {
    key("ca", None, "file of certificate authorities; 'system' for those of this machine"): nullable(TEXT),
    key("cert", None, "file of the client's certificate"): nullable(TEXT),
    key("key", None, "file of the client's private key"): nullable(TEXT),
    key("insecure", False, "accept a certificate for another host name"): FLAG,
}

MQTT: Final[Section] = {
    key("host", "localhost", "host of the broker"): TEXT,
    key("port", 1883, "port of the broker"): PORT,
    key("username", None, "user name at the broker"): nullable(TEXT),
    key("password", None, "password at the broker"): nullable(SECRET),
    key("protocol", "5", "MQTT version; 3.1.1 for brokers that have no other"): choice(["5", "3.1.1"]),
    key("client_id", None, "null: <base_topic>-<instance>"): nullable(TEXT),
    key("base_topic", "sms_gateway", "the first level or levels of every topic"): TOPIC,
    key("keepalive", 30, "seconds after which a silent connection is probed"): whole(5, 65535, "seconds"),
    key("verbose_states", False, "publish the state 'submitting' too"): FLAG,
    key("admin", list(DEFAULT_ADMIN), "administration commands that are allowed over MQTT"): [
        choice(list(ADMIN_COMMANDS))
    ],
    key("tls", {}, "encrypted connection; on as soon as one of its keys is set"): MQTT_TLS,
}

STORE: Final[Section] = {
    key("url", "sqlite:////var/lib/sms-bridge/bridge.db", "where messages are kept"): STORE_URL,
    key("keep_days", 30, "days after which finished messages and events are removed"): whole(
        1, 36_500, "days"
    ),
    key("keep_texts", "days", "final: erase a text once its message is final"): choice(["days", "final"]),
}

DEFAULTS: Final[Section] = {
    key("country", "DE", "country of numbers with a leading 0"): COUNTRY,
    key(
        "time_zone", None, "of quiet hours and of counters that turn at midnight; null: this machine's"
    ): nullable(TIME_ZONE),
    key("on_unknown", "resend", "what to do when nobody can know whether a message was sent"): choice(
        ["resend", "hold"]
    ),
    key("on_unknown_grace", 30, "seconds to wait for a late report before that"): whole(0, _DAY, "seconds"),
    key("dlr", True, "ask for delivery reports"): FLAG,
    key("max_segments", 10, "refuse longer texts"): whole(1, 255),
    key("valid_for", 86_400, "seconds after which a message is no longer worth sending"): whole(
        1, _VALID_FOR_MAX, "seconds"
    ),
    key("report_timeout", None, "seconds to wait for a report; null: valid_for and one hour"): nullable(
        whole(1, _VALID_FOR_MAX, "seconds")
    ),
}

HOME_ASSISTANT: Final[Section] = {
    key("discovery", "auto", "publish Home Assistant's discovery topics"): choice(["auto", "on", "off"]),
    key("prefix", "homeassistant", "Home Assistant's discovery prefix"): TOPIC,
}

QUIET_HOURS: Final[Section] = {
    needed("from", "local time at which they begin"): CLOCK,
    needed("to", "local time at which they end"): CLOCK,
}

LIMITS: Final[Section] = {
    key("per_minute", 30, "pace; what is above it waits"): nullable(whole(1)),
    key("burst", 10, "messages that may go at once"): whole(1),
    key("per_day", 2000, "refused above it"): nullable(whole(1)),
    key("per_month", None, "refused above it"): nullable(whole(1)),
    key("per_recipient_per_hour", 20, "refused above it"): nullable(whole(1)),
    key("reserve", 0.2, "share of the limits that is kept for priorities high and otp"): share(),
    key("quiet_hours", None, "local time in which priorities low and normal wait"): OrNull(QUIET_HOURS),
}

INCOMING: Final[Section] = {
    key("join_timeout", 86_400, "seconds to wait for the missing segments of a message"): whole(
        1, _YEAR, "seconds"
    ),
    key("plain_topics", False, "publish a known contact's text alone on incoming/<contact>, too"): FLAG,
}

HTTP_TLS: Final[Section] = {
    needed("cert", "file of the server's certificate"): TEXT,
    needed("key", "file of the server's private key"): TEXT,
}

HTTP: Final[Section] = {
    key("listen", None, "address of the web server, such as 127.0.0.1:8099"): nullable(ADDRESS),
    key("public_url", None, "how others reach it"): nullable(WEB_URL),
    key("token", None, "bearer token of metrics and pairing page"): nullable(SECRET),
    key("tls", None, "certificate of the web server"): OrNull(HTTP_TLS),
}

LOG: Final[Section] = {
    key("level", "info", "the least that is logged"): choice(["debug", "info", "warning", "error"]),
    key("format", "text", "lines for people or JSON objects"): choice(["text", "json"]),
    key("texts", False, "log texts and full numbers"): FLAG,
}

ROUTE_MATCH: Final[Section] = {
    key("prefix", [], "beginnings of numbers; empty: all"): [PREFIX],
    key("priority", [], "priorities; empty: all"): [choice(["low", "normal", "high", "otp"])],
}

#: The sections that are mappings of known keys.
SECTIONS: Final[dict[str, Section]] = {
    "mqtt": MQTT,
    "store": STORE,
    "defaults": DEFAULTS,
    "homeassistant": HOME_ASSISTANT,
    "limits": LIMITS,
    "incoming": INCOMING,
    "http": HTTP,
    "log": LOG,
}

#: The keys at the top that are single values or lists.
SINGLE: Final[Section] = {
    key("instance", "main", "one name per bridge on a broker"): NAME,
    key("allow", [], "numbers may only begin with these; empty: all"): [PREFIX],
    key("deny", ["+882", "+979"], "numbers must not begin with these"): [PREFIX],
    key("allow_emergency", False, "let messages go to emergency numbers"): FLAG,
}

#: The keys at the top whose own keys are names that the user gives, or that are lists of such.
NAMED: Final[dict[str, str]] = {
    "gateways": "the modems, by the names users and topics call them",
    "contacts": "names for numbers",
    "groups": "names for several contacts",
    "routes": "which gateway takes which message; the first that matches",
}

#: Sections whose single values an environment variable may replace.
OVERRIDABLE: Final = ("mqtt", "store", "http", "log")

CONTACT_NAME: Final = text(
    "a name without '/', '+', '#', ',' and control characters that is not all digits",
    pattern=r"(?![0-9]+$)[^/+#,\x00-\x1f\x7f]{1,64}",
)


def check_of(section: Section, name: str) -> object:
    """What stands behind a key of a section, ``None`` where it has no such key."""
    return next((value for marker, value in section.items() if marker == name), None)


def takes_file(section: Section, name: str) -> bool:
    """Whether ``<name>_file`` may stand for ``name``."""
    check = check_of(section, name)
    return isinstance(check, Check) and check.text
