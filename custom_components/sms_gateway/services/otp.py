"""The actions for one-time passwords."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from ..backend.model import SendRequest, new_message_id
from ..const import DOMAIN
from ..events import OtpEvent, OtpOutcome
from ..notify import raise_if_refused
from ..otp import Reason, TooManyError, otp_keeper
from ..sms_providers.model import Priority
from .checks import coordinator_of, invalid, only_recipient
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
    from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse

    from ..contacts import Recipient
    from ..coordinator import SmsGatewayCoordinator
    from ..otp import Otp, Verification

_CODE: Final = "{code}"
_DEFAULT_TEMPLATE: Final = f"Your code is {_CODE}"
#: People type a code in groups.
_SEPARATORS: Final = re.compile(r"[\s-]+")


async def send_otp(call: ServiceCall) -> ServiceResponse:
    """Make a code and send it."""
    coordinator, fields = coordinator_of(call), call.data
    name = coordinator.config_entry.title
    if fields[ATTR_METHOD] == "provider":
        raise invalid("otp_no_provider", name=name)
    template = fields.get(ATTR_TEMPLATE, _DEFAULT_TEMPLATE)
    if _CODE not in template:
        raise invalid("otp_template", placeholder=_CODE)
    recipient = only_recipient(coordinator, fields[ATTR_TARGET])
    try:
        otp, code = await otp_keeper(call.hass).issue(
            entry_id=coordinator.config_entry.entry_id,
            recipient=recipient.number,
            purpose=fields[ATTR_PURPOSE],
            length=fields[ATTR_LENGTH],
            expires_in=fields[ATTR_EXPIRES_IN],
            max_attempts=fields[ATTR_MAX_ATTEMPTS],
        )
    except TooManyError as error:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="otp_too_many",
            translation_placeholders={"wait": str(error.wait)},
        ) from error
    await _send(coordinator, recipient, otp, template.replace(_CODE, code), fields[ATTR_EXPIRES_IN])
    _tell(call.hass, otp, OtpOutcome.SENT)
    expires_at = dt_util.as_local(dt_util.utc_from_timestamp(otp.expires_at))
    return {"otp_id": otp.otp_id, "expires_at": expires_at.isoformat(timespec="seconds")}


async def verify_otp(call: ServiceCall) -> ServiceResponse:
    """Check what somebody typed."""
    fields, keeper = call.data, otp_keeper(call.hass)
    code = _SEPARATORS.sub("", fields[ATTR_CODE])
    if ATTR_OTP_ID in fields:
        found = await keeper.verify_id(fields[ATTR_OTP_ID], code)
    elif ATTR_CONFIG_ENTRY_ID in fields and ATTR_TARGET in fields:
        coordinator = coordinator_of(call)
        number = only_recipient(coordinator, fields[ATTR_TARGET]).number
        found = await keeper.verify_recipient(
            coordinator.config_entry.entry_id, number, fields[ATTR_PURPOSE], code
        )
    else:
        raise invalid("otp_id_or_target")
    _tell_verification(call.hass, found)
    return {
        "verified": found.reason is Reason.OK,
        "reason": found.reason.value,
        "attempts_left": 0 if found.otp is None else found.otp.attempts_left,
    }


async def _send(
    coordinator: SmsGatewayCoordinator, recipient: Recipient, otp: Otp, text: str, valid_for: int
) -> None:
    """Send the text; where that is impossible the code is as if it had never been made."""
    request = SendRequest(
        id=new_message_id(),
        recipients=(),
        text=text,
        priority=Priority.OTP.name.lower(),
        valid_for=valid_for,
    )
    try:
        raise_if_refused(await coordinator.async_send([recipient], request))
    except HomeAssistantError:
        await otp_keeper(coordinator.hass).withdraw(otp)
        raise


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
