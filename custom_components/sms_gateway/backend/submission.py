"""Messages that do not wait in the queue: WhatsApp, and texts that the provider writes itself.

They are handed over while their author waits, and never a second time by themselves.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from homeassistant.util import dt as dt_util

from ..sms_providers.exceptions import ProviderError
from ..sms_providers.model import Error, ErrorCode, NoAnswer, OnUnknown, Refused, State, Taken
from .composing import expiry
from .model import new_message_id
from .record import Record

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from ..sms_providers.model import Channel, OutboundMessage, Outcome
    from .connection import Connection
    from .ledger import Ledger
    from .model import MessageStatus
    from .outbound import Outbound
    from .record import Attempt

#: Seconds that a stop waits for answers; what has none by then is unknown after the next start.
_FINISH_WITHIN: Final = 8.0


class Submissions:
    """Hands such messages over and keeps them like any other: their reports are events, their history can be asked.

    ``changed`` is called after each, for the counters.
    """

    def __init__(
        self, ledger: Ledger, outbound: Outbound, connection: Connection, changed: Callable[[], None]
    ) -> None:
        self._ledger = ledger
        self._outbound = outbound
        self._connection = connection
        self._changed = changed
        self._running: set[asyncio.Future[None]] = set()

    async def submit(
        self, message: OutboundMessage, channel: Channel, hand_over: Callable[[str], Awaitable[Sequence[str]]]
    ) -> MessageStatus:
        """Hand a message over and return what became of it: *accepted*, *failed* or *unknown*.

        ``hand_over`` gets the message's id, asks the provider, and returns the references that reports will bear. It
        may raise ProviderError. The message is on disk before it is called.
        """
        now = dt_util.utcnow()
        record = Record(
            id=new_message_id(),
            message=message,
            fingerprint="",
            created_at=now,
            expires_at=expiry(now, message.valid_for),
            segments=1,
            channel=channel,
            on_unknown=OnUnknown.HOLD,
        )
        self._ledger.add([record])
        self._outbound.created([record])
        return await self._hand_over(record, hand_over)

    async def stop(self) -> None:
        """Wait a little for answers; whoever has asked for them gets them all the same."""
        if self._running:
            await asyncio.wait(self._running, timeout=_FINISH_WITHIN)

    async def _hand_over(
        self, record: Record, hand_over: Callable[[str], Awaitable[Sequence[str]]]
    ) -> MessageStatus:
        running = asyncio.get_running_loop().create_future()
        self._running.add(running)
        attempt = self._outbound.begin(record)
        # What becomes of it if nobody waits any more for the answer.
        outcome: Outcome = NoAnswer(error=_abandoned())
        try:
            await self._ledger.commit([record])
            references = tuple(await hand_over(record.id))
            # Without a reference no report can be told to be this message's.
            outcome = Taken(references=references, state=State.ACCEPTED, final=not references)
        except ProviderError as error:
            outcome = error.outcome()
        finally:
            self._connection.sent(outcome)
            self._settle(record, attempt, outcome)
            answered = self._outbound.settled([record])
            self._running.discard(running)
            running.set_result(None)
        await self._ledger.commit([record, *answered])
        self._changed()
        return record.status()

    def _settle(self, record: Record, attempt: Attempt, outcome: Outcome) -> None:
        match outcome:
            case Taken():
                self._outbound.taken(record, attempt, outcome)
            case Refused(error=error):
                self._outbound.refused(record, attempt)
                self._outbound.end(record, State.FAILED, error)
            case NoAnswer(error=error):
                self._outbound.end(record, State.UNKNOWN, error)


def _abandoned() -> Error:
    return Error(code=ErrorCode.TIMEOUT, message="The action was stopped before the provider had answered.")
