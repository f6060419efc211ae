"""Control by SMS: chosen numbers may text Home Assistant's Assist, which answers by SMS.

The sender of an SMS can be forged; hence an allow-list, a PIN, limits, and an event of every use.
"""

from __future__ import annotations

import hmac
from collections import defaultdict, deque
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from homeassistant.const import CONF_ENABLED
from homeassistant.core import Context, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .backend.model import IncomingEvent, SendRequest, new_message_id
from .const import CONF_AGENT, CONF_ALLOWED, CONF_PIN, CONF_SMS_CONTROL, EVENT_CONTROL, LOGGER
from .contacts import Recipient
from .notify import raise_if_refused
from .sms_providers.charset import TextTooLongError, plan

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

    from .coordinator import SmsGatewayConfigEntry, SmsGatewayCoordinator
    from .events import Happening

#: Uses of one number within so many seconds.
USES: Final = 10
USES_WINDOW: Final = 600
#: Messages of several words without the PIN, of one number within so many seconds; then the PIN counts no more either.
WRONG_PINS: Final = 5
WRONG_PINS_WINDOW: Final = 3_600
#: Segments of an answer, each of which costs; what is longer is cut.
ANSWER_SEGMENTS: Final = 2
#: Three dots of the GSM alphabet: the ellipsis would make the whole answer UCS-2.
_CUT: Final = "..."


class Outcome(StrEnum):
    """What became of a message from an allowed number."""

    ANSWERED = "answered"
    FAILED = "failed"
    LATE = "late"
    WRONG_PIN = "wrong_pin"
    TOO_MANY = "too_many"


class SmsControl:
    """Takes messages of allowed numbers to the conversation agent. The limits begin anew with each start."""

    def __init__(self, hass: HomeAssistant, coordinator: SmsGatewayCoordinator) -> None:
        self._hass = hass
        self._coordinator = coordinator
        self._options: dict[str, Any] = coordinator.config_entry.options[CONF_SMS_CONTROL]
        self._uses = _Limit(USES, USES_WINDOW)
        self._wrong_pins = _Limit(WRONG_PINS, WRONG_PINS_WINDOW)

    @callback
    def happened(self, event: Happening) -> None:
        """Take an event; only whole texts of allowed numbers are control."""
        if not isinstance(event, IncomingEvent) or event.text is None or event.incomplete:
            return
        if not self._coordinator.contacts.includes(self._options.get(CONF_ALLOWED, ()), event.originator):
            return
        if dt_util.utcnow() - event.received_at > self._coordinator.max_age:
            self._tell(event, Outcome.LATE)
            return
        command = self._without_pin(event, event.text)
        if command is None:
            return
        if not self._uses.allows(event.originator):
            self._tell(event, Outcome.TOO_MANY)
            return
        self._uses.count(event.originator)
        self._coordinator.config_entry.async_create_background_task(
            self._hass, self._obey(event, command), f"{EVENT_CONTROL} {event.id}"
        )

    def _without_pin(self, event: IncomingEvent, text: str) -> str | None:
        """The command, or ``None`` where the PIN is asked for and missing."""
        pin = self._options.get(CONF_PIN)
        if not pin:
            return text.strip()
        words = text.split(maxsplit=1)
        if len(words) < 2:  # noqa: PLR2004 - the PIN and the command
            return None  # a single word commands nothing, and is how people answer an alarm
        right = hmac.compare_digest(words[0].encode(), pin.encode())
        if not self._wrong_pins.allows(event.originator):
            self._tell(event, Outcome.TOO_MANY)
            return None
        if not right:
            self._wrong_pins.count(event.originator)
            self._tell(event, Outcome.WRONG_PIN)
            return None
        return words[1].strip()

    async def _obey(self, event: IncomingEvent, command: str) -> None:
        """Ask the agent, and send what it says through the gateway that the message came by."""
        answer = await self._ask(command)
        if not answer:
            self._tell(event, Outcome.FAILED)
            return
        request = SendRequest(
            id=new_message_id(),
            recipients=(),
            text=cut(answer, ANSWER_SEGMENTS),
            gateway=(event.gateway,) if event.gateway else (),
        )
        recipient = Recipient(number=event.originator)
        try:
            raise_if_refused(await self._coordinator.async_send([recipient], request))
        except HomeAssistantError as error:
            LOGGER.warning("The answer to a control message could not be sent: %s", error)
            self._tell(event, Outcome.FAILED)
        else:
            self._tell(event, Outcome.ANSWERED)

    async def _ask(self, command: str) -> str | None:
        if "conversation" not in self._hass.config.components:
            LOGGER.warning(
                "Control by SMS needs Home Assistant's conversation integration, which is not loaded"
            )
            return None
        # Its requirements are installed only where it is used.
        from homeassistant.components import conversation  # noqa: PLC0415

        try:
            result = await conversation.async_converse(
                self._hass,
                command,
                conversation_id=None,
                context=Context(),
                agent_id=self._options.get(CONF_AGENT),
            )
        except Exception as error:  # noqa: BLE001 - agents are other people's programs
            LOGGER.warning("The conversation agent failed on a control message: %s", type(error).__name__)
            return None
        speech = result.response.speech.get("plain", {})
        return str(speech.get("speech") or "")

    def _tell(self, event: IncomingEvent, outcome: Outcome) -> None:
        self._hass.bus.async_fire(
            EVENT_CONTROL,
            {
                "config_entry_id": self._coordinator.config_entry.entry_id,
                "message_id": event.id,
                "originator": event.originator,
                "contact": self._coordinator.contacts.name_of(event.originator),
                "outcome": outcome.value,
            },
        )


class _Limit:
    """So many within so many seconds, per number."""

    def __init__(self, most: int, window: int) -> None:
        self._most = most
        self._window = window
        self._counted: defaultdict[str, deque[float]] = defaultdict(deque)

    def allows(self, number: str) -> bool:
        """Whether there may be one more."""
        counted, now = self._counted[number], dt_util.utcnow().timestamp()
        while counted and counted[0] <= now - self._window:
            counted.popleft()
        return len(counted) < self._most

    def count(self, number: str) -> None:
        """Note one."""
        self._counted[number].append(dt_util.utcnow().timestamp())


@callback
def async_setup_sms_control(hass: HomeAssistant, entry: SmsGatewayConfigEntry) -> None:
    """Listen for control messages while the entry is loaded, where the user has switched that on."""
    if entry.options.get(CONF_SMS_CONTROL, {}).get(CONF_ENABLED):
        coordinator = entry.runtime_data.coordinator
        control = SmsControl(hass, coordinator)
        entry.async_on_unload(coordinator.async_add_event_listener(control.happened))


def cut(text: str, segments: int) -> str:
    """The text, or as much of its beginning as so many segments hold."""
    if _fits(text, segments):
        return text
    fits, does_not = 0, len(text)
    while does_not - fits > 1:
        middle = (fits + does_not) // 2
        if _fits(text[:middle] + _CUT, segments):
            fits = middle
        else:
            does_not = middle
    return text[:fits].rstrip() + _CUT


def _fits(text: str, segments: int) -> bool:
    try:
        plan(text, max_segments=segments)
    except TextTooLongError:
        return False
    return True
