"""Repair notices: when they appear, when they go, and what Home Assistant can do itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.components.repairs import DOMAIN as REPAIRS
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.sms_gateway.backend.model import Balance
from custom_components.sms_gateway.const import CONF_LOW_BALANCE, DOMAIN
from tests.component.bridge import Gateway
from tests.component.translated import check_every_step

if TYPE_CHECKING:
    from freezegun.api import FrozenDateTimeFactory
    from homeassistant.components.repairs import RepairsFlowResult
    from homeassistant.components.repairs.issue_handler import RepairsFlowManager
    from homeassistant.core import HomeAssistant
    from homeassistant.helpers.issue_registry import IssueEntry, IssueRegistry
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from tests.component.bridge import FakeBridge

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _every_step_is_translated(monkeypatch: pytest.MonkeyPatch) -> None:
    check_every_step(monkeypatch)


@pytest.fixture
def options() -> dict[str, Any]:
    return {CONF_LOW_BALANCE: 5.0}


@pytest.fixture
def notices(issue_registry: IssueRegistry) -> Notices:
    return Notices(issue_registry)


class Notices:
    """The repair notices of this integration."""

    def __init__(self, registry: IssueRegistry) -> None:
        self._registry = registry

    @property
    def keys(self) -> list[str | None]:
        return [notice.translation_key for notice in self._all()]

    def only(self) -> IssueEntry:
        (notice,) = self._all()
        return notice

    def placeholders(self) -> dict[str, str]:
        return self.only().translation_placeholders or {}

    def _all(self) -> list[IssueEntry]:
        return [
            issue for (domain, _), issue in self._registry.issues.items() if domain == DOMAIN and issue.active
        ]


async def wait(hass: HomeAssistant, freezer: FrozenDateTimeFactory, time: timedelta) -> None:
    """Let time pass."""
    freezer.tick(time)
    async_fire_time_changed(hass)
    await hass.async_block_till_done()


async def take_offline(bridge: FakeBridge, name: str = "stick", **state: object) -> None:
    bridge.gateways[name].online = False
    bridge.show_gateway(name, **{"state": "error", "detail": "The SIM does not answer.", **state})
    await bridge.settle()


async def bring_back(bridge: FakeBridge, name: str = "stick") -> None:
    bridge.gateways[name].online = True
    bridge.show_gateway(name, state="online", detail=None)
    await bridge.settle()


async def test_a_healthy_bridge_gives_no_notice(
    hass: HomeAssistant, loaded: MockConfigEntry, notices: Notices, freezer: FrozenDateTimeFactory
) -> None:
    await wait(hass, freezer, 2 * HOUR)

    assert notices.keys == []


@pytest.mark.parametrize(("api", "key"), [(2, "bridge_too_new"), (0, "bridge_too_old")])
async def test_a_bridge_of_another_interface_is_told_until_it_fits(
    bridge: FakeBridge, loaded: MockConfigEntry, notices: Notices, api: int, key: str
) -> None:
    bridge.show_info(api=api, version="9.8.7")
    await bridge.settle()
    assert notices.only().translation_key == key
    assert notices.placeholders() == {
        "name": "SMS bridge",
        "version": "9.8.7",
        "api": str(api),
        "supported": "1",
    }

    bridge.show_info()
    await bridge.settle()
    assert notices.keys == []


async def test_a_low_balance_is_told_until_it_is_topped_up(
    bridge: FakeBridge, loaded: MockConfigEntry, notices: Notices
) -> None:
    bridge.show_gateway("stick", balance={"amount": "4.99", "currency": "EUR"})
    await bridge.settle()
    assert notices.only().translation_key == "low_balance"
    assert notices.placeholders() == {
        "name": "SMS bridge",
        "gateway": "stick",
        "balance": "4.99 EUR",
        "limit": "5",
    }

    bridge.show_gateway("stick", balance={"amount": "2.10", "currency": "EUR"})
    await bridge.settle()
    assert notices.placeholders()["balance"] == "2.10 EUR"

    bridge.show_gateway("stick", balance={"amount": "5.00", "currency": "EUR"})
    await bridge.settle()
    assert notices.keys == []


async def test_an_account_without_gateways_has_a_balance_too(
    hass: HomeAssistant, loaded: MockConfigEntry, notices: Notices
) -> None:
    coordinator = loaded.runtime_data.coordinator
    account = Balance(amount=Decimal("0.80"), currency="EUR")

    coordinator.snapshot_changed(replace(coordinator.data, balance=account))

    assert notices.placeholders()["gateway"] == "SMS bridge"


async def test_each_account_has_its_own_notice(
    bridge: FakeBridge, loaded: MockConfigEntry, notices: Notices
) -> None:
    bridge.add_gateway("attic")
    bridge.show_gateway("stick", balance={"amount": "1", "currency": "EUR"})
    bridge.show_gateway("attic", balance={"amount": "3", "currency": None})
    await bridge.settle()
    assert notices.keys == ["low_balance", "low_balance"]

    bridge.remove_gateway("stick")
    await bridge.settle()
    assert notices.placeholders()["balance"] == "3 messages"


async def test_a_balance_is_not_forgotten_while_the_bridge_is_away(
    bridge: FakeBridge, loaded: MockConfigEntry, notices: Notices
) -> None:
    bridge.show_gateway("stick", balance={"amount": "1", "currency": "EUR"})
    await bridge.settle()

    bridge.go_offline()
    await bridge.settle()

    assert notices.keys == ["low_balance"]


async def test_without_a_limit_no_balance_is_low(
    hass: HomeAssistant, bridge: FakeBridge, loaded: MockConfigEntry, notices: Notices
) -> None:
    bridge.show_gateway("stick", balance={"amount": "1", "currency": "EUR"})
    await bridge.settle()
    assert notices.keys == ["low_balance"]

    hass.config_entries.async_update_entry(loaded, options={})
    await bridge.settle()
    assert notices.keys == []


async def test_a_gateway_that_stays_offline_is_told_after_an_hour(
    hass: HomeAssistant,
    bridge: FakeBridge,
    loaded: MockConfigEntry,
    notices: Notices,
    freezer: FrozenDateTimeFactory,
) -> None:
    await take_offline(bridge)
    await wait(hass, freezer, HOUR - MINUTE)
    assert notices.keys == []

    bridge.show_gateway("stick", detail="Still no answer.")
    await wait(hass, freezer, 2 * MINUTE)
    assert (notices.only().translation_key, notices.only().is_fixable) == ("gateway_offline", True)
    assert notices.placeholders() == {
        "name": "SMS bridge",
        "gateway": "stick",
        "detail": "Still no answer.",
    }

    await bring_back(bridge)
    assert notices.keys == []


async def test_a_short_absence_is_no_matter(
    hass: HomeAssistant,
    bridge: FakeBridge,
    loaded: MockConfigEntry,
    notices: Notices,
    freezer: FrozenDateTimeFactory,
) -> None:
    await take_offline(bridge)
    await wait(hass, freezer, HOUR - MINUTE)
    await bring_back(bridge)
    await take_offline(bridge)
    await wait(hass, freezer, HOUR - MINUTE)

    assert notices.keys == []


async def test_a_paused_gateway_is_left_alone(
    hass: HomeAssistant,
    bridge: FakeBridge,
    loaded: MockConfigEntry,
    notices: Notices,
    freezer: FrozenDateTimeFactory,
) -> None:
    await take_offline(bridge, state="paused")
    await wait(hass, freezer, 2 * HOUR)

    assert notices.keys == []


async def test_nothing_is_said_of_gateways_while_the_bridge_is_away(
    hass: HomeAssistant,
    bridge: FakeBridge,
    loaded: MockConfigEntry,
    notices: Notices,
    freezer: FrozenDateTimeFactory,
) -> None:
    await take_offline(bridge)
    bridge.go_offline()
    await bridge.settle()
    await wait(hass, freezer, 2 * HOUR)
    assert notices.keys == []

    bridge.go_online()
    await bridge.settle()
    await wait(hass, freezer, HOUR + MINUTE)
    assert notices.keys == ["gateway_offline"]


async def test_a_removed_gateway_takes_its_notice_along(
    hass: HomeAssistant,
    bridge: FakeBridge,
    loaded: MockConfigEntry,
    notices: Notices,
    freezer: FrozenDateTimeFactory,
) -> None:
    bridge.add_gateway("attic", Gateway(online=False))
    await bridge.settle()
    await wait(hass, freezer, HOUR + MINUTE)
    assert notices.keys == ["gateway_offline"]

    bridge.remove_gateway("attic")
    await bridge.settle()
    assert notices.keys == []


async def test_notices_end_with_the_entry(
    hass: HomeAssistant,
    bridge: FakeBridge,
    loaded: MockConfigEntry,
    notices: Notices,
    freezer: FrozenDateTimeFactory,
) -> None:
    bridge.add_gateway("attic", Gateway(online=False))
    await bridge.settle()
    await wait(hass, freezer, HOUR + MINUTE)
    await take_offline(bridge)

    await hass.config_entries.async_unload(loaded.entry_id)
    await wait(hass, freezer, HOUR + MINUTE)

    assert notices.keys == []


async def test_where_no_restart_is_allowed_the_notice_only_tells(
    hass: HomeAssistant,
    bridge: FakeBridge,
    loaded: MockConfigEntry,
    notices: Notices,
    freezer: FrozenDateTimeFactory,
) -> None:
    bridge.admin.remove("restart_gateway")
    bridge.show_info()
    await take_offline(bridge, detail=None)
    await wait(hass, freezer, HOUR + MINUTE)

    assert (notices.only().translation_key, notices.only().is_fixable) == ("gateway_offline_manual", False)
    assert notices.placeholders()["detail"] == "error"


class Repair:
    """The repair of the only notice, as the frontend does it."""

    def __init__(self, manager: RepairsFlowManager, notice: IssueEntry) -> None:
        self._manager = manager
        self._notice = notice

    async def start(self) -> RepairsFlowResult:
        return await self._manager.async_init(DOMAIN, context={"issue_id": self._notice.issue_id})

    async def agree(self, flow: RepairsFlowResult) -> RepairsFlowResult:
        return await self._manager.async_configure(flow["flow_id"], {})


@pytest.fixture
async def repair(
    hass: HomeAssistant, bridge: FakeBridge, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> Repair:
    """The repair of a gateway that has been offline for an hour."""
    assert await async_setup_component(hass, REPAIRS, {})
    await take_offline(bridge)
    await wait(hass, freezer, HOUR + MINUTE)
    return Repair(hass.data[REPAIRS]["flow_manager"], Notices(ir.async_get(hass)).only())


async def test_the_repair_restarts_the_gateway(
    hass: HomeAssistant,
    bridge: FakeBridge,
    notices: Notices,
    repair: Repair,
    freezer: FrozenDateTimeFactory,
) -> None:
    flow = await repair.start()
    assert (flow["type"], flow["step_id"]) == (FlowResultType.FORM, "confirm")
    assert flow["description_placeholders"] == notices.placeholders()

    result = await repair.agree(flow)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert bridge.requests[-1] == ("restart_gateway", {"gateway": "stick"})
    assert notices.keys == []

    bridge.show_gateway("stick", detail="Registering.")
    await bridge.settle()
    await wait(hass, freezer, HOUR + MINUTE)
    assert notices.keys == ["gateway_offline"]


async def test_a_repair_that_fails_tells_why_and_stays_to_be_tried_again(
    bridge: FakeBridge, notices: Notices, repair: Repair
) -> None:
    bridge.answers["restart_gateway"] = ("timeout", "The gateway did not answer.")

    result = await repair.agree(await repair.start())

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "restart_failed")
    assert result["description_placeholders"] == {"reason": "The gateway did not answer."}
    assert notices.keys == ["gateway_offline"]


async def test_an_entry_that_is_not_loaded_cannot_be_repaired(
    hass: HomeAssistant, loaded: MockConfigEntry, repair: Repair
) -> None:
    flow = await repair.start()
    await hass.config_entries.async_unload(loaded.entry_id)

    result = await repair.agree(flow)

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "not_loaded")


async def test_an_entry_that_was_removed_cannot_be_repaired(
    hass: HomeAssistant, loaded: MockConfigEntry, repair: Repair
) -> None:
    flow = await repair.start()
    await hass.config_entries.async_remove(loaded.entry_id)

    result = await repair.agree(flow)

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "not_loaded")
