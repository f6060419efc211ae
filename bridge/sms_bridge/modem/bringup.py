"""From an open port to a modem whose messages are announced: SYNC, identity, SIM, message settings."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from . import commands, profiles, replies
from .errors import (
    BUSY_CODES,
    CME_NO_SIM,
    CME_PUK_REQUIRED,
    AtFailed,
    AtTimeout,
    IdentityMismatch,
    Rebooted,
    ResultError,
    SimError,
)
from .indications import acknowledgement_wanted, announce_messages
from .model import Phase
from .pin import Pin
from .storage import REPORTS, Storages

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .at import AtChannel, Command
    from .model import ModemSettings, PinMemory
    from .profiles import Profile
    from .status import StatusBoard

_T = TypeVar("_T")

_LOGGER = logging.getLogger(__name__)

#: A SIM may be busy for this long after power-up or PIN entry, in seconds.
_SIM_PATIENCE: Final = 60.0
#: First and longest pause between two questions to a busy SIM, in seconds.
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 8.0
#: How often a plain ERROR to AT+CIMI is not believed.
_IMSI_ATTEMPTS: Final = 3
#: ITU-T E.118 and 3GPP TS 23.003 clauses 2.2 and 6.2.1: least digits of an ICCID, an IMSI and an IMEI.
_ICCID_DIGITS: Final = 18
_IMSI_DIGITS: Final = 14
_IMEI_DIGITS: Final = 14

_LOCKED: Final = {
    "SIM PUK": "The SIM is blocked and asks for its PUK: put it into a phone and enter the PUK there.",
    "SIM PIN2": "The SIM asks for its PIN2: put it into a phone and enter it there.",
    "SIM PUK2": "The SIM asks for its PUK2: put it into a phone and enter it there.",
    "PH-SIM PIN": "The modem is locked to another SIM.",
    "PH-NET PIN": "The modem is locked to another operator.",
}
_NO_SIM: Final = "There is no SIM in the modem, or it has no contact: put one in and look at its position."


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A modem that is ready for messages: its profile, storages and SIM.

    ``acknowledge`` says that messages want AT+CNMA, ``echo_is_off`` that ATE0 had its effect.
    """

    profile: Profile
    storages: Storages
    sim: str
    acknowledge: bool
    echo_is_off: bool


