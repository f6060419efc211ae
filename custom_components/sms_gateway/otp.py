"""One-time passwords: made, kept as salted hashes only, checked once.

A provider may make and check a code instead; limits, expiry and attempts are kept here all the same. Nothing here logs,
and no code leaves :meth:`OtpKeeper.issue` but in its return value.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from homeassistant.core import HomeAssistant

    #: Has the provider of a code check what was typed. Raises HomeAssistantError where it cannot be asked.
    type Ask = Callable[[Otp, str], Awaitable[bool]]

_VERSION: Final = 1
#: scrypt's cost, block size and parallelisation (RFC 7914 clause 2): 16 MiB, some 0.1 s; and octets of salt and hash.
_COST: Final = 2**14
_BLOCK: Final = 8
_PARALLEL: Final = 1
_SALT_OCTETS: Final = 16
_DIGEST_OCTETS: Final = 32
#: Octets that scrypt may use: 128 * cost * block size, and some.
_MEMORY: Final = 2 * 128 * _COST * _BLOCK

#: Seconds over which codes are counted, and how many there may be for one recipient and through one entry.
WINDOW: Final = 600
PER_RECIPIENT: Final = 3
PER_ENTRY: Final = 30
#: Seconds for which a code that is over is remembered, so that its holder hears why it is refused.
_REMEMBERED: Final = 3_600


class Reason(StrEnum):
    """What a check found."""

    OK = "ok"
    WRONG = "wrong"
    EXPIRED = "expired"
    USED = "used"
    LOCKED = "locked"
    UNKNOWN = "unknown"


class TooManyError(Exception):
    """Too many codes were sent; ``wait`` is the number of seconds until another may be."""

    def __init__(self, wait: int) -> None:
        super().__init__(f"Too many codes were sent; wait {wait} s.")
        self.wait = wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Otp:
    """A code that was sent, without the code. Times are POSIX seconds, ``salt`` and ``digest`` hexadecimal.

    Of a code that its provider makes there is no hash, but ``session``: what the provider checks it by.
    """

    otp_id: str
    entry_id: str
    recipient: str
    purpose: str
    created_at: float
    expires_at: float
    max_attempts: int
    salt: str = ""
    digest: str = ""
    session: str | None = None
    attempts: int = 0
    used: bool = False

    @property
    def attempts_left(self) -> int:
        """How many wrong codes may still be tried."""
        return 0 if self.used else max(self.max_attempts - self.attempts, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The result of a check. ``otp`` is ``None`` where there was nothing to check against.

    ``locked_now`` says that this was the attempt that used up the last one.
    """

    reason: Reason
    otp: Otp | None = None
    locked_now: bool = False


