"""What nobody may read: neither in an error, nor in a log, nor in a transcript."""

from __future__ import annotations

import logging
from base64 import b64encode
from typing import TYPE_CHECKING

import pytest

from sms_bridge.simulator.provider_faults import Fault
from sms_providers.exceptions import ProviderError
from sms_providers.geniq import GeniqSettings, Menu, MenuOption, NewTemplate, TemplateCategory, WhatsAppText
from sms_providers.model import NoAnswer, Refused
from tests.providers.geniq.account import connect, outgoing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import aiohttp

    from sms_bridge.simulator.provider_geniq import GeniqServer
    from sms_providers.geniq import Geniq
    from tests.providers.geniq.conftest import Clock

    Action = Callable[[Geniq], Awaitable[object]]

NUMBER = "+6591237788"
TEXT = "The vault opens at nine, bring both keys"
CODE = "847291"
SECRETS = ("6591237788", "91237788", "vault opens", CODE, "simulated-key", "simulated-secret", "c2ltdWxhdGVk")
BASIC = b64encode(b"simulated-key:simulated-secret").decode()

#: What is asked with a text in it.
WORDY: list[Action] = [
    lambda geniq: geniq.whatsapp(NUMBER, WhatsAppText(body=TEXT)),
    lambda geniq: geniq.verify(NUMBER, template=f"{TEXT} [CODE]"),
    lambda geniq: geniq.call(NUMBER, TEXT, locale="en-US"),
    lambda geniq: geniq.call_menu(
        NUMBER,
        [Menu(menu_id="main", message=TEXT, options=(MenuOption(dtmf="1", return_value="yes"),))],
        locale="en-US",
    ),
    lambda geniq: geniq.create_template(
        NewTemplate(name="vault", language="en", category=TemplateCategory.UTILITY, body=TEXT)
    ),
]
#: What is asked without one.
SILENT: list[Action] = [
    lambda geniq: geniq.check_code(CODE, CODE),
    lambda geniq: geniq.balance(),
]


def echo(token: str, text: str = TEXT) -> str:
    """Everything that a careless server may repeat."""
    return " ".join(
        [NUMBER, NUMBER[1:], "9123 7788", text, text.replace(" ", "+"), CODE, token, BASIC, *SECRETS[4:6]]
    )


def assert_nothing_private(text: str, token: str) -> None:
    found = [secret for secret in (*SECRETS, token) if secret in text]
    assert found == []


@pytest.fixture
def token(server: GeniqServer) -> str:
    """The first token that the server will issue."""
    issued, _ = server.tokens.issue()
    server.tokens._expiries.clear()
    return issued


@pytest.mark.parametrize(
    ("action", "text"), [*((action, TEXT) for action in WORDY), *((action, "") for action in SILENT)]
)
@pytest.mark.parametrize("code", ['"4711"', "11", "5", '"none"', "null"])
async def test_no_error_repeats_what_was_sent(
    action: Action,
    text: str,
    *,
    code: str,
    geniq: Geniq,
    server: GeniqServer,
    token: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    body = f'{{"responseCode": {code}, "responseMessage": "{echo(token, text)}"}}'
    await geniq.check()
    server.faults.add(Fault(status=400, body=body), times=None)
    with caplog.at_level(logging.DEBUG), pytest.raises(ProviderError) as raised:
        await action(geniq)
    shown = f"{raised.value} {raised.value.provider_code} {raised.value.as_error()}"
    assert_nothing_private(shown, token)
    assert_nothing_private(caplog.text, token)
    assert_nothing_private(" ".join(geniq.transcript()), token)


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=500, body=echo("")),
        Fault(status=200, body=f"<html>{echo('')}</html>"),
        Fault(status=200, body=f'{{"responseCode": "77", "responseMessage": "{echo("")}"}}'),
        Fault(status=200, body=f'{{"responseCode": "{echo("")}", "responseMessage": ""}}'),
        Fault(status=200, body=f'{{"responseCode": "Sorry, not yet: {TEXT}"}}'),
        Fault(cut_after=True),
        Fault(cut_before=True),
    ],
)
async def test_no_outcome_repeats_what_was_sent(
    fault: Fault, count: int, *, geniq: Geniq, server: GeniqServer, caplog: pytest.LogCaptureFixture
) -> None:
    await geniq.check()
    server.faults.add(fault, times=None)
    with caplog.at_level(logging.DEBUG):
        outcomes = await geniq.send([outgoing(NUMBER, TEXT), outgoing("+6581237788", TEXT)][:count])
    for outcome in outcomes:
        assert isinstance(outcome, Refused | NoAnswer)
        assert_nothing_private(repr(outcome), "Bearer")
    assert_nothing_private(caplog.text, "Bearer")
    assert_nothing_private(" ".join(geniq.transcript()), "Bearer")


async def test_nothing_is_seen_where_all_goes_well(
    geniq: Geniq, server: GeniqServer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        await geniq.send([outgoing(NUMBER, TEXT)])
        sent = await geniq.verify(NUMBER)
        await geniq.check_code(sent.message_id, server.otp_code(sent.message_id))
    issued = next(iter(server.tokens._expiries))
    assert_nothing_private(caplog.text, issued)
    assert_nothing_private(" ".join(geniq.transcript()), server.on_air[1].text[-8:])


async def test_no_error_of_wrong_credentials_shows_them(
    server: GeniqServer, http: aiohttp.ClientSession, clock: Clock
) -> None:
    geniq = connect(server, http, clock, api_secret="tiger-lily")
    with pytest.raises(ProviderError) as raised:
        await geniq.check()
    assert "tiger" not in str(raised.value)


def test_the_settings_do_not_show_their_secrets() -> None:
    settings = GeniqSettings(api_key="key-of-mine", api_secret="word-of-mine", originator="HOME")
    assert "of-mine" not in repr(settings)
