"""The HTTP core against servers that misbehave, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import logging
import socket
import ssl
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from yarl import URL

from sms_providers import connection
from sms_providers.client import Call, Client
from sms_providers.exceptions import (
    AuthError,
    NoAnswerError,
    ProtocolError,
    ProviderError,
    RejectedError,
    TemporaryError,
    ThrottledError,
)
from sms_providers.model import ErrorCode, NoAnswer, Refused
from sms_providers.reading import parse_json, retry_after
from tests.support.certificates import make_certificates
from tests.support.raw_provider import RawProvider, Rude, http, http_json

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

KEY = "s3cret/key+1"
TEXT = 'Your code is "4711" – ok?'
NUMBER = "+995511194242"
OK = http_json({"statusID": 0})


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


class Times:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def client_of(session: aiohttp.ClientSession, times: Times | None = None, timeout: float = 5.0) -> Client:
    times = times or Times()
    return Client(
        session,
        title="Example",
        secrets=[KEY],
        response_timeout=timeout,
        sleep=times.sleep,
        clock=times.clock,
    )


def post(base: str, **more: Any) -> Call:  # noqa: ANN401 - whatever the request is made of
    fields: dict[str, Any] = {
        "name": "POST /send",
        "method": "POST",
        "url": URL(base) / "send",
        "query": {"key": KEY},
        "body": {"numbers": [NUMBER], "text": TEXT},
        "private": (TEXT, NUMBER),
    }
    return Call(**{**fields, **more})


def read(url: str) -> Call:
    return Call(name="GET /balance", method="GET", url=URL(url) / "balance", query={"key": KEY}, reads=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def failure_of(
    session: aiohttp.ClientSession, *answers: bytes | Rude, patience: float = 5.0
) -> tuple[ProviderError, int]:
    """What a POST to such a server ends in, and how many requests the server saw."""
    async with RawProvider(*answers) as server:
        try:
            answer = await client_of(session, timeout=patience).request(post(server.url))
        except ProviderError as error:
            return error, len(server.requests)
        assert answer.failure is not None, "the request succeeded"
        return answer.failure, len(server.requests)


async def test_an_answer_is_read_whatever_its_content_type(session: aiohttp.ClientSession) -> None:
    html = http(
        '\ufeff{"statusID": "0", "price": 0.045, "list": [1, 2,],}', headers={"Content-Type": "text/html"}
    )
    async with RawProvider(html) as server:
        answer = await client_of(session).request(post(server.url))
    assert answer.members() == {"statusID": "0", "price": Decimal("0.045"), "list": [1, 2]}
    assert answer.failure is None


async def test_a_refused_connection_is_certainly_not_sent(session: aiohttp.ClientSession) -> None:
    with pytest.raises(TemporaryError) as caught:
        await client_of(session).request(post(f"http://127.0.0.1:{free_port()}"))
    assert caught.value.code is ErrorCode.NETWORK
    assert isinstance(caught.value.outcome(), Refused)


async def test_a_name_that_nobody_knows_is_certainly_not_sent(session: aiohttp.ClientSession) -> None:
    with pytest.raises(TemporaryError):
        await client_of(session).request(post("http://nobody.invalid"))


@pytest.mark.parametrize("seconds", [0.1, 5.0])
async def test_running_out_of_time_while_connecting_is_certainly_not_sent(
    session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    monkeypatch.setattr("sms_providers.client._CONNECT_TIMEOUT", 0.1)
    with contextlib.ExitStack() as stack:
        # A listener that accepts nobody: once its queue is full, connecting takes for ever.
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(TemporaryError, match="ConnectionTimeoutError"):
            await client_of(session, timeout=seconds).request(post(url))


@pytest.mark.parametrize("answer", [Rude.CLOSE_AT_ONCE, Rude.NEVER_ANSWER])
async def test_a_server_that_speaks_no_tls_is_certainly_not_sent(
    session: aiohttp.ClientSession, answer: Rude
) -> None:
    async with RawProvider(answer) as server:
        with pytest.raises(TemporaryError):
            await client_of(session, timeout=0.2).request(post(server.url.replace("http:", "https:")))


@pytest.mark.parametrize("rude", list(Rude))
async def test_a_post_without_an_answer_is_unknown_and_never_repeated(
    session: aiohttp.ClientSession, rude: Rude
) -> None:
    error, requests = await failure_of(session, rude, patience=0.2 if rude is Rude.NEVER_ANSWER else 5.0)
    assert isinstance(error, NoAnswerError)
    assert not isinstance(error, ProtocolError)
    assert isinstance(error.outcome(), NoAnswer)
    assert requests == (0 if rude is Rude.CLOSE_AT_ONCE else 1)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
async def test_aiohttp_repeats_nothing_of_its_own_accord(session: aiohttp.ClientSession, method: str) -> None:
    async with RawProvider(Rude.CLOSE_AFTER_READING) as server:
        with pytest.raises(NoAnswerError, match="ServerDisconnectedError"):
            await client_of(session).request(post(server.url, method=method, body=None))
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"\x16\x03\x01 this is not HTTP\r\n\r\n", id="no HTTP"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{", id="truncated"),
        pytest.param(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a"', id="truncated chunk"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n", id="bad chunk"),
        pytest.param(http(b"\x1f\x8b broken", headers={"Content-Encoding": "gzip"}), id="bad gzip"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", id="huge header"),
    ],
)
async def test_a_broken_answer_is_unknown(session: aiohttp.ClientSession, answer: bytes) -> None:
    async with RawProvider(answer) as server:
        server.closes = True
        with pytest.raises(NoAnswerError):
            await client_of(session).request(post(server.url))
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "body",
    [
        "<html>Welcome</html>",
        "",
        '{"statusID": 0',
        b"\xff\xfe\x00",
        "NaN",
        '{"a": ' + "[" * 100_000,
        "9" * 5_000,
        '"' + '\\"' * 500_000 + "\\",
    ],
    ids=["html", "empty", "half", "binary", "NaN", "deep", "long number", "endless string"],
)
async def test_a_success_that_is_no_json_is_unknown(
    session: aiohttp.ClientSession, body: str | bytes
) -> None:
    error, requests = await failure_of(session, http(body))
    assert isinstance(error, ProtocolError)
    assert isinstance(error.outcome(), NoAnswer)
    assert requests == 1
    assert len(str(error)) < 400


async def test_an_answer_of_another_form_is_unknown_where_an_object_is_expected(
    session: aiohttp.ClientSession,
) -> None:
    async with RawProvider(http_json(["OK"])) as server:
        answer = await client_of(session).request(post(server.url))
    with pytest.raises(ProtocolError, match=r'Example, POST /send: .*\["OK"\]'):
        answer.members()


async def test_a_huge_answer_is_not_read_to_its_end(session: aiohttp.ClientSession) -> None:
    error, _ = await failure_of(session, http(b" " * 9_000_000))
    assert isinstance(error, ProtocolError)


async def test_a_bomb_of_gzip_is_not_unpacked_to_its_end(session: aiohttp.ClientSession) -> None:
    bomb = gzip.compress(b"0" * 100_000_000, compresslevel=1)
    error, _ = await failure_of(session, http(bomb, headers={"Content-Encoding": "gzip"}))
    assert isinstance(error, NoAnswerError)


@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found", "307 Temporary Redirect"])
async def test_a_redirect_is_not_followed_and_concerns_this_gateway_only(
    session: aiohttp.ClientSession, status: str
) -> None:
    async with RawProvider(OK) as elsewhere:
        error, requests = await failure_of(session, http("", status, {"Location": elsewhere.url}))
        assert elsewhere.requests == []
    assert isinstance(error, RejectedError)
    assert error.code is ErrorCode.UNSUPPORTED
    assert requests == 1


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (400, RejectedError, ErrorCode.REJECTED_BY_NETWORK),
        (401, AuthError, ErrorCode.AUTH),
        (402, RejectedError, ErrorCode.NO_CREDIT),
        (403, AuthError, ErrorCode.AUTH),
        (404, RejectedError, ErrorCode.UNSUPPORTED),
        (405, RejectedError, ErrorCode.UNSUPPORTED),
        (408, TemporaryError, ErrorCode.NETWORK),
        (422, RejectedError, ErrorCode.REJECTED_BY_NETWORK),
        (429, ThrottledError, ErrorCode.THROTTLED),
        (500, TemporaryError, ErrorCode.NETWORK),
        (502, NoAnswerError, ErrorCode.NETWORK),
        (503, TemporaryError, ErrorCode.NETWORK),
        (504, NoAnswerError, ErrorCode.NETWORK),
        (524, NoAnswerError, ErrorCode.NETWORK),
    ],
)
@pytest.mark.parametrize("body", ["<html>no</html>", '{"message": "no"}'], ids=["html", "json"])
async def test_an_http_status_becomes_its_error(
    session: aiohttp.ClientSession, status: int, kind: type[ProviderError], code: ErrorCode, body: str
) -> None:
    error, requests = await failure_of(session, http(body, f"{status} Whatever"))
    assert type(error) is kind
    assert error.code is code
    assert error.provider_code == str(status)
    assert requests == 1


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
async def test_retry_after_in_seconds_pauses_the_whole_provider(
    session: aiohttp.ClientSession, status: str
) -> None:
    times = Times()
    async with RawProvider(http("", status, {"Retry-After": "17"}), OK) as server:
        client = client_of(session, times)
        with pytest.raises(ThrottledError) as caught:
            await client.request(post(server.url))
        assert caught.value.retry_after == 17
        outcome = caught.value.outcome()
        assert isinstance(outcome, Refused)
        assert outcome.retry_after == 17
        times.now += 16
        for call in (post(server.url), read(server.url)):
            with pytest.raises(ThrottledError) as caught:
                await client.request(call)
            assert caught.value.retry_after == pytest.approx(1)
        assert len(server.requests) == 1
        times.now += 1
        assert (await client.request(post(server.url))).failure is None


async def test_pauses_without_a_time_double_up_to_a_minute_and_begin_anew_after_a_success(
    session: aiohttp.ClientSession,
) -> None:
    times = Times()
    pauses = []
    async with RawProvider(http("", "429 Too Many Requests")) as server:
        client = client_of(session, times)
        for _ in range(9):
            with pytest.raises(ThrottledError) as caught:
                await client.request(post(server.url))
            pauses.append(caught.value.retry_after)
            times.now += 100
        for pause, expected in zip(pauses, (1, 2, 4, 8, 16, 32, 60, 60, 60), strict=True):
            assert expected <= pause <= expected * 1.25
        client.succeeded()
        with pytest.raises(ThrottledError) as caught:
            await client.request(post(server.url))
        assert caught.value.retry_after <= 1.25


async def test_refusals_of_one_moment_lengthen_the_pause_once(session: aiohttp.ClientSession) -> None:
    client = client_of(session)
    pauses = [client.throttled("too much").retry_after for _ in range(20)]
    assert pauses[0] <= 1.25
    assert max(pauses) <= 2.5


def test_retry_after_is_read_in_both_forms() -> None:
    later = format_datetime(datetime(2026, 11, 20, 10, 0, 30, tzinfo=UTC), usegmt=True)
    answered = format_datetime(datetime(2026, 11, 20, 10, 0, 0, tzinfo=UTC), usegmt=True)
    assert retry_after({"Retry-After": "120"}) == 120
    assert retry_after({"Retry-After": later, "Date": answered}) == 30
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert retry_after({"Retry-After": soon}) == pytest.approx(60, abs=5)
    assert retry_after({"Retry-After": answered, "Date": later}) == 0
    assert retry_after({"Retry-After": "9" * 400}) == 86_400


@pytest.mark.parametrize("written", ["", "soon", "-5", "²", "Mon, 99 Jan 2026 00:00:00 GMT", "1e3"])
def test_an_unreadable_retry_after_is_none(written: str) -> None:
    assert retry_after({"Retry-After": written}) is None


async def test_a_read_is_repeated_with_growing_pauses(session: aiohttp.ClientSession) -> None:
    times = Times()
    async with RawProvider(Rude.CLOSE_AFTER_READING, http("", "503 Service Unavailable"), OK) as server:
        answer = await client_of(session, times).request(read(server.url))
        assert answer.failure is None
        assert len(server.requests) == 3
    first, second = times.slept
    assert 0.5 <= first <= 0.75
    assert 1.0 <= second <= 1.5


async def test_a_read_that_fails_for_good_says_so_after_three_tries(session: aiohttp.ClientSession) -> None:
    async with RawProvider(http("", "500 Internal Server Error")) as server:
        with pytest.raises(TemporaryError):
            await client_of(session).request(read(server.url))
        assert len(server.requests) == 3


@pytest.mark.parametrize("status", ["401 Unauthorized", "422 Unprocessable Content", "429 Too Many Requests"])
async def test_a_read_that_is_refused_is_not_repeated(session: aiohttp.ClientSession, status: str) -> None:
    async with RawProvider(http("{}", status)) as server:
        answer = await client_of(session).request(read(server.url))
        assert answer.failure is not None
        assert len(server.requests) == 1


async def test_a_post_leaves_on_a_connection_just_used_and_never_on_an_idle_one(
    session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "KEPT_FOR", 60.0)
    async with RawProvider(OK) as server:
        client = client_of(session)
        await client.request(post(server.url))
        await client.request(post(server.url))
        assert server.connections == 1
        monkeypatch.setattr(connection, "KEPT_FOR", 0.0)
        await client.request(post(server.url))
        await client.request(post(server.url))
        assert server.connections == 3
        assert len(server.requests) == 4


async def test_the_same_holds_for_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificates = make_certificates(tmp_path)
    trusted = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=str(certificates.ca)))
    server = RawProvider(OK)
    server.tls = certificates.server_context()
    async with server, aiohttp.ClientSession(connector=trusted) as session, aiohttp.ClientSession() as other:
        with pytest.raises(TemporaryError, match="Certificate"):
            await client_of(other).request(post(server.url))
        client = client_of(session)
        for connections, kept_for in ((1, 60.0), (1, 60.0), (2, 0.0)):
            monkeypatch.setattr(connection, "KEPT_FOR", kept_for)
            await client.request(post(server.url))
            assert server.connections == connections
    assert len(server.requests) == 3


async def test_a_server_that_breaks_a_kept_connection_gets_a_new_one_for_each_request(
    session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "KEPT_FOR", 60.0)
    async with RawProvider(OK, Rude.CLOSE_AFTER_READING, OK) as server:
        client = client_of(session)
        await client.request(post(server.url))
        with pytest.raises(NoAnswerError):
            await client.request(post(server.url))
        assert server.connections == 1
        for _ in range(2):
            await client.request(post(server.url))
        assert server.connections == 3
        assert [b"\r\nConnection: close\r\n" in request for request in server.requests] == [
            False,
            False,
            True,
            True,
        ]


async def test_many_idle_connections_of_another_account_are_passed_over(
    session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with RawProvider(OK) as server:
        await asyncio.gather(*(client_of(session).request(post(server.url)) for _ in range(10)))
        connections = server.connections
        monkeypatch.setattr(connection, "KEPT_FOR", 0.0)
        assert (await client_of(session).request(post(server.url))).failure is None
        assert server.connections == connections + 1
        assert len(server.requests) == 11


async def test_a_server_that_closes_idle_connections_without_a_word_makes_nothing_unknown(
    session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with RawProvider(OK) as server:
        client = client_of(session)
        await client.request(post(server.url))
        monkeypatch.setattr(connection, "KEPT_FOR", 0.0)
        # The server's goodbye is on its way: aiohttp has not seen it when the next request takes the connection.
        server.drop_connections()
        assert (await client.request(post(server.url))).failure is None
        assert len(server.requests) == 2


async def test_a_request_without_a_body_leaves_no_idle_connection(session: aiohttp.ClientSession) -> None:
    async with RawProvider(OK) as server:
        server.closes = True
        await client_of(session).request(read(server.url))
        assert b"\r\nConnection: close\r\n" in server.requests[0]


@pytest.mark.parametrize("field", ["body", "form", "query"])
async def test_a_text_that_is_no_unicode_is_refused_before_anything_leaves(
    session: aiohttp.ClientSession, field: str
) -> None:
    async with RawProvider(OK) as server:
        call = post(server.url, **{"body": None, field: {"text": "half a \ud83d"}})
        with pytest.raises(RejectedError) as caught:
            await client_of(session).request(call)
        assert caught.value.code is ErrorCode.INVALID_TEXT
        assert server.connections == 0


@pytest.mark.parametrize("url", ["ftp://example.invalid", "http://", "/send"])
async def test_a_base_url_that_is_none_concerns_this_gateway_only(
    session: aiohttp.ClientSession, url: str
) -> None:
    with pytest.raises(RejectedError) as caught:
        await client_of(session).request(post("http://x", url=URL(url)))
    assert caught.value.code is ErrorCode.UNSUPPORTED


async def test_a_token_that_no_header_may_hold_is_refused_credentials(session: aiohttp.ClientSession) -> None:
    async with RawProvider(OK) as server:
        call = post(server.url, headers={"Authorization": f"Bearer {KEY}\nX: y"})
        with pytest.raises(AuthError):
            await client_of(session).request(call)
        assert server.requests == []


ECHO = f'{{"message": "bad request: key={KEY} text={TEXT} to={NUMBER}"}}'
ENCODED = "key=s3cret%2Fkey%2B1&text=Your%20code%20is%20%224711%22%20%e2%80%93%20ok%3f&to=%2b995511194242"
ESCAPED = r'{"message": "Your code is \"4711\" \u2013 ok? s3cret/key+1 995511194242"}'
IN_HTML = "<p>Your code is &quot;4711&quot; – ok?</p> &lt;s3cret/key+1&gt; +995 511 194 242"


@pytest.mark.parametrize(
    "answer",
    [
        http(words, status)
        for words in (ECHO, ENCODED, ESCAPED, IN_HTML)
        for status in ("200 OK", "400 Bad Request", "401 Unauthorized", "500 Internal Server Error")
    ]
    + [
        Rude.CLOSE_AT_ONCE,
        Rude.CLOSE_AFTER_READING,
        Rude.NEVER_ANSWER,
        b"HTTP/9 " + ECHO.encode() + b"\r\n\r\n",
        http(ECHO, "429 Too Many Requests"),
    ],
)
async def test_no_secret_text_or_number_is_in_any_error_log_or_transcript(
    session: aiohttp.ClientSession, answer: bytes | Rude, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with RawProvider(answer) as server:
        server.closes = True
        client = client_of(session, timeout=0.2)
        said = []
        try:
            got = await client.request(post(server.url))
            said += [got.excerpt, repr(got), str(got.failure)]
            got.members()
        except ProviderError as error:
            logging.getLogger("test").exception("it failed")
            said += [str(error), repr(error), str(error.as_error()), repr(error.outcome())]
            said += [repr(error.__cause__), repr(error.__context__)]
    seen = "\n".join([*said, *client.transcript(), caplog.text])
    assert "POST /send" in seen
    for hidden in ("s3cret", "4711", "511194242", "511 194 242", "/send?", "code is"):
        assert hidden not in seen


async def test_a_secret_that_is_issued_later_is_hidden_too(session: aiohttp.ClientSession) -> None:
    client = client_of(session)
    client.hide("t0ken")
    assert client.readable(f"bad t0ken for {KEY}") == "bad … for …"


@pytest.mark.parametrize(
    "said",
    [
        r"no route for and\/or it's 5 o'clock",
        "no route for and/or it&#039;s 5 o&#039;clock",
        "no route for and/or it&#x27;s 5 o&#x27;clock",
        "no route for and%2For%20it%27s%205%20o%27clock",
    ],
)
async def test_a_text_is_hidden_however_it_is_trimmed_and_escaped(
    session: aiohttp.ClientSession, said: str
) -> None:
    assert client_of(session).readable(said, ("  and/or it's 5 o'clock\n",)) == "no route for …"


async def test_of_many_secrets_that_are_issued_only_the_last_are_kept(session: aiohttp.ClientSession) -> None:
    client = client_of(session)
    for number in range(1_000):
        client.hide(f"token-{number:03}")
    assert client.readable("token-999 token-998 token-000") == "… … token-000"


async def test_a_word_of_no_table_is_warned_of_once_and_not_every_word_of_a_provider_that_babbles(
    session: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    client = client_of(session)
    for number in (1, 1, *range(1_000)):
        client.warn_once(f"code {number}", f"Example: code {number} is not known")
    assert caplog.messages[:3] == [f"Example: code {number} is not known" for number in (1, 0, 2)]
    assert len(caplog.messages) == 100


async def test_a_request_shows_nothing_of_what_it_bears() -> None:
    call = post("http://127.0.0.1", headers={"Authorization": f"Bearer {KEY}"}, form={"text": TEXT})
    assert repr(call) == "Call(name='POST /send', method='POST', reads=False, quotable=True)"


async def test_an_answer_that_holds_messages_is_never_quoted(session: aiohttp.ClientSession) -> None:
    async with RawProvider(http("Dear Anna", "400 Bad Request")) as server:
        with pytest.raises(RejectedError) as caught:
            await client_of(session).request(post(server.url, quotable=False))
    assert "Anna" not in str(caught.value)


async def test_the_transcript_keeps_the_last_requests(session: aiohttp.ClientSession) -> None:
    async with RawProvider(OK) as server:
        client = client_of(session)
        for _ in range(50):
            await client.request(post(server.url))
    assert client.transcript() == ("POST /send: HTTP 200 (0.00 s)",) * 40


def test_commas_in_strings_stay_and_those_before_a_bracket_go() -> None:
    assert parse_json('{"a": "x,]", "b": [1,\n], }') == {"a": "x,]", "b": [1]}
    assert parse_json('{"a": "\\",}",}') == {"a": '",}'}
