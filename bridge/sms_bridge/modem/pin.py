"""The PIN: entered once per SIM, never a second time when it was wrong."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from . import commands, replies
from .errors import BUSY_CODES, AtFailed, AtTimeout, PinRefused, ResultError, SimError

if TYPE_CHECKING:
    from .at import AtChannel
    from .model import PinMemory
    from .profiles import PinCounter

#: The last attempt is left to a person: after it the SIM wants its PUK.
_LEAVE: Final = 1


class _Keys:
    """Under which names attempts on a SIM are remembered, so that one whose ICCID cannot always be read is known again.

    ``told`` get each attempt; ``asked`` tell whether there was one on this SIM, or on one without ICCID in this modem.
    """

    def __init__(self, iccid: str | None, imei: str | None) -> None:
        any_sim, unnamed = f"imei:{imei}", f"unnamed:{imei}"
        self.told = (iccid or unnamed, any_sim)
        self.asked = (iccid, unnamed) if iccid is not None else (any_sim,)


class Pin:
    """The configured PIN and its memory; ``counters`` are the ways to read the attempts left."""

    def __init__(
        self, channel: AtChannel, pins: PinMemory, pin: str | None, counters: tuple[PinCounter, ...]
    ) -> None:
        self._channel = channel
        self._pins = pins
        self._pin = pin
        self._counters = counters

    async def enter(self, iccid: str | None, imei: str | None) -> None:
        """Try the PIN on a SIM that asks for it. Raises ``PinRefused``, ``SimError`` and other ``ModemError``.

        Returns also when the SIM was too busy to look at the PIN; the caller asks for the SIM's state again.
        """
        if self._pin is None:
            raise SimError(
                "The SIM asks for its PIN: set `pin` for this gateway, or switch the PIN off with a phone."
            )
        if not re.fullmatch(r"\d{4,8}", self._pin):
            raise SimError("The configured PIN must be 4 to 8 digits.")
        before = await self._attempts_left()
        if before is not None and before <= _LEAVE:
            raise PinRefused(
                "The SIM has only one attempt left for its PIN: put it into a phone and enter the PIN there once."
            )
        sim = _Keys(iccid, imei)
        if any([await self._pins.refused(key, self._pin) for key in sim.asked]):
            raise PinRefused(
                "The configured PIN was tried on this SIM before and not accepted, so it is not tried again: "
                "correct `pin`, or unlock the SIM once with a phone."
            )
        for key in sim.told:
            await self._pins.about_to_try(key, self._pin)
        # A counter that did not move proves that a busy SIM did not look at the PIN.
        if await self._try(self._pin) or (before is not None and await self._attempts_left() == before):
            for key in sim.told:
                await self._pins.accepted(key, self._pin)

    async def _try(self, pin: str) -> bool:
        """Whether the SIM took the PIN; false if it was too busy."""
        try:
            await self._channel.execute(commands.enter_pin(pin))
        except AtTimeout:
            state = replies.read_pin_state(await self._channel.execute(commands.PIN_STATE))
            if state == "READY":
                return True
            raise
        except ResultError as error:
            if error.code in BUSY_CODES:
                return False
            raise PinRefused(
                f"The SIM refused the configured PIN ({error}); it is not tried again: correct `pin`."
            ) from error
        except AtFailed as error:
            raise PinRefused(
                "The modem refused the configured PIN; it is not tried again: correct `pin`."
            ) from error
        return True

    async def _attempts_left(self) -> int | None:
        for counter in self._counters:
            try:
                lines = await self._channel.execute(commands.show_retries(counter.command, counter.prefix))
            except (AtFailed, ResultError):
                continue
            for line in lines:
                match = re.search(counter.pattern, line)
                if match is not None:
                    return int(match[1])
        return None
