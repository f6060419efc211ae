"""The SIM card: its lock, its counters, its identity."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

#: 3GPP TS 31.101 clause 9.5.1 and common practice: tries before a code is blocked.
PIN_TRIES = 3
PUK_TRIES = 10


class Lock(StrEnum):
    """What +CPIN? answers (3GPP TS 27.007 clause 8.3)."""

    READY = "READY"
    PIN = "SIM PIN"
    PUK = "SIM PUK"
    ABSENT = "NOT INSERTED"


@dataclass(slots=True, kw_only=True)
class SimCard:
    """One SIM. The counters survive a reboot of the modem, an entered PIN does not."""

    pin: str | None = None
    puk: str = "12345678"
    imsi: str = "262017650000001"
    iccid: str = "8949017650000000013"
    number: str = "+4917650000001"
    pin_tries: int = PIN_TRIES
    puk_tries: int = PUK_TRIES
    entered: bool = False
    present: bool = True
    #: How often a code was tried since the simulator began: right and wrong ones.
    right_codes: int = 0
    wrong_codes: int = 0

    @property
    def lock(self) -> Lock:
        """What the card asks for."""
        if not self.present:
            return Lock.ABSENT
        if self.pin is not None and not self.pin_tries:
            return Lock.PUK
        return Lock.READY if self.pin is None or self.entered else Lock.PIN

    def power_on(self) -> None:
        """Forget the entered PIN, as a card without power does."""
        self.entered = False

    def enter_pin(self, pin: str) -> bool:
        """Try a PIN; a wrong one costs one of three tries."""
        if pin == self.pin:
            self.pin_tries = PIN_TRIES
            self.entered = True
            self.right_codes += 1
            return True
        self.pin_tries -= 1
        self.wrong_codes += 1
        return False

    def enter_puk(self, puk: str, pin: str) -> bool:
        """Try a PUK with a new PIN; a wrong one costs one of ten tries."""
        if puk == self.puk and self.puk_tries:
            self.pin, self.pin_tries, self.puk_tries = pin, PIN_TRIES, PUK_TRIES
            self.entered = True
            self.right_codes += 1
            return True
        self.puk_tries = max(0, self.puk_tries - 1)
        self.wrong_codes += 1
        return False
