"""What GENIQ's reference demands of a call (`/voice`): text to speech, or menus."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sms_bridge.simulator.provider_call import Misuse, refuse_unknown
from sms_bridge.simulator.provider_geniq_codes import LOCALES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_COMMON: Final = frozenset({"recipient", "originator", "locale", "reference"})
_SPEECH: Final = _COMMON | {"message"}
_MENUS: Final = _COMMON | {"menus", "maxDuration", "barge"}
_MENU: Final = ("menuId", "message", "options")
_OPTION: Final = ("dtmf", "action", "returnValue", "targetMenu")
_KEY: Final = re.compile(r"[0-9*#]")
_WORD: Final = re.compile(r"\S+")
#: geniq.io/docs: the longest text that is spoken, in characters.
_LONGEST: Final = 600
_ENDPOINT: Final = "POST /voice"


def check_call(data: Mapping[str, object]) -> str:
    """Give the first sentence that is spoken. Raises Misuse for what the reference does not allow."""
    refuse_unknown(_ENDPOINT, data, _MENUS if "menus" in data else _SPEECH)
    for name in ("recipient", "originator", "locale"):
        _text(data, name)
    if "reference" in data and not isinstance(data["reference"], str):
        raise Misuse("reference must be a string")
    if data["locale"] not in LOCALES:
        raise Misuse("locale is none of the supported voice locales")
    if "menus" not in data:
        return _spoken(data)
    duration = data.get("maxDuration", 1)
    if isinstance(duration, bool) or not isinstance(duration, int) or duration < 1:
        raise Misuse("maxDuration must be a whole number of seconds")
    if not isinstance(data.get("barge", False), bool):
        raise Misuse("barge must be true or false")
    menus = _objects(data, "menus")
    names = [_text(menu, "menuId") for menu in menus]
    if len(set(names)) != len(names):
        raise Misuse("menuId must be unique")
    for menu in menus:
        _check_menu(menu, names)
    return _spoken(menus[0])


def parameters(data: Mapping[str, object]) -> Iterator[str]:
    """Yield the names of all parameters of a checked call, those of its menus as they are documented."""
    yield from data
    if "menus" in data:
        for menu in _objects(data, "menus"):
            yield from (f"menus[].{name}" for name in menu)
            for option in _objects(menu, "options"):
                yield from (f"options[].{name}" for name in option)


def _check_menu(menu: Mapping[str, object], names: list[str]) -> None:
    refuse_unknown(_ENDPOINT, menu, _MENU)
    _spoken(menu)
    keys: set[str] = set()
    for option in _objects(menu, "options"):
        refuse_unknown(_ENDPOINT, option, _OPTION)
        key = _text(option, "dtmf")
        if not _KEY.fullmatch(key) or key in keys:
            raise Misuse("dtmf must be one key of the telephone, once in each menu")
        keys.add(key)
        _check_action(option, names)


def _check_action(option: Mapping[str, object], names: list[str]) -> None:
    match option.get("action"):
        case "return":
            if not _WORD.fullmatch(_text(option, "returnValue")) or "targetMenu" in option:
                raise Misuse("the action return takes a returnValue of a single word, and no targetMenu")
        case "menus":
            if _text(option, "targetMenu") not in names or "returnValue" in option:
                raise Misuse("the action menus takes a targetMenu that exists, and no returnValue")
        case _:
            raise Misuse("action must be return or menus")


def _spoken(data: Mapping[str, object]) -> str:
    message = _text(data, "message")
    if len(message) > _LONGEST:
        raise Misuse(f"message must have at most {_LONGEST} characters")
    return message


def _text(data: Mapping[str, object], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not value:
        raise Misuse(f"{name} must be a string that is not empty")
    return value


def _objects(data: Mapping[str, object], name: str) -> list[dict[str, object]]:
    value = data.get(name)
    if not isinstance(value, list) or not value or not all(isinstance(item, dict) for item in value):
        raise Misuse(f"{name} must be a list of objects that is not empty")
    return value
