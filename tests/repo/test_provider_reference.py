"""The table of the providers' interfaces names real places, and the comparison with a run finds what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.repo.provider_reference import SOURCES, TABLE, Entry, compare, main, read_met, rows

if TYPE_CHECKING:
    from pathlib import Path

SMALL = """\
## Some (`some`)

| endpoint | parameters | where |
|---|---|---|
| `POST /sms` | `to` | `some.py` |

| codes | values | where |
|---|---|---|
| `api` | `0` `1` | `some.py` |

| callback | fields | where |
|---|---|---|
| `dlr` | `id` | `some.py` |

| not used | parameters | why |
|---|---|---|
| `GET /sms` | as with POST | a repeated GET is a second SMS |

| beyond the document | names | why |
|---|---|---|
| `code` | `http 302` `word *` | without its header |
"""
WHOLE = {
    Entry("some", "endpoint", "POST /sms"),
    Entry("some", "parameter", "POST /sms to"),
    Entry("some", "code", "api 0"),
    Entry("some", "code", "api 1"),
    Entry("some", "callback", "callback dlr"),
    Entry("some", "callback", "callback dlr id"),
}


def test_what_is_in_the_table_and_nothing_else_was_met() -> None:
    difference = compare(
        SMALL, {*WHOLE, Entry("some", "code", "http 302"), Entry("some", "code", "word any")}
    )
    assert (difference.never_met, difference.not_in_the_table) == ([], [])


@pytest.mark.parametrize("entry", sorted(WHOLE))
def test_what_nobody_met_is_found(entry: Entry) -> None:
    assert compare(SMALL, WHOLE - {entry}).never_met == [entry]


def test_what_the_table_does_not_know_is_found() -> None:
    strange = Entry("some", "parameter", "POST /sms colour")
    assert compare(SMALL, {*WHOLE, strange}).not_in_the_table == [strange]


def test_a_run_is_read_from_the_files_of_all_its_processes(tmp_path: Path) -> None:
    (tmp_path / "met-1.tsv").write_text("some\tcode\tapi 0\n")
    (tmp_path / "met-2.tsv").write_text("some\tcode\tapi 1\nsome\tcode\tapi 0\n")
    assert read_met(tmp_path) == {Entry("some", "code", "api 0"), Entry("some", "code", "api 1")}
    assert main(str(tmp_path)) == 1


def test_every_provider_has_its_tables() -> None:
    found = {row.provider for row in rows(TABLE.read_text("utf-8"))}
    assert found == {"geniq", "smsgic", "ubill", "smsgateway24", "geniosms"}


@pytest.mark.parametrize(
    ("provider", "place"),
    sorted(
        {
            (row.provider, place)
            for row in rows(TABLE.read_text("utf-8"))
            if row.heading in {"endpoint", "codes", "callback"}
            for place in row.where
        }
    ),
)
def test_every_place_in_the_table_exists_and_knows_what_it_is_said_to(provider: str, place: str) -> None:
    assert place.startswith(provider)
    assert (SOURCES / place).is_file()
