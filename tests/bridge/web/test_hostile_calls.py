"""Whoever knows a secret address may send anything there: every provider's reader refuses it quietly."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from sms_bridge.web.server import WebServer
from sms_bridge.web.settings import HttpSettings
from tests.bridge.app.test_provider_gateway import GATEWAYS, link_of
from tests.bridge.links.scripted import Inlet

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sms_bridge.links.provider import ProviderLink

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
#: What may stand in no log line.
PRIVATE = "4917012345678"
TEXT = "your code is 4711"
_FIELDS = (
    "id", "messageId", "smsID", "sms_id", "custom", "status", "statusID", "status_id", "ipn_type", "channel", "type",
    "recipient", "number", "sendto", "originator", "address", "message", "body", "messageTimestamp", "date", "udh",
    "key", "reasonCode", "internal_id",
)  # fmt: skip
_VALUES: tuple[Any, ...] = (
    None, True, -1, 10**30, 1.5, "", "\x00", "9" * 5_000, [], {}, [[[]]], PRIVATE, TEXT, "DELIVERED", "delivered",
    "2024-13-45T99:99:99", "ÿ\ud800",
)  # fmt: skip


def _calls() -> list[tuple[str, str, bytes, str]]:
    """Method, content type, body and query of calls that no provider makes."""
    bodies: list[tuple[str, bytes]] = [
        (FORM, b""),
        (FORM, b"\xff\xfe\x00%zz&&&===" + PRIVATE.encode()),
        (FORM, b"&".join(b"a=b" for _ in range(60_000))),
        (JSON, b"["),
        (JSON, b"[" * 200_000),
        (JSON, b'{"a":' * 40_000),
        (JSON, b"NaN"),
        (JSON, b'"' + TEXT.encode() + b'"'),
        (JSON, b"\xff"),
        ("text/plain; charset=made-up", b"a=b"),
        ("multipart/form-data", b"--x--"),
        ("", b"\x00" * 1_000),
    ]
    bodies += [(JSON, json.dumps(dict.fromkeys(_FIELDS, value)).encode()) for value in _VALUES]
    bodies += [
        (FORM, "&".join(f"{name}={value}" for name in _FIELDS).encode(errors="replace")) for value in _VALUES
    ]
    calls = [(method, kind, body, "") for kind, body in bodies for method in ("POST", "GET")]
    calls += [("GET", "", b"", body.decode("latin-1")[:4_000]) for kind, body in bodies if kind == FORM]
    return calls


@pytest.fixture(params=[kind for kind in GATEWAYS if kind != "smsgic"])
async def called(
    request: pytest.FixtureRequest, tmp_path: Path, unused_tcp_port: int
) -> AsyncIterator[tuple[str, ProviderLink, Inlet]]:
    """The address of an account, the account, and what takes what it reads."""
    link = link_of(tmp_path, request.param)
    inlet = Inlet(known=set())
    await link.start(inlet)  # type: ignore[arg-type] # a modem's methods are left out
    web = WebServer(HttpSettings(listen=("127.0.0.1", unused_tcp_port)), {"x": link}, lambda: True)
    await web.start()
    yield f"http://127.0.0.1:{web.port}/callback/x/{link.callback_secret}", link, inlet
    await web.stop()
    await link.stop()


async def test_what_no_provider_says_is_refused_without_a_fault_and_nothing_private_is_logged(
    called: tuple[str, ProviderLink, Inlet], caplog: pytest.LogCaptureFixture
) -> None:
    url, link, inlet = called
    caplog.set_level(logging.DEBUG)
    wrong = []
    async with aiohttp.ClientSession() as http:
        for method, kind, body, query in _calls():
            headers = {"Content-Type": kind} if kind else {}
            async with http.request(
                method, url, data=body, headers=headers, params=[("q", query)] if query else None
            ) as answer:
                if answer.status >= 500 or len(await answer.text()) > 30:
                    wrong.append((method, kind, body[:60], answer.status))
        for method in ("PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"):
            async with http.request(method, url) as answer:
                assert answer.status == 405
    assert wrong == []
    assert inlet.reports == []
    assert link.callback_secret is not None
    for private in (link.callback_secret, PRIVATE, TEXT):
        assert private not in caplog.text
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []
