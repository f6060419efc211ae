"""Calls that read a text aloud, and calls with menus that are answered by keys.

Source: GENIQ REST API Reference, ``/voice``. No callback is documented for calls: what was pressed in a menu is seen
at GENIQ only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from .answers import Submitted, message_ids
from .checks import given, require, strings
from .settings import TITLE
from .sms import digits_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .session import Session

#: *Supported Voice Locales*: what ``locale`` may be, and the language for people.
LOCALES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "en-US": "English (US)",
        "en-GB": "English (British)",
        "en-AU": "English (Australian)",
        "en-IN": "English (Indian)",
        "cmn-CN": "Chinese Mandarin",
        "zh-HK": "Chinese Cantonese",
        "ms-MY": "Malay (Malaysia)",
        "id-ID": "Indonesian",
        "arb": "Arabic",
        "es-ES": "Spanish",
        "es-US": "Spanish (US)",
        "pt-PT": "Portuguese (European)",
        "pt-BR": "Portuguese (Brazilian)",
        "fr-FR": "French",
        "fr-CA": "French (Canadian)",
        "de-DE": "German",
        "it-IT": "Italian",
        "ja-JP": "Japanese",
        "ko-KR": "Korean",
        "tr-TR": "Turkish",
        "ru-RU": "Russian",
        "pl-PL": "Polish",
        "th-TH": "Thai",
        "vi-VN": "Vietnamese",
    }
)
#: The caller that is shown where the account has no number of its own.
DEFAULT_CALLER: Final = "6531596518"
#: Characters that a call reads aloud (the provider's older document).
LONGEST_MESSAGE: Final = 600
_CALLER: Final = re.compile(r"\+?([0-9]{3,15})")
# ITU-T Q.23: the keys of a phone.
_KEY: Final = re.compile(r"[0-9*#]")


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuOption:
    """What a key does: it ends the call with ``return_value`` (one word), or goes to ``target_menu``."""

    dtmf: str
    return_value: str | None = None
    target_menu: str | None = None

    def members(self) -> Mapping[str, object]:
        """Return the parameters."""
        action = "menus" if self.return_value is None else "return"
        return given(
            dtmf=self.dtmf, action=action, returnValue=self.return_value, targetMenu=self.target_menu
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """A prompt that is read aloud, and the keys that answer it."""

    menu_id: str
    message: str
    options: tuple[MenuOption, ...]

    def members(self) -> Mapping[str, object]:
        """Return the parameters."""
        return {
            "menuId": self.menu_id,
            "message": self.message,
            "options": [option.members() for option in self.options],
        }


def check_menus(menus: Sequence[Menu]) -> None:
    """Raise RejectedError unless menus are whole: unique ids and keys, targets that exist, one word per value."""
    ids = [menu.menu_id for menu in menus]
    require(ids, "A call with menus needs one at least.")
    for menu in menus:
        name = menu.menu_id
        require(name, "Every menu needs an id.")
        require(ids.count(name) == 1, f"The menu {name} is there twice; every id must be unique.")
        _check_message(menu.message)
        require(menu.options, f"The menu {name} has no options.")
        keys = [option.dtmf for option in menu.options]
        for option in menu.options:
            where = f"The key {option.dtmf} of the menu {name}"
            require(_KEY.fullmatch(option.dtmf), f"{where} is none: one of 0 to 9, * and #.")
            require(keys.count(option.dtmf) == 1, f"{where} is there twice.")
            _check_action(where, option, ids)


def _check_action(where: str, option: MenuOption, ids: Sequence[str]) -> None:
    require(
        (option.return_value is None) is not (option.target_menu is None),
        f"{where} needs either a value to return or a menu to go to.",
    )
    if option.return_value is not None:
        require(re.fullmatch(r"\S+", option.return_value), f"{where} must return a single word.")
    else:
        require(option.target_menu in ids, f"{where} goes to a menu that is not there.")


def _check_message(message: str) -> None:
    require(
        0 < len(message) <= LONGEST_MESSAGE,
        f"What a call reads aloud has 1 to {LONGEST_MESSAGE} characters.",
    )


class Caller:
    """Places calls for one account; ``originator`` is shown where it is a number and a call names none."""

    def __init__(self, session: Session, originator: str) -> None:
        self._session = session
        own = _CALLER.fullmatch(originator)
        self._caller = DEFAULT_CALLER if own is None else own[1]

    async def speak(
        self, recipient: str, message: str, *, locale: str, originator: str | None, reference: str | None
    ) -> Submitted:
        """Read a text aloud; see ``Geniq.call``."""
        _check_message(message)
        return await self._place(
            recipient, locale, originator, {"message": message, **given(reference=reference)}
        )

    async def ask(
        self,
        recipient: str,
        menus: Sequence[Menu],
        *,
        locale: str,
        originator: str | None,
        max_duration: int | None,
        barge: bool,
        reference: str | None,
    ) -> Submitted:
        """Ask by menus; see ``Geniq.call_menu``."""
        check_menus(menus)
        require(max_duration is None or max_duration > 0, "A call lasts one second at least.")
        members = given(
            reference=reference,
            maxDuration=max_duration,
            barge=barge or None,
            menus=[menu.members() for menu in menus],
        )
        return await self._place(recipient, locale, originator, members)

    async def _place(
        self, recipient: str, locale: str, originator: str | None, members: Mapping[str, object]
    ) -> Submitted:
        require(locale in LOCALES, f"{TITLE} speaks: {', '.join(LOCALES)}.")
        body = {
            "recipient": digits_of(recipient),
            "originator": self._caller if originator is None else _caller(originator),
            "locale": locale,
            **members,
        }
        call = self._session.call("POST", "/voice", body=body, private=strings(body))
        reference = members.get("reference")
        return Submitted(
            message_ids((await self._session.ask(call)).get("messageIds")),
            reference if isinstance(reference, str) else None,
        )


def _caller(originator: str) -> str:
    match = _CALLER.fullmatch(originator)
    require(match, "The caller that is shown must be a number of up to 15 digits.")
    return originator.removeprefix("+")
