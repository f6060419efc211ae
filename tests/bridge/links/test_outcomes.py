"""What the modem engine's results and errors mean for a message."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from sms_bridge.links import modem as room
from sms_bridge.links.modem import ModemLink
from sms_bridge.links.settings import BalanceQuery, ModemLinkSettings
from sms_bridge.modem.errors import (
    AtFailed,
    CmeError,
    CmsError,
    NotReady,
    NotSent,
    NotSentReason,
    NotStored,
    SendUnknown,
    UssdFailed,
    UssdUnsupported,
)
from sms_bridge.modem.model import ModemSettings, ModemStatus, Phase, Registration, StoredAt, UssdReply
from sms_bridge.modem.trace import Trace
from sms_bridge.routing.link import LinkError, LinkState, Source, Submission, UnsupportedError
from sms_bridge.tpdu.codec import Direction, decode_pdu
from sms_bridge.tpdu.submit import Submit
from sms_providers.model import Capability, NoAnswer, OutboundMessage, Refused, Taken

if TYPE_CHECKING:
    from collections.abc import Callable

    from sms_bridge.modem.errors import ModemError

NUMBER = "+491701234567"
BALANCE = BalanceQuery(ussd="*100#", pattern=re.compile(r"([0-9.,]+) ?€"), currency="EUR")


class FakeModem:
    """The engine as the link sees it: ``answers`` are what each ``send`` or ``ussd`` gives or raises."""

    def __init__(self, *_: object, **__: object) -> None:
        self.status = ModemStatus(number="+4915112345678")
        self.answers: list[Any] = []
        self.sent: list[tuple[str, int, bool]] = []
        self.deleted: list[tuple[StoredAt, str]] = []
        self.ended = 0
        self.trace = Trace(lambda: 0.0)
        self.trace.add(">", b"AT+CMGS=18\r")

    async def start(self) -> None: ...

    async def stop(self, *, finish_within: float) -> None:
        assert finish_within == 8.0

    def _next(self) -> Any:  # noqa: ANN401 - whatever the test said
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def send(self, pdu_hex: str, tpdu_length: int, *, more: bool) -> Any:  # noqa: ANN401
        self.sent.append((pdu_hex, tpdu_length, more))
        return self._next()

    async def ussd(self, text: str) -> Any:  # noqa: ANN401
        assert text == "*100#"
        return self._next()

    async def ussd_end(self) -> None:
        self.ended += 1

    async def restart(self) -> None:
        self._next()

    async def delete(self, source: StoredAt, *, pdu_hex: str) -> None:
        self.deleted.append((source, pdu_hex))
        if self.answers:
            self._next()


class FakeInlet:
    """Notes what the link hands up."""

    def __init__(self) -> None:
        self.gone: list[Source] = []
        self.statuses: list[Any] = []
        self.late: list[str] = []

    async def deleted(self, source: Source) -> None:
        self.gone.append(source)

    async def late_answer(self, reference: str) -> None:
        self.late.append(reference)

    def status_changed(self, status: object) -> None:
        self.statuses.append(status)


class Pair:
    """A link on a fake engine."""

    def __init__(self, link: ModemLink, modem: FakeModem, inlet: FakeInlet) -> None:
        self.link = link
        self.modem = modem
        self.inlet = inlet
        self.segments: list[tuple[int, int, str]] = []

    async def submit(self, text: str = "hello", *answers: object, **values: object) -> Any:  # noqa: ANN401
        """The outcome of one submission."""
        self.modem.answers = list(answers)
        taken: Any = values.pop("taken", {})
        given: dict[str, Any] = {"recipient": NUMBER, "text": text, "valid_for": 600, **values}
        submission = Submission(
            row=7, attempt=1, message=OutboundMessage(**given), concat_ref=0x1234, taken=taken
        )
        (outcome,) = await self.link.submit([submission], self._taken)
        return outcome

    async def _taken(self, row: int, seqno: int, reference: str) -> None:
        self.segments.append((row, seqno, reference))

    def pdus(self) -> list[Submit]:
        found = [decode_pdu(pdu, Direction.OUTBOUND).tpdu for pdu, _, _ in self.modem.sent]
        assert all(isinstance(pdu, Submit) for pdu in found)
        return [pdu for pdu in found if isinstance(pdu, Submit)]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Builds a started link."""

    async def made(balance: BalanceQuery | None = BALANCE) -> Pair:
        modem, inlet = FakeModem(), FakeInlet()
        monkeypatch.setattr(room, "Modem", lambda *_, **__: modem)
        settings = ModemLinkSettings(modem=ModemSettings(port="/dev/modem"), balance=balance)
        link = ModemLink("stick", settings, lambda: pytest.fail("nothing opens a port here"))
        given: Any = inlet
        await link.start(given)
        return Pair(link, modem, inlet)

    return made


# -- what is taken


