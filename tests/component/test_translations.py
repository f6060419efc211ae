"""Code and documents agree: every text, action, trigger and icon that is used is there, and none that is not."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import voluptuous as vol
from homeassistant.const import ATTR_DEVICE_CLASS
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.icon import async_get_icons
from homeassistant.helpers.service import _SERVICES_SCHEMA as SERVICES_SCHEMA
from homeassistant.helpers.translation import async_get_translations
from homeassistant.helpers.trigger import async_get_all_descriptions as async_get_triggers
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import load_yaml_dict

from custom_components.sms_gateway.backend.model import PHONE, GatewayState
from custom_components.sms_gateway.const import DOMAIN
from tests.component.bridge import Gateway
from tests.component.sources import calls_with, literals, names, nodes, words
from tests.repo.component import COMPONENT, english, fields_of, leaves, read_json, read_yaml

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from tests.component.bridge import FakeBridge

#: Reasons that Home Assistant itself gives for ending a flow.
REASONS_OF_HOME_ASSISTANT = {
    "already_configured",
    "already_in_progress",
    "reauth_successful",
    "reconfigure_successful",
}
#: Where an action on entities takes place; Home Assistant describes these itself.
TARGETS = {"entity_id", "device_id", "area_id", "floor_id", "label_id"}


def test_every_exception_has_its_text_and_no_text_is_left_over() -> None:
    raised = {
        key
        for _, given in calls_with("translation_domain", "translation_key")
        for key in literals(given["translation_key"])
    }
    assert raised - set(english()["exceptions"]) == set()
    assert set(english()["exceptions"]) - words() == set()


def test_every_exception_is_given_the_values_its_text_needs() -> None:
    wrong = []
    for place, given in calls_with("translation_domain", "translation_key"):
        values = given.get("translation_placeholders", ast.Dict(keys=[], values=[]))
        if not isinstance(values, ast.Dict) or None in values.keys:
            continue
        known = {key for node in values.keys if node is not None for key in literals(node)}
        for key in literals(given["translation_key"]):
            text = english()["exceptions"][key]["message"]
            if set(re.findall(r"\{(\w+)\}", text)) != known:
                wrong.append(f"{place}: {key}")
    assert wrong == []


def test_no_notice_and_no_message_of_a_flow_is_left_over() -> None:
    flows = [english()["config"], english()["options"], *english()["config_subentries"].values()]
    flows += [issue["fix_flow"] for issue in english()["issues"].values() if "fix_flow" in issue]
    told = {key for flow in flows for kind in ("error", "abort") for key in flow.get(kind, {})}
    assert told - REASONS_OF_HOME_ASSISTANT - words() == set()
    assert set(english()["issues"]) - words() == set()


def test_every_integration_that_is_imported_is_a_dependency() -> None:
    manifest = read_json("manifest.json")
    declared = {*manifest["dependencies"], *manifest["after_dependencies"]}
    # Home Assistant always has those that have platforms of ours.
    platforms = {file.stem for file in COMPONENT.glob("*.py")}
    imported = set()
    for _, node in nodes():
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("homeassistant.components"):
            imported |= {f"{node.module}.{name.name}".split(".")[2] for name in node.names}
    assert imported - platforms - declared == set()


async def test_described_are_the_actions_that_there_are(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    assert set(hass.services.async_services_for_domain(DOMAIN)) == set(read_yaml("services.yaml"))
    SERVICES_SCHEMA(load_yaml_dict(str(COMPONENT / "services.yaml")))


async def test_every_field_of_an_action_is_one_that_it_takes(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    wrong = []
    for name, service in hass.services.async_services_for_domain(DOMAIN).items():
        fields = set(fields_of(read_yaml("services.yaml")[name]))
        taken = {str(key) for key in _keys(service.schema)} - {
            "entity_id",
            "device_id",
            "area_id",
            "floor_id",
            "label_id",
        }
        if fields != taken:
            wrong.append(f"{name}: {sorted(fields ^ taken)}")
    assert wrong == []


def _keys(schema: object) -> list[object]:
    """The keys of an action's schema, which may be wrapped, or one of several checks."""
    if isinstance(schema, dict):
        return [key for key in schema if not isinstance(key, vol.Remove)]
    inner = getattr(schema, "validators", None) or [getattr(schema, "schema", None)]
    return next((keys for part in inner if part is not None and (keys := _keys(part))), [])


