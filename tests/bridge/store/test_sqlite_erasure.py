"""An erased text is gone from the disk, not only from the answers."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from sms_bridge.store.base import Phase
from sms_bridge.store.sqlite.engine import SqliteStore
from sms_providers.model import Priority, State
from tests.bridge.store.records import NOW, error, message

if TYPE_CHECKING:
    from pathlib import Path

    from sms_bridge.store.base import Message, Transaction

SECRET = "code-493871"


def accept(number: int, chance: random.Random, tx: Transaction) -> Message:
    """A one-time password of any length up to ten segments."""
    text = f"{SECRET} {number} " + "x" * chance.randrange(0, 1_500)
    return tx.add_message(message(f"otp{number}", text=text, priority=Priority.OTP, data=text.encode()))


def progress(item: Message, chance: random.Random, tx: Transaction) -> None:
    """A message's life: its row grows, so that the database moves it about; then its text is erased."""
    submitting = replace(item, phase=Phase.SUBMITTING, gateway="stick", attempt=1, submitted_at=NOW)
    tx.save_message(submitting)
    taken = tuple(f"{n:02x}" for n in range(chance.randrange(1, 11)))
    tx.save_message(replace(submitting, phase=Phase.REPORTING, state=State.SENT, references=taken))
    final = replace(
        submitting, phase=Phase.DONE, state=State.FAILED, references=taken, error=error(), final=True
    )
    tx.save_message(final)
    tx.erase_text(item.row)


async def test_no_erased_text_is_left_in_any_file(tmp_path: Path) -> None:
    chance = random.Random(7)
    store = SqliteStore(tmp_path / "bridge.db")
    await store.open()
    waiting: list[Message] = []
    for number in range(400):
        waiting.append(await store.write("add", partial(accept, number, chance)))
        while len(waiting) > 20:
            item = waiting.pop(chance.randrange(len(waiting)))
            await store.write("life", partial(progress, item, chance))
    for item in waiting:
        await store.write("life", partial(progress, item, chance))
    await store.close()
    for file in tmp_path.iterdir():
        assert SECRET.encode() not in file.read_bytes(), file.name


async def test_a_purged_message_leaves_nothing(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "bridge.db")
    await store.open()

    def fill(tx: Transaction) -> None:
        for n in range(200):
            done = message(f"m{n}", text=f"{SECRET} {n}", phase=Phase.DONE, state=State.SENT, updated_at=NOW)
            tx.add_message(done)

    await store.write("fill", fill)
    assert await store.write("purge", lambda tx: tx.purge(NOW + 1, 1_000)) == 200
    await store.close()
    for file in tmp_path.iterdir():
        assert SECRET.encode() not in file.read_bytes(), file.name
