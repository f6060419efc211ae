"""SmsGateway24 as its document describes it: phones behind a PHP application that always answers HTTP 200."""

from __future__ import annotations

import itertools
import secrets
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final
from zoneinfo import ZoneInfo

from sms_bridge.simulator.provider import ProviderOptions, ProviderServer
from sms_bridge.simulator.provider_call import Misuse, reply
from sms_bridge.simulator.provider_callbacks import Callback
from sms_bridge.simulator.provider_record import OnAir
from sms_bridge.simulator.provider_smsgateway24_account import (
    DEVICE,
    INCOMING,
    STATUS_TITLES,
    Lists,
    Paket,
    Rejected,
    Sms,
    ZoneStyle,
    phones,
    php_date,
)
from sms_bridge.simulator.provider_smsgateway24_input import (
    METHODS,
    Order,
    read_bulk,
    read_device,
    read_filter,
    read_flag,
    read_int,
    read_list,
    read_order,
    read_paket_date,
    read_zone,
    require,
)
from sms_bridge.simulator.provider_smsgateway24_webhooks import delivery_fields, image_fields, text_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from aiohttp import web

    from sms_bridge.simulator.provider_call import Call, Handler
    from sms_bridge.simulator.provider_smsgateway24_account import Device

#: The password where no other is given, and the sentence for a wrong token: the document leaves it open.
_ACCESS: Final = "smsgateway24-access"
_WRONG_TOKEN: Final = "Token is incorrect"  # noqa: S105 - a sentence
#: SmsGateway24, sections 4 and 8: what the examples of the two lists show, and nothing else.
_EXAMPLES: Final[dict[str, tuple[str, ...]]] = {"getallsms": ("smss",), "getalldevices": ("count", "device")}
#: SmsGateway24, section 1: the only sentence of a refusal that the document knows.
LOGIN_WRONG: Final = "Login or password incorrect"
#: SmsGateway24, section 2.
SAVED: Final = "Sms has been saved successfully"


class ErrorStyle(StrEnum):
    """How ``error`` is written.

    ``document`` writes a number, and nothing where the examples have nothing (the lists of messages and of
    phones). ``absent`` leaves it out of every success.
    """

    DOCUMENT = "document"
    INT = "int"
    STRING = "string"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsGateway24Options(ProviderOptions):
    """What the simulated SmsGateway24 can be told.

    ``tokens`` are valid from the start, for ever; issued ones for ``token_lifetime`` seconds (None: for ever).
    ``token_error`` is the sentence for a wrong one, which the document leaves open. With ``empty_lists`` an empty
    object is written ``[]``, as PHP does. ``zone`` is the account's, for dates without one. ``slot_field`` is the
    webhooks' name for the SIM's slot: ``channel_id`` or ``sim``.
    """

    email: str = "user@example.com"
    password: str = _ACCESS
    tokens: tuple[str, ...] = ()
    token_lifetime: float | None = None
    token_error: str = _WRONG_TOKEN
    error_style: ErrorStyle = ErrorStyle.DOCUMENT
    empty_lists: bool = True
    devices: tuple[Device, ...] = (DEVICE,)
    zone: str = "Europe/Paris"
    zone_style: ZoneStyle = ZoneStyle.NAME
    slot_field: str = "channel_id"


