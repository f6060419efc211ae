"""WhatsApp through GENIQ: each type on air, its reports as events, and what is refused before anything leaves."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from custom_components.sms_gateway.const import DOMAIN
from sms_bridge.simulator.provider_faults import Fault
from tests.component.calling import key_of
from tests.component.conftest import ANNAS_NUMBER, BERTS_NUMBER

if TYPE_CHECKING:
    from sms_bridge.simulator.provider_geniq import GeniqServer
    from tests.component.account_actions.live import Live

ANNA, BERT = ANNAS_NUMBER.removeprefix("+"), BERTS_NUMBER.removeprefix("+")


@pytest.fixture
def server(server: GeniqServer) -> GeniqServer:
    """GENIQ, where Anna and Bert have just written to us, with an approved template."""
    server.open_session(ANNA)
    server.open_session(BERT)
    return server


@pytest.mark.parametrize(
    ("fields", "on_air"),
    [
        ({"type": "text", "message": "*Hi*"}, {"type": "text", "body": "*Hi*"}),
        (
            {"type": "text", "message": "see https://x.org", "preview_url": True, "sms_fallback": True},
            {"type": "text", "body": "see https://x.org", "previewUrl": True, "smsFallback": True},
        ),
        (
            {"type": "image", "url": "https://x.org/a.jpg", "caption": "A", "sms_fallback": True},
            {"type": "image", "url": "https://x.org/a.jpg", "caption": "A", "smsFallback": True},
        ),
        ({"type": "video", "url": "https://x.org/a.mp4"}, {"type": "video", "url": "https://x.org/a.mp4"}),
        ({"type": "audio", "url": "https://x.org/a.mp3"}, {"type": "audio", "url": "https://x.org/a.mp3"}),
        (
            {"type": "sticker", "url": "https://x.org/a.webp", "caption": "A"},
            {"type": "sticker", "url": "https://x.org/a.webp", "caption": "A"},
        ),
        (
            {"type": "document", "url": "https://x.org/1", "filename": "a.pdf", "caption": "A"},
            {"type": "document", "url": "https://x.org/1", "filename": "a.pdf", "caption": "A"},
        ),
        (
            {
                "type": "location",
                "latitude": 52.5,
                "longitude": "13.4",
                "location_name": "Gate",
                "address": "Berlin",
            },
            {
                "type": "location",
                "latitude": 52.5,
                "longitude": 13.4,
                "locationName": "Gate",
                "address": "Berlin",
            },
        ),
    ],
    ids=lambda value: value["type"],
)
async def test_each_type_leaves_with_its_fields(
    account: Live, fields: dict[str, Any], on_air: dict[str, Any]
) -> None:
    answer = await account.ask("send_whatsapp", target="Anna", **fields)
    (sent,) = account.server.on_air
    (message,) = answer["messages"]
    assert sent.channel == "whatsapp"
    assert sent.options == {"recipient": ANNA, "reference": message["id"], **on_air}
    assert (message["to"], message["state"], message["error"]) == (ANNAS_NUMBER, "accepted", None)


async def test_a_template_leaves_with_its_values(server: GeniqServer, account: Live) -> None:
    await account.ask(
        "create_whatsapp_template",
        name="door",
        language="en",
        category="UTILITY",
        header="Alarm in {{1}}",
        header_format="TEXT",
        header_example=["house"],
        body="The {{1}} is {{2}}",
        body_example=["door", "open"],
    )
    server.templates.decide("door", "en", "APPROVED")
    await account.ask(
        "send_whatsapp",
        target="Anna",
        type="template",
        template="door",
        language="en",
        header_params=["garage"],
        body_params=["gate", "shut"],
    )
    (sent,) = server.on_air
    assert (sent.options["headerParams"], sent.options["bodyParams"]) == (["garage"], ["gate", "shut"])


async def test_its_reports_are_deliveries_of_the_entry(server: GeniqServer, account: Live) -> None:
    answer = await account.ask("send_whatsapp", target="Anna", type="text", message="Hi")
    for status in ("sent", "delivered", "read"):
        server.advance(server.on_air[0].ids[0], status)
        await account.settle()
    told = [("queued", "whatsapp"), ("accepted", "whatsapp"), ("sent", "whatsapp")]
    assert account.states == [*told, ("delivered", "whatsapp"), ("read", "whatsapp")]
    message_id = answer["messages"][0]["id"]
    assert {event["id"] for event in account.deliveries} == {message_id}
    assert {event["contact"] for event in account.deliveries} == {"Anna"}
    found = await account.ask("get_message", id=message_id)
    assert (found["channel"], found["text"], found["state"]) == ("whatsapp", "Hi", "read")
    assert found["reference"] == list(server.on_air[0].ids)


async def test_what_an_sms_brings_after_all_is_delivered(server: GeniqServer, account: Live) -> None:
    await account.ask("send_whatsapp", target="Anna", type="text", message="Hi", sms_fallback=True)
    message_id = server.on_air[0].ids[0]
    server.advance(message_id, "failed")
    await account.settle()
    assert [sent.channel for sent in server.on_air] == ["whatsapp", "sms"]
    # GENIQ does not document the report on such an SMS; this is one on an SMS with the message's id.
    report = {"messageId": message_id, "channel": "sms", "recipient": ANNA, "status": "delivered"}
    async with account.http.post(server.callback_url, data={**report, "reasonCode": "0"}) as response:
        assert response.status == 200
    await account.settle()
    assert [state for state, _ in account.states[-2:]] == ["failed", "delivered"]


async def test_everybody_gets_a_message_of_his_own(server: GeniqServer, account: Live) -> None:
    server.refusals[BERT] = 15
    answer = await account.ask("send_whatsapp", target="Family", type="text", message="Hi")
    assert [sent.recipient for sent in server.on_air] == [ANNA]
    assert [message["state"] for message in answer["messages"]] == ["accepted", "failed"]
    assert answer["messages"][1]["error"]["code"] == "blocked"


async def test_what_is_refused_for_all_is_an_error(server: GeniqServer, account: Live) -> None:
    server.answer_code(301)
    key, placeholders = await account.refused("send_whatsapp", target="Anna", type="text", message="Hi")
    assert key == "refused"
    assert "301" in placeholders["reason"] or "session" in placeholders["reason"]
    assert not server.on_air
    assert [state for state, _ in account.states] == ["queued", "failed"]


async def test_a_lost_answer_is_no_error_and_never_sent_again(server: GeniqServer, account: Live) -> None:
    server.faults.add(Fault(cut_after=True), path="POST /whatsapp/messages")
    answer = await account.ask("send_whatsapp", target="Anna", type="text", message="Hi")
    (message,) = answer["messages"]
    assert message["state"] == "unknown"
    assert len(server.on_air) == 1
    key, _ = await account.refused("resend", id=message["id"])
    assert key == "refused"
    assert len(server.on_air) == 1


async def test_what_is_stopped_halfway_is_unknown_and_never_sent_again(
    server: GeniqServer, account: Live, hass_storage: dict[str, Any]
) -> None:
    server.faults.add(Fault(delay=0.2), path="POST /whatsapp/messages")
    sending = asyncio.create_task(account.do("send_whatsapp", target="Anna", type="text", message="Hi"))
    while not server.on_air:  # noqa: ASYNC110 - the simulator tells nobody that it has a request
        await asyncio.sleep(0.01)
    (stored,) = hass_storage[f"{DOMAIN}.outbox.{account.entry.entry_id}"]["data"]["records"]
    assert [attempt["answered"] for attempt in stored["attempts"]] == [False]
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert account.states == [("queued", "whatsapp"), ("unknown", "whatsapp")]
    await account.hass.config_entries.async_reload(account.entry.entry_id)
    await account.settle()
    found = await account.ask("get_message", id=stored["id"])
    assert (found["state"], found["channel"], found["final"]) == ("unknown", "whatsapp", True)
    assert len(server.on_air) == 1
    await asyncio.sleep(0.2)  # the provider's answer, that nobody waits for


async def test_a_counter_counts_it_at_once(account: Live) -> None:
    await account.ask("send_whatsapp", target="Family", type="text", message="Hi")
    shown = account.hass.states.get("sensor.my_account_sent_today")
    assert shown is not None
    assert shown.state == "2"


async def test_refused_credentials_ask_the_user_to_sign_in(server: GeniqServer, account: Live) -> None:
    server.answer_code(24)
    await account.refused("send_whatsapp", target="Anna", type="text", message="Hi")
    await account.settle()
    assert [flow["context"]["source"] for flow in account.hass.config_entries.flow.async_progress()] == [
        "reauth"
    ]
    assert not server.on_air


async def test_a_provider_that_has_enough_is_left_alone(server: GeniqServer, account: Live) -> None:
    server.answer_code(5)
    await account.refused("send_whatsapp", target="Anna", type="text", message="Hi")
    key, placeholders = await account.refused("send_whatsapp", target="Anna", type="text", message="Hi")
    assert (key, placeholders["provider"]) == ("paused", "GENIQ")
    assert not server.on_air


@pytest.mark.parametrize(
    ("fields", "key", "named"),
    [
        ({"type": "text"}, "whatsapp_field_missing", "message"),
        ({"type": "image", "caption": "A"}, "whatsapp_field_missing", "url"),
        ({"type": "document", "url": "https://x.org/1"}, "whatsapp_field_missing", "filename"),
        ({"type": "location", "latitude": 1, "longitude": 1, "address": "A"}, "whatsapp_field_missing", None),
        ({"type": "template", "template": "door"}, "whatsapp_field_missing", "language"),
        (
            {"type": "sticker", "url": "https://x.org/1", "sms_fallback": True},
            "whatsapp_field_surplus",
            "sms_fallback",
        ),
        ({"type": "text", "message": "Hi", "caption": "A"}, "whatsapp_field_surplus", "caption"),
        ({"type": "image", "url": "/local/a.jpg"}, "refused", None),
        ({"type": "document", "url": "https://x.org/1", "filename": "report"}, "refused", None),
        (
            {"type": "location", "latitude": 91, "longitude": 1, "location_name": "A", "address": "A"},
            "refused",
            None,
        ),
        ({"type": "text", "message": ""}, "refused", None),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_leaves(
    account: Live, fields: dict[str, Any], key: str, named: str | None
) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        await account.ask("send_whatsapp", target="Anna", **fields)
    found, placeholders = key_of(caught.value)
    assert found == key
    assert named is None or (placeholders or {})["field"] == named
    assert not account.server.on_air
    assert not account.deliveries


async def test_who_does_not_look_at_the_answer_hears_of_a_failure(server: GeniqServer, account: Live) -> None:
    server.answer_code(6)
    with pytest.raises(HomeAssistantError):
        await account.do("send_whatsapp", target="Anna", type="text", message="Hi")


# -- templates


async def test_templates_are_made_listed_and_deleted(server: GeniqServer, account: Live) -> None:
    made = await account.ask(
        "create_whatsapp_template",
        name="code",
        language="en",
        category="AUTHENTICATION",
        body="{{1}} is your code",
        body_example="123456",
        footer="Sent by the house",
        otp_add_security_recommendation=True,
        otp_message_ttl=300,
        otp_expired_after=5,
        otp_copy_button_text="Copy",
    )
    assert made["name"] == "code"
    listed = await account.ask("list_whatsapp_templates", name="code", category="AUTHENTICATION", limit=5)
    (template,) = listed["templates"]
    assert (template["name"], template["language"], template["status"]) == ("code", "en", "PENDING")
    assert {part["type"] for part in template["components"]} == {"BODY", "FOOTER"}
    assert set(listed) == {"templates", "before", "after"}
    deleted = await account.ask("delete_whatsapp_template", name="code", id=template["id"])
    assert deleted == {"name": "code", "id": template["id"]}
    assert (await account.ask("list_whatsapp_templates"))["templates"] == []


async def test_a_list_goes_on_where_it_ended(account: Live) -> None:
    for name in ("one", "two"):
        await account.do(
            "create_whatsapp_template", name=name, language="en", category="UTILITY", body=f"It is {name}"
        )
    first = await account.ask("list_whatsapp_templates", limit=1)
    second = await account.ask("list_whatsapp_templates", limit=1, after=first["after"])
    assert [page["templates"][0]["name"] for page in (first, second)] == ["one", "two"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"body": "{{1}} is open"},
        {"body": "{{2}} is open", "body_example": ["A"]},
        {"header": "{{1}} {{2}}", "header_example": ["A", "B"]},
        {"footer": "{{1}}"},
        {"header_format": "VIDEO"},
        {"otp_message_ttl": 300},
    ],
)
async def test_a_template_that_cannot_be_is_refused_here(account: Live, wrong: dict[str, Any]) -> None:
    fields = {"name": "door", "language": "en", "category": "UTILITY", "body": "Open", **wrong}
    key, placeholders = await account.refused("create_whatsapp_template", **fields)
    assert (key, placeholders["code"]) == ("refused", "invalid_payload")
    assert "POST /whatsapp/message_templates" not in account.server.met.names("endpoint")
