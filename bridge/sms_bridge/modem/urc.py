"""Unsolicited result codes: which lines are none of a command's business, and what they say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .fields import split_fields, to_int

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class MessageStored:
    """``+CMTI`` or ``+CDSI``: a message (or a status report) was stored; ``None`` where the place is unreadable."""

    storage: str | None
    index: int | None
    report: bool


@dataclass(frozen=True, slots=True)
class MessageDelivered:
    """``+CMT`` or ``+CDS``: a message (or a report) came directly; ``pdu`` is ``None`` if its line is missing."""

    pdu: str | None
    report: bool


@dataclass(frozen=True, slots=True)
class UssdReceived:
    """``+CUSD`` (3GPP TS 27.007 clause 7.15): ``m`` the network's state, ``text`` as it came, ``dcs`` of 23.038."""

    m: int
    text: str | None
    dcs: int | None


@dataclass(frozen=True, slots=True)
class Ring:
    """``RING`` or ``+CRING``: a call is waiting, once per ring."""


@dataclass(frozen=True, slots=True)
class CallerId:
    """``+CLIP`` (3GPP TS 27.007 clause 7.6): the caller's number, ``None`` when withheld."""

    number: str | None


@dataclass(frozen=True, slots=True)
class CallEnded:
    """``NO CARRIER`` and its like outside a command."""


@dataclass(frozen=True, slots=True)
class RegistrationChanged:
    """``+CREG``, ``+CGREG`` or ``+CEREG`` outside a query."""


@dataclass(frozen=True, slots=True)
class MemoryFull:
    """The message storage is full."""


@dataclass(frozen=True, slots=True)
class SimChanged:
    """The SIM was pulled or put in."""

    inserted: bool


@dataclass(frozen=True, slots=True)
class ModemRestarted:
    """The modem says that it has started or is shutting down.

    ``certain`` is false for notices that also follow a normal start after some seconds.
    """

    certain: bool


@dataclass(frozen=True, slots=True)
class Noise:
    """A vendor's notice without use for us."""


Urc = (
    MessageStored
    | MessageDelivered
    | UssdReceived
    | Ring
    | CallerId
    | CallEnded
    | RegistrationChanged
    | MemoryFull
    | SimChanged
    | ModemRestarted
    | Noise
)

_NOISE = Noise()
_STORAGE = re.compile(r"[A-Z]{2}(?:_[A-Z])?")


def _stored(line: str) -> MessageStored:
    fields = split_fields(line)
    storage = fields[0].strip('"') if fields else ""
    index = to_int(fields[1]) if len(fields) > 1 else None
    return MessageStored(
        storage if _STORAGE.fullmatch(storage) else None,
        index if index is not None and index >= 0 else None,
        line.startswith("+CDSI"),
    )


def _delivered(line: str) -> MessageDelivered:
    _, _, pdu = line.partition("\n")
    return MessageDelivered(pdu.strip().upper() or None, line.startswith("+CDS:"))


_CUSD = re.compile(r'\+CUSD:\s*(\d+)\s*(?:,\s*(?:"(.*)"|([^",]*))\s*(?:,\s*(\d*)\s*)?)?', re.DOTALL)


def _ussd(line: str) -> Urc:
    match = _CUSD.fullmatch(line)
    if match is None:
        return _NOISE
    m, quoted, bare, dcs = match.groups()
    return UssdReceived(int(m), quoted if quoted is not None else bare, int(dcs) if dcs else None)


def _caller(line: str) -> CallerId:
    fields = split_fields(line)
    return CallerId((fields[0].strip('"') if fields else "") or None)


def _sim_state(line: str) -> Urc:
    # 3GPP TS 27.007 clause 8.3 knows +CPIN only as a reply; SIMCom and Quectel also send it by themselves.
    state = line.partition(":")[2].strip().upper()
    if state in {"NOT READY", "NOT INSERTED", "SIM REMOVED"}:
        return SimChanged(inserted=False)
    return _NOISE


def _slot_state(line: str) -> SimChanged:
    # Quectel: +QSIMSTAT: <enable>,<inserted_status>
    return SimChanged(inserted=line.rstrip().endswith(",1"))


_STARTED = ModemRestarted(certain=True)
_MAYBE_STARTED = ModemRestarted(certain=False)

