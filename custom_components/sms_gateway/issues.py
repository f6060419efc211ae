"""Repair notices that follow from the state of a backend: each appears once and goes away by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from homeassistant.core import callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_call_later

from .backend.model import Feature
from .const import BRIDGE_API, CONF_LOW_BALANCE, DOMAIN

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator
    from datetime import datetime

    from homeassistant.core import HomeAssistant

    from .backend.model import Balance, GatewayState, Snapshot
    from .coordinator import SmsGatewayConfigEntry

#: How long a gateway may be offline before the user is asked to look at it: longer than any restart or bad reception.
OFFLINE_TIME: Final = timedelta(hours=1)


class Issues:
    """Keeps the notices of one config entry; :meth:`update` gets every snapshot."""

    def __init__(self, hass: HomeAssistant, entry: SmsGatewayConfigEntry) -> None:
        self._hass = hass
        self._entry = entry
        self._snapshot: Snapshot
        self._shown: set[str] = set()
        self._waiting: dict[str, Callable[[], None]] = {}

    @callback
    def update(self, snapshot: Snapshot) -> None:
        """Make the notices fit the present state. What cannot be known while the backend is away stays as it is."""
        self._snapshot = snapshot
        self._check_interface(snapshot)
        self._check_callbacks(snapshot)
        if snapshot.connected:
            self._check_balances(snapshot)
            self._check_gateways(snapshot)

    @callback
    def stop(self) -> None:
        """Take every notice back."""
        for cancel in self._waiting.values():
            cancel()
        self._waiting.clear()
        for issue_id in list(self._shown):
            self._clear(issue_id)

    # -- what is looked at

    def _check_interface(self, snapshot: Snapshot) -> None:
        """A bridge of another version than that which was set up."""
        issue_id = f"interface_{self._entry.entry_id}"
        if snapshot.api is None or snapshot.api == BRIDGE_API:
            self._clear(issue_id)
            return
        self._show(
            issue_id,
            "bridge_too_new" if snapshot.api > BRIDGE_API else "bridge_too_old",
            ir.IssueSeverity.ERROR,
            version=str(snapshot.version),
            api=str(snapshot.api),
            supported=str(BRIDGE_API),
        )

    def _check_callbacks(self, snapshot: Snapshot) -> None:
        """A provider that never calls, though it should: its own settings do not lead here, or nothing gets through."""
        issue_id = f"callbacks_missing_{self._entry.entry_id}"
        if snapshot.callbacks_missing:
            self._show(
                issue_id,
                "callbacks_missing",
                ir.IssueSeverity.WARNING,
                provider=str(snapshot.provider),
            )
        else:
            self._clear(issue_id)

    def _check_balances(self, snapshot: Snapshot) -> None:
        """Balances below the limit in the options; every account has the same limit."""
        limit = self._entry.options.get(CONF_LOW_BALANCE)
        low = {
            f"low_balance_{self._entry.entry_id}_{key}": (name, balance)
            for key, name, balance in self._balances(snapshot)
            if limit is not None and balance.amount < limit
        }
        for issue_id, (name, balance) in low.items():
            self._show(
                issue_id,
                "low_balance",
                ir.IssueSeverity.WARNING,
                gateway=name,
                balance=_written(balance),
                limit=f"{limit:g}",
            )
        self._clear_others(f"low_balance_{self._entry.entry_id}_", low)

    def _balances(self, snapshot: Snapshot) -> Iterator[tuple[str, str, Balance]]:
        """A key, the name and the balance of every account; a gateway's name is never empty."""
        if snapshot.balance is not None:
            yield "", self._entry.title, snapshot.balance
        for gateway in snapshot.gateways.values():
            if gateway.balance is not None:
                yield gateway.name, gateway.name, gateway.balance

    def _check_gateways(self, snapshot: Snapshot) -> None:
        """Gateways that are offline, though nobody paused them."""
        offline = {
            self._offline_id(gateway.name): gateway.name
            for gateway in snapshot.gateways.values()
            if _is_down(gateway)
        }
        for issue_id, name in offline.items():
            if issue_id not in self._waiting and not self._is_shown(issue_id):
                self._waiting[issue_id] = async_call_later(
                    self._hass, OFFLINE_TIME, self._long_offline(issue_id, name)
                )
        for issue_id in self._waiting.keys() - offline.keys():
            self._waiting.pop(issue_id)()
        self._clear_others(self._offline_id(""), offline)

    def _long_offline(self, issue_id: str, name: str) -> Callable[[datetime], None]:
        @callback
        def late(_now: datetime) -> None:
            del self._waiting[issue_id]
            if not self._snapshot.connected:
                return  # nobody knows; if it is still offline when the backend is back, its time begins anew
            gateway = self._snapshot.gateways[name]
            can_restart = Feature.RESTART in self._snapshot.features
            self._show(
                issue_id,
                "gateway_offline" if can_restart else "gateway_offline_manual",
                ir.IssueSeverity.WARNING,
                data={"entry_id": self._entry.entry_id, "gateway": name} if can_restart else None,
                gateway=name,
                detail=gateway.detail or gateway.state,
            )

        return late

    def _offline_id(self, name: str) -> str:
        return f"gateway_offline_{self._entry.entry_id}_{name}"

    # -- the registry

    def _show(
        self,
        issue_id: str,
        key: str,
        severity: ir.IssueSeverity,
        *,
        data: dict[str, str | int | float | None] | None = None,
        **placeholders: str,
    ) -> None:
        """Create a notice, or change it. With ``data`` it can be fixed by a flow of ``repairs.py``."""
        self._shown.add(issue_id)
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            issue_id,
            data=data,
            is_fixable=data is not None,
            severity=severity,
            translation_key=key,
            translation_placeholders={"name": self._entry.title, **placeholders},
        )

    def _is_shown(self, issue_id: str) -> bool:
        """Whether a notice is there; the user's repair removes it."""
        return ir.async_get(self._hass).async_get_issue(DOMAIN, issue_id) is not None

    def _clear(self, issue_id: str) -> None:
        if issue_id in self._shown:
            self._shown.remove(issue_id)
            ir.async_delete_issue(self._hass, DOMAIN, issue_id)

    def _clear_others(self, prefix: str, kept: Container[str]) -> None:
        for issue_id in [issue_id for issue_id in self._shown if issue_id.startswith(prefix)]:
            if issue_id not in kept:
                self._clear(issue_id)


def _is_down(gateway: GatewayState) -> bool:
    return not gateway.available and gateway.state != "paused"


def _written(balance: Balance) -> str:
    return f"{balance.amount} {balance.currency or 'messages'}"
