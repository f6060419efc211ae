"""Names that several parts of the integration share."""

from __future__ import annotations

import logging
from enum import StrEnum
from typing import Final

DOMAIN: Final = "sms_gateway"
LOGGER: Final = logging.getLogger(__package__)


class EntryKind(StrEnum):
    """``kind`` of a config entry: the bridge, or a provider account."""

    BRIDGE = "bridge"
    GENIQ = "geniq"
    SMSGIC = "smsgic"
    UBILL = "ubill"
    SMSGATEWAY24 = "smsgateway24"
    GENIOSMS = "geniosms"


class SubentryKind(StrEnum):
    """Types of subentries."""

    CONTACT = "contact"
    GROUP = "group"


#: Config entry data.
CONF_KIND: Final = "kind"
CONF_BASE_TOPIC: Final = "base_topic"
CONF_INSTANCE: Final = "instance"
#: Entry data of an account: the secret that leads to its webhook; the rest are fields of the provider's settings.
CONF_WEBHOOK_ID: Final = "webhook_id"

#: The version of the bridge's interface that this integration speaks (MQTT contract, its title).
BRIDGE_API: Final = 1
#: The base topic of a bridge whose configuration names none (MQTT contract).
DEFAULT_BASE_TOPIC: Final = "sms_gateway"

#: Subentry data. A number is E.164 or a short code; members are the subentry ids of contacts. The name is the title.
CONF_NUMBER: Final = "number"
CONF_GATEWAY: Final = "gateway"
CONF_MEMBERS: Final = "members"

#: Options of a config entry. The country is ISO 3166-1 alpha-2, by default Home Assistant's own.
CONF_COUNTRY: Final = "country"
#: Seconds between two looks at an account, for what it does not push.
CONF_POLL_INTERVAL: Final = "poll_interval"
CONF_TEXTS_IN_ENTITIES: Final = "texts_in_entities"
CONF_CLASSIC_NOTIFY: Final = "classic_notify"
CONF_MAX_AGE: Final = "max_age"
CONF_LOW_BALANCE: Final = "low_balance"
CONF_SMS_CONTROL: Final = "sms_control"
CONF_ALLOWED: Final = "allowed"
CONF_PIN: Final = "pin"
CONF_AGENT: Final = "agent_id"

#: Bus events for automations of the old style.
EVENT_RECEIVED: Final = "sms_gateway_received"
EVENT_DELIVERY: Final = "sms_gateway_delivery"
#: Bus event of every use of control by SMS.
EVENT_CONTROL: Final = "sms_gateway_control"

#: Seconds after which an incoming message is late: it must not open a door any more.
DEFAULT_MAX_AGE: Final = 300
#: Seconds between two looks at an account; the shortest that is fair to a provider.
DEFAULT_POLL_INTERVAL: Final = 60
SHORTEST_POLL_INTERVAL: Final = 30
