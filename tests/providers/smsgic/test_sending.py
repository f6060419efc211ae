"""Messages to SMSgic: what leaves, in which form, and what becomes of it."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from sms_bridge.simulator.provider_faults import Fault
from sms_bridge.simulator.provider_smsgic_rules import RecipientsForm
from sms_providers.charset import EncodingChoice
from sms_providers.model import ErrorCode, Refused, State, Taken
from sms_providers.smsgic import RecipientsEncoding
from tests.providers.smsgic.account import ANNA, BERT, TEXT, connect, message, opened, outgoing

if TYPE_CHECKING:
    import aiohttp

    from sms_bridge.simulator.provider_smsgic import SmsgicServer
    from sms_providers.model import OutboundMessage
    from sms_providers.smsgic import Smsgic
    from tests.providers.clock import Clock

TAKEN = Taken(references=("458",), state=State.ACCEPTED)


def requests(smsgic: Smsgic) -> int:
    """How many requests have left."""
    return len(smsgic.transcript())


async def test_a_message_leaves_once_with_the_default_originator(
    smsgic: Smsgic, server: SmsgicServer
) -> None:
    assert await smsgic.send([outgoing()]) == [TAKEN]
    (sms,) = server.on_air
    assert (sms.recipient, sms.text, sms.options) == ("4915752982212", TEXT, {"sender": "INFO"})


async def test_originator_and_route_are_the_messages_own(smsgic: Smsgic, server: SmsgicServer) -> None:
    await smsgic.send([outgoing(message(originator="MEGA", options={"type": "twilio", "stopList": False}))])
    assert server.on_air[0].options == {"sender": "MEGA", "type": "twilio"}


@pytest.mark.parametrize("route", ["default", "infobip", "twilio", "messente", "trumpia"])
async def test_every_route_of_the_document_can_be_chosen(
    smsgic: Smsgic, server: SmsgicServer, route: str
) -> None:
    await smsgic.send([outgoing(message(options={"type": route}))])
    assert server.on_air[0].options["type"] == route


async def test_several_recipients_are_one_sending(smsgic: Smsgic, server: SmsgicServer) -> None:
    outcomes = await smsgic.send([outgoing(message(ANNA)), outgoing(message(BERT), reference=2)])
    assert outcomes == [TAKEN, TAKEN]
    assert [sms.recipient for sms in server.on_air] == ["4915752982212", "447700900123"]
    assert len(server.sendings) == 1


async def test_the_same_recipient_twice_gets_two_messages(smsgic: Smsgic, server: SmsgicServer) -> None:
    batch = [outgoing(message(ANNA), reference=1), outgoing(message(ANNA), reference=2)]
    first, second = await smsgic.send(batch)
    assert isinstance(first, Taken)
    assert isinstance(second, Taken)
    assert first.references != second.references
    assert [sms.recipient for sms in server.on_air] == ["4915752982212"] * 2


async def test_texts_that_differ_are_never_mixed(smsgic: Smsgic, server: SmsgicServer) -> None:
    await smsgic.send([outgoing(message(ANNA, "one")), outgoing(message(BERT, "two"), reference=2)])
    assert [(sms.recipient, sms.text) for sms in server.on_air] == [
        ("4915752982212", "one"),
        ("447700900123", "two"),
    ]


@pytest.mark.parametrize(
    "text", ["Größe 5 €", "გამარჯობა", "ドアが開いています", "🚪 left open 👩‍👩‍👧", 'a "b" \\ \n c']
)
async def test_any_text_arrives_as_it_is(smsgic: Smsgic, server: SmsgicServer, text: str) -> None:
    await smsgic.send([outgoing(message(text=text))])
    assert server.on_air[0].text == text


async def test_a_text_for_gsm7_is_made_to_fit(smsgic: Smsgic, server: SmsgicServer) -> None:
    await smsgic.send([outgoing(message(text="ćao", encoding=EncodingChoice.GSM7))])
    assert server.on_air[0].text == "cao"


async def test_a_schedule_is_told_in_utc(smsgic: Smsgic, server: SmsgicServer, clock: Clock) -> None:
    send_at = (clock.now + timedelta(hours=3)).astimezone(timezone(timedelta(hours=5)))
    await smsgic.send([outgoing(send_at=send_at)])
    assert server.on_air[0].options["scheduled_at"] == "2026-11-20 13:15:00"


async def test_a_time_that_is_over_means_at_once(smsgic: Smsgic, server: SmsgicServer, clock: Clock) -> None:
    await smsgic.send([outgoing(send_at=clock.now - timedelta(seconds=1))])
    assert "scheduled_at" not in server.on_air[0].options


async def test_the_form_of_recipients_that_is_taken_is_found_out_once(
    smsgic: Smsgic, server: SmsgicServer
) -> None:
    server.recipients_form = RecipientsForm.STRING
    assert await smsgic.send([outgoing()]) == [TAKEN]
    assert requests(smsgic) == 2
    await smsgic.send([outgoing()])
    assert requests(smsgic) == 3
    assert len(server.on_air) == 2


async def test_a_form_that_was_taken_is_not_doubted_for_one_wrong_number(
    smsgic: Smsgic, server: SmsgicServer
) -> None:
    await smsgic.send([outgoing()])
    server.recipients_form = RecipientsForm.STRING
    (outcome,) = await smsgic.send([outgoing()])
    assert isinstance(outcome, Refused)
    assert outcome.error.code is ErrorCode.INVALID_RECIPIENT
    assert requests(smsgic) == 2


@pytest.mark.parametrize(
    ("encoding", "form"),
    [("array", RecipientsForm.ARRAY), (RecipientsEncoding.STRING, RecipientsForm.STRING)],
)
async def test_the_form_of_recipients_can_be_given(
    server: SmsgicServer, http: aiohttp.ClientSession, clock: Clock, encoding: str, form: RecipientsForm
) -> None:
    server.recipients_form = form
    smsgic = connect(server.base_url, http, clock, recipients_encoding=encoding)
    assert await smsgic.send([outgoing()]) == [TAKEN]
    assert requests(smsgic) == 1


@pytest.mark.parametrize(
    ("what", "code"),
    [
        (message("+1234567"), ErrorCode.UNSUPPORTED),
        (message("22333"), ErrorCode.UNSUPPORTED),
        (message(text=""), ErrorCode.INVALID_TEXT),
        (message(text=None, data=b"\x00"), ErrorCode.UNSUPPORTED),
        (message(flash=True), ErrorCode.UNSUPPORTED),
        (message(options={"type": "pigeon"}), ErrorCode.INVALID_PAYLOAD),
    ],
)
async def test_what_cannot_be_sent_is_refused_here_and_hinders_nobody(
    smsgic: Smsgic, server: SmsgicServer, what: OutboundMessage, code: ErrorCode
) -> None:
    refused, taken = await smsgic.send([outgoing(what), outgoing(message(BERT), reference=2)])
    assert isinstance(refused, Refused)
    assert refused.error.code is code
    assert taken == TAKEN
    assert [sms.recipient for sms in server.on_air] == ["447700900123"]


async def test_reports_walk_to_the_final_state(smsgic: Smsgic, server: SmsgicServer, clock: Clock) -> None:
    await smsgic.send([outgoing()])
    states = [(await smsgic.reports([opened("458", clock.now)]))[0].state]
    for status in server.walk:
        server.advance("458", status)
        (report,) = await smsgic.reports([opened("458", clock.now)])
        states.append(report.state)
    assert states == [State.ACCEPTED, State.ACCEPTED, State.ACCEPTED, State.SENT, State.DELIVERED]


async def test_many_reports_take_one_request(smsgic: Smsgic, server: SmsgicServer, clock: Clock) -> None:
    for number in range(5):
        await smsgic.send([outgoing(reference=number + 1)])
    server.advance("460", "Sent")
    sends = [opened(str(458 + number), clock.now) for number in range(5)]
    before = requests(smsgic)
    reports = await smsgic.reports([*sends, opened("458", clock.now, BERT)])
    assert [report.state for report in reports] == [
        State.ACCEPTED,
        State.ACCEPTED,
        State.ACCEPTED,
        State.SENT,
        State.ACCEPTED,
        State.ACCEPTED,
    ]
    assert [report.recipient for report in reports] == [ANNA, BERT, ANNA, ANNA, ANNA, ANNA]
    assert requests(smsgic) == before + 1


async def test_a_sending_that_smsgic_does_not_have_gives_no_report(smsgic: Smsgic, clock: Clock) -> None:
    assert await smsgic.reports([opened("999", clock.now)]) == []
    assert await smsgic.reports([opened("998", clock.now), opened("999", clock.now)]) == []
    assert await smsgic.reports([]) == []


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("Draft", State.ACCEPTED),
        ("Pending", State.ACCEPTED),
        ("processing", State.ACCEPTED),
        ("QUEUED", State.ACCEPTED),
        ("sent", State.SENT),
        ("Completed", State.SENT),
        ("finished", State.SENT),
        ("done", State.SENT),
        ("Delivered", State.DELIVERED),
        ("failed", State.FAILED),
        ("Error", State.FAILED),
        ("rejected", State.UNDELIVERABLE),
        ("declined", State.UNDELIVERABLE),
        ("canceled", State.UNDELIVERABLE),
        ("Cancelled", State.UNDELIVERABLE),
        ("expired", State.EXPIRED),
        ("On the moon", None),
    ],
)
async def test_every_status_word_has_its_state(
    smsgic: Smsgic, server: SmsgicServer, clock: Clock, word: str, state: State | None
) -> None:
    await smsgic.send([outgoing()])
    server.advance("458", word)
    (report,) = await smsgic.reports([opened("458", clock.now)])
    assert (report.reference, report.state, report.not_sent) == ("458", state, False)
    fails = state in {None, State.FAILED, State.UNDELIVERABLE, State.EXPIRED}
    assert (report.error.provider_code if report.error else None) == (word if fails else None)


async def test_a_list_that_cannot_be_read_hides_no_report(
    smsgic: Smsgic, server: SmsgicServer, clock: Clock
) -> None:
    for text in ("one", "two"):
        await smsgic.send([outgoing(message(text=text))])
    too_long = Fault(status=200, body=f'{{"sendings": "{"x" * 9_000_000}"}}')
    server.faults.add(too_long, times=None, path="GET /sendings")
    reports = await smsgic.reports([opened("458", clock.now), opened("459", clock.now)])
    assert [(report.reference, report.state) for report in reports] == [
        ("458", State.ACCEPTED),
        ("459", State.ACCEPTED),
    ]


async def test_an_unknown_status_is_warned_of_once(
    smsgic: Smsgic, server: SmsgicServer, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    await smsgic.send([outgoing()])
    server.advance("458", "On the moon")
    for _ in range(3):
        await smsgic.reports([opened("458", clock.now)])
    assert [record.levelname for record in caplog.records if record.levelname == "WARNING"] == ["WARNING"]
