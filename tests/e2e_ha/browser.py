"""A headless Chromium on Home Assistant's frontend."""

from __future__ import annotations

import io
import shutil
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final, Self

from PIL import Image
from playwright.sync_api import Error, expect, sync_playwright

from tests.e2e_ha.home_assistant import PASSWORD, USER

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from playwright.sync_api import Locator, Page

    from tests.e2e_ha.home_assistant import HomeAssistant

#: What distributions call it.
_PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome")
#: It must do nothing by itself, least of all in the internet; the machine may have no graphics, and the user be root.
_FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
#: Pixels of the page.
_WIDTH, _HEIGHT = 1000, 720
#: Milliseconds that something may take to appear.
_PATIENCE: Final = 60_000
#: Milliseconds after which nothing moves any more in a picture.
_STILL: Final = 1_000
#: Colours of a picture: enough for a page of text and icons.
_COLOURS: Final = 128


class Browser:
    """One page; pictures go to ``folder``, if there is one."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._ends = ExitStack()
        self._url = ""
        self.page: Page

    def __enter__(self) -> Self:
        program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
        assert program is not None, "chromium is needed: install Debian's package of that name"
        expect.set_options(timeout=_PATIENCE)
        playwright = self._ends.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=program, args=_FLAGS)
        self._ends.callback(browser.close)
        self.page = browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT})
        self.page.set_default_timeout(_PATIENCE)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.close()

    @property
    def dialog(self) -> Locator:
        """The dialog of a config flow."""
        return self.page.locator("dialog-data-entry-flow")

    def log_in(self, hass: HomeAssistant) -> None:
        """Log in as a person does."""
        self._url = hass.url
        self.page.goto(self._url)
        self.page.fill("input[name=username]", USER)
        self.page.fill("input[name=password]", PASSWORD)
        self.page.keyboard.press("Enter")
        expect(self.page.locator("home-assistant-main")).to_be_visible()

    def go(self, path: str) -> None:
        """Open a page of Home Assistant."""
        try:
            self.page.goto(f"{self._url}{path}")
        except Error as error:
            # The frontend may be on its own way to another page at that moment, which ends ours.
            if "ERR_ABORTED" not in error.message:
                raise
            self.page.goto(f"{self._url}{path}")

    def click(self, name: str) -> None:
        """Click the button with this name."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def picture(self, name: str) -> None:
        """Keep a picture of the page as it is."""
        if self._folder is None:
            return
        self.page.wait_for_timeout(_STILL)
        image = Image.open(io.BytesIO(self.page.screenshot(animations="disabled")))
        self._folder.mkdir(parents=True, exist_ok=True)
        image.convert("RGB").quantize(_COLOURS).save(self._folder / f"{name}.png", optimize=True)
