"""Tokens that run out, and credentials that are no longer good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.data_entry_flow import FlowResultType

from custom_components.sms_gateway.const import DOMAIN
from sms_bridge.simulator.provider_faults import Fault
from tests.component.account_providers.live import ROUND
from tests.component.account_providers.test_messages import only
from tests.component.accounts.account import ANNA
from tests.e2e.providers.kits import GENIOSMS, GENIQ, SMSGATEWAY24, SMSGIC, UBILL

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigFlowResult

    from tests.component.account_providers.live import LiveAccount

#: Messages that meet an old token at the same time.
MANY: Final = 50
#: Where each gets its token, and where it may be refused.
TOKENS: Final = {"geniq": "POST /token", "smsgateway24": "POST /gettoken"}
#: What is typed to sign in again.
CREDENTIALS: Final = {
    "geniq": ("api_key", "api_secret"),
    "smsgic": ("token",),
    "ubill": ("api_key",),
    "smsgateway24": ("email", "password"),
    "geniosms": ("api_key",),
}
#: How each says that it does not know these credentials, to whatever it is asked.
UNKNOWN: Final = {"smsgic": "401", "ubill": "401", "smsgateway24": "login", "geniosms": "3"}


def spoil(account: LiveAccount[Any]) -> None:
    """Let the provider know these credentials no longer, until all faults are cleared."""
    if account.kit is GENIQ:
        account.server.tokens.revoke()
        account.server.answer_code(24, times=None, path="POST /token")
    else:
        account.requests.add(Fault(code=UNKNOWN[account.kit.name]), times=None)


def signing_in(account: LiveAccount[Any]) -> list[ConfigFlowResult]:
    """The flows that ask the user to sign in again."""
    return [
        flow
        for flow in account.hass.config_entries.flow.async_progress_by_handler(DOMAIN)
        if flow["context"]["source"] == SOURCE_REAUTH
    ]


async def sign_in(account: LiveAccount[Any]) -> ConfigFlowResult:
    """Type the credentials that the entry has had all along."""
    (flow,) = signing_in(account)
    typed = {name: account.entry.data[name] for name in CREDENTIALS[account.kit.name]}
    flows = account.hass.config_entries.flow
    await flows.async_configure(flow["flow_id"])
    result = await flows.async_configure(flow["flow_id"], typed)
    if account.kit is GENIOSMS:
        result = await flows.async_configure(flow["flow_id"], {})
    await account.settle()
    return result


@only(GENIQ, SMSGATEWAY24)
async def test_a_token_that_runs_out_is_replaced_once_for_all_who_need_it(account: LiveAccount[Any]) -> None:
    account.server.expire_tokens()
    mark = len(account.requests.seen)
    for number in range(MANY):
        await account.ask("send", target=[ANNA], message=f"number {number}", id=f"m{number}")
    await account.settle()
    assert {account.last(f"m{number}")["state"] for number in range(MANY)} == {"accepted"}
    assert sorted(sent.text for sent in account.on_air(ANNA)) == sorted(f"number {n}" for n in range(MANY))
    assert account.requests.count(TOKENS[account.kit.name], mark) == 1
    assert signing_in(account) == []


@only(GENIQ)
async def test_a_token_that_was_revoked_is_replaced(account: LiveAccount[Any]) -> None:
    account.server.tokens.revoke()
    mark = len(account.requests.seen)
    await account.send(id="door")
    assert account.states_of("door") == ["queued", "accepted"]
    assert account.requests.count("POST /token", mark) == 1


async def test_credentials_that_are_good_no_more_ask_the_user_to_sign_in_once_and_sending_goes_on_then(
    account: LiveAccount[Any],
) -> None:
    spoil(account)
    for name in ("one", "two", "three"):
        await account.send(name, id=name)
        last = account.last(name)
        assert (last["state"], last["final"], last["error"]) == ("failed", True, "auth")
    assert account.state_of("connectivity") == "off"
    await account.pass_time(ROUND)
    assert len(signing_in(account)) == 1

    account.requests.clear()
    result = await sign_in(account)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reauth_successful")
    assert account.entry.state is ConfigEntryState.LOADED
    assert account.state_of("connectivity") == "on"
    await account.send("four", id="four")
    assert account.last("four")["state"] == "accepted"
    await account.pass_time(ROUND)
    assert [sent.text for sent in account.server.on_air] == ["four"]


# GenioSms cannot be asked anything without sending.
@only(GENIQ, SMSGIC, UBILL, SMSGATEWAY24)
async def test_credentials_that_are_wrong_at_the_start_are_asked_for(fresh: LiveAccount[Any]) -> None:
    spoil(fresh)
    await fresh.load()
    assert fresh.entry_state() is ConfigEntryState.SETUP_ERROR
    fresh.requests.clear()
    await sign_in(fresh)
    assert fresh.entry_state() is ConfigEntryState.LOADED


@only(GENIQ, SMSGIC, UBILL, SMSGATEWAY24)
async def test_a_provider_that_knows_us_no_more_is_noticed_without_any_message(
    account: LiveAccount[Any],
) -> None:
    spoil(account)
    for _ in range(16):
        await account.pass_time(ROUND)
    assert account.state_of("connectivity") == "off"
    assert len(signing_in(account)) == 1
