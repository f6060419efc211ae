"""What a newcomer reads first agrees with what is there."""

from __future__ import annotations

import re

import pytest

from tests.repo.checkout import ROOT, metadata


def text_of(name: str) -> str:
    """Return a document of the top folder."""
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_readme_begins_with_the_two_commands() -> None:
    programs = re.findall(r"script/\w+", text_of("README.md"))
    assert programs[:2] == ["script/demo", "script/test"]


def test_the_readme_states_the_limits() -> None:
    assert re.search(r"^## .*[Ll]imits", text_of("README.md"), re.MULTILINE)


def test_the_change_log_has_an_entry_for_the_version() -> None:
    version = re.escape(metadata()["project"]["version"])
    assert re.search(rf"^## {version}\b", text_of("CHANGELOG.md"), re.MULTILINE)


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "AGENTS.md", "SECURITY.md", "CHANGELOG.md"])
def test_a_document_links_and_names_only_what_exists(name: str) -> None:
    text = text_of(name)
    links = re.findall(r"\]\((?!\w+:|#)([^)#]+)", text)
    programs = re.findall(r"(?<![\w/])(?:script|\.ci)/\w+", text)
    assert [target for target in [*links, *programs] if not (ROOT / target).exists()] == []
