"""Why there is no connection, in sentences that say what to do."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Final

from sms_bridge.mqtt.recovery import End, Ending
from sms_bridge.mqtt.settings import Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paho.mqtt.reasoncodes import ReasonCode

    from sms_bridge.mqtt.settings import MqttSettings

#: MQTT 5 clause 3.14.2.1: Session taken over.
_SESSION_TAKEN_OVER: Final = 0x8E
#: MQTT 5 clause 3.2.2.2: Bad User Name or Password, Not authorized, Banned, Bad authentication method.
_CREDENTIALS: Final = frozenset({0x86, 0x87, 0x8A, 0x8C})
#: MQTT 5 clause 3.2.2.2 → what to do about it. paho gives MQTT 3.1.1's return codes the same numbers.
_ADVICE: Final[Mapping[int, str]] = {
    0x84: "The broker does not speak MQTT {protocol}: set mqtt.protocol to {other!r}",
    0x85: "The broker does not take the client id {client_id!r}: set mqtt.client_id to one that it takes",
}


def unreachable(error: Exception) -> Ending:
    """No TCP or TLS connection came about."""
    if isinstance(error, ssl.SSLCertVerificationError):
        detail = (
            f"The broker's certificate is not trusted ({error.verify_message}): mqtt.tls.ca must name the authority "
            "that signed it, and mqtt.host the name that it is for"
        )
    elif isinstance(error, ssl.SSLError):
        detail = f"TLS failed ({error.reason or error}): check mqtt.port and mqtt.tls"
    else:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        detail = f"The broker cannot be reached ({reason}): check mqtt.host, mqtt.port, and that it runs"
    return Ending(end=End.UNREACHABLE, detail=detail)


def refused_connection(reason: ReasonCode, settings: MqttSettings) -> Ending:
    """The broker's CONNACK says no."""
    if reason.value in _CREDENTIALS:
        detail = (
            f"The broker refuses the user ({reason.getName()}): correct mqtt.username and mqtt.password, "
            "or allow this user on the broker"
        )
        return Ending(end=End.CREDENTIALS, detail=detail)
    if reason.value in _ADVICE:
        detail = _ADVICE[reason.value].format(
            protocol=settings.protocol.value,
            other=_other(settings).value,
            client_id=settings.effective_client_id,
        )
    else:
        detail = f"The broker refuses the connection ({reason.getName()})"
    return Ending(end=End.REFUSED, detail=detail)


def lost_connection(lasted: float | None, told: ReasonCode | None, settings: MqttSettings) -> Ending:
    """A connection ended: ``lasted`` seconds after the CONNACK (``None``: before it), ``told`` by the broker or not."""
    if lasted is None:
        detail = (
            "The broker ended the connection instead of accepting it; its log says why. If it does not speak "
            f"MQTT {settings.protocol.value}, set mqtt.protocol to {_other(settings).value!r}"
        )
        return Ending(end=End.UNREACHABLE, detail=detail)
    if told is None:
        return Ending(end=End.LOST, detail="The connection to the broker was lost", lasted=lasted)
    end = End.TAKEN_OVER if told.value == _SESSION_TAKEN_OVER else End.LOST
    return Ending(end=end, detail=f"The broker ended the connection ({told.getName()})", lasted=lasted)


def _other(settings: MqttSettings) -> Protocol:
    return Protocol.V311 if settings.protocol is Protocol.V5 else Protocol.V5
