"""Administration for whoever is on this machine: with what never goes over MQTT."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sms_bridge.web.callbacks import callback_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sms_bridge.control import Administration
    from sms_bridge.web.callbacks import Callee
    from sms_bridge.web.settings import HttpSettings


class MachineAdministration:
    """Does what ``administration`` does; ``gateway`` also tells the address by which a provider may call.

    ``callees`` are the gateways that may be called, by name.
    """

    def __init__(
        self, administration: Administration, callees: Mapping[str, Callee], http: HttpSettings
    ) -> None:
        self._administration = administration
        self._callees = callees
        self._http = http

    async def execute(self, command: str, members: Mapping[str, object]) -> Mapping[str, object]:
        """Do one command and return its data; raises :class:`~sms_bridge.routing.requests.AdminError`."""
        data = await self._administration.execute(command, members)
        name = data.get("gateway")
        if command == "gateway" and isinstance(name, str):
            return {**data, **self._called_at(name)}
        return data

    def _called_at(self, name: str) -> dict[str, object]:
        """``callback_url``, or what is missing for it; nothing where the provider never calls."""
        callee = self._callees.get(name)
        secret = None if callee is None else callee.callback_secret
        if secret is None:
            return {}
        path = callback_path(name, secret)
        if self._http.listen is None:
            hint = "no provider can call this bridge yet: set http.listen and http.public_url"
        elif self._http.public_url is None:
            hint = (
                f"set http.public_url to how the provider reaches this bridge; the path behind it is {path}"
            )
        else:
            return {"callback_url": f"{self._http.public_url}{path}"}
        return {"callback_url": None, "callback_hint": hint}
