"""WhatsApp messages of all types, and their SMS where WhatsApp fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sms_bridge.simulator.provider_faults import Fault
from sms_providers.exceptions import NoAnswerError, RejectedError, UnsupportedError
from sms_providers.geniq import (
    NewTemplate,
    Submitted,
    TemplateCategory,
    WhatsAppAudio,
    WhatsAppDocument,
    WhatsAppImage,
    WhatsAppLocation,
    WhatsAppSticker,
    WhatsAppTemplateMessage,
    WhatsAppText,
    WhatsAppVideo,
)
from sms_providers.model import ErrorCode
from tests.providers.geniq.account import ANNA

if TYPE_CHECKING:
    from sms_bridge.simulator.provider_geniq import GeniqServer
    from sms_providers.geniq import Geniq, WhatsAppContent

URL = "https://files.example/a"
#: Every type with all its parameters, and how they are written.
CONTENTS: list[tuple[WhatsAppContent, dict[str, object]]] = [
    (
        WhatsAppText(body="*Bold* https://example.org", preview_url=True, sms_fallback=True),
        {"type": "text", "body": "*Bold* https://example.org", "previewUrl": True, "smsFallback": True},
    ),
    (
        WhatsAppImage(url=URL, caption="A gate", sms_fallback=True),
        {"type": "image", "url": URL, "caption": "A gate", "smsFallback": True},
    ),
    (
        WhatsAppVideo(url=URL, caption="A gate", sms_fallback=True),
        {"type": "video", "url": URL, "caption": "A gate", "smsFallback": True},
    ),
    (WhatsAppAudio(url=URL, sms_fallback=True), {"type": "audio", "url": URL, "smsFallback": True}),
    (WhatsAppSticker(url=URL, caption="A gate"), {"type": "sticker", "url": URL, "caption": "A gate"}),
    (
        WhatsAppDocument(url=URL, filename="invoice.pdf", caption="May", sms_fallback=True),
        {
            "type": "document",
            "url": URL,
            "filename": "invoice.pdf",
            "caption": "May",
            "smsFallback": True,
        },
    ),
    (
        WhatsAppLocation(latitude=55.7047, longitude=13.191, location_name="Lund", address="Kyrkogatan 6"),
        {
            "type": "location",
            "latitude": 55.7047,
            "longitude": 13.191,
            "locationName": "Lund",
            "address": "Kyrkogatan 6",
        },
    ),
    (
        WhatsAppLocation(latitude=0, longitude=0, location_name="Null Island", address="Sea"),
        {
            "type": "location",
            "latitude": 0.0,
            "longitude": 0.0,
            "locationName": "Null Island",
            "address": "Sea",
        },
    ),
    (WhatsAppText(body="Hi"), {"type": "text", "body": "Hi"}),
]


@pytest.mark.parametrize(("content", "written"), CONTENTS)
async def test_each_type_is_sent_with_its_parameters(
    content: WhatsAppContent, written: dict[str, object], geniq: Geniq, server: GeniqServer
) -> None:
    server.open_session("6591234567")
    sent = await geniq.whatsapp(ANNA, content, reference="ref 5")
    (message,) = server.on_air
    assert sent == Submitted(message.ids, "ref 5")
    assert message.channel == "whatsapp"
    assert message.options == {"recipient": "6591234567", "reference": "ref 5", **written}


async def test_a_template_is_filled_in(geniq: Geniq, server: GeniqServer) -> None:
    await geniq.create_template(
        NewTemplate(
            name="gate",
            language="en",
            category=TemplateCategory.UTILITY,
            header="Gate {{1}}",
            header_example=("north",),
            body="Opened at {{1}} by {{2}}",
            body_example=("ten", "Anna"),
        )
    )
    server.templates.decide("gate", "en", "APPROVED")
    filled = WhatsAppTemplateMessage(
        name="gate", language="en", header_params=("south",), body_params=("nine", "Bert")
    )
    await geniq.whatsapp(ANNA, filled)
    assert server.on_air[0].options == {
        "recipient": "6591234567",
        "type": "template",
        "name": "gate",
        "language": "en",
        "headerParams": ["south"],
        "bodyParams": ["nine", "Bert"],
    }


async def test_an_authentication_template_carries_its_code(geniq: Geniq, server: GeniqServer) -> None:
    await geniq.create_template(
        NewTemplate(name="login", language="en", category=TemplateCategory.AUTHENTICATION, body="Your code")
    )
    server.templates.decide("login", "en", "APPROVED")
    await geniq.whatsapp(ANNA, WhatsAppTemplateMessage(name="login", language="en", otp="123456"))
    assert server.on_air[0].options["otp"] == "123456"


async def test_an_sms_stands_in_where_whatsapp_fails(geniq: Geniq, server: GeniqServer) -> None:
    server.open_session("6591234567")
    sent = await geniq.whatsapp(ANNA, WhatsAppText(body="The gate is open", sms_fallback=True))
    server.advance(sent.message_ids[0], "failed")
    assert [(message.channel, message.text) for message in server.on_air] == [
        ("whatsapp", "The gate is open"),
        ("sms", "The gate is open"),
    ]


async def test_without_a_session_the_error_says_what_to_do(geniq: Geniq) -> None:
    with pytest.raises(RejectedError, match="send a template") as raised:
        await geniq.whatsapp(ANNA, WhatsAppText(body="Hi"))
    assert raised.value.provider_code == "301"


@pytest.mark.parametrize(
    "content",
    [
        WhatsAppText(body=""),
        WhatsAppImage(url="file:///etc/passwd"),
        WhatsAppVideo(url="gate.mp4"),
        WhatsAppAudio(url="https://"),
        WhatsAppSticker(url="https://[broken"),
        WhatsAppDocument(url=URL, filename="invoice"),
        WhatsAppDocument(url=URL, filename=".pdf"),
        WhatsAppLocation(latitude=90.1, longitude=0, location_name="North", address="Ice"),
        WhatsAppLocation(latitude=0, longitude=-180.1, location_name="West", address="Sea"),
        WhatsAppLocation(latitude=float("nan"), longitude=0, location_name="None", address="None"),
        WhatsAppLocation(latitude=0, longitude=0, location_name="", address="Sea"),
        WhatsAppLocation(latitude=0, longitude=0, location_name="Null", address=""),
        WhatsAppTemplateMessage(name="", language="en"),
        WhatsAppTemplateMessage(name="gate", language=""),
        WhatsAppTemplateMessage(name="gate", language="en", header_params=("a", "b")),
    ],
)
async def test_what_whatsapp_would_not_take_is_refused_here(
    content: WhatsAppContent, geniq: Geniq, server: GeniqServer
) -> None:
    with pytest.raises(RejectedError) as raised:
        await geniq.whatsapp(ANNA, content)
    assert raised.value.code is ErrorCode.INVALID_PAYLOAD
    assert server.met.names("endpoint") == []


async def test_a_number_must_be_international(geniq: Geniq) -> None:
    with pytest.raises(UnsupportedError):
        await geniq.whatsapp("0123456789", WhatsAppText(body="Hi"))


async def test_a_lost_answer_is_told_as_such_and_one_message_is_sent(
    geniq: Geniq, server: GeniqServer
) -> None:
    server.open_session("6591234567")
    server.faults.add(Fault(cut_after=True), path="/whatsapp/messages")
    with pytest.raises(NoAnswerError):
        await geniq.whatsapp(ANNA, WhatsAppText(body="Hi"))
    assert len(server.on_air) == 1


async def test_an_answer_without_ids_is_none_of_an_error(geniq: Geniq, server: GeniqServer) -> None:
    server.faults.add(Fault(status=200, body='{"responseCode": 0}'), path="/whatsapp/messages")
    assert await geniq.whatsapp(ANNA, WhatsAppText(body="Hi")) == Submitted((), None)
