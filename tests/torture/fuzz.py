"""Random bytes, lines, PDUs and commands into everything that reads from outside: nothing may escape, memory stays."""

from __future__ import annotations

import json
import random
import resource
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from sms_bridge.links.inbound import join_segments, read_pdu
from sms_bridge.modem.framer import Framer
from sms_bridge.modem.model import ReceivedPdu
from sms_bridge.modem.urc import parse_urc
from sms_bridge.modem.ussd import decode_reply
from sms_bridge.mqtt.payloads import parse_send
from sms_bridge.mqtt.topics import SendTopic
from sms_bridge.routing.command import Reply

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

_NOW: Final = datetime(2026, 11, 20, 10, 15, tzinfo=UTC)
#: A real SMS-DELIVER of two segments' first, to be damaged.
_PDU: Final = "07911326040000F0440B911346610089F60000208062917314080A0500032C02010C48656C6C6F20576F726C6421"
_LINES: Final = (
    '+CMTI: "SM",3',
    "+CMT: ,24",
    "+CDS: 25",
    '+CDSI: "SR",1',
    '+CUSD: 1,"Ihr Guthaben\r\n12,40 EUR",15',
    "+CREG: 1,5",
    "RING",
    '+CLIP: "+491701234567",145,,,,0',
    "+CMS ERROR: 38",
    "OK",
    "ERROR",
    "^RSSI:12",
    "> ",
    _PDU,
)
_KEYS: Final = (
    "to",
    "text",
    "data",
    "port",
    "id",
    "gateway",
    "priority",
    "send_at",
    "valid_for",
    "dlr",
    "flash",
)
#: Memory may grow by so much over a run, in MiB: caches fill, nothing piles up.
ALLOWED_GROWTH: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class FuzzResult:
    """What one run did; any exception has ended it before."""

    cases: int
    seconds: float
    growth_mib: float


def run(cases: int, seed: int) -> FuzzResult:
    """Feed ``cases`` random inputs, spread over all readers; raises what escapes, with the seed and case in a note."""
    chance = random.Random(seed)
    readers = (_pdu, _bytes, _lines, _command, _ussd)
    began = time.monotonic()
    warm = 0
    for case in range(cases):
        if case == min(cases // 10, 20_000):
            warm = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            readers[case % len(readers)](chance)
        except Exception as error:
            error.add_note(f"seed {seed}, case {case}")
            raise
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return FuzzResult(cases=cases, seconds=time.monotonic() - began, growth_mib=(peak - warm) / 1024)


def _pdu(chance: Random) -> None:
    octets = bytearray(bytes.fromhex(_PDU))
    for _ in range(chance.randrange(12)):
        octets[chance.randrange(len(octets))] = chance.randrange(256)
    pdu = bytes(octets[: chance.randrange(len(octets) + 1)]) + chance.randbytes(chance.choice((0, 0, 3, 200)))
    text = pdu.hex().upper()
    if chance.random() < 0.1:
        text = "".join(chance.choices('0123456789ABCDEFxyz "', k=chance.randrange(80)))
    read_pdu(ReceivedPdu(hex=text, sim="8949"), _NOW, None)
    join_segments([None, text, _PDU], _NOW)


def _bytes(chance: Random) -> None:
    _feed(chance, chance.randbytes(chance.randrange(2000)))


def _lines(chance: Random) -> None:
    terminators = ("\r\n", "\r\r\n", "\n", "\r", "\r\n\r\n", "\0\r\n", "")
    text = "".join(chance.choice(_LINES) + chance.choice(terminators) for _ in range(chance.randrange(20)))
    _feed(chance, text.encode("latin-1"))


def _feed(chance: Random, stream: bytes) -> None:
    framer = Framer(lambda line: (parse_urc(line), None)[1], lambda: None)
    if chance.random() < 0.5:
        framer.arm_prompt()
    at = 0
    while at < len(stream):
        size = chance.choice((1, 1, 2, 7, 64, 4096))
        framer.feed(stream[at : at + size])
        at += size


def _ussd(chance: Random) -> None:
    digits = "".join(chance.choices("0123456789ABCDEF", k=chance.randrange(120)))
    text = chance.choice((digits, "".join(map(chr, chance.choices(range(0x250), k=40)))))
    decode_reply(text, chance.choice((None, *range(256))))


def _command(chance: Random) -> None:
    payload: bytes = json.dumps(_value(chance, 0)).encode()
    if chance.random() < 0.3:
        payload = payload[: chance.randrange(len(payload) + 1)] + chance.randbytes(chance.randrange(3))
    recipients = chance.choice((None, "491701234567", "anna,ben", "", "/", "+#"))
    topic = SendTopic(recipients=recipients, id=chance.choice((None, "door-17", "ö")))
    for found in parse_send(topic, payload, Reply(), expiry=chance.choice((None, 0, 5)), valid_for=86_400):
        assert found is not None


def _value(chance: Random, depth: int) -> object:
    makers: tuple[Callable[[], object], ...] = (
        lambda: None,
        lambda: chance.random() < 0.5,
        lambda: chance.randrange(-(2**70), 2**70),
        lambda: chance.choice((0.5, 1e308, -0.0)),
        lambda: "".join(map(chr, chance.choices(range(1, 0x3000), k=chance.randrange(30)))),
        lambda: chance.choice(
            ("+491701234567", "0170 1234567", "112", "2026-11-20T10:00:00Z", "otp", "AAEC")
        ),
        lambda: [_value(chance, depth + 1) for _ in range(chance.randrange(4))],
        lambda: {chance.choice(_KEYS): _value(chance, depth + 1) for _ in range(chance.randrange(6))},
    )
    return chance.choice(makers if depth < 4 else makers[:6])() if depth else makers[-1]()
