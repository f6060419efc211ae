"""Contact lists and newsletters at SmsGateway24."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import voluptuous as vol

from custom_components.sms_gateway.const import EntryKind
from sms_bridge.simulator.provider_faults import Fault
from tests.component.conftest import ANNAS_NUMBER, BERTS_NUMBER

if TYPE_CHECKING:
    from sms_bridge.simulator.provider_smsgateway24 import SmsGateway24Server
    from tests.component.account_actions.live import Live


@pytest.fixture
def kind() -> EntryKind:
    """The one provider that has lists."""
    return EntryKind.SMSGATEWAY24


@pytest.fixture
async def list_id(account: Live) -> str:
    """A list with Anna and somebody else on it."""
    made = await account.ask("create_contact_list", title="Neighbours")
    number = str(made["list_id"])
    await account.ask("add_contact", target="Anna", list_id=number)
    await account.ask("add_contact", target=[BERTS_NUMBER], list_id=number, name="Mr B.")
    return number


async def test_people_are_put_on_a_list(server: SmsGateway24Server, list_id: str) -> None:
    tag = server.lists.tags[int(list_id)]
    assert tag.title == "Neighbours"
    assert list(tag.contacts.values()) == [(ANNAS_NUMBER, "Anna"), (BERTS_NUMBER, "Mr B.")]


async def test_a_contact_gets_an_id(account: Live, list_id: str) -> None:
    answer = await account.ask("add_contact", target="Anna", list_id=list_id)
    assert answer["contact_id"].isdecimal()


async def test_a_newsletter_goes_to_everybody_on_the_list(
    server: SmsGateway24Server, account: Live, list_id: str
) -> None:
    answer = await account.ask("send_newsletter", list_ids=list_id, title="Festival", message="At three")
    assert [(sent.recipient, sent.text) for sent in server.on_air] == [
        (ANNAS_NUMBER, "At three"),
        (BERTS_NUMBER, "At three"),
    ]
    assert answer["newsletter_id"] == "4401"


async def test_a_newsletter_has_phone_sim_and_time(
    server: SmsGateway24Server, account: Live, list_id: str
) -> None:
    await account.hass.config.async_set_time_zone("UTC")
    await account.ask(
        "send_newsletter",
        list_ids=[list_id],
        title="Festival",
        message="At three",
        gateway=server.credentials()["device_id"],
        sim=1,
        send_at="2035-07-01 12:00:00",
    )
    options = server.on_air[0].options
    assert (options["device_id"], options["sim"]) == (server.credentials()["device_id"], "1")
    # The account's time zone is Europe/Paris.
    assert options["time_to_send"] == "01.07.2035 14:00:00"


async def test_whoever_is_no_contact_needs_a_name(account: Live, list_id: str) -> None:
    key, _ = await account.refused("add_contact", target=["+491600000000"], list_id=list_id)
    assert key == "name_needed"


async def test_a_list_takes_one_at_a_time(account: Live, list_id: str) -> None:
    key, _ = await account.refused("add_contact", target="Family", list_id=list_id)
    assert key == "one_recipient"


async def test_a_phone_that_is_not_there_is_named(account: Live, list_id: str) -> None:
    key, placeholders = await account.refused(
        "send_newsletter", list_ids=[list_id], title="A", message="B", gateway="77"
    )
    assert (key, placeholders["gateway"]) == ("unknown_gateway", "77")
    assert not account.server.on_air


async def test_what_the_provider_refuses_is_told(account: Live) -> None:
    key, placeholders = await account.refused("send_newsletter", list_ids=["1"], title="A", message="B")
    assert key == "refused"
    assert "Tag not found" in placeholders["reason"]


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("create_contact_list", {"title": ""}),
        ("send_newsletter", {"list_ids": [], "title": "A", "message": "B"}),
        ("send_newsletter", {"list_ids": ["1"], "title": "A", "message": ""}),
        ("send_newsletter", {"list_ids": ["1"], "title": "A", "message": "B", "sim": 2}),
    ],
)
async def test_an_empty_field_is_refused_before_anything_leaves(
    account: Live, action: str, fields: dict[str, Any]
) -> None:
    met = list(account.server.met)
    with pytest.raises(vol.Invalid):
        await account.ask(action, **fields)
    assert list(account.server.met) == met


async def test_a_lost_answer_is_an_error_and_asked_once(server: SmsGateway24Server, account: Live) -> None:
    server.faults.add(Fault(cut_after=True), path="POST /savetag")
    key, _ = await account.refused("create_contact_list", title="Neighbours")
    assert key == "refused"
    assert len(server.lists.tags) == 1
