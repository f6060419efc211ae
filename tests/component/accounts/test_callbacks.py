"""The webhook: who may call, what is answered, and that nothing wrong changes anything."""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from unittest.mock import AsyncMock, patch

import pytest
from homeassistant.components import cloud, webhook
from homeassistant.core_config import async_process_ha_core_config
from homeassistant.util.aiohttp import MockRequest

from custom_components.sms_gateway.sms_providers.exceptions import AuthError
from custom_components.sms_gateway.sms_providers.model import State
from custom_components.sms_gateway.webhook import callback_url, webhook_url
from tests.component.accounts.conftest import WEBHOOK_ID
from tests.component.accounts.scripted import taken

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from aiohttp.test_utils import TestClient
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

    from tests.component.accounts.account import Account

PATH = f"/api/webhook/{WEBHOOK_ID}"
GOOD = f"{PATH}?key=right"
DELIVERED = {"reference": "ref", "state": "delivered"}
#: Home Assistant itself takes bodies up to this size.
SIXTEEN_MIB = 16 * 1_048_576


@pytest.fixture
async def sent(account: Account) -> Account:
    """An account that has sent a message, which the provider calls ``ref``."""
    account.provider.outcomes.append(taken("ref"))
    await account.send(id="alarm")
    return account


@pytest.fixture
async def client(
    sent: Account,
    hass_client_no_auth: ClientSessionGenerator,
    socket_enabled: None,
) -> TestClient[Any, Any]:
    """Somebody outside, who comes through a real server."""
    made: TestClient[Any, Any] = await hass_client_no_auth()
    return made


async def test_a_report_is_taken_and_answered_with_exactly_200(
    sent: Account, client: TestClient[Any, Any]
) -> None:
    response = await client.post(GOOD, json=DELIVERED)
    await sent.settle()
    assert (response.status, await response.text()) == (HTTPStatus.OK, "OK")
    assert sent.states == ["queued", "accepted", "delivered"]


async def test_a_report_may_come_by_get(sent: Account, client: TestClient[Any, Any]) -> None:
    response = await client.get(GOOD, data=json.dumps(DELIVERED))
    assert (response.status, sent.states[-1]) == (HTTPStatus.OK, "delivered")


async def test_while_the_account_is_not_loaded_its_provider_shall_come_again(
    sent: Account, client: TestClient[Any, Any]
) -> None:
    await sent.unload()
    assert (await client.post(GOOD, json=DELIVERED)).status == HTTPStatus.SERVICE_UNAVAILABLE
    await sent.load()
    assert (await client.post(GOOD, json=DELIVERED)).status == HTTPStatus.OK
    await sent.settle()
    assert (await sent.ask("get_message", id="alarm"))["state"] == "delivered"


async def test_an_account_that_cannot_be_loaded_sends_its_provider_away_from_the_start(
    fresh: Account, hass_client_no_auth: ClientSessionGenerator, socket_enabled: None
) -> None:
    fresh.provider.errors = {"check": AuthError("no")}
    await fresh.load()
    outside = await hass_client_no_auth()
    assert (await outside.post(GOOD, json=DELIVERED)).status == HTTPStatus.SERVICE_UNAVAILABLE


async def test_a_wrong_key_is_forbidden_and_changes_nothing(
    sent: Account, client: TestClient[Any, Any]
) -> None:
    response = await client.post(PATH, json=DELIVERED)
    assert (response.status, await response.text()) == (HTTPStatus.FORBIDDEN, "Forbidden")
    assert sent.states[-1] == "accepted"


async def test_a_report_on_nothing_that_was_sent_changes_nothing(
    sent: Account, client: TestClient[Any, Any]
) -> None:
    response = await client.post(GOOD, json={"reference": "other", "state": "delivered"})
    assert (response.status, sent.states[-1]) == (HTTPStatus.OK, "accepted")


async def test_the_same_report_a_hundred_times_is_told_once(
    sent: Account, client: TestClient[Any, Any]
) -> None:
    for _ in range(10):
        answers = await asyncio.gather(*(client.post(GOOD, json=DELIVERED) for _ in range(10)))
        assert {answer.status for answer in answers} == {HTTPStatus.OK}
    await sent.settle()
    assert sent.states.count("delivered") == 1


@pytest.mark.parametrize("body", [b"", b"\xff\xfe\x00", b"{", b"[]", b"<html>", b'{"reference": 1}'])
async def test_garbage_is_refused(sent: Account, client: TestClient[Any, Any], body: bytes) -> None:
    response = await client.post(GOOD, data=body)
    assert (response.status, sent.states[-1]) == (HTTPStatus.BAD_REQUEST, "accepted")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_are_refused_without_the_secret_in_the_log(
    client: TestClient[Any, Any], method: str, caplog: pytest.LogCaptureFixture
) -> None:
    response = await client.request(method, GOOD, json=DELIVERED)
    assert response.status == HTTPStatus.METHOD_NOT_ALLOWED or method == "OPTIONS"
    assert [
        record for record in caplog.records if record.levelname == "WARNING" and WEBHOOK_ID in record.message
    ] == []


