"""All five providers over real sockets: from an action to what is on air, and back by callback or on request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from homeassistant.config_entries import ConfigEntryState

from sms_bridge.simulator.provider_faults import Fault
from tests.component.accounts.account import ANNA, BERT
from tests.component.accounts.cases import CASES

if TYPE_CHECKING:
    from custom_components.sms_gateway.const import EntryKind
    from sms_bridge.simulator.provider import ProviderServer
    from tests.component.accounts.account import Account

pytestmark = pytest.mark.parametrize("kind", list(CASES))


async def test_a_message_is_sent_once_and_its_delivery_is_told(
    real: Account, server: ProviderServer, kind: EntryKind
) -> None:
    assert real.entry.state is ConfigEntryState.LOADED
    await real.send("Ünïcode ✓")
    assert [(air.recipient.lstrip("+"), air.text) for air in server.on_air] == [
        (ANNA.lstrip("+"), "Ünïcode ✓")
    ]
    for message_id in server.on_air[0].ids:
        server.auto_advance(message_id)
    await server.settled()
    await real.settle()
    if not CASES[kind].calls:
        await real.pass_time(60)
    assert real.states[:2] == ["queued", "accepted"]
    assert real.states[-1] == "delivered"
    assert len(server.on_air) == 1
    assert server.misuses == []


async def test_several_recipients_each_get_one(
    real: Account, server: ProviderServer, kind: EntryKind
) -> None:
    await real.send(target=[ANNA, BERT])
    assert sorted(air.recipient.lstrip("+") for air in server.on_air) == [
        ANNA.lstrip("+"),
        BERT.lstrip("+"),
    ]
    accepted = [event["recipient"] for event in real.deliveries if event["state"] == "accepted"]
    assert sorted(accepted) == [ANNA, BERT]
    assert server.misuses == []


async def test_a_lost_answer_makes_no_second_message_where_it_is_to_be_held(
    real: Account, server: ProviderServer, kind: EntryKind
) -> None:
    server.faults.add(Fault(cut_after=True), times=1)
    await real.send(on_unknown="hold")
    for _ in range(4):
        await real.pass_time(15)
    assert len(server.on_air) == 1
    assert real.states[1] == "unknown"


async def test_a_provider_that_is_away_is_tried_again(
    real: Account, server: ProviderServer, kind: EntryKind
) -> None:
    server.faults.add(Fault(status=503, body=b"{}"), times=3)
    await real.send()
    for _ in range(4):
        await real.pass_time(10)
    assert (len(server.on_air), real.states[:2]) == (1, ["queued", "accepted"])


async def test_the_balance_is_shown_where_there_is_one(
    real: Account, server: ProviderServer, kind: EntryKind
) -> None:
    if CASES[kind].has_balance:
        assert float(real.state_of("balance")) > 0
    else:
        assert not real.has_entity("balance")
