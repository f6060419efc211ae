"""What families of modems do differently, as data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

#: Ports without USB: a pause between commands helps small modems there.
_UART = re.compile(r"/dev/(?:tty(?:S|AMA|SC|O|mxc|THS)|serial\d)")
#: The pause, in seconds.
_UART_GAP: Final = 0.02


class UssdEncoding(StrEnum):
    """How the string of AT+CUSD is written."""

    PLAIN = "plain"
    #: UCS-2 in hex, as AT+CSCS="UCS2" asks.
    UCS2_HEX = "ucs2_hex"
    #: GSM 7-bit septets, packed, in hex.
    PACKED = "packed"


@dataclass(frozen=True, slots=True)
class PinCounter:
    """How the attempts left for the PIN are read: command, prefix of its reply, and the pattern of their number."""

    command: str
    prefix: str
    pattern: str


#: 3GPP TS 27.007 clause 8.65: +CPINR: SIM PIN,<retries>[,<default_retries>].
STANDARD_COUNTER: Final = PinCounter('AT+CPINR="SIM PIN"', "+CPINR:", r"SIM PIN\"?\s*,\s*(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The quirks of a family.

    ``manufacturer`` and ``model`` are patterns on AT+CGMI and AT+CGMM; ``setup`` are commands whose refusal does not
    matter; ``gap`` the pause between commands in seconds, ``None`` to go by the kind of port; ``direct_reports``
    prefers +CDS to stored status reports; ``double_store`` says that one message may appear in two places;
    ``caller_id`` that AT+CLIP is safe; ``ims_hint`` tells people how to get messages through on LTE alone.
    """

    key: str
    manufacturer: str = ""
    model: str = ""
    setup: tuple[str, ...] = ()
    gap: float | None = None
    ussd: tuple[UssdEncoding, ...] = (UssdEncoding.PLAIN, UssdEncoding.UCS2_HEX, UssdEncoding.PACKED)
    iccid: tuple[str, ...] = ("AT+CCID", "AT+ICCID")
    pin_counters: tuple[PinCounter, ...] = (STANDARD_COUNTER,)
    direct_reports: bool = False
    double_store: bool = False
    caller_id: bool = True
    ims_hint: str | None = None


GENERIC: Final = Profile(key="generic")

PROFILES: Final[dict[str, Profile]] = {
    profile.key: profile
    for profile in (
        Profile(
            key="sim800",
            manufacturer=r"SIMCOM",
            model=r"SIM(?:COM_)?[ _]?(?:8|9)\d\d|SIM(?:800|808|868|900)",
            gap=_UART_GAP,
            pin_counters=(PinCounter("AT+SPIC", "+SPIC:", r"\+SPIC:\s*(\d+)"), STANDARD_COUNTER),
        ),
        Profile(
            key="sim7600",
            manufacturer=r"SIMCOM",
            model=r"SIM(?:COM_)?[ _]?7\d\d\d|A7\d\d\d",
            gap=0.0,
            iccid=("AT+CICCID", "AT+CCID"),
            pin_counters=(STANDARD_COUNTER, PinCounter("AT+SPIC", "+SPIC:", r"\+SPIC:\s*(\d+)")),
            ims_hint="Ask the operator for SMS over SGs, or allow 2G and 3G with AT+CNMP=2.",
        ),
        Profile(
            key="ec25",
            manufacturer=r"QUECTEL",
            gap=0.0,
            ussd=(UssdEncoding.PLAIN, UssdEncoding.UCS2_HEX, UssdEncoding.PACKED),
            iccid=("AT+QCCID", "AT+CCID"),
            pin_counters=(PinCounter('AT+QPINC="SC"', "+QPINC:", r'"SC"\s*,\s*(\d+)'), STANDARD_COUNTER),
            direct_reports=True,
            ims_hint='Switch IMS on with AT+QCFG="ims",1 and restart the modem.',
        ),
        Profile(
            key="e3372",
            manufacturer=r"HUAWEI",
            setup=("AT^CURC=0", "AT^PORTSEL=1", "AT+CFUN=1"),
            gap=0.0,
            ussd=(UssdEncoding.PACKED, UssdEncoding.PLAIN, UssdEncoding.UCS2_HEX),
            iccid=("AT^ICCID?", "AT+CCID"),
            pin_counters=(
                PinCounter("AT^CPIN?", "^CPIN:", r"\^CPIN:\s*[^,]*,[^,]*,\s*\d+\s*,\s*(\d+)"),
                STANDARD_COUNTER,
            ),
        ),
        Profile(
            key="zte",
            manufacturer=r"ZTE",
            setup=("AT+ZCDRUN=8", "AT+ZOPRT=5"),
            gap=0.0,
            iccid=("AT+ZGETICCID", "AT+CCID"),
        ),
        Profile(
            key="a7670",
            manufacturer=r"SIMCOM|A76",
            model=r"A76\d\d",
            gap=0.0,
            double_store=True,
            iccid=("AT+CICCID", "AT+CCID"),
        ),
        GENERIC,
    )
}

#: The more special patterns first.
_DETECTED: Final = ("a7670", "sim800", "sim7600", "ec25", "e3372", "zte")


def detect(manufacturer: str | None, model: str | None) -> Profile:
    """Return the profile for what AT+CGMI and AT+CGMM answered, ``generic`` if none fits."""
    maker, type_name = (manufacturer or "").upper(), (model or "").upper()
    for key in _DETECTED:
        profile = PROFILES[key]
        if re.search(profile.manufacturer, f"{maker} {type_name}") and re.search(profile.model, type_name):
            return profile
    return GENERIC


def gap_of(profile: Profile, port: str) -> float:
    """Return the pause between commands in seconds for a modem of this profile on this port."""
    if profile.gap is not None:
        return profile.gap
    return _UART_GAP if _UART.match(port) else 0.0
