"""Which account can do what: the actions that not every entry has."""

from __future__ import annotations

from typing import Any

from custom_components.sms_gateway.const import EntryKind
from tests.component.conftest import ANNAS_NUMBER

#: Fields with which each action would do something, the word for it, and who can.
ACTIONS: dict[str, tuple[dict[str, Any], str, set[EntryKind]]] = {
    "list_senders": ({}, "senders", {EntryKind.SMSGIC, EntryKind.UBILL}),
    "list_rates": ({}, "rates", {EntryKind.SMSGIC}),
    "list_devices": ({}, "devices", {EntryKind.SMSGATEWAY24}),
    "create_contact_list": ({"title": "A"}, "contact_lists", {EntryKind.SMSGATEWAY24}),
    "add_contact": (
        {"target": ANNAS_NUMBER, "list_id": "1", "name": "A"},
        "contact_lists",
        {EntryKind.SMSGATEWAY24},
    ),
    "send_newsletter": (
        {"list_ids": "1", "title": "A", "message": "B"},
        "contact_lists",
        {EntryKind.SMSGATEWAY24},
    ),
    "send_whatsapp": (
        {"target": ANNAS_NUMBER, "type": "text", "message": "A"},
        "whatsapp",
        {EntryKind.GENIQ},
    ),
    "create_whatsapp_template": (
        {"name": "a", "language": "en", "category": "UTILITY", "body": "A"},
        "whatsapp_templates",
        {EntryKind.GENIQ},
    ),
    "list_whatsapp_templates": ({}, "whatsapp_templates", {EntryKind.GENIQ}),
    "delete_whatsapp_template": ({"name": "a"}, "whatsapp_templates", {EntryKind.GENIQ}),
    "call": ({"target": ANNAS_NUMBER, "message": "A", "locale": "en-GB"}, "voice", {EntryKind.GENIQ}),
    "call_menu": (
        {
            "target": ANNAS_NUMBER,
            "menus": {"id": "a", "message": "A", "options": {"key": "1", "value": "a"}},
            "locale": "en-GB",
        },
        "voice",
        {EntryKind.GENIQ},
    ),
    "cancel": ({"id": "m1"}, "cancel", set()),
    "ussd": ({"gateway": "stick", "code": "*100#"}, "ussd", set()),
    "get_balance": ({}, "balance", {EntryKind.GENIQ, EntryKind.SMSGIC, EntryKind.UBILL}),
}