class SmsGateway24Server(ProviderServer):
    """The provider SmsGateway24.

    Public for tests: ``messages`` and ``devices`` by id; ``lists`` of contacts; ``tokens`` with the time of their
    end (None: never); ``token_error``, ``error_style`` and ``password``, which may be changed at any time.
    """

    name: ClassVar[str] = "smsgateway24"
    root: ClassVar[str] = "/getdata"
    base_path: ClassVar[str | None] = "/getdata/"
    #: SmsGateway24, section 4: the order of the first three is 1, 3, 2.
    walk: ClassVar[tuple[str, ...]] = ("3", "2", "6", "7")

    def __init__(self, options: SmsGateway24Options | None = None) -> None:
        own = options or SmsGateway24Options()
        super().__init__(own)
        self.messages: dict[int, Sms] = {}
        self.devices = {device.id: device for device in own.devices}
        self.lists = Lists()
        self.tokens: dict[str, datetime | None] = dict.fromkeys(own.tokens)
        self.token_error = own.token_error
        self.error_style = own.error_style
        self.password = own.password
        self._own = own
        self._zone = ZoneInfo(own.zone)
        self._sms_ids = itertools.count(62807347)
        self._paket_ids = itertools.count(4401)
        self._internal_ids = itertools.count(1)

    def routes(self) -> Mapping[str, Handler]:
        """Give every method, by GET and by POST."""
        handlers: dict[str, Callable[[Call, dict[str, str]], dict[str, object]]] = {
            "gettoken": self._gettoken,
            "addsms": self._addsms,
            "smstosend": self._addsms,
            "addalotofsms": self._addalotofsms,
            "getallsms": self._getallsms,
            "savetag": self._savetag,
            "savecontact": self._savecontact,
            "savepaket": self._savepaket,
            "getalldevices": self._getalldevices,
            "getsmsstatus": self._getsmsstatus,
            "getdevicestatus": self._getdevicestatus,
        }
        return {
            f"{verb} /{method}": partial(self._serve, method, handler)
            for method, handler in handlers.items()
            for verb in ("GET", "POST")
        }

    def coded(self, call: Call, code: str) -> web.Response:
        """Refuse: ``login`` and ``token`` in their own sentences, anything else is the sentence."""
        del call
        return self._refused({"login": LOGIN_WRONG, "token": self.token_error}.get(code, code))

    def credentials(self) -> Mapping[str, str]:
        """Give email and password, and the first phone."""
        return {
            "email": self._own.email,
            "password": self.password,
            "device_id": str(next(iter(self.devices), "")),
        }

    def advance(self, message_id: str, status: str) -> None:
        """Put a message into a status (a number) and tell the webhook of its delivery."""
        sms = self.messages[int(message_id)]
        sms.move(int(status), self.clock())
        self.meet_code("status", status)
        self.fire(Callback.json("delivery", delivery_fields(sms, self._zone, self._own.slot_field)))

    def answer_from(self, recipient: str, text: str) -> None:
        """See :meth:`ProviderServer.answer_from`."""
        self.receive(recipient, text)

    def receive(self, originator: str, text: str, *, device_id: int | None = None, sim: int = 0) -> int:
        """Let a phone (the first if none is named) receive an SMS and tell the webhook. Returns its id."""
        device = self.devices[next(iter(self.devices)) if device_id is None else device_id]
        sms = self._incoming(originator, text, device.id, sim)
        fields = text_fields(sms, device, next(self._internal_ids), self._zone, self._own.slot_field)
        self.fire(Callback.json("incoming", fields))
        return sms.id

    def receive_image(self, originator: str, url: str) -> int:
        """Let the first phone receive an image, which the provider stores at ``url``. Returns its id."""
        sms = self._incoming(originator, "", next(iter(self.devices)), 0)
        self.fire(Callback.json("incoming", image_fields(sms, url, self._zone)))
        return sms.id

    def expire_tokens(self) -> None:
        """Let no token be valid any more."""
        self.tokens.clear()

    def new_id(self) -> str:
        """Give the next id of a message, a whole number; the first is the document's."""
        return self.options.ids() if self.options.ids else str(next(self._sms_ids))

    async def _serve(
        self, method: str, handler: Callable[[Call, dict[str, str]], dict[str, object]], call: Call
    ) -> web.Response:
        query = call.query()
        if call.request.method == "POST" and query:
            raise Misuse(f"{call.endpoint}: parameters in the query")
        given = query or call.form(multipart=True)
        parameters = METHODS[method]
        self.meet_parameters(call, given, (*parameters.required, *parameters.optional))
        try:
            require(given, parameters.required)
            self._check_access(given)
            data = handler(call, given)
        except Rejected as rejected:
            return self._refused(str(rejected))
        return self._done(method, data)

    def _done(self, method: str, data: Mapping[str, object]) -> web.Response:
        self.meet_code("error", 0)
        error: dict[str, object] = {"error": "0" if self.error_style == ErrorStyle.STRING else 0}
        shown = _EXAMPLES.get(method, ()) if self.error_style == ErrorStyle.DOCUMENT else ()
        if shown and data.keys() >= set(shown):
            error, data = {}, {name: data[name] for name in shown}
        elif self.error_style == ErrorStyle.ABSENT:
            error = {}
        return reply({**error, **data}, content_type="text/html")

    def _refused(self, sentence: str) -> web.Response:
        self.meet_code("error", 1)
        error = "1" if self.error_style == ErrorStyle.STRING else 1
        return reply({"error": error, "message": sentence}, content_type="text/html")

    def _check_access(self, given: Mapping[str, str]) -> None:
        if "token" in given:
            self._check_token(given["token"])
        elif "pass" in given and (given["email"], given["pass"]) != (self._own.email, self.password):
            raise Rejected(LOGIN_WRONG)

    def _check_token(self, token: str) -> None:
        if token in self.tokens:
            end = self.tokens[token]
            if end is None or self.clock() < end:
                return
        raise Rejected(self.token_error)

    def _gettoken(self, call: Call, given: dict[str, str]) -> dict[str, object]:
        del call, given
        token = secrets.token_hex(16)
        seconds = self._own.token_lifetime
        self.tokens[token] = None if seconds is None else self.clock() + timedelta(seconds=seconds)
        return {"message": "OK", "token": token}

    def _addsms(self, call: Call, given: dict[str, str]) -> dict[str, object]:
        del call
        order = read_order(given, self.devices, self._zone)
        return {"sms_id": self._save(order, _options(given))[0], "message": SAVED}

    def _addalotofsms(self, call: Call, given: dict[str, str]) -> dict[str, object]:
        token, entries = read_bulk(given["datajson"])
        names = dict.fromkeys(f"smsdata.{name}" for entry in entries for name in entry)
        self.meet_parameters(call, ["token", *names], ["token", *names])
        self._check_token(token)
        orders = [read_order(entry, self.devices, self._zone) for entry in entries]
        for order, entry in zip(orders, entries, strict=True):
            self._save(order, _options(entry))
        return {"message": SAVED}

    def _save(self, order: Order, options: Mapping[str, object], paket: Paket | None = None) -> list[int]:
        """Save one message for each recipient."""
        ids = []
        for recipient in order.recipients:
            sms = Sms(
                id=int(self.new_id()),
                sendto=recipient,
                body=order.body,
                device_id=order.device_id,
                sim=order.sim,
                created=self.clock(),
                customerid=order.customerid,
                urgent=order.urgent,
                timetosend=order.timetosend,
                paket=paket,
            )
            self.messages[sms.id] = sms
            ids.append(sms.id)
            self.sent(
                OnAir(
                    at=sms.created,
                    recipient=recipient,
                    text=order.body,
                    ids=(str(sms.id),),
                    reference=None if order.customerid is None else str(order.customerid),
                    options=options,
                )
            )
        return ids

    def _incoming(self, originator: str, text: str, device_id: int, sim: int) -> Sms:
        sms = Sms(
            id=int(self.new_id()),
            sendto=originator,
            body=text,
            device_id=device_id,
            sim=sim,
            created=self.clock(),
            status=INCOMING,
        )
        self.messages[sms.id] = sms
        return sms

    def _getallsms(self, call: Call, given: dict[str, str]) -> dict[str, object]:
        del call
        zone = read_zone(given["timezone"]) if "timezone" in given else self._zone
        found = read_filter(given, zone).select(self.messages.values())
        found.sort(
            key=lambda sms: sms.id, reverse=bool(read_flag("orderbydesc", given.get("orderbydesc", "0")))
        )
        if read_flag("onlycount", given.get("onlycount", "0")):
            return {"count": len(found), "message": "Ok"}
        for sms in found:
            self.meet_code("status", sms.status)
        entries = {str(sms.id): sms.json(zone, self._own.zone_style) for sms in found}
        return {"smss": self._object(entries), "count": len(found), "message": "Ok"}

    def _getalldevices(self, call: Call, given: dict[str, str]) -> dict[str, object]:
        del call, given
        entries = {
            str(device.id): device.json(self._zone, self._own.zone_style, self.clock())
            for device in self.devices.values()
        }
        return {"count": len(entries), "device": self._object(entries), "message": "Ok"}

    def _object(self, entries: dict[str, dict[str, object]]) -> object:
        return entries if entries or not self._own.empty_lists else []

    def _savetag(self, call: Call, given: dict[str, str]) -> dict[str, object]:
        del call
        return {"tag_id": self.lists.create(given["title"]).id, "message": "OK"}

    def _savecontact(self, call: Call, given: dict[str, str]) -> dict[str, object]:
        del call
        tag = self.lists.find(read_list(given))
        return {"contact_id": self.lists.add(tag, given["phone"], given["fullname"]), "message": "ok"}

    def _savepaket(self, call: Call, given: dict[str, str]) -> dict[str, object]:
        del call
        tags = [self.lists.find(read_int("tags", text.strip())) for text in given["tags"].split(",")]
        order = Order(
            recipients=phones(tags),
            body=given["body"],
            device_id=read_device(given["device_id"], self.devices),
            sim=read_flag("sim", given["sim"]),
            timetosend=read_paket_date(given["time_to_send"], self._zone),
        )
        paket = Paket(id=next(self._paket_ids), title=given["title"], body=given["body"])
        self._save(order, {name: given[name] for name in ("device_id", "sim", "time_to_send")}, paket)
        return {"message": "OK", "paket_id": paket.id}

    def _getsmsstatus(self, call: Call, given: dict[str, str]) -> dict[str, object]:
        del call
        sms = self.messages.get(read_int("sms_id", given["sms_id"]))
        if sms is None:
            raise Rejected("Sms not found")
        self.meet_code("status", sms.status)
        title = STATUS_TITLES.get(sms.status, "")
        return {"sms_id": sms.id, "status": sms.status, "status_description": title, "message": "Ok"}

    def _getdevicestatus(self, call: Call, given: dict[str, str]) -> dict[str, object]:
        del call
        device = self.devices[read_device(given["device_id"], self.devices)]
        seen = device.seen(self.clock())
        return {
            "online": device.online,
            "message": "OK",
            "device_id": device.id,
            "lastseen": php_date(seen, self._zone, self._own.zone_style),
            "diffseconds": int((self.clock() - seen).total_seconds()),
            "title": device.title,
        }


def _options(given: Mapping[str, str]) -> dict[str, object]:
    """Pick what is neither text nor recipient nor access."""
    options = ("timetosend", "sim", "urgent", "device_id")
    return {name: value for name, value in given.items() if name in options}
