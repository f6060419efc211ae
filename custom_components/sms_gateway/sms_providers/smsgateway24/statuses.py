"""The statuses of a message at SmsGateway24, and what each is for us.

Source: SmsGateway24 API document, ``getallsms`` and ``getsmsstatus``; classes from the status model.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ..model import DeliveryReport, Error, ErrorCode, State
from .settings import TITLE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

#: The status of a message that a phone received.
INCOMING: Final = 5


@dataclass(frozen=True, slots=True)
class Status:
    """The document's words for a status, our state, and why it failed. ``not_sent``: no phone has even tried."""

    meaning: str
    state: State
    error: ErrorCode | None = None
    temporary: bool = False
    not_sent: bool = False


_PERMISSION: Final = "not allowed; give the app on the phone its permission to send SMS"
STATUSES: Final[Mapping[int, Status]] = MappingProxyType(
    {
        1: Status("pending", State.ACCEPTED),
        3: Status("queued for sending", State.ACCEPTED),
        2: Status("taken by phone", State.ACCEPTED),
        6: Status("sent by phone", State.SENT),
        7: Status("delivered", State.DELIVERED),
        8: Status("not delivered", State.UNDELIVERABLE, ErrorCode.NETWORK, temporary=True),
        9: Status(
            "generic failure; look at SIM and credit", State.FAILED, ErrorCode.SIM_ERROR, temporary=True
        ),
        10: Status("no service", State.FAILED, ErrorCode.NOT_REGISTERED, temporary=True, not_sent=True),
        11: Status("null PDU", State.FAILED, ErrorCode.INVALID_TEXT),
        12: Status("radio off", State.FAILED, ErrorCode.GATEWAY_OFFLINE, temporary=True, not_sent=True),
        100: Status(_PERMISSION, State.FAILED, ErrorCode.AUTH),
        101: Status(_PERMISSION, State.FAILED, ErrorCode.AUTH),
    }
)


def report_of(
    status: int | None, reference: str, *, at: datetime | None = None, recipient: str | None = None
) -> DeliveryReport | None:
    """Return what a status says of a message; ``None`` for a received one. A status of no table changes nothing."""
    if status == INCOMING:
        return None
    known = STATUSES.get(status) if status is not None else None
    if known is None:
        return DeliveryReport(reference=reference, state=None, recipient=recipient, error=_unknown(status))
    error = None
    if known.error is not None:
        error = Error(
            code=known.error,
            message=f"{TITLE}: {known.meaning}",
            provider_code=str(status),
            temporary=known.temporary,
        )
    return DeliveryReport(
        reference=reference,
        state=known.state,
        recipient=recipient,
        at=at,
        error=error,
        not_sent=known.not_sent,
    )


def _unknown(status: int | None) -> Error:
    return Error(
        code=ErrorCode.PROTOCOL,
        message=f"{TITLE} reports a status that its document does not have",
        provider_code=None if status is None else str(status),
    )