#: Lines that are complete in themselves.
_EXACT: Final[dict[str, Urc]] = {
    "RING": Ring(),
    "NO CARRIER": CallEnded(),
    "NO ANSWER": CallEnded(),
    "BUSY": CallEnded(),
    "RDY": _STARTED,
    "^SYSSTART": _STARTED,
    "^SHUTDOWN": _STARTED,
    "POWERED DOWN": _STARTED,
    "NORMAL POWER DOWN": _STARTED,
    "UNDER-VOLTAGE POWER DOWN": _STARTED,
    "OVER-VOLTAGE POWER DOWN": _STARTED,
    "Call Ready": _MAYBE_STARTED,
    "SMS Ready": _MAYBE_STARTED,
    "+PBREADY": _MAYBE_STARTED,
    "PB DONE": _MAYBE_STARTED,
    "SMS DONE": _MAYBE_STARTED,
    "SMS FULL": MemoryFull(),
    "UNDER-VOLTAGE WARNNING": _NOISE,
    "UNDER-VOLTAGE WARNING": _NOISE,
    "OVER-VOLTAGE WARNNING": _NOISE,
    "*PSUTTZ": _NOISE,
    "+STIN": _NOISE,
}

#: The word before the colon → how the line is read.
_BY_WORD: Final[dict[str, Callable[[str], Urc]]] = {
    "+CMTI": _stored,
    "+CDSI": _stored,
    "+CMT": _delivered,
    "+CDS": _delivered,
    "+CUSD": _ussd,
    "+CRING": lambda _line: Ring(),
    "+CLIP": _caller,
    "+CREG": lambda _line: RegistrationChanged(),
    "+CGREG": lambda _line: RegistrationChanged(),
    "+CEREG": lambda _line: RegistrationChanged(),
    "+C5GREG": lambda _line: RegistrationChanged(),
    "^SMMEMFULL": lambda _line: MemoryFull(),
    "+CPIN": _sim_state,
    "+QUSIM": lambda _line: SimChanged(inserted=True),
    "+QSIMSTAT": _slot_state,
    "+QIND": lambda line: MemoryFull() if "smsfull" in line else _NOISE,
}

# fmt: off
#: 27.005 and 27.007 notices that are not used, then those of Huawei, ZTE, Quectel, SIMCom, Telit and Cinterion.
_USELESS: Final = frozenset({
    "+CBM", "+CBMI", "+CSQ", "+CIEV", "+CUSATP", "+CUSATEND", "+CSSI", "+CSSU", "+CCWA", "+CGEV", "+CTZV",
    "+CTZE", "+CTZDST", "+CSCON", "+CFUN", "+CPSI", "+CESQ", "+COPN", "+NITZ", "^RSSI", "^HCSQ",
    "^DSFLOWRPT", "^BOOT", "^MODE", "^SRVST", "^SIMST", "^STIN", "^NWTIME", "^CSNR", "^RSSILVL", "^CEND",
    "^CONN", "^CONF", "^ORIG", "^NDISSTAT", "^NDISEND", "^EARST", "^EONS", "^ANLEVEL", "^CERSSI",
    "^LTERSRP", "^ACTIVEBAND", "+ZUSIMR", "+ZDONR", "+ZPASR", "+ZEND", "+ZURDY", "+ZMODE", "+ZCONSTAT",
    "+ZUSSD", "+ZEMCI", "+QIURC", "+QUSBCFG", "+QNITZ", "+QGPSURC", "+QNETDEVSTATUS", "+QJDR",
    "+CNSMOD", "+STIN", "*PSUTTZ", "*PSNWID", "+PSUTTZ", "DST", "+CSMINS", "+CMTE", "+CBC", "+SPIC_URC",
    "+SIMCARD", "+CPSMSTATUS", "#STN", "#QSS", "#MWI", "#ECAM", "#NITZ", "^SIS", "^SISR", "^SISW", "^SCKS",
    "^SBC", "^SCTM", "+CIEREG", "+CDIS", "+CIREGU",
})
# fmt: on


def parse_urc(line: str) -> Urc | None:
    """Return what a line says by itself, ``None`` if it is no URC that is known."""
    exact = _EXACT.get(line)
    if exact is not None:
        return exact
    word, colon, _ = line.partition(":")
    if not colon:
        return None
    word = word.rstrip()
    if word in _USELESS:
        return _NOISE
    parse = _BY_WORD.get(word)
    return None if parse is None else parse(line)