async def test_one_segment_is_taken_with_its_reference(make: Callable[..., Any]) -> None:
    pair = await make()
    outcome = await pair.submit("hello", 0x2A)
    assert outcome == Taken(references=("2a",))
    assert [more for _, _, more in pair.modem.sent] == [False]
    (pdu,) = pair.pdus()
    assert (pdu.srr, pdu.da.text) == (True, NUMBER)
    assert pair.segments == []


async def test_each_segment_but_the_last_is_committed_and_the_radio_link_kept(
    make: Callable[..., Any],
) -> None:
    pair = await make()
    outcome = await pair.submit("x" * 400, 1, 2, 3)
    assert outcome == Taken(references=("01", "02", "03"))
    assert pair.segments == [(7, 1, "01"), (7, 2, "02")]
    assert [more for _, _, more in pair.modem.sent] == [True, True, False]
    places = [pdu.ud.udh.concat for pdu in pair.pdus()]
    assert [(place.ref, place.total, place.seqno) for place in places] == [(0x34, 3, n) for n in (1, 2, 3)]


async def test_only_missing_segments_are_sent_with_the_same_reference(make: Callable[..., Any]) -> None:
    pair = await make()
    outcome = await pair.submit("x" * 400, 9, taken={1: "01", 3: "03"})
    assert outcome == Taken(references=("01", "09", "03"))
    (pdu,) = pair.pdus()
    assert (pdu.ud.udh.concat.ref, pdu.ud.udh.concat.seqno) == (0x34, 2)


async def test_a_message_that_is_all_taken_sends_nothing(make: Callable[..., Any]) -> None:
    pair = await make()
    assert await pair.submit("x" * 200, taken={1: "01", 2: "02"}) == Taken(references=("01", "02"))
    assert pair.modem.sent == []


async def test_without_dlr_no_report_is_asked_for(make: Callable[..., Any]) -> None:
    pair = await make()
    await pair.submit("hello", 1, dlr=False)
    assert pair.pdus()[0].srr is False


# -- what is not


@pytest.mark.parametrize(
    ("error", "code", "again"),
    [
        *((CmsError(n), "rejected_by_network", False) for n in (1, 28, 29, 81, 95, 96, 97)),
        *((CmsError(n), "unsupported", False) for n in (8, 10, 21, 30, 50, 69, 111, 127, 193, 302, 304, 330)),
        *((CmsError(n), "network", True) for n in (38, 41, 42, 47, 192, 332, 500, 512, 513, 514, 515)),
        *((CmsError(n), "sim_error", False) for n in (310, 311, 313, 316)),
        (CmsError(314), "sim_error", True),
        (CmsError(331), "not_registered", True),
        *((CmeError(n), "sim_error", False) for n in (10, 11, 12, 13, 15)),
        (CmeError(14), "sim_error", True),
        (CmeError(30), "not_registered", True),
        (CmeError(3), "unsupported", False),
        (CmeError(100), "network", True),
        (AtFailed("ERROR"), "network", True),
        (NotReady("The modem is not ready."), "network", False),
        (NotSent(NotSentReason.OFFLINE, "offline"), "gateway_offline", False),
        (NotSent(NotSentReason.NOT_REGISTERED, "searching"), "not_registered", False),
        (NotSent(NotSentReason.SIM, "PIN"), "sim_error", False),
        (NotSent(NotSentReason.NO_PROMPT, "no prompt"), "gateway_offline", False),
        (NotSent(NotSentReason.PORT_LOST, "gone"), "gateway_offline", False),
        (NotSent(NotSentReason.STOPPING, "stopping"), "gateway_offline", True),
    ],
    ids=lambda value: f"{type(value).__name__}-{value}" if isinstance(value, Exception) else None,
)
async def test_a_certain_refusal_has_the_contracts_code(
    make: Callable[..., Any], error: ModemError, code: str, *, again: bool
) -> None:
    outcome = await (await make()).submit("hello", error)
    assert isinstance(outcome, Refused)
    assert (outcome.error.code, outcome.same_gateway_again) == (code, again)
    assert outcome.error.temporary == (code in ("network", "sim_error", "not_registered", "gateway_offline"))


async def test_the_modems_own_code_is_kept(make: Callable[..., Any]) -> None:
    outcome = await (await make()).submit("hello", CmsError(41))
    assert outcome.error.provider_code == "41"
    assert "temporary failure" in outcome.error.message


async def test_no_reason_is_forgotten() -> None:
    assert set(room._NOT_SENT) == set(NotSentReason)


async def test_a_lost_answer_is_no_answer_with_the_expected_reference(make: Callable[..., Any]) -> None:
    pair = await make()
    outcome = await pair.submit("hello", SendUnknown("no answer", 0x2B))
    assert isinstance(outcome, NoAnswer)
    assert (outcome.expected_reference, outcome.error.code) == ("2b", "timeout")
    assert (await pair.submit("hello", SendUnknown("no answer", None))).expected_reference is None


