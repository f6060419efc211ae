"""A real Home Assistant as a child process, onboarded, and spoken to as its own frontend does: HTTP and WebSocket."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlencode

from websockets.sync.client import connect

from tests.e2e.client import wait_for
from tests.support.mosquitto import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType

    from websockets.sync.client import ClientConnection

Json = dict[str, Any]

ROOT: Final = Path(__file__).resolve().parents[2]
USER: Final = "demo"
PASSWORD: Final = "demo"

#: Seconds a start may take: the first one of a version compiles its modules, and may install packages.
START: Final = 240.0
#: Seconds after which what was waited for has failed to happen. Home Assistant returns to a lost broker every 10 s.
PATIENCE: Final = 60.0
#: Seconds that one answer may take.
_ANSWER: Final = 60.0

#: Not default_config: that looks for devices in the network, and asks for many packages.
_CONFIGURATION: Final = """\
homeassistant:
  name: Demo house
  latitude: 52.5
  longitude: 13.4
  elevation: 40
  unit_system: metric
  time_zone: Europe/Berlin
  country: DE
http:
  server_host: 127.0.0.1
  server_port: {port}
api:
automation: !include automations.yaml
config:
conversation:
frontend:
history:
logbook:
logger:
  default: warning
  logs:
    custom_components.sms_gateway: info
recorder:
webhook:
websocket_api:
"""


class HomeAssistantError(Exception):
    """Home Assistant refused; ``status`` is the HTTP status or the WebSocket error's code."""

    def __init__(self, status: int | str, answer: object) -> None:
        message = answer.get("message", answer) if isinstance(answer, dict) else answer
        super().__init__(f"{status}: {message}")
        self.status = status


class HomeAssistant:
    """One Home Assistant in ``folder``, which it makes.

    ``python`` is the interpreter of an environment with Home Assistant; ``installs`` lets it install packages it
    misses. ``port`` is where it listens on this machine.
    """

    def __init__(
        self,
        folder: Path,
        *,
        python: str = sys.executable,
        installs: bool = False,
        port: int | None = None,
    ) -> None:
        self.folder = folder
        self.port = port or free_port()
        self.log = folder.parent / f"{folder.name}.log"
        self._python = python
        self._installs = installs
        self._token = ""
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._prepare()
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """What a browser opens; also the client id of our logins."""
        return f"http://127.0.0.1:{self.port}/"

    # -- life

    def start(self) -> None:
        """Start it, and wait until it is running and we are logged in."""
        words = [self._python, "-m", "homeassistant", "-c", str(self.folder), "--log-no-color"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*words, *([] if self._installs else ["--skip-pip"])],
                env=_environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for whoever started us.
                start_new_session=True,
            )
        if (self.folder / ".storage" / "onboarding").exists():
            wait_for(lambda: self._answers("/auth/providers"), "Home Assistant's first answer", START)
            self._log_in()
            self._wait_until_running()
        else:
            wait_for(lambda: self._answers("/api/onboarding"), "Home Assistant's first answer", START)
            self._onboard()
            self._wait_until_running()
            self._remove_services_of_the_internet()

    def _remove_services_of_the_internet(self) -> None:
        """A first start adds some, which nobody needs here."""
        for entry in self.get("config/config_entries/entry"):
            if entry["domain"] in {"google_translate", "met", "radio_browser"}:
                self.delete(f"config/config_entries/entry/{entry['entry_id']}")

    def exit_status(self) -> int | None:
        """What it ended with by itself, ``None`` while it runs."""
        return None if self._process is None else self._process.poll()

    def stop(self) -> None:
        """End it politely."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _wait_until_running(self) -> None:
        wait_for(lambda: self.get("config")["state"] == "RUNNING", "Home Assistant having started", START)
        with self.socket() as socket:
            # An address of its own must be confirmed, or it is taken back after five minutes.
            shown = socket.try_call("http/config")
            if shown is not None and shown["pending"] is not None:
                socket.call("http/config/promote")

    def _answers(self, path: str) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()
        try:
            self._request("GET", path)
        except (OSError, http.client.HTTPException, HomeAssistantError):
            return False
        return True

    def _prepare(self) -> None:
        self.folder.mkdir(parents=True)
        (self.folder / "configuration.yaml").write_text(_CONFIGURATION.format(port=self.port))
        (self.folder / "automations.yaml").write_text("[]\n")
        _link(self.folder / "custom_components" / "sms_gateway", ROOT / "custom_components" / "sms_gateway")
        blueprints = ROOT / "blueprints" / "automation" / "sms_gateway"
        _link(self.folder / "blueprints" / "automation" / "sms_gateway", blueprints)

    # -- the user

    def _log_in(self) -> None:
        """Get an access token for the user that was made before."""
        flow = self._request(
            "POST",
            "/auth/login_flow",
            {"client_id": self.url, "handler": ["homeassistant", None], "redirect_uri": self.url},
        )
        login = {"client_id": self.url, "username": USER, "password": PASSWORD}
        self._exchange(self._request("POST", f"/auth/login_flow/{flow['flow_id']}", login)["result"])

    def _onboard(self) -> None:
        """Make the user, get an access token, and answer the other questions of a first start."""
        user = {"name": "Demo", "username": USER, "password": PASSWORD, "language": "en"}
        made = self._request("POST", "/api/onboarding/users", {"client_id": self.url, **user})
        self._exchange(made["auth_code"])
        for step in ("core_config", "analytics"):
            self.post(f"onboarding/{step}")
        self.post("onboarding/integration", {"client_id": self.url, "redirect_uri": self.url})

    def _exchange(self, code: str) -> None:
        form = urlencode({"grant_type": "authorization_code", "code": code, "client_id": self.url})
        self._token = self._request("POST", "/auth/token", form)["access_token"]

    # -- HTTP

    def get(self, path: str) -> Any:  # noqa: ANN401 - whatever JSON Home Assistant answers
        """GET a path below ``/api/``."""
        return self._request("GET", f"/api/{path}")

    def post(self, path: str, body: Json | None = None) -> Any:  # noqa: ANN401 - as above
        """POST to a path below ``/api/``."""
        return self._request("POST", f"/api/{path}", body or {})

    def delete(self, path: str) -> Any:  # noqa: ANN401 - as above
        """DELETE a path below ``/api/``."""
        return self._request("DELETE", f"/api/{path}")

    def _request(self, method: str, path: str, body: Json | str | None = None) -> Any:  # noqa: ANN401 - as above
        """Send JSON (or, as text, a form) and return the answer. Raises HomeAssistantError and OSError."""
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        if isinstance(body, str):
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        elif body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_ANSWER)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        is_json = response.headers.get_content_type() == "application/json"
        answer = json.loads(text) if is_json and text else text
        if response.status >= http.HTTPStatus.BAD_REQUEST:
            raise HomeAssistantError(response.status, answer)
        return answer

    # -- WebSocket

    def socket(self) -> Socket:
        """Connect as a browser's page does; to be closed."""
        return Socket(f"ws://127.0.0.1:{self.port}/api/websocket", self._token)

    def ask(self, command: str, **fields: object) -> Any:  # noqa: ANN401 - each command has its own answer
        """Send one WebSocket command and return its result."""
        with self.socket() as socket:
            return socket.call(command, **fields)

    # -- what tests ask for

    def call(self, action: str, **fields: object) -> Json:
        """Perform an action (``domain.name``) that returns data; returns them."""
        returned: Json = self._perform(action, fields, return_response=True)["response"]
        return returned

    def do(self, action: str, **fields: object) -> None:
        """Perform an action that returns nothing."""
        self._perform(action, fields)

    def _perform(self, action: str, fields: Json, **options: object) -> Any:  # noqa: ANN401 - as above
        domain, _, service = action.partition(".")
        return self.ask("call_service", domain=domain, service=service, service_data=fields, **options)

    def state(self, entity_id: str) -> Json:
        """An entity's state with its attributes."""
        state: Json = self.get(f"states/{entity_id}")
        return state

    def becomes(self, entity_id: str, *states: str) -> Json:
        """Wait until an entity is there and its state is one of these."""

        def holds() -> Json | None:
            shown: list[Json] = self.get("states")
            found = (state for state in shown if state["entity_id"] == entity_id)
            return next((state for state in found if state["state"] in states), None)

        return wait_for(holds, f"{entity_id} being {' or '.join(states)}", PATIENCE)

    def entities(self, platform: str) -> list[Json]:
        """What the entity registry has of an integration."""
        entries: list[Json] = self.ask("config/entity_registry/list")
        return [entry for entry in entries if entry["platform"] == platform]

    def entries(self, domain: str) -> list[Json]:
        """The config entries of an integration."""
        entries: list[Json] = self.get(f"config/config_entries/entry?domain={domain}")
        return entries

    def automate(self, name: str, config: Mapping[str, object]) -> str:
        """Save an automation as the editor does, wait until it is on, and return its entity."""
        self.post(f"config/automation/config/{name}", {"alias": name, **config})
        entity_id = f"automation.{name}"
        self.becomes(entity_id, "on")
        return entity_id


