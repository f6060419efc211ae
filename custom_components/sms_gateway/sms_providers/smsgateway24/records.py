"""What SmsGateway24 answers, as types.

Source: SmsGateway24 API document: the answers of ``getallsms`` and ``getalldevices``, and of ``getdevicestatus``,
which only the provider's own samples know.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..fields import as_bool, as_content, as_int, as_objects, as_text
from .dates import read_date, written

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, tzinfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Sim:
    """A SIM in a phone. ``slot`` is 0 or 1."""

    slot: int | None
    iccid: str | None = field(repr=False)
    number: str | None = field(repr=False)
    carrier: str | None
    country: str | None
    roaming: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A phone with the provider's app. Delays are in seconds, times aware."""

    id: str
    title: str
    number: str | None = field(repr=False)
    imei: str | None = field(repr=False)
    serial_number: str | None = field(repr=False)
    created: datetime | None
    last_seen: datetime | None
    sims: tuple[Sim, ...]
    app_version: str | None
    app_is_current: bool | None
    delay_between_messages: int | None
    delay_between_requests: int | None
    subscription: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceStatus:
    """Whether a phone is there."""

    id: str
    title: str | None
    online: bool | None
    last_seen: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMessage:
    """A message that the account holds, sent or received (status 5: ``number`` is then who sent it).

    ``status`` is the document's number. Times are aware.
    """

    id: str
    number: str = field(repr=False)
    text: str = field(repr=False)
    status: int | None
    status_title: str | None
    device_id: str | None
    customer_id: int | None
    sim: int | None
    urgent: bool | None
    created: datetime | None
    sent: datetime | None
    scheduled: datetime | None
    newsletter_id: str | None
    newsletter_title: str | None
    newsletter_text: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFilter:
    """What ``getallsms`` selects; ``None`` selects everything. ``begin`` and ``end`` are aware.

    ``time_zone`` (IANA) is the one in which the provider reads and writes dates; ``None`` is the account's.
    """

    device_id: str | None = None
    status: int | None = None
    begin: datetime | None = None
    end: datetime | None = None
    sim: int | None = None
    customer_id: int | None = None
    phone: str | None = field(default=None, repr=False)
    newest_first: bool = False
    time_zone: str | None = None

    def form(self, zone: tzinfo) -> dict[str, str]:
        """Write it as parameters; ``zone`` is that of its dates."""
        values: Mapping[str, object] = {
            "device_id": self.device_id,
            "status": self.status,
            "begindate": None if self.begin is None else written(self.begin, zone),
            "enddate": None if self.end is None else written(self.end, zone),
            "sim": self.sim,
            "customerid": self.customer_id,
            "phone": self.phone,
            "orderbydesc": 1 if self.newest_first else None,
            "timezone": self.time_zone,
        }
        return {name: str(value) for name, value in values.items() if value is not None}


def read_message(entry: Mapping[str, object], zone: tzinfo) -> StoredMessage | None:
    """Read an entry of ``smss``; ``None`` for one without an id."""
    number = as_text(entry.get("id"))
    if not number:
        return None
    return StoredMessage(
        id=number,
        number=as_text(entry.get("sendto")) or "",
        text=as_content(entry.get("body")),
        status=as_int(entry.get("status")),
        status_title=as_text(entry.get("statustitle")),
        device_id=as_text(entry.get("deviceid")) or as_text(entry.get("device_id")),
        customer_id=as_int(entry.get("customerid")),
        sim=as_int(entry.get("sim")),
        urgent=as_bool(entry.get("urgent")),
        created=read_date(entry.get("created"), zone),
        sent=read_date(entry.get("senttime"), zone),
        scheduled=read_date(entry.get("timetosend"), zone),
        newsletter_id=as_text(entry.get("paketid")),
        newsletter_title=as_text(entry.get("pakettitle")),
        newsletter_text=as_text(entry.get("paketbody")),
    )


def read_device(entry: Mapping[str, object], zone: tzinfo) -> Device | None:
    """Read an entry of ``device``; ``None`` for one without an id."""
    number = as_text(entry.get("id"))
    if not number:
        return None
    return Device(
        id=number,
        title=as_text(entry.get("title")) or number,
        number=_known(entry.get("number")),
        imei=_known(entry.get("imei")),
        serial_number=_known(entry.get("serialnumber")),
        created=read_date(entry.get("created"), zone),
        last_seen=read_date(entry.get("lastseen"), zone),
        sims=tuple(map(_sim, as_objects(entry.get("siminfo")))),
        app_version=_known(entry.get("appversion")),
        app_is_current=as_bool(entry.get("isappversionactual")),
        delay_between_messages=as_int(entry.get("delaybetweeneachsms")),
        delay_between_requests=as_int(entry.get("delaybetweenrequest")),
        subscription=as_bool(entry.get("subscription")),
    )


def read_device_status(members: Mapping[str, object], device_id: str, zone: tzinfo) -> DeviceStatus:
    """Read the answer of ``getdevicestatus``."""
    return DeviceStatus(
        id=as_text(members.get("device_id")) or device_id,
        title=as_text(members.get("title")),
        online=as_bool(members.get("online")),
        last_seen=read_date(members.get("lastseen"), zone),
    )


def _sim(entry: Mapping[str, object]) -> Sim:
    return Sim(
        slot=as_int(entry.get("Slot")),
        iccid=_known(entry.get("IccId")),
        number=_known(entry.get("Number")),
        carrier=_known(entry.get("CarrierName")),
        country=_known(entry.get("CountryIso")),
        roaming=as_bool(entry.get("Roaming")),
    )


def _known(value: object) -> str | None:
    """Read a text that PHP or Android may have had no value for."""
    text = as_text(value)
    return None if text in {None, "", "null", "unknown"} else text
