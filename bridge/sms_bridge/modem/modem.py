"""One GSM modem: brought up, kept up, and brought back by itself."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from typing import TYPE_CHECKING, Final

from .errors import AtTimeout, ModemError, NotReady, NotSent, NotSentReason, SimError
from .model import Phase
from .session import Session
from .status import StatusBoard
from .trace import Trace, TracedTransport

if TYPE_CHECKING:
    from collections.abc import Callable

    from .model import ModemEvents, ModemSettings, ModemStatus, PinMemory, StoredAt, UssdReply
    from .receiver import Receiver
    from .transport import Transport
    from .ussd import Ussd

_LOGGER = logging.getLogger(__name__)

#: First and longest pause before the port is opened again, in seconds.
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 30.0
#: Bit rates of modems that do not find the rate by themselves, tried in turn while nothing answers.
_BAUDRATES: Final = (115200, 9600, 57600, 19200)


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
        self._board = StatusBoard(events.status_changed)
        self._session: Session | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._sending: set[asyncio.Future[None]] = set()
        self._stopping = False
        self._blocked = NotSentReason.OFFLINE
        self._skip_pause = asyncio.Event()
        self.trace = Trace(now)

    @property
    def status(self) -> ModemStatus:
        """A snapshot of the status."""
        return self._board.status

    async def start(self) -> None:
        """Start the supervisor and return at once; the status tells how far it gets. It never gives up."""
        self._stopping = False
        self._supervisor = asyncio.create_task(self._supervise(), name=f"modem {self._settings.port}")

    async def stop(self, *, finish_within: float) -> None:
        """Finish the segment in the modem's hands, at most ``finish_within`` seconds, and close the port.

        A ``send`` that has not reached the modem ends in ``NotSent``, one not answered in time in ``SendUnknown``.
        """
        self._stopping = True
        if self._sending:
            await asyncio.wait(self._sending, timeout=finish_within)
        if self._supervisor is not None:
            self._supervisor.cancel()
            await asyncio.wait({self._supervisor})
            self._supervisor = None
        if self._sending:
            # The closed port has ended them; let them tell.
            await asyncio.wait(self._sending)
        self._board.update(
            phase=Phase.OFFLINE,
            detail=None,
            registration=None,
            operator=None,
            technology=None,
            signal_dbm=None,
        )

    async def restart(self) -> None:
        """Restart the modem (AT+CFUN=1,1) where it answers, and prepare it anew; returns when that has begun."""
        self.trace.note("restart asked for")
        self._skip_pause.set()
        session = self._session
        if session is not None:
            await session.restart()

    async def send(self, pdu_hex: str, tpdu_length: int, *, more: bool) -> int:
        """Submit one segment and return its TP-MR (3GPP TS 27.005 clause 4.3, +CMGS).

        ``pdu_hex`` starts with the service centre address (``00`` for the SIM's own), ``tpdu_length`` counts the
        octets after it; ``more`` says that another segment follows at once, so that the modem may keep the radio link
        open. Raises ``CmsError``, ``CmeError`` or ``AtFailed`` (certainly refused), ``NotSent`` (certainly nothing
        handed over) or ``SendUnknown``. Cancelling it does not take back what the modem has.
        """
        session = self._session
        sender = session.sender if session is not None else None
        if self._stopping:
            raise NotSent(NotSentReason.STOPPING, "The gateway is being stopped.")
        if session is None or sender is None or self.status.phase is not Phase.READY:
            raise NotSent(self._why_not_ready(), self.status.detail or "The modem is not ready.")
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sending.add(done)
        try:
            return await session.send(sender, pdu_hex, tpdu_length, more=more)
        finally:
            self._sending.discard(done)
            done.set_result(None)

    async def delete(self, source: StoredAt, *, pdu_hex: str) -> None:
        """Delete a message from the modem, if ``pdu_hex`` is what was last read at that place.

        Done as well when nothing is there any more, or another message is. Raises ``NotStored`` if that place has not
        been read since the port was opened (the next sweep reads it), or another ``ModemError``.
        """
        await self._receiver().delete(source, pdu_hex)

    async def ussd(self, text: str) -> UssdReply:
        """Start a USSD session, such as ``*100#``, and return the network's text. Raises ``ModemError``."""
        return await self._ussd().request(text)

    async def ussd_reply(self, text: str) -> UssdReply:
        """Answer in the open USSD session and return the network's next text. Raises ``ModemError``."""
        return await self._ussd().reply(text)

    async def ussd_end(self) -> None:
        """End the open USSD session; nothing happens if there is none. Raises ``ModemError``."""
        await self._ussd().end()

    async def sweep(self) -> None:
        """Read all storages; returns when every message was handed over. Raises ``ModemError``."""
        await self._receiver().sweep()

    # --- what is ready

    def _receiver(self) -> Receiver:
        receiver = self._session.receiver if self._session is not None else None
        if receiver is None:
            raise NotReady(self.status.detail or "The modem is not ready.")
        return receiver

    def _ussd(self) -> Ussd:
        ussd = self._session.ussd if self._session is not None else None
        if ussd is None or self.status.phase is not Phase.READY:
            raise NotReady(self.status.detail or "The modem is not ready.")
        return ussd

    def _why_not_ready(self) -> NotSentReason:
        phase = self.status.phase
        if phase is Phase.REGISTERING:
            return NotSentReason.NOT_REGISTERED
        return NotSentReason.SIM if phase is Phase.SIM else self._blocked

    # --- supervision

    async def _supervise(self) -> None:
        pause = _FIRST_PAUSE
        baudrates = [
            self._settings.baudrate,
            *(rate for rate in _BAUDRATES if rate != self._settings.baudrate),
        ]
        winner = None
        while True:
            transport = TracedTransport(self._transport(), self.trace)
            session = Session(
                self._settings, transport, self._events, self._pins, board=self._board, ussd_winner=winner
            )
            self._session = session
            self._skip_pause.clear()
            try:
                await session.run(baudrates[0])
            except ModemError as error:
                if isinstance(error, AtTimeout) and self.status.phase is Phase.SYNC:
                    baudrates.append(baudrates.pop(0))
                self._failed(error, str(error))
            except Exception as error:
                # A fault of ours in one session must not end the supervision of the modem.
                _LOGGER.exception("The modem's session ended by a fault of the program.")
                self._failed(error, "The program has a fault; its log tells more. The modem is opened again.")
            finally:
                self._session = None
            winner = session.ussd_winner
            pause = _FIRST_PAUSE if session.was_ready else min(pause * 2, _LONGEST_PAUSE)
            await self._wait(pause * random.uniform(0.75, 1.0))

    def _failed(self, error: Exception, detail: str) -> None:
        self._blocked = NotSentReason.SIM if isinstance(error, SimError) else NotSentReason.OFFLINE
        self.trace.note(detail)
        self._board.update(
            phase=Phase.ERROR,
            detail=detail,
            registration=None,
            operator=None,
            technology=None,
            signal_dbm=None,
        )

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._skip_pause.wait()
        except TimeoutError:
            return
