"""What is refused before GENIQ is asked: a caller's mistakes, as errors that say what was expected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..exceptions import RejectedError
from ..model import ErrorCode

if TYPE_CHECKING:
    from collections.abc import Mapping


def require(condition: object, sentence: str) -> None:
    """Raise RejectedError with ``sentence`` unless ``condition`` holds."""
    if not condition:
        raise RejectedError(sentence, code=ErrorCode.INVALID_PAYLOAD)


def given(**members: object) -> dict[str, object]:
    """Return what has a value: neither ``None`` nor an empty sequence."""
    return {name: value for name, value in members.items() if value is not None and value != ()}


def strings(members: Mapping[str, object]) -> tuple[str, ...]:
    """Return every string in a request, at any depth: none of them may be read in an error."""
    found: list[str] = []
    waiting: list[object] = list(members.values())
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list | tuple):
            waiting += value
    return tuple(found)
