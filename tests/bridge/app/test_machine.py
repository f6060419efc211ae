"""Where a provider may call: told on this machine, with what is missing for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from sms_bridge.app.machine import MachineAdministration
from sms_bridge.routing.requests import AdminCode, AdminError
from sms_bridge.web.settings import HttpSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sms_providers.callbacks import CallbackResponse
    from sms_providers.provider import CallbackRequest

LISTEN = ("127.0.0.1", 8099)


@dataclass
class Gateway:
    callback_secret: str | None

    async def receive(self, request: CallbackRequest) -> CallbackResponse:
        raise AssertionError(request)


class Inner:
    async def execute(self, command: str, members: Mapping[str, object]) -> dict[str, object]:
        if command == "fail":
            raise AdminError(AdminCode.INTERNAL, "failed")
        return {"command": command, **members}


def administration(http: HttpSettings) -> MachineAdministration:
    callees = {"geniq": Gateway("5ec"), "smsgic": Gateway(None)}
    return MachineAdministration(Inner(), callees, http)


@pytest.mark.parametrize(
    ("http", "told"),
    [
        (
            HttpSettings(listen=LISTEN, public_url="https://x/sms"),
            {"callback_url": "https://x/sms/callback/geniq/5ec"},
        ),
        (
            HttpSettings(listen=LISTEN),
            {
                "callback_url": None,
                "callback_hint": (
                    "set http.public_url to how the provider reaches this bridge; "
                    "the path behind it is /callback/geniq/5ec"
                ),
            },
        ),
        (
            HttpSettings(public_url="https://x"),
            {
                "callback_url": None,
                "callback_hint": "no provider can call this bridge yet: set http.listen and http.public_url",
            },
        ),
    ],
)
async def test_one_gateway_is_shown_with_its_address_or_what_is_missing(
    http: HttpSettings, told: dict[str, object]
) -> None:
    shown = await administration(http).execute("gateway", {"gateway": "geniq"})
    assert shown == {"command": "gateway", "gateway": "geniq", **told}


@pytest.mark.parametrize(
    ("command", "members"),
    [
        ("gateway", {"gateway": "smsgic"}),
        ("gateway", {"gateway": "stick"}),
        ("gateway", {}),
        ("pause", {"gateway": "geniq"}),
    ],
)
async def test_every_other_answer_stays_as_it_is(command: str, members: dict[str, object]) -> None:
    local = administration(HttpSettings(listen=LISTEN, public_url="https://x"))
    assert await local.execute(command, members) == {"command": command, **members}


async def test_a_refusal_is_passed_on() -> None:
    with pytest.raises(AdminError, match="failed"):
        await administration(HttpSettings()).execute("fail", {})
