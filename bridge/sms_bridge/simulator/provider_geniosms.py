"""GenioSms as its guide and its samples describe it: phones with an app behind one address to send.

The guide gives the answer and its codes; address, parameters and the fields of the notification are from the
provider's own samples.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Final

from sms_bridge.simulator.provider import ProviderOptions, ProviderServer
from sms_bridge.simulator.provider_call import Misuse, refuse_unknown, reply
from sms_bridge.simulator.provider_callbacks import Callback
from sms_bridge.simulator.provider_record import OnAir

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aiohttp import web

    from sms_bridge.simulator.provider_call import Call, Handler

#: The key where no other is given.
_ACCESS: Final = "geniosms-access"
#: The parameters of the provider's samples, under their own names.
_NAMES: Final = (("to", "to"), ("msg", "msg"), ("api", "api"), ("custom", "custom"))
_NUMBER: Final = re.compile(r"\+?\d{3,20}", re.ASCII)
#: What ``status_code`` of a notification is where nothing else is asked for. Android: ``Activity.RESULT_OK`` and
#: ``RESULT_CANCELED``; ``SmsManager.RESULT_ERROR_GENERIC_FAILURE`` (2 is radio off, 3 null PDU, 4 no service).
_ANDROID_CODES: Final[Mapping[tuple[str, str], str]] = MappingProxyType(
    {
        ("SENT", "RESULT_OK"): "-1",
        ("SENT", "RESULT_ERROR"): "1",
        ("DELIVERY", "RESULT_OK"): "-1",
        ("DELIVERY", "RESULT_ERROR"): "0",
    }
)


class Code(IntEnum):
    """GenioSms, section 3: ``status_code`` of the answer."""

    OK_IP = 1
    OK_OVER_IP = 2
    API_KEY_ERROR = 3
    UNAUTHORIZED_IP = 4
    PARAM_ERROR = 5
    TOKEN_OR_ID_DEVICE_ERROR = 6
    MISSING_TO_NUMBER = 7
    MISSING_MSG = 8
    BALANCE_ERROR = 9


class Wrapping(StrEnum):
    """How the records of several phones are put together: the best alone, a list, or an object with a key for each."""

    OBJECT = "object"
    LIST = "list"
    OBJECTS = "objects"


@dataclass(frozen=True, slots=True, kw_only=True)
class GenioSmsOptions(ProviderOptions):
    """What the simulated GenioSms can be told.

    ``names`` gives each parameter of the samples (to, msg, api, custom) another name. ``extra`` are parameters
    with the values that they must have, ``token`` and ``id_device`` for example. ``over_ip`` lets clients in whose
    address is not allowed. ``credit`` is a number of SMS, None for endless. ``phones`` are the PINs of the linked
    phones, ``number`` is what they send from. ``wrapping``, ``numeric`` (codes as numbers, not as texts),
    ``refused_response`` (``response`` of a refusal) and ``bare`` (no ``status_code``) vary the answer, where the
    guide is silent. ``delivery_first`` notifies of the delivery before the sending.
    """

    api_key: str = _ACCESS
    names: tuple[tuple[str, str], ...] = _NAMES
    extra: tuple[tuple[str, str], ...] = ()
    over_ip: bool = False
    credit: int | None = None
    phones: tuple[str, ...] = ("1001",)
    number: str = "+393331234567"
    wrapping: Wrapping = Wrapping.OBJECT
    numeric: bool = False
    refused_response: str = "200"
    bare: bool = False
    delivery_first: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """An SMS that a phone sends."""

    id: str
    pin: str
    custom: str
    to: str
    msg: str


class GenioSmsServer(ProviderServer):
    """The provider GenioSms.

    Public for tests: ``messages`` by id; ``phones``, the code with which each linked phone (by PIN) refuses or
    None; ``api_key``, ``over_ip``, ``credit`` and ``wrapping``, which may be changed at any time.
    """

    name: ClassVar[str] = "geniosms"
    base_path: ClassVar[str | None] = "/tools/api.pl"
    walk: ClassVar[tuple[str, ...]] = ("SENT RESULT_OK", "DELIVERY RESULT_OK")

    def __init__(self, options: GenioSmsOptions | None = None) -> None:
        own = options or GenioSmsOptions()
        super().__init__(own)
        self.messages: dict[str, Outgoing] = {}
        self.phones: dict[str, int | None] = dict.fromkeys(own.phones)
        self.api_key = own.api_key
        self.over_ip = own.over_ip
        self.credit = own.credit
        self.wrapping = own.wrapping
        self._own = own
        self._ids = itertools.count(1)

    def routes(self) -> Mapping[str, Handler]:
        """Give the one address, by POST and by GET."""
        return {"POST /tools/api.pl": self._send, "GET /tools/api.pl": self._send}

    def coded(self, call: Call, code: str) -> web.Response:
        """Answer with a ``status_code``; also 1 and 2, though nothing is sent then."""
        del call
        return self._answer([int(code)])

    def credentials(self) -> Mapping[str, str]:
        """Give the key."""
        return {"api_key": self.api_key}

    def walk_of(self, message_id: str) -> Sequence[str]:
        """Give both notifications, the delivery's first if the options say so."""
        del message_id
        return self.walk[::-1] if self._own.delivery_first else self.walk

    def advance(self, message_id: str, status: str) -> None:
        """Notify: ``status`` is ``SENT`` or ``DELIVERY``, then ``RESULT_OK`` or ``RESULT_ERROR``, then maybe a code.

        The code is Android's own, for example ``SENT RESULT_ERROR 2`` for a radio that is off.
        """
        message = self.messages[message_id]
        ipn_type, _, rest = status.partition(" ")
        result, _, code = rest.partition(" ")
        usual = _ANDROID_CODES[ipn_type, result]
        self.meet_code("ipn", f"{ipn_type} {result}")
        fields = {
            "status": result,
            "status_code": code or usual,
            "id_smsout": message.id,
            "request_code": message.id,
            "pin": message.pin,
            "custom": message.custom,
            "ipn_type": ipn_type,
            "to": message.to,
            "from": self._own.number,
            "msg": message.msg,
        }
        self.fire(Callback.form("ipn", fields))

    def new_id(self) -> str:
        """Give the next id."""
        return self.options.ids() if self.options.ids else str(next(self._ids))

    async def _send(self, call: Call) -> web.Response:
        given = self._parameters(call)
        code = self._judge(call, given)
        if code not in {Code.OK_IP, Code.OK_OVER_IP}:
            return self._answer([code])
        takers = [pin for pin, refusal in self.phones.items() if refusal is None]
        if takers:
            self._leave(takers[0], given)
        return self._answer([refusal or code for refusal in self.phones.values()] or [code])

    def _parameters(self, call: Call) -> dict[str, str]:
        """Read the parameters under the samples' names, and the extra ones under their own."""
        query = call.query()
        if call.request.method == "POST" and query:
            raise Misuse(f"{call.endpoint}: parameters in the query")
        wire = {wire: name for name, wire in self._own.names} | {name: name for name, _ in self._own.extra}
        given = query or call.form()
        refuse_unknown(call.endpoint, given, wire)
        read = {wire[name]: value for name, value in given.items()}
        self.meet_parameters(call, read, read)
        return read

    def _judge(self, call: Call, given: Mapping[str, str]) -> Code:
        """Say whether the request is allowed: the key first, then who asks, then what."""
        listed = self.allowed_ips is not None and self.ip_allowed(call)
        refusals = (
            (given.get("api") != self.api_key, Code.API_KEY_ERROR),
            (not self.ip_allowed(call) and not self.over_ip, Code.UNAUTHORIZED_IP),
            (any(given.get(name) != value for name, value in self._own.extra), Code.TOKEN_OR_ID_DEVICE_ERROR),
            (not given.get("to"), Code.MISSING_TO_NUMBER),
            (not given.get("msg"), Code.MISSING_MSG),
            (not _NUMBER.fullmatch(given.get("to", "")), Code.PARAM_ERROR),
            (self.credit == 0, Code.BALANCE_ERROR),
        )
        allowed = Code.OK_OVER_IP if self.over_ip and not listed else Code.OK_IP
        return next((code for refused, code in refusals if refused), allowed)

    def _leave(self, pin: str, given: Mapping[str, str]) -> None:
        """Let the phone send."""
        message = Outgoing(
            id=self.new_id(), pin=pin, custom=given.get("custom", ""), to=given["to"], msg=given["msg"]
        )
        self.messages[message.id] = message
        if self.credit is not None:
            self.credit -= 1
        self.sent(
            OnAir(
                at=self.clock(),
                recipient=message.to,
                text=message.msg,
                ids=(message.id,),
                reference=given.get("custom"),
                options={name: given[name] for name, _ in self._own.extra},
            )
        )

    def _answer(self, codes: Sequence[int]) -> web.Response:
        for code in codes:
            self.meet_code("send", int(code))
        records = [self._record(code) for code in codes]
        if self.wrapping == Wrapping.LIST:
            return reply(records, content_type="text/html")
        if self.wrapping == Wrapping.OBJECTS:
            return reply({str(key): record for key, record in enumerate(records)}, content_type="text/html")
        return reply(records[codes.index(min(codes))], content_type="text/html")

    def _record(self, code: int) -> dict[str, object]:
        accepted = code in {Code.OK_IP, Code.OK_OVER_IP}
        texts = {"response": "200" if accepted else self._own.refused_response, "status_code": str(int(code))}
        if self._own.bare:
            del texts["status_code"]
        return {name: int(text) if self._own.numeric else text for name, text in texts.items()}
