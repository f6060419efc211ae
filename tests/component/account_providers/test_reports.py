"""The providers' words on what became of a message, as Home Assistant's events say it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tests.component.account_providers.test_messages import only
from tests.component.accounts.account import ANNA
from tests.e2e.providers.kits import SMSGATEWAY24, SMSGIC, UBILL

if TYPE_CHECKING:
    from tests.component.account_providers.live import LiveAccount

#: Each provider's words, what they make of a message, and whether that is its end. SMSgic's are likely ones: its
#: document has the first two only.
WORDS: Final[dict[str, dict[str, tuple[str, bool]]]] = {
    "geniq": {
        "processed": ("accepted", False),
        "delivered": ("delivered", True),
        "expired": ("expired", True),
        "deleted": ("failed", True),
        "undeliverable": ("undeliverable", True),
        "rejected": ("undeliverable", True),
        "unknown": ("accepted", False),
    },
    "smsgic": {
        "Draft": ("accepted", False),
        "Pending": ("accepted", False),
        "Processing": ("accepted", False),
        "Sent": ("sent", False),
        "Delivered": ("delivered", True),
        "Failed": ("failed", True),
        "Rejected": ("undeliverable", True),
        "Expired": ("expired", True),
        "On the moon": ("accepted", False),
    },
    "ubill": {
        "0": ("sent", False),
        "1": ("delivered", True),
        "2": ("undeliverable", True),
        "3": ("accepted", False),
        "4": ("failed", True),
    },
    "smsgateway24": {
        "1": ("accepted", False),
        "2": ("accepted", False),
        "3": ("accepted", False),
        "6": ("sent", False),
        "7": ("delivered", True),
        "8": ("undeliverable", True),
        "9": ("failed", True),
        "11": ("failed", True),
        "100": ("failed", True),
        "101": ("failed", True),
    },
    "geniosms": {
        "SENT RESULT_OK": ("sent", False),
        "SENT RESULT_ERROR": ("failed", True),
        "DELIVERY RESULT_OK": ("delivered", True),
        "DELIVERY RESULT_ERROR": ("undeliverable", True),
    },
}


async def test_each_word_of_a_provider_is_one_of_ours(account: LiveAccount[Any]) -> None:
    table = WORDS[account.kit.name]
    for number, word in enumerate(table):
        await account.send(f"{number}: {word}", id=f"m{number}")
        sent = account.on_air(ANNA)[-1]
        for message_id in sent.ids:
            account.server.advance(message_id, word)
    await account.settle()
    if not account.kit.calls:
        await account.pass_time(60)
    told = {word: account.last(f"m{number}") for number, word in enumerate(table)}
    assert {word: (last["state"], last["final"]) for word, last in told.items()} == table
    bad = [last for last in told.values() if last["state"] in {"failed", "expired", "undeliverable"}]
    assert all(last["error"] for last in bad)
    assert len(account.server.on_air) == len(table)


@only(SMSGIC, UBILL, SMSGATEWAY24)
async def test_reports_are_asked_for_where_nobody_can_call_and_no_longer_than_there_is_something_to_tell(
    fresh: LiveAccount[Any],
) -> None:
    await fresh.load()
    await fresh.send(id="door")
    (sent,) = fresh.on_air(ANNA)
    for word in (fresh.kit.sent, fresh.kit.delivered):
        await fresh.report(sent, word)
    assert fresh.states_of("door") == ["queued", "accepted", "sent", "delivered"]
    asked = {
        "smsgic": "GET /sendings/{id}",
        "ubill": "GET /report/{smsID}",
        "smsgateway24": "POST /getsmsstatus",
    }
    mark, endpoint = len(fresh.requests.seen), asked[fresh.kit.name]
    assert fresh.requests.count(endpoint) >= 2
    for _ in range(5):
        await fresh.pass_time(3600)
    assert fresh.requests.count(endpoint, mark) == 0
