"""Which gateways a message may take, in which order, and whose turn it is."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from sms_providers.model import Capability, Error, ErrorCode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sms_bridge.routing.command import Command
    from sms_bridge.routing.link import Link
    from sms_bridge.routing.recipients import Recipient
    from sms_bridge.routing.settings import RoutingSettings

#: A failover order: each step is a set of gateways any of which will do.
Steps = tuple[tuple[str, ...], ...]


class Router:
    """The routes of the configuration over the configured links."""

    def __init__(self, settings: RoutingSettings, links: Mapping[str, Link]) -> None:
        self._settings = settings
        self._links = links

    def route(self, command: Command, recipient: Recipient) -> Steps | Error:
        """The steps for one message, without the gateways that cannot do what the command asks.

        A command's gateway beats the contact's, which beats the route; without routes every gateway in the order of
        the configuration. An :class:`Error` says why there is none.
        """
        unknown = next((name for name in command.gateway if name not in self._links), None)
        if unknown is not None:
            known = ", ".join(self._links) or "none"
            return Error(
                code=ErrorCode.INVALID_PAYLOAD,
                message=f"gateway: {unknown!r} is not configured; configured: {known}",
            )
        steps = self._chosen(command, recipient)
        if not steps:
            return Error(
                code=ErrorCode.NO_ROUTE, message="no route of the configuration matches this message"
            )
        return self._able(steps, command)

    def leads_anywhere(self, route: Steps) -> bool:
        """Whether any gateway of a route is still configured."""
        return any(name in self._links for step in route for name in step)

    def _chosen(self, command: Command, recipient: Recipient) -> Steps:
        if command.gateway:
            return tuple((name,) for name in dict.fromkeys(command.gateway))
        if recipient.contact is not None and recipient.contact.gateway:
            return tuple((name,) for name in recipient.contact.gateway)
        if not self._settings.routes:
            return tuple((name,) for name in self._links)
        for route in self._settings.routes:
            match = route.match
            if match.prefix and not recipient.number.startswith(match.prefix):
                continue
            if match.priority and command.priority not in match.priority:
                continue
            return route.use
        return ()

    def _able(self, steps: Steps, command: Command) -> Steps | Error:
        wrong = self._wrong_option(steps, command.options)
        if wrong is not None:
            return wrong
        needs = _needed(command)
        kept = tuple(
            able
            for step in steps
            if (able := tuple(name for name in step if needs.keys() <= self._links[name].capabilities))
        )
        if kept:
            return kept
        keys = ", ".join(needs.values())
        return Error(
            code=ErrorCode.UNSUPPORTED, message=f"{keys}: no gateway of this message's route can do this"
        )

    def _wrong_option(self, steps: Steps, options: Mapping[str, object]) -> Error | None:
        """What is wrong with the first wrong option: nobody of the route knows it, or who does refuses its value."""
        links = [self._links[name] for step in steps for name in step]
        for key, value in options.items():
            checks = [link.options[key] for link in links if key in link.options]
            if not checks:
                return Error(
                    code=ErrorCode.UNKNOWN_KEY,
                    message=f"options.{key}: no gateway of this message's route knows this key",
                )
            try:
                for check in checks:
                    check(value)
            except ValueError as error:
                return Error(code=ErrorCode.INVALID_PAYLOAD, message=f"options.{key}: {error}")
        return None


def _needed(command: Command) -> dict[Capability, str]:
    """What a command asks of a gateway, with the key that asks."""
    asked = (
        (command.data is not None, Capability.DATA, "data"),
        (command.flash, Capability.FLASH, "flash"),
        (command.originator is not None, Capability.ORIGINATOR, "from"),
        (command.sim is not None, Capability.SIM, "sim"),
    )
    return {capability: key for wanted, capability, key in asked if wanted}


def open_steps(route: Steps) -> Steps:
    """The steps that may still be tried: those before the empty one (see :func:`without`)."""
    return route[: route.index(())] if () in route else route


def has_turn(route: Steps, step: int, gateway: str, usable: frozenset[str]) -> bool:
    """Whether ``gateway`` is the one to try now: in the first step from ``step`` on that has a usable gateway.

    Where none has, the steps before are looked at again: what was usable when the message went on may be gone.
    """
    steps = open_steps(route)
    for names in (*steps[step:], *steps[:step]):
        if gateway in names:
            return True
        if not usable.isdisjoint(names):
            return False
    return False


def position(route: Steps, step: int, gateway: str) -> int:
    """The step at which ``gateway`` has its turn, from ``step`` on and round."""
    steps = open_steps(route)
    return next(at for at in chain(range(step, len(steps)), range(step)) if gateway in steps[at])


def without(route: Steps, step: int, gateway: str) -> tuple[Steps, int]:
    """After a refusal for good: ``gateway`` goes to the end behind an empty step; and the step to go on with."""
    kept: list[tuple[str, ...]] = []
    next_step = step
    for at, names in enumerate(open_steps(route)):
        rest = tuple(name for name in names if name != gateway)
        if rest:
            kept.append(rest)
        elif at < step:
            next_step -= 1
    given_up = route[len(open_steps(route)) + 1 :]
    return (*kept, (), *given_up, (gateway,)), next_step


def after(route: Steps, step: int, gateway: str) -> tuple[Steps, int]:
    """After a refusal for now: ``gateway`` has had its turn in this round, its siblings of the same step have not."""
    at = position(route, step, gateway)
    rest = tuple(name for name in route[at] if name != gateway)
    if not rest:
        return route, at + 1
    return (*route[:at], (gateway,), rest, *route[at + 1 :]), at + 1


def restored(route: Steps) -> Steps:
    """The route with every gateway that it ever had."""
    return tuple(names for names in route if names)
