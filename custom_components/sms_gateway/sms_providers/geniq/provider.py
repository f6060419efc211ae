"""GENIQ: SMS, one-time passwords, WhatsApp and calls through one account.

Source: GENIQ REST API Reference (``https://api.geniq.io/rest/v1``).
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from ..client import Client
from ..exceptions import ProtocolError
from ..fields import as_decimal, as_text
from ..model import Balance, Capability
from ..provider import ProviderKind
from .callbacks import read_callback, unknown_words
from .session import Session, basic_credentials, now
from .settings import TITLE
from .sms import MAX_BATCH, OPTIONS, SmsSender
from .templates import TemplateFilter, create_template, delete_template, list_templates
from .verify import CODE_LENGTH, EXPIRY, Verifier
from .voice import Caller
from .whatsapp import send_whatsapp

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from datetime import datetime

    import aiohttp

    from ..model import DeliveryReport, Outcome, Taken
    from ..provider import (
        CallbackRequest,
        IncomingPage,
        LostSend,
        OpenSend,
        OptionCheck,
        Outgoing,
        Received,
    )
    from .answers import Submitted
    from .settings import GeniqSettings
    from .templates import CreatedTemplate, NewTemplate, TemplatePage
    from .verify import Verdict, Verification
    from .voice import Menu
    from .whatsapp import WhatsAppContent


class Billing(StrEnum):
    """How an account is paid for."""

    PREPAID = "Prepaid"
    POSTPAID = "Postpaid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What an account has left; ``billing`` is ``None`` for a word that no document has."""

    balance: Balance
    billing: Billing | None


