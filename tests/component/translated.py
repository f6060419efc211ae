"""Checks that every step of a flow that a test sees is in the user's language."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import (
    ConfigEntriesFlowManager,
    ConfigSubentryFlowManager,
    OptionsFlowManager,
)
from homeassistant.data_entry_flow import FlowManager, FlowResultType, section
from homeassistant.helpers import issue_registry as ir

from custom_components.sms_gateway.const import DOMAIN
from tests.repo.component import english

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest
    from homeassistant.data_entry_flow import FlowHandler, FlowResult


def check_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail any test in which a flow of this integration shows something without its text."""
    handle = FlowManager._async_handle_step

    async def handle_and_check(
        manager: FlowManager[Any, Any, Any],
        flow: FlowHandler[Any, Any, Any],
        step_id: str,
        user_input: dict[str, Any] | None,
    ) -> FlowResult[Any, Any]:
        result: FlowResult[Any, Any] = await handle(manager, flow, step_id, user_input)
        texts = _texts_of(manager, flow)
        if texts is not None:
            _check(result, texts)
        return result

    monkeypatch.setattr(FlowManager, "_async_handle_step", handle_and_check)


def _texts_of(
    manager: FlowManager[Any, Any, Any], flow: FlowHandler[Any, Any, Any]
) -> Mapping[str, Any] | None:
    """The texts of a flow, ``None`` for a flow of another integration."""
    if isinstance(manager, ConfigEntriesFlowManager):
        return english()["config"] if flow.handler == DOMAIN else None
    if isinstance(manager, OptionsFlowManager):
        entry = manager.hass.config_entries.async_get_known_entry(flow.handler)
        return english()["options"] if entry.domain == DOMAIN else None
    if isinstance(manager, ConfigSubentryFlowManager):
        entry = manager.hass.config_entries.async_get_known_entry(flow.handler[0])
        return english()["config_subentries"][flow.handler[1]] if entry.domain == DOMAIN else None
    issue = ir.async_get(manager.hass).async_get_issue(flow.handler, flow.context["issue_id"])
    return (
        english()["issues"][issue.translation_key]["fix_flow"] if issue and flow.handler == DOMAIN else None
    )


def _check(result: Mapping[str, Any], texts: Mapping[str, Any]) -> None:
    given = result.get("description_placeholders") or {}
    shown: list[str] = []
    match result["type"]:
        case FlowResultType.FORM:
            step = texts["step"][result["step_id"]]
            _check_fields(result["data_schema"].schema if result["data_schema"] else {}, step)
            shown = [step["title"], step.get("description", "")]
            shown += [texts["error"][error] for error in (result["errors"] or {}).values()]
        case FlowResultType.MENU:
            step = texts["step"][result["step_id"]]
            assert set(result["menu_options"]) & set(step["menu_options"])
            shown = [step["title"]]
        case FlowResultType.ABORT:
            shown = [texts["abort"][result["reason"]]]
    for text in shown:
        assert set(re.findall(r"\{(\w+)\}", text)) <= set(given), f"{text} lacks one of its values"


def _check_fields(schema: Mapping[Any, Any], step: Mapping[str, Any]) -> None:
    for key, field in schema.items():
        if isinstance(field, section):
            texts = step["sections"][str(key)]
            assert {"name", "description"} <= set(texts)
            _check_fields(field.schema.schema, texts)
        else:
            assert step["data"][str(key)]
            assert step["data_description"][str(key)]
