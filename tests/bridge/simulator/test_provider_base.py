"""What all simulated providers have in common: a real socket, faults, callbacks, and what they remember."""

from __future__ import annotations

import asyncio
import json
from http import client as http_client
from typing import TYPE_CHECKING, ClassVar

import aiohttp
import pytest

from sms_bridge.simulator.provider import ProviderOptions, ProviderServer
from sms_bridge.simulator.provider_call import Misuse, Refusal, reply
from sms_bridge.simulator.provider_callbacks import Callback, Delivery
from sms_bridge.simulator.provider_faults import Fault, RateLimit
from sms_bridge.simulator.provider_record import MET_VARIABLE, OnAir
from tests.support.provider_thread import ProviderThread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from aiohttp import web

    from sms_bridge.simulator.provider_call import Call, Handler
    from tests.support.customer import Customer


class Plain(ProviderServer):
    """A provider with one endpoint to send, one to see its query, and callbacks that are tried three times."""

    name: ClassVar[str] = "plain"
    root: ClassVar[str] = "/api/v1"
    walk: ClassVar[tuple[str, ...]] = ("sent", "delivered")

    def routes(self) -> Mapping[str, Handler]:
        return {"POST /send": self._send, "POST /file": self._file, "GET /echo/{word}": self._echo}

    def credentials(self) -> Mapping[str, str]:
        return {"key": "k"}

    def delivery(self) -> Delivery:
        return Delivery(tries=3, retry_after=0)

    def coded(self, call: Call, code: str) -> web.Response:
        del call
        self.meet_code("api", code)
        return reply({"code": code})

    def advance(self, message_id: str, status: str) -> None:
        self.meet_code("dlr", status)
        self.fire(Callback.form("dlr", {"id": message_id, "status": status}))

    async def _send(self, call: Call) -> web.Response:
        form = call.form()
        self.meet_parameters(call, form, {"to", "text"})
        if form.get("to") == "0":
            raise Refusal(self.coded(call, "7"))
        message_id = self.new_id()
        self.sent(OnAir(at=self.clock(), recipient=form["to"], text=form["text"], ids=(message_id,)))
        return reply({"id": message_id})

    async def _file(self, call: Call) -> web.Response:
        return reply(call.form(multipart=True))

    async def _echo(self, call: Call) -> web.Response:
        return reply([call.path, call.query()])


@pytest.fixture
async def server() -> AsyncIterator[Plain]:
    async with Plain(ProviderOptions(ids=iter("abcdef").__next__)) as server:
        yield server


async def send(http: aiohttp.ClientSession, server: Plain, body: str = "to=1&text=x") -> tuple[int, object]:
    async with http.post(
        f"{server.base_url}/send",
        data=body.encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    ) as answer:
        return answer.status, json.loads(await answer.text())


async def test_what_was_sent_is_on_air_once(http: aiohttp.ClientSession, server: Plain) -> None:
    assert await send(http, server, "to=491&text=a%2Bb+%C3%A4") == (200, {"id": "a"})
    (message,) = server.on_air
    assert (message.recipient, message.text, message.ids) == ("491", "a+b ä", ("a",))


async def test_base_url_is_what_a_configuration_takes(server: Plain) -> None:
    assert server.base_url.startswith("http://127.0.0.1:")
    assert server.base_url.endswith("/api/v1")


async def test_used_endpoints_parameters_and_codes_are_met(
    http: aiohttp.ClientSession, server: Plain
) -> None:
    await send(http, server)
    await send(http, server, "to=0")
    assert ("plain", "endpoint", "POST /send") in server.met
    assert server.met.names("parameter") == ["POST /send to", "POST /send text"]
    assert server.met.names("code") == ["api 7"]


async def test_what_was_met_is_written_where_the_environment_says(
    http: aiohttp.ClientSession, server: Plain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MET_VARIABLE, str(tmp_path / "met"))
    await send(http, server, "to=1&text=x")
    await send(http, server, "to=1&text=x")
    (file,) = (tmp_path / "met").iterdir()
    assert file.read_text().splitlines() == [
        "plain\tendpoint\tPOST /send",
        "plain\tparameter\tPOST /send to",
        "plain\tparameter\tPOST /send text",
    ]


