"""The actions for one-time passwords."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import service
from homeassistant.util import dt as dt_util

from ..backend.model import SendRequest, new_message_id
from ..const import DOMAIN
from ..events import OtpEvent, OtpOutcome
from ..notify import raise_if_refused
from ..otp import Reason, TooManyError, otp_keeper
from ..sms_providers.geniq import Geniq, Verdict
from ..sms_providers.geniq.verify import CODE_LENGTHS, CODE_PLACEHOLDER
from ..sms_providers.model import Capability, Channel, OutboundMessage, Priority, State
from .account import account_at
from .checks import coordinator_of, invalid, only_recipient
from .results import failure
from .schemas import (
    ATTR_CODE,
    ATTR_EXPIRES_IN,
    ATTR_LENGTH,
    ATTR_MAX_ATTEMPTS,
    ATTR_METHOD,
    ATTR_OTP_ID,
    ATTR_PURPOSE,
    ATTR_TARGET,
    ATTR_TEMPLATE,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse

    from ..contacts import Recipient
    from ..coordinator import SmsGatewayConfigEntry, SmsGatewayCoordinator
    from ..otp import Otp, Verification

_CODE: Final = "{code}"
_DEFAULT_TEMPLATE: Final = f"Your code is {_CODE}"
#: People type a code in groups.
_SEPARATORS: Final = re.compile(r"[\s-]+")


async def send_otp(call: ServiceCall) -> ServiceResponse:
    """Make a code and send it, or have the provider do both."""
    coordinator, fields = coordinator_of(call), call.data
    template = fields.get(ATTR_TEMPLATE, _DEFAULT_TEMPLATE)
    if _CODE not in template:
        raise invalid("otp_template", placeholder=_CODE)
    send = _through_provider if _by_provider(coordinator, fields) else _made_here
    recipient = only_recipient(coordinator, fields[ATTR_TARGET])
    try:
        otp = await send(coordinator, recipient, fields, template)
    except TooManyError as error:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="otp_too_many",
            translation_placeholders={"wait": str(error.wait)},
        ) from error
    _tell(call.hass, otp, OtpOutcome.SENT)
    expires_at = dt_util.as_local(dt_util.utc_from_timestamp(otp.expires_at))
    return {"otp_id": otp.otp_id, "expires_at": expires_at.isoformat(timespec="seconds")}


async def verify_otp(call: ServiceCall) -> ServiceResponse:
    """Check what somebody typed."""
    fields, keeper = call.data, otp_keeper(call.hass)
    code = _SEPARATORS.sub("", fields[ATTR_CODE])
    if ATTR_OTP_ID in fields:
        found = await keeper.verify_id(fields[ATTR_OTP_ID], code, partial(_ask, call.hass))
    elif ATTR_CONFIG_ENTRY_ID in fields and ATTR_TARGET in fields:
        coordinator = coordinator_of(call)
        number = only_recipient(coordinator, fields[ATTR_TARGET]).number
        found = await keeper.verify_recipient(
            coordinator.config_entry.entry_id, number, fields[ATTR_PURPOSE], code, partial(_ask, call.hass)
        )
    else:
        raise invalid("otp_id_or_target")
    _tell_verification(call.hass, found)
    return {
        "verified": found.reason is Reason.OK,
        "reason": found.reason.value,
        "attempts_left": 0 if found.otp is None else found.otp.attempts_left,
    }


def _by_provider(coordinator: SmsGatewayCoordinator, fields: Mapping[str, Any]) -> bool:
    """Whether the provider makes the code. Raises ServiceValidationError where it must and cannot."""
    method, provider = fields[ATTR_METHOD], coordinator.data.provider
    able, fits = provider == Geniq.title, fields[ATTR_LENGTH] in CODE_LENGTHS
    if method != "provider":
        return method == "auto" and able and fits
    if not able:
        raise invalid("otp_no_provider", name=provider or coordinator.config_entry.title)
    if not fits:
        raise invalid(
            "otp_provider_length",
            provider=Geniq.title,
            shortest=str(CODE_LENGTHS[0]),
            longest=str(CODE_LENGTHS[-1]),
        )
    return True


async def _made_here(
    coordinator: SmsGatewayCoordinator, recipient: Recipient, fields: Mapping[str, Any], template: str
) -> Otp:
    """Make the code and send the text; where that is impossible the code is as if it had never been made."""
    keeper = otp_keeper(coordinator.hass)
    otp, code = await keeper.issue(**_key_of(coordinator, recipient, fields), length=fields[ATTR_LENGTH])
    request = SendRequest(
        id=new_message_id(),
        recipients=(),
        text=template.replace(_CODE, code),
        priority=Priority.OTP.name.lower(),
        valid_for=fields[ATTR_EXPIRES_IN],
    )
    try:
        raise_if_refused(await coordinator.async_send([recipient], request))
    except HomeAssistantError:
        await keeper.withdraw(otp)
        raise
    return otp


async def _through_provider(
    coordinator: SmsGatewayCoordinator, recipient: Recipient, fields: Mapping[str, Any], template: str
) -> Otp:
    """Have GENIQ make and send a code. One that may have been sent counts, though nobody can check it."""
    account = account_at(coordinator, Capability.VERIFY, Geniq)
    account.require_patience()
    keeper = otp_keeper(coordinator.hass)
    otp = await keeper.reserve(**_key_of(coordinator, recipient, fields))
    sessions: list[str] = []

    async def hand_over(message_id: str) -> Sequence[str]:
        sent = await account.provider.verify(
            recipient.number,
            reference=message_id,
            template=template.replace(_CODE, CODE_PLACEHOLDER),
            code_length=fields[ATTR_LENGTH],
            expiry=fields[ATTR_EXPIRES_IN],
        )
        sessions.append(sent.message_id)
        return sessions

    message = OutboundMessage(
        recipient=recipient.number, priority=Priority.OTP, valid_for=fields[ATTR_EXPIRES_IN]
    )
    status = await account.backend.submissions.submit(message, Channel.SMS, hand_over)
    if sessions:
        await keeper.attach(otp, sessions[0])
        return otp
    if status.state is State.FAILED:
        await keeper.withdraw(otp)
    raise failure(status)


def _key_of(
    coordinator: SmsGatewayCoordinator, recipient: Recipient, fields: Mapping[str, Any]
) -> Mapping[str, Any]:
    """What the keeper has to know of any code."""
    return {
        "entry_id": coordinator.config_entry.entry_id,
        "recipient": recipient.number,
        **{name: fields[name] for name in (ATTR_PURPOSE, ATTR_EXPIRES_IN, ATTR_MAX_ATTEMPTS)},
    }


async def _ask(hass: HomeAssistant, otp: Otp, code: str) -> bool:
    """Have GENIQ check a code. Raises HomeAssistantError where it cannot be asked."""
    entry: SmsGatewayConfigEntry = service.async_get_config_entry(hass, DOMAIN, otp.entry_id)
    account = account_at(entry.runtime_data.coordinator, Capability.VERIFY, Geniq)
    with account.asking():
        return await account.provider.check_code(otp.session or "", code) is Verdict.VERIFIED


def _tell_verification(hass: HomeAssistant, found: Verification) -> None:
    if found.otp is None:
        return
    if found.reason is Reason.OK:
        _tell(hass, found.otp, OtpOutcome.VERIFIED)
        return
    _tell(hass, found.otp, OtpOutcome.FAILED, found.reason)
    if found.locked_now:
        _tell(hass, found.otp, OtpOutcome.LOCKED)


def _tell(hass: HomeAssistant, otp: Otp, outcome: OtpOutcome, reason: Reason | None = None) -> None:
    """Tell the entry's event entity and the triggers, where the entry is still there to tell."""
    entry = hass.config_entries.async_get_entry(otp.entry_id)
    if entry is None or entry.state is not ConfigEntryState.LOADED:
        return
    entry.runtime_data.coordinator.async_otp_happened(
        OtpEvent(
            otp_id=otp.otp_id,
            outcome=outcome,
            recipient=otp.recipient,
            at=dt_util.utcnow(),
            purpose=otp.purpose,
            reason=None if reason is None else reason.value,
        )
    )
