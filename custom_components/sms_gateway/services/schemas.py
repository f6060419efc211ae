"""The fields of the actions. What needs the entry to be checked is checked by the action itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import voluptuous as vol
from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.helpers import config_validation as cv

from ..sms_providers.charset import MAX_SEGMENTS, EncodingChoice
from ..sms_providers.model import OnUnknown, Priority, State

ATTR_TARGET: Final = "target"
ATTR_MESSAGE: Final = "message"
ATTR_DATA: Final = "data"
ATTR_PORT: Final = "port"
ATTR_GATEWAY: Final = "gateway"
ATTR_ID: Final = "id"
ATTR_WAIT_FOR: Final = "wait_for"
ATTR_TIMEOUT: Final = "timeout"
ATTR_CODE: Final = "code"
ATTR_OTP_ID: Final = "otp_id"
ATTR_PURPOSE: Final = "purpose"
ATTR_LENGTH: Final = "length"
ATTR_EXPIRES_IN: Final = "expires_in"
ATTR_TEMPLATE: Final = "template"
ATTR_MAX_ATTEMPTS: Final = "max_attempts"
ATTR_METHOD: Final = "method"

#: Message ids (MQTT contract, section 1, the key ``id``).
_MESSAGE_ID: Final = vol.All(cv.string, vol.Match(r"^[A-Za-z0-9._:-]{1,64}\Z"))
#: Seconds of validity (MQTT contract, section 1, the key ``valid_for``).
_VALID_FOR: Final = vol.All(vol.Coerce(int), vol.Range(min=1, max=38_102_400))
#: Application ports (3GPP TS 23.040 clause 9.2.3.24.4).
_PORT: Final = vol.All(vol.Coerce(int), vol.Range(min=0, max=65_535))
#: Messages of one page (MQTT contract, section 5).
_LIMIT: Final = vol.All(vol.Coerce(int), vol.Range(min=1, max=1_000))
#: Seconds an action may wait; an automation that waits longer uses a trigger.
_TIMEOUT: Final = vol.All(vol.Coerce(float), vol.Range(min=1, max=600))
#: States that can be waited for.
_WAIT_FOR: Final = vol.In([State.QUEUED, State.SENT, State.DELIVERED])

TARGETS: Final = vol.All(cv.ensure_list_csv, [cv.string])
_GATEWAYS: Final = vol.All(cv.ensure_list_csv, [cv.string])
ENTRY: Final[dict[Any, Any]] = {vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string}

_SEND_OPTIONS: Final[dict[Any, Any]] = {
    vol.Optional(ATTR_MESSAGE): cv.string,
    vol.Optional(ATTR_DATA): cv.string,
    vol.Optional(ATTR_PORT): _PORT,
    vol.Optional(ATTR_GATEWAY): _GATEWAYS,
    vol.Optional("originator"): cv.string,
    vol.Optional("sim"): vol.All(vol.Coerce(int), vol.Range(min=0)),
    vol.Optional("priority"): vol.In([priority.name.lower() for priority in Priority]),
    vol.Optional("send_at"): cv.datetime,
    vol.Optional("valid_for"): _VALID_FOR,
    vol.Optional("flash"): cv.boolean,
    vol.Optional("dlr"): cv.boolean,
    vol.Optional("encoding"): vol.In([choice.value for choice in EncodingChoice]),
    vol.Optional("max_segments"): vol.All(vol.Coerce(int), vol.Range(min=1, max=MAX_SEGMENTS)),
    vol.Optional(ATTR_ID): _MESSAGE_ID,
    vol.Optional("on_unknown"): vol.In([choice.value for choice in OnUnknown]),
    vol.Optional("options"): dict,
    vol.Optional(ATTR_WAIT_FOR, default=State.QUEUED.value): _WAIT_FOR,
    vol.Optional(ATTR_TIMEOUT): _TIMEOUT,
}

SEND: Final = vol.Schema(
    {
        **ENTRY,
        vol.Required(ATTR_TARGET): TARGETS,
        **_SEND_OPTIONS,
        # Home Assistant takes the key away from actions for entities.
        vol.Optional("metadata"): dict,
    }
)
#: ``data`` of the classic notify action.
CLASSIC_DATA: Final = vol.Schema(
    {
        vol.Optional(name): _SEND_OPTIONS[name]
        for name in (ATTR_GATEWAY, "originator", "priority", "valid_for", "flash", "encoding", "max_segments")
    }
)
SEND_TO_CONTACT: Final = cv.make_entity_service_schema(_SEND_OPTIONS)
QUOTE: Final = vol.Schema(
    {**ENTRY, vol.Required(ATTR_MESSAGE): cv.string, vol.Optional(ATTR_TARGET): TARGETS}
)
ONE_MESSAGE: Final = vol.Schema({**ENTRY, vol.Required(ATTR_ID): cv.string})
LIST_MESSAGES: Final = vol.Schema(
    {
        **ENTRY,
        vol.Optional("state"): vol.In([state.value for state in State]),
        vol.Optional("to"): cv.string,
        vol.Optional("since"): cv.datetime,
        vol.Optional("limit"): _LIMIT,
        vol.Optional("cursor"): cv.string,
    }
)
GET_BALANCE: Final = vol.Schema({**ENTRY, vol.Optional(ATTR_GATEWAY): cv.string})
USSD: Final = vol.Schema({**ENTRY, vol.Required(ATTR_GATEWAY): cv.string, vol.Required(ATTR_CODE): cv.string})
SEND_OTP: Final = vol.Schema(
    {
        **ENTRY,
        vol.Required(ATTR_TARGET): TARGETS,
        vol.Optional(ATTR_LENGTH, default=6): vol.All(vol.Coerce(int), vol.Range(min=4, max=10)),
        vol.Optional(ATTR_EXPIRES_IN, default=300): vol.All(
            vol.Coerce(int), vol.Range(min=30, max=int(timedelta(days=1).total_seconds()))
        ),
        vol.Optional(ATTR_TEMPLATE): cv.string,
        vol.Optional(ATTR_PURPOSE, default=""): cv.string,
        vol.Optional(ATTR_MAX_ATTEMPTS, default=5): vol.All(vol.Coerce(int), vol.Range(min=1, max=20)),
        vol.Optional(ATTR_METHOD, default="auto"): vol.In(["auto", "local", "provider"]),
    }
)
VERIFY_OTP: Final = vol.Schema(
    {
        vol.Required(ATTR_CODE): cv.string,
        vol.Optional(ATTR_OTP_ID): cv.string,
        vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Optional(ATTR_TARGET): TARGETS,
        vol.Optional(ATTR_PURPOSE, default=""): cv.string,
    }
)
