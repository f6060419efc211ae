"""SMS through GENIQ: one, many, what is asked for, what is refused here, and answers that never come."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from sms_bridge.simulator.provider_faults import Fault
from sms_bridge.simulator.provider_geniq import GeniqServer
from sms_bridge.simulator.provider_geniq_account import GeniqOptions
from sms_providers.charset import EncodingChoice
from sms_providers.exceptions import ThrottledError
from sms_providers.geniq.sms import OPTIONS
from sms_providers.model import ErrorCode, NoAnswer, Refused, State, Taken
from tests.providers.geniq.account import ANNA, BERT, TEXT, connect, outgoing

if TYPE_CHECKING:
    import aiohttp

    from sms_providers.geniq import Geniq
    from tests.providers.geniq.conftest import Clock


def on_air(server: GeniqServer) -> list[tuple[str, str]]:
    return [(message.recipient, message.text) for message in server.on_air]


async def test_a_message_is_taken_under_the_ids_of_its_reports(geniq: Geniq, server: GeniqServer) -> None:
    (outcome,) = await geniq.send([outgoing(reference=77)])
    (message,) = server.on_air
    assert outcome == Taken(references=message.ids, state=State.ACCEPTED)
    assert (message.recipient, message.text, message.reference) == ("6591234567", TEXT, "77")
    assert message.options == {"originator": "HOME"}


async def test_a_long_message_has_one_id_per_segment(geniq: Geniq, server: GeniqServer) -> None:
    (outcome,) = await geniq.send([outgoing(text="Ω long story. " * 30)])
    assert isinstance(outcome, Taken)
    assert outcome.references == server.on_air[0].ids
    assert len(outcome.references) == 3


@pytest.mark.parametrize("text", ["Grüße & 100% + ünïcode = 🚪?", "a\nb\r\nc", "漢字" * 100, "+", "%2B"])
async def test_every_text_arrives_as_it_was(text: str, geniq: Geniq, server: GeniqServer) -> None:
    assert isinstance((await geniq.send([outgoing(text=text)]))[0], Taken)
    assert on_air(server) == [("6591234567", text)]


async def test_the_encoding_that_is_asked_for_is_passed_on(geniq: Geniq, server: GeniqServer) -> None:
    await geniq.send([outgoing(text="Ćao „ti“ 🚪", encoding=EncodingChoice.GSM7)])
    await geniq.send([outgoing(text="plain", encoding=EncodingChoice.UCS2)])
    assert [(message.text, message.options["dataCoding"]) for message in server.on_air] == [
        ('Cao "ti" ?', "text"),
        ("plain", "unicode"),
    ]


async def test_what_is_left_of_the_validity_is_passed_on(geniq: Geniq, server: GeniqServer) -> None:
    await geniq.send([outgoing(valid_for=90)])
    await geniq.send([outgoing(valid_for=0)])
    await geniq.send([outgoing(ANNA, valid_for=70), outgoing(BERT, valid_for=65)])
    assert [message.options["validity"] for message in server.on_air] == ["90", "1", "65", "65"]


async def test_a_short_validity_in_a_batch_shortens_no_other_messages(
    geniq: Geniq, server: GeniqServer
) -> None:
    lives: list[tuple[str, int | None]] = [(ANNA, 3600), (BERT, 60), ("+6581230000", None), (ANNA, 3590)]
    outcomes = await geniq.send([outgoing(number, valid_for=life) for number, life in lives])
    assert [message.options.get("validity") for message in server.on_air] == ["60", "3590", "3590", None]
    taken = {message.ids: message.recipient for message in server.on_air}
    assert [taken[outcome.references] for outcome in outcomes if isinstance(outcome, Taken)] == [
        number.removeprefix("+") for number, _ in lives
    ]


@pytest.mark.parametrize("count", [1, 2])
async def test_options_reach_the_wire_and_go_before_ours(
    count: int, geniq: Geniq, server: GeniqServer
) -> None:
    options = {
        "originatorTon": "alpha",
        "udh": "050003A70201",
        "dataCoding": "unicode",
        "validity": "120",
        "reference": "order 5",
        "device_id": "another gateway's",
    }
    numbers = (ANNA, BERT)[:count]
    batch = [outgoing(number, "part", valid_for=9, options=options) for number in numbers]
    assert all(isinstance(outcome, Taken) for outcome in await geniq.send(batch))
    assert len(server.on_air) == count
    for message in server.on_air:
        assert message.reference == "order 5"
        assert message.options == {
            "originator": "HOME",
            "originatorTon": "alpha",
            "udh": "050003A70201",
            "dataCoding": "unicode",
            "validity": "120",
        }


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("originatorTon", "alphanumeric"),
        ("originatorTon", None),
        ("udh", "0500"[:-1]),
        ("udh", "xyz0"),
        ("udh", ""),
        ("udh", "00" * 141),
        ("dataCoding", "ucs2"),
        ("dataCoding", True),
        ("validity", 0),
        ("validity", -5),
        ("validity", "1h"),
        ("validity", True),
        ("reference", ""),
        ("reference", "a\nb"),
        ("reference", 5),
    ],
)
async def test_a_wrong_option_is_refused_here(
    key: str, value: object, geniq: Geniq, server: GeniqServer
) -> None:
    with pytest.raises(ValueError, match="expected"):
        OPTIONS[key](value)
    (outcome,) = await geniq.send([outgoing(options={key: value})])
    assert isinstance(outcome, Refused)
    assert outcome.error.code is ErrorCode.INVALID_PAYLOAD
    assert key in outcome.error.message
    assert server.met.names("endpoint") == []


@pytest.mark.parametrize(
    ("own", "sent"),
    [("Garage", "Garage"), ("+6591234567", "6591234567"), ("71234", "71234"), ("A" * 11, "A" * 11)],
)
async def test_a_message_may_name_its_originator(
    own: str, sent: str, geniq: Geniq, server: GeniqServer
) -> None:
    await geniq.send([outgoing(originator=own)])
    assert server.on_air[0].options["originator"] == sent


@pytest.mark.parametrize("originator", ["A" * 12, "1" * 16, "日本", "+123456789012345678"])
async def test_an_originator_that_cannot_be_is_refused_here(
    originator: str, geniq: Geniq, server: GeniqServer
) -> None:
    (outcome,) = await geniq.send([outgoing(originator=originator)])
    assert isinstance(outcome, Refused)
    assert outcome.error.code is ErrorCode.INVALID_ORIGINATOR
    assert server.met.names("endpoint") == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"recipient": "71234"}, ErrorCode.UNSUPPORTED),
        ({"flash": True}, ErrorCode.UNSUPPORTED),
        ({"text": None, "data": b"\x01"}, ErrorCode.UNSUPPORTED),
        ({"send_at": datetime(2030, 1, 1, tzinfo=UTC)}, ErrorCode.UNSUPPORTED),
        ({"text": ""}, ErrorCode.INVALID_TEXT),
    ],
)
async def test_what_geniq_cannot_do_is_refused_here_and_the_rest_is_sent(
    change: dict[str, Any], code: ErrorCode, geniq: Geniq, server: GeniqServer
) -> None:
    refused, taken = await geniq.send([outgoing(**change), outgoing(BERT, reference=2)])
    assert isinstance(refused, Refused)
    assert refused.error.code is code
    assert isinstance(taken, Taken)
    assert on_air(server) == [("6581234567", TEXT)]


async def test_an_answer_without_ids_is_taken_and_final(geniq: Geniq, server: GeniqServer) -> None:
    server.faults.add(Fault(status=200, body='{"responseCode": 0, "messageIds": {}}'), path="/sms")
    (outcome,) = await geniq.send([outgoing()])
    assert outcome == Taken(references=(), state=State.ACCEPTED, final=True)


async def test_nothing_to_send_asks_nothing(geniq: Geniq, server: GeniqServer) -> None:
    assert list(await geniq.send([])) == []
    assert server.met.names("endpoint") == []


async def test_a_batch_is_one_request_and_each_recipient_has_an_outcome(
    geniq: Geniq, server: GeniqServer
) -> None:
    numbers = [f"+65{80000000 + number}" for number in range(100)]
    outcomes = await geniq.send([outgoing(number, reference=at) for at, number in enumerate(numbers, 1)])
    assert [message.recipient for message in server.on_air] == [number[1:] for number in numbers]
    assert outcomes == [Taken(references=message.ids, state=State.ACCEPTED) for message in server.on_air]
    assert [line.partition(":")[0] for line in geniq.transcript()] == ["POST /token", "POST /batch_sms"]


@pytest.mark.parametrize(
    "options",
    [
        {"batch_top_failure": True},
        {"batch_counts_failed": True},
        {"numeric_codes": True, "always_200": True},
        {},
    ],
)
async def test_in_a_batch_the_code_of_the_recipient_counts(
    options: dict[str, Any], http: aiohttp.ClientSession, clock: Clock
) -> None:
    async with GeniqServer(GeniqOptions(clock=clock, **options)) as server:
        server.refusals["6581234567"] = 15
        bert, anna = await connect(server, http, clock).send([outgoing(BERT), outgoing(ANNA)])
    assert isinstance(bert, Refused)
    assert bert.error.code is ErrorCode.BLOCKED
    assert anna == Taken(references=server.on_air[0].ids, state=State.ACCEPTED)


async def test_a_recipient_that_the_answer_leaves_out_is_unknown(
    http: aiohttp.ClientSession, clock: Clock
) -> None:
    async with GeniqServer(GeniqOptions(clock=clock, batch_omits=frozenset({"6581234567"}))) as server:
        bert, anna = await connect(server, http, clock).send([outgoing(BERT), outgoing(ANNA)])
    assert isinstance(bert, NoAnswer)
    assert bert.error.code is ErrorCode.PROTOCOL
    assert isinstance(anna, Taken)


async def test_a_list_that_is_too_long_is_halved_and_the_next_is_halved_at_once(
    http: aiohttp.ClientSession, clock: Clock
) -> None:
    async with GeniqServer(GeniqOptions(clock=clock, batch_maximum=3)) as server:
        geniq = connect(server, http, clock)
        batch = [outgoing(f"+65{80000000 + number}") for number in range(10)]
        assert all(isinstance(outcome, Taken) for outcome in await geniq.send(batch))
        assert [message.recipient for message in server.on_air] == [
            str(6580000000 + number) for number in range(10)
        ]
        refused = [line for line in geniq.transcript() if "HTTP 400" in line]
        await geniq.send(batch)
        assert [line for line in geniq.transcript() if "HTTP 400" in line] == refused
        assert len(server.on_air) == 20
        assert server.misuses == []


async def test_two_messages_to_one_recipient_are_both_sent(geniq: Geniq, server: GeniqServer) -> None:
    batch = [outgoing(ANNA), outgoing(BERT), outgoing(ANNA), outgoing(ANNA)]
    outcomes = await geniq.send(batch)
    assert [message.recipient for message in server.on_air].count("6591234567") == 3
    references = [outcome.references for outcome in outcomes if isinstance(outcome, Taken)]
    assert len(set(references)) == 4
    assert "api 16" not in server.met.names("code")


@pytest.mark.parametrize("first", [True, False])
async def test_of_a_duplicate_the_entry_that_was_sent_counts(
    first: bool,  # noqa: FBT001 - which of two cases
    geniq: Geniq,
    server: GeniqServer,
) -> None:
    sent = '{"recipient": 6591234567, "messageIdList": ["id-1"], "responseCode": "0"}'
    twice = '{"recipient": "6591234567", "messageIdList": [], "responseCode": "16"}'
    entries = [sent, twice] if first else [twice, sent]
    body = f'{{"responseCode": "0", "details": {{"recipients": [{", ".join(entries)}]}}}}'
    server.faults.add(Fault(status=200, body=body), path="/batch_sms")
    anna, bert = await geniq.send([outgoing(ANNA), outgoing(BERT)])
    assert anna == Taken(references=("id-1",), state=State.ACCEPTED)
    assert isinstance(bert, NoAnswer)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ('{"responseCode": "6", "details": {"recipients": []}}', Refused),
        ('{"responseCode": "6", "details": []}', Refused),
        ('{"responseCode": "99"}', NoAnswer),
        ('{"responseCode": "0"}', NoAnswer),
        ('{"responseCode": "0", "details": {"recipients": {}}}', NoAnswer),
        ('{"responseCode": "0", "details": {"recipients": [null, 5]}}', NoAnswer),
        ('{"responseCode": "0", "details": {"recipients": [{"recipient": "6591234567"}]}}', NoAnswer),
    ],
)
async def test_without_results_the_code_of_the_whole_counts(
    body: str, kind: type[Refused | NoAnswer], geniq: Geniq, server: GeniqServer
) -> None:
    server.faults.add(Fault(status=200, body=body), path="/batch_sms")
    outcomes = await geniq.send([outgoing(ANNA), outgoing(BERT)])
    assert all(isinstance(outcome, kind) for outcome in outcomes)
    assert server.on_air == []


@pytest.mark.parametrize("count", [1, 2])
async def test_a_lost_answer_is_unknown_and_nothing_is_sent_twice(
    count: int, geniq: Geniq, server: GeniqServer
) -> None:
    await geniq.check()
    server.faults.add(Fault(cut_after=True))
    outcomes = await geniq.send([outgoing(number) for number in (ANNA, BERT)[:count]])
    assert all(isinstance(outcome, NoAnswer) for outcome in outcomes)
    assert len(server.on_air) == count


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=502, body="", processed=True),
        Fault(status=504, body="", processed=True),
        Fault(status=200, body="<html>sorry</html>", processed=True),
        Fault(status=200, body='{"responseCode": "0', processed=True),
        Fault(code=88, processed=True),
        Fault(code=99, processed=True),
    ],
)
@pytest.mark.parametrize("count", [1, 2])
async def test_an_answer_that_says_nothing_is_unknown_and_nothing_is_sent_twice(
    fault: Fault, count: int, geniq: Geniq, server: GeniqServer
) -> None:
    await geniq.check()
    server.faults.add(fault)
    outcomes = await geniq.send([outgoing(number) for number in (ANNA, BERT)[:count]])
    assert all(isinstance(outcome, NoAnswer) for outcome in outcomes)
    assert len(server.on_air) == count


async def test_an_answer_that_takes_too_long_is_unknown(
    server: GeniqServer, http: aiohttp.ClientSession, clock: Clock
) -> None:
    geniq = connect(server, http, clock, response_timeout=1.0)
    await geniq.check()
    server.faults.add(Fault(delay=60))
    (outcome,) = await geniq.send([outgoing()])
    assert isinstance(outcome, NoAnswer)
    assert outcome.error.code is ErrorCode.TIMEOUT
    assert len(server.on_air) == 1


async def test_a_server_that_is_not_there_has_certainly_sent_nothing(
    server: GeniqServer, http: aiohttp.ClientSession, clock: Clock
) -> None:
    geniq = connect(server, http, clock)
    await server.stop()
    (outcome,) = await geniq.send([outgoing()])
    assert isinstance(outcome, Refused)
    assert outcome.error.code is ErrorCode.NETWORK
    assert outcome.error.temporary


@pytest.mark.parametrize(
    ("fault", "pause"),
    [
        (Fault(code=5), (1, 1.25)),
        (Fault(code=5, headers={"Retry-After": "17"}, status=429), (17, 17)),
        (Fault(code=19), (60, 60)),
        (Fault(status=429, body="", headers={"Retry-After": "30"}), (30, 30)),
    ],
)
async def test_throttling_leaves_the_whole_provider_alone(
    fault: Fault, pause: tuple[float, float], geniq: Geniq, server: GeniqServer
) -> None:
    await geniq.check()
    server.faults.add(fault, path="/sms")
    (first,) = await geniq.send([outgoing()])
    assert isinstance(first, Refused)
    assert first.error.code is ErrorCode.THROTTLED
    assert first.retry_after is not None
    assert pause[0] <= first.retry_after <= pause[1]
    asked = len(geniq.transcript())
    (second,) = await geniq.send([outgoing(BERT)])
    assert isinstance(second, Refused)
    assert second.error.code is ErrorCode.THROTTLED
    with pytest.raises(ThrottledError):
        await geniq.balance()
    assert len(geniq.transcript()) == asked
    assert server.on_air == []


async def test_a_throttled_recipient_of_a_batch_pauses_the_provider_once(
    geniq: Geniq, server: GeniqServer
) -> None:
    server.refusals |= dict.fromkeys(("6580000001", "6580000002", "6580000003"), 5)
    outcomes = await geniq.send([outgoing(f"+658000000{number}") for number in range(4)])
    assert isinstance(outcomes[0], Taken)
    pauses = {outcome.retry_after for outcome in outcomes if isinstance(outcome, Refused)}
    assert len(pauses) == 1
    assert 1 <= (pauses.pop() or 0) <= 1.25


async def test_no_credit_in_the_middle_of_a_batch_refuses_the_rest(geniq: Geniq, server: GeniqServer) -> None:
    server.balance = 2 * server.account.price
    outcomes = await geniq.send([outgoing(f"+658000000{number}") for number in range(4)])
    assert [type(outcome) for outcome in outcomes] == [Taken, Taken, Refused, Refused]
    assert len(server.on_air) == 2
