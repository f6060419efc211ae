"""The action that sends by WhatsApp."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ..notify import raise_if_refused
from ..sms_providers.geniq import (
    Geniq,
    WhatsAppAudio,
    WhatsAppDocument,
    WhatsAppImage,
    WhatsAppLocation,
    WhatsAppSticker,
    WhatsAppTemplateMessage,
    WhatsAppText,
    WhatsAppVideo,
)
from ..sms_providers.model import Capability, Channel, OutboundMessage, State
from .account import account_of
from .checks import invalid
from .results import raise_if_all, record
from .schemas import ATTR_MESSAGE, ATTR_TARGET

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from homeassistant.core import ServiceCall, ServiceResponse

    from ..backend.model import MessageStatus
    from ..sms_providers.geniq import WhatsAppContent


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """What a type of message has: fields of the action, and what they are called in its content.

    ``shown`` is the field that the history shows as the text.
    """

    make: Callable[..., WhatsAppContent]
    required: dict[str, str]
    optional: dict[str, str]
    shown: str


_CAPTION: Final = {"caption": "caption"}
_FALLBACK: Final = {"sms_fallback": "sms_fallback"}
_URL: Final = {"url": "url"}
SHAPES: Final = {
    WhatsAppText.type: _Shape(
        make=WhatsAppText,
        required={ATTR_MESSAGE: "body"},
        optional={"preview_url": "preview_url", **_FALLBACK},
        shown=ATTR_MESSAGE,
    ),
    WhatsAppImage.type: _Shape(
        make=WhatsAppImage, required=_URL, optional={**_CAPTION, **_FALLBACK}, shown="caption"
    ),
    WhatsAppVideo.type: _Shape(
        make=WhatsAppVideo, required=_URL, optional={**_CAPTION, **_FALLBACK}, shown="caption"
    ),
    WhatsAppAudio.type: _Shape(make=WhatsAppAudio, required=_URL, optional=_FALLBACK, shown="url"),
    WhatsAppSticker.type: _Shape(make=WhatsAppSticker, required=_URL, optional=_CAPTION, shown="caption"),
    WhatsAppDocument.type: _Shape(
        make=WhatsAppDocument,
        required={**_URL, "filename": "filename"},
        optional={**_CAPTION, **_FALLBACK},
        shown="caption",
    ),
    WhatsAppLocation.type: _Shape(
        make=WhatsAppLocation,
        required={name: name for name in ("latitude", "longitude", "location_name", "address")},
        optional={},
        shown="location_name",
    ),
    WhatsAppTemplateMessage.type: _Shape(
        make=WhatsAppTemplateMessage,
        required={"template": "name", "language": "language"},
        optional={"header_params": "header_params", "body_params": "body_params", "otp": "otp"},
        shown="template",
    ),
}
#: Every field of which some type is made.
CONTENT_FIELDS: Final = frozenset().union(*(shape.required | shape.optional for shape in SHAPES.values()))


async def send_whatsapp(call: ServiceCall) -> ServiceResponse:
    """Send to numbers, contacts and groups."""
    account, fields = account_of(call, Capability.WHATSAPP, Geniq), call.data
    kind = fields["type"]
    content = _content(kind, fields)
    with account.checking():
        content.members()
    recipients = account.coordinator.contacts.resolve(fields[ATTR_TARGET])

    async def one(number: str) -> MessageStatus:
        async def hand_over(message_id: str) -> Sequence[str]:
            return (await account.provider.whatsapp(number, content, reference=message_id)).message_ids

        message = OutboundMessage(recipient=number, text=fields.get(SHAPES[kind].shown))
        return await account.backend.submissions.submit(message, Channel.WHATSAPP, hand_over)

    statuses = await account.each(recipients, one)
    raise_if_all(statuses, State.FAILED)
    if not call.return_response:
        raise_if_refused(statuses)
    return {"messages": [record(status) for status in statuses]}


def _content(kind: str, fields: Mapping[str, Any]) -> WhatsAppContent:
    """The content that the fields describe. Raises ServiceValidationError for one too few and one too many."""
    shape = SHAPES[kind]
    known = shape.required | shape.optional
    for field in shape.required:
        if field not in fields:
            raise invalid("whatsapp_field_missing", field=field, type=kind)
    for field in fields:
        if field in CONTENT_FIELDS and field not in known:
            raise invalid("whatsapp_field_surplus", field=field, type=kind)
    given = {known[field]: value for field, value in fields.items() if field in known}
    return shape.make(
        **{name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
    )
