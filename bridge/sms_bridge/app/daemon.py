"""The daemon: starts the rooms, stays until it is told to stop, stops them in an order that loses nothing."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from typing import TYPE_CHECKING, Final

from sms_bridge.app.sd_notify import READY, STOPPING, WATCHDOG, ServiceManager
from sms_bridge.app.wiring import build
from sms_bridge.control import ControlError
from sms_bridge.mqtt.errors import FatalMqttError
from sms_bridge.store import open_store
from sms_bridge.store.base import StoreError
from sms_bridge.web.errors import WebError

if TYPE_CHECKING:
    from sms_bridge.config import Config
    from sms_bridge.routing.engine import Routing
    from sms_bridge.store.base import Store

_LOG: Final = logging.getLogger(__name__)
#: Seconds between two looks at whether all parts are alive, where systemd does not say how often it wants to know.
_LOOK: Final = 10.0


class DaemonError(Exception):
    """The bridge cannot start or go on; the message says why and what to do."""


async def serve(config: Config, manager: ServiceManager | None = None) -> None:
    """Run a bridge until SIGTERM or SIGINT. Raises :class:`DaemonError`."""
    daemon = Daemon(config, manager or ServiceManager())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, daemon.end)
    loop.add_signal_handler(signal.SIGHUP, daemon.decline_reload)
    await daemon.run()


class Daemon:
    """One bridge in this process. ``manager`` hears of its life."""

    def __init__(self, config: Config, manager: ServiceManager) -> None:
        self._config = config
        self._manager = manager
        self._ended = asyncio.Event()
        self._fault: str | None = None

    def end(self, fault: str | None = None) -> None:
        """Stop soon; with a ``fault``, by :class:`DaemonError`."""
        self._fault = self._fault or fault
        self._ended.set()

    def decline_reload(self) -> None:
        """SIGHUP asks for what this version cannot do."""
        _LOG.warning("SIGHUP: this version does not reload its configuration; restart the bridge")

    async def run(self) -> None:
        """Start, stay, stop."""
        for warning in self._config.warnings:
            _LOG.warning("%s", warning)
        async with contextlib.AsyncExitStack() as stack:
            try:
                await self._start(stack)
            except (StoreError, ControlError, FatalMqttError, WebError) as error:
                raise DaemonError(str(error)) from error
            self._manager.notify(READY)
            await self._ended.wait()
            self._manager.notify(STOPPING)
            _LOG.info("The bridge stops")
        if self._fault is not None:
            raise DaemonError(self._fault)

    async def _start(self, stack: contextlib.AsyncExitStack) -> None:
        """Start the rooms. What is pushed last stops first: no commands, no calls, then the links, then ``offline``."""
        store = open_store(self._config.store_url)
        await store.open()
        stack.push_async_callback(store.close)
        rooms = await build(self._config, store, lambda error: self.end(str(error)))
        await rooms.control.start()
        stack.push_async_callback(rooms.control.stop)
        await rooms.mqtt.start()
        stack.push_async_callback(rooms.mqtt.stop)
        await rooms.routing.start()
        stack.push_async_callback(rooms.routing.stop)
        if rooms.web is not None:
            await rooms.web.start()
            stack.push_async_callback(rooms.web.stop)
        stack.push_async_callback(rooms.mqtt.stop_commands)
        watch = asyncio.create_task(self._watch(rooms.routing, store), name="watchdog")
        stack.callback(watch.cancel)
        _LOG.info("The bridge %s runs; gateways: %s", self._config.instance, ", ".join(self._config.gateways))

    async def _watch(self, routing: Routing, store: Store) -> None:
        """Tell systemd that the loop, the store's writer and the gateways' workers are alive, while they are."""
        interval = self._manager.watchdog_interval()
        while True:
            if not routing.is_alive():
                self.end("a gateway's worker has failed; the log before says why")
            elif store.commit_age() > 2 * (interval or _LOOK):
                _LOG.critical("The store's writer has not answered for %.0f s", store.commit_age())
            elif interval is not None:
                self._manager.notify(WATCHDOG)
            await asyncio.sleep(interval or _LOOK)