class Geniq:
    """One account at GENIQ.

    The actions beyond sending raise :class:`~..exceptions.ProviderError`; where a parameter is wrong they do so
    before anything is asked. Recipients are E.164 with a plus sign. ``now`` tells the time (aware) by which a token
    is old; ``sleep`` and ``clock`` are those of :class:`~..client.Client`.
    """

    kind: ProviderKind = ProviderKind.GENIQ
    title: str = TITLE
    capabilities: frozenset[Capability] = frozenset(
        {
            Capability.BALANCE,
            Capability.DELIVERY_REPORT,
            Capability.INCOMING,
            Capability.INCOMING_CALLBACK,
            Capability.ORIGINATOR,
            Capability.REPORT_CALLBACK,
            Capability.VERIFY,
            Capability.VOICE,
            Capability.WHATSAPP,
            Capability.WHATSAPP_TEMPLATES,
        }
    )
    max_batch: int = MAX_BATCH
    options: Mapping[str, OptionCheck] = OPTIONS

    def __init__(
        self,
        session: aiohttp.ClientSession,
        settings: GeniqSettings,
        *,
        now: Callable[[], datetime] = now,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        basic = basic_credentials(settings)
        self._client = Client(
            session,
            title=TITLE,
            secrets=(settings.api_key, settings.api_secret, basic),
            response_timeout=settings.response_timeout,
            sleep=sleep,
            clock=clock,
        )
        self._session = Session(self._client, settings, basic, clock=now)
        self._sms = SmsSender(self._session, settings.originator)
        self._verifier = Verifier(self._session, settings.originator)
        self._caller = Caller(self._session, settings.originator)

    def transcript(self) -> Sequence[str]:
        """Return the last requests and what became of them, without anything private."""
        return self._client.transcript()

    async def check(self) -> None:
        """Ask for the balance, which needs a token, which needs the credentials."""
        await self.account()

    async def send(self, batch: Sequence[Outgoing]) -> Sequence[Outcome]:
        """Send messages of equal text and options: one by ``/sms``, several by ``/batch_sms``."""
        return await self._sms.send(batch)

    async def find(self, lost: Sequence[LostSend], known: frozenset[str]) -> Mapping[int, Taken]:
        """Return nothing: GENIQ keeps no list of what it took."""
        del lost, known
        return {}

    async def reports(self, sends: Sequence[OpenSend]) -> Sequence[DeliveryReport]:
        """Return nothing: GENIQ reports by callback only."""
        del sends
        return ()

    async def incoming(self, after: str | None) -> IncomingPage | None:
        """Return ``None``: GENIQ hands over what was received by callback only."""
        del after
        return None

    async def account(self) -> Account:
        """Return what is left, and how it is paid for."""
        call = self._session.call("GET", "/balance", reads=True)
        members = await self._session.ask(call)
        amount = as_decimal(members.get("balance"))
        if amount is None:
            raise ProtocolError(f"{TITLE}, {call.name}: the balance is no number")
        return Account(
            balance=Balance(amount=amount, currency=as_text(members.get("currency")) or None),
            billing=_BILLING.get((as_text(members.get("type")) or "").lower()),
        )

    async def balance(self) -> Balance:
        """Return what is left, in the account's currency."""
        return (await self.account()).balance

    def read_callback(self, request: CallbackRequest) -> Sequence[DeliveryReport | Received]:
        """Read one of the four callbacks."""
        events = read_callback(request)
        for word in unknown_words(events):
            self._client.warn_once(
                f"report {word}", f"{TITLE}: a report has a status that is not known ({word})"
            )
        return events

    async def verify(
        self,
        recipient: str,
        *,
        originator: str | None = None,
        reference: str | None = None,
        template: str | None = None,
        code_length: int = CODE_LENGTH,
        expiry: int = EXPIRY,
    ) -> Verification:
        """Have GENIQ make a code of 6 to 8 digits and send it by SMS.

        ``template`` holds ``[CODE]``; ``expiry`` is in seconds.
        """
        return await self._verifier.send(
            recipient,
            originator=originator,
            reference=reference,
            template=template,
            code_length=code_length,
            expiry=expiry,
        )

    async def check_code(self, message_id: str, code: str, *, reference: str | None = None) -> Verdict:
        """Ask whether ``code`` is the one that was sent with ``message_id``; anything but 6 to 8 digits is wrong."""
        return await self._verifier.check(message_id, code, reference=reference)

    async def whatsapp(
        self, recipient: str, content: WhatsAppContent, *, reference: str | None = None
    ) -> Submitted:
        """Send a WhatsApp message."""
        return await send_whatsapp(self._session, recipient, content, reference=reference)

    async def create_template(self, template: NewTemplate) -> CreatedTemplate:
        """Submit a template for approval."""
        return await create_template(self._session, template)

    async def list_templates(self, wanted: TemplateFilter | None = None) -> TemplatePage:
        """Return the templates that fit, or the first page of them."""
        return await list_templates(self._session, wanted or TemplateFilter())

    async def delete_template(self, name: str, template_id: str | None = None) -> None:
        """Delete the templates of that name, or the one with that id among them; it cannot be undone."""
        await delete_template(self._session, name, template_id)

    async def call(
        self,
        recipient: str,
        message: str,
        *,
        locale: str,
        originator: str | None = None,
        reference: str | None = None,
    ) -> Submitted:
        """Call and read ``message`` aloud, in a language of :data:`~.voice.LOCALES`."""
        return await self._caller.speak(
            recipient, message, locale=locale, originator=originator, reference=reference
        )

    async def call_menu(
        self,
        recipient: str,
        menus: Sequence[Menu],
        *,
        locale: str,
        originator: str | None = None,
        max_duration: int | None = None,
        barge: bool = False,
        reference: str | None = None,
    ) -> Submitted:
        """Call and ask by menus, of which the first is read first.

        ``max_duration`` is in seconds; with ``barge`` a key interrupts what is read.
        """
        return await self._caller.ask(
            recipient,
            menus,
            locale=locale,
            originator=originator,
            max_duration=max_duration,
            barge=barge,
            reference=reference,
        )


_BILLING: Final = {billing.value.lower(): billing for billing in Billing}