async def test_sixteen_mebibytes_are_not_read(sent: Account, client: TestClient[Any, Any]) -> None:
    response = await client.post(GOOD, data=b" " * SIXTEEN_MIB)
    assert (response.status, sent.states[-1]) == (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "accepted")


async def test_a_large_body_without_a_length_is_not_read_to_its_end(
    sent: Account, client: TestClient[Any, Any]
) -> None:
    given = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal given
        for _ in range(SIXTEEN_MIB // 65_536):
            given += 65_536
            yield b" " * 65_536
            await asyncio.sleep(0)

    response = await client.post(GOOD, data=endless())
    assert (response.status, sent.states[-1]) == (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "accepted")


async def test_what_cannot_be_kept_is_to_be_sent_again(sent: Account, client: TestClient[Any, Any]) -> None:
    with patch.object(type(sent.backend), "report", side_effect=OSError("disk full")):
        response = await client.post(GOOD, json=DELIVERED)
    assert response.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert (await client.post(GOOD, json=DELIVERED)).status == HTTPStatus.OK
    assert sent.states[-1] == "delivered"


async def test_a_report_is_on_disk_before_it_is_answered(
    sent: Account, client: TestClient[Any, Any], hass_storage: dict[str, Any]
) -> None:
    await client.post(GOOD, json=DELIVERED)
    stored = hass_storage[f"sms_gateway.outbox.{sent.entry.entry_id}"]["data"]["records"]
    assert [record["state"] for record in stored] == ["delivered"]


async def test_a_received_message_is_told_once(sent: Account, client: TestClient[Any, Any]) -> None:
    for _ in range(3):
        assert (await client.post(GOOD, json={"key": "in-1", "text": "Hi"})).status == HTTPStatus.OK
    await sent.settle()
    assert [event["length"] for event in sent.incoming] == [2]
    assert sent.incoming[0]["late"] is False


async def test_a_call_through_the_cloud_is_heard(sent: Account) -> None:
    request = MockRequest(
        content=json.dumps(DELIVERED).encode(), mock_source="cloud", method="POST", query_string="key=right"
    )
    response = await webhook.async_handle_webhook(sent.hass, WEBHOOK_ID, request)
    await sent.settle()
    assert (response.status, sent.states[-1]) == (HTTPStatus.OK, "delivered")


async def test_nobody_is_let_in_after_unloading(sent: Account, client: TestClient[Any, Any]) -> None:
    await sent.unload()
    await client.post(GOOD, json=DELIVERED)
    await sent.load()
    assert (await sent.ask("get_message", id="alarm"))["state"] == State.ACCEPTED
    assert (await client.post(GOOD, json=DELIVERED)).status == HTTPStatus.OK
    assert (await sent.ask("get_message", id="alarm"))["state"] == State.DELIVERED


class TestAddress:
    async def test_it_is_the_external_one(self, account: Account) -> None:
        await async_process_ha_core_config(
            account.hass,
            {"internal_url": "http://192.0.2.1:8123", "external_url": "https://home.example.org"},
        )
        assert await callback_url(account.hass, account.entry) == f"https://home.example.org{PATH}"

    async def test_there_is_none_without_an_external_address(self, account: Account) -> None:
        await async_process_ha_core_config(account.hass, {"internal_url": "http://192.0.2.1:8123"})
        assert await callback_url(account.hass, account.entry) is None

    @pytest.fixture
    def nabu_casa(self, hass: HomeAssistant) -> Iterator[AsyncMock]:
        """An active subscription; yields what makes cloudhooks."""
        hass.config.components.add("cloud")
        with (
            patch.object(cloud, "async_active_subscription", return_value=True),
            patch.object(
                cloud, "async_get_or_create_cloudhook", AsyncMock(return_value="https://hooks.example.org/x")
            ) as made,
        ):
            yield made

    async def test_it_is_a_cloudhook_where_there_is_a_subscription(
        self, hass: HomeAssistant, nabu_casa: AsyncMock
    ) -> None:
        assert await webhook_url(hass, WEBHOOK_ID) == "https://hooks.example.org/x"
        nabu_casa.assert_awaited_once_with(hass, WEBHOOK_ID)

    async def test_a_cloud_that_is_not_there_just_now_is_done_without(
        self, hass: HomeAssistant, nabu_casa: AsyncMock
    ) -> None:
        nabu_casa.side_effect = cloud.CloudNotConnected
        await async_process_ha_core_config(hass, {"external_url": "https://home.example.org"})
        assert await webhook_url(hass, WEBHOOK_ID) == f"https://home.example.org{PATH}"

    @pytest.mark.parametrize("error", [None, ValueError, cloud.CloudNotAvailable])
    async def test_the_cloudhook_goes_with_the_entry(
        self, account: Account, nabu_casa: AsyncMock, error: type[Exception] | None
    ) -> None:
        with patch.object(cloud, "async_delete_cloudhook", AsyncMock(side_effect=error)) as deleted:
            await account.hass.config_entries.async_remove(account.entry.entry_id)
        deleted.assert_awaited_once_with(account.hass, WEBHOOK_ID)
