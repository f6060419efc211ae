"""What the actions check before a backend is asked; the errors name the field, the gateway or the line to add."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import service

from ..backend.model import Feature
from ..const import DOMAIN
from ..sms_providers.model import Capability

if TYPE_CHECKING:
    from collections.abc import Iterable

    from homeassistant.core import ServiceCall

    from ..backend.model import SendRequest
    from ..contacts import Recipient
    from ..coordinator import SmsGatewayConfigEntry, SmsGatewayCoordinator

#: The commands in the bridge's ``mqtt.admin`` that a feature needs (MQTT contract, section 5).
_COMMANDS: Final = {
    Feature.CANCEL: ("cancel",),
    Feature.RESEND: ("resend",),
    Feature.QUOTE: ("quote",),
    Feature.HISTORY: ("message", "messages"),
    Feature.BALANCE: ("balance",),
    Feature.USSD: ("ussd",),
}
#: What one gateway at least must be able to do for a feature.
_CAPABILITIES: Final = {Feature.BALANCE: Capability.BALANCE, Feature.USSD: Capability.USSD}


def coordinator_of(call: ServiceCall) -> SmsGatewayCoordinator:
    """The coordinator of the entry that an action names. Raises ServiceValidationError."""
    entry: SmsGatewayConfigEntry = service.async_get_config_entry(
        call.hass, DOMAIN, call.data[ATTR_CONFIG_ENTRY_ID]
    )
    return entry.runtime_data.coordinator


def only_recipient(coordinator: SmsGatewayCoordinator, targets: Iterable[str]) -> Recipient:
    """Who alone is meant. Raises ServiceValidationError for nobody and for several."""
    recipients = coordinator.contacts.resolve(targets)
    if len(recipients) > 1:
        raise invalid("one_recipient")
    return recipients[0]


def require(coordinator: SmsGatewayCoordinator, feature: Feature, gateway: str | None = None) -> None:
    """Raise unless the backend is there and can do this, with this gateway where one is named.

    An account is only asked what it can do: what it keeps itself it knows without its provider, and anything else says
    by itself that the provider cannot be reached.
    """
    snapshot, name = coordinator.data, coordinator.config_entry.title
    if snapshot.provider is not None:
        if feature not in snapshot.features:
            raise unable(coordinator, feature.value)
        return
    capability = _CAPABILITIES.get(feature)
    if snapshot.connected and gateway is not None:
        require_gateways(coordinator, (gateway,))
        if capability is not None and capability.value not in snapshot.gateways[gateway].capabilities:
            raise invalid("gateway_cannot", gateway=gateway, what=capability.value)
    if snapshot.connected and feature not in snapshot.features:
        if capability is not None and not _anybody_can(coordinator, capability):
            raise invalid("nobody_can", name=name, what=capability.value)
        raise invalid("command_not_allowed", name=name, command=", ".join(_COMMANDS[feature]))
    if not snapshot.connected:
        raise HomeAssistantError(
            translation_domain=DOMAIN, translation_key="offline", translation_placeholders={"name": name}
        )


def unable(coordinator: SmsGatewayCoordinator, what: str) -> ServiceValidationError:
    """The error for what this kind of entry cannot do at all; it names the provider."""
    provider = coordinator.data.provider
    if provider is None:
        return invalid("bridge_cannot", what=what, name=coordinator.config_entry.title)
    return invalid("provider_cannot", what=what, provider=provider)


def require_gateways(coordinator: SmsGatewayCoordinator, names: Iterable[str]) -> None:
    """Raise ServiceValidationError for a gateway that the backend does not have; say which it has."""
    known = coordinator.data.gateways
    for name in names:
        if name not in known:
            raise invalid(
                "unknown_gateway",
                gateway=name,
                name=coordinator.config_entry.title,
                known=", ".join(known),
            )


def require_sendable(coordinator: SmsGatewayCoordinator, request: SendRequest) -> None:
    """Raise ServiceValidationError if no gateway of the request's choice can send what it asks for.

    A bridge that has not been heard of yet is not judged: it refuses by itself what it cannot send, as accounts do.
    """
    known = coordinator.data.gateways
    if not known or coordinator.data.provider is not None:
        return
    require_gateways(coordinator, request.gateway)
    asked = (
        (request.data is not None, Capability.DATA, "data"),
        (request.flash, Capability.FLASH, "flash"),
        (request.originator is not None, Capability.ORIGINATOR, "originator"),
        (request.sim is not None, Capability.SIM, "sim"),
    )
    needed = {capability.value: field for wanted, capability, field in asked if wanted}
    candidates = request.gateway or tuple(known)
    if not any(needed.keys() <= known[name].capabilities for name in candidates):
        raise invalid("gateway_cannot", gateway=", ".join(candidates), what=", ".join(needed.values()))


def invalid(key: str, **placeholders: str) -> ServiceValidationError:
    """An error that says what is wrong with an action's fields."""
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
    )


def _anybody_can(coordinator: SmsGatewayCoordinator, capability: Capability) -> bool:
    return any(capability.value in gateway.capabilities for gateway in coordinator.data.gateways.values())
