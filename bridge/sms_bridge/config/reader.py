"""From a file to a checked configuration."""

from __future__ import annotations

import os
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any, Final

from sms_bridge.config.checker import Checker
from sms_bridge.config.document import Secrets, read_yaml
from sms_bridge.config.gateways import KINDS
from sms_bridge.config.kind import GatewayConfig
from sms_bridge.config.model import Config, LogFormat, LogSettings
from sms_bridge.config.overrides import apply_environment
from sms_bridge.config.problems import ConfigError, Place, Problem
from sms_bridge.config.providers import CALLING_KINDS
from sms_bridge.mqtt.settings import (
    DiscoveryMode,
    HomeAssistantSettings,
    MqttSettings,
    Protocol,
    TlsSettings,
)
from sms_bridge.routing.settings import (
    Contact,
    Defaults,
    Limits,
    QuietHours,
    Route,
    RouteMatch,
    RoutingSettings,
)
from sms_bridge.web.settings import HttpSettings, TlsFiles
from sms_providers.model import OnUnknown, Priority

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sms_bridge.config.document import Document

#: Where a configuration is looked for when none is named, after ``$SMS_BRIDGE_CONFIG``. Never ``config.yaml``:
#: Home Assistant's Supervisor reads any file of that name as an app.
DEFAULT_FILES: Final = ("sms-bridge.yaml", "/etc/sms-bridge/sms-bridge.yaml")


#: What the checker returns: its shape is that of the tables in `schema` and `gateways`.
Tree = dict[str, Any]


def find_config(given: str | None, environment: Mapping[str, str] = os.environ) -> FilePath:
    """Return the configuration to use. Raises :class:`ConfigError` where none is named and none is found."""
    named = given or environment.get("SMS_BRIDGE_CONFIG")
    if named:
        return FilePath(named)
    for name in DEFAULT_FILES:
        if FilePath(name).is_file():
            return FilePath(name)
    message = (
        f"there is none: name one with -c FILE or $SMS_BRIDGE_CONFIG, or make ./{DEFAULT_FILES[0]} "
        f"or {DEFAULT_FILES[1]}"
    )
    raise ConfigError([Problem(place=Place("configuration"), key="", message=message)])


def load(path: FilePath, environment: Mapping[str, str] = os.environ) -> Config:
    """Read, complete and check a configuration. Raises :class:`ConfigError` with every problem at once."""
    secrets = Secrets(path.parent, environment)
    document = read_yaml(path, secrets)
    apply_environment(document, environment)
    values = Checker(document, secrets).check()
    _judge_http(document, values)
    if document.problems:
        raise ConfigError(sorted(document.problems, key=lambda problem: _order(problem, str(path))))
    values["store"]["url"] = _absolute(values["store"]["url"], path.parent)
    return _build(values, (*secrets.warnings, *document.warnings))


def _absolute(store_url: str, folder: FilePath) -> str:
    """A store's relative path starts at the configuration, so that every command finds the same."""
    scheme, _, path = store_url.partition("sqlite:///")
    return f"{scheme}sqlite:///{(folder / path).absolute()}"


def _order(problem: Problem, source: str) -> tuple[bool, str, int]:
    return (problem.place.source != source, problem.place.source, problem.place.line or 0)


#: Keys that mean something only to a web server.
_SERVED: Final = ("public_url", "token", "tls")


def _judge_http(document: Document, values: Tree) -> None:
    """Warn of keys without effect, and of providers that have no way to tell what became of a message."""
    http = values["http"]
    if http.get("listen") is None:
        for name in _SERVED:
            if http.get(name) is not None:
                document.warn(("http", name), "this has no effect without http.listen")
    elif http.get("token") is not None:
        document.warn(("http", "token"), "this has no effect in this version")
    if http.get("listen") is not None and http.get("public_url") is not None:
        return
    for name, (kind, _) in values["gateways"].items():
        if kind in CALLING_KINDS:
            document.warn(
                ("gateways", name),
                "only a call of the provider tells whether a message was delivered; set http.listen and "
                f"http.public_url, and give the provider the address that `sms-bridge gateway {name}` shows",
            )


def _build(values: Tree, warnings: tuple[Problem, ...]) -> Config:
    mqtt: Tree = dict(values["mqtt"])
    log = values["log"]
    mqtt["tls"] = _tls(mqtt["tls"])
    mqtt["admin"] = tuple(mqtt["admin"])
    mqtt["protocol"] = Protocol(mqtt["protocol"])
    return Config(
        instance=values["instance"],
        mqtt=MqttSettings(instance=values["instance"], valid_for=values["defaults"]["valid_for"], **mqtt),
        homeassistant=_homeassistant(values["homeassistant"]),
        store_url=values["store"]["url"],
        routing=_routing(values),
        gateways={name: _gateway(name, kind, given) for name, (kind, given) in values["gateways"].items()},
        http=_http(values["http"]),
        log=LogSettings(level=log["level"], format=LogFormat(log["format"]), texts=log["texts"]),
        warnings=warnings,
    )


def _tls(given: Tree) -> TlsSettings | None:
    """Encryption is on as soon as one of its keys is set; ``ca: system`` sets one and trusts the system's."""
    if not any(given.values()):
        return None
    return TlsSettings(**{**given, "ca": None if given["ca"] == "system" else given["ca"]})


def _http(given: Tree) -> HttpSettings:
    listen, tls = given["listen"], given["tls"]
    if listen is not None:
        host, _, port = listen.rpartition(":")
        # RFC 3986 clause 3.2.2: an IPv6 address stands in brackets.
        listen = (host.removeprefix("[").removesuffix("]"), int(port))
    return HttpSettings(
        listen=listen,
        public_url=given["public_url"],
        token=given["token"],
        tls=None if tls is None else TlsFiles(**tls),
    )


def _homeassistant(given: Tree) -> HomeAssistantSettings:
    return HomeAssistantSettings(discovery=DiscoveryMode(given["discovery"]), prefix=given["prefix"])


def _gateway(name: str, kind: str, given: Tree) -> GatewayConfig:
    return GatewayConfig(name=name, kind=kind, maker=KINDS[kind].maker, settings=KINDS[kind].build(given))


def _routing(values: Tree) -> RoutingSettings:
    defaults, limits = values["defaults"], dict(values["limits"])
    quiet = limits.pop("quiet_hours")
    return RoutingSettings(
        defaults=Defaults(**{**defaults, "on_unknown": OnUnknown(defaults["on_unknown"])}),
        gateways=tuple(values["gateways"]),
        contacts={name: Contact(name=name, **given) for name, given in values["contacts"].items()},
        groups=values["groups"],
        routes=tuple(map(_route, values["routes"])),
        limits=Limits(**limits, quiet_hours=quiet and QuietHours(start=quiet["from"], end=quiet["to"])),
        allow=tuple(values["allow"]),
        deny=tuple(values["deny"]),
        allow_emergency=values["allow_emergency"],
        keep_texts=values["store"]["keep_texts"] == "days",
        keep_days=values["store"]["keep_days"],
        verbose_states=values["mqtt"]["verbose_states"],
        **values["incoming"],
    )


def _route(given: Tree) -> Route:
    match = given["match"]
    return Route(
        match=RouteMatch(
            prefix=tuple(match["prefix"]),
            priority=tuple(Priority[word.upper()] for word in match["priority"]),
        ),
        use=given["use"],
    )
