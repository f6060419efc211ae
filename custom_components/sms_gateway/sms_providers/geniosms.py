"""One account at GenioSms (geniosms.net), which sends through Android phones, as a provider.

Sources: "SMS API for Developers" of geniosms.net (answer, codes, IPN by POST); the provider's published samples
``sendSms`` and ``ipn`` (address, parameters, fields of the IPN). An answer has no identifier of the message: our own
reference, as ``custom``, is what the IPN bears.
"""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from yarl import URL

from .address import redact_numbers
from .client import Call, Client
from .exceptions import AuthError, ProviderError, RejectedError, UnsupportedError
from .fields import as_int, as_objects, as_text
from .model import Capability, DeliveryReport, Error, ErrorCode, NoAnswer, State, Taken
from .provider import CallbackError, ProviderKind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    import aiohttp

    from .client import Answer
    from .model import Balance, Outcome
    from .provider import (
        CallbackRequest,
        IncomingPage,
        LostSend,
        OpenSend,
        OptionCheck,
        Outgoing,
        Received,
    )

_TITLE: Final = "GenioSms"
#: What the samples call the number, the text, the key and our reference.
_PARAMETERS: Final[Mapping[str, str]] = MappingProxyType(
    {"to": "to", "msg": "msg", "api": "api", "custom": "custom"}
)
#: ``status_code`` of an answer: ok_ip, and with ok_over_ip both that mean success.
_OK_IP: Final = "1"
_ACCEPTED: Final = frozenset({_OK_IP, "2"})
#: ``response`` of an answer: the phones have been told.
_PUSHED: Final = "200"
#: ``status_code`` of an answer: the other seven.
_REFUSALS: Final[Mapping[str, tuple[ErrorCode, str]]] = MappingProxyType(
    {
        "3": (ErrorCode.AUTH, "the API key is wrong"),
        "4": (ErrorCode.IP_DENIED, "the address of this computer is not allowed; allow it in the panel"),
        "5": (ErrorCode.PROTOCOL, "the parameters are not valid"),
        "6": (ErrorCode.AUTH, "the device's token or number is wrong; look at extra_params"),
        "7": (ErrorCode.INVALID_RECIPIENT, "the number is missing"),
        "8": (ErrorCode.INVALID_TEXT, "the text is missing"),
        "9": (ErrorCode.NO_CREDIT, "the credit is used up; recharge the account"),
    }
)
_AUTH: Final = frozenset({ErrorCode.AUTH, ErrorCode.IP_DENIED})
#: IPN: ``ipn_type`` and ``status``. Its ``status_code`` is another table than the answer's, and nobody documents it.
_STATES: Final[Mapping[tuple[str, str], State]] = MappingProxyType(
    {
        ("SENT", "RESULT_OK"): State.SENT,
        ("SENT", "RESULT_ERROR"): State.FAILED,
        ("DELIVERY", "RESULT_OK"): State.DELIVERED,
        ("DELIVERY", "RESULT_ERROR"): State.UNDELIVERABLE,
    }
)
#: Fields of an IPN; the samples have ten.
_MOST_FIELDS: Final = 50
#: Characters of a word of the provider's that is kept.
_LONGEST_WORD: Final = 40
#: Our references (1…2³¹-1), as ``custom``.
_REFERENCE: Final = re.compile(r"[1-9][0-9]{0,9}")
#: ``to`` of an IPN, where it is the number as we gave it.
_NUMBER: Final = re.compile(r"\+[1-9][0-9]{6,14}")


@dataclass(frozen=True, slots=True, kw_only=True)
class GenioSmsSettings:
    """``parameters`` maps to, msg, api and custom to the names they have; one that is left out has its usual name.

    ``extra_params`` go with every request, such as a device's token. ``response_timeout`` is in seconds.
    """

    api_key: str = field(repr=False)
    base_url: str = "https://geniosms.net/tools/api.pl"
    response_timeout: float = 30.0
    parameters: Mapping[str, str] = field(default_factory=dict)
    extra_params: Mapping[str, str] = field(default_factory=dict, repr=False)
    user_agent: str = "GenioSmsBot/1.0 (+http://api.geniosms.net)"


