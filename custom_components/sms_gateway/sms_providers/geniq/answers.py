"""What GENIQ's answers to a submission have in common."""

from __future__ import annotations

from dataclasses import dataclass

from ..fields import as_text


@dataclass(frozen=True, slots=True)
class Submitted:
    """What GENIQ took: the ids that its delivery reports bear (none where it told none), and our reference."""

    message_ids: tuple[str, ...]
    reference: str | None


def message_ids(value: object) -> tuple[str, ...]:
    """Return the ids of an answer, one per segment; none where none are readable."""
    if not isinstance(value, list):
        return ()
    return tuple(found for each in value if (found := as_text(each)))