async def test_an_unknown_parameter_is_named(http: aiohttp.ClientSession, server: Plain) -> None:
    assert await send(http, server, "to=1&txt=x") == (
        400,
        {"misuse": "POST /send: unknown parameter txt"},
    )
    assert server.misuses == ["POST /send: unknown parameter txt"]
    assert server.on_air == []


@pytest.mark.parametrize("body", ["to=1&to=2&text=x", "to=1&text=%FF", "to=1&text"])
async def test_a_form_that_is_not_clear_is_refused(
    http: aiohttp.ClientSession, server: Plain, body: str
) -> None:
    status, _ = await send(http, server, body)
    assert status == 400


async def test_a_form_must_say_that_it_is_one(http: aiohttp.ClientSession, server: Plain) -> None:
    async with http.post(f"{server.base_url}/send", json={"to": "1"}) as answer:
        assert answer.status == 400
    assert server.misuses == ["POST /send takes application/x-www-form-urlencoded, not application/json"]


async def test_multipart_is_read_where_it_is_allowed(http: aiohttp.ClientSession, server: Plain) -> None:
    data = aiohttp.FormData({"to": "1"}, default_to_multipart=True)
    async with http.post(f"{server.base_url}/file", data=data) as answer:
        assert await answer.json() == {"to": "1"}


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/send", 405), ("POST", "/nothing", 404)])
async def test_an_undocumented_request_is_refused_and_told(
    http: aiohttp.ClientSession, server: Plain, method: str, path: str, status: int
) -> None:
    async with http.request(method, server.base_url + path) as answer:
        assert answer.status == status
        assert set(await answer.json()) == {"misuse"}
    assert len(server.misuses) == 1


async def test_path_and_query_arrive_decoded(http: aiohttp.ClientSession, server: Plain) -> None:
    async with http.get(f"{server.base_url}/echo/a%20b?x=%2B1&y=") as answer:
        assert await answer.json() == [{"word": "a b"}, {"x": "+1", "y": ""}]


async def test_a_status_replaces_processing_and_happens_as_often_as_asked(
    http: aiohttp.ClientSession, server: Plain
) -> None:
    server.faults.add(Fault(status=503, body='{"x": 1}', headers={"Retry-After": "7"}), times=2)
    assert [(await send(http, server))[0] for _ in range(3)] == [503, 503, 200]
    assert len(server.on_air) == 1


async def test_a_processed_fault_has_its_effect_and_another_answer(
    http: aiohttp.ClientSession, server: Plain
) -> None:
    server.faults.add(Fault(status=502, body="{}", processed=True))
    assert (await send(http, server))[0] == 502
    assert len(server.on_air) == 1


async def test_a_code_of_the_provider_is_answered_on_demand(
    http: aiohttp.ClientSession, server: Plain
) -> None:
    server.answer_code(6)
    assert await send(http, server) == (200, {"code": "6"})
    assert server.on_air == []


async def test_a_fault_waits_for_its_endpoint(http: aiohttp.ClientSession, server: Plain) -> None:
    server.faults.add(Fault(status=500), path="/echo/{word}")
    server.faults.add(Fault(status=501, body="{}"), path="POST /send", times=None)
    assert (await send(http, server))[0] == 501
    assert (await send(http, server))[0] == 501
    server.faults.clear()
    assert (await send(http, server))[0] == 200


@pytest.mark.parametrize(("fault", "left"), [(Fault(cut_before=True), 0), (Fault(cut_after=True), 1)])
async def test_a_cut_connection_gives_no_answer(
    http: aiohttp.ClientSession, server: Plain, fault: Fault, left: int
) -> None:
    server.faults.add(fault)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await send(http, server)
    assert len(server.on_air) == left
    assert (await send(http, server))[0] == 200