def _extra_params(value: object) -> Mapping[str, str]:
    """Check parameters that one message has of its own."""
    if isinstance(value, dict):
        written = {name: as_text(given) for name, given in value.items() if isinstance(name, str)}
        if len(written) == len(value) and None not in written.values():
            return {name: given for name, given in written.items() if given is not None}
    raise ValueError("expected names of parameters with their values")


class GenioSms:
    """One account at GenioSms. ``sleep`` and ``clock`` (seconds) are the time."""

    kind: ProviderKind = ProviderKind.GENIOSMS
    title: str = _TITLE
    capabilities: frozenset[Capability] = frozenset({Capability.DELIVERY_REPORT, Capability.REPORT_CALLBACK})
    max_batch: int = 1
    options: Mapping[str, OptionCheck] = MappingProxyType({"extra_params": _extra_params})

    def __init__(
        self,
        session: aiohttp.ClientSession,
        settings: GenioSmsSettings,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._names = {**_PARAMETERS, **settings.parameters}
        self._url = URL(settings.base_url)
        self._client = Client(
            session,
            title=_TITLE,
            secrets=(settings.api_key, *settings.extra_params.values()),
            response_timeout=settings.response_timeout,
            sleep=sleep,
            clock=clock,
        )

    def transcript(self) -> Sequence[str]:
        """Return the last requests and what became of them, oldest first."""
        return self._client.transcript()

    async def check(self) -> None:
        """Raise UnsupportedError: GenioSms answers nothing but messages."""
        raise UnsupportedError(
            f"{_TITLE} has nothing to ask for without sending; send a message to try the key"
        )

    async def balance(self) -> Balance:
        """Raise UnsupportedError: GenioSms only tells when the credit is used up."""
        raise UnsupportedError(f"{_TITLE} does not tell the balance; its panel does")

    async def send(self, batch: Sequence[Outgoing]) -> Sequence[Outcome]:
        """Send messages one by one; one outcome each, in order."""
        return [await self._send(outgoing) for outgoing in batch]

    async def find(self, lost: Sequence[LostSend], known: frozenset[str]) -> Mapping[int, Taken]:
        """Return nothing: GenioSms tells of a message by itself, or not at all."""
        del lost, known
        return {}

    async def reports(self, sends: Sequence[OpenSend]) -> Sequence[DeliveryReport]:
        """Return nothing, for the same reason."""
        del sends
        return ()

    async def incoming(self, after: str | None) -> IncomingPage | None:
        """Return ``None``: GenioSms documents no received messages."""
        del after
        return None

    def read_callback(self, request: CallbackRequest) -> Sequence[DeliveryReport | Received]:
        """Read an IPN, which is a form. Raises CallbackError.

        One without a ``custom`` of ours is about a message that somebody else sent, from the panel for one.
        """
        if request.method != "POST":
            raise CallbackError(405, "GenioSms calls by POST")
        fields = _form(request.body)
        status, ipn_type = fields.get("status", "").strip(), fields.get("ipn_type", "").strip()
        if not status or not ipn_type:
            raise CallbackError(400, "status and ipn_type are needed")
        reference = fields.get("custom", "").strip()
        if _REFERENCE.fullmatch(reference) is None:
            return []
        state = _STATES.get((ipn_type, status))
        raw = _word(fields.get("status_code", "").strip())
        if state is None:
            raw = _word(f"{ipn_type} {status}")
            self._client.warn_once(raw, f"{_TITLE}: an IPN has a status that is not known ({raw})")
        to = fields.get("to", "").strip()
        return [
            DeliveryReport(
                reference=reference,
                state=state,
                # An answer that was lost is known by the recipient, too.
                recipient=to if _NUMBER.fullmatch(to) else None,
                error=_report_error(state, raw),
            )
        ]

    async def _send(self, outgoing: Outgoing) -> Outcome:
        reference = str(outgoing.reference)
        try:
            answer = await self._client.request(self._call(outgoing))
            self._judge(answer)
        except ProviderError as error:
            outcome = error.outcome()
            return (
                replace(outcome, expected_reference=reference) if isinstance(outcome, NoAnswer) else outcome
            )
        self._client.succeeded()
        return Taken(references=(reference,), state=State.ACCEPTED)

    def _call(self, outgoing: Outgoing) -> Call:
        message = outgoing.message
        if message.text is None or message.flash:
            raise UnsupportedError(
                f"{_TITLE} sends plain texts only; send data and flash messages another way"
            )
        if outgoing.send_at is not None:
            raise UnsupportedError(f"{_TITLE} sends at once only; its panel can schedule")
        try:
            extra = _extra_params(message.options.get("extra_params", {}))
        except ValueError as error:
            raise RejectedError(f"{_TITLE}: extra_params: {error}", code=ErrorCode.INVALID_PAYLOAD) from None
        text = message.fitted_text
        names = self._names
        return Call(
            name="POST /",
            method="POST",
            url=self._url,
            form={
                **self._settings.extra_params,
                **extra,
                names["to"]: message.recipient,
                names["msg"]: text,
                names["api"]: self._settings.api_key,
                names["custom"]: str(outgoing.reference),
            },
            headers={"User-Agent": self._settings.user_agent},
            private=(text, message.recipient, *extra.values()),
        )

    def _judge(self, answer: Answer) -> None:
        """Look at the records of all phones: one that took the message is enough. Raises ProviderError."""
        codes = [code for record in _records(answer.data) if (code := _code(record)) is not None]
        if _ACCEPTED.intersection(codes):
            return
        if answer.failure is not None or not codes:
            raise self._refusal(codes[0]) if codes and codes[0] in _REFUSALS else answer.unexpected()
        raise self._refusal(codes[0])

    def _refusal(self, code: str) -> ProviderError:
        word = _word(code)
        if code not in _REFUSALS:
            self._client.warn_once(
                word, f"{_TITLE}: a message is refused for a reason that is not known ({word})"
            )
        known, sentence = _REFUSALS.get(code, (ErrorCode.REJECTED_BY_NETWORK, "the message was refused"))
        kind = AuthError if known in _AUTH else RejectedError
        return kind(f"{_TITLE}: {sentence} ({word})", code=known, provider_code=word)


def _records(data: object) -> Sequence[Mapping[str, object]]:
    """The records of an answer: one alone, a list of them, or an object of them."""
    if isinstance(data, dict) and ("status_code" in data or "response" in data):
        return [data]
    return as_objects(data)


def _code(record: Mapping[str, object]) -> str | None:
    """The record's ``status_code``; where it is missing, what ``response`` amounts to."""
    code = as_text(record.get("status_code"))
    if code:
        number = as_int(code)
        return code if number is None else str(number)
    response = as_text(record.get("response"))
    if response is None:
        return None
    return _OK_IP if response == _PUSHED else f"response {response}"


def _form(body: bytes) -> dict[str, str]:
    try:
        return dict(
            parse_qsl(body.decode(errors="replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
        )
    except ValueError:
        raise CallbackError(400, "the form cannot be read") from None


def _report_error(state: State | None, raw: str) -> Error | None:
    if state is None:
        return Error(
            code=ErrorCode.PROTOCOL, message=f"{_TITLE} reports a status that is not known", provider_code=raw
        )
    if state is State.FAILED:
        sentence = f"{_TITLE}: the phone could not send it"
    elif state is State.UNDELIVERABLE:
        sentence = f"{_TITLE}: it could not be delivered"
    else:
        return None
    return Error(code=ErrorCode.NETWORK, message=sentence, provider_code=raw or None, temporary=True)


def _word(written: str) -> str:
    return redact_numbers(written)[:_LONGEST_WORD]
