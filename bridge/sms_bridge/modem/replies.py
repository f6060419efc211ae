"""The readers of AT replies: information lines in, values out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .fields import int_range, split_fields, string_list, to_int, unquote

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def first_text(lines: Iterable[str]) -> str | None:
    """Return the value of an identification command, with or without its prefix and quotes."""
    for line in lines:
        text = re.sub(r"^[+^][A-Z]+:\s*", "", line).strip().strip('"').strip()
        if text:
            return text
    return None


def first_digits(lines: Iterable[str], minimum: int) -> str | None:
    """Return the first run of at least that many digits: an IMEI, IMSI or ICCID (whose filler F is dropped)."""
    for line in lines:
        match = re.search(rf"\d{{{minimum},}}", line)
        if match is not None:
            return match[0]
    return None


def read_registration(lines: Sequence[str]) -> int | None:
    """Return <stat> of a +CREG reply (3GPP TS 27.007 clause 7.2), leading zeros accepted."""
    for line in reversed(lines):
        fields = split_fields(line)
        numbers = [to_int(field) for field in fields[:2]]
        if len(numbers) > 1 and numbers[1] is not None:
            return numbers[1]
        if numbers and numbers[0] is not None:
            return numbers[0]
    return None


#: 3GPP TS 27.007 clause 7.3, <AcT>.
_TECHNOLOGIES: Final = {
    **dict.fromkeys((0, 1, 3, 8), "GSM"),
    **dict.fromkeys((2, 4, 5, 6), "UMTS"),
    **dict.fromkeys((7, 9, 10), "LTE"),
    **dict.fromkeys((11, 12, 13), "NR"),
}


def read_operator(lines: Sequence[str]) -> tuple[str | None, str | None]:
    """Return (operator, technology) of a +COPS reply: <mode>,<format>,<oper>,<AcT>."""
    for line in lines:
        fields = split_fields(line)
        operator = unquote(fields[2]) if fields[2:] else ""
        access = to_int(fields[3]) if fields[3:] else None
        return operator or None, None if access is None else _TECHNOLOGIES.get(access)
    return None, None


#: 3GPP TS 27.007 clause 8.5: <rssi> 0 is -113 dBm or less, 31 is -51 dBm or more.
_CSQ_MAX: Final = 31


def read_signal(lines: Sequence[str]) -> int | None:
    """Return dBm of a +CSQ reply, ``None`` for 99 (unknown) and values outside the clause."""
    for line in lines:
        fields = split_fields(line)
        rssi = to_int(fields[0]) if fields else None
        if rssi is not None and 0 <= rssi <= _CSQ_MAX:
            return -113 + 2 * rssi
    return None


#: 3GPP TS 27.007 clause 8.69: (field, highest value, dBm of 0) of RSRP, RSCP and RxLev, the best known first.
_CESQ: Final = ((5, 97, -141), (2, 96, -121), (0, 63, -111))


def read_extended_signal(lines: Sequence[str]) -> int | None:
    """Return dBm of a +CESQ reply, ``None`` where all three measures are unknown."""
    for line in lines:
        values = [to_int(field) for field in split_fields(line)]
        for position, highest, zero in _CESQ:
            value = values[position] if position < len(values) else None
            if value is not None and 0 <= value <= highest:
                return zero + value
    return None


def read_pin_state(lines: Sequence[str]) -> str:
    """Return the word of a +CPIN reply, such as ``READY`` or ``SIM PIN``; empty if there is none."""
    for line in lines:
        if line.startswith("+CPIN:"):
            return unquote(line.partition(":")[2]).upper()
    return ""


def read_own_number(lines: Sequence[str]) -> str | None:
    """Return the first number of a +CNUM reply: <alpha>,<number>,<type>."""
    for line in lines:
        fields = split_fields(line)
        number = unquote(fields[1]) if len(fields) > 1 else ""
        if number:
            return number
    return None


@dataclass(frozen=True, slots=True)
class StorageTest:
    """What AT+CPMS=? offers for reading, writing and receiving; as many lists as AT+CPMS takes values."""

    lists: tuple[tuple[str, ...], ...]

    def allows(self, position: int, name: str) -> bool:
        """Whether a storage may be given at a position (0 reading, 1 writing, 2 receiving)."""
        return position < len(self.lists) and name in self.lists[position]


def read_storage_test(lines: Sequence[str]) -> StorageTest:
    """Return the storages of a +CPMS test reply: ``("SM","ME"),("SM"),("SM")``, fewer lists or a bare one too."""
    for line in lines:
        body = line.partition(":")[2]
        groups = re.findall(r"\(([^)]*)\)", body) or [body]
        lists = tuple(tuple(string_list(group)) for group in groups)
        if any(lists):
            return StorageTest(tuple(names for names in lists if names))
    return StorageTest(())


def read_storage_state(lines: Sequence[str]) -> list[tuple[str, int, int]]:
    """Return (name, used, total) of each storage in a +CPMS? reply."""
    for line in lines:
        fields = split_fields(line)
        found = []
        for start in range(0, len(fields) - 2, 3):
            used, total = to_int(fields[start + 1]), to_int(fields[start + 2])
            if used is not None and total is not None:
                found.append((unquote(fields[start]), used, total))
        if found:
            return found
    return []


def read_storage_counts(lines: Sequence[str]) -> tuple[int, int] | None:
    """Return (used, total) of the reading storage from the reply to a +CPMS setting, ``None`` if it tells none."""
    for line in lines:
        numbers = [to_int(field) for field in split_fields(line)]
        if len(numbers) > 1 and numbers[0] is not None and numbers[1] is not None:
            return numbers[0], numbers[1]
    return None


_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_CMGL = re.compile(r"\+CMGL:\s*(\d+)\s*,\s*(.*)")
#: 3GPP TS 27.005 clause 3.1, <stat>: 0 and 1 are received messages, unread and read.
_RECEIVED: Final = (0, 1)
#: A TPDU with its service centre address is never shorter, in hex digits.
_SHORTEST_PDU: Final = 8


@dataclass(frozen=True, slots=True)
class Listing:
    """What AT+CMGL told: received messages by index, how many entries there were, and whether each was readable."""

    received: dict[int, str]
    entries: int
    readable: bool
    text_mode: bool


def read_listing(lines: Sequence[str]) -> Listing:
    """Return the messages of a +CMGL reply in PDU mode (3GPP TS 27.005 clause 4.1)."""
    received: dict[int, str] = {}
    entries = pdus = 0
    text_mode = False
    header: tuple[int, int | None] | None = None
    for line in lines:
        match = _CMGL.fullmatch(line)
        if match is not None:
            entries += 1
            text_mode = text_mode or match[2].startswith('"')
            header = int(match[1]), to_int(match[2].partition(",")[0])
        elif header is not None and _HEX.fullmatch(line) and len(line) >= _SHORTEST_PDU:
            index, stat = header
            pdus += 1
            if stat in _RECEIVED:
                received[index] = line.upper()
            header = None
    return Listing(received, entries, pdus == entries and not text_mode, text_mode)


@dataclass(frozen=True, slots=True)
class StoredPdu:
    """What AT+CMGR told: the PDU of a received message, or that the reply was in text mode."""

    pdu: str | None
    text_mode: bool = False


def read_stored(lines: Sequence[str]) -> StoredPdu:
    """Return the received message of a +CMGR reply (3GPP TS 27.005 clause 4.2), nothing for an empty place."""
    stat: int | None = None
    for line in lines:
        if line.startswith("+CMGR:"):
            fields = split_fields(line)
            if fields and fields[0].startswith('"'):
                return StoredPdu(None, text_mode=True)
            stat = to_int(fields[0]) if fields else None
        elif stat in _RECEIVED and _HEX.fullmatch(line) and len(line) >= _SHORTEST_PDU:
            return StoredPdu(line.upper())
    return StoredPdu(None)


def read_delete_test(lines: Sequence[str]) -> list[int]:
    """Return the indexes of a +CMGD test reply: those in use, or all there are, as the modem likes."""
    for line in lines:
        fields = split_fields(line)
        if fields:
            return int_range(fields[0])
    return []


def read_indication_test(lines: Sequence[str]) -> list[list[int]]:
    """Return the ranges of mode, mt, bm, ds and bfr of a +CNMI test reply; shorter where the modem tells fewer."""
    for line in lines:
        return [int_range(field) for field in split_fields(line)]
    return []


def read_submitted(lines: Sequence[str]) -> int | None:
    """Return TP-MR of a +CMGS reply (3GPP TS 27.005 clause 4.3)."""
    for line in lines:
        fields = split_fields(line)
        if line.startswith("+CMGS:") and fields:
            return to_int(fields[0])
    return None


def read_service(lines: Sequence[str]) -> int | None:
    """Return <service> of a +CSMS? reply."""
    for line in lines:
        fields = split_fields(line)
        return to_int(fields[0]) if fields else None
    return None


#: 3GPP TS 23.040 clause 9.2.3.1: TP-MTI of SMS-STATUS-REPORT, towards the phone.
_MTI_STATUS_REPORT: Final = 0b10


def is_status_report(pdu_hex: str) -> bool:
    """Whether a PDU with its service centre address in front is an SMS-STATUS-REPORT."""
    try:
        octets = bytes.fromhex(pdu_hex)
    except ValueError:
        return False
    first = 1 + octets[0] if octets else 0
    return first < len(octets) and octets[first] & 0b11 == _MTI_STATUS_REPORT
