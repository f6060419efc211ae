"""SMSgic as its document describes it: a Laravel application that keeps campaigns."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final

from aiohttp import web

from sms_bridge.simulator.provider import ProviderOptions, ProviderServer
from sms_bridge.simulator.provider_call import Misuse, Refusal, reply
from sms_bridge.simulator.provider_faults import RateLimit
from sms_bridge.simulator.provider_record import OnAir
from sms_bridge.simulator.provider_smsgic_rules import (
    BALANCE_TOO_LOW,
    MESSAGE_MISSING,
    SCHEDULE_FORMAT,
    SENDER_MISSING,
    SEVERAL_MISSING,
    TYPES,
    UNAUTHENTICATED,
    RecipientsForm,
    filters,
    moment,
    read_recipients,
    wrong_recipients,
    wrong_text,
)
from sms_bridge.simulator.provider_smsgic_tariff import TARIFF, charges, quote, rates, wrong_filters

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from sms_bridge.simulator.provider_call import Call, Handler
    from sms_bridge.simulator.provider_smsgic_tariff import Route

_JSON: Final = "application/json"
#: HTTP's numbers of the two refusals that carry more than a sentence.
_INVALID: Final = 422
_TOO_MANY: Final = 429
#: The token where none is given.
_ACCESS: Final = "smsgic-access"
#: The form of a sending's id.
_ID: Final = re.compile(r"\d{1,18}", re.ASCII)

#: Answers by name for a `Fault` with a code: HTTP status and sentence.
_CODES: Final[dict[str, tuple[int, str]]] = {
    "401": (401, UNAUTHENTICATED),
    "402": (402, BALANCE_TOO_LOW),
    "404": (404, "No query results for model {id}"),
    "422": (422, SEVERAL_MISSING),
    "429": (429, "Too Many Attempts."),
    "balance": (422, BALANCE_TOO_LOW),
}


@dataclass(slots=True, kw_only=True)
class Sending:
    """A campaign: one text to some recipients. Times are UTC; without a schedule ``scheduled_at`` is when it came."""

    id: int
    text: str
    recipients: tuple[str, ...]
    sender: str
    type: str
    created_at: datetime
    updated_at: datetime
    scheduled_at: datetime
    total_sms: int
    status: str = "Draft"

    def listed(self) -> dict[str, object]:
        """Write it as an entry of ``GET /sendings``, which calls Pending what the detail calls Draft."""
        return {
            "id": self.id,
            "text": self.text,
            "created_at": f"{self.created_at:%Y-%m-%dT%H:%M:%S.%fZ}",
            "scheduled_at": f"{self.scheduled_at:{SCHEDULE_FORMAT}}",
            "status": "Pending" if self.status == "Draft" else self.status,
            "total_sms": self.total_sms,
        }

    def detail(self) -> dict[str, object]:
        """Write it as ``GET /sendings/{id}`` does."""
        return {
            "id": self.id,
            "status": self.status,
            "updated_at": f"{self.updated_at:%Y-%m-%dT%H:%M:%S.%fZ}",
            "scheduled_at": f"{self.scheduled_at:{SCHEDULE_FORMAT}}",
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsgicOptions(ProviderOptions):
    """What the simulated SMSgic can be told.

    ``balance`` is pounds. ``senders`` are the account's, with their ids; ``default_sender`` is allowed, too, but
    not listed. ``tax`` is a part of the price, 0.21 for 21 %. ``trailing_commas`` prints JSON as the document
    does. ``balance_status`` is the HTTP status of a balance that is too low: the document leaves it open.
    ``calculate_limit`` is the number of quotes in a minute, None for no limit.
    """

    token: str = _ACCESS
    balance: str = "450.000"
    senders: tuple[tuple[int, str], ...] = ((45, "MegaShop"), (46, "DSTLCKDM"), (136, "MEGA"))
    default_sender: str = "INFO"
    tariff: tuple[Route, ...] = TARIFF
    tax: str = "0"
    recipients_form: RecipientsForm = RecipientsForm.ANY
    trailing_commas: bool = False
    balance_status: int = 422
    #: SMSgic, POST /sendings/calculate: "3000 requests per minute".
    calculate_limit: int | None = 3000


class SmsgicServer(ProviderServer):
    """The provider SMSgic.

    Public for tests: ``sendings`` by id; ``token`` (None: nobody gets in), ``balance``, ``recipients_form``,
    ``trailing_commas`` and ``calculate_limit.limit``, which may be changed at any time.
    """

    name: ClassVar[str] = "smsgic"
    #: The document knows Draft and Pending only; the rest are likely words.
    walk: ClassVar[tuple[str, ...]] = ("Pending", "Processing", "Sent", "Delivered")

    def __init__(self, options: SmsgicOptions | None = None) -> None:
        own = options or SmsgicOptions()
        super().__init__(own)
        self.token: str | None = own.token
        self.balance = Decimal(own.balance)
        self.sendings: dict[int, Sending] = {}
        self.recipients_form = own.recipients_form
        self.trailing_commas = own.trailing_commas
        self.calculate_limit = RateLimit(own.calculate_limit, 60, self.clock)
        self._own = own
        self._senders = dict(own.senders)
        self._tax = Decimal(own.tax)
        self._numbers = itertools.count(458)

    def routes(self) -> Mapping[str, Handler]:
        """Give the document's endpoints."""
        handlers: dict[str, Callable[[Call], object]] = {
            "GET /balance": self._get_balance,
            "GET /senders": self._get_senders,
            "GET /rates": self._get_rates,
            "GET /status": self._get_status,
            "POST /sendings/calculate": self._calculate,
            "GET /sendings": self._get_sendings,
            "POST /sendings": self._create_sending,
            "GET /sendings/{id}": self._get_sending,
        }
        return {endpoint: partial(self._serve, handler) for endpoint, handler in handlers.items()}

    def coded(self, call: Call, code: str) -> web.Response:
        """Answer with HTTP 401, 402, 404, 422 or 429, with ``balance``, or with another HTTP status."""
        status, sentence = _CODES.get(code) or (int(code), "Server Error")
        sentence = sentence.format(id=call.path.get("id", "301"))
        return self._refusal(status, sentence, ["message"] if status == _INVALID else []).answer

    def credentials(self) -> Mapping[str, str]:
        """Give the token and an originator that is allowed."""
        return {"token": self.token or "", "originator": self._own.default_sender}

    def advance(self, message_id: str, status: str) -> None:
        """Put a sending into a status, any text. There are no callbacks."""
        sending = self.sendings[int(message_id)]
        sending.status = status
        sending.updated_at = self.clock().astimezone(UTC)

    def new_id(self) -> str:
        """Give the next id of a sending, a whole number; the first is the document's."""
        return self.options.ids() if self.options.ids else str(next(self._numbers))

    def expire_tokens(self) -> None:
        """Revoke the token: 401 until ``token`` is set again."""
        self.token = None

    async def _serve(self, handler: Callable[[Call], object], call: Call) -> web.Response:
        self._refuse_headers(call)
        if call.endpoint != "GET /status" and (
            self.token is None or call.request.headers.get("Authorization") != f"Bearer {self.token}"
        ):
            raise self._refusal(401, UNAUTHENTICATED)
        data = handler(call)
        self.meet_code("http", 200)
        return reply(data, trailing_commas=self.trailing_commas)

    def _refuse_headers(self, call: Call) -> None:
        accepted = call.request.headers.get("Accept", "")
        if _JSON not in {part.partition(";")[0].strip() for part in accepted.split(",")}:
            # Laravel takes whoever does not ask for JSON for a browser.
            self.misuses.append(f"{call.endpoint}: no Accept: {_JSON}")
            self.meet_code("http", 302)
            body = (
                f'<!DOCTYPE html><title>Redirecting to {self.origin}/login</title><a href="/login">login</a>'
            )
            headers = {"Location": f"{self.origin}/login"}
            raise Refusal(web.Response(status=302, text=body, content_type="text/html", headers=headers))
        if call.content_type != _JSON:
            raise Misuse(f"{call.endpoint}: no Content-Type: {_JSON}")

    def _refusal(self, status: int, sentence: str, fields: Sequence[str] = ()) -> Refusal:
        """Build a refusal whose errors are all this sentence, filed under ``fields``."""
        return self._laravel(status, sentence, {name: [sentence] for name in fields})

    def _laravel(self, status: int, sentence: str, errors: Mapping[str, Sequence[str]]) -> Refusal:
        self.meet_code("http", status)
        data: dict[str, object] = {"message": sentence}
        if errors:
            data["errors"] = errors
        headers = {"Retry-After": "60", "X-RateLimit-Remaining": "0"} if status == _TOO_MANY else None
        return Refusal(reply(data, status=status, headers=headers, trailing_commas=self.trailing_commas))

    def _get_balance(self, call: Call) -> object:
        self.meet_parameters(call, call.query(), ())
        return {"balance": f"{self.balance:.3f}", "sign": "£", "code": "GBP"}

    def _get_senders(self, call: Call) -> object:
        self.meet_parameters(call, call.query(), ())
        return {"senders": [{"id": number, "sender": sender} for number, sender in self._senders.items()]}

    def _get_status(self, call: Call) -> object:
        self.meet_parameters(call, call.query(), ())
        return ["OK"]

    def _get_rates(self, call: Call) -> object:
        wanted = filters(call)
        self.meet_parameters(call, wanted, ("mcc", "mnc", "country", "country_id"))
        errors = wrong_filters(self._own.tariff, wanted)
        if errors:
            raise self._laravel(
                422, next(iter(errors.values()))[0] if len(errors) == 1 else SEVERAL_MISSING, errors
            )
        return {"rates": rates(self._own.tariff, wanted)}

    def _calculate(self, call: Call) -> object:
        body = call.json_object()
        self.meet_parameters(call, body, ("message", "recipients"))
        if self.calculate_limit.exceeded():
            raise self._refusal(429, "Too Many Attempts.")
        recipients = read_recipients(call.endpoint, body.get("recipients"), self.recipients_form)
        errors: dict[str, list[str]] = {}
        if wrong := wrong_text(body.get("message"), "message", MESSAGE_MISSING):
            errors["message"] = [wrong]
        if refused := wrong_recipients(recipients):
            errors[refused[0]] = [refused[1]]
        if errors:
            raise self._laravel(
                422, next(iter(errors.values()))[0] if len(errors) == 1 else SEVERAL_MISSING, errors
            )
        return quote(
            self._own.tariff, str(body["message"]), [str(number) for number in recipients], self._tax
        )

    def _get_sendings(self, call: Call) -> object:
        self.meet_parameters(call, call.query(), ())
        for sending in self.sendings.values():
            self.meet_code("status", str(sending.listed()["status"]))
        return {"sendings": [sending.listed() for sending in self.sendings.values()]}

    def _get_sending(self, call: Call) -> object:
        self.meet_parameters(call, [*call.path, *call.query()], ("id",))
        number = call.path["id"]
        sending = self.sendings.get(int(number)) if _ID.fullmatch(number) else None
        if sending is None:
            raise self._refusal(404, f"No query results for model {number}")
        self.meet_code("status", sending.status)
        return {"sending": sending.detail()}

    def _create_sending(self, call: Call) -> object:
        body = call.json_object()
        self.meet_parameters(call, body, ("message", "recipients", "sender", "scheduled_at", "type"))
        recipients = read_recipients(call.endpoint, body.get("recipients"), self.recipients_form)
        self._refuse_sending(body, recipients)
        route = str(body.get("type") or TYPES[0])
        self.meet_code("type", route)
        priced = charges(self._own.tariff, str(body["message"]), [str(number) for number in recipients])
        total = sum((charge.total for charge in priced), Decimal()) * (1 + self._tax)
        if total > self.balance:
            fields = ["message"] if self._own.balance_status == _INVALID else []
            raise self._refusal(self._own.balance_status, BALANCE_TOO_LOW, fields)
        self.balance -= total
        at = self.clock().astimezone(UTC)
        scheduled = body.get("scheduled_at")
        sending = Sending(
            id=int(self.new_id()),
            text=str(body["message"]),
            recipients=tuple(charge.number for charge in priced),
            sender=str(body["sender"]),
            type=route,
            created_at=at,
            updated_at=at,
            scheduled_at=moment(str(scheduled)) or at if scheduled else at,
            total_sms=sum(charge.segments for charge in priced),
        )
        self.sendings[sending.id] = sending
        self._leave(
            sending, {name: body[name] for name in ("sender", "scheduled_at", "type") if name in body}
        )
        return {"message": "SMS champing created", "sending_id": sending.id}

    def _leave(self, sending: Sending, options: Mapping[str, object]) -> None:
        for number in sending.recipients:
            self.sent(
                OnAir(
                    at=self.clock(),
                    recipient=number,
                    text=sending.text,
                    ids=(str(sending.id),),
                    options=options,
                )
            )

    def _refuse_sending(self, body: Mapping[str, object], recipients: Sequence[object]) -> None:
        """Raise Refusal for the first thing that is wrong; nearly all are filed under ``message``."""
        wrong = wrong_text(body.get("message"), "message", MESSAGE_MISSING)
        if not wrong and (refused := wrong_recipients(recipients)):
            wrong = refused[1]
        wrong = wrong or wrong_text(body.get("sender"), "sender", SENDER_MISSING)
        if not wrong and body["sender"] not in {self._own.default_sender, *self._senders.values()}:
            wrong = "The selected `sender` is invalid."
        if wrong:
            raise self._refusal(_INVALID, wrong, ["message"])
        scheduled = body.get("scheduled_at")
        if scheduled is not None:
            at = moment(scheduled) if isinstance(scheduled, str) else None
            if at is None:
                sentence = "The scheduled at does not match the format Y-m-d H:i:s."
                raise self._refusal(_INVALID, sentence, ["scheduled_at"])
            if at <= self.clock():
                raise self._refusal(_INVALID, "The scheduled at must be a date after now.", ["scheduled_at"])
        if body.get("type", TYPES[0]) not in TYPES:
            raise self._refusal(_INVALID, "The selected type is invalid.", ["type"])