class Socket:
    """One WebSocket connection, logged in."""

    def __init__(self, url: str, token: str) -> None:
        self._ids = itertools.count(1)
        self._events: list[Json] = []
        self._connection: ClientConnection = connect(url, max_size=None)
        self._receive()
        self._connection.send(json.dumps({"type": "auth", "access_token": token}))
        answer = self._receive()
        if answer["type"] != "auth_ok":
            raise HomeAssistantError(answer["type"], answer)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def call(self, command: str, **fields: object) -> Any:  # noqa: ANN401 - each command has its own answer
        """Send a command and return its result. Raises HomeAssistantError."""
        message_id = next(self._ids)
        self._connection.send(json.dumps({"id": message_id, "type": command, **fields}))
        while True:
            answer = self._receive()
            if answer["type"] == "event":
                self._events.append(answer["event"])
            elif answer["id"] == message_id:
                if not answer["success"]:
                    raise HomeAssistantError(answer["error"]["code"], answer["error"])
                return answer["result"]

    def try_call(self, command: str) -> Any:  # noqa: ANN401 - as above
        """Send a command that not every version knows: ``None`` where it does not."""
        try:
            return self.call(command)
        except HomeAssistantError as error:
            if error.status == "unknown_command":
                return None
            raise

    def events(self, seconds: float = PATIENCE) -> Iterator[Json]:
        """The events of this connection's subscriptions, as they come; ends ``seconds`` after the call."""
        deadline = time.monotonic() + seconds
        while True:
            while self._events:
                yield self._events.pop(0)
            try:
                answer = self._receive(deadline - time.monotonic())
            except TimeoutError:
                return
            if answer["type"] == "event":
                self._events.append(answer["event"])

    def _receive(self, seconds: float = _ANSWER) -> Json:
        answer: Json = json.loads(self._connection.recv(timeout=max(seconds, 0)))
        return answer


def _environment() -> dict[str, str]:
    """Ours without the paths that the tests import from: Home Assistant must find the component by itself."""
    hidden = {"PYTHONPATH", "VIRTUAL_ENV"}
    return {name: value for name, value in os.environ.items() if name not in hidden}


def _link(place: Path, target: Path) -> None:
    place.parent.mkdir(parents=True)
    place.symlink_to(target)
