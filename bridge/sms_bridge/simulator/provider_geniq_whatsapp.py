"""What GENIQ's reference demands of a WhatsApp message, by its type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sms_bridge.simulator.provider_call import Misuse, refuse_unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENDPOINT: Final = "POST /whatsapp/messages"


@dataclass(frozen=True, slots=True)
class _Shape:
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()


#: "Send WhatsApp Message": the parameters of each type besides recipient, type and reference.
_SHAPES: Final[dict[str, _Shape]] = {
    "text": _Shape(("body",), ("previewUrl", "smsFallback")),
    "image": _Shape(("url",), ("caption", "smsFallback")),
    "video": _Shape(("url",), ("caption", "smsFallback")),
    "audio": _Shape(("url",), ("smsFallback",)),
    "sticker": _Shape(("url",), ("caption",)),
    "document": _Shape(("url", "filename"), ("caption", "smsFallback")),
    "location": _Shape(("latitude", "longitude", "locationName", "address")),
    "template": _Shape(("name", "language"), ("headerParams", "bodyParams", "otp")),
}
_COMMON: Final = ("recipient", "type", "reference")
_BOOLEANS: Final = frozenset({"previewUrl", "smsFallback"})
_NUMBERS: Final = frozenset({"latitude", "longitude"})
_LISTS: Final = frozenset({"headerParams", "bodyParams"})
#: What a person would read of a message, best first; `smsFallback` sends it.
_READABLE: Final = ("body", "caption", "url", "locationName", "name")


def check_message(data: Mapping[str, object]) -> tuple[str, str]:
    """Give recipient and type of a message. Raises Misuse for what the reference does not allow.

    The recipient is documented as an integer and shown as a string: both are taken. It is not judged here.
    """
    kind = data.get("type")
    shape = _SHAPES.get(kind) if isinstance(kind, str) else None
    if shape is None or not isinstance(kind, str):
        raise Misuse(f"type must be one of {', '.join(_SHAPES)}")
    refuse_unknown(f"{_ENDPOINT} {kind}", data, (*_COMMON, *shape.required, *shape.optional))
    for name in (*shape.required, *(name for name in data if name not in _COMMON)):
        _check(name, data.get(name), required=name in shape.required)
    if not isinstance(data.get("reference", ""), str):
        raise Misuse("reference must be a string")
    recipient = data.get("recipient", "")
    return ("" if isinstance(recipient, bool) else str(recipient)), kind


def readable(data: Mapping[str, object]) -> str:
    """Give what a person would read of a checked message."""
    return next((str(data[name]) for name in _READABLE if data.get(name)), "")


def _check(name: str, value: object, *, required: bool) -> None:
    if name in _BOOLEANS:
        good = isinstance(value, bool)
    elif name in _NUMBERS:
        good = isinstance(value, int | float) and not isinstance(value, bool)
    elif name in _LISTS:
        good = isinstance(value, list) and all(isinstance(item, str) for item in value)
    else:
        good = isinstance(value, str) and (bool(value) or not required)
        good = good and (name != "url" or str(value).startswith(("https://", "http://")))
    if not good:
        raise Misuse(f"{name} is missing or has the wrong type")
