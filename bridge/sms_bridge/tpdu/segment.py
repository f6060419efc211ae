"""A message as the SMS-SUBMITs that carry it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sms_providers.charset import MAX_SEGMENTS, Encoding, EncodingChoice, gsm7_septets, plan, plan_data

from . import ucs2
from .address import Address, Ton
from .dcs import Dcs
from .errors import TpduError
from .submit import Submit
from .udh import Concat, Ports, Udh
from .user_data import UserData
from .validity import Validity

if TYPE_CHECKING:
    from collections.abc import Sequence

#: 3GPP TS 23.038 clause 4: the message class that is shown at once and not kept.
FLASH: Final = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Segments:
    """The user data of all segments of a message, and the encoding they share."""

    encoding: Encoding
    parts: tuple[UserData, ...]


def divide(
    content: str | bytes,
    choice: EncodingChoice = EncodingChoice.AUTO,
    *,
    concat_ref: int,
    wide: bool = False,
    port: int | None = None,
    max_segments: int = MAX_SEGMENTS,
) -> Segments:
    """Divide a text, or 8-bit data with an application ``port``, into the user data of its segments.

    ``concat_ref`` is their common reference, of 8 bits or of 16 if ``wide``; a message of one segment has none.
    Raises TextTooLongError beyond ``max_segments``.
    """
    if isinstance(content, bytes):
        encoding = Encoding.DATA
        data = plan_data(content, port=port is not None, wide=wide, max_segments=max_segments)
        payloads: Sequence[bytes] = data.segments
    else:
        text = plan(content, choice, wide=wide, max_segments=max_segments)
        encoding = text.encoding
        payloads = [_payload(segment, encoding) for segment in text.segments]
    ports = () if port is None else (Ports(port).to_element(),)
    total = len(payloads)
    if total == 1:
        return Segments(encoding=encoding, parts=(UserData(payloads[0], Udh(ports) if ports else None),))
    return Segments(
        encoding=encoding,
        parts=tuple(
            UserData(
                payload,
                Udh((Concat(ref=concat_ref, total=total, seqno=seqno, wide=wide).to_element(), *ports)),
            )
            for seqno, payload in enumerate(payloads, start=1)
        ),
    )


def build_submits(
    recipient: str,
    content: str | bytes,
    choice: EncodingChoice = EncodingChoice.AUTO,
    *,
    concat_ref: int,
    wide: bool = False,
    port: int | None = None,
    dlr: bool = False,
    valid_for: float | None = None,
    message_class: int | None = None,
    max_segments: int = MAX_SEGMENTS,
) -> list[Submit]:
    """Return the SMS-SUBMITs of a message to ``recipient``, an E.164 number with its plus sign or a short code.

    ``dlr`` asks for a status report on each segment, ``valid_for`` is in seconds and rounded down to a TP-VP value,
    ``message_class`` 0 is flash; the rest as in `divide`. Raises TpduError for a recipient that cannot be dialled,
    TextTooLongError beyond ``max_segments``.
    """
    segments = divide(content, choice, concat_ref=concat_ref, wide=wide, port=port, max_segments=max_segments)
    da = Address.of(recipient)
    if da.ton is Ton.ALPHANUMERIC or not da.digits:
        raise TpduError("A message cannot be sent to a name; it needs a number.")
    dcs = Dcs.of(segments.encoding, message_class)
    validity = None if valid_for is None else Validity.from_seconds(valid_for)
    return [Submit(da=da, dcs=dcs, ud=ud, validity=validity, srr=dlr) for ud in segments.parts]


def _payload(segment: str, encoding: Encoding) -> bytes:
    if encoding is Encoding.UCS2:
        return ucs2.encode(segment)
    septets = gsm7_septets(segment)
    assert septets is not None  # plan() gives GSM7 only to a text that fits
    return septets
