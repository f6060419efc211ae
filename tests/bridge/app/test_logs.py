"""The log: two formats, and no numbers in either."""

from __future__ import annotations

import io
import json
import logging
from typing import TYPE_CHECKING

import pytest

from sms_bridge.app.logs import set_up_logging
from sms_bridge.config import LogFormat, LogSettings

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def own_root() -> Iterator[None]:
    """Other tests keep their log."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def logged(settings: LogSettings, *, fail: bool = False) -> str:
    stream = io.StringIO()
    set_up_logging(settings, stream)
    logger = logging.getLogger("some.library")
    logger.debug("too fine")
    logger.warning("sent to %s", "+491701234567", extra={"gateway": "stick", "to": "+491701234567"})
    if fail:
        error = ValueError("refused +491701234567")
        logger.error("failed", exc_info=error)
    return stream.getvalue()


def test_a_line_for_people_has_time_level_and_logger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    line = logged(LogSettings())
    assert line.endswith(" WARNING some.library: sent to +49…567\n")
    assert line.startswith("20")


def test_the_journal_adds_the_time_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    assert logged(LogSettings()) == "WARNING some.library: sent to +49…567\n"


def test_a_line_for_programs_is_one_json_object() -> None:
    entry = json.loads(logged(LogSettings(format=LogFormat.JSON)))
    assert entry.pop("time").endswith("Z")
    assert entry == {
        "level": "warning",
        "logger": "some.library",
        "message": "sent to +49…567",
        "gateway": "stick",
        "to": "+49…567",
    }


@pytest.mark.parametrize("form", list(LogFormat))
def test_a_traceback_has_no_numbers_either(form: LogFormat) -> None:
    text = logged(LogSettings(format=form), fail=True)
    assert "ValueError: refused +49…567" in text
    assert "1701234567" not in text


@pytest.mark.parametrize("form", list(LogFormat))
def test_numbers_appear_only_where_they_are_asked_for(form: LogFormat) -> None:
    assert "+491701234567" in logged(LogSettings(format=form, texts=True))


@pytest.mark.parametrize("form", list(LogFormat))
def test_a_line_that_cannot_be_formatted_disturbs_nobody(
    form: LogFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logging(LogSettings(format=form), io.StringIO())
    logging.getLogger("some.library").warning("%d", "no number")
    assert "--- Logging error ---" in capsys.readouterr().err


def test_the_level_is_the_least_that_is_logged() -> None:
    assert "too fine" in logged(LogSettings(level="debug"))
    assert logged(LogSettings(level="error")) == ""
