"""The receiver of callbacks: what it answers, and what it hands on."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

import pytest

from sms_providers.callbacks import MAX_BODY, CallbackReceiver
from sms_providers.model import DeliveryReport, InboundMessage, State
from sms_providers.provider import CallbackError, CallbackRequest, Received
from tests.providers.sink import Sink

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sms_providers.provider import Provider

REPORT = DeliveryReport(reference="r1", state=State.DELIVERED, recipient="+6591234567")
MESSAGE = Received(
    key="m1",
    message=InboundMessage(
        originator="+6591234567",
        text="the secret text",
        sent_at=None,
        received_at=datetime(2026, 11, 20, tzinfo=UTC),
    ),
)


class Reader:
    """A provider that reads every call as these events, or refuses it."""

    title = "Example"

    def __init__(self, *events: DeliveryReport | Received, error: CallbackError | None = None) -> None:
        self.asked = 0
        self._events = events
        self._error = error

    def read_callback(self, request: CallbackRequest) -> Sequence[DeliveryReport | Received]:
        assert request.method in {"GET", "POST"}
        self.asked += 1
        if self._error is not None:
            raise self._error
        return self._events


def receiver(reader: Reader, sink: Sink) -> CallbackReceiver:
    return CallbackReceiver(cast("Provider", reader), sink)


def call(method: str = "POST", body: bytes = b"a=b") -> CallbackRequest:
    return CallbackRequest(method=method, content_type="text/plain", query="key=s3cret", body=body)


async def test_events_are_handed_on_in_order_before_the_answer() -> None:
    sink = Sink()
    answer = await receiver(Reader(MESSAGE, REPORT), sink).receive(call())
    assert (answer.status, answer.body) == (200, "OK")
    assert sink.events == [MESSAGE, REPORT]


async def test_a_call_of_no_interest_is_taken() -> None:
    assert (await receiver(Reader(), Sink()).receive(call("GET"))).status == 200


async def test_a_report_on_what_nobody_sent_is_taken_and_dropped_and_the_rest_is_kept() -> None:
    sink = Sink(expected=frozenset({"r2"}))
    assert (await receiver(Reader(REPORT, MESSAGE), sink).receive(call())).status == 200
    assert sink.events == [MESSAGE]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "get", ""])
async def test_another_method_is_not_let_in(method: str) -> None:
    reader = Reader(REPORT)
    assert (await receiver(reader, Sink()).receive(call(method))).status == 405
    assert reader.asked == 0


@pytest.mark.parametrize("size", [MAX_BODY + 1, 1 << 24])
async def test_a_body_that_no_provider_sends_is_not_read(size: int) -> None:
    reader = Reader(REPORT)
    assert (await receiver(reader, Sink()).receive(call(body=bytes(size)))).status == 413
    assert reader.asked == 0
    assert (await receiver(reader, Sink()).receive(call(body=bytes(MAX_BODY)))).status == 200


@pytest.mark.parametrize(
    ("status", "body"),
    [(400, "Bad Request"), (403, "Forbidden"), (405, "Method Not Allowed"), (404, "Not Found")],
)
async def test_a_refused_call_is_answered_with_its_status_and_nothing_is_kept(status: int, body: str) -> None:
    sink = Sink()
    reader = Reader(error=CallbackError(status, "the key is wrong"))
    answer = await receiver(reader, sink).receive(call())
    assert (answer.status, answer.body) == (status, body)
    assert sink.events == []


@pytest.mark.parametrize("event", [MESSAGE, REPORT])
async def test_the_provider_shall_come_again_for_what_could_not_be_kept(
    event: DeliveryReport | Received,
) -> None:
    assert (await receiver(Reader(event), Sink(broken=True)).receive(call())).status == 503


async def test_an_end_of_the_program_is_no_reason_to_answer() -> None:
    class Ending(Sink):
        async def report(self, report: DeliveryReport) -> None:
            del report
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await receiver(Reader(REPORT), Ending()).receive(call())


async def test_nothing_of_a_call_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for reader, sink in (
        (Reader(REPORT, MESSAGE), Sink(expected=frozenset())),
        (Reader(error=CallbackError(403, "the key is wrong")), Sink()),
        (Reader(MESSAGE), Sink(broken=True)),
    ):
        await receiver(reader, sink).receive(call(body=b"text=the+secret+text"))
    assert "Example" in caplog.text
    for hidden in ("s3cret", "secret", "91234567"):
        assert hidden not in caplog.text.replace("test_callbacks", "")
