"""uBill (ubill.ge) without uBill: its SMS API and its callback.

Parameters and callback are those of ubill.ge/en/blog/sms-api; answers, error codes and the other endpoints those of
uBill's published SDK (OpenAPI 2.1.8).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Final
from zoneinfo import ZoneInfo

from sms_bridge.simulator.provider import ProviderOptions, ProviderServer
from sms_bridge.simulator.provider_call import Misuse, Refusal, reply
from sms_bridge.simulator.provider_callbacks import Callback, Delivery, any_2xx
from sms_bridge.simulator.provider_record import OnAir
from sms_bridge.simulator.provider_text import segments

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aiohttp import web

    from sms_bridge.simulator.provider_call import Call, Handler

#: Answers of `send`.
SEND_CODES: Final[dict[int, str]] = {
    0: "SMS sent successfully",
    10: "Brand not found",
    20: "Numbers not found",
    30: "Empty message text",
    40: "Not enough SMS balance",
    50: "No valid numbers found",
    90: "JSON error",
    99: "General error",
}
#: Answers of `brandNameCreate`.
BRAND_CODES: Final[dict[int, str]] = {
    0: "Brand name created successfully",
    10: "Brand name is empty",
    20: "Brand name must have 2 to 11 characters",
    30: "Brand name has characters that are not allowed",
    40: "Brand name already exists",
    50: "Wait until the previous brand name is authorized",
    90: "JSON error",
    99: "General error",
}
#: The callback's statusID, which is also the report's.
STATUSES: Final[dict[str, str]] = {"0": "Sent", "1": "Delivered", "2": "Failed", "3": "Pending", "4": "Error"}

_BRAND_NOT_FOUND: Final = 10
_NO_NUMBERS: Final = 20
_EMPTY_TEXT: Final = 30
_NO_BALANCE: Final = 40
_NO_VALID_NUMBERS: Final = 50
_JSON_ERROR: Final = 90
_GENERAL_ERROR: Final = 99
_UNAUTHORIZED: Final = 401

#: International, without 00 and + (E.164: at most 15 digits).
_NUMBER: Final = re.compile(r"[1-9][0-9]{6,14}")
_BRAND: Final = re.compile(r"[A-Za-z0-9.\- ]*")
_SHORTEST_BRAND, _LONGEST_BRAND = 2, 11
_SEND_TIME: Final = "%Y-%m-%d %H:%M"
_FIELDS: Final = ("brandID", "numbers", "text", "stopList", "otp", "sendTime")
_SWITCHES: Final = {"true": True, "false": False}
#: The SDK's example.
_FIRST_ID: Final = 117345


@dataclass(frozen=True, slots=True, kw_only=True)
class UbillOptions(ProviderOptions):
    """A uBill account, and where its documents leave a choice.

    `balance` counts SMS. `zone` is that of `sendTime` and of a callback's date. `strings` writes identifiers and
    codes as strings; `ids` must give digits. `brands_key` is what brandNames calls its list. With `event` callbacks
    carry the parameter that the live service adds.
    """

    key: str = "simulated-key"
    callback_key: str = "simulated-callback-key"
    brands: Mapping[int, str] = field(default_factory=lambda: {1: "SIMULATED"})
    balance: int = 100
    zone: str = "Asia/Tbilisi"
    strings: bool = False
    brands_key: str = "brands"
    event: bool = False


@dataclass(slots=True, kw_only=True)
class _Brand:
    name: str
    authorized: bool
    created: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """A request to send, from JSON or from a query. `numbers` may hold anything, in its order and once each."""

    numbers: tuple[str, ...]
    text: str
    check_stop_list: bool
    at: datetime | None
    options: Mapping[str, object]


class UbillServer(ProviderServer):
    """A uBill account. For tests: `balance`, and `stop_list` with numbers that want nothing."""

    name: ClassVar[str] = "ubill"
    root: ClassVar[str] = "/v1/sms"
    base_path: ClassVar[str | None] = "/v1/sms/send"
    walk: ClassVar[tuple[str, ...]] = ("0", "1")

    def __init__(self, options: UbillOptions | None = None) -> None:
        self.account = options or UbillOptions()
        super().__init__(self.account)
        self.balance = self.account.balance
        self.stop_list: set[str] = set()
        self._brands = {
            number: _Brand(name=name, authorized=True, created=self.clock())
            for number, name in self.account.brands.items()
        }
        self._reports: dict[str, dict[str, str]] = {}
        self._walked: set[str] = set()
        self._last_id = _FIRST_ID - 1

    def routes(self) -> Mapping[str, Handler]:
        """Give every documented endpoint."""
        return {
            "POST /send": self._send_json,
            "GET /send": self._send_query,
            "GET /report/{smsID}": self._report,
            "GET /balance": self._balance,
            "GET /brandNames": self._brand_names,
            "POST /brandNameCreate": self._create_brand,
        }

    def credentials(self) -> Mapping[str, str]:
        """Give the key for requests, a brand, and the key that callbacks carry."""
        return {
            "api_key": self.account.key,
            "brand_id": str(next(iter(self.account.brands), "")),
            "callback_key": self.account.callback_key,
        }

    def delivery(self) -> Delivery:
        """Call once; 200 to 299 is success. Repetition is not documented."""
        return Delivery(taken=any_2xx)

    def coded(self, call: Call, code: str) -> web.Response:
        """Answer with a code of the endpoint's table, or 401."""
        if int(code) == _UNAUTHORIZED:
            return reply({"message": "Unauthorized"}, status=_UNAUTHORIZED)
        return self._answer(call, int(code))

    def new_id(self) -> str:
        """Give the next number."""
        self._last_id += 1
        return self.options.ids() if self.options.ids else str(self._last_id)

    def walk_of(self, message_id: str) -> Sequence[str]:
        """Walk once for each smsID: its numbers walk together."""
        first = message_id not in self._walked
        self._walked.add(message_id)
        return self.walk if first else ()

    def advance(self, message_id: str, status: str, *, number: str | None = None) -> None:
        """Report a statusID for one number of a smsID, or for all of them.

        Raises KeyError for an unknown smsID or number, ValueError for a statusID that is not documented.
        """
        if status not in STATUSES:
            raise ValueError(f"{status} is no statusID")
        report = self._reports[message_id]
        if number is not None and number not in report:
            raise KeyError(number)
        for recipient in list(report) if number is None else [number]:
            report[recipient] = status
            self.meet_code("status", status)
            fields = {
                "key": self.account.callback_key,
                "smsID": message_id,
                "number": recipient,
                "statusID": status,
                "date": self._local(self.clock()),
            }
            if self.account.event:
                fields["event"] = "sms.delivery.updated"
            self.fire(Callback.get("status", fields))

    def activate_brand(self, brand_id: int) -> None:
        """Authorize a brand, and call back: that this happens is reported, its parameters nowhere."""
        self._brands[brand_id].authorized = True
        fields = {"key": self.account.callback_key, "event": "brand.activated", "brandID": str(brand_id)}
        self.fire(Callback.get("brand", fields))

    def _local(self, at: datetime) -> str:
        return at.astimezone(ZoneInfo(self.account.zone)).strftime("%Y-%m-%d %H:%M:%S")

    def _written(self, number: int | str) -> int | str:
        return str(number) if self.account.strings else int(number)

    def _answer(self, call: Call, code: int, **fields: object) -> web.Response:
        brands = call.endpoint.endswith("/brandNameCreate")
        table = BRAND_CODES if brands else SEND_CODES
        self.meet_code("brand" if brands else "send", code)
        data: dict[str, object] = {"statusID": self._written(code), **fields}
        if code or call.request.method == "POST" or call.endpoint == "GET /send":
            data["message"] = table.get(code, table[_GENERAL_ERROR])
        return reply(data)

    def _refuse_if(self, call: Call, code: int) -> None:
        if code:
            raise Refusal(self._answer(call, code))

    def _authorized(self, call: Call, known: Sequence[str] = ()) -> dict[str, str]:
        """Give the query without its key. Raises Refusal for a wrong key, Misuse for an unknown parameter."""
        query = call.query()
        self.meet_parameters(call, query, ("key", *known))
        if query.pop("key", call.request.headers.get("key")) != self.account.key:
            raise Refusal(self.coded(call, str(_UNAUTHORIZED)))
        return query

    def _json(self, call: Call, known: Sequence[str]) -> dict[str, object]:
        if call.content_type != "application/json":
            raise Misuse(f"{call.endpoint} takes application/json")
        try:
            data = json.loads(call.body)
        except ValueError:
            data = None
        if not isinstance(data, dict):
            raise Refusal(self._answer(call, _JSON_ERROR))
        self.meet_parameters(call, data, known)
        return data

    async def _send_query(self, call: Call) -> web.Response:
        query = self._authorized(call, _FIELDS)
        return self._send(call, query, [number for number in query.get("numbers", "").split(",") if number])

    async def _send_json(self, call: Call) -> web.Response:
        self._authorized(call)
        data = self._json(call, _FIELDS)
        numbers = data.get("numbers", [])
        if not isinstance(numbers, list) or not all(type(number) is int for number in numbers):
            raise Misuse("numbers must be a list of integers in JSON")
        for name, kind in (("brandID", int), ("text", str), ("sendTime", str)):
            if type(data.get(name, kind())) is not kind:
                raise Misuse(f"{name} has the wrong type")
        for name in ("stopList", "otp"):
            if not isinstance(data.get(name, False), bool):
                raise Misuse(f"{name} must be true or false")
        texts = {
            name: str(value).lower() if isinstance(value, bool) else str(value)
            for name, value in data.items()
        }
        return self._send(call, texts, [str(number) for number in numbers])

    def _send(self, call: Call, given: Mapping[str, str], numbers: list[str]) -> web.Response:
        order = self._read(call, given, numbers)
        valid = [
            number
            for number in order.numbers
            if _NUMBER.fullmatch(number) and not (order.check_stop_list and number in self.stop_list)
        ]
        cost = len(valid) * segments(order.text)
        self._refuse_if(call, 0 if valid else _NO_VALID_NUMBERS)
        self._refuse_if(call, _NO_BALANCE if cost > self.balance else 0)
        self.balance -= cost
        sms_id = self.new_id()
        self._reports[sms_id] = dict.fromkeys(valid, "3")
        at = order.at or self.clock()
        for number in valid:
            self.sent(OnAir(at=at, recipient=number, text=order.text, ids=(sms_id,), options=order.options))
        return self._answer(call, 0, smsID=self._written(sms_id))

    def _read(self, call: Call, given: Mapping[str, str], numbers: list[str]) -> _Order:
        for name in ("stopList", "otp"):
            if given.get(name, "false") not in _SWITCHES:
                raise Misuse(f"{name} must be true or false, in lower case")
        known = {str(number) for number, entry in self._brands.items() if entry.authorized}
        self._refuse_if(call, 0 if given.get("brandID") in known else _BRAND_NOT_FOUND)
        self._refuse_if(call, 0 if numbers else _NO_NUMBERS)
        self._refuse_if(call, 0 if given.get("text") else _EMPTY_TEXT)
        return _Order(
            numbers=tuple(dict.fromkeys(numbers)),
            text=given["text"],
            check_stop_list=_SWITCHES[given.get("stopList", "true")],
            at=self._send_time(call, given["sendTime"]) if "sendTime" in given else None,
            options={name: value for name, value in given.items() if name not in {"numbers", "text"}},
        )

    def _send_time(self, call: Call, text: str) -> datetime:
        try:
            at = datetime.strptime(text, _SEND_TIME).replace(tzinfo=ZoneInfo(self.account.zone))
        except ValueError:
            raise Misuse("sendTime must look like 2026-02-01 23:30") from None
        self._refuse_if(call, 0 if at > self.clock() else _GENERAL_ERROR)
        return at

    async def _report(self, call: Call) -> web.Response:
        self._authorized(call)
        self.meet_parameters(call, call.path, ("smsID",))
        report = self._reports.get(call.path["smsID"])
        if report is None:
            raise Refusal(self._answer(call, _GENERAL_ERROR))
        result = [{"number": number, "statusID": status} for number, status in report.items()]
        return self._answer(call, 0, result=result)

    async def _balance(self, call: Call) -> web.Response:
        self._authorized(call)
        return self._answer(call, 0, sms=str(self.balance))

    async def _brand_names(self, call: Call) -> web.Response:
        self._authorized(call)
        brands = [
            {
                "id": str(number),
                "name": brand.name,
                "authorized": "1" if brand.authorized else "2",
                "createdAt": self._local(brand.created),
            }
            for number, brand in self._brands.items()
        ]
        return self._answer(call, 0, **{self.account.brands_key: brands})

    async def _create_brand(self, call: Call) -> web.Response:
        self._authorized(call)
        name = self._json(call, ("brandName",)).get("brandName", "")
        if not isinstance(name, str):
            raise Misuse("brandName must be a string")
        self._refuse_if(call, self._judge_brand(name))
        number = max(self._brands, default=0) + 1
        self._brands[number] = _Brand(name=name, authorized=False, created=self.clock())
        return self._answer(call, 0, brandID=self._written(number))

    def _judge_brand(self, name: str) -> int:
        rules = (
            (10, not name),
            (20, not _SHORTEST_BRAND <= len(name) <= _LONGEST_BRAND),
            (30, not _BRAND.fullmatch(name)),
            (40, name in {brand.name for brand in self._brands.values()}),
            (50, not all(brand.authorized for brand in self._brands.values())),
        )
        return next((code for code, broken in rules if broken), 0)
