"""The configured links and what is known of them: state, pauses, throttling, balances."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from sms_bridge.routing.link import LinkState, LinkStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sms_bridge.routing.link import Link
    from sms_bridge.store.base import Store
    from sms_providers.model import Balance

#: Key under which a gateway's pause is remembered over restarts.
_PAUSED: Final = "paused"


@dataclass(slots=True)
class _Standing:
    status: LinkStatus = field(default_factory=lambda: LinkStatus(state=LinkState.OFFLINE))
    paused: bool = False
    throttled_until: float = 0.0
    balance: Balance | None = None


class Gateways:
    """All links by name, in the order of the configuration. ``clock`` gives seconds that never jump."""

    def __init__(self, links: Mapping[str, Link], store: Store, clock: Callable[[], float]) -> None:
        self.links = links
        self._store = store
        self._clock = clock
        self._standing = {name: _Standing() for name in links}
        self._listeners: list[Callable[[str], None]] = []

    async def load(self) -> None:
        """Read which gateways were paused when the bridge stopped."""
        paused = await self._store.read(
            lambda tx: [name for name in self.links if tx.recall(name, _PAUSED) is not None]
        )
        for name in paused:
            self._standing[name].paused = True

    def subscribe(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Call ``listener(name)`` after each change of a gateway; returns the unsubscribe."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def status(self, name: str) -> LinkStatus:
        """What the gateway says of itself; ``paused`` where an administrator said so."""
        standing = self._standing[name]
        return replace(standing.status, state=LinkState.PAUSED) if standing.paused else standing.status

    def status_changed(self, name: str, status: LinkStatus) -> None:
        """The link says something else of itself."""
        standing = self._standing[name]
        if standing.status != status:
            standing.status = status
            standing.balance = status.balance or standing.balance
            self._tell(name)

    def balance(self, name: str) -> Balance | None:
        """The balance as last told."""
        return self._standing[name].balance

    async def ask_balance(self, name: str) -> Balance:
        """Ask the gateway; raises :class:`~sms_bridge.routing.link.LinkError`."""
        balance = await self.links[name].balance()
        self._standing[name].balance = balance
        self._tell(name)
        return balance

    async def pause(self, name: str, *, paused: bool) -> None:
        """Give a gateway no more messages, or again; kept over restarts."""
        value = "yes" if paused else None
        await self._store.write("pause", lambda tx: tx.remember(name, _PAUSED, value))
        self._standing[name].paused = paused
        self._tell(name)

    def throttle(self, name: str, seconds: float) -> None:
        """The gateway asked to be left alone for so long; of several requests at once the longest counts."""
        standing = self._standing[name]
        standing.throttled_until = max(standing.throttled_until, self._clock() + seconds)

    async def restart(self, name: str) -> None:
        """Restart a gateway; what it asked for before is over. Raises :class:`~sms_bridge.routing.link.LinkError`."""
        await self.links[name].restart()
        self._standing[name].throttled_until = 0.0
        self._tell(name)

    def throttled_for(self, name: str) -> float:
        """Seconds for which a gateway still wants to be left alone."""
        return max(0.0, self._standing[name].throttled_until - self._clock())

    def is_usable(self, name: str) -> bool:
        """Whether a message may be given to this gateway now."""
        standing = self._standing[name]
        return (
            standing.status.state is LinkState.ONLINE
            and not standing.paused
            and standing.throttled_until <= self._clock()
        )

    def usable(self) -> frozenset[str]:
        """The gateways that a message may be given to now."""
        return frozenset(name for name in self.links if self.is_usable(name))

    def touch(self, name: str) -> None:
        """A counter of this gateway has changed."""
        self._tell(name)

    def _tell(self, name: str) -> None:
        for listener in tuple(self._listeners):
            listener(name)
