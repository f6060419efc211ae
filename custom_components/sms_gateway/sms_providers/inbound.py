"""Received segments as text that can be stored, and whole messages from them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from .model import Channel, InboundMessage, Media

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .provider import Received

#: What stands in a text for a segment that never came (MQTT contract, section 3).
_GAP: Final = "…"


def to_raw(received: Received) -> str:
    """Return a segment as JSON, which :func:`join_received` reads."""
    message = received.message
    return json.dumps(
        {
            "key": received.key,
            "originator": message.originator,
            "originator_name": message.originator_name,
            "recipient": message.recipient,
            "text": message.text,
            "channel": message.channel.value,
            "sim": message.sim,
            "encoding": message.encoding,
            "sent_at": None if message.sent_at is None else message.sent_at.isoformat(),
            "media": [[media.type, media.url, media.caption] for media in message.media],
            "raw": list(message.raw),
        },
        ensure_ascii=False,
        sort_keys=True,
    )


def join_received(raws: Sequence[str | None], received_at: datetime) -> InboundMessage:
    """Return the message of segments in order, ``None`` for a missing one; at least one must be there."""
    segments = [None if raw is None else _from_raw(raw, received_at) for raw in raws]
    present = [segment for segment in segments if segment is not None]
    if len(segments) == 1:
        return present[0]
    return replace(
        present[0],
        text="".join(_GAP if segment is None else segment.text or "" for segment in segments),
        media=tuple(media for segment in present for media in segment.media),
        raw=tuple(raw for segment in present for raw in segment.raw),
        segments=len(segments),
        incomplete=len(present) < len(segments),
    )


def _from_raw(raw: str, received_at: datetime) -> InboundMessage:
    stored = json.loads(raw)
    sent_at = stored["sent_at"]
    return InboundMessage(
        originator=stored["originator"],
        originator_name=stored["originator_name"],
        recipient=stored["recipient"],
        text=stored["text"],
        channel=Channel(stored["channel"]),
        sim=stored["sim"],
        encoding=stored["encoding"],
        sent_at=None if sent_at is None else datetime.fromisoformat(sent_at),
        received_at=received_at,
        media=tuple(Media(type=kind, url=url, caption=caption) for kind, url, caption in stored["media"]),
        raw=tuple(stored["raw"]),
    )
