"""A backend's errors as those that Home Assistant shows, in the user's language."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .backend import AuthenticationError, BackendError, NotConnectedError
from .const import DOMAIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homeassistant.config_entries import ConfigEntry
    from homeassistant.core import HomeAssistant

#: Codes that say that the request itself is wrong, not that something failed (MQTT contract, sections 2 and 5).
_WRONG_REQUEST: Final = frozenset(
    {
        "id_conflict",
        "invalid_originator",
        "invalid_payload",
        "invalid_recipient",
        "invalid_text",
        "not_allowed",
        "too_long",
        "unknown_gateway",
        "unknown_id",
        "unknown_key",
        "unknown_recipient",
        "unsupported",
    }
)


def translated(error: BackendError) -> HomeAssistantError:
    """The exception to raise from an action."""
    if isinstance(error, NotConnectedError):
        return HomeAssistantError(translation_domain=DOMAIN, translation_key="not_connected")
    if isinstance(error, AuthenticationError):
        return HomeAssistantError(translation_domain=DOMAIN, translation_key="not_authenticated")
    kind = ServiceValidationError if error.code in _WRONG_REQUEST else HomeAssistantError
    return kind(
        translation_domain=DOMAIN,
        translation_key="refused",
        translation_placeholders={"code": error.code, "reason": str(error)},
    )


@contextmanager
def errors_translated(hass: HomeAssistant, entry: ConfigEntry) -> Iterator[None]:
    """Raise a backend's errors as Home Assistant's; refused credentials also ask the user to sign in again."""
    try:
        yield
    except AuthenticationError as error:
        entry.async_start_reauth(hass)
        raise translated(error) from error
    except BackendError as error:
        raise translated(error) from error
