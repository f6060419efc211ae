"""uBill: an account at ubill.ge."""

from .account import Ubill
from .records import Brand
from .settings import SendMethod, UbillSettings

__all__ = ["Brand", "SendMethod", "Ubill", "UbillSettings"]
