"""A house without a bridge: Home Assistant, and a simulated GENIQ that calls it from outside."""

from __future__ import annotations

import json
import re
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final, Self

from playwright.sync_api import expect

from sms_bridge.simulator.provider_geniq import GeniqServer
from sms_bridge.simulator.provider_geniq_account import GeniqOptions
from tests.e2e.client import wait_for
from tests.e2e_ha.home_assistant import PATIENCE, ROOT, HomeAssistant
from tests.e2e_ha.house import DOMAIN
from tests.support.provider_thread import ProviderThread

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    from sms_bridge.simulator.provider_record import OnAir
    from tests.e2e_ha.browser import Browser
    from tests.e2e_ha.home_assistant import Json

#: What the account sends as; nothing else in the house is called so.
ORIGINATOR: Final = "Cellar"
#: The account's own, made up so that they can be told from anything else in a log.
API_KEY: Final = "geniq-key-5b1f0c"
API_SECRET: Final = "geniq-secret-c94e77"
#: Entities whose names follow from the entry's title.
CONNECTIVITY: Final = "binary_sensor.geniq_cellar_connectivity"
BALANCE: Final = "sensor.geniq_cellar_balance"


class AccountHouse:
    """Everything in ``folder``; :meth:`set_up` adds the account as a person does."""

    def __init__(self, folder: Path) -> None:
        self.hass = HomeAssistant(folder / "homeassistant")
        self.server = GeniqServer(GeniqOptions(api_key=API_KEY, api_secret=API_SECRET, callback_tries=1_000))
        self.provider = ProviderThread(self.server)
        self.entry_id = ""
        self._ends = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._ends.enter_context(self.provider)
            self._ends.enter_context(self.hass)
            self.hass.ask("config/core/update", external_url=self.hass.url.rstrip("/"))
        except BaseException:
            self._ends.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.close()

    @property
    def webhook_id(self) -> str:
        """The secret in the address that the provider was given."""
        return str(self.server.callback_url).rpartition("/")[2]

    def set_up(self, browser: Browser) -> None:
        """Fill in the forms, and give the provider the address that they show."""
        steps = json.loads(
            (ROOT / "custom_components" / DOMAIN / "translations" / "en.json").read_text(encoding="utf-8")
        )["config"]["step"]
        browser.log_in(self.hass)
        browser.go(f"config/integrations/dashboard/add?domain={DOMAIN}")
        browser.click("OK")
        expect(browser.dialog).to_contain_text(steps["user"]["title"])
        browser.dialog.get_by_text(steps["user"]["menu_options"]["geniq"], exact=True).click()
        form, dialog = steps["geniq"], browser.dialog
        for field in ("api_key", "api_secret", "originator"):
            expect(dialog).to_contain_text(form["data"][field])
            expect(dialog).to_contain_text(form["data_description"][field])
        dialog.get_by_text(form["sections"]["advanced"]["name"], exact=True).click()
        given = (API_KEY, "wrong", ORIGINATOR, self.server.base_url)
        for place, value in enumerate(given):
            dialog.locator("input").nth(place).fill(value)
        browser.click("Submit")
        expect(dialog).to_contain_text("GENIQ refuses these credentials")
        dialog.locator("input").nth(1).fill(API_SECRET)
        browser.click("Submit")
        expect(dialog).to_contain_text(steps["geniq_callback"]["title"])
        shown = dialog.locator("code").inner_text().strip()
        assert re.fullmatch(re.escape(self.hass.url) + "api/webhook/[0-9a-f]{64}", shown), shown
        self.server.callback_url = shown
        browser.click("Submit")
        (entry,) = wait_for(lambda: self.hass.entries(DOMAIN), "the account's entry", PATIENCE)
        self.entry_id = entry["entry_id"]
        self.hass.becomes(CONNECTIVITY, "on")

    def send(self, target: str, text: str, **fields: object) -> Json:
        """Send by the action; returns what became of the message."""
        answer = self.hass.call(
            f"{DOMAIN}.send", config_entry_id=self.entry_id, target=[target], message=text, **fields
        )
        message: Json = answer["messages"][0]
        return message

    def message(self, name: str) -> Json:
        """What the account knows of a message."""
        return self.hass.call(f"{DOMAIN}.get_message", config_entry_id=self.entry_id, id=name)

    def leaves(self, recipient: str) -> Sequence[OnAir]:
        """Wait until something to a recipient has left."""
        return wait_for(lambda: self.on_air(recipient), "the message on air", PATIENCE)

    def on_air(self, recipient: str) -> list[OnAir]:
        """What left to a recipient."""
        return [sent for sent in self.server.on_air if sent.recipient == recipient[1:]]

    def report(self, sent: OnAir, status: str) -> None:
        """Let the provider call with a report on all of a message."""
        for number in sent.ids:
            self.provider.do(lambda number=number: self.server.advance(number, status))  # type: ignore[misc] # mypy cannot infer a default's type
        self.provider.wait(self.server.settled())

    def receive(self, originator: str, text: str) -> None:
        """Let the provider receive an SMS and call with it."""
        self.provider.do(lambda: self.server.receive_sms(originator[1:], text))
