"""Templates of WhatsApp messages: submitted, listed, deleted, and what is found wrong before."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from sms_bridge.simulator.provider_faults import Fault
from sms_providers.exceptions import ProtocolError, RejectedError
from sms_providers.geniq import NewTemplate, Template, TemplateCategory, TemplateFilter, TemplatePage
from sms_providers.model import ErrorCode

if TYPE_CHECKING:
    from sms_bridge.simulator.provider_geniq import GeniqServer
    from sms_providers.geniq import Geniq

PLAIN = NewTemplate(name="plain", language="en", category=TemplateCategory.UTILITY, body="The gate is open")
LOGIN = NewTemplate(
    name="login",
    language="en",
    category=TemplateCategory.AUTHENTICATION,
    body="Your code is {{1}}",
    body_example=("123456",),
    otp_add_security_recommendation=True,
    otp_message_ttl=600,
    otp_expired_after=10,
    otp_copy_button_text="Copy",
)


async def test_a_template_is_submitted_listed_and_deleted(geniq: Geniq, server: GeniqServer) -> None:
    await geniq.create_template(PLAIN)
    await geniq.create_template(replace(PLAIN, language="de", body="Das Tor ist offen"))
    listed = (await geniq.list_templates()).templates
    assert [(each.name, each.language, each.category, each.status) for each in listed] == [
        ("plain", "en", "UTILITY", "PENDING"),
        ("plain", "de", "UTILITY", "PENDING"),
    ]
    assert all(each.components for each in listed)
    await geniq.delete_template("plain", listed[0].id or None)
    await geniq.delete_template("plain")
    assert (await geniq.list_templates()).templates == ()
    assert server.misuses == []


async def test_one_time_passwords_have_their_parameters_as_strings(geniq: Geniq, server: GeniqServer) -> None:
    await geniq.create_template(LOGIN)
    assert LOGIN.members()["otpMessageTtl"] == "600"
    assert LOGIN.members()["otpExpiredAfter"] == "10"
    for name in ("otpAddSecurityRecommendation", "otpMessageTtl", "otpExpiredAfter", "otpCopyButtonText"):
        assert f"POST /whatsapp/message_templates {name}" in server.met.names("parameter")


async def test_a_list_is_filtered_and_paged(geniq: Geniq, server: GeniqServer) -> None:
    for number in range(3):
        await geniq.create_template(replace(PLAIN, name=f"plain_{number}", body=f"Gate {number} is open"))
    await geniq.create_template(LOGIN)
    utility = TemplateFilter(category=TemplateCategory.UTILITY, status="PENDING", language="en", limit=2)
    first = await geniq.list_templates(utility)
    assert [each.name for each in first.templates] == ["plain_0", "plain_1"]
    second = await geniq.list_templates(replace(utility, after=first.after))
    assert [each.name for each in second.templates] == ["plain_2"]
    again = await geniq.list_templates(replace(utility, before=second.before))
    assert again.templates == first.templates
    (login,) = (await geniq.list_templates(TemplateFilter(name="login"))).templates
    assert login.category == "AUTHENTICATION"
    assert server.misuses == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": ""}, 313),
        ({"language": ""}, 314),
        ({"body": ""}, 316),
        ({"header": "Gate {{1}}"}, 317),
        ({"body": "Gate {{1}}"}, 318),
        ({"body": "Gate {{1}} {{2}}", "body_example": ("north",)}, 319),
        ({"body_example": ("north",)}, 319),
        ({"footer": "Thanks {{1}}"}, 320),
        ({"header": "Gate", "header_format": "video"}, 321),
        ({"header": "{{1}} {{2}}", "header_example": ("a", "b")}, 323),
        ({"header": "Gate {{2}}", "header_example": ("north",)}, 324),
        ({"header": "Gate {{name}}", "header_example": ("north",)}, 324),
        ({"body": "Gate {{1}} {{3}}", "body_example": ("north", "south")}, 325),
        ({"body": "Gate {{0}}", "body_example": ("north",)}, 325),
        ({"otp_message_ttl": 29}, 326),
        ({"otp_message_ttl": 90 * 60 + 1}, 326),
        ({"otp_expired_after": 0}, 327),
        ({"otp_expired_after": 91}, 327),
        ({"otp_copy_button_text": "C" * 26}, 328),
    ],
)
async def test_what_geniq_would_refuse_is_refused_here(
    change: dict[str, Any], code: int, geniq: Geniq, server: GeniqServer
) -> None:
    wrong = replace(LOGIN if code >= 326 else PLAIN, **change)
    with pytest.raises(RejectedError) as raised:
        await geniq.create_template(wrong)
    assert raised.value.code is ErrorCode.INVALID_PAYLOAD
    assert server.met.names("endpoint") == []


@pytest.mark.parametrize(
    "change",
    [
        {"header": "Gate {{1}}", "header_example": ("north",), "header_format": "TEXT"},
        {"header": "Gate {{ 1 }}", "header_example": ("north",)},
        {"body": "{{1}} {{2}} {{1}}", "body_example": ("a", "b")},
        {"footer": "Thanks"},
    ],
)
def test_what_geniq_takes_passes(change: dict[str, Any]) -> None:
    assert replace(PLAIN, **change).members()["name"] == "plain"


@pytest.mark.parametrize(
    "change",
    [
        {"otp_message_ttl": 30},
        {"otp_message_ttl": 5400},
        {"otp_expired_after": 1},
        {"otp_expired_after": 90},
        {"otp_copy_button_text": "C" * 25},
    ],
)
def test_the_limits_of_one_time_passwords_are_inside(change: dict[str, Any]) -> None:
    assert replace(LOGIN, **change).members()["name"] == "login"


def test_parameters_of_one_time_passwords_are_for_authentication_only() -> None:
    with pytest.raises(RejectedError, match="AUTHENTICATION"):
        replace(LOGIN, category=TemplateCategory.UTILITY).members()


async def test_a_template_that_is_there_already_is_told(geniq: Geniq) -> None:
    await geniq.create_template(PLAIN)
    with pytest.raises(RejectedError, match="already existed") as raised:
        await geniq.create_template(PLAIN)
    assert raised.value.provider_code == "312"


async def test_a_template_that_is_not_there_cannot_be_deleted(geniq: Geniq) -> None:
    with pytest.raises(RejectedError) as raised:
        await geniq.delete_template("plain")
    assert raised.value.provider_code == "302"
    with pytest.raises(RejectedError, match="name"):
        await geniq.delete_template("")


async def test_a_limit_is_at_least_one(geniq: Geniq) -> None:
    with pytest.raises(RejectedError, match="limit"):
        await geniq.list_templates(TemplateFilter(limit=0))


@pytest.mark.parametrize(
    ("body", "page"),
    [
        ('{"data": [], "paging": []}', TemplatePage(templates=())),
        (
            '{"responseCode": 0, "data": [{"id": 5, "name": "a", "components": {}}, null]}',
            TemplatePage(templates=(Template(name="a", language="", category="", status="", id="5"),)),
        ),
    ],
)
async def test_a_list_is_read_as_far_as_it_goes(
    body: str, page: TemplatePage, geniq: Geniq, server: GeniqServer
) -> None:
    server.faults.add(Fault(status=200, body=body), path="GET /whatsapp/message_templates")
    assert await geniq.list_templates() == page


async def test_an_answer_without_a_list_is_an_error(geniq: Geniq, server: GeniqServer) -> None:
    server.faults.add(
        Fault(status=200, body='{"responseCode": 0}'), times=None, path="GET /whatsapp/message_templates"
    )
    with pytest.raises(ProtocolError):
        await geniq.list_templates()


async def test_the_id_of_a_template_is_told_where_geniq_tells_it(geniq: Geniq, server: GeniqServer) -> None:
    server.faults.add(
        Fault(status=200, body='{"responseCode": 0, "id": "t-5"}'), path="POST /whatsapp/message_templates"
    )
    assert (await geniq.create_template(PLAIN)).id == "t-5"
    assert (await geniq.create_template(PLAIN)).id == ""
