"""One open port, from opening to loss: bring-up, then reception, sending, USSD, calls and observation side by side."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING, Final

from . import commands
from .at import AtChannel
from .bringup import BringUp
from .calls import Calls
from .errors import AtFailed, AtTimeout, CmsError, Interrupted, ModemError, PortLost, Rebooted, ResultError
from .model import OnCall, Phase, Registration, Roaming
from .receiver import Receiver
from .registration import Observer
from .sender import Sender
from .urc import (
    CallEnded,
    CallerId,
    MemoryFull,
    MessageDelivered,
    MessageStored,
    ModemRestarted,
    RegistrationChanged,
    Ring,
    SimChanged,
    UssdReceived,
)
from .ussd import Ussd

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from .bringup import Prepared
    from .model import ModemEvents, ModemSettings, PinMemory
    from .profiles import UssdEncoding
    from .registration import Observation
    from .status import StatusBoard
    from .transport import Transport
    from .urc import Urc

_LOGGER = logging.getLogger(__name__)

#: "Call Ready" and its like follow a normal start within this many seconds; later they mean another start.
_START_NOTICES: Final = 60.0
#: How long a restart waits for the command before it, in seconds.
_RESTART_WITHIN: Final = 10.0
#: Pause after a modem's restart before it is spoken to, in seconds.
_AFTER_RESTART: Final = 2.0
#: Most messages kept until the modem is prepared; each has at most 176 octets.
_MOST_EARLY: Final = 1000
#: CMS codes by which networks refuse messages of a modem that has LTE but no way for messages over it.
_NO_SMS_OVER_LTE: Final = frozenset({331, 332, 500})


class Session:
    """Runs one opened transport; ``ussd_winner`` is the way of writing USSD strings that worked before, if known."""

    def __init__(
        self,
        settings: ModemSettings,
        transport: Transport,
        events: ModemEvents,
        pins: PinMemory,
        *,
        board: StatusBoard,
        ussd_winner: UssdEncoding | None,
    ) -> None:
        self._settings = settings
        self._transport = transport
        self._events = events
        self._pins = pins
        self._board = board
        self.ussd_winner = ussd_winner
        self._channel: AtChannel | None = None
        self._ended: asyncio.Future[None] | None = None
        self._prepared_at: float | None = None
        self._observer: Observer | None = None
        self._calls: Calls | None = None
        self._hint: str | None = None
        self._hint_text: str | None = None
        #: Messages that were delivered directly before the modem was prepared.
        self._early: deque[MessageDelivered] = deque(maxlen=_MOST_EARLY)
        self._tasks: set[asyncio.Task[None]] = set()
        self.sender: Sender | None = None
        self.receiver: Receiver | None = None
        self.ussd: Ussd | None = None
        #: Whether the modem was prepared at least once.
        self.was_ready = False

    async def run(self, baudrate: int) -> None:
        """Open the port and work until it is lost; always ends by raising. Raises ``ModemError``."""
        settings = self._settings
        self._board.update(phase=Phase.OPENING, detail=None)
        channel = AtChannel(
            self._transport.write,
            settings.timeouts,
            on_urc=self._take,
            on_late=self._events.late_reply,
            on_dead=self._silent,
            on_echo=self._echoed,
        )
        self._channel = channel
        self._ended = asyncio.get_running_loop().create_future()
        try:
            await self._transport.open(baudrate, channel.feed, self._lost)
            may_restart = True
            while True:
                try:
                    await self._until_ended(self._cycle(channel, may_restart=may_restart))
                except Rebooted as reason:
                    may_restart = False
                    self._board.update(phase=Phase.SYNC, detail=str(reason))
                    self._ended = asyncio.get_running_loop().create_future()
                    await self._until_ended(asyncio.sleep(_AFTER_RESTART))
        finally:
            channel.close("The port was closed.")
            await self._transport.close()
            for task in self._tasks:
                task.cancel()

    async def restart(self) -> None:
        """Restart the modem and prepare it anew; returns when that has begun. Raises ``ModemError``."""
        if self._channel is None:
            return
        try:
            async with asyncio.timeout(_RESTART_WITHIN):
                await self._channel.execute(commands.RESTART)
        except TimeoutError:
            _LOGGER.info("The modem is busy; it is prepared anew without a restart.")
        except (AtFailed, ResultError) as error:
            _LOGGER.info("The modem refuses to restart (%s); it is prepared anew all the same.", error)
        self._reboot("The modem is being restarted.")

    async def send(self, sender: Sender, pdu_hex: str, tpdu_length: int, *, more: bool) -> int:
        """Submit a segment; see ``Modem.send``."""
        try:
            mr = await sender.send(pdu_hex, tpdu_length, more=more)
        except CmsError as error:
            if error.code in _NO_SMS_OVER_LTE:
                self._suspect_lte()
            raise
        if self._hint is not None:
            self._hint = None
            self._describe()
        return mr

    # --- the life of a session

    async def _until_ended(self, work: Coroutine[None, None, None]) -> None:
        """Do the work unless the session ends before; raise what ended it."""
        ended = self._ended
        if ended is None:
            work.close()
            return
        task = asyncio.ensure_future(work)
        try:
            await asyncio.wait({task, ended}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task})
        if ended.done():
            if not task.cancelled():
                task.exception()
            ended.result()
        task.result()

    async def _cycle(self, channel: AtChannel, *, may_restart: bool) -> None:
        settings = self._settings
        channel.echo_is_off = False
        prepared = await BringUp(channel, settings, self._pins, self._board, may_restart=may_restart).run()
        self._prepare(channel, prepared)
        detail = self._detail(Phase.REGISTERING, None)
        self._board.update(phase=Phase.REGISTERING, registration=None, detail=detail)
        try:
            async with asyncio.TaskGroup() as group:
                if self.receiver is not None:
                    group.create_task(self.receiver.run())
                if self._observer is not None:
                    group.create_task(self._observer.run())
        finally:
            channel.echo_is_off = False
            if self.ussd is not None:
                self.ussd_winner = self.ussd.winner
            if self._calls is not None:
                self._calls.close()
            self.sender = self.receiver = self.ussd = None
            self._observer = self._calls = None
            self._prepared_at = None

    def _prepare(self, channel: AtChannel, prepared: Prepared) -> None:
        settings = self._settings
        self.receiver = Receiver(
            channel,
            prepared.storages,
            self._events,
            prepared.profile,
            sim=prepared.sim,
            acknowledge=prepared.acknowledge,
            indications=self._board.status.cnmi,
            interval=settings.sweep_interval,
        )
        while self._early:
            self.receiver.announce(self._early.popleft())
        self.sender = Sender(channel, settings.smsc)
        self.ussd = Ussd(channel, prepared.profile.ussd, settings.timeouts.ussd)
        self.ussd.winner = self.ussd_winner
        self._calls = Calls(self._events.call, self._hang_up)
        self._observer = Observer(
            channel,
            settings.poll_interval,
            report=self._observed,
            locked=self._locked,
            after_round=self.sender.release_link,
        )
        self._hint_text = prepared.profile.ims_hint
        self.was_ready = True
        channel.echo_is_off = prepared.echo_is_off
        self._prepared_at = asyncio.get_running_loop().time()

    # --- what ends it

    def _end(self, error: ModemError) -> None:
        if self._ended is not None and not self._ended.done():
            self._ended.set_exception(error)
            # Whoever waits gets it; if nobody does, that is no fault.
            self._ended.exception()

    def _lost(self, error: Exception | None) -> None:
        detail = "The connection to the modem was lost: look at its cable and power."
        _LOGGER.info("The port is lost%s", f": {error}" if error else "")
        if self._channel is not None:
            self._channel.close(detail)
        self._end(PortLost(detail))

    def _silent(self) -> None:
        detail = (
            "The modem does not answer AT commands: look at its power and baud rate, and whether this is its AT port "
            "(with several ports often -if02 or -if03)."
        )
        if self._channel is not None:
            self._channel.close(detail)
        self._end(AtTimeout(detail))

    def _echoed(self) -> None:
        # It has lost its settings, and might take a PDU for a text.
        self._reboot("The modem has restarted in silence: its power supply may be too weak.")

    def _locked(self) -> None:
        self._reboot("The SIM is locked again: the modem has restarted in silence.")

    def _reboot(self, detail: str) -> None:
        if self._channel is not None:
            self._channel.interrupt(Rebooted, detail)
        self._end(Rebooted(detail))

    # --- URCs

    def _take(self, urc: Urc) -> None:
        match urc:
            case MessageStored() | MessageDelivered() if self.receiver is not None:
                self.receiver.announce(urc)
            case MessageDelivered():
                self._early.append(urc)
            case MemoryFull() if self.receiver is not None:
                self.receiver.request_sweep()
            case UssdReceived() if self.ussd is not None:
                self.ussd.received(urc)
            case Ring() | CallerId() | CallEnded() if self._calls is not None:
                self._calls.take(urc)
            case RegistrationChanged() if self._observer is not None:
                self._observer.poke()
            case SimChanged() | ModemRestarted():
                self._take_change(urc)
            case _:
                _LOGGER.debug("Of no use now: %s", type(urc).__name__)

    def _take_change(self, urc: SimChanged | ModemRestarted) -> None:
        if isinstance(urc, SimChanged):
            # A SIM that was there all the time is announced as well, soon after the start.
            if self._ready_for_long() or (self._prepared_at is not None and not urc.inserted):
                self._reboot("A SIM was put in." if urc.inserted else "The SIM was taken out.")
        elif urc.certain or self._ready_for_long():
            self._reboot("The modem has restarted by itself: its power supply may be too weak.")

    def _ready_for_long(self) -> bool:
        since = self._prepared_at
        return since is not None and asyncio.get_running_loop().time() - since > _START_NOTICES

    def _hang_up(self) -> None:
        if self._settings.on_call is OnCall.HANG_UP and self._channel is not None:
            task = asyncio.create_task(self._hang_up_now(self._channel))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _hang_up_now(self, channel: AtChannel) -> None:
        for command in (commands.HANG_UP_CALL, commands.HANG_UP):
            try:
                await channel.execute(command)
            except Interrupted:
                return
            except ModemError:
                continue
            return

    # --- status

    def _observed(self, seen: Observation) -> None:
        registered = seen.registration in {Registration.HOME, Registration.ROAMING}
        usable = registered and not self._may_not_roam(seen.registration)
        phase = Phase.READY if usable else Phase.REGISTERING
        self._board.update(
            phase=phase,
            detail=self._detail(phase, seen.registration),
            registration=seen.registration,
            signal_dbm=seen.signal_dbm,
            operator=seen.operator,
            technology=seen.technology,
        )

    def _may_not_roam(self, registration: Registration | None) -> bool:
        return registration is Registration.ROAMING and self._settings.roaming is Roaming.DENY

    def _suspect_lte(self) -> None:
        if self._observer is not None and self._observer.only_lte:
            self._hint = f"The network refuses messages over LTE. {self._hint_text or ''}".strip()
            self._describe()

    def _describe(self) -> None:
        status = self._board.status
        self._board.update(detail=self._detail(status.phase, status.registration))

    def _detail(self, phase: Phase, registration: Registration | None) -> str | None:
        """One sentence about what is wrong."""
        if self._may_not_roam(registration):
            return "The SIM roams and `roaming: deny` is set: messages are received, none are sent."
        if registration is Registration.DENIED:
            return "The network refuses this SIM: look at its contract, and whether it is activated and not blocked."
        if phase is Phase.REGISTERING:
            return (
                "The modem is looking for its network: if this lasts, look at the antenna and the reception."
            )
        full = [name for name, (used, total) in self._board.status.storages.items() if used >= total > 0]
        if full:
            return f"The message storage {full[0]} is full and nothing more can be received: delete messages in it."
        return self._hint
