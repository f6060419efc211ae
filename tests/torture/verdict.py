"""Counting afterwards: what was acknowledged, what reached the network, how often, and what was said of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sms_bridge.tpdu.submit import Submit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbound:
    """Numbers of messages, by what became of them.

    ``lost``: acknowledged, never whole at the network, and not said to be unknown. ``held``: left ``unknown`` by
    ``on_unknown: hold``. ``doubled``: a segment reached the network twice and it was said; ``doubled_in_silence``:
    it was not. ``queued_at_broker``: acknowledged by the broker, never handed to the bridge (only a killed broker may).
    """

    acknowledged: int
    sent: int
    lost: tuple[int, ...]
    held: tuple[int, ...]
    doubled: tuple[int, ...]
    doubled_in_silence: tuple[int, ...]
    queued_at_broker: tuple[int, ...]


def judge_outbound(
    acknowledged: Iterable[int],
    submits: Sequence[Mapping[str, Any]],
    events: Iterable[Mapping[str, Any]],
    *,
    broker_was_killed: bool,
) -> Outbound:
    """``submits`` as the simulator lists them, ``events`` as the bridge published them.

    A message of which the bridge never said anything is lost, unless the broker was killed: then the broker may have
    forgotten it, and it counts apart.
    """
    copies = _copies(submits)
    last, flagged = _last_events(events)
    lost, held, at_broker = [], [], []
    numbers = sorted(acknowledged)
    whole = {number for number, segments in copies.items() if _is_whole(segments)}
    for number in numbers:
        state = last.get(number, {}).get("state")
        if number in whole:
            continue
        if state == "unknown":
            held.append(number)
        elif state is None and broker_was_killed:
            at_broker.append(number)
        else:
            lost.append(number)
    twice = sorted(number for number, segments in copies.items() if max(segments.values()) > 1)
    return Outbound(
        acknowledged=len(numbers),
        sent=len(whole),
        lost=tuple(lost),
        held=tuple(held),
        doubled=tuple(number for number in twice if number in flagged),
        doubled_in_silence=tuple(number for number in twice if number not in flagged),
        queued_at_broker=tuple(at_broker),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """Texts that the network delivered: never published, published under two numbers, or still in the modem."""

    delivered: int
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    left_in_modem: int


def judge_inbound(
    texts: Sequence[str],
    events: Iterable[Mapping[str, Any]],
    storage: Mapping[str, Sequence[object]],
) -> Inbound:
    """``storage`` as the simulator lists it; the same ``seq`` again is the same event."""
    seqs: dict[str, set[int]] = {}
    for event in events:
        if event["topic"].endswith("/incoming"):
            seqs.setdefault(event["text"], set()).add(event["seq"])
    return Inbound(
        delivered=len(texts),
        lost=tuple(text for text in texts if text not in seqs),
        doubled=tuple(text for text in texts if len(seqs.get(text, ())) > 1),
        left_in_modem=sum(len(messages) for messages in storage.values()),
    )


def _copies(submits: Sequence[Mapping[str, Any]]) -> dict[int, Counter[tuple[int, int]]]:
    """Message number → (total, seqno) → how often it reached the network."""
    found: dict[int, Counter[tuple[int, int]]] = {}
    for entry in submits:
        tpdu = Submit.from_bytes(bytes.fromhex(entry["pdu"]))
        concat = None if tpdu.ud.udh is None else tpdu.ud.udh.concat
        place = (1, 1) if concat is None else (concat.total, concat.seqno)
        number = int(tpdu.da.text.removeprefix("+4917"))
        found.setdefault(number, Counter())[place] += 1
    return found


def _is_whole(segments: Counter[tuple[int, int]]) -> bool:
    total = next(iter(segments))[0]
    return {seqno for _, seqno in segments} == set(range(1, total + 1))


def _last_events(events: Iterable[Mapping[str, Any]]) -> tuple[dict[int, Mapping[str, Any]], set[int]]:
    """The event with the highest ``seq`` of each message, and the messages that were ever flagged."""
    last: dict[int, Mapping[str, Any]] = {}
    flagged: set[int] = set()
    for event in events:
        if not event["topic"].endswith("/dlr") or event["state"] == "rejected":
            continue
        number = int(event["id"].removeprefix("t-"))
        if number not in last or event["seq"] > last[number]["seq"]:
            last[number] = event
        if event["possible_duplicate"]:
            flagged.add(number)
    return last, flagged
