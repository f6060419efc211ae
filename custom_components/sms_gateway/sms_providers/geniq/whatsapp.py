"""WhatsApp messages of the eight types that GENIQ sends.

Source: GENIQ REST API Reference, ``/whatsapp/messages``. Outside of 24 hours since the recipient last wrote only a
template is taken (code 301). ``sms_fallback`` has GENIQ send an SMS where WhatsApp fails.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Protocol
from urllib.parse import urlsplit

from .answers import Submitted, message_ids
from .checks import given, require, strings
from .sms import digits_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .session import Session

#: Degrees of the poles and of the antimeridian.
_LATITUDE: Final = 90
_LONGITUDE: Final = 180


class WhatsAppContent(Protocol):
    """What a WhatsApp message holds."""

    @property
    def type(self) -> str:
        """The word for it in ``type``."""

    def members(self) -> Mapping[str, object]:
        """Return its parameters. Raises RejectedError for what GENIQ would not take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatsAppText:
    """A text with WhatsApp's formatting (``*bold*``, ``_italic_``, ``~strikethrough~``)."""

    type: ClassVar[str] = "text"
    body: str
    preview_url: bool = False
    sms_fallback: bool = False

    def members(self) -> Mapping[str, object]:
        """Return the parameters."""
        require(self.body, "A WhatsApp text must not be empty.")
        return given(
            body=self.body, previewUrl=self.preview_url or None, smsFallback=self.sms_fallback or None
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatsAppImage:
    """A picture at a public address: JPEG or PNG of up to 5 MB."""

    type: ClassVar[str] = "image"
    url: str
    caption: str | None = None
    sms_fallback: bool = False

    def members(self) -> Mapping[str, object]:
        """Return the parameters."""
        return given(url=_public(self.url), caption=self.caption, smsFallback=self.sms_fallback or None)


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatsAppVideo:
    """A film at a public address: MP4 or 3GP of up to 15 MB."""

    type: ClassVar[str] = "video"
    url: str
    caption: str | None = None
    sms_fallback: bool = False

    def members(self) -> Mapping[str, object]:
        """Return the parameters."""
        return given(url=_public(self.url), caption=self.caption, smsFallback=self.sms_fallback or None)


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatsAppAudio:
    """A sound at a public address: MP3, OGA or M4A."""

    type: ClassVar[str] = "audio"
    url: str
    sms_fallback: bool = False

    def members(self) -> Mapping[str, object]:
        """Return the parameters."""
        return given(url=_public(self.url), smsFallback=self.sms_fallback or None)


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatsAppSticker:
    """A sticker at a public address: WEBP of up to 100 KB. No SMS can stand in for it."""

    type: ClassVar[str] = "sticker"
    url: str
    caption: str | None = None

    def members(self) -> Mapping[str, object]:
        """Return the parameters."""
        return given(url=_public(self.url), caption=self.caption)


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatsAppDocument:
    """A file of up to 100 MB at a public address; ``filename`` with its extension."""

    type: ClassVar[str] = "document"
    url: str
    filename: str
    caption: str | None = None
    sms_fallback: bool = False

    def members(self) -> Mapping[str, object]:
        """Return the parameters."""
        stem, dot, extension = self.filename.rpartition(".")
        require(stem and dot and extension, "The file name needs an extension, such as invoice.pdf.")
        return given(
            url=_public(self.url),
            filename=self.filename,
            caption=self.caption,
            smsFallback=self.sms_fallback or None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatsAppLocation:
    """A place, in degrees (WGS 84). No SMS can stand in for it."""

    type: ClassVar[str] = "location"
    latitude: float
    longitude: float
    location_name: str
    address: str

    def members(self) -> Mapping[str, object]:
        """Return the parameters."""
        require(-_LATITUDE <= self.latitude <= _LATITUDE, "A latitude is from -90 to 90 degrees.")
        require(-_LONGITUDE <= self.longitude <= _LONGITUDE, "A longitude is from -180 to 180 degrees.")
        require(self.location_name and self.address, "A location needs a name and an address.")
        return given(
            latitude=float(self.latitude),
            longitude=float(self.longitude),
            locationName=self.location_name,
            address=self.address,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatsAppTemplateMessage:
    """An approved template, filled in. ``otp`` is the code of an authentication template."""

    type: ClassVar[str] = "template"
    name: str
    language: str
    header_params: tuple[str, ...] = ()
    body_params: tuple[str, ...] = ()
    otp: str | None = None

    def members(self) -> Mapping[str, object]:
        """Return the parameters."""
        require(self.name and self.language, "A template is named by its name and its language.")
        require(len(self.header_params) <= 1, "The header of a template has one variable at most.")
        return given(
            name=self.name,
            language=self.language,
            headerParams=list(self.header_params) or None,
            bodyParams=list(self.body_params) or None,
            otp=self.otp,
        )


async def send_whatsapp(
    session: Session, recipient: str, content: WhatsAppContent, *, reference: str | None
) -> Submitted:
    """Send a WhatsApp message; see ``Geniq.whatsapp``."""
    body = {
        "recipient": digits_of(recipient),
        "type": content.type,
        **content.members(),
        **given(reference=reference),
    }
    call = session.call("POST", "/whatsapp/messages", body=body, private=strings(body))
    return Submitted(message_ids((await session.ask(call)).get("messageIds")), reference)


def _public(url: str) -> str:
    try:
        parts = urlsplit(url)
        public = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        public = False
    require(public, "The address of a file must be public and begin with https:// or http://.")
    return url
