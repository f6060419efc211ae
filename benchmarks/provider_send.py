"""Sending through a provider's client against a bare POST of aiohttp: what an account's care costs for each message.

Run with the test requirements installed: python benchmarks/provider_send.py
Both send the same JSON to the same server, a process of its own that answers at once, on connections that are kept,
with the same number of messages under way at a time. Each run takes a batch of both in turn, several times, so that
whatever else the machine does meets both. The ratio is of the seconds per message: 1 means that it costs nothing.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bridge"), str(ROOT / "custom_components" / "sms_gateway")]

import aiohttp
from aiohttp import web

from benchmarks.support import RUNS, Stage, answers, free_port, ratio, show_command, until
from sms_providers.model import OutboundMessage, Taken
from sms_providers.provider import Outgoing
from sms_providers.ubill import Ubill, UbillSettings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

#: Messages under way at a time.
CONCURRENCY: Final = 50
#: Messages of one turn, and turns of one run.
_TURN: Final = 1_000
_TURNS: Final = 4
#: The most that the client may cost, as a ratio.
AIM: Final = 1.5
_KEY: Final = "benchmark"


def serve(port: int) -> None:
    """Answer every message as uBill does, until the process is ended."""

    async def take(request: web.Request) -> web.Response:
        await request.read()
        return web.json_response({"statusID": 0, "smsID": 117345, "message": "SMS sent successfully"})

    application = web.Application()
    application.router.add_post("/v1/sms/send", take)
    web.run_app(application, host="127.0.0.1", port=port, access_log=None, print=None)


def _message(number: int) -> tuple[str, str]:
    return (
        f"+9955{number:08}",
        f"Message {number} of a benchmark, as long as messages of machines usually are.",
    )


async def _turn(send: Callable[[int], Awaitable[None]]) -> float:
    """Seconds per message."""
    numbers = iter(range(_TURN))

    async def work() -> None:
        for number in numbers:
            await send(number)

    began = time.perf_counter()
    await asyncio.gather(*itertools.starmap(work, [()] * CONCURRENCY))
    return (time.perf_counter() - began) / _TURN


async def measure(url: str) -> tuple[list[float], list[float]]:
    """Send both ways in turn; the seconds per message of each run."""
    ours: list[float] = []
    bare: list[float] = []
    async with aiohttp.ClientSession() as session, aiohttp.ClientSession() as other:
        account = Ubill(session, UbillSettings(api_key=_KEY, brand_id=1, base_url=url))

        async def by_account(number: int) -> None:
            recipient, text = _message(number)
            message = OutboundMessage(recipient=recipient, text=text)
            (outcome,) = await account.send([Outgoing(reference=number + 1, message=message)])
            assert isinstance(outcome, Taken)

        async def by_aiohttp(number: int) -> None:
            recipient, text = _message(number)
            body = {"brandID": 1, "numbers": [int(recipient[1:])], "text": text}
            async with other.post(url, params={"key": _KEY}, json=body) as answer:
                assert (await answer.json())["statusID"] == 0

        for send in (by_account, by_aiohttp):
            await _turn(send)
        for _ in range(RUNS):
            turns = [(await _turn(by_account), await _turn(by_aiohttp)) for _ in range(_TURNS)]
            ours.append(statistics.median(mine for mine, _ in turns))
            bare.append(statistics.median(other for _, other in turns))
    return ours, bare


def main() -> None:
    """Print the time per message of both, and their ratio."""
    port = free_port()
    with Stage() as stage:
        stage.start("provider", sys.executable, __file__, str(port))
        until(lambda: answers(port), "the server's start")
        ours, bare = asyncio.run(measure(f"http://127.0.0.1:{port}/v1/sms/send"))
    print(f"a bare POST: {statistics.median(bare) * 1e6:,.0f} µs a message, {CONCURRENCY} at a time")
    print(f"through an account: {statistics.median(ours) * 1e6:,.0f} µs a message")
    print(f"an account takes {ratio(ours, bare):.2f} times as long; the aim is {AIM} at most")
    show_command("provider_send")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        serve(int(sys.argv[1]))
    else:
        main()
