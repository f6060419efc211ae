"""The phones of a SmsGateway24 account as devices, and sending through one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr

from custom_components.sms_gateway.const import DOMAIN
from sms_bridge.simulator.provider_smsgateway24_account import DEVICE, EXAMPLE_DEVICES
from tests.component.account_providers.live import ROUND
from tests.component.account_providers.test_messages import only
from tests.component.account_providers.test_received import TWO_PHONES
from tests.component.accounts.account import ANNA

if TYPE_CHECKING:
    from homeassistant.helpers.device_registry import DeviceEntry

    from tests.component.account_providers.live import LiveAccount

OWN: Final = str(DEVICE.id)
OLD: Final = str(EXAMPLE_DEVICES[0].id)
#: Seconds between two looks at the phones.
LOOK: Final = 300

pytestmark = only(TWO_PHONES)


def phone(account: LiveAccount[Any], name: str) -> DeviceEntry | None:
    """The device of a phone, if there is one."""
    identifier = (DOMAIN, f"{account.entry.entry_id}_gateway_{name}")
    return dr.async_get(account.hass).async_get_device_by_identifier(identifier, account.entry.entry_id)


def sent_by(account: LiveAccount[Any]) -> list[tuple[str, int]]:
    """The phone and the SIM of every message to Anna."""
    found = [account.server.messages[int(sent.ids[0])] for sent in account.on_air(ANNA)]
    return [(str(sms.device_id), sms.sim) for sms in found]


async def test_each_phone_is_a_device_with_what_it_tells(account: LiveAccount[Any]) -> None:
    own = phone(account, OWN)
    assert own is not None
    assert (own.name, own.sw_version) == (DEVICE.title, DEVICE.appversion)
    assert account.state_of(f"gateway_{OWN}_connectivity") == "on"
    assert account.state_of(f"gateway_{OWN}_sims") == "o2-de, Telekom.de"
    assert account.state_of(f"gateway_{OLD}_connectivity") == "off"
    old = EXAMPLE_DEVICES[0]
    assert account.state_of(f"gateway_{OLD}_last_seen") == old.lastseen.isoformat()


async def test_a_phone_that_left_the_account_has_no_device_any_more(account: LiveAccount[Any]) -> None:
    del account.server.devices[int(OLD)]
    await account.pass_time(LOOK + ROUND)
    assert phone(account, OLD) is None
    assert phone(account, OWN) is not None


async def test_phone_and_sim_can_be_chosen(account: LiveAccount[Any]) -> None:
    await account.send("by itself")
    await account.send("by another", gateway=OLD, sim=1)
    assert sent_by(account) == [(OWN, 0), (OLD, 1)]
    assert account.deliveries[-1]["gateway"] == OLD


async def test_a_phone_that_is_not_there_is_named(account: LiveAccount[Any]) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        await account.ask("send", target=[ANNA], message="Hello", gateway="77")
    told = str(caught.value.translation_placeholders)
    assert "SmsGateway24 has no phone 77" in told
    assert OWN in told
    assert account.server.on_air == []


@pytest.mark.parametrize("status", ["10", "12"])
async def test_what_a_phone_without_service_did_not_send_goes_through_the_next(
    account: LiveAccount[Any], status: str
) -> None:
    await account.send("the door", id="door", gateway=[OLD, OWN])
    await account.report(account.on_air(ANNA)[0], status)
    assert sent_by(account) == [(OLD, 0), (OWN, 0)]
    await account.report(account.on_air(ANNA)[1], "7")
    last = account.last("door")
    assert (last["state"], last["gateway"], last["possible_duplicate"]) == ("delivered", OWN, False)
