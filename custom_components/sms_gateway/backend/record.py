"""What an account knows of one message, and what of it may be told next (MQTT contract, section 2)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from ..sms_providers.charset import EncodingChoice
from ..sms_providers.model import (
    RANK,
    Channel,
    Error,
    ErrorCode,
    OnUnknown,
    OutboundMessage,
    Priority,
    State,
)
from .model import MessageError, MessageStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from _typeshed import DataclassInstance

#: MQTT contract, section 2: after these nothing more is done.
FINAL: Final = frozenset(
    {State.FAILED, State.EXPIRED, State.UNDELIVERABLE, State.DELIVERED, State.READ, State.CANCELLED}
)
#: What says that a segment will not arrive.
_FAILURES: Final = frozenset({State.FAILED, State.EXPIRED, State.UNDELIVERABLE})
#: Fields of a record that are times.
_TIMES: Final = ("created_at", "expires_at", "send_at", "taken_at")
#: What may still follow a final state.
_AFTER_FINAL: Final = frozenset({State.DELIVERED, State.READ})


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One handing over. ``reference`` is ours; ``parts`` are the provider's references and what was reported of each.

    ``answered`` says that it is known whether the provider took it.
    """

    reference: int
    at: datetime
    parts: dict[str, State | None] = field(default_factory=dict)
    answered: bool = False

    def reported(self) -> State | None:
        """The whole of what was reported: a failed segment fails all, else the lowest counts."""
        known = [state for state in self.parts.values() if state is not None]
        failed = next((state for state in known if state in _FAILURES), None)
        if failed is not None:
            return failed
        if not known or len(known) < len(self.parts):
            return None
        return min(known, key=lambda state: RANK[state])


@dataclass(slots=True, kw_only=True)
class Record:
    """One message to one recipient. ``send_at`` leaves the scheduling to the provider.

    ``fingerprint`` tells other content under the same id, and is empty once a one-time password is erased.
    ``gateways`` are the phones that may send it, in order; ``turn`` is the place of the present one. ``tries`` counts
    refusals for the time being. ``called_back`` says that a callback came.
    """

    id: str
    message: OutboundMessage
    fingerprint: str
    created_at: datetime
    expires_at: datetime
    segments: int
    group: str | None = None
    send_at: datetime | None = None
    gateways: tuple[str, ...] = ()
    on_unknown: OnUnknown = OnUnknown.RESEND
    metadata: Mapping[str, object] = field(default_factory=dict)
    channel: Channel = Channel.SMS
    state: State = State.QUEUED
    final: bool = False
    error: Error | None = None
    possible_duplicate: bool = False
    turn: int = 0
    tries: int = 0
    called_back: bool = False
    taken_at: datetime | None = None
    attempts: list[Attempt] = field(default_factory=list)
    events: list[dict[str, object]] = field(default_factory=list)

    @property
    def gateway(self) -> str | None:
        """The phone whose turn it is, ``None`` where the account has no choice of them."""
        return self.gateways[self.turn] if self.gateways else None

    @property
    def unanswered(self) -> Attempt | None:
        """The last attempt, if it is not known whether the provider took it."""
        if self.attempts and not self.attempts[-1].answered:
            return self.attempts[-1]
        return None

    @property
    def waiting(self) -> bool:
        """Whether it certainly has not been sent, and is to be."""
        return not self.final and self.taken_at is None and self.unanswered is None

    def advance(
        self, state: State, now: datetime, *, final: bool = False, error: Error | None = None
    ) -> bool:
        """Go to ``state``; returns whether that is an event.

        Published states never go down. After a final one only *delivered* and *read* follow, but an unknown end, also
        that of a report which never came, is settled by any later word; each such event is final again.
        """
        final = final or self.final or state in FINAL
        higher = RANK[state] > RANK[self.state]
        if self.final:
            if not higher or not (self._open_ended or state in _AFTER_FINAL):
                return False
        elif not higher and not (state is self.state and final):
            return False
        self.state, self.final, self.error = state, final, error
        self.note(now)
        return True

    def note(self, now: datetime) -> None:
        """Keep the present state as an event."""
        self.events.append(
            {
                "state": self.state.value,
                "final": self.final,
                "at": now.isoformat(),
                "attempt": len(self.attempts),
                "gateway": self.gateway,
                "error": error_body(self.error),
            }
        )

    @property
    def _open_ended(self) -> bool:
        no_report = self.error is not None and self.error.code is ErrorCode.NO_REPORT
        return self.state is State.UNKNOWN or no_report

    def status(self) -> MessageStatus:
        """The present state, as the rest of the integration knows it."""
        error = self.error
        return MessageStatus(
            id=self.id,
            to=self.message.recipient,
            state=self.state,
            final=self.final,
            segments=self.segments,
            gateway=self.gateway,
            channel=self.channel.value,
            possible_duplicate=self.possible_duplicate,
            error=None
            if error is None
            else MessageError(code=error.code.value, message=error.message, temporary=error.temporary),
            metadata=self.metadata,
        )

    def body(self) -> dict[str, object]:
        """The message as the actions show it; the keys are those of the bridge's answer. An OTP's text stays away."""
        message, last = self.message, self.attempts[-1] if self.attempts else None
        return {
            "id": self.id,
            "group": self.group,
            "to": message.recipient,
            "text": None if message.priority is Priority.OTP else message.text,
            "originator": message.originator,
            "state": self.state.value,
            "final": self.final,
            "gateway": self.gateway,
            "channel": self.channel.value,
            "segments": self.segments,
            "attempt": len(self.attempts),
            "reference": [] if last is None else list(last.parts),
            "error": error_body(self.error),
            "possible_duplicate": self.possible_duplicate,
            "created_at": self.created_at.isoformat(),
            "send_at": None if self.send_at is None else self.send_at.isoformat(),
            "metadata": dict(self.metadata),
        }


