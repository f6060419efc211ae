"""Hostile and broken calls to each provider's webhook, through Home Assistant's own server."""

from __future__ import annotations

import itertools
import json
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest

from custom_components.sms_gateway.const import EntryKind
from tests.component.accounts.cases import CASES
from tests.component.accounts.conftest import WEBHOOK_ID

if TYPE_CHECKING:
    from aiohttp.test_utils import TestClient
    from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

    from sms_bridge.simulator.provider import ProviderServer
    from tests.component.accounts.account import Account

PATH = f"/api/webhook/{WEBHOOK_ID}"
CALLING = [kind for kind, case in CASES.items() if case.calls]
#: What no provider sends, by content type.
GARBAGE = {
    "application/json": [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b"[" * 5_000,
        b'{"sms_id": {"a": []}}',
        b"\xff\xfe",
    ],
    "application/x-www-form-urlencoded": [
        b"",
        b"%",
        b"=",
        b"a=b",
        b"messageId=&status=",
        b"status=%ff&custom=%00",
    ],
    "multipart/form-data; boundary=x": [b"--x--", b"--x\r\n"],
    "text/plain": [b"hello", b"\x00" * 100],
}
ANSWERS = {
    HTTPStatus.OK,
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.METHOD_NOT_ALLOWED,
}


@pytest.fixture
async def client(real: Account, hass_client_no_auth: ClientSessionGenerator) -> TestClient[Any, Any]:
    """Somebody outside, after a message was sent."""
    await real.send(id="alarm")
    made: TestClient[Any, Any] = await hass_client_no_auth()
    return made


@pytest.mark.parametrize("kind", CALLING)
async def test_garbage_changes_nothing(
    real: Account, client: TestClient[Any, Any], caplog: pytest.LogCaptureFixture
) -> None:
    before = await real.ask("get_message", id="alarm")
    for content_type, bodies in GARBAGE.items():
        for body, method in itertools.product(bodies, ("GET", "POST")):
            response = await client.request(method, PATH, data=body, headers={"Content-Type": content_type})
            assert response.status in ANSWERS, (content_type, body, method)
    assert await real.ask("get_message", id="alarm") == before
    assert real.incoming == []
    # Home Assistant's own server cannot write its log while the date stands still.
    logged = [record for record in caplog.records if record.name != "aiohttp.access"]
    assert [record for record in logged if record.levelno >= logging.ERROR] == []
    assert all(WEBHOOK_ID not in record.getMessage() for record in logged if record.levelno > logging.DEBUG)


@pytest.mark.parametrize("kind", CALLING)
async def test_a_genuine_call_a_hundred_times_is_told_once(
    real: Account, client: TestClient[Any, Any], server: ProviderServer
) -> None:
    server.auto_advance(server.on_air[0].ids[0])
    await server.settled()
    await real.settle()
    told = len(real.deliveries)
    callback = server.callback_attempts[-1].callback
    for _ in range(100):
        server.fire(callback)
    await server.settled()
    await real.settle()
    assert len(real.deliveries) == told
    assert {attempt.status for attempt in server.callback_attempts} == {HTTPStatus.OK}


@pytest.mark.parametrize("kind", [EntryKind.UBILL])
@pytest.mark.parametrize("key", ["", "wrong", None])
async def test_without_the_key_of_its_account_ubill_is_forbidden(
    real: Account, client: TestClient[Any, Any], server: ProviderServer, key: str | None
) -> None:
    given = {"smsID": server.on_air[0].ids[0], "number": "491701234567", "statusID": "1"}
    response = await client.get(PATH, params=given if key is None else {**given, "key": key})
    assert (response.status, await response.text()) == (HTTPStatus.FORBIDDEN, "Forbidden")
    assert "delivered" not in real.states


@pytest.mark.parametrize("kind", [EntryKind.GENIQ])
async def test_the_segments_of_a_long_message_are_one(real: Account, client: TestClient[Any, Any]) -> None:
    for seqno, text in ((2, "second"), (1, "first ")):
        given = {
            "messageId": f"in-{seqno}",
            "recipient": "6591234567",
            "originator": "491701234567",
            "udh": f"0500032A020{seqno}",
            "message": text,
            "messageTimestamp": "2026-11-20T10:00:00+08:00",
        }
        assert (await client.post(PATH, data=given)).status == HTTPStatus.OK
    await real.settle()
    assert [(event["length"], event["incomplete"]) for event in real.incoming] == [(12, False)]


@pytest.mark.parametrize("kind", [EntryKind.SMSGATEWAY24])
async def test_a_call_about_another_message_is_answered_and_ignored(
    real: Account, client: TestClient[Any, Any]
) -> None:
    body = json.dumps({"sms_id": 1, "status_id": 7, "sendto": "+491701234567"})
    response = await client.post(PATH, data=body, headers={"Content-Type": "application/json"})
    assert response.status in {HTTPStatus.OK, HTTPStatus.BAD_REQUEST}
    assert "delivered" not in real.states


@pytest.mark.parametrize("kind", CALLING)
async def test_a_body_that_cannot_be_read_is_refused_without_the_secret_in_the_log(
    real: Account, client: TestClient[Any, Any], caplog: pytest.LogCaptureFixture
) -> None:
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    response = await client.post(PATH, data=b"this is not gzip", headers=headers)
    assert response.status == HTTPStatus.BAD_REQUEST
    logged = [record for record in caplog.records if record.name != "aiohttp.access"]
    assert all(WEBHOOK_ID not in record.getMessage() for record in logged if record.levelno > logging.DEBUG)