async def test_a_delay_is_waited_by_the_injected_sleep_after_the_request_was_processed(
    http: aiohttp.ClientSession,
) -> None:
    go, held = asyncio.Event(), asyncio.Event()
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        held.set()
        await go.wait()

    async with Plain(ProviderOptions(sleep=sleep)) as server:
        server.faults.add(Fault(delay=30))
        task = asyncio.ensure_future(send(http, server))
        await held.wait()
        assert (waited, len(server.on_air), task.done()) == ([30], 1, False)
        go.set()
        assert (await task)[0] == 200


async def test_a_callback_is_repeated_until_it_is_taken(server: Plain, customer: Customer) -> None:
    server.callback_url = customer.url
    customer.answers.extend([500, 202])
    server.advance("a", "delivered")
    await server.settled()
    assert [attempt.status for attempt in server.callback_attempts] == [500, 202, 200]
    assert {got.body for got in customer.got} == {b"id=a&status=delivered"}
    assert {got.content_type for got in customer.got} == {"application/x-www-form-urlencoded"}
    assert server.met.names("callback") == ["callback dlr", "callback dlr id", "callback dlr status"]


async def test_a_callback_that_is_never_taken_is_given_up(server: Plain, customer: Customer) -> None:
    server.callback_url = customer.url
    customer.answers.extend([302] * 9)
    server.advance("a", "delivered")
    await server.settled()
    assert [attempt.number for attempt in server.callback_attempts] == [1, 2, 3]


async def test_a_customer_out_of_reach_counts_as_not_taken(server: Plain) -> None:
    server.callback_url = "http://127.0.0.1:9/hook"
    server.advance("a", "delivered")
    await server.settled()
    assert [attempt.status for attempt in server.callback_attempts] == [None] * 3


async def test_auto_walks_each_message_to_its_final_state(
    http: aiohttp.ClientSession, customer: Customer
) -> None:
    options = ProviderOptions(auto=True, auto_delay=0, callback_url=customer.url, ids=lambda: "a")
    async with Plain(options) as server:
        await send(http, server)
        await server.settled()
    assert {got.body for got in customer.got} == {b"id=a&status=sent", b"id=a&status=delivered"}


async def test_what_left_survives_a_restart_at_the_same_port(
    http: aiohttp.ClientSession, server: Plain
) -> None:
    await send(http, server)
    before = server.base_url
    await server.stop()
    await server.start(port=int(server.origin.rpartition(":")[2]))
    assert server.base_url == before
    await send(http, server)
    assert [message.ids for message in server.on_air] == [("a",), ("b",)]


def test_a_rate_limit_counts_within_its_time() -> None:
    options = ProviderOptions()
    limit = RateLimit(2, 3600, options.clock)
    assert [limit.exceeded() for _ in range(3)] == [False, False, True]
    assert not RateLimit(None, 1, options.clock).exceeded()


def test_trailing_commas_are_written_only_on_request() -> None:
    data = {"a": [{"b": "}"}], "c": []}
    assert reply(data).text == '{"a": [{"b": "}"}], "c": []}'
    text = reply(data, trailing_commas=True).text
    assert text is not None
    assert "".join(text.split()) == '{"a":[{"b":"}",},],"c":[],}'


def test_a_misuse_is_a_refusal_with_its_sentence() -> None:
    answer = Misuse("no").answer
    assert (answer.status, answer.text) == (400, '{"misuse": "no"}')


def test_a_server_runs_beside_a_test_that_is_not_asynchronous() -> None:
    with ProviderThread(Plain()) as beside:
        connection = http_client.HTTPConnection(beside.server.origin.removeprefix("http://"), timeout=20)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/api/v1/send", "to=1&text=x", headers)
        assert connection.getresponse().status == 200
        connection.close()
        beside.do(lambda: beside.server.advance("a", "sent"))
        beside.wait(beside.server.settled())
        assert len(beside.server.on_air) == 1
