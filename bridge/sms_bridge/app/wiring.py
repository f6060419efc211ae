"""Builds the rooms from a configuration and joins them; nothing is started here but the store, which all stand on."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sms_bridge import __version__
from sms_bridge.app.machine import MachineAdministration
from sms_bridge.config.public import public_configuration
from sms_bridge.control import ControlServer, control_folder
from sms_bridge.mqtt.bridge import MqttSide
from sms_bridge.mqtt.devices import Devices, GatewayTraits
from sms_bridge.mqtt.discovery import Discovery
from sms_bridge.mqtt.send import read_untransported
from sms_bridge.mqtt.topics import Topics
from sms_bridge.routing.administration import Administration
from sms_bridge.routing.engine import Routing
from sms_bridge.web.callbacks import Callee

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sms_bridge.config import Config
    from sms_bridge.mqtt.errors import FatalMqttError
    from sms_bridge.routing.command import Command, Rejection
    from sms_bridge.routing.link import Joiner, Link
    from sms_bridge.store.base import Store
    from sms_bridge.web.server import WebServer

#: Seconds for which the store's writer, which shows itself every few, may be silent in a healthy bridge.
_STORE_SILENCE: Final = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    """The parts of one bridge on one open store. ``web`` is there where the configuration lets it listen."""

    routing: Routing
    mqtt: MqttSide
    control: ControlServer
    web: WebServer | None


async def build(config: Config, store: Store, failed: Callable[[FatalMqttError], None]) -> Rooms:
    """Make and join the rooms on an open store; ``failed`` is called where the MQTT side cannot go on."""
    links, joiners, currencies = _links(config)
    routing = Routing(config.routing, links, store, joiners=joiners, instance=config.instance)

    def read_send(members: Mapping[str, object]) -> Command | Rejection:
        return read_untransported(members, config.routing.defaults.valid_for)

    def details() -> Mapping[str, object]:
        return {"gateways": _describe(links), "configuration": public_configuration(config)}

    async def health() -> Mapping[str, object]:
        return await mqtt.health()

    discovery = _discovery(config, links, currencies, store)
    administration = Administration(
        store=store,
        settings=config.routing,
        outbox=routing.outbox,
        gateways=routing.gateways,
        board=routing.board,
        read_send=read_send,
        health=health,
        show_entities=discovery.enable,
    )
    mqtt = MqttSide(
        config.mqtt,
        version=__version__,
        epoch=await store.read(lambda tx: tx.epoch),
        outbox=routing.outbox,
        events=routing.publication,
        board=routing.board,
        administration=administration,
        discovery=discovery,
        details=details,
        failed=failed,
    )
    callees = {name: link for name, link in links.items() if isinstance(link, Callee)}
    local = MachineAdministration(administration, callees, config.http)
    return Rooms(
        routing=routing,
        mqtt=mqtt,
        control=ControlServer(control_folder(config.store_url), local),
        web=_web(config, callees, lambda: routing.is_alive() and store.commit_age() < _STORE_SILENCE),
    )


def _web(config: Config, callees: Mapping[str, Callee], alive: Callable[[], bool]) -> WebServer | None:
    if config.http.listen is None:
        return None
    from sms_bridge.web.server import WebServer  # noqa: PLC0415 - aiohttp is loaded only where it is needed

    return WebServer(config.http, callees, alive)


def _links(config: Config) -> tuple[dict[str, Link], dict[str, Joiner], dict[str, str | None]]:
    """The configured links by name, joiners by type, currencies by name; only what is configured is imported."""
    links: dict[str, Link] = {}
    joiners: dict[str, Joiner] = {}
    currencies: dict[str, str | None] = {}
    for name, gateway in config.gateways.items():
        maker = importlib.import_module(gateway.maker)
        links[name] = maker.make(name, gateway.settings)
        joiners[gateway.kind] = maker.join
        currencies[name] = maker.currency(gateway.settings)
    return links, joiners, currencies


def _discovery(
    config: Config, links: Mapping[str, Link], currencies: Mapping[str, str | None], store: Store
) -> Discovery:
    devices = Devices(
        Topics(config.mqtt.base_topic, config.instance),
        prefix=config.homeassistant.prefix,
        version=__version__,
        admin=config.mqtt.admin,
        gateways={
            name: GatewayTraits(kind=link.kind, capabilities=link.capabilities, currency=currencies[name])
            for name, link in links.items()
        },
    )
    return Discovery(config.homeassistant, devices, store)


def _describe(links: Mapping[str, Link]) -> dict[str, object]:
    return {
        name: {"type": link.kind, "capabilities": sorted(link.capabilities)} for name, link in links.items()
    }
