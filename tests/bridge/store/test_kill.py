"""What was answered survives a kill -9; holds for every engine."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from sms_bridge.store import open_store
from tests.repo.checkout import ROOT

if TYPE_CHECKING:
    from sms_bridge.store.base import Transaction

#: Answered writes before each kill; the rounds fall into different places of the write-ahead log.
ROUNDS = (1, 150, 400)


def write_until_killed(url: str, answers: int) -> list[str]:
    """Start a writing process, kill it after so many answers; returns all that it had answered."""
    path = [str(ROOT), str(ROOT / "bridge"), str(ROOT / "custom_components/sms_gateway")]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bridge.store.writing", url],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={"PYTHONPATH": ":".join(path)},
    ) as process:
        assert process.stdout is not None
        names = [process.stdout.readline().strip() for _ in range(answers)]
        process.kill()
        names += process.stdout.read().split("\n")[:-1]
    assert all(names), "the writing process ended by itself"
    return names


async def test_a_killed_writer_has_lost_nothing_that_it_answered(url: str) -> None:
    answered: list[str] = []
    for answers in ROUNDS:
        answered += write_until_killed(url, answers)

    def missing(tx: Transaction) -> list[str]:
        return [name for name in answered if tx.message_by_id(name) is None]

    def unbalanced(tx: Transaction) -> list[int]:
        """Messages without their event, or events without their message."""
        events = tx.events_after(0, 100_000)
        kept = [tx.message(event.message_row or 0) for event in events]
        return [
            event.seq
            for event, item in zip(events, kept, strict=True)
            if item is None or json.loads(event.payload)["id"] != item.id
        ]

    store = open_store(url)
    await store.open()
    assert await store.read(missing) == []
    assert await store.read(unbalanced) == []
    depth = await store.read(lambda tx: tx.queue_depth())
    events = await store.read(lambda tx: tx.events_after(0, 100_000))
    assert depth == {"queued": len(events)}
    assert len(events) >= len(answered) >= sum(ROUNDS)
    await store.close()
