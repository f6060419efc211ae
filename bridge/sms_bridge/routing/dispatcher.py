"""Moves messages from the outbox to the links: workers of each gateway, as many as it takes submissions at once."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Final

from sms_bridge.routing.commit import commit_surely
from sms_bridge.routing.timers import recover
from sms_bridge.store.base import StoreError
from sms_providers.model import Error, ErrorCode, NoAnswer, Refused, Taken

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sms_bridge.routing.attempts import Attempts
    from sms_bridge.routing.gateways import Gateways
    from sms_bridge.routing.limits import Pace
    from sms_bridge.routing.link import Inlet, Link, Submission
    from sms_bridge.store.base import Store, Transaction
    from sms_providers.model import Outcome

    Finished = Sequence[tuple[Submission, Outcome]]

_LOG: Final = logging.getLogger(__name__)
#: Pause of a worker whose store cannot be read, in seconds.
_STORE_PAUSE: Final = 5.0
#: A link has 8 s to finish its segment (bridge contract, ``run``); what it says then is still written down.
_STOP_TIMEOUT: Final = 10.0


class Dispatcher:
    """Runs the links. ``committed`` is called after each commit that may have added events."""

    def __init__(
        self,
        store: Store,
        gateways: Gateways,
        *,
        attempts: Attempts,
        pace: Pace,
        committed: Callable[[], None],
        now: Callable[[], float],
    ) -> None:
        self._store = store
        self._gateways = gateways
        self._attempts = attempts
        self._pace = pace
        self._committed = committed
        self._now = now
        self._wake = {name: asyncio.Event() for name in gateways.links}
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False
        self._usable = gateways.usable()
        self._sent_times: deque[float] = deque()

    async def start(self, inlets: Mapping[str, Inlet]) -> None:
        """Settle what the last run left open, then start every link and its worker."""
        recovered = await self._store.write("recover", lambda tx: recover(tx, self._attempts, self._now()))
        if recovered:
            _LOG.warning("%d messages were in a gateway's hands when the bridge stopped", recovered)
        self._committed()
        for name, link in self._gateways.links.items():
            await link.start(inlets[name])
            self._tasks.extend(
                asyncio.create_task(self._work(link), name=f"gateway {name}") for _ in range(link.parallel)
            )

    async def stop(self) -> None:
        """Let every link finish the segment in its hands, and write down what became of it."""
        self._stopping = True
        self.wake()
        stops = [asyncio.create_task(link.stop()) for link in self._gateways.links.values()]
        if not stops:
            return
        finished, late = await asyncio.wait((*stops, *self._tasks), timeout=_STOP_TIMEOUT)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        for task in finished:
            if (error := task.exception()) is not None:
                _LOG.error("a gateway did not stop as it should", exc_info=error)

    def wake(self) -> None:
        """There may be work: a message was committed, a gateway changed."""
        for event in self._wake.values():
            event.set()

    def gateway_changed(self, _name: str) -> None:
        """A gateway may have become usable, or another's turn may have come."""
        usable = self._gateways.usable()
        if usable != self._usable:
            self._usable = usable
            self.wake()

    def is_alive(self) -> bool:
        """Whether every worker still runs."""
        return all(not task.done() for task in self._tasks)

    def sent_last_minute(self) -> int:
        """Messages that gateways took within the last minute."""
        while self._sent_times and self._sent_times[0] < self._now() - 60:
            self._sent_times.popleft()
        return len(self._sent_times)

    async def _work(self, link: Link) -> None:
        """Claim, submit, settle; the next claim shares the commit of the settlement."""
        finished: Finished = ()
        while not self._stopping or finished:
            self._wake[link.name].clear()
            wanted = 0 if self._stopping or not self._gateways.is_usable(link.name) else link.max_batch
            async with self._pace.turn():
                granted = self._pace.take(wanted) if wanted else 0
                batch = await (
                    self._settle(link, finished, granted) if finished else self._claim(link, granted)
                )
                self._pace.give_back(granted - len(batch))
            finished = ()
            if batch:
                finished = await self._submit(link, batch)
            elif not self._stopping:
                await self._idle(link, paced=bool(wanted) and not granted)

    async def _submit(self, link: Link, batch: Sequence[Submission]) -> Finished:
        try:
            outcomes = await link.submit(batch, self._segment_taken)
            finished = tuple(zip(batch, outcomes, strict=True))
        except Exception:  # noqa: BLE001 - a fault of ours with one message must not end the gateway's work
            _LOG.exception("%s: a message could not be handed over", link.name)
            # Whether anything left is unknown.
            fault = Error(code=ErrorCode.INTERNAL, message="the bridge has a fault; its log tells more")
            return [(submission, NoAnswer(error=fault)) for submission in batch]
        for _, outcome in finished:
            if isinstance(outcome, Refused) and outcome.retry_after is not None:
                self._gateways.throttle(link.name, outcome.retry_after)
        return finished

    async def _idle(self, link: Link, *, paced: bool) -> None:
        """Wait for work, for the pace, or for the end of a gateway's throttling."""
        waits = [self._pace.wait()] if paced else []
        if throttled := self._gateways.throttled_for(link.name):
            waits.append(throttled)
        try:
            async with asyncio.timeout(max(waits) if waits else None):
                await self._wake[link.name].wait()
        except TimeoutError:
            return

    async def _claim(self, link: Link, limit: int) -> Sequence[Submission]:
        if not limit:
            return ()
        usable = self._gateways.usable()
        unit = partial(self._attempts.claim, gateway=link.name, usable=usable, limit=limit, now=self._now())
        try:
            return await self._store.write("claim", unit)
        except StoreError as error:
            _LOG.error("%s; %s sends nothing until the store works", error, link.name)
            await asyncio.sleep(_STORE_PAUSE)
            return ()

    async def _settle(self, link: Link, finished: Finished, limit: int) -> Sequence[Submission]:
        """Write down what became of a batch, and claim the next one in the same unit: one wait for the disk."""
        now, usable = self._now(), self._gateways.usable()

        def settle(tx: Transaction) -> None:
            for submission, outcome in finished:
                self._attempts.settle(tx, submission.row, submission.attempt, outcome, usable=usable, now=now)

        def settle_and_claim(tx: Transaction) -> Sequence[Submission]:
            settle(tx)
            # By the time of the commit: a full disk may have held it up.
            return self._attempts.claim(tx, link.name, usable, limit, self._now()) if limit else ()

        try:
            batch = await commit_surely(self._store, "settle", settle_and_claim)
        except Exception:
            # A fault in claiming must not undo what the gateway has said of others.
            await commit_surely(self._store, "settle", settle)
            raise
        taken = sum(isinstance(outcome, Taken) for _, outcome in finished)
        self._sent_times.extend([now] * taken)
        if taken < len(finished):
            self.wake()
        self._gateways.touch(link.name)
        self._committed()
        return batch

    async def _segment_taken(self, row: int, seqno: int, reference: str) -> None:
        unit = partial(
            self._attempts.segment_taken, row=row, seqno=seqno, reference=reference, now=self._now()
        )
        await commit_surely(self._store, "segment", unit)
