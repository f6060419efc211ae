"""Which PIN a SIM has refused, kept in the store: a wrong one is never tried twice, over restarts too."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sms_bridge.routing.link import Inlet

#: Cost of scrypt (RFC 7914): some 50 ms on a small machine, so that the few thousand PINs are no quick guess.
_COST: Final = 2**13
_SALT_OCTETS: Final = 16


class PinBook:
    """The :class:`~sms_bridge.modem.model.PinMemory` of one gateway; holds salted digests only."""

    def __init__(self, inlet: Inlet) -> None:
        self._inlet = inlet

    async def refused(self, sim: str, pin: str) -> bool:
        """Whether this PIN was tried on this SIM and not accepted since."""
        kept = await self._inlet.recall(_key(sim))
        if kept is None:
            return False
        salt, _, digest = kept.partition(":")
        return hmac.compare_digest(_digest(bytes.fromhex(salt), pin), digest)

    async def about_to_try(self, sim: str, pin: str) -> None:
        """Commit the attempt before it is made: a crash in between counts as a refusal."""
        salt = secrets.token_bytes(_SALT_OCTETS)
        await self._inlet.remember(_key(sim), f"{salt.hex()}:{_digest(salt, pin)}")

    async def accepted(self, sim: str, pin: str) -> None:  # noqa: ARG002 - the protocol names the PIN
        """The SIM took it."""
        await self._inlet.remember(_key(sim), None)


def _key(sim: str) -> str:
    return f"pin:{sim}"


def _digest(salt: bytes, pin: str) -> str:
    return hashlib.scrypt(pin.encode(), salt=salt, n=_COST, r=8, p=1, dklen=32).hex()
