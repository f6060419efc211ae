"""The actions that call somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..backend.model import MessageError, MessageStatus
from ..notify import raise_if_refused
from ..sms_providers.exceptions import ProviderError
from ..sms_providers.geniq import Geniq, Menu, MenuOption
from ..sms_providers.model import Capability, Refused, State, Taken
from .account import account_of
from .results import raise_if_all, record
from .schemas import ATTR_MESSAGE, ATTR_TARGET

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from homeassistant.core import ServiceCall, ServiceResponse

    from ..sms_providers.geniq import Submitted
    from ..sms_providers.model import Outcome
    from .account import Account


async def read_aloud(call: ServiceCall) -> ServiceResponse:
    """Call and read a text aloud."""
    account, fields = account_of(call, Capability.VOICE, Geniq), call.data
    return await _place(
        account,
        call,
        lambda number: account.provider.call(
            number, fields[ATTR_MESSAGE], locale=fields["locale"], originator=fields.get("originator")
        ),
    )


async def ask_by_menus(call: ServiceCall) -> ServiceResponse:
    """Call and ask by menus."""
    account, fields = account_of(call, Capability.VOICE, Geniq), call.data
    menus = [_menu(menu) for menu in fields["menus"]]
    return await _place(
        account,
        call,
        lambda number: account.provider.call_menu(
            number,
            menus,
            locale=fields["locale"],
            originator=fields.get("originator"),
            max_duration=fields.get("max_duration"),
            barge=fields["barge"],
        ),
    )


async def _place(
    account: Account[Geniq], call: ServiceCall, dial: Callable[[str], Awaitable[Submitted]]
) -> ServiceResponse:
    """Call everybody at the same time. Nothing is heard of a call but that the provider has taken it."""
    recipients = account.coordinator.contacts.resolve(call.data[ATTR_TARGET])

    async def one(number: str) -> MessageStatus:
        outcome: Outcome
        try:
            outcome = Taken(references=(await dial(number)).message_ids, state=State.ACCEPTED)
        except ProviderError as error:
            outcome = error.outcome()
        account.backend.connection.sent(outcome)
        return _status(number, outcome)

    calls = await account.each(recipients, one)
    raise_if_all(calls, State.FAILED)
    if not call.return_response:
        raise_if_refused(calls)
    shown = ({**record(status), "id": status.id or None} for status in calls)
    return {"calls": [{key: one[key] for key in ("id", "to", "state", "error")} for one in shown]}


def _status(number: str, outcome: Outcome) -> MessageStatus:
    if isinstance(outcome, Taken):
        return MessageStatus(id="".join(outcome.references[:1]), to=number, state=outcome.state)
    error = outcome.error
    return MessageStatus(
        id="",
        to=number,
        state=State.FAILED if isinstance(outcome, Refused) else State.UNKNOWN,
        error=MessageError(code=error.code.value, message=error.message, temporary=error.temporary),
    )


def _menu(menu: Mapping[str, Any]) -> Menu:
    return Menu(
        menu_id=menu["id"],
        message=menu[ATTR_MESSAGE],
        options=tuple(
            MenuOption(dtmf=option["key"], return_value=option.get("value"), target_menu=option.get("menu"))
            for option in menu["options"]
        ),
    )
