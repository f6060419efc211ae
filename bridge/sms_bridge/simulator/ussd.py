"""USSD strings as +CUSD carries them, and the menus of the simulated network (27.007 clause 7.15)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sms_bridge.simulator.profiles import UssdCoding
from sms_bridge.tpdu import gsm7
from sms_providers.charset import gsm7_septets

if TYPE_CHECKING:
    from collections.abc import Mapping

#: 3GPP TS 27.007 clause 7.15, <m>.
DONE: Final = 0
ANSWER_WANTED: Final = 1
TERMINATED: Final = 2
NOT_SUPPORTED: Final = 4

#: 3GPP TS 23.038 clause 5: a coding scheme of UCS-2.
DCS_UCS2: Final = 72


@dataclass(frozen=True, slots=True)
class Menu:
    """A text that waits for an answer; `choices` gives what each answer leads to."""

    text: str
    choices: Mapping[str, Menu | str]


def decode(coding: UssdCoding, text: str, *, ucs2: bool) -> str:
    """Read the string of a request; `ucs2` tells whether +CSCS is UCS2.

    Raises ValueError if it is not in the coding this modem wants.
    """
    if coding is UssdCoding.PACKED:
        return gsm7.unpack_ussd(bytes.fromhex(text))
    if coding is UssdCoding.CHARSET and ucs2:
        return bytes.fromhex(text).decode("utf-16-be")
    return text


def encode(coding: UssdCoding, dcs: int | None, outcome: int, text: str | None, *, ucs2: bool) -> str:
    """Write a +CUSD line; without a text only the outcome."""
    if text is None:
        return f"+CUSD: {outcome}"
    if gsm7_septets(text) is None or (coding is UssdCoding.CHARSET and ucs2):
        text, dcs = text.encode("utf-16-be").hex().upper(), DCS_UCS2
    elif coding is UssdCoding.PACKED:
        text = gsm7.pack_ussd(text).hex().upper()
    return f'+CUSD: {outcome},"{text}"' + ("" if dcs is None else f",{dcs}")
