"""An account at a simulated provider, with a bridge, a broker and a modem before it."""

from __future__ import annotations

import re
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeVar

from sms_bridge.simulator.provider import ProviderServer
from tests.e2e.client import wait_for
from tests.e2e.world import World
from tests.support.mosquitto import free_port
from tests.support.provider_requests import Requests
from tests.support.provider_thread import ProviderThread

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from types import TracebackType

    from sms_bridge.simulator.provider_record import OnAir
    from tests.e2e.client import Client
    from tests.e2e.providers.kits import Kit
    from tests.e2e.world import Bridge, Json

Server = TypeVar("Server", bound=ProviderServer)
Result = TypeVar("Result")

#: The gateways' names in the configuration.
CLOUD: Final = "cloud"
STICK: Final = "stick"
#: Recipients for whom one is the substitute of the other.
CLOUD_FIRST: Final = "+491571"
STICK_FIRST: Final = "+491572"
#: Seconds between two looks for reports, and until an answer counts as lost. The smallest that there are.
POLL: Final = 1
RESPONSE: Final = 1
#: Seconds that a lost answer is waited for: the second question to a provider that can tell falls into it.
GRACE: Final = 2


class Account(Generic[Server]):
    """The gateway ``cloud`` at the provider of ``kit``; the gateway ``stick`` is a simulated modem.

    A message goes to the cloud, unless it names a gateway or its recipient begins with ``CLOUD_FIRST`` or
    ``STICK_FIRST``. ``account`` changes the gateway's configuration, ``sections`` replace those of the world's.
    ``server`` may be read directly; what fires callbacks goes through ``do``. ``callback_url`` is where it may call.
    """

    def __init__(
        self,
        folder: Path,
        kit: Kit,
        server: Server,
        *,
        account: Json | None = None,
        **sections: Any,  # noqa: ANN401 - the arguments of World
    ) -> None:
        self.kit = kit
        self.server = server
        self.requests = Requests()
        self.bridge: Bridge
        self.callback_url = ""
        self._thread = ProviderThread(server)
        self._folder = folder
        self._account = account or {}
        self._sections = sections
        self._ends = ExitStack()
        self._port = free_port()
        self.world: World

    def __enter__(self) -> Self:
        try:
            self._begin()
        except BaseException:
            self._ends.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.close()

    @property
    def client(self) -> Client:
        """Somebody else's MQTT client."""
        return self.world.client

    def start(self) -> Bridge:
        """Start the bridge, and tell the provider where to call."""
        self.bridge = self.world.start_bridge(CLOUD, *self.world.modems)
        if self.kit.calls:
            (shown,) = self.world.shown("gateway", CLOUD)
            self.callback_url = self.server.callback_url = str(shown["callback_url"])
        return self.bridge

    def do(self, work: Callable[[], Result]) -> Result:
        """Call ``work`` where the server runs."""
        return self._thread.do(work)

    def settled(self) -> None:
        """Wait until every callback was taken or given up."""
        self._thread.wait(self.server.settled())

    def stop_server(self) -> None:
        """Close the provider's port."""
        self._thread.wait(self.server.stop())

    def start_server(self) -> None:
        """Open the same port again."""
        port = int(self.server.origin.rpartition(":")[2])
        self._thread.wait(self.server.start(port=port))

    def on_air(self, recipient: str) -> list[OnAir]:
        """What left to a recipient, each message or text once."""
        return [sent for sent in self.server.on_air if sent.recipient.lstrip("+") == recipient.lstrip("+")]

    def leaves(self, recipient: str, count: int = 1) -> Sequence[OnAir]:
        """Wait until so many messages to a recipient have left."""
        return wait_for(
            lambda: sent if len(sent := self.on_air(recipient)) >= count else None, f"{count} on air"
        )

    def report(self, sent: OnAir, status: str) -> None:
        """Let the provider report a status of all that belongs to a message."""
        for number in dict.fromkeys(sent.ids):
            self.do(lambda number=number: self.server.advance(number, status))  # type: ignore[misc] # mypy cannot infer a default's type

    def send(self, number: str, text: str = "hello", **send_object: object) -> str:
        """Send to a number; returns the message's id, which is made of it."""
        name = f"m{number[1:]}"
        self.client.send(to=number, text=text, id=name, **send_object)
        return name

    def next_seq(self) -> int:
        """The number that the next event of the bridge will have."""
        return int(self.client.ask("events")["seq"]) + 1

    def count(self, endpoint: str, since: int = 0) -> int:
        """How many requests there were to an endpoint, from position ``since`` of all requests."""
        return self.requests.count(endpoint, since)

    def taken(self, name: str) -> Json:
        """The event by which a message was accepted: from here its report finds it."""
        return self.client.reached(name, "accepted")

    def faults_of_ours(self) -> list[str]:
        """Lines of the log that only a fault of the bridge leaves."""
        log = (self.world.folder / "bridge.log").read_text()
        return [line for line in log.splitlines() if _FAULT.search(line)]

    def _begin(self) -> None:
        self.server.faults = self.requests
        self._ends.enter_context(self._thread)
        gateway = {
            "type": self.kit.name,
            "base_url": self.server.base_url,
            "poll_interval": POLL,
            "response_timeout": RESPONSE,
            **self.server.credentials(),
            **self.kit.account,
            **self._account,
        }
        if "brand_id" in gateway:
            gateway["brand_id"] = int(str(gateway["brand_id"]))
        usual: dict[str, Any] = {
            "gateways": {CLOUD: gateway},
            "routes": [
                {"match": {"prefix": [CLOUD_FIRST]}, "use": [CLOUD, STICK]},
                {"match": {"prefix": [STICK_FIRST]}, "use": [STICK, CLOUD]},
                {"use": [CLOUD]},
            ],
            "defaults": {"on_unknown_grace": GRACE},
            "http": {"listen": f"127.0.0.1:{self._port}", "public_url": f"http://127.0.0.1:{self._port}"},
            "log": {"level": "debug"},
        }
        if not self._sections.get("modems", True):
            usual["routes"] = [{"use": [CLOUD]}]
        world = World(self._folder, program="tests.e2e.impatient", **{**usual, **self._sections})
        self.world = self._ends.enter_context(world)
        self.start()


_FAULT: Final = re.compile(r"Traceback|CRITICAL|\bERROR\b")
