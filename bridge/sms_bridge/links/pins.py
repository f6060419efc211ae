"""Which PINs a SIM has refused, kept in the store: a wrong one is never tried twice, over restarts too."""

from __future__ import annotations

import hashlib
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
        salt, digests = await self._kept(sim)
        return bool(digests) and _digest(salt, pin) in digests

    async def about_to_try(self, sim: str, pin: str) -> None:
        """Commit the attempt before it is made: a crash in between counts as a refusal."""
        salt, digests = await self._kept(sim)
        words = (salt.hex(), *digests, _digest(salt, pin))
        await self._inlet.remember(_key(sim), ":".join(words))

    async def accepted(self, sim: str, pin: str) -> None:  # noqa: ARG002 - the protocol names the PIN
        """The SIM took it."""
        await self._inlet.remember(_key(sim), None)

    async def _kept(self, sim: str) -> tuple[bytes, list[str]]:
        """The salt of this SIM's digests, and the digests."""
        kept = await self._inlet.recall(_key(sim))
        if kept is None:
            return secrets.token_bytes(_SALT_OCTETS), []
        salt, *digests = kept.split(":")
        return bytes.fromhex(salt), digests


def _key(sim: str) -> str:
    return f"pin:{sim}"


def _digest(salt: bytes, pin: str) -> str:
    return hashlib.scrypt(pin.encode(), salt=salt, n=_COST, r=8, p=1, dklen=32).hex()