class BringUp:
    """Prepares the modem behind a channel once; ``may_restart`` allows AT+CFUN=1,1 for one that refuses everything."""

    def __init__(
        self,
        channel: AtChannel,
        settings: ModemSettings,
        pins: PinMemory,
        board: StatusBoard,
        *,
        may_restart: bool,
    ) -> None:
        self._channel = channel
        self._settings = settings
        self._pins = pins
        self._board = board
        self._may_restart = may_restart

    async def run(self) -> Prepared:
        """Prepare the modem. Raises ``ModemError`` with a sentence for people."""
        self._board.update(phase=Phase.SYNC, detail=None)
        await self._synchronise()
        echoes = self._channel.echoes
        profile = await self._identify()
        self._channel.gap = profiles.gap_of(profile, self._settings.port)
        for text in profile.setup:
            await self._optional(commands.plain(text))
        self._board.update(phase=Phase.SIM, profile=profile.key)
        sim = await self._prepare_sim(profile)
        storages = Storages(self._channel, lambda: self._board.update(storages=dict(storages.counts)))
        acknowledge = await self._prepare_messages(profile, storages)
        return Prepared(
            profile=profile,
            storages=storages,
            sim=sim,
            acknowledge=acknowledge,
            echo_is_off=self._channel.echoes == echoes,
        )

    # --- SYNC

    async def _synchronise(self) -> None:
        try:
            # The first command wakes sleeping modems and flushes garbage; its answer does not count.
            await self._channel.execute(commands.PROBE)
        except (AtTimeout, AtFailed, ResultError):
            _LOGGER.debug("The first AT was lost.")
        await self._optional(commands.PROBE)
        try:
            await self._channel.execute(commands.ECHO_OFF)
        except (AtFailed, ResultError) as error:
            if not self._may_restart:
                raise
            await self._optional(commands.RESTART)
            raise Rebooted("The modem refused every command and was restarted.") from error
        await self._optional(commands.NUMERIC_ERRORS)

    async def _identify(self) -> Profile:
        manufacturer = replies.first_text(await self._optional(commands.MANUFACTURER))
        model = replies.first_text(await self._optional(commands.MODEL))
        firmware = replies.first_text(await self._optional(commands.FIRMWARE))
        imei = replies.first_digits(await self._optional(commands.IMEI), _IMEI_DIGITS)
        self._board.update(manufacturer=manufacturer, model=model, firmware=firmware, imei=imei)
        expected = self._settings.imei
        if expected is not None and imei != expected:
            raise IdentityMismatch(
                "Another modem than the configured one answers on this port: check `imei` and the port's by-id path."
            )
        name = self._settings.profile
        return profiles.PROFILES[name] if name in profiles.PROFILES else profiles.detect(manufacturer, model)

    # --- SIM

    async def _prepare_sim(self, profile: Profile) -> str:
        await self._unlock(profile)
        imsi = await self._imsi()
        iccid = await self._iccid(profile)
        expected = self._settings.imsi
        if expected is not None and imsi != expected:
            raise IdentityMismatch("Another SIM than the configured one is in the modem: check `imsi`.")
        number = replies.read_own_number(await self._optional(commands.OWN_NUMBER))
        self._board.update(imsi=imsi, iccid=iccid, number=number)
        return imsi or iccid or f"imei:{self._board.status.imei}"

    async def _unlock(self, profile: Profile) -> None:
        pin = Pin(self._channel, self._pins, self._settings.pin, profile.pin_counters)
        patience = _Patience()
        while (state := await self._sim_state()) != "READY":
            if state == "SIM PIN":
                iccid = await self._iccid(profile)
                self._board.update(iccid=iccid)
                await pin.enter(iccid, self._board.status.imei)
            elif state in _LOCKED:
                raise SimError(_LOCKED[state])
            elif state == "NO SIM":
                raise SimError(_NO_SIM)
            if not await patience.wait():
                raise SimError(
                    "The SIM has not become ready for a minute: look at its contacts, or restart the modem."
                )

    async def _sim_state(self) -> str:
        try:
            return replies.read_pin_state(await self._channel.execute(commands.PIN_STATE))
        except ResultError as error:
            if error.code in BUSY_CODES:
                return "BUSY"
            if error.code == CME_PUK_REQUIRED:
                return "SIM PUK"
            if error.code == CME_NO_SIM:
                return "NO SIM"
            raise SimError(f"The modem cannot use its SIM ({error}): look at the SIM's contacts.") from error
        except AtFailed:
            return "NO SIM"

    async def _imsi(self) -> str | None:
        for attempt in range(_IMSI_ATTEMPTS):
            if attempt:
                await asyncio.sleep(_FIRST_PAUSE)
            try:
                imsi = replies.first_digits(await self._patiently(commands.IMSI), _IMSI_DIGITS)
            except (AtFailed, ResultError):
                continue
            if imsi is not None:
                return imsi
        return None

    async def _iccid(self, profile: Profile) -> str | None:
        for text in profile.iccid:
            iccid = replies.first_digits(await self._optional(commands.show_iccid(text)), _ICCID_DIGITS)
            if iccid is not None:
                return iccid
        return None

    # --- messages

    async def _prepare_messages(self, profile: Profile, storages: Storages) -> bool:
        """Set everything for messages; return whether they want AT+CNMA."""
        await self._patiently(commands.PDU_MODE)
        await _patiently(storages.set_up)
        acknowledge = await acknowledgement_wanted(self._channel)
        direct = profile.direct_reports or REPORTS not in storages.names
        self._board.update(cnmi=await announce_messages(self._channel, direct_reports=direct))
        if self._settings.smsc is not None:
            await self._optional(commands.set_service_centre(self._settings.smsc))
        if profile.caller_id:
            await self._optional(commands.SHOW_CALLER)
        return acknowledge

    # --- patience

    async def _optional(self, command: Command) -> list[str]:
        """The reply, empty if the modem refuses the command; one that it does not answer is skipped once recovered."""
        try:
            return await self._channel.execute(command)
        except (AtFailed, AtTimeout, ResultError) as error:
            _LOGGER.debug("Not needed, and not done: %s", error)
            return []

    async def _patiently(self, command: Command) -> list[str]:
        return await _patiently(lambda: self._channel.execute(command))


async def _patiently(step: Callable[[], Awaitable[_T]]) -> _T:
    """Take a step that a busy SIM may hold up, again and again for a minute."""
    patience = _Patience()
    while True:
        try:
            return await step()
        except ResultError as error:
            if error.code not in BUSY_CODES or not await patience.wait():
                raise


class _Patience:
    """Growing pauses, a minute in all."""

    def __init__(self) -> None:
        self._pause = _FIRST_PAUSE
        self._waited = 0.0

    async def wait(self) -> bool:
        """Pause; false once the patience is at its end."""
        if self._waited >= _SIM_PATIENCE:
            return False
        pause = min(self._pause, _SIM_PATIENCE - self._waited)
        await asyncio.sleep(pause)
        self._waited += pause
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        return True
