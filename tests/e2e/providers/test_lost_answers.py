"""An answer that never comes: nobody gets two messages unless the events say that he may have."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any, Final

import pytest

from sms_bridge.simulator.provider_faults import Fault
from tests.e2e.client import wait_for
from tests.e2e.providers.account import RESPONSE
from tests.e2e.providers.kits import CALLING, GENIQ, KITS, SMSGATEWAY24

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.client import Event
    from tests.e2e.providers.account import Account
    from tests.e2e.providers.kits import Kit

#: Everything that leaves it open whether the provider has the message; it has.
TAKEN_IN_SILENCE: Final = (
    Fault(cut_after=True),
    Fault(delay=RESPONSE * 1.5),
    Fault(status=200, body="<html><body>please wait</body></html>", processed=True),
    Fault(status=502, body="Bad Gateway", processed=True),
)
finding = pytest.mark.parametrize("shared", [kit.name for kit in KITS if kit.finds], indirect=True)
calling = pytest.mark.parametrize("shared", [kit.name for kit in CALLING], indirect=True)
not_finding = pytest.mark.parametrize("shared", [kit.name for kit in KITS if not kit.finds], indirect=True)


def lose(account: Account[Any], *faults: Fault) -> None:
    """Let each of these happen to one of the next messages."""
    for fault in faults:
        account.requests.add(fault, path=account.kit.send)


@finding
def test_a_message_whose_answer_was_lost_is_found_at_the_provider(account: Account[Any], number: str) -> None:
    names = [f"m{number[1:]}{n}" for n in range(len(TAKEN_IN_SILENCE))]
    lose(account, *TAKEN_IN_SILENCE)
    for name in names:
        account.client.send(to=f"+{name[1:]}", text=f"where is {name}?", id=name)
    for name in names:
        (sent,) = account.leaves(name[1:])
        accepted = account.taken(name)
        assert (accepted["attempt"], accepted["reference"]) == (1, [sent.ids[0]])
        account.report(sent, account.kit.delivered)
        final = account.client.final(name)
        assert (final["state"], final["possible_duplicate"]) == ("delivered", False)
        assert len(account.on_air(name[1:])) == 1


@not_finding
def test_a_late_report_is_the_answer_that_was_lost(account: Account[Any], number: str) -> None:
    names = [f"m{number[1:]}{n}" for n in range(len(TAKEN_IN_SILENCE))]
    lose(account, *TAKEN_IN_SILENCE)
    for name in names:
        account.client.send(to=f"+{name[1:]}", text=f"where is {name}?", id=name)
    for name in names:
        (sent,) = account.leaves(name[1:])
        account.client.reached(name, "unknown")
        account.report(sent, account.kit.delivered)
        final = account.client.final(name)
        assert (final["state"], final["attempt"], final["possible_duplicate"]) == ("delivered", 1, False)
        assert len(account.on_air(name[1:])) == 1


@not_finding
def test_on_hold_nothing_is_sent_again_and_a_report_settles_it_even_later(
    account: Account[Any], number: str
) -> None:
    name = f"m{number[1:]}"
    lose(account, Fault(cut_after=True))
    account.client.send(to=number, text="exactly once", id=name, on_unknown="hold")
    held = account.client.final(name)
    assert (held["state"], held["error"]["code"], held["possible_duplicate"]) == ("unknown", "timeout", False)
    (sent,) = account.on_air(number)
    account.report(sent, account.kit.delivered)
    settled = account.client.reached(name, "delivered")
    assert (settled["final"], settled["possible_duplicate"]) == (True, False)
    assert len(account.on_air(number)) == 1


def test_on_hold_what_never_arrived_is_not_sent(account: Account[Any], number: str) -> None:
    name = f"m{number[1:]}"
    lose(account, Fault(cut_before=True))
    account.client.send(to=number, text="at most once", id=name, on_unknown="hold")
    held = account.client.final(name)
    assert (held["state"], held["possible_duplicate"]) == ("unknown", False)
    assert account.on_air(number) == []


@not_finding
def test_a_message_that_is_sent_again_says_that_it_may_come_twice(account: Account[Any], number: str) -> None:
    name = f"m{number[1:]}"
    lose(account, Fault(cut_after=True))
    account.client.send(to=number, text="rather twice than never", id=name)
    sent = account.leaves(number, 2)
    assert account.taken(name)["possible_duplicate"] is True
    account.report(sent[-1], account.kit.delivered)
    final = account.client.final(name)
    assert (final["state"], final["attempt"], final["possible_duplicate"]) == ("delivered", 2, True)
    assert len(account.on_air(number)) == 2


def test_what_never_arrived_is_sent_again_and_says_so(account: Account[Any], number: str) -> None:
    name = f"m{number[1:]}"
    lose(account, Fault(cut_before=True))
    account.client.send(to=number, text="lost on the way", id=name)
    (sent,) = account.leaves(number)
    accepted = account.taken(name)
    assert (accepted["attempt"], accepted["possible_duplicate"]) == (2, True)
    account.report(sent, account.kit.delivered)
    assert account.client.final(name)["state"] == "delivered"
    assert len(account.on_air(number)) == 1


def test_the_lost_answer_to_several_recipients_is_settled_for_each(
    account: Account[Any], number: str
) -> None:
    name, recipients = f"m{number[1:]}", [f"{number}{n}" for n in range(3)]
    each = len(recipients) if account.kit.name == "geniosms" else 1
    account.requests.add(Fault(cut_after=True), times=each, path=account.kit.batch)
    account.client.send(to=recipients, text=f"to all of {name}", id=name)
    for n, recipient in enumerate(recipients):
        (sent,) = account.leaves(recipient)
        account.client.reached(f"{name}/{n}", "accepted" if account.kit.finds else "unknown")
        if account.kit.name == "ubill":
            account.do(lambda sent=sent: account.server.advance(sent.ids[0], "1", number=sent.recipient))  # type: ignore[misc] # mypy cannot infer a default's type
        else:
            account.report(sent, account.kit.delivered)
    for n, recipient in enumerate(recipients):
        final = account.client.final(f"{name}/{n}")
        assert (final["state"], final["attempt"], final["possible_duplicate"]) == ("delivered", 1, False)
        assert len(account.on_air(recipient)) == 1


@finding
def test_where_the_provider_cannot_be_asked_either_it_is_sent_again_and_says_so(
    account: Account[Any], number: str
) -> None:
    lists = "GET /sendings" if account.kit.name == "smsgic" else "POST /getallsms"
    lose(account, Fault(cut_after=True))
    account.requests.add(Fault(status=500), times=None, path=lists)
    name = account.send(number, "neither here nor there")
    account.leaves(number, 2)
    account.requests.clear()
    assert account.taken(name)["possible_duplicate"] is True
    assert len(account.on_air(number)) == 2


@calling
def test_a_report_that_overtakes_the_answer_counts(account: Account[Any], number: str) -> None:
    lose(account, Fault(delay=RESPONSE * 0.5))
    name = account.send(number, "faster than light")
    (sent,) = account.leaves(number)
    account.report(sent, account.kit.delivered)
    final = account.client.final(name)
    assert (final["state"], final["attempt"], final["possible_duplicate"]) == ("delivered", 1, False)
    assert len(account.on_air(number)) == 1


# -- the bridge itself dies while the provider has the message


@pytest.mark.parametrize("kit", KITS, ids=lambda kit: kit.name)
def test_a_bridge_that_is_killed_in_the_middle_of_a_send_doubles_nothing_in_silence(
    fresh_account: Callable[..., Account[Any]], kit: Kit, number: str
) -> None:
    account = fresh_account(kit, modems={})
    held, again = f"{number}1", f"{number}2"
    account.requests.add(Fault(delay=RESPONSE * 0.9), times=2, path=kit.send)
    account.client.send(to=held, text="once", id="held", on_unknown="hold")
    account.client.send(to=again, text="or twice", id="again")
    for name, recipient in (("held", held), ("again", again)):
        account.leaves(recipient)
        account.client.reached(name, "queued")
    account.bridge.end(signal.SIGKILL)

    account.start()
    if kit.finds:
        for name in ("held", "again"):
            assert account.taken(name)["possible_duplicate"] is False
    else:
        assert account.client.final("held")["state"] == "unknown"
        assert account.taken("again")["possible_duplicate"] is True
    assert len(account.on_air(held)) == 1
    assert len(account.on_air(again)) == (1 if kit.finds else 2)
    for name, recipient in (("held", held), ("again", again)):
        account.report(account.on_air(recipient)[-1], kit.delivered)
        assert account.client.reached(name, "delivered")["final"] is True
    assert account.client.of("held")[-1]["possible_duplicate"] is False


@pytest.mark.parametrize("kit", [GENIQ, SMSGATEWAY24], ids=lambda kit: kit.name)
def test_a_bridge_that_is_killed_again_and_again_loses_nothing(
    fresh_account: Callable[..., Account[Any]], kit: Kit, number: str
) -> None:
    account = fresh_account(kit, modems={})
    account.requests.add(Fault(delay=0.1), times=None, path=kit.send)
    account.requests.add(Fault(delay=0.1), times=None, path=kit.batch)
    recipients = {f"n{n}": f"{number}{n:02}" for n in range(48)}
    orders = [
        {
            "to": recipient,
            # Every other one goes with its neighbours by the endpoint for several.
            "text": "to all alike" if n % 2 else f"to you, {name}",
            "id": name,
            "on_unknown": "hold" if n % 4 < 2 else "resend",
        }
        for n, (name, recipient) in enumerate(recipients.items())
    ]
    for kill in range(3):
        reached = len(account.server.on_air) + 2 + 3 * kill
        account.client.publish("send", orders[16 * kill : 16 * kill + 16])
        wait_for(lambda reached=reached: len(account.server.on_air) >= reached, "more on air")  # type: ignore[misc] # mypy cannot infer a default's type
        account.bridge.end(signal.SIGKILL)
        account.start()
    ends = {
        name: wait_for(lambda name=name: settled(account, name), f"the end of {name}")  # type: ignore[misc] # mypy cannot infer a default's type
        for name in recipients
    }
    for n, (name, recipient) in enumerate(recipients.items()):
        times = len(account.on_air(recipient))
        assert times == 1 or (n % 4 < 2 and times == 0) or ends[name]["possible_duplicate"], name
        assert times > 0 or ends[name]["state"] == "unknown", name
        assert times == 0 or ends[name]["state"] == "accepted" or not kit.finds, name


def settled(account: Account[Any], name: str) -> Event | None:
    """The event by which a message was accepted or given up as unknown."""
    return next(
        (event for event in account.client.of(name) if event["state"] == "accepted" or event["final"]), None
    )


@pytest.mark.parametrize("kit", KITS, ids=lambda kit: kit.name)
def test_a_bridge_that_is_stopped_waits_for_the_answer(
    fresh_account: Callable[..., Account[Any]], kit: Kit, number: str
) -> None:
    account = fresh_account(kit, modems={})
    account.requests.add(Fault(delay=RESPONSE * 0.5), path=kit.send)
    account.client.send(to=number, text="just in time", id="late")
    account.leaves(number)
    assert account.bridge.end() == 0
    account.start()
    wait_for(lambda: "accepted" in account.client.states("late"), "the answer")
    assert account.client.states("late") == ["queued", "accepted"]
    assert len(account.on_air(number)) == 1