class OtpKeeper:
    """Keeps the codes of all config entries; every change is on disk before anybody is told of it."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._store: Store[dict[str, Any]] = Store(hass, _VERSION, f"{DOMAIN}.otp", private=True)
        self._kept: dict[str, Otp] | None = None
        #: Checks follow one another: two at once could both use one code, or one attempt.
        self._lock = asyncio.Lock()

    async def issue(
        self, *, entry_id: str, recipient: str, purpose: str, length: int, expires_in: int, max_attempts: int
    ) -> tuple[Otp, str]:
        """Make a code; from then on it is the live one of its entry, recipient and purpose.

        Raises :class:`TooManyError`.
        """
        async with self._lock:
            otp = await self._begin(entry_id, recipient, purpose, expires_in, max_attempts)
            code = f"{secrets.randbelow(10**length):0{length}}"
            salt = secrets.token_bytes(_SALT_OCTETS)
            otp = replace(otp, salt=salt.hex(), digest=await self._digest(code, salt))
            await self._keep(otp)
            return otp, code

    async def reserve(
        self, *, entry_id: str, recipient: str, purpose: str, expires_in: int, max_attempts: int
    ) -> Otp:
        """Count a code that a provider is about to make. None is live until :meth:`attach` or :meth:`withdraw`.

        Raises :class:`TooManyError`.
        """
        async with self._lock:
            otp = await self._begin(entry_id, recipient, purpose, expires_in, max_attempts)
            await self._keep(otp)
            return otp

    async def attach(self, otp: Otp, session: str) -> None:
        """Note what the provider checks a code by."""
        async with self._lock:
            await self._keep(replace(otp, session=session))

    async def withdraw(self, otp: Otp) -> None:
        """Forget a code that was not sent; the one before it is the live one again."""
        async with self._lock:
            kept = await self._load()
            await self._save({key: value for key, value in kept.items() if key != otp.otp_id})

    async def forget_entry(self, entry_id: str) -> None:
        """Forget all codes of a config entry."""
        async with self._lock:
            kept = await self._load()
            left = {key: otp for key, otp in kept.items() if otp.entry_id != entry_id}
            if left:
                await self._save(left)
            else:
                self._kept = {}
                await self._store.async_remove()

    async def verify_id(self, otp_id: str, code: str, ask: Ask) -> Verification:
        """Check a code against the one with this id; ``ask`` has a provider check one of its own."""
        return await self._verify(lambda kept: kept.get(otp_id), code, ask)

    async def verify_recipient(
        self, entry_id: str, recipient: str, purpose: str, code: str, ask: Ask
    ) -> Verification:
        """Check a code against the last one that was sent to this recipient for this purpose."""
        return await self._verify(lambda kept: _last(kept, (entry_id, recipient, purpose)), code, ask)

    async def _verify(
        self, find: Callable[[dict[str, Otp]], Otp | None], code: str, ask: Ask
    ) -> Verification:
        async with self._lock:
            kept = await self._load()
            otp = find(kept)
            if otp is None:
                return Verification(reason=Reason.UNKNOWN)
            if (reason := _over(otp, kept)) is not None:
                return Verification(reason=reason, otp=otp)
            # An attempt counts before it is made: ending Home Assistant meanwhile must not give it back.
            otp = await self._keep(replace(otp, attempts=otp.attempts + 1))
            if otp.session is None:
                digest = await self._digest(code, bytes.fromhex(otp.salt))
                return await self._settle(otp, right=hmac.compare_digest(digest, otp.digest))
        # Others need not wait for the provider: this attempt has been counted.
        try:
            right = await ask(otp, code)
        except HomeAssistantError:
            async with self._lock:
                await self._give_back(otp)
            raise
        async with self._lock:
            return await self._settle(otp, right=right)

    async def _settle(self, otp: Otp, *, right: bool) -> Verification:
        known = (await self._load()).get(otp.otp_id, otp)
        if not right:
            return Verification(reason=Reason.WRONG, otp=known, locked_now=otp.attempts_left == 0)
        if known.used:
            return Verification(reason=Reason.USED, otp=known)
        return Verification(reason=Reason.OK, otp=await self._keep(replace(known, used=True)))

    async def _give_back(self, otp: Otp) -> None:
        """An attempt that nobody has judged is none."""
        known = (await self._load()).get(otp.otp_id)
        if known is not None:
            await self._keep(replace(known, attempts=known.attempts - 1))

    async def _begin(
        self, entry_id: str, recipient: str, purpose: str, expires_in: int, max_attempts: int
    ) -> Otp:
        """A code that nothing is known of but whom it is for. Raises :class:`TooManyError`."""
        made, now = (await self._load()).values(), dt_util.utcnow().timestamp()
        _check_rate([otp.created_at for otp in made if otp.recipient == recipient], PER_RECIPIENT, now)
        _check_rate([otp.created_at for otp in made if otp.entry_id == entry_id], PER_ENTRY, now)
        return Otp(
            otp_id=secrets.token_hex(16),
            entry_id=entry_id,
            recipient=recipient,
            purpose=purpose,
            created_at=now,
            expires_at=now + expires_in,
            max_attempts=max_attempts,
        )

    async def _keep(self, otp: Otp) -> Otp:
        await self._save({**await self._load(), otp.otp_id: otp})
        return otp

    async def _digest(self, code: str, salt: bytes) -> str:
        return await self._hass.async_add_executor_job(_scrypt, code, salt)

    async def _load(self) -> dict[str, Otp]:
        if self._kept is None:
            stored = await self._store.async_load() or {"otps": []}
            self._kept = {item["otp_id"]: Otp(**item) for item in stored["otps"]}
        return self._kept

    async def _save(self, kept: dict[str, Otp]) -> None:
        now = dt_util.utcnow().timestamp()
        self._kept = {
            otp_id: otp
            for otp_id, otp in kept.items()
            if max(otp.expires_at, otp.created_at + WINDOW) + _REMEMBERED > now
        }
        await self._store.async_save({"otps": [asdict(otp) for otp in self._kept.values()]})


_KEEPER: Final[HassKey[OtpKeeper]] = HassKey(f"{DOMAIN}_otp")


@callback
def otp_keeper(hass: HomeAssistant) -> OtpKeeper:
    """The one keeper of this Home Assistant."""
    if _KEEPER not in hass.data:
        hass.data[_KEEPER] = OtpKeeper(hass)
    return hass.data[_KEEPER]


def _scrypt(code: str, salt: bytes) -> str:
    return hashlib.scrypt(
        code.encode(), salt=salt, n=_COST, r=_BLOCK, p=_PARALLEL, maxmem=_MEMORY, dklen=_DIGEST_OCTETS
    ).hex()


def _key(otp: Otp) -> tuple[str, str, str]:
    return otp.entry_id, otp.recipient, otp.purpose


def _last(kept: dict[str, Otp], key: tuple[str, str, str]) -> Otp | None:
    """The newest code of an entry, recipient and purpose; they are kept in the order in which they were made."""
    return next((otp for otp in reversed(kept.values()) if _key(otp) == key), None)


def _over(otp: Otp, kept: dict[str, Otp]) -> Reason | None:
    """Why a code cannot be used any more; a newer one for the same purpose ends it as time does."""
    if otp.used:
        return Reason.USED
    if otp.attempts_left == 0:
        return Reason.LOCKED
    if otp.session is None and not otp.digest:
        return Reason.EXPIRED  # its provider never said what to check it by
    if otp.expires_at <= dt_util.utcnow().timestamp() or _last(kept, _key(otp)) != otp:
        return Reason.EXPIRED
    return None


def _check_rate(made: list[float], limit: int, now: float) -> None:
    recent = sorted(moment for moment in made if moment > now - WINDOW)
    if len(recent) >= limit:
        raise TooManyError(int(recent[-limit] + WINDOW - now) + 1)
