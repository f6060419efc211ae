"""SmsGateway24: phones behind an account at smsgateway24.com."""

from .account import SmsGateway24
from .records import Device, DeviceStatus, MessageFilter, Sim, StoredMessage
from .settings import SendMethod, SmsGateway24Settings

__all__ = [
    "Device",
    "DeviceStatus",
    "MessageFilter",
    "SendMethod",
    "Sim",
    "SmsGateway24",
    "SmsGateway24Settings",
    "StoredMessage",
]
