"""The actions for templates of WhatsApp messages."""

from __future__ import annotations

from dataclasses import fields as fields_of
from typing import TYPE_CHECKING, Any, cast

from ..sms_providers.geniq import Geniq, NewTemplate, TemplateCategory, TemplateFilter
from ..sms_providers.model import Capability
from .account import account_of

if TYPE_CHECKING:
    from homeassistant.core import ServiceCall, ServiceResponse
    from homeassistant.util.json import JsonObjectType


async def create_template(call: ServiceCall) -> ServiceResponse:
    """Submit a template for approval."""
    account = account_of(call, Capability.WHATSAPP_TEMPLATES, Geniq)
    known = {field.name for field in fields_of(NewTemplate)}
    given: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in call.data.items()
        if name in known
    }
    template = NewTemplate(**{**given, "category": TemplateCategory(call.data["category"])})
    with account.asking():
        created = await account.provider.create_template(template)
    return {"name": template.name, "id": created.id or None}


async def list_templates(call: ServiceCall) -> ServiceResponse:
    """A page of the templates, and what became of them."""
    account, fields = account_of(call, Capability.WHATSAPP_TEMPLATES, Geniq), call.data
    known = {field.name for field in fields_of(TemplateFilter)}
    wanted = {name: value for name, value in fields.items() if name in known}
    if "category" in wanted:
        wanted["category"] = TemplateCategory(wanted["category"])
    with account.asking():
        page = await account.provider.list_templates(TemplateFilter(**wanted))
    return {
        "templates": [
            {
                "id": template.id or None,
                "name": template.name,
                "language": template.language,
                "category": template.category,
                "status": template.status,
                "components": [cast("JsonObjectType", dict(part)) for part in template.components],
            }
            for template in page.templates
        ],
        "before": page.before,
        "after": page.after,
    }


async def delete_template(call: ServiceCall) -> ServiceResponse:
    """Delete the templates of a name, or one of them."""
    account, name, template_id = (
        account_of(call, Capability.WHATSAPP_TEMPLATES, Geniq),
        call.data["name"],
        call.data.get("id"),
    )
    with account.asking():
        await account.provider.delete_template(name, template_id)
    return {"name": name, "id": template_id}
