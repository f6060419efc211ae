"""``sms-bridge simulate``: a modem without hardware, or a provider without an account."""

from __future__ import annotations

import asyncio
import importlib
import json
import signal
import sys
from typing import TYPE_CHECKING, Final, NamedTuple

from sms_bridge.simulator.command import add_modem, run_modem
from sms_providers.address import redact, redact_text

if TYPE_CHECKING:
    import argparse

    from sms_bridge.simulator.provider import ProviderServer
    from sms_bridge.simulator.provider_record import OnAir

#: Seconds from one state of a message to the next, with --auto.
_AUTO_DELAY: Final = 1.0


class _Provider(NamedTuple):
    """Places of a server and its options: ``module:class`` in the simulator."""

    server: str
    options: str


#: Imported when used: a simulated modem needs no HTTP.
PROVIDERS: Final = {
    "geniosms": _Provider("provider_geniosms:GenioSmsServer", "provider_geniosms:GenioSmsOptions"),
    "geniq": _Provider("provider_geniq:GeniqServer", "provider_geniq_account:GeniqOptions"),
    "smsgateway24": _Provider(
        "provider_smsgateway24:SmsGateway24Server", "provider_smsgateway24:SmsGateway24Options"
    ),
    "smsgic": _Provider("provider_smsgic:SmsgicServer", "provider_smsgic:SmsgicOptions"),
    "ubill": _Provider("provider_ubill:UbillServer", "provider_ubill:UbillOptions"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what follows ``simulate`` on the command line."""
    kinds = parser.add_subparsers(dest="kind", metavar="KIND", required=True)
    add_modem(kinds)
    provider = kinds.add_parser(
        "provider",
        help="a provider's HTTP interface",
        description="Simulate a provider's HTTP interface. Prints its base URL and the credentials to use, "
        "then each message that would have left.",
    )
    provider.add_argument("name", metavar="NAME", choices=sorted(PROVIDERS), help=", ".join(PROVIDERS))
    provider.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    provider.add_argument("--port", type=int, default=0, help="the port; 0 takes a free one")
    provider.add_argument("--callback-url", metavar="URL", help="where delivery reports go")
    provider.add_argument("--auto", action="store_true", help="deliver each message by and by")
    provider.add_argument("--echo", action="store_true", help="recipients reply with the text they got")
    provider.add_argument("--show", action="store_true", help="print numbers and texts in full")
    provider.add_argument("--json", action="store_true", help="print JSON lines")


def run(args: argparse.Namespace) -> int:
    """Simulate until interrupted. Exit 0, or 2 if a port or path cannot be used."""
    if args.kind == "modem":
        return run_modem(args)
    try:
        asyncio.run(_run_provider(args))
    except (OSError, OverflowError) as error:
        print(f"The provider cannot be simulated there: {error}", file=sys.stderr)
        return 2
    return 0


async def _run_provider(args: argparse.Namespace) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    server = _make(args)
    await server.start(args.host, args.port)
    _introduce(server, as_json=args.json)
    await ended.wait()
    await server.stop()


def _make(args: argparse.Namespace) -> ProviderServer:
    def tell(message: OnAir) -> None:
        _tell(message, show=args.show, as_json=args.json)

    return make_provider(
        args.name,
        callback_url=args.callback_url,
        auto=args.auto,
        auto_delay=_AUTO_DELAY,
        echo=args.echo,
        listener=tell,
    )


def make_provider(name: str, **options: object) -> ProviderServer:
    """Return a simulated provider, not yet started; ``options`` are those of its ``ProviderOptions``."""
    place = PROVIDERS[name]
    server: ProviderServer = _find(place.server)(_find(place.options)(**options))
    return server


def _find(place: str) -> type:
    module, _, name = place.partition(":")
    found: type = getattr(importlib.import_module(f"sms_bridge.simulator.{module}"), name)
    return found


def _introduce(server: ProviderServer, *, as_json: bool) -> None:
    if as_json:
        line = {
            "provider": server.name,
            "base_url": server.base_url,
            "credentials": dict(server.credentials()),
        }
        print(json.dumps(line), flush=True)
        return
    print(f"A simulated {server.name} is at {server.base_url}")
    for name, value in server.credentials().items():
        print(f"{name}: {value}")
    sys.stdout.flush()


def _tell(message: OnAir, *, show: bool, as_json: bool) -> None:
    recipient = message.recipient if show else redact(message.recipient)
    text = message.text if show else redact_text(message.text)
    if as_json:
        line = {"channel": message.channel, "recipient": recipient, "text": text, "ids": message.ids}
        print(json.dumps(line), flush=True)
    else:
        print(f"{message.channel} to {recipient} left: {text}", flush=True)
