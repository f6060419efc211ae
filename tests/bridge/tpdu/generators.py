"""Random messages of every kind, from a seeded generator, for differential tests and long runs."""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final

from sms_bridge.tpdu.address import Address, Ton
from sms_bridge.tpdu.dcs import Dcs
from sms_bridge.tpdu.deliver import Deliver
from sms_bridge.tpdu.segment import divide
from sms_bridge.tpdu.status_report import StatusReport
from sms_bridge.tpdu.udh import IEI_LOCKING_SHIFT, IEI_SINGLE_SHIFT, InformationElement, Udh
from sms_bridge.tpdu.user_data import UserData
from sms_providers.charset import DEFAULT_ALPHABET, ESCAPE, EXTENSION, Encoding, fits_gsm7

if TYPE_CHECKING:
    from random import Random

#: Messages of a differential test; a long run asks for more.
MESSAGES: Final = int(os.environ.get("FUZZ_MESSAGES", "300"))
#: The seed of every run; another one gives other messages.
SEED: Final = int(os.environ.get("FUZZ_SEED", "1"))

_DEFAULT: Final = [char for septet, char in enumerate(DEFAULT_ALPHABET) if septet != ESCAPE]
_EXTENDED: Final = [char for septet, char in EXTENSION.items() if septet != ESCAPE]
_LATIN: Final = "áâãçêëíîïóôõúûýÿćčđėęğłńőřśşšťůűźžŽ–—‘’“”„…•€™"
_OTHER: Final = "Привет κόσμε שלום مرحبا नमस्ते สวัสดี 你好世界 안녕하세요 こんにちは"
_EMOJI: Final = "😀😂❤️👍🏽👩‍👩‍👧🇩🇪𝄞𠜎"


def gsm7_text(random: Random, longest: int = 500) -> str:
    """Return a text of the GSM 7 bit alphabet with some characters of the extension table."""
    extended = random.choice((0.0, 0.02, 0.3))
    return "".join(
        random.choice(_EXTENDED if random.random() < extended else _DEFAULT)
        for _ in range(random.randrange(1, longest))
    )


def any_text(random: Random, longest: int = 300) -> str:
    """Return a text of several alphabets, some of it beyond the Basic Multilingual Plane."""
    pools = random.choices((_DEFAULT, _EXTENDED, _LATIN, _OTHER, _EMOJI), k=random.randrange(1, 4))
    return "".join(random.choice(random.choice(pools)) for _ in range(random.randrange(1, longest)))


def text(random: Random) -> str:
    """Return a text of either kind."""
    return gsm7_text(random) if random.random() < 0.5 else any_text(random)


def ucs2_text(random: Random) -> str:
    """Return a text that does not fit the GSM 7 bit alphabet."""
    content = any_text(random)
    return content + "ж" if fits_gsm7(content) else content


def msisdn(random: Random) -> str:
    """Return an international number."""
    return f"+{random.randrange(1, 10)}{random.randrange(10 ** random.randrange(6, 14)):06}"


def address(random: Random) -> Address:
    """Return a number, a short code, a number with other digits, or a name."""
    kind = random.randrange(6)
    if kind == 0:
        return Address.of(str(random.randrange(100, 1_000_000)))
    if kind == 1:
        return Address("".join(random.choices("0123456789*#abc", k=random.randrange(1, 21))), Ton.NATIONAL)
    if kind == 2:
        letters = [char for char in _DEFAULT if char != "@"]
        return Address("".join(random.choices(letters, k=random.randrange(1, 12))), Ton.ALPHANUMERIC, 0)
    return Address.of(msisdn(random))


def time(random: Random) -> datetime:
    """Return a time between 2000 and 2037 in a random zone."""
    zone = timezone(random.randrange(-48, 57) * timedelta(minutes=15))
    return datetime(2000, 1, 1, tzinfo=zone) + timedelta(seconds=random.randrange(37 * 365 * 86400))


def delivers(random: Random) -> list[Deliver]:
    """Return the segments of an incoming message: text or data, concatenated or not."""
    data = random.random() < 0.1
    content = random.randbytes(random.randrange(300)) if data else text(random)
    segments = divide(
        content,
        concat_ref=random.randrange(256),
        wide=random.random() < 0.2,
        port=random.randrange(65536) if data and random.random() < 0.5 else None,
    )
    dcs = Dcs.of(segments.encoding, random.choice((None, None, None, 0, 1, 2, 3)))
    oa, scts = address(random), time(random)
    return [Deliver(oa=oa, dcs=dcs, scts=scts, ud=ud, mms=random.random() < 0.2) for ud in segments.parts]


def national_deliver(random: Random, *, locking: int = 0, single: int = 0, septets: bytes = b"") -> Deliver:
    """Return an incoming segment whose header names national languages; random septets unless given."""
    elements = []
    if single:
        elements.append(InformationElement(IEI_SINGLE_SHIFT, bytes((single,))))
    if locking:
        elements.append(InformationElement(IEI_LOCKING_SHIFT, bytes((locking,))))
    septets = septets or bytes(random.choices(range(128), k=random.randrange(1, 140)))
    return Deliver(
        oa=Address.of(msisdn(random)),
        dcs=Dcs.of(Encoding.GSM7),
        scts=time(random),
        ud=UserData(septets, Udh(tuple(elements))),
    )


def status_report(random: Random) -> StatusReport:
    """Return a status report with any status."""
    scts = time(random)
    return StatusReport(
        mr=random.randrange(256),
        ra=Address.of(msisdn(random)),
        scts=scts,
        dt=scts + timedelta(seconds=random.randrange(86400)),
        st=random.randrange(0x80),
    )
