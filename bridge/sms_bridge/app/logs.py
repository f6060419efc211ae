"""The log: lines for people or JSON objects, on stderr, without texts and full numbers unless they are asked for."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TextIO

from sms_bridge.config.model import LogFormat
from sms_providers.address import redact_numbers

if TYPE_CHECKING:
    from sms_bridge.config.model import LogSettings

#: Attributes of a record that are logging's own; whatever else a record has was given with ``extra``.
_OWN: Final = frozenset(logging.LogRecord("", 0, "", 0, "", None, None).__dict__) | {"message", "asctime"}


Redact = Callable[[str], str]


class TextFormatter(logging.Formatter):
    """One line for people, and a traceback below it. ``redact`` sees all of it."""

    def __init__(self, layout: str, redact: Redact) -> None:
        super().__init__(layout)
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return self._redact(super().format(record))


class JsonFormatter(logging.Formatter):
    """One JSON object per line: time (RFC 3339, UTC), level, logger, message, and what ``extra`` held."""

    def __init__(self, redact: Redact) -> None:
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line = {
            "time": f"{seconds}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._redact(record.getMessage()),
        }
        line |= {
            name: self._redact(str(value)) for name, value in record.__dict__.items() if name not in _OWN
        }
        if record.exc_info:
            line["exception"] = self._redact(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def set_up_logging(settings: LogSettings, stream: TextIO | None = None) -> None:
    """Send the log to ``stream`` (stderr). Where the journal adds the time (systemd.exec(5)), a text line has none."""
    # What our own code logs has no numbers; this is for other people's, and for what slips through.
    redact: Redact = str if settings.texts else redact_numbers
    handler = logging.StreamHandler(stream or sys.stderr)
    if settings.format is LogFormat.JSON:
        handler.setFormatter(JsonFormatter(redact))
    else:
        at = "" if "JOURNAL_STREAM" in os.environ else "%(asctime)s "
        handler.setFormatter(TextFormatter(f"{at}%(levelname)-7s %(name)s: %(message)s", redact))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level.upper())
