"""The engine on lines that stutter, interrupt, lie and break."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sms_bridge.modem.errors import ModemError, NotSent, SendUnknown
from sms_bridge.modem.framer import MAX_LINE
from sms_bridge.modem.model import Phase, StoredAt
from tests.support.virtual_time import virtual_time

from .bench import DELIVER, OTHER, REPORT, running
from .fake import FakeModem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sms_bridge.modem.model import ModemStatus, UssdReply

    from .bench import Bench
    from .fake import Lines

USSD = {'AT+CUSD=1,"*100#",15': ["OK", '+CUSD: 0,"Balance\r\n5 EUR",15']}


def one_by_one(data: bytes) -> Sequence[bytes]:
    return [data[i : i + 1] for i in range(len(data))]


def at_random(seed: int) -> Callable[[bytes], Sequence[bytes]]:
    dice = random.Random(seed)

    def cut(data: bytes) -> Sequence[bytes]:
        pieces = []
        while data:
            size = dice.randint(1, 9)
            pieces.append(data[:size])
            data = data[size:]
        return pieces

    return cut


@dataclass(frozen=True)
class Day:
    """What came of everything a modem does."""

    sent: tuple[int, int]
    reply: UssdReply
    received: frozenset[tuple[str, StoredAt | None]]
    present: dict[str, list[tuple[int, str]]]
    submitted: list[str]
    status: ModemStatus


async def a_day(made: Bench) -> Day:
    """Do everything a modem does."""
    made.fake.store("SM", 2, OTHER)
    await made.until(lambda: StoredAt("SM", 2) in made.events.places)
    made.fake.say("+CDS: 25", REPORT)
    await made.until(lambda: any(pdu.report for pdu in made.events.pdus))
    sent = await made.send(more=True), await made.send()
    reply = await made.modem.ussd("*100#")
    await made.modem.delete(StoredAt("SM", 1), pdu_hex=DELIVER)
    await made.modem.sweep()
    received = frozenset((pdu.hex, pdu.at) for pdu in made.events.pdus)
    return Day(sent, reply, received, made.events.sweeps[-1], made.fake.submitted, made.status)


async def outcome(fake: FakeModem) -> Day:
    fake.messages["SM"] = {1: DELIVER}
    async with running(fake) as made:
        return await a_day(made)


@pytest.mark.parametrize("cut", [one_by_one, *(at_random(seed) for seed in range(8))])
def test_however_the_modems_bytes_are_cut_the_day_is_the_same(
    cut: Callable[[bytes], Sequence[bytes]],
) -> None:
    @virtual_time
    async def run() -> None:
        assert await outcome(FakeModem(USSD, cut=cut)) == await outcome(FakeModem(USSD))

    run()


class Interrupting(FakeModem):
    """Says something else before one of its lines."""

    def __init__(self, answers: Mapping[str, Lines], at: int, interruption: str) -> None:
        super().__init__(dict(answers))
        self.at = at
        self.interruption = interruption
        self.lines = 0

    def say(self, *lines: str) -> None:
        for line in lines:
            if self.lines == self.at:
                self.raw(f"\r\n{self.interruption}\r\n".encode())
            self.lines += 1
            self.raw(f"\r\n{line}\r\n".encode())


@pytest.mark.parametrize(
    "urc", ["+CREG: 1", "^RSSI:18", '+CMTI: "SM",1', f"+CMT: ,24\r\n{DELIVER}", "+CSQ: 20,99"]
)
def test_a_urc_at_any_line_boundary_changes_nothing_else(urc: str) -> None:
    @virtual_time
    async def run() -> None:
        counting = Interrupting(USSD, -1, "")
        expected = await outcome(counting)
        direct = {(DELIVER, None)} if urc.startswith("+CMT:") else set()
        for boundary in range(counting.lines):
            fake = Interrupting(USSD, boundary, urc)
            seen = await outcome(fake)
            assert fake.lines >= boundary
            assert seen.received == expected.received | direct, boundary
            assert replace(seen, received=expected.received) == expected, boundary

    run()


class Breaking(FakeModem):
    """Loses the port after so many commands, once."""

    def __init__(self, answers: Mapping[str, Lines], after: int, error: Exception | None) -> None:
        super().__init__(dict(answers))
        self.after = after
        self.error = error

    def _answer(self, text: str) -> None:
        super()._answer(text)
        if len(self.heard) == self.after:
            asyncio.get_running_loop().call_soon(self.lose, self.error)


@pytest.mark.parametrize("error", [None, OSError(5, "Input/output error")])
def test_a_loss_at_any_moment_is_survived_and_told_truly(error: Exception | None) -> None:
    @virtual_time
    async def run() -> None:
        for after in range(1, 60):
            fake = Breaking(USSD, after, error)
            fake.messages["SM"] = {1: DELIVER}
            async with running(fake) as made:
                before = len(fake.submitted)
                try:
                    await made.send()
                except NotSent:
                    assert len(fake.submitted) == before
                except SendUnknown:
                    assert len(fake.submitted) == before + 1
                else:
                    assert len(fake.submitted) == before + 1
                for work in (made.modem.ussd("*100#"), made.modem.sweep()):
                    try:
                        await work
                    except ModemError:
                        continue
                await made.until(made.ready)
                await made.until(made.swept)
                assert {pdu.hex for pdu in made.events.pdus} == {DELIVER}

    run()


@virtual_time
async def test_a_modem_that_answers_every_command_late_keeps_working() -> None:
    """Replies must never shift by one: late finals are taken for what they are."""
    fake = FakeModem(USSD)
    fake.messages["SM"] = {1: DELIVER}
    async with running(fake) as made:
        fake.answers["AT+CSQ"] = []
        await asyncio.sleep(32)
        fake.say("+CSQ: 5,99", "OK")
        fake.answers["AT+CSQ"] = ["+CSQ: 10,99", "OK"]
        await made.until(lambda: made.status.signal_dbm == -93)
        assert made.status.operator == "Testnet"
        assert await made.send() == 1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=300), max_size=12))
def test_garbage_never_escapes_the_engine(garbage: list[bytes]) -> None:
    @virtual_time
    async def run() -> None:
        async with running() as made:
            for piece in garbage:
                made.fake.raw(piece)
                await asyncio.sleep(0.1)
            # What garbage happened to begin (a quote, a header, a restart) is over after its time.
            made.fake.raw(b'"\r\n\r\n')
            await made.until(lambda: made.status.phase is Phase.READY)
            await asyncio.sleep(130)
            await made.until(lambda: made.status.phase is Phase.READY)
            assert await made.send() == 1

    run()


LINES = [
    *("OK", "ERROR", "RDY", "RING", "NO CARRIER", "> ", "\0", DELIVER, "+CMS ERROR: 38", "+CME ERROR: 14"),
    *(
        '+CMTI: "SM",1',
        "+CMGS: 3",
        "+CPIN: READY",
        "+CMT: ,24",
        "+CREG: 0,1",
        '+CLIP: "",128',
        '+CDSI: "SR",0',
    ),
    *('+CUSD: 1,"a', 'b",15'),
]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(LINES), max_size=40))
def test_plausible_lines_out_of_place_never_escape_the_engine(lines: list[str]) -> None:
    @virtual_time
    async def run() -> None:
        async with running(FakeModem(USSD)) as made:
            for line in lines:
                made.fake.say(line)
                await asyncio.sleep(0.5)
            await asyncio.sleep(130)
            made.fake.raw(b'"\r\n\r\n')
            await made.until(lambda: made.status.phase is Phase.READY)
            assert await made.send() >= 1

    run()


@virtual_time
async def test_memory_stays_bounded_whatever_comes() -> None:
    async with running() as made:
        session = made.modem._session
        assert session is not None
        assert session._channel is not None
        framer = session._channel._framer
        for chunk in (b"\xff" * 1000, b'+CUSD: 0,"a\r\n' * 100, b"+CMT: ,24\r\n" * 100, b"x\r\n" * 400):
            for _ in range(100):
                made.fake.raw(chunk)
        assert len(framer._buffer) <= MAX_LINE + 1000
        assert len(framer._quoted or "") <= MAX_LINE + 1000
        assert sum(len(piece[2]) for piece in made.modem.trace._pieces) < 2_000_000
