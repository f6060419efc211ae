"""SmsGateway24: phones behind an account at smsgateway24.com."""

from .account import SmsGateway24
from .settings import SendMethod, SmsGateway24Settings

__all__ = ["SendMethod", "SmsGateway24", "SmsGateway24Settings"]
