"""The log topic: warnings and errors, without texts or numbers."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from sms_bridge.mqtt.errors import PublishRefusedError
from sms_bridge.mqtt.messages import Publication
from sms_bridge.mqtt.values import encode_json
from sms_providers.address import redact_numbers

if TYPE_CHECKING:
    from collections.abc import Callable

#: Records that wait for a connection; older ones are in the bridge's own log.
MOST_WAITING: Final = 100


class LogTopic(logging.Handler):
    """Publishes records of warnings and errors. Records may come from any thread."""

    def __init__(self, topic: str, publish: Callable[[Publication], asyncio.Future[None]]) -> None:
        super().__init__(logging.WARNING)
        self._topic = topic
        self._publish = publish
        self._waiting: deque[bytes] = deque(maxlen=MOST_WAITING)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connected = False
        self._publishing: set[asyncio.Future[None]] = set()

    def start(self) -> None:
        """Take records from now on."""
        self._loop = asyncio.get_running_loop()
        logging.getLogger("sms_bridge").addHandler(self)

    def stop(self) -> None:
        """Take no more records."""
        logging.getLogger("sms_bridge").removeHandler(self)
        self._loop = None

    def connected(self) -> None:
        """Publish what has waited."""
        self._connected = True
        while self._waiting:
            self._send(self._waiting.popleft())

    def disconnected(self) -> None:
        """Let records wait."""
        self._connected = False

    def emit(self, record: logging.LogRecord) -> None:
        """Take one record; its traceback stays in the bridge's own log."""
        entry = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")[:-6] + "Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact_numbers(record.getMessage()).encode(errors="replace").decode(),
        }
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._take, encode_json(entry))

    def _take(self, payload: bytes) -> None:
        if self._connected and len(self._publishing) < MOST_WAITING:
            self._send(payload)
        else:
            self._waiting.append(payload)

    def _send(self, payload: bytes) -> None:
        done = self._publish(Publication(topic=self._topic, payload=payload))
        self._publishing.add(done)
        done.add_done_callback(self._sent)

    def _sent(self, done: asyncio.Future[None]) -> None:
        """A refusal is not logged: the record would be refused too, and so on."""
        self._publishing.discard(done)
        with contextlib.suppress(PublishRefusedError, asyncio.CancelledError):
            done.result()
