"""The fields of the actions that only accounts at some providers have."""

from __future__ import annotations

from typing import Any, Final

import voluptuous as vol
from homeassistant.helpers import config_validation as cv

from ..sms_providers.geniq import LOCALES, TemplateCategory
from .schemas import ATTR_GATEWAY, ATTR_ID, ATTR_MESSAGE, ATTR_TARGET, ENTRY, TARGETS
from .whatsapp import SHAPES

#: Slots of a phone at SmsGateway24.
_SIM: Final = vol.All(vol.Coerce(int), vol.Range(min=0, max=1))
#: Templates of one page at GENIQ (``/whatsapp/message_templates``, ``limit``).
_LIMIT: Final = vol.All(vol.Coerce(int), vol.Range(min=1, max=1_000))
_POSITIVE: Final = vol.All(vol.Coerce(int), vol.Range(min=1))
_WORDS: Final = vol.All(cv.ensure_list, [cv.string])
_TITLE: Final = vol.All(cv.string, vol.Length(min=1))
_RECIPIENTS: Final[dict[Any, Any]] = {**ENTRY, vol.Required(ATTR_TARGET): TARGETS}

LIST: Final = vol.Schema(ENTRY)
LIST_RATES: Final = vol.Schema(
    {
        **ENTRY,
        vol.Optional("mcc"): cv.string,
        vol.Optional("mnc"): cv.string,
        vol.Optional("country"): cv.string,
        vol.Optional("country_id"): vol.Coerce(int),
    }
)
CREATE_CONTACT_LIST: Final = vol.Schema({**ENTRY, vol.Required("title"): _TITLE})
ADD_CONTACT: Final = vol.Schema(
    {**_RECIPIENTS, vol.Required("list_id"): cv.string, vol.Optional("name"): _TITLE}
)
SEND_NEWSLETTER: Final = vol.Schema(
    {
        **ENTRY,
        vol.Required("list_ids"): vol.All(cv.ensure_list_csv, [cv.string], vol.Length(min=1)),
        vol.Required("title"): _TITLE,
        vol.Required(ATTR_MESSAGE): vol.All(cv.string, vol.Length(min=1)),
        vol.Optional(ATTR_GATEWAY): cv.string,
        vol.Optional("sim"): _SIM,
        vol.Optional("send_at"): cv.datetime,
    }
)
SEND_WHATSAPP: Final = vol.Schema(
    {
        **_RECIPIENTS,
        vol.Required("type"): vol.In([*SHAPES]),
        vol.Optional(ATTR_MESSAGE): cv.string,
        vol.Optional("preview_url"): cv.boolean,
        vol.Optional("url"): cv.string,
        vol.Optional("caption"): cv.string,
        vol.Optional("filename"): cv.string,
        vol.Optional("latitude"): vol.Coerce(float),
        vol.Optional("longitude"): vol.Coerce(float),
        vol.Optional("location_name"): cv.string,
        vol.Optional("address"): cv.string,
        vol.Optional("template"): cv.string,
        vol.Optional("language"): cv.string,
        vol.Optional("header_params"): _WORDS,
        vol.Optional("body_params"): _WORDS,
        vol.Optional("otp"): cv.string,
        vol.Optional("sms_fallback"): cv.boolean,
    }
)
CREATE_TEMPLATE: Final = vol.Schema(
    {
        **ENTRY,
        vol.Required("name"): cv.string,
        vol.Required("language"): cv.string,
        vol.Required("category"): vol.In([category.value for category in TemplateCategory]),
        vol.Required("body"): cv.string,
        vol.Optional("body_example"): _WORDS,
        vol.Optional("header"): cv.string,
        vol.Optional("header_format"): cv.string,
        vol.Optional("header_example"): _WORDS,
        vol.Optional("footer"): cv.string,
        vol.Optional("otp_add_security_recommendation"): cv.boolean,
        vol.Optional("otp_message_ttl"): vol.Coerce(int),
        vol.Optional("otp_expired_after"): vol.Coerce(int),
        vol.Optional("otp_copy_button_text"): cv.string,
    }
)
LIST_TEMPLATES: Final = vol.Schema(
    {
        **ENTRY,
        vol.Optional("name"): cv.string,
        vol.Optional("language"): cv.string,
        vol.Optional("category"): vol.In([category.value for category in TemplateCategory]),
        vol.Optional("status"): cv.string,
        vol.Optional("limit"): _LIMIT,
        vol.Optional("before"): cv.string,
        vol.Optional("after"): cv.string,
    }
)
DELETE_TEMPLATE: Final = vol.Schema(
    {**ENTRY, vol.Required("name"): cv.string, vol.Optional(ATTR_ID): cv.string}
)

_CALL: Final[dict[Any, Any]] = {
    **_RECIPIENTS,
    vol.Required("locale"): vol.In([*LOCALES]),
    vol.Optional("originator"): cv.string,
}
CALL: Final = vol.Schema({**_CALL, vol.Required(ATTR_MESSAGE): cv.string})
CALL_MENU: Final = vol.Schema(
    {
        **_CALL,
        vol.Required("menus"): vol.All(
            cv.ensure_list,
            [
                {
                    vol.Required("id"): cv.string,
                    vol.Required(ATTR_MESSAGE): cv.string,
                    vol.Required("options"): vol.All(
                        cv.ensure_list,
                        [
                            {
                                vol.Required("key"): cv.string,
                                vol.Optional("value"): cv.string,
                                vol.Optional("menu"): cv.string,
                            }
                        ],
                    ),
                }
            ],
        ),
        vol.Optional("max_duration"): _POSITIVE,
        vol.Optional("barge", default=False): cv.boolean,
    }
)
