"""From a command to committed messages: identity, recipients, route, size and quota are judged here, once."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from sms_bridge.routing.command import Command, Rejection
from sms_bridge.routing.events import rejected_body
from sms_bridge.routing.identifiers import ulid
from sms_bridge.routing.limits import quiet_until
from sms_bridge.routing.recipients import Unresolved
from sms_bridge.routing.transitions import announce
from sms_bridge.store.base import Copy, EventKind, Message, Phase
from sms_providers.charset import TextTooLongError, plan, plan_data
from sms_providers.model import Error, ErrorCode, Priority, State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sms_bridge.routing.command import Packet
    from sms_bridge.routing.limits import Calendar, Quota
    from sms_bridge.routing.recipients import AddressBook, Recipient
    from sms_bridge.routing.router import Router, Steps
    from sms_bridge.routing.settings import RoutingSettings
    from sms_bridge.store.base import Transaction

#: Commands without an id that are remembered by packet identifier: several receive windows (brokers overshoot theirs).
REMEMBERED_PACKETS: Final = 1000
#: What an object's ``id`` is compared by; other keys do not make it another message.
_CONTENT: Final = ("text", "data", "port")
#: Octets of the key under which the contents of one-time passwords are compared.
_SEAL_OCTETS: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A recipient that gets no message, and why."""

    to: str
    error: Error


