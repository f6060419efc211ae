"""The log: lines for people or JSON objects, on stderr, without texts and full numbers unless they are asked for."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from typing import TYPE_CHECKING, Final, TextIO

from sms_bridge.config.model import LogFormat
from sms_providers.address import redact_numbers

if TYPE_CHECKING:
    from sms_bridge.config.model import LogSettings

#: Attributes of a record that are logging's own; whatever else a record has was given with ``extra``.
_OWN: Final = frozenset(logging.LogRecord("", 0, "", 0, "", None, None).__dict__) | {"message", "asctime"}


class Redactor(logging.Filter):
    """Removes numbers from what other people's code logs, and from our own should one slip through."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record; every record passes."""
        record.msg = redact_numbers(record.getMessage())
        record.args = None
        for name in record.__dict__.keys() - _OWN:
            record.__dict__[name] = redact_numbers(str(record.__dict__[name]))
        if record.exc_info and not record.exc_text:
            record.exc_text = redact_numbers(logging.Formatter().formatException(record.exc_info))
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object per line: time (RFC 3339, UTC), level, logger, message, and what ``extra`` held."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, object] = {
            "time": f"{seconds}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: value for name, value in record.__dict__.items() if name not in _OWN}
        if record.exc_info:
            line["exception"] = record.exc_text or self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def set_up_logging(settings: LogSettings, stream: TextIO | None = None) -> None:
    """Send the log to ``stream`` (stderr). Where the journal adds the time (systemd.exec(5)), a text line has none."""
    handler = logging.StreamHandler(stream or sys.stderr)
    if settings.format is LogFormat.JSON:
        handler.setFormatter(JsonFormatter())
    else:
        at = "" if "JOURNAL_STREAM" in os.environ else "%(asctime)s "
        handler.setFormatter(logging.Formatter(f"{at}%(levelname)-7s %(name)s: %(message)s"))
    if not settings.texts:
        handler.addFilter(Redactor())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level.upper())