async def test_a_number_that_cannot_be_dialled_is_refused_before_anything_is_sent(
    make: Callable[..., Any],
) -> None:
    pair = await make()
    outcome = await pair.submit("hello", recipient="HOME")
    assert isinstance(outcome, Refused)
    assert outcome.error.code == "invalid_recipient"
    assert pair.modem.sent == []


async def test_a_late_answer_is_handed_up(make: Callable[..., Any]) -> None:
    pair = await make()
    pair.link.late_reply(0x2B)
    await pair.link.stop()
    assert pair.inlet.late == ["2b"]


# -- deleting


SOURCE = Source(sim="26201", storage="SM", index=3, pdu="07")


async def test_a_deleted_copy_is_confirmed(make: Callable[..., Any]) -> None:
    pair = await make()
    await pair.link.discard(SOURCE)
    assert pair.modem.deleted == [(StoredAt("SM", 3), "07")]
    assert pair.inlet.gone == [SOURCE]


@pytest.mark.parametrize("error", [NotStored("unread"), NotReady("offline"), AtFailed("ERROR")])
async def test_a_copy_that_is_not_deleted_is_not_confirmed(
    make: Callable[..., Any], error: ModemError
) -> None:
    pair = await make()
    pair.modem.answers = [error]
    await pair.link.discard(SOURCE)
    assert pair.inlet.gone == []


# -- balance and USSD


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("Guthaben: 12,40 €", "12.40"),
        ("12.40€ left", "12.40"),
        ("1.234,56 €", "1234.56"),
        ("1,234.56 €", "1234.56"),
        ("5 €", "5"),
    ],
)
async def test_a_balance_is_read_in_every_notation(make: Callable[..., Any], text: str, amount: str) -> None:
    pair = await make()
    pair.modem.answers = [UssdReply(text, more=False)]
    balance = await pair.link.balance()
    assert (balance.amount, balance.currency) == (Decimal(amount), "EUR")
    assert pair.modem.ended == 0


async def test_a_menu_is_ended_after_the_balance_was_read(make: Callable[..., Any]) -> None:
    pair = await make()
    pair.modem.answers = [UssdReply("5 €\n1 more", more=True)]
    await pair.link.balance()
    assert pair.modem.ended == 1


@pytest.mark.parametrize("text", ["no idea", ".. €"])
async def test_an_answer_without_an_amount_says_what_to_do(make: Callable[..., Any], text: str) -> None:
    pair = await make()
    pair.modem.answers = [UssdReply(text, more=False)]
    with pytest.raises(LinkError, match="pattern"):
        await pair.link.balance()


async def test_a_balance_that_is_not_configured_is_unsupported(make: Callable[..., Any]) -> None:
    pair = await make(balance=None)
    assert Capability.BALANCE not in pair.link.capabilities
    with pytest.raises(UnsupportedError, match=r"gateways\.stick\.balance"):
        await pair.link.balance()


@pytest.mark.parametrize(
    ("error", "expected"), [(UssdUnsupported("no USSD"), UnsupportedError), (UssdFailed("failed"), LinkError)]
)
async def test_ussd_errors_are_the_routers(
    make: Callable[..., Any], error: ModemError, expected: type[Exception]
) -> None:
    pair = await make()
    pair.modem.answers = [error]
    with pytest.raises(expected):
        await pair.link.ussd("*100#")


async def test_a_restart_that_fails_is_told(make: Callable[..., Any]) -> None:
    pair = await make()
    pair.modem.answers = [NotReady("The modem is not ready.")]
    with pytest.raises(LinkError, match="not ready"):
        await pair.link.restart()


# -- status


@pytest.mark.parametrize("phase", list(Phase))
async def test_a_gateway_is_online_only_when_its_modem_is_ready(
    make: Callable[..., Any], phase: Phase
) -> None:
    pair = await make()
    pair.link.status_changed(ModemStatus(phase=phase))
    expected = {Phase.READY: LinkState.ONLINE, Phase.ERROR: LinkState.ERROR}.get(phase, LinkState.OFFLINE)
    assert pair.inlet.statuses[0].state is expected


async def test_a_status_says_what_the_contract_shows(make: Callable[..., Any]) -> None:
    pair = await make()
    status = ModemStatus(
        phase=Phase.READY, detail="all is well", registration=Registration.ROAMING, operator="Testnet",
        technology="LTE", signal_dbm=-71, manufacturer="Quectel", model="EC25", firmware="R1", imei="86",
        number="+49151", storages={"SM": (3, 10), "ME": (1, 20)},
    )  # fmt: skip
    pair.link.status_changed(status)
    (shown,) = pair.inlet.statuses
    assert (shown.registration, shown.operator, shown.technology, shown.signal_dbm) == (
        "roaming",
        "Testnet",
        "LTE",
        -71,
    )
    assert (shown.model, shown.storage_used, shown.storage_total) == ("Quectel EC25", 4, 30)
    assert (shown.number, shown.imei, shown.firmware) == ("+49151", "86", "R1")
