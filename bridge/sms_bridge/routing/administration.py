"""The administration commands (MQTT contract, section 5), whatever brings them: MQTT or the control socket."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import re
from typing import TYPE_CHECKING, Final

from sms_bridge.numbers import to_e164
from sms_bridge.routing.command import Rejection
from sms_bridge.routing.events import error_body, rfc3339
from sms_bridge.routing.link import LinkError, UnsupportedError
from sms_bridge.routing.outbox import NotPossibleError, UnknownIdError
from sms_bridge.routing.requests import AdminCode, AdminError, Request, cursor_of, unknown_word
from sms_bridge.store.base import StoreError
from sms_providers.model import Error, ErrorCode, Priority, State

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from sms_bridge.routing.board import Board
    from sms_bridge.routing.command import Command
    from sms_bridge.routing.gateways import Gateways
    from sms_bridge.routing.outbox import Outbox, Quote
    from sms_bridge.routing.settings import RoutingSettings
    from sms_bridge.store.base import Message, Store, Transaction
    from sms_providers.model import Price

_LOG = logging.getLogger(__name__)

Data = dict[str, object]

#: 3GPP TS 22.030 annex B: service codes of call forwarding (unconditional, busy, no reply, not reachable, all,
#: all conditional). Clause 6.5.2: ``*SC`` activates, ``**SC`` registers; erasing and asking stay allowed.
_SETS_FORWARDING: Final = re.compile(r"\*{1,2}(?:21|67|61|62|002|004)(?:[*#]|\Z)")
#: 3GPP TS 22.030 clause 6.5.3.2: what a USSD string is made of; TS 24.080 clause 4.5.4 allows 160 octets of it.
_USSD: Final = re.compile(r"[0-9*#+]{1,182}")
#: Seconds after which an answer from a gateway is no longer awaited; engines give up earlier by themselves.
_PATIENCE: Final = 150.0

#: Seconds to wait for a price, which is only a part of the answer.
_QUOTE_PATIENCE: Final = 5.0

#: Commands of the contract that belong to gateways or abilities this version does not have.
_ABSENT: Final = ("pair", "unpair", "reload")


class Administration:
    """Does one request at a time for whoever asks; who may ask what is the transport's matter.

    ``read_send`` reads a send object; ``health`` gives the health object of section 4; ``show_entities`` does the
    ``discovery`` request and returns whether Home Assistant is shown the bridge from now on.
    """

    def __init__(
        self,
        *,
        store: Store,
        settings: RoutingSettings,
        outbox: Outbox,
        gateways: Gateways,
        read_send: Callable[[Mapping[str, object]], Command | Rejection],
        board: Board,
        health: Callable[[], Awaitable[Mapping[str, object]]],
        show_entities: Callable[[bool], Awaitable[bool]],
    ) -> None:
        self._store = store
        self._settings = settings
        self._outbox = outbox
        self._gateways = gateways
        self._read_send = read_send
        self._board = board
        self._health = health
        self._show_entities = show_entities
        self._commands: Mapping[str, Callable[[Mapping[str, object]], Awaitable[Data]]] = {
            "health": self._do_health,
            "gateway": self._do_gateway,
            "messages": self._do_messages,
            "message": self._do_message,
            "events": self._do_events,
            "cancel": self._do_cancel,
            "resend": self._do_resend,
            "quote": self._do_quote,
            "balance": self._do_balance,
            "ussd": self._do_ussd,
            "restart_gateway": self._do_restart,
            "pause": self._do_pause,
            "resume": self._do_resume,
            "discovery": self._do_discovery,
        }

    async def execute(self, command: str, members: Mapping[str, object]) -> Data:
        """Do one command and return its data.

        ``members`` is the request without ``transaction`` and ``instance``. Raises :class:`AdminError`, nothing else.
        """
        do = self._commands.get(command)
        if do is None and command in _ABSENT:
            raise AdminError(AdminCode.UNSUPPORTED, f"{command}: this version does not have this command.")
        if do is None:
            raise unknown_word(AdminCode.UNKNOWN_COMMAND, command, "command", tuple(self._commands))
        try:
            return await do(members)
        except AdminError:
            raise
        except UnknownIdError as error:
            raise AdminError(AdminCode.UNKNOWN_ID, str(error)) from error
        except NotPossibleError as error:
            raise AdminError(AdminCode.INVALID_PAYLOAD, str(error)) from error
        except UnsupportedError as error:
            raise AdminError(AdminCode.UNSUPPORTED, str(error)) from error
        except TimeoutError as error:
            raise AdminError(
                AdminCode.TIMEOUT, str(error) or "The gateway did not answer in time."
            ) from error
        except (LinkError, StoreError) as error:
            raise AdminError(AdminCode.INTERNAL, str(error)) from error
        except Exception as error:
            # Whoever asked is owed an answer, and the bridge goes on.
            _LOG.exception("The command %s failed", command)
            raise AdminError(AdminCode.INTERNAL, f"{command}: failed; the log says more.") from error

    # -- the bridge

    async def _do_health(self, members: Mapping[str, object]) -> Data:
        Request(members, ())
        return dict(await self._health())

    async def _do_discovery(self, members: Mapping[str, object]) -> Data:
        enabled = Request(members, ("enabled",)).flag("enabled")
        return {"enabled": await self._show_entities(enabled)}

    # -- messages

    async def _do_messages(self, members: Mapping[str, object]) -> Data:
        request = Request(members, ("state", "to", "since", "limit", "cursor"))
        state, recipient, since = self._state(request), self._recipient(request), request.time("since")
        limit, before = request.limit(), request.cursor()
        # One more than asked for tells whether there is a further page.
        found = await self._store.read(
            lambda tx: tx.find_messages(
                state=state, recipient=recipient, since=since, before_row=before, limit=limit + 1
            )
        )
        page = found[:limit]
        more = len(found) > limit
        return {
            "messages": [message_body(message) for message in page],
            "cursor": cursor_of(page[-1].row) if more else None,
        }

    async def _do_message(self, members: Mapping[str, object]) -> Data:
        message_id = Request(members, ("id",)).text("id")

        def find(tx: Transaction) -> Data | None:
            message = tx.message_by_id(message_id)
            if message is None:
                return None
            events = [json.loads(event.payload) for event in tx.events_of(message.row)]
            return {**message_body(message), "events": events}

        found = await self._store.read(find)
        if found is None:
            raise UnknownIdError(f"no message has the id {message_id}")
        return found

    async def _do_events(self, members: Mapping[str, object]) -> Data:
        request = Request(members, ("epoch", "after", "limit"))
        if not request.has("after"):
            return await self._store.read(_position)
        epoch, after, limit = request.text("epoch"), request.number("after"), request.limit()

        def find(tx: Transaction) -> tuple[Data, list[object]]:
            events = tx.events_after(after, limit + 1) if epoch == tx.epoch else ()
            return _position(tx), [json.loads(event.payload) for event in events]

        position, events = await self._store.read(find)
        if epoch != position["epoch"]:
            message = "epoch: the store is another one; begin anew with its epoch and seq."
            raise AdminError(AdminCode.WRONG_EPOCH, message, position)
        return {**position, "events": events[:limit], "more": len(events) > limit}

    async def _do_cancel(self, members: Mapping[str, object]) -> Data:
        message_id = Request(members, ("id",)).text("id")
        return {"ids": await self._outbox.cancel(message_id)}

    async def _do_resend(self, members: Mapping[str, object]) -> Data:
        message_id = Request(members, ("id",)).text("id")
        return {"ids": await self._outbox.resend(message_id)}

    async def _do_quote(self, members: Mapping[str, object]) -> Data:
        command = self._read_send(members)
        if isinstance(command, Rejection):
            raise _refused(command.error)
        quote = self._outbox.quote(command, self._gateways.usable())
        if isinstance(quote, Error):
            raise _refused(quote)
        price = await self._price(quote, command.text)
        return {
            "segments": quote.segments,
            "encoding": quote.encoding,
            "characters_left": quote.characters_left,
            "messages": quote.messages,
            "gateway": quote.gateway,
            "price": None if price is None else str(price.amount),
            "currency": None if price is None else price.currency,
        }

    async def _price(self, quote: Quote, text: str | None) -> Price | None:
        """Ask the gateway that would take it all; one that does not answer keeps nothing else back."""
        if quote.gateway is None or not quote.recipients or text is None:
            return None
        try:
            async with asyncio.timeout(_QUOTE_PATIENCE):
                return await self._gateways.links[quote.gateway].price(text, quote.recipients)
        except (LinkError, TimeoutError) as error:
            _LOG.info("%s could not be asked for a price: %s", quote.gateway, error)
            return None

    def _state(self, request: Request) -> State | None:
        if not request.has("state"):
            return None
        word = request.text("state")
        if word not in tuple(State):
            raise unknown_word(AdminCode.INVALID_PAYLOAD, word, "state", tuple(State))
        return State(word)

    def _recipient(self, request: Request) -> str | None:
        if not request.has("to"):
            return None
        written = request.text("to")
        if written in self._settings.contacts:
            return self._settings.contacts[written].number
        try:
            return to_e164(written, self._settings.defaults.country)
        except ValueError as error:
            raise AdminError(AdminCode.INVALID_PAYLOAD, f"to: {error}") from error

    # -- gateways

    def _gateway(self, request: Request) -> str:
        name = request.text("gateway")
        if name not in self._gateways.links:
            raise unknown_word(AdminCode.UNKNOWN_GATEWAY, name, "gateway", tuple(self._gateways.links))
        return name

    async def _do_gateway(self, members: Mapping[str, object]) -> Data:
        request = Request(members, ("gateway",))
        if not request.has("gateway"):
            names = self._board.names()
            return {"gateways": [{"gateway": name, **await self._board.gateway(name)} for name in names]}
        name = self._gateway(request)
        link = self._gateways.links[name]
        return {
            "gateway": name,
            "type": link.kind,
            "capabilities": sorted(link.capabilities),
            **await self._board.gateway(name, full=True),
            "transcript": list(link.transcript()),
        }

    async def _do_balance(self, members: Mapping[str, object]) -> Data:
        name = self._gateway(Request(members, ("gateway",)))
        async with asyncio.timeout(_PATIENCE):
            balance = await self._gateways.ask_balance(name)
        return {"amount": str(balance.amount), "currency": balance.currency}

    async def _do_ussd(self, members: Mapping[str, object]) -> Data:
        request = Request(members, ("gateway", "code", "reply", "end"))
        link = self._gateways.links[self._gateway(request)]
        given = [name for name in ("code", "reply", "end") if request.has(name)]
        if len(given) != 1:
            raise AdminError(AdminCode.INVALID_PAYLOAD, "Expected one of code, reply and end.")
        async with asyncio.timeout(_PATIENCE):
            if given == ["end"]:
                request.flag("end")
                await link.ussd_end()
                return {"text": None, "more": False}
            if given == ["code"]:
                answer = await link.ussd(_ussd_code(request.text("code")))
            else:
                answer = await link.ussd_reply(request.text("reply"))
        return {"text": answer.text, "more": answer.more}

    async def _do_restart(self, members: Mapping[str, object]) -> Data:
        name = self._gateway(Request(members, ("gateway",)))
        async with asyncio.timeout(_PATIENCE):
            await self._gateways.restart(name)
        return {"gateway": name}

    async def _do_pause(self, members: Mapping[str, object]) -> Data:
        name = self._gateway(Request(members, ("gateway",)))
        await self._gateways.pause(name, paused=True)
        return {"gateway": name}

    async def _do_resume(self, members: Mapping[str, object]) -> Data:
        name = self._gateway(Request(members, ("gateway",)))
        await self._gateways.pause(name, paused=False)
        return {"gateway": name}


def message_body(message: Message) -> Data:
    """A message as ``messages`` and ``message`` show it; the text of a one-time password is ``null``."""
    hidden = message.priority is Priority.OTP
    return {
        "id": message.id,
        "group": message.group_id,
        "to": message.recipient,
        "from": message.originator,
        "text": None if hidden else message.text,
        "data": None if hidden or message.data is None else base64.b64encode(message.data).decode(),
        "port": message.port,
        "state": message.state.value,
        "final": message.final,
        "priority": message.priority.name.lower(),
        "gateway": message.gateway,
        "segments": message.segments,
        "segments_delivered": message.segments_delivered,
        "attempt": message.attempt,
        "reference": list(message.references),
        "error": error_body(message.error),
        "possible_duplicate": message.possible_duplicate,
        "created_at": rfc3339(message.created_at),
        "send_at": None if message.send_at is None else rfc3339(message.send_at),
        "expires_at": rfc3339(message.expires_at),
        "updated_at": rfc3339(message.updated_at),
        "metadata": dict(message.metadata),
    }


def _position(tx: Transaction) -> Data:
    return {"epoch": tx.epoch, "seq": tx.last_seq()}


def _refused(error: Error) -> AdminError:
    code = AdminCode.UNKNOWN_KEY if error.code is ErrorCode.UNKNOWN_KEY else AdminCode.INVALID_PAYLOAD
    return AdminError(code, error.message)


def _ussd_code(code: str) -> str:
    compact = re.sub(r"\s", "", code)
    if _USSD.fullmatch(compact) is None:
        raise AdminError(AdminCode.INVALID_PAYLOAD, "code: expected digits, '*' and '#', such as *100#.")
    if _SETS_FORWARDING.match(compact):
        raise AdminError(
            AdminCode.NOT_ALLOWED, "code: this sets call forwarding, which the bridge never does for anybody."
        )
    return compact
