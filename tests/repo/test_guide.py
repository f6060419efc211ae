"""The documents agree with the code: what it has is described, and what they name exists."""

from __future__ import annotations

import importlib
import json
import re
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

import pytest
import yaml

from sms_bridge.config.schema import NAMED, SECTIONS, SINGLE
from sms_bridge.mqtt.send import FIELDS
from sms_bridge.mqtt.settings import ADMIN_COMMANDS
from sms_bridge.routing.events import call_body, dlr_body, incoming_body
from sms_bridge.routing.link import CallEvent
from sms_bridge.routing.requests import AdminCode
from sms_bridge.simulator.faults import FAULTS
from sms_bridge.store.base import Message, Phase
from sms_providers.model import ErrorCode, InboundMessage, State
from tests.repo.checkout import IMPORT_ROOTS, ROOT
from tests.repo.component import COMPONENT, english, fields_of, leaves, read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
#: Peculiarities of modems that the research numbered.
PECULIARITIES = range(1, 54)


@cache
def read(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def guide(name: str) -> str:
    return read(ROOT / "docs" / f"{name}.md")


def undescribed(words: Iterable[str], text: str) -> list[str]:
    """Words that do not occur as code: a word may be followed by its arguments."""
    return [word for word in words if re.search(rf"`{re.escape(word)}[`\s:]", text) is None]


def anchors(document: Path) -> set[str]:
    """The anchors that GitHub makes of headings."""
    headings = re.findall(r"^#+ (.+)$", read(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    dead = []
    for target in re.findall(r"\]\((?!\w+:)([^)]+)\)", read(document)):
        name, _, anchor = target.partition("#")
        file = (document.parent / name).resolve() if name else document
        if not file.exists() or (anchor and anchor not in anchors(file)):
            dead.append(target)
    assert dead == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_yaml_example_can_be_read(document: Path) -> None:
    class Loader(yaml.SafeLoader):
        """Takes tags such as !secret for texts."""

    Loader.add_constructor(None, lambda _loader, node: str(node.value))
    for block in re.findall(r"```yaml\n(.*?)```", read(document), re.DOTALL):
        yaml.load(block, Loader)  # noqa: S506 - a SafeLoader


def test_every_payload_shown_is_json() -> None:
    payloads = re.findall(r"```json\n(.*?)```", guide("mqtt-api"), re.DOTALL)
    assert payloads
    for payload in payloads:
        json.loads(payload)


def test_the_events_shown_have_every_key() -> None:
    shown = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", guide("mqtt-api"), re.DOTALL)]
    message = Message(recipient="", id="", created_at=0, valid_for=1, expires_at=1, route=())
    now = datetime.fromtimestamp(0, UTC)
    received = InboundMessage(originator="", text="", sent_at=now, received_at=now)
    bodies = (
        dlr_body(message, at=0),
        incoming_body("", "", received),
        call_body("", "", CallEvent.RINGING, now),
    )
    for body in bodies:
        assert any(list(event) == [*body, "seq", "epoch"] for event in shown)


def test_the_mqtt_interface_is_described_whole() -> None:
    words = [*FIELDS, *State, *ErrorCode, *ADMIN_COMMANDS, *AdminCode]
    assert undescribed(words, guide("mqtt-api")) == []


def test_every_section_of_the_configuration_is_described() -> None:
    assert undescribed([*SECTIONS, *map(str, SINGLE), *NAMED], guide("install")) == []


def test_every_command_is_described() -> None:
    commands = importlib.import_module("sms_bridge.cli")._COMMANDS
    assert undescribed(commands, guide("install")) == []


def test_every_commit_boundary_and_phase_is_described() -> None:
    code = "\n".join(read(file) for file in IMPORT_ROOTS["sms_bridge"].rglob("*.py"))
    boundaries = re.findall(r'(?:store\.write|commit_surely)\(\s*(?:[\w.]+,\s*)?"(\w+)"', code)
    assert {"accept", "claim", "settle", "received", "published"} <= set(boundaries)
    assert undescribed([*boundaries, *Phase], guide("architecture")) == []


def test_every_fault_of_the_simulator_is_described() -> None:
    assert undescribed(FAULTS, guide("development")) == []


def test_the_files_that_the_architecture_names_exist() -> None:
    table = guide("architecture").partition("## Where to find what")[2].partition("\n## ")[0]
    named = re.findall(r"`([\w/]+(?:\.py|/))`", table)
    package = IMPORT_ROOTS["sms_bridge"]
    assert [name for name in named if not (package / name).exists() and not (ROOT / name).exists()] == []
    assert named


def test_every_peculiarity_of_modems_has_its_handling_and_its_tests() -> None:
    rows = dict(re.findall(r"^\| (\d+) \| (.+) \|$", guide("modems"), re.MULTILINE))
    assert list(map(int, rows)) == list(PECULIARITIES)
    wrong = []
    for number, row in rows.items():
        _, handling, tests = row.split(" | ")
        files = re.findall(r"`(?:[\w/]+/)?\w+\.py", handling)
        names = re.findall(r"`(test_\w+\.py)`", tests)
        mark = f"q{int(number):02d}_"
        folder = ROOT / "tests" / "bridge" / "modem"
        wrong += [(number, name) for name in names if mark not in read(folder / name)]
        if not names and not files:
            wrong.append((number, "neither a test nor a file"))
    assert wrong == []


def test_every_action_and_trigger_of_the_component_is_described_with_its_fields() -> None:
    text = guide("home-assistant")
    missing = []
    for name, described in [*read_yaml("services.yaml").items(), *read_yaml("triggers.yaml").items()]:
        if f"### sms_gateway.{name}\n" not in text or f": sms_gateway.{name}\n" not in text:
            missing.append(name)
        missing += [f"{name}: {field}" for field in undescribed(fields_of(described), text)]
    assert missing == []


def test_every_parameter_option_entity_and_repair_of_the_component_is_described() -> None:
    described = english()
    forms = [*described["config"]["step"].values(), described["options"]["step"]["init"]]
    for subentry in described["config_subentries"].values():
        forms += subentry["step"].values()
    forms += [section for form in forms for section in form.get("sections", {}).values()]
    words = [
        *(field for form in forms for field in form.get("data", {})),
        *(key for entities in described["entity"].values() for key in entities),
        *described["issues"],
    ]
    assert undescribed(words, guide("home-assistant")) == []


def test_every_bus_event_of_the_component_is_described() -> None:
    events = re.findall(r'^EVENT_\w+: Final = "(\w+)"', read(COMPONENT / "const.py"), re.MULTILINE)
    assert events
    assert undescribed(events, guide("home-assistant")) == []


def test_the_errors_quoted_for_the_component_are_its_own() -> None:
    known = [text for _, text in leaves(english())]
    table = guide("home-assistant").partition("| it says | what it means |")[2].partition("\n## ")[0]
    quoted = [
        [part.strip() for part in text.split("…") if part.strip()]
        for text in re.findall(r'^\| "([^"]+)"', table, re.MULTILINE)
    ]
    assert quoted
    assert [parts for parts in quoted if not any(all(part in text for part in parts) for text in known)] == []
