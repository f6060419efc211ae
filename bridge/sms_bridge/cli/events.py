"""Events as lines for people."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def event_line(event: Mapping[str, object]) -> str:
    """Return one event of the topics ``dlr``, ``incoming`` or ``call`` as a line."""
    if "state" in event:
        return _dlr(event)
    at = _time(event.get("received_at") or event.get("at"))
    if "text" in event:
        text = event["text"] if event["text"] is not None else "(data)"
        name = f" ({event['from_name']})" if event.get("from_name") else ""
        return f"{at}  {'received':<13} {event['from']}{name}: {text}"
    return f"{at}  {event.get('event', ''):<13} {event.get('from') or 'a withheld number'}"


def _dlr(event: Mapping[str, object]) -> str:
    to = event["to"] if isinstance(event["to"], str) else ", ".join(map(str, event["to"] or ()))  # type: ignore[call-overload] # a JSON array
    line = f"{_time(event['at'])}  {event['state']:<13} {event['id']}  {to}"
    if event.get("gateway"):
        line += f"  via {event['gateway']}"
    error = event.get("error")
    if isinstance(error, dict):
        line += f"  {error['code']}: {error['message']}"
    if event.get("possible_duplicate"):
        line += "  (possibly twice)"
    return line


def _time(at: object) -> str:
    """``HH:MM:SS`` of an RFC 3339 time, on this machine's clock."""
    try:
        return f"{datetime.fromisoformat(str(at)).astimezone():%H:%M:%S}"
    except ValueError:
        return str(at)
