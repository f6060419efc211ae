"""One-time passwords that GENIQ makes, sends and checks; limits, expiry and attempts are ours."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.exceptions import ServiceValidationError

from custom_components.sms_gateway.const import DOMAIN, EntryKind
from custom_components.sms_gateway.otp import PER_RECIPIENT
from sms_bridge.simulator.provider_faults import Fault
from tests.component.calling import Actions, key_of
from tests.component.conftest import ANNAS_NUMBER

if TYPE_CHECKING:
    from freezegun.api import FrozenDateTimeFactory

    from sms_bridge.simulator.provider_geniq import GeniqServer
    from tests.component.account_actions.live import Live

ANNA = ANNAS_NUMBER.removeprefix("+")
#: What the simulated provider draws for a code of 6 digits.
CODE = "999999"
SEND, CHECK = "POST /verify", "POST /verify/{messageId}"


async def verify(account: Live, **fields: object) -> tuple[bool, str, int]:
    """Check a code, by its id or by whom it was sent to."""
    actions = Actions(account.hass, account.entry)
    answer = await (actions.ask_anyone if "otp_id" in fields else actions.ask)("verify_otp", **fields)
    return answer["verified"], answer["reason"], answer["attempts_left"]


async def sent(account: Live, **fields: object) -> str:
    """Send a code to Anna and return its id."""
    return str((await account.ask("send_otp", target="Anna", **fields))["otp_id"])


def checks(account: Live) -> int:
    """How often the provider was asked to check a code."""
    return sum(CHECK in line for line in account.entry.runtime_data.coordinator.backend.provider.transcript())


# -- sending


@pytest.mark.parametrize("method", ["auto", "provider"])
async def test_the_provider_makes_the_code(account: Live, method: str) -> None:
    otp_id = await sent(account, method=method, length=8, expires_in=120, template="{code} opens")
    (message,) = account.server.on_air
    assert (message.recipient, message.text) == (ANNA, "99999999 opens")
    assert message.options["template"] == "[CODE] opens"
    assert (message.options["codeLength"], message.options["expiry"]) == ("8", "120")
    assert await verify(account, otp_id=otp_id, code="9999 9999") == (True, "ok", 0)


async def test_a_code_without_a_template_has_a_text(account: Live) -> None:
    await sent(account)
    assert account.server.on_air[0].text == f"Your code is {CODE}"


@pytest.mark.parametrize("fields", [{"method": "local"}, {"length": 5}, {"length": 9}])
async def test_home_assistant_makes_the_code_where_it_is_to_or_the_provider_cannot(
    account: Live, fields: dict[str, Any]
) -> None:
    otp_id = await sent(account, **fields)
    await account.settle()
    code = re.sub(r"\D", "", account.server.on_air[0].text)
    assert len(code) == fields.get("length", 6)
    assert SEND not in account.server.met.names("endpoint")
    assert await verify(account, otp_id=otp_id, code=code) == (True, "ok", 0)


async def test_its_reports_are_deliveries_of_the_entry(server: GeniqServer, account: Live) -> None:
    await sent(account)
    server.advance(server.on_air[0].ids[0], "delivered")
    await account.settle()
    assert account.states == [("queued", "sms"), ("accepted", "sms"), ("delivered", "sms")]
    listed = await account.ask("list_messages")
    assert listed["messages"][0]["text"] is None


@pytest.mark.parametrize("length", [5, 9])
async def test_a_length_that_the_provider_does_not_make_is_named(account: Live, length: int) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        await account.ask("send_otp", target="Anna", method="provider", length=length)
    assert key_of(caught.value) == (
        "otp_provider_length",
        {"provider": "GENIQ", "shortest": "6", "longest": "8"},
    )
    assert not account.server.on_air


@pytest.mark.parametrize("kind", [EntryKind.SMSGIC])
async def test_another_provider_makes_no_codes(account: Live) -> None:
    assert await account.refused("send_otp", target="Anna", method="provider") == (
        "otp_no_provider",
        {"name": "SMSgic"},
    )
    assert not account.server.on_air


async def test_what_is_refused_counts_as_never_made(server: GeniqServer, account: Live) -> None:
    first = await sent(account)
    server.answer_code(11, times=None, path=SEND)
    for _ in range(PER_RECIPIENT + 1):
        key, placeholders = await account.refused("send_otp", target="Anna")
        assert (key, placeholders["code"]) == ("refused", "invalid_recipient")
    assert await verify(account, otp_id=first, code=CODE) == (True, "ok", 0)


async def test_what_may_have_been_sent_counts_and_opens_nothing(server: GeniqServer, account: Live) -> None:
    server.faults.add(Fault(cut_after=True), times=None, path=SEND)
    for _ in range(PER_RECIPIENT):
        assert (await account.refused("send_otp", target="Anna"))[0] == "refused"
    assert (await account.refused("send_otp", target="Anna"))[0] == "otp_too_many"
    assert len(server.on_air) == PER_RECIPIENT
    assert (await verify(account, target="Anna", code=CODE))[1] == "expired"
    assert checks(account) == 0


async def test_the_limit_is_that_of_every_code(account: Live) -> None:
    for number in range(PER_RECIPIENT):
        await sent(account, method="local" if number else "provider")
    key, _ = await account.refused("send_otp", target="Anna", method="provider")
    assert key == "otp_too_many"


# -- checking


async def test_a_code_is_good_once(account: Live) -> None:
    otp_id = await sent(account)
    assert (await verify(account, otp_id=otp_id, code=CODE))[1] == "ok"
    assert await verify(account, otp_id=otp_id, code=CODE) == (False, "used", 0)
    assert checks(account) == 1


async def test_wrong_codes_lock(account: Live) -> None:
    otp_id = await sent(account, max_attempts=2)
    assert await verify(account, otp_id=otp_id, code="123456") == (False, "wrong", 1)
    assert await verify(account, otp_id=otp_id, code="12345") == (False, "wrong", 0)
    assert await verify(account, otp_id=otp_id, code=CODE) == (False, "locked", 0)


async def test_codes_that_are_typed_at_once_have_the_same_attempts(account: Live) -> None:
    otp_id = await sent(account, max_attempts=2)
    found = await asyncio.gather(
        *(verify(account, otp_id=otp_id, code=f"12345{number}") for number in range(6))
    )
    assert sorted(reason for _, reason, _ in found) == ["locked"] * 4 + ["wrong"] * 2
    assert checks(account) == 2


async def test_of_two_who_type_the_code_at_once_one_is_let_in(server: GeniqServer, account: Live) -> None:
    otp_id = await sent(account)
    # Whatever the provider says of the second one, it is our own mark that counts.
    server.answer_code(0, times=None, path=CHECK)
    found = await asyncio.gather(*(verify(account, otp_id=otp_id, code=CODE) for _ in range(2)))
    assert sorted(reason for _, reason, _ in found) == ["ok", "used"]


async def test_a_slow_provider_keeps_no_other_code_waiting(server: GeniqServer, account: Live) -> None:
    slow = await sent(account, purpose="slow")
    local = await sent(account, purpose="fast", method="local")
    await account.settle()
    code = re.sub(r"\D", "", server.on_air[1].text)
    server.faults.add(Fault(delay=0.5), path=CHECK)
    waiting = asyncio.create_task(verify(account, otp_id=slow, code=CODE))
    await asyncio.sleep(0)
    assert await verify(account, otp_id=local, code=code) == (True, "ok", 0)
    assert not waiting.done()
    assert await waiting == (True, "ok", 0)


async def test_a_code_expires_by_our_clock(account: Live, freezer: FrozenDateTimeFactory) -> None:
    otp_id = await sent(account, expires_in=60)
    freezer.tick(61)
    assert (await verify(account, otp_id=otp_id, code=CODE))[1] == "expired"
    assert checks(account) == 0


async def test_a_newer_code_ends_the_one_before(account: Live) -> None:
    first = await sent(account, purpose="door")
    second = await sent(account, purpose="door")
    assert (await verify(account, otp_id=first, code=CODE))[1] == "expired"
    assert await verify(account, target="Anna", purpose="door", code=CODE) == (True, "ok", 0)
    assert (await verify(account, otp_id=second, code=CODE))[1] == "used"


async def test_a_provider_that_is_away_costs_no_attempt(server: GeniqServer, account: Live) -> None:
    otp_id = await sent(account, max_attempts=1)
    server.faults.add(Fault(status=503), times=None, path=CHECK)
    for _ in range(2):
        key, _ = await account.refused("verify_otp", target="Anna", code=CODE)
        assert key == "refused"
    server.faults.clear()
    assert await verify(account, otp_id=otp_id, code=CODE) == (True, "ok", 0)


async def test_a_code_cannot_be_checked_while_its_entry_is_not_loaded(account: Live) -> None:
    otp_id = await sent(account, max_attempts=1)
    await account.hass.config_entries.async_unload(account.entry.entry_id)
    with pytest.raises(ServiceValidationError):
        await verify(account, otp_id=otp_id, code=CODE)
    assert await account.hass.config_entries.async_setup(account.entry.entry_id)
    assert await verify(account, otp_id=otp_id, code=CODE) == (True, "ok", 0)


async def test_what_the_provider_checks_by_is_kept_and_nothing_else(
    account: Live, hass_storage: dict[str, Any]
) -> None:
    await sent(account)
    (kept,) = hass_storage[f"{DOMAIN}.otp"]["data"]["otps"]
    assert kept["session"] == account.server.on_air[0].ids[0]
    assert CODE not in json.dumps({**hass_storage, "otp": kept})


async def test_its_life_is_told(account: Live) -> None:
    event = "event.my_account_one_time_password"
    otp_id = await sent(account, max_attempts=1)
    shown = account.hass.states.get(event)
    assert shown is not None
    assert (shown.attributes["event_type"], shown.attributes["otp_id"]) == ("sent", otp_id)
    await verify(account, otp_id=otp_id, code="123456")
    shown = account.hass.states.get(event)
    assert shown is not None
    assert shown.attributes["event_type"] == "locked"
