"""Outbound: one segment at a time into the modem, with certainty about what became of it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from . import commands, replies
from .errors import (
    CMS_NO_SMSC,
    AtFailed,
    CmsError,
    Interrupted,
    ModemError,
    NotSent,
    NotSentReason,
    PortLost,
    ResultError,
    SendUnknown,
)

if TYPE_CHECKING:
    from .at import AtChannel

_LOGGER = logging.getLogger(__name__)

#: 3GPP TS 23.040 clause 9.2.3.6: TP-MR counts modulo 256.
_REFERENCES: Final = 256


class Sender:
    """Submits segments over a channel; ``smsc`` is the configured service centre, if any."""

    def __init__(self, channel: AtChannel, smsc: str | None) -> None:
        self._channel = channel
        self._smsc = smsc
        self._last_mr: int | None = None
        self._keeps_link = False
        self._can_keep_link = True
        self.busy = False

    async def send(self, pdu_hex: str, tpdu_length: int, *, more: bool) -> int:
        """Submit a segment; see ``Modem.send``."""
        self.busy = True
        try:
            if more and self._can_keep_link and not self._keeps_link:
                await self._keep_link()
            lines = await self._channel.execute(commands.submit(pdu_hex, tpdu_length))
        except Interrupted as error:
            raise self._uncertain(error) from error
        except CmsError as error:
            if error.code == CMS_NO_SMSC and self._smsc is not None:
                await self._set_service_centre(self._smsc)
            raise
        finally:
            self.busy = False
        mr = replies.read_submitted(lines)
        if mr is None:
            # Accepted, but its reference was lost on the line: modems count on from the last one.
            mr = self._expected_mr() or 0
        self._last_mr = mr
        return mr

    async def release_link(self) -> None:
        """Let the modem close the radio link after a burst. Raises ``ModemError``."""
        if self._keeps_link and not self.busy:
            self._keeps_link = False
            await self._channel.execute(commands.RELEASE_LINK)

    def _expected_mr(self) -> int | None:
        return None if self._last_mr is None else (self._last_mr + 1) % _REFERENCES

    def _uncertain(self, error: Interrupted) -> ModemError:
        if not error.handed_over:
            reason = NotSentReason.PORT_LOST if isinstance(error, PortLost) else NotSentReason.NO_PROMPT
            return NotSent(reason, str(error))
        expected = self._expected_mr()
        self._last_mr = None
        return SendUnknown(f"It is unknown whether the modem took the message: {error}", expected)

    async def _keep_link(self) -> None:
        try:
            await self._channel.execute(commands.KEEP_LINK)
        except (AtFailed, ResultError):
            self._can_keep_link = False
        else:
            self._keeps_link = True

    async def _set_service_centre(self, number: str) -> None:
        try:
            await self._channel.execute(commands.set_service_centre(number))
        except ModemError as error:
            _LOGGER.warning("The configured service centre could not be set: %s", error)
