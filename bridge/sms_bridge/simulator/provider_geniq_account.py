"""A GENIQ account: its credentials, credit and answers, and what became of its messages."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from itertools import repeat
from typing import TYPE_CHECKING, ClassVar, Final

from sms_bridge.simulator.provider import ProviderOptions, ProviderServer
from sms_bridge.simulator.provider_call import Misuse, Refusal, reply
from sms_bridge.simulator.provider_callbacks import Delivery
from sms_bridge.simulator.provider_faults import RateLimit
from sms_bridge.simulator.provider_geniq_codes import API_CODES, HTTP_STATUSES, describe
from sms_bridge.simulator.provider_geniq_reports import (
    Arrival,
    Sent,
    incoming_sms,
    incoming_whatsapp,
    report,
)
from sms_bridge.simulator.provider_geniq_tokens import Credentials, Tokens
from sms_bridge.simulator.provider_record import OnAir

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from aiohttp import web

    from sms_bridge.simulator.provider_call import Call, Handler

#: A WhatsApp session lasts 24 h after the subscriber's last message.
_SESSION: Final = timedelta(hours=24)
_SPAM_SECONDS: Final = 60
#: The 8-bit references of 3GPP TS 23.040 clause 9.2.3.24.1.
_CONCAT_REFS: Final = 0x100

#: Codes of the API table.
_INVALID_IP: Final = 2
_THROTTLED: Final = 5
_NO_CREDIT: Final = 6
_SPAM: Final = 19

#: WhatsApp statuses after which `smsFallback` sends an SMS.
_FAILED: Final = ("failed", "expired", "exceeded_retry")
_WALKS: Final[dict[str, tuple[str, ...]]] = {
    "sms": ("processed", "delivered"),
    "whatsapp": ("processed", "sent", "delivered", "read"),
    # No voice callback is documented.
    "voice": (),
}


def draw_code(length: int) -> str:
    """Draw a one-time code of so many digits."""
    return "".join(secrets.choice("0123456789") for _ in range(length))


@dataclass(frozen=True, slots=True, kw_only=True)
class GeniqOptions(ProviderOptions):
    """A GENIQ account, and where its reference leaves a choice.

    `price` is one segment's, `otp_fee` is on top for `/verify`, both in `currency`. `token_life` is in seconds.
    `rate_limit` counts requests per second (code 5), `spam_limit` sends per minute (19). `numeric_codes` writes
    codes as integers, as the reference's tables say, not as strings, as its examples show. `always_200` answers
    refusals with HTTP 200. `batch_top_failure` answers a partly refused batch with its first failure's code,
    `batch_counts_failed` counts failures as processed, `batch_omits` leaves these recipients out of the answer.
    `auto_approve` approves templates at once. `dlr_by_get` reports as the older reference shows. `draw` makes
    one-time codes.
    """

    api_key: str = "simulated-key"
    api_secret: str = "simulated-secret"  # noqa: S105 - the simulator's own; it opens nothing
    token_life: float = 3600
    balance: Decimal = Decimal("19.2594")
    currency: str = "EUR"
    prepaid: bool = True
    price: Decimal = Decimal("0.05")
    otp_fee: Decimal = Decimal("0.005")
    batch_maximum: int = 1000
    rate_limit: int | None = None
    spam_limit: int | None = None
    numeric_codes: bool = False
    always_200: bool = False
    batch_top_failure: bool = False
    batch_counts_failed: bool = False
    batch_omits: frozenset[str] = frozenset()
    auto_approve: bool = False
    dlr_by_get: bool = False
    draw: Callable[[int], str] = draw_code


class GeniqAccount(ProviderServer):
    """What GENIQ's endpoints share. For tests: `balance`, and `refusals` (API codes for single recipients)."""

    name: ClassVar[str] = "geniq"
    root: ClassVar[str] = "/rest/v1"

    def __init__(self, options: GeniqOptions | None = None) -> None:
        self.account = options or GeniqOptions()
        super().__init__(self.account)
        self.balance = self.account.balance
        self.refusals: dict[str, int] = {}
        self.tokens = Tokens(self.account.token_life, self.clock)
        self._credentials = Credentials(api_key=self.account.api_key, api_secret=self.account.api_secret)
        self._rate = RateLimit(self.account.rate_limit, 1, self.clock)
        self._spam = RateLimit(self.account.spam_limit, _SPAM_SECONDS, self.clock)
        self._messages: dict[str, Sent] = {}
        self._sessions: dict[str, datetime] = {}
        self._concat_ref = 0

    def credentials(self) -> Mapping[str, str]:
        """Give API key and secret."""
        return {"api_key": self.account.api_key, "api_secret": self.account.api_secret}

    def delivery(self) -> Delivery:
        """Call again until the answer is 200."""
        return Delivery(tries=self.options.callback_tries, retry_after=self.options.callback_retry_after)

    def coded(self, call: Call, code: str) -> web.Response:
        """Answer with a code of the API or WhatsApp table."""
        del call
        return self.answer(int(code))

    def walk_of(self, message_id: str) -> Sequence[str]:
        """Give the good end of a message's channel; none for calls."""
        return _WALKS[self._messages[message_id].channel]

    def expire_tokens(self) -> None:
        """Let every issued token be too old (23). ``tokens.revoke()`` lets them be invalid (20)."""
        self.tokens.expire()

    def advance(self, message_id: str, status: str, *, reason: int = 0) -> None:
        """Report a segment or WhatsApp message; an SMS that comes too late for its validity is expired.

        Raises KeyError for an unknown identifier, ValueError for a status that the channel has not, and for a call.
        """
        sent = self._messages[message_id]
        late = sent.expires is not None and self.clock() >= sent.expires
        sent.status = "expired" if late and status == "delivered" else status
        callback = report(sent, reason, self.clock(), by_get=self.account.dlr_by_get)
        self.meet_code("dlr" if sent.channel == "sms" else "whatsapp dlr", sent.status)
        self.meet_code("reason", reason)
        if sent.fallback and sent.status in _FAILED:
            self.sent(OnAir(at=self.clock(), recipient=sent.recipient, text=sent.fallback))
            sent.fallback = ""
        self.fire(callback)

    def answer_from(self, recipient: str, text: str) -> None:
        """See :meth:`ProviderServer.answer_from`."""
        self.receive_sms(recipient, text)

    def receive_sms(self, originator: str, message: str, *, recipient: str = "88888") -> list[str]:
        """Let a subscriber send an SMS to a number of ours; give one identifier for each segment."""
        self._concat_ref = (self._concat_ref + 1) % _CONCAT_REFS
        callbacks = incoming_sms(
            (self.new_id() for _ in repeat(None)),
            originator=originator,
            recipient=recipient,
            message=message,
            concat_ref=self._concat_ref,
            at=self.clock(),
        )
        for callback in callbacks:
            self.fire(callback)
        return [str(callback.fields["messageId"]) for callback in callbacks]

    def receive_whatsapp(
        self,
        originator: str,
        kind: str = "text",
        *,
        body: str | None = None,
        url: str | None = None,
        name: str = "Mark Gold",
        recipient: str = "6598989898",
    ) -> str:
        """Let a subscriber write by WhatsApp, which opens a session; give the message's identifier."""
        arrival = Arrival(
            id=self.new_id(),
            type=kind,
            originator=originator,
            originator_name=name,
            recipient=recipient,
            at=self.clock(),
            body=body,
            url=url,
        )
        callback = incoming_whatsapp(arrival)
        self.open_session(originator)
        self.meet_code("whatsapp in", kind)
        self.fire(callback)
        return arrival.id

    def open_session(self, recipient: str) -> None:
        """Let WhatsApp messages other than templates reach a subscriber for 24 h."""
        self._sessions[recipient] = self.clock() + _SESSION

    def has_session(self, recipient: str) -> bool:
        """Say whether a subscriber's WhatsApp session is open."""
        return recipient in self._sessions and self.clock() < self._sessions[recipient]

    def judge_credentials(self, header: str) -> int:
        """Give 0 for our Basic header, else the API's code."""
        return self._credentials.judge(header)

    def answer(self, code: int, reference: str | None = None, **fields: object) -> web.Response:
        """Answer with the envelope, `reference` (None: the endpoint has none) and an endpoint's own fields."""
        self.meet_code("api" if code in API_CODES else "whatsapp", code)
        data: dict[str, object] = {} if reference is None else {"reference": reference}
        data |= {"responseMessage": describe(code), "responseCode": self.written(code)} | fields
        status = 200 if self.account.always_200 else HTTP_STATUSES.get(code, 400)
        return reply(data, status=status)

    def written(self, code: int) -> int | str:
        """Write a code as this account's answers do."""
        return code if self.account.numeric_codes else str(code)

    def refuse_if(self, code: int, reference: str | None = None) -> None:
        """Raise Refusal with `code` unless it is 0."""
        if code:
            raise Refusal(self.answer(code, reference))

    def check_client(self, call: Call) -> None:
        """Raise Refusal for a client whose address or pace is not allowed."""
        self.refuse_if(0 if self.ip_allowed(call) else _INVALID_IP)
        self.refuse_if(_THROTTLED if self._rate.exceeded() else 0)

    def guarded(self, handler: Handler) -> Handler:
        """Let only requests with a valid token reach `handler`."""

        async def guard(call: Call) -> web.Response:
            self.check_client(call)
            self.refuse_if(self.tokens.judge(call.request.headers.get("Authorization", "")))
            return await handler(call)

        return guard

    def parameters(self, call: Call, known: Iterable[str]) -> dict[str, str]:
        """Read the parameters of form and query together, which the reference allows. Raises Misuse."""
        form, query = call.form(), call.query()
        if form.keys() & query.keys():
            raise Misuse(f"{call.endpoint}: a parameter is in the form and in the query")
        self.meet_parameters(call, [*form, *query], known)
        return form | query

    def charge(self, segments: int, fee: Decimal = Decimal(0)) -> int:
        """Take what a message costs; give 0, or the API's code if it cannot be sent."""
        cost = self.account.price * segments + fee
        if self._spam.exceeded():
            return _SPAM
        if self.account.prepaid and cost > self.balance:
            return _NO_CREDIT
        self.balance -= cost
        return 0

    def issue(
        self, message: OnAir, segments: int, *, expires: datetime | None = None, fallback: str = ""
    ) -> list[str]:
        """Let a message leave under identifiers of its own, one for each segment."""
        ids = tuple(self.new_id() for _ in range(segments))
        for message_id in ids:
            self._messages[message_id] = Sent(
                id=message_id,
                channel=message.channel,
                recipient=message.recipient,
                expires=expires,
                fallback=fallback,
            )
        self.sent(replace(message, ids=ids))
        return list(ids)
