"""One account at a provider while it is open: its HTTP session, its client, its callbacks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import aiohttp

from sms_bridge.routing.link import InboundSegment
from sms_providers.callbacks import CallbackReceiver
from sms_providers.inbound import to_raw
from sms_providers.model import Error, ErrorCode, NoAnswer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sms_bridge.routing.link import Inlet
    from sms_providers.model import DeliveryReport, Outcome
    from sms_providers.provider import Outgoing, Provider, Received

#: Seconds for which an idle connection is kept: less than any common server keeps it (gunicorn: 2 s), so that a
#: request does not leave on a connection that is just being closed.
_KEEP_ALIVE: Final = 1.5


class Account:
    """A provider's client on a session of its own. Made in a running loop; :meth:`close` ends it."""

    def __init__(self, make_provider: Callable[[aiohttp.ClientSession], Provider], inlet: Inlet) -> None:
        # Without cookies: a provider must see our credentials, and nothing that another answer left.
        self._session = aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(),
            connector=aiohttp.TCPConnector(keepalive_timeout=_KEEP_ALIVE),
        )
        self.provider = make_provider(self._session)
        self.receiver = CallbackReceiver(self.provider, InletSink(inlet))
        self._sending: set[asyncio.Task[Sequence[Outcome]]] = set()

    async def send(self, batch: Sequence[Outgoing]) -> Sequence[Outcome]:
        """Send; where :meth:`close` could not wait for the answer, it is unknown."""
        sending = asyncio.create_task(self.provider.send(batch))
        self._sending.add(sending)
        try:
            await asyncio.wait((sending,))
        finally:
            sending.cancel()
            self._sending.discard(sending)
        if not sending.cancelled():
            return sending.result()
        lost = Error(
            code=ErrorCode.TIMEOUT, message="the bridge stopped before the answer came", temporary=True
        )
        return [NoAnswer(error=lost)] * len(batch)

    async def close(self, finish_within: float) -> None:
        """Wait for the answers of what is being sent, at most so many seconds, and close the session."""
        if self._sending:
            _, late = await asyncio.wait(tuple(self._sending), timeout=finish_within)
            for sending in late:
                sending.cancel()
        await self._session.close()


class InletSink:
    """The :class:`~sms_providers.callbacks.CallbackSink` that hands everything to the router."""

    def __init__(self, inlet: Inlet) -> None:
        self._inlet = inlet

    async def expects(self, report: DeliveryReport) -> bool:
        """See :class:`~sms_providers.callbacks.CallbackSink`."""
        return await self._inlet.expects(report)

    async def report(self, report: DeliveryReport) -> None:
        """See :class:`~sms_providers.callbacks.CallbackSink`."""
        await self._inlet.report(report)

    async def received(self, received: Received) -> None:
        """See :class:`~sms_providers.callbacks.CallbackSink`; its key tells what comes twice."""
        await self._inlet.received(
            InboundSegment(
                raw=to_raw(received),
                message=received.message,
                concat=received.concat,
                event_key=received.key,
            )
        )
