"""A provider's account as a link: messages go to its HTTP interface, reports come back by calls or on request."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from sms_bridge.links.account import Account
from sms_bridge.links.polls import Incoming, LostAnswers, OpenReports, Surroundings
from sms_bridge.links.routine import Routine
from sms_bridge.routing.link import LinkError, LinkState, LinkStatus, UnsupportedError
from sms_providers import exceptions
from sms_providers.callbacks import CallbackResponse
from sms_providers.model import Capability, Error, ErrorCode, NoAnswer, Refused, Taken
from sms_providers.provider import Outgoing, Pricing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    import aiohttp

    from sms_bridge.routing.link import Inlet, Source, Submission, UssdAnswer
    from sms_providers.model import Balance, Outcome, Price
    from sms_providers.provider import CallbackRequest, Provider
    from sms_providers.registry import AccountProvider

_LOG: Final = logging.getLogger(__name__)
#: Bridge contract, ``run``: a stop waits this long for the answers of what is being sent, in seconds.
_FINISH_WITHIN: Final = 8.0
#: Submissions at once: a provider's answer takes a network's round trip, and its limits are unknown.
_PARALLEL: Final = 4
#: Pauses between two checks, shortest and longest, in seconds: of an account that cannot be reached, and of one that
#: is refused, where somebody has to do something first.
_UNREACHABLE: Final = (5.0, 300.0)
_REFUSED: Final = (60.0, 3_600.0)
#: Seconds until an account that answers is checked again, and the least after which a failed send has it checked.
_ROUTINE_CHECK: Final = 3_600.0
_LEAST_BETWEEN: Final = 10.0
#: Refusals that may concern the account as a whole.
_DOUBTFUL: Final = frozenset({ErrorCode.AUTH, ErrorCode.IP_DENIED, ErrorCode.NETWORK})
#: What the bridge itself can use of what providers can do; scheduling, for one, is the bridge's own.
_USABLE: Final = frozenset(
    {
        Capability.DATA,
        Capability.FLASH,
        Capability.DELIVERY_REPORT,
        Capability.INCOMING,
        Capability.ORIGINATOR,
        Capability.SIM,
        Capability.BALANCE,
        Capability.REPORT_CALLBACK,
        Capability.REPORT_POLL,
        Capability.INCOMING_CALLBACK,
        Capability.INCOMING_POLL,
        Capability.RECONCILE,
        Capability.QUOTE,
    }
)
_CALLS: Final = frozenset({Capability.REPORT_CALLBACK, Capability.INCOMING_CALLBACK})
#: Octets of a callback's secret, and the key under which it is remembered.
_SECRET_OCTETS: Final = 32
_MEMORY: Final = "callback_secret"


class ProviderLink:
    """One account at a provider. ``settings`` are what its class is made with; ``poll_interval`` is in seconds.

    ``callback_secret`` is the secret part of the path by which the provider calls, ``None`` before the start and for
    providers that never call. ``now`` gives Unix seconds.
    """

    parallel = _PARALLEL
    by_segment = False

    def __init__(
        self,
        name: str,
        provider: type[AccountProvider],
        settings: object,
        *,
        poll_interval: float,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self.kind: str = provider.kind.value
        self.max_batch = provider.max_batch
        self.options = provider.options
        self.capabilities = provider.capabilities & _USABLE
        self.callback_secret: str | None = None
        self._make_provider = partial(_make, provider, settings)
        self._poll_interval = poll_interval
        self._now = now
        self._stopping = False
        self._status = LinkStatus(state=LinkState.OFFLINE, detail="the provider has not answered yet")
        self._failures = 0
        self._checked_at = float("-inf")
        self._check = Routine(f"{name}: check", self._check_once)
        self._polls: list[Routine] = []
        self._inlet: Inlet
        self._account: Account
        self._lost: LostAnswers
        self._find: Routine

    async def start(self, inlet: Inlet) -> None:
        """See :meth:`sms_bridge.routing.link.Link.start`."""
        self._inlet = inlet
        if self.capabilities & _CALLS:
            self.callback_secret = await self._remembered_secret(inlet)
        self._account = Account(self._make_provider, inlet)
        around = Surroundings(
            inlet=inlet,
            provider=lambda: self._account.provider,
            interval=self._poll_interval,
            is_online=self._is_online,
            failed=self._poll_failed,
            now=self._now,
        )
        self._lost = LostAnswers(around)
        self._find = Routine(f"{self.name}: lost answers", self._lost.step)
        self._polls = self._make_polls(around)
        self._tell(self._status)
        self._start_routines()

    async def stop(self) -> None:
        """See :meth:`sms_bridge.routing.link.Link.stop`."""
        self._stopping = True
        await self._stop_routines()
        await self._account.close(_FINISH_WITHIN)

    async def submit(
        self,
        batch: Sequence[Submission],
        segment_taken: Callable[[int, int, str], Awaitable[None]],  # noqa: ARG002 - a provider takes wholes
    ) -> Sequence[Outcome]:
        """See :meth:`sms_bridge.routing.link.Link.submit`."""
        found = await self._lost.ask_first([given.row for given in batch])
        rest = [given for given in batch if given.row not in found]
        left = iter(await self._send(rest) if rest else ())
        return [found.get(given.row) or next(left) for given in batch]

    async def discard(self, source: Source) -> None:
        """See :meth:`sms_bridge.routing.link.Link.discard`: a provider keeps no copy that is ours to delete."""

    async def balance(self) -> Balance:
        """See :meth:`sms_bridge.routing.link.Link.balance`."""
        try:
            return await self._account.provider.balance()
        except exceptions.UnsupportedError as error:
            raise UnsupportedError(str(error)) from error
        except exceptions.ProviderError as error:
            raise LinkError(str(error)) from error

    async def price(self, text: str, recipients: Sequence[str]) -> Price | None:
        """See :meth:`sms_bridge.routing.link.Link.price`."""
        provider = self._account.provider
        if not isinstance(provider, Pricing):
            return None
        try:
            return await provider.price(text, recipients)
        except exceptions.ProviderError as error:
            raise LinkError(str(error)) from error

    async def ussd(self, code: str) -> UssdAnswer:  # noqa: ARG002 - the Link's signature
        """See :meth:`sms_bridge.routing.link.Link.ussd`."""
        raise UnsupportedError(f"{self._account.provider.title} has no USSD; a modem has")

    async def ussd_reply(self, text: str) -> UssdAnswer:
        """See :meth:`sms_bridge.routing.link.Link.ussd_reply`."""
        return await self.ussd(text)

    async def ussd_end(self) -> None:
        """See :meth:`sms_bridge.routing.link.Link.ussd_end`."""
        await self.ussd("")

    async def restart(self) -> None:
        """Begin anew with a new session and a new client, which logs in again.

        What is being sent has its time first: only the client that sends can tell it from what was lost.
        """
        await self._stop_routines()
        before, self._account = self._account, Account(self._make_provider, self._inlet)
        await before.close(_FINISH_WITHIN)
        self._failures = 0
        self._start_routines()

    def transcript(self) -> Sequence[str]:
        """See :meth:`sms_bridge.routing.link.Link.transcript`."""
        return self._account.provider.transcript()

    async def receive(self, request: CallbackRequest) -> CallbackResponse:
        """Take a request by which the provider calls; the secret of its path was right."""
        if self._stopping:
            return CallbackResponse(503, "Service Unavailable")
        return await self._account.receiver.receive(request)

    async def _send(self, batch: Sequence[Submission]) -> Sequence[Outcome]:
        if self._stopping:
            stops = Error(code=ErrorCode.GATEWAY_OFFLINE, message="the bridge stops", temporary=True)
            return [Refused(error=stops, same_gateway_again=True)] * len(batch)
        outgoing = [Outgoing(reference=given.row, message=given.message) for given in batch]
        outcomes: Sequence[Outcome] = ()
        try:
            outcomes = await self._account.send(outgoing)
        finally:
            self._judge(outcomes)
        return outcomes

    def _make_polls(self, around: Surroundings) -> list[Routine]:
        polls = []
        if Capability.REPORT_POLL in self.capabilities:
            polls.append(Routine(f"{self.name}: reports", OpenReports(around).step))
        if Capability.INCOMING_POLL in self.capabilities:
            polls.append(Routine(f"{self.name}: received messages", Incoming(around).step))
        return polls

    def _routines(self) -> list[Routine]:
        find = [self._find] if Capability.RECONCILE in self.capabilities else []
        return [self._check, *find, *self._polls]

    def _start_routines(self) -> None:
        self._lost.begin()
        for routine in self._routines():
            routine.start()

    async def _stop_routines(self) -> None:
        await asyncio.gather(*(routine.stop() for routine in self._routines()))

    async def _remembered_secret(self, inlet: Inlet) -> str:
        secret = await inlet.recall(_MEMORY)
        if secret is None:
            secret = secrets.token_hex(_SECRET_OCTETS)
            await inlet.remember(_MEMORY, secret)
        return secret

    def _judge(self, outcomes: Sequence[Outcome]) -> None:
        """See what a send says about the account; ``()`` where it ended without a word."""
        for outcome in outcomes:
            if isinstance(outcome, Taken):
                self._lost.taken(outcome)
        if not outcomes or any(isinstance(outcome, NoAnswer) for outcome in outcomes):
            self._lost.begin()
            self._find.hurry()
        if any(_is_doubtful(outcome) for outcome in outcomes):
            self._doubt()

    def _poll_failed(self, what: str, error: exceptions.ProviderError) -> None:
        _LOG.info("%s: cannot be asked for %s: %s", self.name, what, error)
        if not isinstance(error, exceptions.ThrottledError):
            self._doubt()

    def _doubt(self) -> None:
        """Something failed that may concern the account as a whole."""
        if asyncio.get_running_loop().time() - self._checked_at > _LEAST_BETWEEN:
            self._check.hurry()

    async def _check_once(self) -> float:
        """Ask whether the account answers; returns the seconds until the next time."""
        self._checked_at = asyncio.get_running_loop().time()
        pauses = _UNREACHABLE
        try:
            await self._account.provider.check()
        except exceptions.UnsupportedError:
            # Nothing can be asked without sending: it is taken to work until a send says otherwise.
            self._change(LinkState.ONLINE, None)
            return _ROUTINE_CHECK
        except exceptions.ThrottledError as error:
            if not self._is_online():
                self._change(LinkState.OFFLINE, str(error))
            return max(error.retry_after, _LEAST_BETWEEN)
        except (exceptions.AuthError, exceptions.RejectedError) as error:
            pauses = _REFUSED
            self._change(LinkState.ERROR, str(error))
        except exceptions.ProviderError as error:
            self._change(LinkState.OFFLINE, str(error))
        else:
            self._failures = 0
            self._change(LinkState.ONLINE, None)
            await self._look_at_balance()
            return _ROUTINE_CHECK
        shortest, longest = pauses
        self._failures += 1
        return min(shortest * 2.0 ** min(self._failures - 1, 10), longest)

    async def _look_at_balance(self) -> None:
        """Show what is left without being asked; an account that does not say so now is asked again next time."""
        if Capability.BALANCE in self.capabilities:
            try:
                balance = await self._account.provider.balance()
            except exceptions.ProviderError as error:
                _LOG.info("%s: cannot be asked for its balance: %s", self.name, error)
            else:
                self._tell(replace(self._status, balance=balance))

    def _is_online(self) -> bool:
        return self._status.state is LinkState.ONLINE

    def _change(self, state: LinkState, detail: str | None) -> None:
        if (state, detail) == (self._status.state, self._status.detail):
            return
        if state is not LinkState.ONLINE:
            _LOG.warning("%s: %s Last lines:\n%s", self.name, detail, "\n".join(self.transcript()))
        self._tell(replace(self._status, state=state, detail=detail))
        if state is LinkState.ONLINE:
            for routine in self._polls:
                routine.hurry()

    def _tell(self, status: LinkStatus) -> None:
        self._status = status
        self._inlet.status_changed(status)


def _is_doubtful(outcome: Outcome) -> bool:
    return isinstance(outcome, NoAnswer) or (isinstance(outcome, Refused) and outcome.error.code in _DOUBTFUL)


def _make(provider: type[AccountProvider], settings: object, session: aiohttp.ClientSession) -> Provider:
    return provider(session, settings)
