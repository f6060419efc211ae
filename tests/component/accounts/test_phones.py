"""The phones of a SmsGateway24 account: devices of their own, each of which a message may name."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr

from custom_components.sms_gateway.const import EntryKind

if TYPE_CHECKING:
    from homeassistant.helpers.device_registry import DeviceEntry

    from sms_bridge.simulator.provider_smsgateway24 import SmsGateway24Server
    from tests.component.accounts.account import Account

pytestmark = pytest.mark.parametrize("kind", [EntryKind.SMSGATEWAY24])
#: SmsGateway24, ``status``: the phone has no service, and has sent nothing.
NO_SERVICE = "10"
SENT = "6"


@pytest.fixture
async def phones(real: Account, server: SmsGateway24Server) -> SmsGateway24Server:
    """The account's phones: the first, and a second one that is online."""
    first = next(iter(server.devices.values()))
    server.devices = {first.id: replace(first, online=True)}
    server.devices[777] = replace(first, id=777, title="Second phone", online=True)
    await real.backend.refresh()
    await real.settle()
    return server


def devices(real: Account) -> dict[str | None, DeviceEntry]:
    registry = dr.async_get(real.hass)
    found = dr.async_entries_for_config_entry(registry, real.entry.entry_id)
    return {device.name: device for device in found if device.via_device_id is not None}


async def test_each_is_a_device_with_its_app_and_when_it_was_last_seen(
    real: Account, phones: SmsGateway24Server
) -> None:
    first = next(iter(phones.devices.values()))
    shown = devices(real)
    assert shown.keys() == {first.title, "Second phone"}
    assert shown["Second phone"].sw_version == first.appversion
    seen = datetime.fromisoformat(real.state_of("gateway_777_last_seen"))
    assert abs(seen - datetime.now(UTC)) < timedelta(minutes=1)
    assert real.state_of("gateway_777_connectivity") == "on"
    assert real.has_entity("gateway_777_sims")


async def test_one_that_was_not_seen_for_long_is_offline_and_still_says_when(
    real: Account, phones: SmsGateway24Server
) -> None:
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    phones.devices[777] = replace(phones.devices[777], online=False, lastseen=long_ago)
    await real.backend.refresh()
    await real.settle()
    assert real.state_of("gateway_777_connectivity") == "off"
    assert datetime.fromisoformat(real.state_of("gateway_777_last_seen")).hour == long_ago.hour


async def test_one_that_is_gone_takes_its_device_with_it(real: Account, phones: SmsGateway24Server) -> None:
    del phones.devices[777]
    await real.backend.refresh()
    await real.settle()
    assert "Second phone" not in devices(real)


async def test_they_stay_over_a_reload(real: Account, phones: SmsGateway24Server) -> None:
    before = {device.id for device in devices(real).values()}
    await real.reload()
    assert {device.id for device in devices(real).values()} == before


async def test_a_message_may_name_the_phone_that_sends_it(real: Account, phones: SmsGateway24Server) -> None:
    await real.send(gateway=["777"], id="alarm")
    assert [air.options["device_id"] for air in phones.on_air] == ["777"]
    assert (await real.ask("get_message", id="alarm"))["gateway"] == "777"


async def test_what_one_phone_could_not_send_the_next_one_does(
    real: Account, phones: SmsGateway24Server
) -> None:
    first = str(next(iter(phones.devices)))
    await real.send(gateway=["777", first])
    phones.advance(phones.on_air[0].ids[0], NO_SERVICE)
    await phones.settled()
    await real.settle()
    assert [air.options["device_id"] for air in phones.on_air] == ["777", first]
    phones.advance(phones.on_air[1].ids[0], SENT)
    await phones.settled()
    await real.settle()
    assert real.states == ["queued", "accepted", "sent"]
    assert real.deliveries[-1]["gateway"] == first


async def test_a_phone_that_nobody_has_is_refused(real: Account, phones: SmsGateway24Server) -> None:
    with pytest.raises(ServiceValidationError, match="SmsGateway24 has no phone 778"):
        await real.send(gateway=["778"])
    assert phones.on_air == []
