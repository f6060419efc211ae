"""Messages that were just handed to the bridge, until it has said something of each recipient."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from .model import MessageStatus
from .payloads import MalformedError, parse_status

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator, Mapping

    from homeassistant.core import HomeAssistant


class Expected:
    """The first words about one request; ``complete`` ends when there is one of each recipient."""

    def __init__(self, request_id: str, recipients: tuple[str, ...], complete: asyncio.Future[None]) -> None:
        self.complete = complete
        self._request_id = request_id
        grouped = len(recipients) > 1
        #: MQTT contract, section 1: the messages of a group are ``<id>/<n>``, counted from 0.
        self.ids = {
            f"{request_id}/{number}" if grouped else request_id: recipient
            for number, recipient in enumerate(recipients)
        }
        self.found = {
            recipient: MessageStatus(id=message_id, to=recipient, state=None)
            for message_id, recipient in self.ids.items()
        }

    def take(self, status: MessageStatus) -> None:
        """Note a word about one message, or about the request as a whole."""
        about = [status.id] if status.id in self.ids else list(self.ids)
        for message_id in about:
            recipient = self.ids[message_id]
            self.found[recipient] = replace(status, id=message_id, to=recipient)
        if not self.complete.done() and all(known.state is not None for known in self.found.values()):
            self.complete.set_result(None)


class Outgoing:
    """Who waits for which message."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._expected: dict[str, Expected] = {}

    @contextmanager
    def expect(self, request_id: str, recipients: tuple[str, ...]) -> Iterator[Expected]:
        """Wait for words about a request while the context lasts."""
        expected = Expected(request_id, recipients, self._hass.loop.create_future())
        names = {request_id, *expected.ids}
        self._expected |= dict.fromkeys(names, expected)
        try:
            yield expected
        finally:
            for name in names:
                if self._expected.get(name) is expected:
                    del self._expected[name]

    def happened(self, body: Mapping[str, object]) -> None:
        """Take an event; those of other messages are ignored."""
        message_id = body.get("id")
        expected = self._expected.get(message_id) if isinstance(message_id, str) else None
        if expected is not None and "state" in body:
            try:
                expected.take(parse_status(body))
            except MalformedError:
                return  # the stream says so

    def stop(self) -> None:
        """Let nobody wait any longer: what has no word yet stays pending."""
        for expected in set(self._expected.values()):
            if not expected.complete.done():
                expected.complete.set_result(None)
