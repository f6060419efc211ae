"""USSD: the three ways modems write the strings, and sessions with the network (3GPP TS 27.007 clause 7.15)."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Final

from sms_bridge.tpdu import gsm7

from . import commands
from .errors import AtFailed, AtTimeout, CmeError, UssdFailed, UssdTimeout, UssdUnsupported
from .fields import unquote
from .model import UssdReply
from .profiles import UssdEncoding

if TYPE_CHECKING:
    from .at import AtChannel
    from .errors import ModemError
    from .urc import UssdReceived

#: 3GPP TS 23.038 clause 5: GSM 7-bit, language unspecified; and UCS-2.
_DCS_GSM7: Final = 15
_DCS_UCS2: Final = 72
_DCS_UCS2_OTHERS: Final = frozenset({8, 72})
#: 3GPP TS 27.007 clause 7.15, <m>.
_MORE: Final = 1
_ENDED: Final = 2
_NOT_SUPPORTED: Final = 4
_NETWORK_TIMEOUT: Final = 5
#: CME codes by which modems without circuit-switched service refuse: unknown, and 258 of LTE modules.
_NO_SERVICE: Final = frozenset({100, 258})

_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")
#: A number of at least this many digits is taken for text, however much it looks like hex.
_CODE = re.compile(r"[*#0-9]+")


def encode_request(text: str, encoding: UssdEncoding) -> tuple[str, int]:
    """Return the string and the DCS for AT+CUSD. Raises ``UssdFailed`` for characters that no phone keypad has."""
    if encoding is UssdEncoding.UCS2_HEX:
        return text.encode("utf-16-be").hex().upper(), _DCS_GSM7
    try:
        packed = gsm7.pack_ussd(text).hex().upper()
    except ValueError as error:
        raise UssdFailed("A USSD request can only hold characters of the GSM alphabet.") from error
    if encoding is UssdEncoding.PACKED:
        return packed, _DCS_GSM7
    if '"' in text or not text.isascii() or not text.isprintable():
        raise UssdFailed("A USSD request for this modem can only hold plain characters without quotes.")
    return text, _DCS_GSM7


def decode_reply(text: str, dcs: int | None) -> str:
    """Return the text of a +CUSD string, in whichever of the known ways it is written; never raises."""
    text = text.strip("\r\n")
    compact = text.replace(" ", "")
    if not _HEX.fullmatch(compact) or (compact.isdigit() and len(compact) % 4):
        return _clean(_gsm_shown_as_ascii(text))
    octets = bytes.fromhex(compact)
    if dcs in _DCS_UCS2_OTHERS or _plausible_ucs2(octets):
        return _clean(octets[: len(octets) & ~1].decode("utf-16-be", "replace"))
    unpacked = _clean(gsm7.unpack_ussd(octets))
    if compact.isdigit() and not _readable(unpacked):
        return text
    return unpacked


#: Blocks of 256 characters that alphabets with few letters fill, with their punctuation (ISO/IEC 10646).
_ALPHABETS: Final = frozenset({*range(0x07), *range(0x09, 0x11), 0x1E, 0x20, 0x21})
#: Blocks of the Chinese, Japanese and Korean scripts, and how many characters make them certain.
_IDEOGRAPHS: Final = frozenset({0x00, 0x30, *range(0x4E, 0xA0), *range(0xAC, 0xD8), 0xFF})
_CERTAIN: Final = 8


def _plausible_ucs2(octets: bytes) -> bool:
    """Whether hex whose DCS does not say so is UCS-2 all the same: printable, and of plausible blocks only."""
    if not octets or len(octets) % 2:
        return False
    text = _clean(octets.decode("utf-16-be", "replace"))
    if not _readable(text) or "\ufffd" in text:
        return False
    blocks = {ord(char) >> 8 for char in text}
    return blocks <= _ALPHABETS or (blocks <= _IDEOGRAPHS and len(text) >= _CERTAIN)


def _readable(text: str) -> bool:
    return bool(text) and all(char.isprintable() or char in "\r\n" for char in text)


#: 3GPP TS 23.038 clause 6.2.1: codes that mean another character than in ASCII.
_AS_ASCII: Final = str.maketrans("@$[\\]^_`{|}~", "¡¤ÄÖÑÜ§¿äöñü")
_ASCII_MARKS: Final = re.compile(r"(?<=[a-z])[{|}~]|[{|}~](?=[a-z])|(?<=[A-Za-z])[\[\\\]^`](?=[A-Za-z])")


def _gsm_shown_as_ascii(text: str) -> str:
    """Undo modems that print GSM codes as ASCII: brackets inside words are umlauts."""
    return _ASCII_MARKS.sub(lambda match: match[0].translate(_AS_ASCII), text)


def _clean(text: str) -> str:
    return text.partition("\0")[0].partition("\uffff")[0].rstrip("\r\n")


class Ussd:
    """USSD sessions over a channel; one at a time. ``encodings`` is the order in which ways of writing are tried."""

    def __init__(self, channel: AtChannel, encodings: tuple[UssdEncoding, ...], timeout: float) -> None:
        self._channel = channel
        self._encodings = encodings
        self._timeout = timeout
        self._asked = False
        self._waiting: asyncio.Future[UssdReceived] | None = None
        self._lock = asyncio.Lock()
        self._open = False
        #: The way that worked.
        self.winner: UssdEncoding | None = None

    def received(self, urc: UssdReceived) -> None:
        """Take a +CUSD."""
        self._open = urc.m == _MORE
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(urc)

    async def request(self, text: str) -> UssdReply:
        """Start a session and return the network's text. Raises ``UssdFailed`` and other ``ModemError``."""
        async with self._lock:
            if self._open:
                await self._end()
            await self._ask_character_set()
            encodings = (self.winner,) if self.winner is not None else self._encodings
            refusal: ModemError | None = None
            for encoding in encodings:
                try:
                    reply = await self._exchange(text, encoding)
                except (AtFailed, CmeError, UssdUnsupported) as error:
                    refusal = error
                    if isinstance(error, CmeError) and error.code in _NO_SERVICE:
                        break
                    continue
                self.winner = encoding
                return reply
            raise UssdUnsupported(
                "The modem or the network refuses USSD, as LTE-only ones do: ask the operator for a service by SMS."
            ) from refusal

    async def reply(self, text: str) -> UssdReply:
        """Answer in the open session. Raises ``UssdFailed`` and other ``ModemError``."""
        async with self._lock:
            if not self._open:
                raise UssdFailed("There is no USSD session that waits for a reply.")
            return await self._exchange(text, self.winner or self._encodings[0])

    async def end(self) -> None:
        """End the open session, if there is one. Raises ``ModemError``."""
        async with self._lock:
            if self._open:
                await self._end()

    async def _ask_character_set(self) -> None:
        """A modem set to UCS-2 wants its strings in hex: try that first."""
        if self._asked:
            return
        self._asked = True
        try:
            lines = await self._channel.execute(commands.CHARACTER_SET)
        except (AtFailed, CmeError):
            return
        if any(unquote(line.partition(":")[2]).upper() == "UCS2" for line in lines):
            first = UssdEncoding.UCS2_HEX
            self._encodings = (first, *(each for each in self._encodings if each is not first))

    async def _exchange(self, text: str, encoding: UssdEncoding) -> UssdReply:
        string, dcs = encode_request(text, encoding)
        self._waiting = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(self._timeout):
                await self._channel.execute(commands.ussd_request(string, dcs))
                urc = await self._waiting
        except (TimeoutError, AtTimeout) as error:
            await self._end()
            raise UssdTimeout("The network did not answer the USSD request in time.") from error
        finally:
            self._waiting = None
        if urc.m == _NOT_SUPPORTED:
            raise UssdUnsupported("The network does not support this USSD request.")
        if urc.m == _NETWORK_TIMEOUT:
            raise UssdTimeout("The network gave up on the USSD request.")
        if urc.text is None and urc.m == _ENDED:
            raise UssdFailed("The network ended the USSD session.")
        return UssdReply(decode_reply(urc.text or "", urc.dcs), urc.m == _MORE)

    async def _end(self) -> None:
        self._open = False
        try:
            await self._channel.execute(commands.USSD_END)
        except (AtFailed, CmeError):
            # Nothing to end is as good as ended.
            return
