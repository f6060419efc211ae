"""Home Assistant and the provider go and come back, at the worst moments."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from homeassistant.config_entries import ConfigEntryState

from sms_bridge.simulator.provider_faults import Fault
from tests.component.account_providers.live import ROUND
from tests.component.account_providers.test_lost_answers import AGES, GRACE, LOOK
from tests.component.accounts.account import ANNA
from tests.e2e.providers.kits import GENIOSMS

if TYPE_CHECKING:
    from tests.component.account_providers.live import LiveAccount

#: Seconds longer than a stop waits for answers.
STOP: Final = 9


async def stop_while_sending(account: LiveAccount[Any]) -> None:
    """Unload the entry while its provider has a message and holds the answer back."""
    account.requests.add(Fault(delay=AGES), path=account.kit.send)
    await account.ask("send", target=[ANNA], message="in the middle", id="door")
    await account.leaves(ANNA)
    stopping = account.hass.async_create_task(
        account.hass.config_entries.async_unload(account.entry.entry_id), eager_start=True
    )
    account.freezer.tick(timedelta(seconds=STOP))
    await account.fire_timers()
    assert await stopping


async def test_what_is_being_sent_at_a_restart_is_never_sent_again_by_itself(
    account: LiveAccount[Any],
) -> None:
    await stop_while_sending(account)
    account.deliveries.clear()
    await account.load()
    assert account.states_of("door") == ["unknown"]
    await account.pass_time(LOOK)
    await account.pass_time(GRACE)
    last = account.last("door")
    if account.kit.finds:
        assert (last["state"], last["final"]) == ("accepted", False)
    else:
        assert (last["state"], last["final"], last["error"]) == ("unknown", True, "timeout")
    for _ in range(3):
        await account.pass_time(3600)
    (sent,) = account.on_air(ANNA)
    await account.report(sent, account.kit.delivered)
    assert (account.last("door")["state"], account.last("door")["possible_duplicate"]) == ("delivered", False)
    assert len(account.server.on_air) == 1


async def test_an_answer_within_the_time_of_a_stop_is_heard(account: LiveAccount[Any]) -> None:
    account.requests.add(Fault(delay=STOP - 4), path=account.kit.send)
    await account.ask("send", target=[ANNA], message="just in time", id="door")
    await account.leaves(ANNA)
    stopping = account.hass.async_create_task(
        account.hass.config_entries.async_unload(account.entry.entry_id), eager_start=True
    )
    account.freezer.tick(timedelta(seconds=STOP - 4))
    await account.fire_timers()
    assert await stopping
    await account.load()
    assert (await account.ask("get_message", id="door"))["state"] == "accepted"
    await account.pass_time(GRACE)
    assert len(account.server.on_air) == 1


async def test_what_waits_for_a_provider_that_is_away_goes_out_when_both_are_back(
    fresh: LiveAccount[Any],
) -> None:
    port = int(fresh.server.origin.rpartition(":")[2])
    await fresh.server.stop()
    await fresh.load()
    assert fresh.entry.state is ConfigEntryState.LOADED
    await fresh.send(id="door", valid_for=3600)
    assert fresh.states_of("door") == ["queued"]
    await fresh.pass_time(ROUND)
    assert fresh.state_of("connectivity") == "off"
    await fresh.reload()
    await fresh.server.start(port=port)
    for _ in range(3):
        await fresh.pass_time(ROUND)
    assert fresh.states_of("door") == ["queued", "accepted"]
    assert fresh.state_of("connectivity") == "on"
    assert len(fresh.server.on_air) == 1


async def test_a_report_that_comes_while_the_entry_is_not_loaded_is_not_lost_where_it_can_come_again(
    account: LiveAccount[Any],
) -> None:
    await account.send(id="door")
    await account.unload()
    (sent,) = account.on_air(ANNA)
    for number in sent.ids:
        account.server.advance(number, account.kit.delivered)
    if account.kit.calls:
        await account.until(lambda: account.server.callback_attempts)
        assert {attempt.status for attempt in account.server.callback_attempts} == {503}
    assert await account.hass.config_entries.async_setup(account.entry.entry_id)
    await account.pass_time(1)
    # GENIQ calls until it is heard, the others but GenioSms can be asked.
    await account.rounds(lambda: account.deliveries[-1]["state"] == "delivered")
    lost = account.kit is GENIOSMS
    assert account.last("door")["state"] == ("accepted" if lost else "delivered")
    assert len(account.server.on_air) == 1
