"""SMSgic: an account at smsgic.com."""

from .account import Smsgic
from .settings import RecipientsEncoding, SmsgicSettings

__all__ = ["RecipientsEncoding", "Smsgic", "SmsgicSettings"]
