"""One GSM modem: brought up, kept up, and brought back by itself."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from .model import ModemStatus
from .trace import Trace

if TYPE_CHECKING:
    from collections.abc import Callable

    from .model import ModemEvents, ModemSettings, PinMemory, StoredAt, UssdReply
    from .transport import Transport


class Modem:
    """A modem as its user sees it: send, delete, USSD, status; everything inbound goes to ``events``."""

    def __init__(
        self,
        settings: ModemSettings,
        transport: Callable[[], Transport],
        events: ModemEvents,
        pins: PinMemory,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._transport = transport
        self._events = events
        self._pins = pins
        self.trace = Trace(now)
        self.status = ModemStatus()

    async def start(self) -> None:
        """Start the supervisor and return at once; the status tells how far it gets. It never gives up."""
        raise NotImplementedError

    async def stop(self, *, finish_within: float) -> None:
        """Finish the segment in the modem's hands, at most ``finish_within`` seconds, and close the port.

        A ``send`` that has not reached the modem ends in ``NotSent``, one that is not answered in time in ``SendUnknown``.
        """
        raise NotImplementedError

    async def restart(self) -> None:
        """Restart the modem (AT+CFUN=1,1) where it answers, and reopen the port; returns when that has begun."""
        raise NotImplementedError

    async def send(self, pdu_hex: str, tpdu_length: int, *, more: bool) -> int:
        """Submit one segment and return its TP-MR (3GPP TS 27.005 clause 4.3, +CMGS).

        ``pdu_hex`` starts with the service centre address (``00`` for the SIM's own), ``tpdu_length`` counts the octets after
        it; ``more`` says that another segment follows at once, so that the modem may keep the radio link open.
        Raises ``CmsError``, ``CmeError`` or ``AtFailed`` (certainly refused), ``NotSent`` (certainly nothing handed over) or
        ``SendUnknown``.
        """
        raise NotImplementedError

    async def delete(self, source: StoredAt, *, pdu_hex: str) -> None:
        """Delete a message from the modem, if ``pdu_hex`` is what was last read at that place.

        Done as well when nothing is there any more, or another message is. Raises ``NotStored`` if that place has not been
        read since the port was opened (the next sweep reads it), or another ``ModemError``.
        """
        raise NotImplementedError

    async def ussd(self, text: str) -> UssdReply:
        """Start a USSD session, such as ``*100#``, and return the network's text. Raises ``ModemError``."""
        raise NotImplementedError

    async def ussd_reply(self, text: str) -> UssdReply:
        """Answer in the open USSD session and return the network's next text. Raises ``ModemError``."""
        raise NotImplementedError

    async def ussd_end(self) -> None:
        """End the open USSD session; nothing happens if there is none. Raises ``ModemError``."""
        raise NotImplementedError

    async def sweep(self) -> None:
        """Read all storages; returns when every message was handed over. Raises ``ModemError``."""
        raise NotImplementedError