def error_body(error: Error | None) -> dict[str, object] | None:
    """``error`` of an event."""
    if error is None:
        return None
    return {**asdict(error), "code": error.code.value}


def to_json(record: Record) -> dict[str, Any]:
    """Return a record in JSON's types; nothing of a one-time password is written."""
    if record.message.priority is Priority.OTP:
        record = replace(record, message=replace(record.message, text=None), fingerprint="")
    return {
        **_fields(record),
        **{key: _written(getattr(record, key)) for key in _TIMES},
        "message": _fields(record.message),
        "error": error_body(record.error),
        "attempts": [{**_fields(attempt), "at": attempt.at.isoformat()} for attempt in record.attempts],
    }


def from_json(stored: Mapping[str, Any]) -> Record:
    """Return the record that :func:`to_json` wrote."""
    message = stored["message"]
    error = stored["error"]
    return Record(
        **{
            **stored,
            **{key: _read(stored[key]) for key in _TIMES},
            "message": OutboundMessage(
                **{
                    **message,
                    "priority": Priority(message["priority"]),
                    "encoding": EncodingChoice(message["encoding"]),
                }
            ),
            "gateways": tuple(stored["gateways"]),
            "on_unknown": OnUnknown(stored["on_unknown"]),
            "channel": Channel(stored["channel"]),
            "state": State(stored["state"]),
            "error": None if error is None else Error(**{**error, "code": ErrorCode(error["code"])}),
            "attempts": [
                Attempt(
                    reference=attempt["reference"],
                    at=datetime.fromisoformat(attempt["at"]),
                    parts={
                        name: None if state is None else State(state)
                        for name, state in attempt["parts"].items()
                    },
                    answered=attempt["answered"],
                )
                for attempt in stored["attempts"]
            ],
        }
    )


def _fields(item: DataclassInstance) -> dict[str, Any]:
    """The fields as they are; a copy of everything in them would take long for a thousand messages."""
    return {field.name: getattr(item, field.name) for field in fields(item)}


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _read(moment: str | None) -> datetime | None:
    return None if moment is None else datetime.fromisoformat(moment)
