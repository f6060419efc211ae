"""The simulated GENIQ: WhatsApp messages, templates and calls, as GENIQ's reference documents them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sms_bridge.simulator.provider_geniq import GeniqServer
from sms_bridge.simulator.provider_geniq_account import GeniqOptions
from sms_bridge.simulator.provider_geniq_codes import LOCALES
from tests.bridge.simulator.test_provider_geniq import Clock, connect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import aiohttp

    from tests.bridge.simulator.test_provider_geniq import Client

MESSAGES = "/whatsapp/messages"
TEMPLATES = "/whatsapp/message_templates"
#: The example of each type.
EXAMPLES: dict[str, dict[str, object]] = {
    "text": {"body": "Hello, this is a *bold* test message from GENIQ!"},
    "image": {"url": "https://geniq.io/media/sample.jpg", "caption": "Sample Image Caption"},
    "video": {"url": "https://geniq.io/media/sample.mp4", "caption": "Sample Video Caption"},
    "audio": {"url": "https://geniq.io/media/sample.mp3"},
    "sticker": {"url": "https://geniq.io/media/sample.webp", "caption": "Sample Sticker"},
    "document": {"url": "https://geniq.io/media/sample.pdf", "filename": "invoice.pdf"},
    "location": {"latitude": 55.7047, "longitude": 13.191, "locationName": "Lund", "address": "Lund 1"},
}
TEMPLATE: dict[str, object] = {
    "name": "sample_template",
    "language": "en",
    "category": "MARKETING",
    "header": "Welcome {{1}}",
    "headerFormat": "text",
    "headerExample": ["User"],
    "body": "Nice to meet you. Welcome to GENIQ {{1}}!",
    "bodyExample": ["Ali"],
    "footer": "Thanks",
}
OTP_TEMPLATE: dict[str, object] = {
    "name": "auth_sample",
    "language": "en",
    "category": "AUTHENTICATION",
    "body": "Your code",
    "otpAddSecurityRecommendation": True,
    "otpMessageTtl": "30",
    "otpExpiredAfter": "90",
    "otpCopyButtonText": "x" * 25,
}
CALL: dict[str, object] = {
    "recipient": "6591234567",
    "message": "Hi, this is a test text-to-speech callout from GENIQ. Your verification code is 5 5 2 1.",
    "locale": "en-US",
    "originator": "6531596518",
    "reference": "call_123",
}
MENUS: list[dict[str, object]] = [
    {
        "menuId": "main",
        "message": "Press 1 for Billing, or press 2 for general support menu.",
        "options": [
            {"dtmf": "1", "action": "return", "returnValue": "Billing"},
            {"dtmf": "2", "action": "menus", "targetMenu": "sub_support"},
        ],
    },
    {
        "menuId": "sub_support",
        "message": "Press 1 for technical help, or press 2 to return to main menu.",
        "options": [
            {"dtmf": "1", "action": "return", "returnValue": "TechHelp"},
            {"dtmf": "2", "action": "menus", "targetMenu": "main"},
        ],
    },
]
IVR: dict[str, object] = {
    "recipient": "6591234567",
    "originator": "6531596518",
    "reference": "nest_1",
    "maxDuration": 45,
    "barge": True,
    "locale": "en-US",
    "menus": MENUS,
}
SURVEY = IVR | {
    "reference": "survey_1",
    "maxDuration": 30,
    "menus": [
        {
            "menuId": "main",
            "message": "Press 1 for Support, or press 2 to speak to Sales.",
            "options": [
                {"dtmf": "1", "action": "return", "returnValue": "Support"},
                {"dtmf": "2", "action": "return", "returnValue": "Sales"},
            ],
        }
    ],
}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def server(clock: Clock) -> AsyncIterator[GeniqServer]:
    numbers = (f"id-{number}" for number in range(1, 999))
    async with GeniqServer(GeniqOptions(ids=lambda: next(numbers), clock=clock)) as server:
        yield server


@pytest.fixture
async def client(http: aiohttp.ClientSession, server: GeniqServer) -> Client:
    return await connect(http, server)


def message(kind: str, **changes: object) -> dict[str, object]:
    data = {
        "recipient": "6591234567",
        "type": kind,
        **EXAMPLES.get(kind, {}),
        "reference": "ref123",
        **changes,
    }
    return {name: value for name, value in data.items() if value is not None}


@pytest.mark.parametrize("kind", EXAMPLES)
async def test_each_whatsapp_example_is_taken_in_an_open_session(
    client: Client, server: GeniqServer, kind: str
) -> None:
    server.open_session("6591234567")
    assert await client.json("POST", MESSAGES, message(kind)) == (
        200,
        {
            "reference": "ref123",
            "messageIds": ["id-1"],
            "responseMessage": "Success",
            "responseCode": "0",
        },
    )
    (sent,) = server.on_air
    assert (sent.channel, sent.recipient, sent.reference) == ("whatsapp", "6591234567", "ref123")


async def test_a_recipient_may_be_a_number_in_json(client: Client, server: GeniqServer) -> None:
    server.open_session("6591234567")
    assert (await client.json("POST", MESSAGES, message("text", recipient=6591234567)))[0] == 200
    _, data = await client.json("POST", MESSAGES, message("text", recipient="+6591234567"))
    assert data["responseCode"] == "11"


async def test_without_a_session_only_templates_leave(
    client: Client, server: GeniqServer, clock: Clock
) -> None:
    assert (await client.json("POST", MESSAGES, message("text")))[1]["responseCode"] == "301"
    server.receive_whatsapp("6591234567", body="hi")
    clock.move(24 * 3600 - 1)
    await client.log_in()
    assert (await client.json("POST", MESSAGES, message("text")))[1]["responseCode"] == "0"
    clock.move(1)
    assert (await client.json("POST", MESSAGES, message("text")))[1]["responseCode"] == "301"


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("poll", {}),
        ("text", {"body": None}),
        ("text", {"body": ""}),
        ("text", {"smsFallback": "true"}),
        ("text", {"previewUrl": 1}),
        ("text", {"caption": "x"}),
        ("text", {"reference": 5}),
        ("image", {"url": None}),
        ("image", {"url": "file:///x"}),
        ("audio", {"caption": "x"}),
        ("sticker", {"smsFallback": False}),
        ("document", {"filename": None}),
        ("location", {"latitude": "55.7"}),
        ("location", {"longitude": True}),
        ("location", {"address": None}),
        ("location", {"smsFallback": True}),
        ("template", {"name": "x"}),
        ("template", {"name": "x", "language": "en", "smsFallback": True}),
        ("template", {"name": "x", "language": "en", "bodyParams": [1]}),
        ("template", {"name": "x", "language": "en", "headerParams": "x"}),
    ],
)
async def test_a_whatsapp_message_that_is_not_documented_is_a_misuse(
    client: Client, server: GeniqServer, kind: str, changes: dict[str, object]
) -> None:
    server.open_session("6591234567")
    status, data = await client.json("POST", MESSAGES, message(kind, **changes))
    assert (status, set(data), server.on_air) == (400, {"misuse"}, [])


async def test_whatsapp_takes_json_only(client: Client) -> None:
    status, data = await client.form(MESSAGES, {"recipient": "6591234567", "type": "text", "body": "x"})
    assert (status, set(data)) == (400, {"misuse"})


async def test_a_failed_message_falls_back_to_sms_once(client: Client, server: GeniqServer) -> None:
    server.open_session("6591234567")
    await client.json("POST", MESSAGES, message("text", body="first", smsFallback=True))
    await client.json("POST", MESSAGES, message("text", body="second"))
    for message_id in ("id-1", "id-1", "id-2"):
        server.advance(message_id, "failed")
    assert [(sent.channel, sent.text) for sent in server.on_air] == [
        ("whatsapp", "first"),
        ("whatsapp", "second"),
        ("sms", "first"),
    ]


async def test_a_template_is_added_listed_approved_used_and_deleted(
    client: Client, server: GeniqServer
) -> None:
    assert await client.json("POST", TEMPLATES, TEMPLATE) == (
        200,
        {"responseMessage": "Success", "responseCode": "0"},
    )
    _, listed = await client.json("GET", f"{TEMPLATES}?limit=5&category=MARKETING")
    assert listed["data"] == [
        {
            "id": "id-1",
            "name": "sample_template",
            "language": "en",
            "status": "PENDING",
            "category": "MARKETING",
            "components": [
                {"type": "HEADER", "format": "TEXT", "text": "Welcome {{1}}"},
                {"type": "BODY", "text": "Nice to meet you. Welcome to GENIQ {{1}}!"},
                {"type": "FOOTER", "text": "Thanks"},
            ],
        }
    ]
    assert listed["paging"] == {"cursors": {"before": "0", "after": "1"}}
    use = message("template", name="sample_template", language="en", headerParams=["a"], bodyParams=["b"])
    assert (await client.json("POST", MESSAGES, use))[1]["responseCode"] == "304"
    server.templates.decide("sample_template", "en", "REJECTED")
    assert (await client.json("POST", MESSAGES, use))[1]["responseCode"] == "311"
    server.templates.decide("sample_template", "en", "APPROVED")
    assert (await client.json("POST", MESSAGES, use))[1]["responseCode"] == "0"
    assert (await client.json("DELETE", f"{TEMPLATES}?name=sample_template"))[0] == 200
    assert (await client.json("DELETE", f"{TEMPLATES}?name=sample_template"))[1]["responseCode"] == "302"
    assert (await client.json("POST", MESSAGES, use))[1]["responseCode"] == "302"


@pytest.mark.parametrize(
    ("template", "changes", "code"),
    [
        (TEMPLATE, {"name": ""}, "313"),
        (TEMPLATE, {"language": None}, "314"),
        (TEMPLATE, {"category": None}, "315"),
        (TEMPLATE, {"body": None}, "316"),
        (TEMPLATE, {"headerExample": None}, "317"),
        (TEMPLATE, {"bodyExample": None}, "318"),
        (TEMPLATE, {"bodyExample": ["a", "b"]}, "319"),
        (TEMPLATE, {"footer": "{{1}}"}, "320"),
        (TEMPLATE, {"headerFormat": "VIDEO"}, "321"),
        (TEMPLATE, {"category": "OTHER"}, "322"),
        (TEMPLATE, {"header": "{{1}} {{2}}", "headerExample": ["a", "b"]}, "323"),
        (TEMPLATE, {"header": "{{2}}"}, "324"),
        (TEMPLATE, {"body": "{{2}} {{1}}", "bodyExample": ["a", "b"]}, "325"),
        (TEMPLATE, {"body": "{{1}} {{3}}", "bodyExample": ["a", "b"]}, "325"),
        (OTP_TEMPLATE, {"otpMessageTtl": "29"}, "326"),
        (OTP_TEMPLATE, {"otpExpiredAfter": "0"}, "327"),
        (OTP_TEMPLATE, {"otpExpiredAfter": "91"}, "327"),
        (OTP_TEMPLATE, {"otpCopyButtonText": "x" * 26}, "328"),
        (TEMPLATE, {"name": "refused"}, "311"),
        (TEMPLATE, {"headerFormat": "IMAGE"}, "0"),
        (OTP_TEMPLATE, {}, "0"),
    ],
)
async def test_each_rule_for_a_template_has_its_code(
    client: Client, server: GeniqServer, template: dict[str, object], changes: dict[str, object], code: str
) -> None:
    server.templates.refused_names.add("refused")
    design = {name: value for name, value in (template | changes).items() if value is not None}
    assert (await client.json("POST", TEMPLATES, design))[1]["responseCode"] == code


@pytest.mark.parametrize("changes", [{}, {"name": "other"}, {"body": "Other", "bodyExample": []}])
async def test_the_same_template_or_content_is_refused_twice(
    client: Client, changes: dict[str, object]
) -> None:
    await client.json("POST", TEMPLATES, TEMPLATE)
    assert (await client.json("POST", TEMPLATES, TEMPLATE | changes))[1]["responseCode"] == "312"


@pytest.mark.parametrize(
    "design",
    [
        TEMPLATE | {"otpMessageTtl": "30"},
        TEMPLATE | {"bodyExample": "Ali"},
        TEMPLATE | {"bodyexample": ["Ali"]},
        OTP_TEMPLATE | {"otpMessageTtl": 30},
        OTP_TEMPLATE | {"otpMessageTtl": "x"},
        OTP_TEMPLATE | {"otpAddSecurityRecommendation": "true"},
    ],
)
async def test_a_template_of_other_types_or_parameters_is_a_misuse(
    client: Client, design: dict[str, object]
) -> None:
    status, data = await client.json("POST", TEMPLATES, design)
    assert (status, set(data)) == (400, {"misuse"})


async def test_templates_are_filtered_and_paged(client: Client) -> None:
    for number in range(5):
        design = TEMPLATE | {"name": f"t{number}", "body": f"Body {number}", "bodyExample": []}
        await client.json("POST", TEMPLATES, design)
    await client.json("POST", TEMPLATES, OTP_TEMPLATE)

    async def names(query: str) -> list[str]:
        _, data = await client.json("GET", f"{TEMPLATES}?{query}")
        assert isinstance(data["data"], list)
        return [template["name"] for template in data["data"]]

    assert await names("category=AUTHENTICATION") == ["auth_sample"]
    assert await names("name=t3&language=en&status=PENDING") == ["t3"]
    assert await names("name=t") == []
    assert await names("limit=2") == ["t0", "t1"]
    assert await names("limit=2&cursorAfter=2") == ["t2", "t3"]
    assert await names("limit=2&cursorBefore=2") == ["t0", "t1"]


@pytest.mark.parametrize(
    "path", [f"{TEMPLATES}?limit=x", f"{TEMPLATES}?category=x", f"{TEMPLATES}?status=approved"]
)
async def test_a_filter_that_is_not_documented_is_a_misuse(client: Client, path: str) -> None:
    assert (await client.json("GET", path))[0] == 400


async def test_a_deletion_needs_a_name_and_respects_an_id(client: Client) -> None:
    await client.json("POST", TEMPLATES, TEMPLATE)
    assert (await client.json("DELETE", TEMPLATES))[1]["responseCode"] == "313"
    path = f"{TEMPLATES}?name=sample_template&id="
    assert (await client.json("DELETE", f"{path}other"))[1]["responseCode"] == "302"
    assert (await client.json("DELETE", f"{path}id-1"))[1]["responseCode"] == "0"


@pytest.mark.parametrize(
    ("name", "parameters", "code"),
    [
        ("sample_template", {"headerParams": ["a"], "bodyParams": ["b"]}, "0"),
        ("sample_template", {"headerParams": ["a"]}, "305"),
        ("sample_template", {"headerParams": ["a"], "bodyParams": ["b", "c"]}, "305"),
        ("sample_template", {"headerParams": ["a"], "bodyParams": ["b"], "otp": "1"}, "305"),
        ("auth_sample", {"otp": "123456"}, "0"),
        ("auth_sample", {}, "303"),
        ("auth_sample", {"bodyParams": ["123456"]}, "306"),
        ("auth_sample", {"otp": "1", "bodyParams": ["1"]}, "305"),
        ("unknown", {}, "302"),
    ],
)
async def test_a_templates_parameters_must_fit(
    http: aiohttp.ClientSession, name: str, parameters: dict[str, object], code: str
) -> None:
    async with GeniqServer(GeniqOptions(auto_approve=True)) as server:
        client = await connect(http, server)
        for design in (TEMPLATE, OTP_TEMPLATE):
            await client.json("POST", TEMPLATES, design)
        use = message("template", name=name, language="en", **parameters)
        assert (await client.json("POST", MESSAGES, use))[1]["responseCode"] == code


@pytest.mark.parametrize("call", [CALL, IVR, SURVEY], ids=["speech", "menus", "survey"])
async def test_each_call_of_the_examples_is_taken(
    client: Client, server: GeniqServer, call: dict[str, object]
) -> None:
    status, data = await client.json("POST", "/voice", call)
    assert (status, data["messageIds"], data["reference"]) == (200, ["id-1"], call["reference"])
    assert server.on_air[0].channel == "voice"
    with pytest.raises(ValueError, match="no status of voice"):
        server.advance("id-1", "delivered")


async def test_parameters_of_menus_are_met_by_their_documented_names(
    client: Client, server: GeniqServer
) -> None:
    await client.json("POST", "/voice", IVR)
    assert {
        "POST /voice menus[].menuId",
        "POST /voice options[].dtmf",
        "POST /voice options[].targetMenu",
    } <= set(server.met.names("parameter"))


@pytest.mark.parametrize("locale", sorted(LOCALES))
async def test_each_locale_is_spoken(client: Client, locale: str) -> None:
    assert (await client.json("POST", "/voice", CALL | {"locale": locale}))[0] == 200


def test_there_are_24_locales() -> None:
    assert len(LOCALES) == 24


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"recipient": "+6591234567"}, "11"), ({"originator": "Hello"}, "12"), ({"originator": "1" * 16}, "12")],
)
async def test_a_call_needs_numbers(client: Client, changes: dict[str, object], code: str) -> None:
    assert (await client.json("POST", "/voice", CALL | changes))[1]["responseCode"] == code


def menu(**changes: object) -> dict[str, object]:
    return {**MENUS[0], "options": [{"dtmf": "1", "action": "return", "returnValue": "x"}], **changes}


def option(**changes: object) -> dict[str, object]:
    data = {"dtmf": "1", "action": "return", "returnValue": "x", **changes}
    return menu(options=[{name: value for name, value in data.items() if value is not None}])


@pytest.mark.parametrize(
    "call",
    [
        CALL | {"recipient": 6591234567},
        CALL | {"locale": "en"},
        CALL | {"locale": ""},
        CALL | {"message": ""},
        CALL | {"message": "x" * 601},
        CALL | {"barge": True},
        CALL | {"reference": 1},
        CALL | {"menus": MENUS},
        IVR | {"maxDuration": "45"},
        IVR | {"maxDuration": 0},
        IVR | {"barge": 1},
        IVR | {"menus": []},
        IVR | {"menus": [*MENUS, MENUS[0]]},
        IVR | {"menus": [menu(options=[])]},
        IVR | {"menus": [menu(menuid="x")]},
        IVR | {"menus": [menu(message="")]},
        IVR | {"menus": [option(dtmf=1)]},
        IVR | {"menus": [option(dtmf="11")]},
        IVR | {"menus": [option(action="goto")]},
        IVR | {"menus": [option(returnValue="two words")]},
        IVR | {"menus": [option(returnValue=None)]},
        IVR | {"menus": [option(targetMenu="main")]},
        IVR | {"menus": [option(action="menus", returnValue=None)]},
        IVR | {"menus": [option(action="menus", returnValue=None, targetMenu="other")]},
        IVR | {"menus": [option(action="menus", targetMenu="main")]},
        IVR | {"menus": [menu(options=[{"dtmf": "1", "action": "return", "returnValue": "x"}] * 2)]},
    ],
)
async def test_a_call_that_is_not_documented_is_a_misuse(
    client: Client, server: GeniqServer, call: dict[str, object]
) -> None:
    status, data = await client.json("POST", "/voice", call)
    assert (status, set(data), server.on_air) == (400, {"misuse"}, [])
