"""What others ask of the outbox: commit commands, cancel, send again, quote."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sms_bridge.routing.attempts import requeue
from sms_bridge.routing.recipients import Unresolved
from sms_bridge.routing.transitions import move
from sms_bridge.store.base import Phase, StoreError
from sms_providers.charset import TextTooLongError
from sms_providers.model import Error, ErrorCode, State

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sms_bridge.routing.command import Command, Packet, Rejection
    from sms_bridge.routing.intake import Intake
    from sms_bridge.routing.recipients import AddressBook
    from sms_bridge.routing.router import Router
    from sms_bridge.store.base import Message, Store, Transaction

#: Where no attempt runs or is unknown (MQTT contract: ``cancelled``).
_CANCELLABLE = frozenset({Phase.SCHEDULED, Phase.READY, Phase.WAITING})
#: What the ``resend`` request takes (MQTT contract, section 5).
_RESENDABLE = frozenset({State.FAILED, State.EXPIRED, State.UNKNOWN})


class UnknownIdError(Exception):
    """No message or group has this id."""


class NotPossibleError(Exception):
    """The message is in a state that does not allow it; the text says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What a command would be: per message ``segments``; ``gateway`` is the one that would take the first.

    ``recipients`` are the numbers it is for, where that gateway would take all of them.
    """

    segments: int
    encoding: str
    characters_left: int
    messages: int
    gateway: str | None
    recipients: tuple[str, ...] = ()


class _Offer(NamedTuple):
    commands: Sequence[Command | Rejection]
    packet: Packet | None
    accepted: asyncio.Future[None]


class Outbox:
    """The way in for commands, from whatever side. ``committed`` is called after each commit that added work."""

    def __init__(
        self,
        store: Store,
        intake: Intake,
        book: AddressBook,
        router: Router,
        *,
        committed: Callable[[], None],
        now: Callable[[], float],
    ) -> None:
        self._store = store
        self._intake = intake
        self._book = book
        self._router = router
        self._committed = committed
        self._now = now
        self._offers: list[_Offer] = []
        self._committing: asyncio.Task[None] | None = None
        self._quiet = asyncio.Event()
        self._quiet.set()

    async def quiet(self) -> None:
        """Wait until no command is on its way to its commit."""
        await self._quiet.wait()

    async def accept(self, commands: Sequence[Command | Rejection], packet: Packet | None) -> None:
        """Commit the commands of one PUBLISH, each judged alone; returns after the commit.

        What is offered while a commit is under way shares the next one. Raises
        :class:`~sms_bridge.store.base.StoreError`: then nothing of it is kept and it must not be acknowledged.
        """
        offer = _Offer(commands, packet, asyncio.get_running_loop().create_future())
        self._offers.append(offer)
        if self._committing is None:
            self._quiet.clear()
            self._committing = asyncio.create_task(self._commit_offers(), name="commands")
        await offer.accepted

    async def _commit_offers(self) -> None:
        while self._offers:
            offers, self._offers = self._offers, []
            await self._commit(offers)
        self._committing = None
        self._quiet.set()

    async def _commit(self, offers: Sequence[_Offer]) -> None:
        def unit(tx: Transaction) -> None:
            for offer in offers:
                self._intake.accept(tx, offer.commands, offer.packet, self._now())

        try:
            await self._store.write("accept", unit)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the offers' makers', never this task's
            if isinstance(error, StoreError) or len(offers) == 1:
                _answer(offers, error)
                return
            # A fault of ours with one of them must not concern the others.
            for offer in offers:
                await self._commit([offer])
            return
        _answer(offers, None)
        self._committed()

    async def forget_packets(self) -> None:
        """The broker began a new session: its packet identifiers mean other packets."""
        await self._store.write("forget_packets", lambda tx: tx.forget_packets())

    async def packets_acknowledged(self, packet_ids: Sequence[int]) -> None:
        """The broker is known to have our acknowledgement of these packets: they cannot be redelivered."""
        await self._store.write("packets_acknowledged", lambda tx: _forget(tx, packet_ids))

    async def cancel(self, message_id: str) -> list[str]:
        """Cancel a message, or those of a group that still can be; returns the ids that are cancelled.

        Raises :class:`UnknownIdError` or, when nothing could be cancelled, :class:`NotPossibleError`.
        """
        cancelled = await self._store.write("cancel", lambda tx: self._cancel(tx, message_id))
        self._committed()
        return cancelled

    async def resend(self, message_id: str) -> list[str]:
        """Queue a failed, expired or unknown message (or those of a group) again; returns their ids.

        Raises :class:`UnknownIdError` or :class:`NotPossibleError`.
        """
        queued = await self._store.write("resend", lambda tx: self._resend(tx, message_id))
        self._committed()
        return queued

    def quote(self, command: Command, usable: frozenset[str]) -> Quote | Error:
        """What a command would cost in segments, and which usable gateway would take it; nothing is committed."""
        try:
            segments, encoding, left = self._intake.size(command)
        except TextTooLongError as too_long:
            return Error(code=ErrorCode.TOO_LONG, message=str(too_long))
        members = self._book.resolve(command.to)
        takers: dict[str, str] = {}
        for member in members:
            if isinstance(member, Unresolved):
                return member.error
            route = self._router.route(command, member)
            if isinstance(route, Error):
                return route
            names = [name for step in route for name in step]
            takers[member.number] = next((name for name in names if name in usable), names[0])
        gateway = next(iter(takers.values()), None)
        return Quote(
            segments=segments,
            encoding=encoding,
            characters_left=left,
            messages=len(members),
            gateway=gateway,
            recipients=tuple(takers) if set(takers.values()) == {gateway} else (),
        )

    def _cancel(self, tx: Transaction, message_id: str) -> list[str]:
        found = _find(tx, message_id)
        now = self._now()
        error = Error(code=ErrorCode.CANCELLED, message="cancelled on request")
        cancellable = [
            message
            for message in found
            if message.phase in _CANCELLABLE and message.state is not State.UNKNOWN
        ]
        if not cancellable:
            states = ", ".join(sorted({message.state.value for message in found}))
            raise NotPossibleError(f"too late to cancel: {message_id} is {states}")
        for message in cancellable:
            move(tx, message, State.CANCELLED, now=now, error=error, final=True)
        return [message.id for message in cancellable]

    def _resend(self, tx: Transaction, message_id: str) -> list[str]:
        found = _find(tx, message_id)
        wanted = [message for message in found if message.final and message.state in _RESENDABLE]
        if not wanted:
            states = ", ".join(sorted({message.state.value for message in found}))
            raise NotPossibleError(
                f"only a failed, expired or unknown message can be sent again: {message_id} is {states}"
            )
        if any(message.text is None and message.data is None for message in wanted):
            raise NotPossibleError(f"the text of {message_id} has been erased; send it as a new message")
        if not all(self._router.leads_anywhere(message.route) for message in wanted):
            raise NotPossibleError(
                f"the gateways of {message_id} are no longer configured; send it as a new message"
            )
        now = self._now()
        return [requeue(tx, message, now=now).id for message in wanted]


def _answer(offers: Sequence[_Offer], error: Exception | None) -> None:
    for offer in offers:
        if offer.accepted.done():  # cancelled meanwhile
            continue
        if error is None:
            offer.accepted.set_result(None)
        else:
            offer.accepted.set_exception(error)


def _forget(tx: Transaction, packet_ids: Sequence[int]) -> None:
    for packet_id in packet_ids:
        tx.forget_packet(packet_id)


def _find(tx: Transaction, message_id: str) -> Sequence[Message]:
    single = tx.message_by_id(message_id)
    found: Sequence[Message] = tx.group(message_id) if single is None else (single,)
    if not found:
        raise UnknownIdError(f"no message has the id {message_id}")
    return found