class Intake:
    """Judges commands inside the transaction that commits them."""

    def __init__(
        self,
        settings: RoutingSettings,
        book: AddressBook,
        router: Router,
        quota: Quota,
        calendar: Calendar,
    ) -> None:
        self._settings = settings
        self._book = book
        self._router = router
        self._quota = quota
        self._calendar = calendar
        # Dies with the process, so that nobody who has the store can find a one-time password by trying all of them.
        self._seal = secrets.token_bytes(_SEAL_OCTETS)

    def accept(
        self,
        tx: Transaction,
        commands: Sequence[Command | Rejection],
        packet: Packet | None,
        now: float,
    ) -> bool:
        """Commit every command of one PUBLISH, each judged alone; ``False`` if it was a redelivery of one committed."""
        anonymous = any(isinstance(command, Command) and command.id is None for command in commands)
        if packet is not None and anonymous:
            if packet.dup and tx.packet(packet.packet_id) == packet.digest:
                return False
            tx.remember_packet(packet.packet_id, packet.digest, REMEMBERED_PACKETS)
        for command in commands:
            if isinstance(command, Rejection):
                self._reject(tx, command, now)
            else:
                self._accept_one(tx, command, now)
        return True

    def size(self, command: Command) -> tuple[int, str, int]:
        """Segments, encoding and characters left in the last one; raises :class:`TextTooLongError`."""
        limit = command.max_segments or self._settings.defaults.max_segments
        if command.data is not None:
            data = plan_data(command.data, port=command.port is not None, max_segments=limit)
            return data.count, "data", data.octets_left
        text = plan(command.text or "", command.encoding, max_segments=limit)
        return text.count, text.encoding.value, text.characters_left

    def _fingerprint(self, command: Command, *, sealed: bool) -> dict[str, str | None]:
        """What a repeated ``id`` is compared by: recipients, text, data and port, as digests.

        Sealed ones are keyed, and ``seal`` names the key.
        """
        key = self._seal if sealed else b""
        return {
            "to": _digest(json.dumps(self._book.canonical(command.to)).encode()),
            "text": None
            if command.text is None
            else _digest(command.text.encode(errors="surrogatepass"), key),
            "data": None if command.data is None else _digest(command.data, key),
            "port": None if command.port is None else str(command.port),
            "seal": _digest(key) if sealed else None,
        }

    def _accept_one(self, tx: Transaction, command: Command, now: float) -> None:
        if command.id is not None and (known := _known(tx, command.id)):
            self._answer_known(tx, command, known, now)
            return
        try:
            segments, _, _ = self.size(command)
        except TextTooLongError as too_long:
            error = Error(code=ErrorCode.TOO_LONG, message=str(too_long))
            self._refuse(tx, command, command.to, error, now)
            return
        grouped = command.is_group or self._book.is_group(command.to)
        base = command.id or ulid(now)
        fingerprint = self._fingerprint(command, sealed=command.priority is Priority.OTP)
        for number, member in enumerate(self._book.resolve(command.to)):
            message_id = f"{base}/{number}" if grouped else base
            judged = self._judge(tx, command, member, now)
            if isinstance(judged, Refusal):
                named = replace(command, id=message_id if command.id or grouped else None)
                self._refuse(tx, named, (judged.to,), judged.error, now)
                continue
            recipient, route = judged
            message = self._compose(
                command,
                now,
                message_id=message_id,
                group_id=base if grouped else None,
                recipient=recipient.number,
                route=route,
                segments=segments,
                fingerprint=fingerprint,
            )
            announce(tx, tx.add_message(message), now=now, answer=True)

    def _judge(
        self, tx: Transaction, command: Command, member: Recipient | Unresolved, now: float
    ) -> tuple[Recipient, Steps] | Refusal:
        """One recipient with its route, or why there is no message for it."""
        if isinstance(member, Unresolved):
            return Refusal(to=member.given, error=member.error)
        route = self._router.route(command, member)
        if isinstance(route, Error):
            return Refusal(to=member.given, error=route)
        over = self._quota.spend(tx, member.number, command.priority, now)
        if over is not None:
            return Refusal(to=member.given, error=over)
        return member, route

    def _compose(
        self,
        command: Command,
        now: float,
        *,
        message_id: str,
        group_id: str | None,
        recipient: str,
        route: Steps,
        segments: int,
        fingerprint: dict[str, str | None],
    ) -> Message:
        """The message as it enters the queue."""
        defaults = self._settings.defaults
        starts_at = command.send_at if command.send_at is not None and command.send_at > now else None
        valid_for = defaults.valid_for if command.valid_for is None else command.valid_for
        expires_at = (now if command.send_at is None else command.send_at) + valid_for
        held_until = starts_at or quiet_until(self._settings.limits, self._calendar, command.priority, now)
        return Message(
            id=message_id,
            group_id=group_id,
            recipient=recipient,
            text=command.text,
            data=command.data,
            port=command.port,
            originator=command.originator,
            sim=command.sim,
            priority=command.priority,
            encoding=command.encoding,
            flash=command.flash,
            dlr=defaults.dlr if command.dlr is None else command.dlr,
            on_unknown=command.on_unknown or defaults.on_unknown,
            options=command.options,
            metadata=command.metadata,
            user_properties=command.reply.user_properties,
            response_topic=command.reply.topic,
            correlation=command.reply.correlation,
            fingerprint=fingerprint,
            segments=segments,
            created_at=now,
            updated_at=now,
            send_at=starts_at,
            valid_for=valid_for,
            expires_at=expires_at,
            route=route,
            ephemeral=command.priority is Priority.OTP or not self._settings.keep_texts,
            phase=Phase.READY if held_until is None else Phase.SCHEDULED,
            state=State.QUEUED if starts_at is None else State.SCHEDULED,
            due_at=expires_at if held_until is None else min(held_until, expires_at),
        )

    def _answer_known(self, tx: Transaction, command: Command, known: Sequence[Message], now: float) -> None:
        """The same content again is answered by the present event; other content by ``id_conflict``."""
        stored = known[0].fingerprint
        sealed = stored.get("seal") is not None
        differing = _differing(stored, self._fingerprint(command, sealed=sealed))
        if differing:
            sentence = (
                f"id: {command.id} is taken by a message with another {', '.join(differing)}; "
                "give each message an id of its own"
            )
            error = Error(code=ErrorCode.ID_CONFLICT, message=sentence)
            self._refuse(tx, command, command.to, error, now, repeat=True)
            return
        for message in known:
            asked = replace(
                message, response_topic=command.reply.topic, correlation=command.reply.correlation
            )
            announce(tx, asked, now=now, answer=True, repeat=True)

    def _refuse(
        self,
        tx: Transaction,
        command: Command,
        to: tuple[str, ...],
        error: Error,
        now: float,
        *,
        repeat: bool = False,
    ) -> None:
        whole = to == command.to and command.is_group
        rejection = Rejection(
            id=command.id,
            to=list(to) if whole else to[0],
            error=error,
            metadata=command.metadata,
            reply=command.reply,
        )
        self._reject(tx, rejection, now, repeat=repeat)

    def _reject(self, tx: Transaction, rejection: Rejection, now: float, *, repeat: bool = False) -> None:
        if rejection.once is not None:
            if tx.recall("", rejection.once) is not None:
                return
            tx.remember("", rejection.once, "rejected")
        copies: tuple[Copy, ...] = ()
        if rejection.reply.topic is not None:
            copies = (Copy(topic=rejection.reply.topic, correlation=rejection.reply.correlation),)
        tx.add_event(EventKind.DLR, rejected_body(rejection, at=now, repeat=repeat), at=now, copies=copies)


def _differing(stored: Mapping[str, str | None], given: Mapping[str, str | None]) -> list[str]:
    """In what two commands with one ``id`` differ; the content of an earlier run's one-time password is not known."""
    recipients = ["to"] if stored.get("to") != given.get("to") else []
    if stored.get("seal") == given.get("seal"):
        return recipients + [key for key in _CONTENT if stored.get(key) != given.get(key)]
    return recipients


def _digest(content: bytes, key: bytes = b"") -> str:
    return hashlib.blake2b(content, digest_size=12, key=key).hexdigest()


def _known(tx: Transaction, given: str) -> Sequence[Message]:
    single = tx.message_by_id(given)
    return (single,) if single is not None else tx.group(given)
