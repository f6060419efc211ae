"""The web server over real sockets: who is let in, what is answered, what is told to nobody."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from typing import TYPE_CHECKING

import pytest

from sms_bridge.web import server as room
from sms_bridge.web.errors import WebError
from sms_bridge.web.server import WebServer
from sms_bridge.web.settings import HttpSettings, TlsFiles
from sms_providers.callbacks import MAX_BODY, CallbackResponse
from tests.bridge.web.conftest import SECRET, House
from tests.support.certificates import make_certificates

if TYPE_CHECKING:
    from pathlib import Path

    import aiohttp

#: Something that must stand in no answer and no log line.
PRIVATE = "+491701234567"


async def test_a_living_bridge_is_healthy(house: House, http: aiohttp.ClientSession) -> None:
    async with http.get(f"{house.url}/healthz") as answer:
        assert (answer.status, await answer.text()) == (200, "ok")
    house.alive = False
    async with http.get(f"{house.url}/healthz") as answer:
        assert answer.status == 503


async def test_a_call_reaches_its_gateway_as_it_came(house: House) -> None:
    house.geniq.answer = CallbackResponse(403, "Forbidden")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    # geniq.io's older page shows an offset whose plus sign is not escaped.
    line = f"POST /callback/geniq/{SECRET}?at=2024-01-01T10:00:00+08:00&n=%2B1 HTTP/1.1\r\n"
    answer = await house.raw(
        f"{line}Host: x\r\nConnection: close\r\nContent-Type: {form['Content-Type']}\r\n"
        "Content-Length: 3\r\n\r\na=b".encode()
    )
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert answer.endswith(b"Forbidden")
    (call,) = house.geniq.calls
    assert (call.method, call.content_type) == ("POST", form["Content-Type"])
    assert call.query == "at=2024-01-01T10:00:00+08:00&n=%2B1"
    assert call.body == b"a=b"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/callback",
        f"/callback/geniq/{SECRET}/",
        f"/callback/geniq/{SECRET[:-1]}",
        f"/callback/geniq/{SECRET[:-1]}b",
        "/callback/geniq/%00%ff",
        f"/callback/other/{SECRET}",
        f"/callback/silent/{'0' * 64}",
        "/callback/silent/None",
        "/metrics",
        f"/callback/geniq/{SECRET}%2f",
    ],
)
async def test_an_address_that_leads_nowhere_is_not_found(
    house: House, http: aiohttp.ClientSession, path: str
) -> None:
    for method in ("GET", "POST", "PUT", "HEAD"):
        async with http.request(method, f"{house.url}{path}") as answer:
            assert answer.status == 404
            assert await answer.text() in ("Not Found", "")
    assert house.geniq.calls == house.silent.calls == []


async def test_another_method_of_a_known_address_is_refused(
    house: House, http: aiohttp.ClientSession
) -> None:
    async with http.post(f"{house.url}/healthz") as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "GET,HEAD")


async def test_a_large_body_is_refused_before_it_comes(house: House) -> None:
    head = f"POST /callback/geniq/{SECRET} HTTP/1.1\r\nHost: x\r\nContent-Length: 16777216\r\n\r\n"
    answer = await house.raw(head.encode())
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert house.geniq.calls == []


@pytest.mark.parametrize("announced", [True, False])
async def test_a_large_body_is_refused_in_the_middle(
    house: House, http: aiohttp.ClientSession, *, announced: bool
) -> None:
    async def chunks() -> object:
        for _ in range(256):
            yield bytes(65_536)

    data = bytes(16 * 1_048_576) if announced else chunks()
    async with http.post(house.callback, data=data) as answer:
        assert answer.status == 413
    assert house.geniq.calls == []


async def test_the_largest_body_is_taken(house: House, http: aiohttp.ClientSession) -> None:
    async with http.post(house.callback, data=bytes(MAX_BODY)) as answer:
        assert answer.status == 200
    async with http.post(house.callback, data=bytes(MAX_BODY + 1)) as answer:
        assert answer.status == 413
    assert [len(call.body) for call in house.geniq.calls] == [MAX_BODY]


async def test_a_compressed_body_is_not_unpacked(house: House, http: aiohttp.ClientSession) -> None:
    packed = {"Content-Encoding": "gzip"}
    async with http.post(house.callback, data=b"\x1f\x8b-not-unpacked", headers=packed) as answer:
        assert answer.status == 200
    assert house.geniq.calls[0].body == b"\x1f\x8b-not-unpacked"


async def test_a_fault_is_told_neither_to_the_caller_nor_with_its_words_to_the_log(
    house: House, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    house.geniq.fault = ValueError(f"invalid literal: {PRIVATE}")
    async with http.post(house.callback, data=PRIVATE) as answer:
        assert (answer.status, await answer.text()) == (503, "Service Unavailable")
    (record,) = [record for record in caplog.records if record.name.startswith("sms_bridge.web")]
    assert record.getMessage().startswith(
        "A request could not be answered: ValueError in Gateway.receive, line"
    )
    assert PRIVATE not in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 +491701234567\r\n\r\n", b"400"),
        (b"GET /callback/geniq/+491701234567 HTTP/9\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +491701234567\r\n\r\n", b"400"),
        (b"GET /" + b"4917" * 5_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
        (
            f"POST /callback/geniq/{SECRET} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            "+491701234567\r\n".encode(),
            b"400",
        ),
    ],
)
async def test_what_is_no_http_is_refused_and_not_logged(
    house: House, sent: bytes, status: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answer = await house.raw(sent)
    assert answer.split()[1] == status
    assert PRIVATE not in caplog.text
    assert "4917" not in caplog.text
    assert house.geniq.calls == []


async def test_a_body_that_does_not_come_is_not_waited_for(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_BODY_TIMEOUT", 0.05)
    answer = await house.raw(
        f"POST /callback/geniq/{SECRET} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf".encode()
    )
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert house.geniq.calls == []


async def test_a_caller_that_leaves_in_the_middle_is_no_fault(
    house: House, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", house.port)
    writer.write(
        f"POST /callback/geniq/{SECRET} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf".encode()
    )
    await writer.drain()
    writer.transport.abort()
    async with http.get(f"{house.url}/healthz") as answer:
        assert answer.status == 200
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
    assert house.geniq.calls == []


async def test_nothing_of_a_call_is_logged(
    house: House, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with http.get(house.callback, params={"number": PRIVATE}) as answer:
        assert answer.status == 200
    async with http.get(f"{house.url}/callback/geniq/wrong", params={"number": PRIVATE}) as answer:
        assert answer.status == 404
    assert SECRET not in caplog.text
    assert "491701234567" not in caplog.text


async def test_an_address_in_use_is_told(unused_tcp_port: int) -> None:
    with socket.create_server(("127.0.0.1", unused_tcp_port)):
        server = WebServer(HttpSettings(listen=("127.0.0.1", unused_tcp_port)), {}, lambda: True)
        with pytest.raises(
            WebError, match=rf"^http\.listen: cannot listen on 127\.0\.0\.1:{unused_tcp_port}: "
        ):
            await server.start()


async def test_a_certificate_that_cannot_be_used_is_told(tmp_path: Path, unused_tcp_port: int) -> None:
    files = TlsFiles(cert=str(tmp_path / "cert.pem"), key=str(tmp_path / "key.pem"))
    listen = ("127.0.0.1", unused_tcp_port)
    server = WebServer(HttpSettings(listen=listen, tls=files), {}, lambda: True)
    with pytest.raises(WebError, match=r"^http\.tls: certificate and key cannot be used \(No such file"):
        await server.start()
    (tmp_path / "cert.pem").write_text("no certificate")
    (tmp_path / "key.pem").write_text("no key")
    with pytest.raises(WebError, match=r"^http\.tls: certificate and key cannot be used \("):
        await server.start()


async def test_with_a_certificate_it_speaks_tls_only(
    tmp_path: Path, unused_tcp_port: int, http: aiohttp.ClientSession
) -> None:
    made = make_certificates(tmp_path)
    settings = HttpSettings(
        listen=("127.0.0.1", unused_tcp_port),
        tls=TlsFiles(cert=str(made.server_cert), key=str(made.server_key)),
    )
    trust = ssl.create_default_context(cafile=str(made.ca))
    async with House().open(settings) as house:
        async with http.get(f"https://127.0.0.1:{house.port}/healthz", ssl=trust) as answer:
            assert answer.status == 200
        assert await house.raw(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n") == b""
