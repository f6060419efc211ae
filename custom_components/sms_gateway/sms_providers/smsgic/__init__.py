"""SMSgic: an account at smsgic.com."""

from .account import Smsgic
from .records import Quote, QuotedDestination, QuotedNumber, Rate, Sender, Sending
from .settings import RecipientsEncoding, SmsgicSettings

__all__ = [
    "Quote",
    "QuotedDestination",
    "QuotedNumber",
    "Rate",
    "RecipientsEncoding",
    "Sender",
    "Sending",
    "Smsgic",
    "SmsgicSettings",
]
