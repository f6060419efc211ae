"""The engine with the simulator's modem families and faults, on virtual time."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from sms_bridge.modem.errors import CmsError, NotSent, SendUnknown
from sms_bridge.modem.model import ModemSettings, Phase
from sms_bridge.modem.modem import Modem
from sms_bridge.simulator.endpoints import MemoryEndpoint
from sms_bridge.simulator.faults import parse_fault
from sms_bridge.simulator.modem import ModemSimulator
from sms_bridge.simulator.network import Network
from sms_bridge.simulator.profiles import PROFILES
from sms_bridge.simulator.simcard import SimCard
from tests.support.virtual_time import virtual_time

from .bench import SUBMIT as PLAIN_SUBMIT
from .bench import SUBMIT_LENGTH, Events, Pins

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

#: The same segment, asking for a status report (TP-SRR).
SUBMIT = "0021" + PLAIN_SUBMIT[4:]

every_family = pytest.mark.parametrize("family", list(PROFILES))


class World:
    """A simulated modem and the engine on it."""

    def __init__(self, family: str, *, delete: bool = True, sim: SimCard | None = None, cut: int = 0) -> None:
        self.network = Network()
        self.simulator = ModemSimulator(PROFILES[family], self.network, sim=sim)
        self.events = Events(delete=delete)
        self.pins = Pins()
        self.endpoint = MemoryEndpoint(self.simulator, cut=cut)
        settings = ModemSettings(port="/dev/modem", pin="1234")
        self.modem = Modem(settings, self._connect, self.events, self.pins)
        self.cut = cut

    def _connect(self) -> MemoryEndpoint:
        self.endpoint = MemoryEndpoint(self.simulator, cut=self.cut)
        return self.endpoint

    def fault(self, text: str) -> None:
        self.simulator.faults.add(parse_fault(text))

    def ready(self) -> bool:
        return self.modem.status.phase is Phase.READY

    async def until(self, condition: Callable[[], object], within: float = 300.0) -> None:
        async with asyncio.timeout(within):
            while True:
                if condition():
                    return
                await asyncio.sleep(0.01)

    async def send(self, *, more: bool = False) -> int:
        return await self.modem.send(SUBMIT, SUBMIT_LENGTH, more=more)


@asynccontextmanager
async def world(family: str, **options: object) -> AsyncIterator[World]:
    made = World(family, **options)  # type: ignore[arg-type]  # a test's own options
    made.simulator.start()
    await made.modem.start()
    try:
        await made.until(made.ready)
        await made.until(lambda: made.events.sweeps)
        yield made
    finally:
        await made.modem.stop(finish_within=0)
        made.simulator.stop()


@every_family
@pytest.mark.parametrize("cut", [0, 1])
def test_every_family_sends_reports_and_receives(family: str, cut: int) -> None:
    @virtual_time
    async def run() -> None:
        async with world(family, cut=cut) as made:
            references = [await made.send(more=number < 2) for number in range(3)]
            assert len(made.network.submits) == 3
            assert len(set(references)) == 3
            await made.until(lambda: sum(pdu.report for pdu in made.events.pdus) == 3)
            made.network.deliver("+491701234567", "Hallo " * 40)
            await made.until(lambda: len(made.events.pdus) == 5)
            await made.modem.sweep()
            assert not any(any(content) for content in made.events.sweeps[-1].values())
            assert made.modem.status.detail is None

    run()


@every_family
def test_every_family_answers_ussd(family: str) -> None:
    @virtual_time
    async def run() -> None:
        async with world(family) as made:
            reply = await made.modem.ussd("*100#")
            assert "EUR" in reply.text or "€" in reply.text

    run()


@every_family
def test_every_family_is_unlocked_and_comes_back_after_a_reboot(family: str) -> None:
    @virtual_time
    async def run() -> None:
        async with world(family, sim=SimCard(pin="1234")) as made:
            assert made.simulator.sim.right_codes == 1
            made.fault("reboot")
            made.simulator.power_off()
            made.simulator.power_on()
            await made.until(lambda: not made.ready())
            await made.until(made.ready)
            assert made.simulator.sim.wrong_codes == 0
            await made.send()

    run()


@every_family
def test_every_family_gets_a_wrong_pin_once(family: str) -> None:
    @virtual_time
    async def run() -> None:
        made = World(family, sim=SimCard(pin="9999"))
        made.simulator.start()
        await made.modem.start()
        await asyncio.sleep(600)
        assert made.modem.status.phase is Phase.ERROR
        assert made.simulator.sim.wrong_codes == 1
        await made.modem.stop(finish_within=0)

    run()


SENDING = {
    "lost-answer:1": (SendUnknown, 1),
    "not-sent:1": (SendUnknown, 0),
    "reboot-before-send:1": (SendUnknown, 0),
    "reboot-after-send:1": (SendUnknown, 1),
    "no-prompt:1": (NotSent, 0),
    "cms:38,1": (CmsError, 0),
    "late-prompt:5,1": (None, 1),
    "bare-prompt:1": (None, 1),
    "early-report:1": (None, 1),
    "garbage": (None, 1),
    "noise": (None, 1),
    "byte-at-a-time": (None, 1),
}


@every_family
@pytest.mark.parametrize("fault", list(SENDING))
def test_a_fault_while_sending_is_told_truly_and_overcome(family: str, fault: str) -> None:
    @virtual_time
    async def run() -> None:
        error, sent = SENDING[fault]
        async with world(family) as made:
            made.fault(fault)
            if error is None:
                await made.send()
            else:
                with pytest.raises(error):
                    await made.send()
            assert len(made.network.submits) == sent
            await asyncio.sleep(40)
            await made.until(made.ready)
            await made.send()
            assert len(made.network.submits) == sent + 1

    run()


@every_family
def test_a_late_answer_is_told(family: str) -> None:
    @virtual_time
    async def run() -> None:
        async with world(family) as made:
            made.fault("late-answer:130,1")
            with pytest.raises(SendUnknown):
                await made.send()
            await made.until(lambda: made.events.late, within=40)
            await asyncio.sleep(40)
            await made.until(made.ready)
            await made.send()

    run()


@every_family
@pytest.mark.parametrize(
    "fault", ["no-urc", "early-cmti:0.7", "bad-index", "noise", "garbage:3", "byte-at-a-time"]
)
def test_a_fault_while_receiving_loses_nothing(family: str, fault: str) -> None:
    @virtual_time
    async def run() -> None:
        async with world(family) as made:
            made.fault(fault)
            for number in range(5):
                made.network.deliver("+491701234567", f"message {number}")
            await made.until(lambda: len({pdu.hex for pdu in made.events.pdus}) == 5)

    run()


@virtual_time
async def test_a_full_storage_fills_again_once_it_is_emptied() -> None:
    async with world("e3372") as made:
        for number in range(45):
            made.network.deliver("+491701234567", f"message {number}")
        await made.until(lambda: len({pdu.hex for pdu in made.events.pdus}) == 45)
