"""``docs/providers.md`` says what the clients of the providers do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest

from sms_bridge.config import load
from sms_bridge.config.providers import PROVIDERS as TYPES
from sms_providers import geniosms
from sms_providers.geniq.codes import API_CODES, WHATSAPP_CODES, Effect
from sms_providers.model import Capability, ErrorCode, RefusalClass, refusal_class
from sms_providers.provider import ProviderKind
from sms_providers.registry import PROVIDERS
from sms_providers.ubill import records as ubill_records
from tests.repo.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

GUIDE: Final = (ROOT / "docs" / "providers.md").read_text(encoding="utf-8")
#: What follows a refusal, as the tables call it.
FOLLOWS: Final = {
    RefusalClass.GATEWAY: "next gateway",
    RefusalClass.TEMPORARY: "later",
    RefusalClass.CONTENT: "failed",
}
#: Every code of an answer that refuses, by provider, with ours.
REFUSALS: Final[Mapping[ProviderKind, Mapping[str, ErrorCode]]] = {
    ProviderKind.GENIQ: {
        str(number): code.error
        for number, code in {**API_CODES, **WHATSAPP_CODES}.items()
        if code.effect is not Effect.DONE
    },
    ProviderKind.UBILL: {code: known for code, (known, _) in ubill_records._SEND.items()},
    ProviderKind.GENIOSMS: {code: known for code, (known, _) in geniosms._REFUSALS.items()},
}
#: Codes that do not end a message by themselves, or concern other things than messages.
SPECIAL: Final = {"17", "20", "21", "22", "23", "88", "99"}


def section(title: str) -> str:
    return GUIDE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def rows(text: str) -> Iterator[list[str]]:
    """Each line of every table, as its cells."""
    for line in text.splitlines():
        if line.startswith("| "):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def codes_of(cell: str) -> list[str]:
    numbers = re.findall(r"`(\d+)`", cell)
    if " to " in cell:
        first, last = map(int, numbers)
        return [str(number) for number in range(first, last + 1)]
    return numbers


def test_the_table_of_capabilities_is_that_of_the_clients() -> None:
    table = list(rows(section("What each can do")))
    titles = [title for title in table[0][2:] if title]
    assert titles == [known.title for known in PROVIDERS.values()]
    described: dict[str, list[bool]] = {}
    for cells in table[1:]:
        has = [cell == "yes" for cell in cells[2 : 2 + len(titles)]]
        described |= dict.fromkeys(re.findall(r"`(\w+)`", cells[0]), has)
    real = {
        capability.value: [capability in known.provider.capabilities for known in PROVIDERS.values()]
        for capability in Capability
    }
    assert described == {capability: has for capability, has in real.items() if any(has)}


@pytest.mark.parametrize("kind", ProviderKind)
def test_every_key_and_option_of_a_provider_is_described(kind: ProviderKind) -> None:
    text = section("What holds for all") + section(PROVIDERS[kind].title)
    words = [*map(str, TYPES[kind].section), *PROVIDERS[kind].provider.options]
    assert [word for word in words if re.search(rf"(`|^ +){word}[`:]", text, re.MULTILINE) is None] == []


def test_the_largest_batches_are_those_of_the_clients() -> None:
    (written,) = re.findall(r"^\*\*Batches\.\*\*(?:.+\n)+", GUIDE, re.MULTILINE)
    for known in PROVIDERS.values():
        largest = known.provider.max_batch
        assert f"{known.title} {'one' if largest == 1 else largest}" in " ".join(written.split())


@pytest.mark.parametrize(
    "block", [block for block in re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL) if "type: " in block]
)
def test_every_snippet_is_a_configuration(block: str, tmp_path: Path) -> None:
    file = tmp_path / "sms-bridge.yaml"
    file.write_text(block + section("Where the provider calls").partition("```yaml\n")[2].partition("```")[0])
    secrets = tmp_path / "secrets.yaml"
    secrets.write_text("".join(f"{name}: something\n" for name in re.findall(r"!secret (\w+)", block)))
    secrets.chmod(0o600)
    assert load(file, {}).gateways


@pytest.mark.parametrize("kind", REFUSALS)
def test_every_code_of_a_refusal_is_described_as_it_is_read(kind: ProviderKind) -> None:
    described = {}
    for cells in rows(section(PROVIDERS[kind].title)):
        if len(cells) == len(("code", "ours", "what follows")) and cells[1].startswith("`"):
            for code in codes_of(cells[0]):
                described[code] = cells[1].strip("`")
                follows = FOLLOWS[refusal_class(ErrorCode(described[code]))]
                assert code in SPECIAL or follows in cells[2], code
    known = REFUSALS[kind]
    assert {code: described[code] for code in known if code in described} == {
        code: ours.value for code, ours in known.items()
    }