async def test_described_are_the_triggers_that_there_are(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    described = await async_get_triggers(hass)

    ours = {name.removeprefix(f"{DOMAIN}.") for name in described if name.startswith(f"{DOMAIN}.")}
    assert ours == set(read_yaml("triggers.yaml"))
    assert all(described[f"{DOMAIN}.{name}"] is not None for name in ours)


async def test_every_entity_has_a_name_and_a_picture(
    hass: HomeAssistant, bridge: FakeBridge, loaded: MockConfigEntry, entity_registry: er.EntityRegistry
) -> None:
    bridge.add_gateway("attic", Gateway())
    bridge.show_gateway("attic", balance={"amount": "12.40", "currency": "EUR"}, battery=70)
    await bridge.settle()
    coordinator = loaded.runtime_data.coordinator
    phone = GatewayState(name="pixel", kind=PHONE, last_seen=dt_util.utcnow(), sims="SIM 1", firmware="1.2")
    # Only accounts have phones; what shows them is the same.
    coordinator.snapshot_changed(
        replace(coordinator.data, gateways={**coordinator.data.gateways, "pixel": phone})
    )
    await hass.async_block_till_done()
    entities = er.async_entries_for_config_entry(entity_registry, loaded.entry_id)
    assert len(entities) > 20

    icons = (await async_get_icons(hass, "entity", [DOMAIN]))[DOMAIN]
    for entity in entities:
        if entity.translation_key is None:
            assert entity.original_device_class is not None, entity.entity_id
            continue
        assert entity.translation_key in icons[entity.domain], entity.entity_id
        if entity.has_entity_name and entity.domain != "notify":
            assert english()["entity"][entity.domain][entity.translation_key]["name"] == entity.original_name

    used = {(entity.domain, entity.translation_key) for entity in entities}
    texts = {(domain, key) for domain, keys in english()["entity"].items() for key in keys}
    assert texts - used == set()
    assert {(domain, key) for domain, keys in icons.items() for key in keys} - used == set()
    assert ATTR_DEVICE_CLASS not in {key for _, key in used}


async def test_home_assistant_can_read_every_text(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    for category, texts in english().items():
        found = await async_get_translations(hass, "en", category, [DOMAIN])
        ours = {place for place in found if place.startswith(f"component.{DOMAIN}.{category}.")}
        assert len(ours) == len(list(leaves(texts))), category


@pytest.mark.parametrize(
    ("rule", "used"),
    [
        ("docs-conditions", "async_get_conditions"),
        ("reauthentication-flow", "async_step_reauth"),
        ("inject-websession", "async_create_clientsession"),
        ("appropriate-polling", "SHORTEST_POLL_INTERVAL"),
    ],
)
def test_a_rule_of_the_quality_scale_is_exempt_only_while_it_has_no_object(rule: str, used: str) -> None:
    exempt = read_yaml("quality_scale.yaml")["rules"][rule] != "done"
    assert exempt == (used not in names())


@pytest.mark.parametrize("rule", ["dependency-transparency", "async-dependency"])
def test_a_rule_about_libraries_is_exempt_only_while_there_is_none(rule: str) -> None:
    exempt = read_yaml("quality_scale.yaml")["rules"][rule] != "done"
    assert exempt == (read_json("manifest.json")["requirements"] == [])


def test_every_platform_says_how_many_updates_run_at_once() -> None:
    platforms = {file.name for file in COMPONENT.glob("*.py")} & {
        "binary_sensor.py",
        "button.py",
        "event.py",
        "notify.py",
        "sensor.py",
    }
    declared = {
        file
        for file, node in nodes()
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and target.id == "PARALLEL_UPDATES"
    }
    assert platforms - declared == set()
