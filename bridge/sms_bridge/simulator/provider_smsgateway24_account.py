"""What an account at SmsGateway24 holds: phones, messages, contact lists, and how PHP writes them as JSON."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo

#: SmsGateway24, section 4: every status with its title. The order of a message is 1, 3, 2, then 6 and the rest.
STATUS_TITLES: Final[dict[int, str]] = {
    1: "New",
    2: "sending",
    3: "queued",
    5: "Income",
    6: "sent",
    7: "delivered",
    8: "not delivered",
    9: "Generic failure",
    10: "No service",
    11: "Null PDU",
    12: "Radio off",
    100: "NOT ALLOWED",
    101: "NOT ALLOWED",
}
#: The status of an SMS that a phone received.
INCOMING: Final = 5
#: From this status on a phone has tried to send the message.
TRIED: Final = 6

#: SmsGateway24, sections 2 to 4: dates in requests; the samples also leave the seconds out.
_DATE_FORMATS: Final = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M")
#: SmsGateway24, section 7: the date of a newsletter.
_PAKET_FORMAT: Final = "%d.%m.%Y %H:%M:%S"


class ZoneStyle(IntEnum):
    """How PHP's DateTime writes its zone: ``timezone_type`` of the returned dates."""

    OFFSET = 1
    ABBREVIATION = 2
    NAME = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Paket:
    """A newsletter."""

    id: int
    title: str
    body: str


@dataclass(slots=True, kw_only=True)
class Tag:
    """A contact list; ``contacts`` are phone numbers and names by contact id."""

    id: int
    title: str
    contacts: dict[int, tuple[str, str]] = field(default_factory=dict)


class Rejected(Exception):
    """The request is refused with ``error`` 1 and this sentence."""


class Lists:
    """The contact lists of an account; ``tags`` are by id. The first ids are the document's."""

    def __init__(self) -> None:
        self.tags: dict[int, Tag] = {}
        self._tag_ids = itertools.count(8303)
        self._contact_ids = itertools.count(15954765)

    def create(self, title: str) -> Tag:
        """Create an empty list."""
        tag = Tag(id=next(self._tag_ids), title=title)
        self.tags[tag.id] = tag
        return tag

    def find(self, tag_id: int) -> Tag:
        """Give a list. Raises Rejected."""
        if tag_id not in self.tags:
            raise Rejected("Tag not found")
        return self.tags[tag_id]

    def add(self, tag: Tag, phone: str, name: str) -> int:
        """Add a contact and return its id."""
        contact_id = next(self._contact_ids)
        tag.contacts[contact_id] = (phone, name)
        return contact_id


def phones(tags: Iterable[Tag]) -> tuple[str, ...]:
    """Give the numbers in some lists, each once."""
    return tuple(dict.fromkeys(phone for tag in tags for phone, _ in tag.contacts.values()))


@dataclass(slots=True, kw_only=True)
class Sms:
    """One message to or from one number. ``sendto`` is the sender of an incoming one."""

    id: int
    sendto: str
    body: str
    device_id: int
    sim: int
    created: datetime
    status: int = 1
    customerid: int | None = None
    urgent: bool | None = None
    timetosend: datetime | None = None
    senttime: datetime | None = None
    paket: Paket | None = None

    def move(self, status: int, now: datetime) -> None:
        """Take the status, and the time of sending where the phone has sent."""
        self.status = status
        if status >= TRIED and self.senttime is None:
            self.senttime = now

    def json(self, zone: tzinfo, style: ZoneStyle) -> dict[str, object]:
        """Write it as an entry of ``smss``."""
        return {
            "id": self.id,
            "sendto": self.sendto,
            "body": self.body,
            "customerid": self.customerid,
            "status": self.status,
            "statustitle": STATUS_TITLES.get(self.status, ""),
            "deviceid": self.device_id,
            "urgent": self.urgent,
            "created": php_date(self.created, zone, style),
            "senttime": php_date(self.senttime, zone, style),
            "timetosend": php_date(self.timetosend, zone, style),
            "sim": self.sim,
            "paketid": self.paket and self.paket.id,
            "pakettitle": self.paket and self.paket.title,
            "paketbody": self.paket and self.paket.body,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Sim:
    """A SIM of a phone."""

    slot: int
    iccid: str
    number: str
    carrier: str
    country: str
    roaming: bool = False

    def json(self) -> dict[str, str]:
        """Write it as an entry of ``siminfo``: every value is a text."""
        return {
            "Slot": str(self.slot),
            "IccId": self.iccid,
            "Number": self.number,
            "Roaming": str(int(self.roaming)),
            "CountryIso": self.country,
            "CarrierName": self.carrier,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A phone with the provider's app. Delays are seconds; one that is online was last seen at this moment."""

    id: int
    title: str
    sims: tuple[Sim, ...]
    imei: str | None = "null"
    number: str | None = None
    created: datetime
    lastseen: datetime
    online: bool = False
    serialnumber: str = "unknown"
    appversion: str = "12.1.21"
    isappversionactual: bool = False
    delaybetweeneachsms: int | None = None
    delaybetweenrequest: int = 1
    subscription: bool = True

    def seen(self, now: datetime) -> datetime:
        """Say when it last spoke with the server."""
        return now if self.online else self.lastseen

    def json(self, zone: tzinfo, style: ZoneStyle, now: datetime) -> dict[str, object]:
        """Write it as an entry of ``device``."""
        seen = self.seen(now)
        return {
            "id": self.id,
            "title": self.title,
            "number": self.number,
            "imei": self.imei,
            "created": php_date(self.created, zone, style),
            "createdhumanformat": f"{self.created.astimezone(zone):%d.%m.%Y %H:%M:%S}",
            "lastseen": php_date(seen, zone, style),
            "lastseenhumanformat": f"{seen.astimezone(zone):%d.%m.%Y %H:%M:%S}",
            "serialnumber": self.serialnumber,
            "siminfo": [sim.json() for sim in self.sims],
            "appversion": self.appversion,
            "isappversionactual": self.isappversionactual,
            "delaybetweeneachsms": self.delaybetweeneachsms,
            "delaybetweenrequest": self.delaybetweenrequest,
            "subscription": self.subscription,
        }


#: A phone with two SIMs; the id is that of the document's bulk example.
DEVICE: Final = Device(
    id=260,
    title="Pixel",
    created=datetime(2024, 1, 2, 9, 30, tzinfo=UTC),
    lastseen=datetime(2024, 1, 2, 9, 30, tzinfo=UTC),
    online=True,
    sims=(
        Sim(slot=0, iccid="8949226172233934328", number="+4915752982212", country="de", carrier="o2-de"),
        Sim(slot=1, iccid="8949020000012345678", number="+4917642111111", country="de", carrier="Telekom.de"),
    ),
)
#: The two phones of the document's example, section 8.
EXAMPLE_DEVICES: Final = (
    Device(
        id=1576,
        title="AOSP_on_IA_Emulator",
        imei="358240051111110",
        created=datetime(2020, 3, 28, 20, 10, 29, tzinfo=UTC),
        lastseen=datetime(2020, 4, 23, 17, 2, 21, tzinfo=UTC),
        serialnumber="EMULATOR30X0X5X0",
        sims=(
            Sim(
                slot=0,
                iccid="89014103211118510720",
                number=" 15555215554",
                country="us",
                carrier="Android (T-Mobile)",
            ),
        ),
    ),
    Device(
        id=1297,
        title="Android_SDK_built_for_x86",
        created=datetime(2020, 1, 20, 14, 1, 5, tzinfo=UTC),
        lastseen=datetime(2020, 4, 20, 20, 51, 34, tzinfo=UTC),
        sims=(
            Sim(
                slot=0,
                iccid="8949226172233934327",
                number="+4915752982212",
                country="de",
                carrier="Drillisch (o2)",
                roaming=True,
            ),
        ),
        delaybetweeneachsms=5,
        delaybetweenrequest=10,
        subscription=False,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What ``getallsms`` selects; None selects everything."""

    device_id: str | None = None
    status: int | None = None
    begin: datetime | None = None
    end: datetime | None = None
    sim: int | None = None
    customerid: int | None = None
    phone: str | None = None

    def select(self, messages: Iterable[Sms]) -> list[Sms]:
        """Return those that agree, in their order."""
        return [sms for sms in messages if self._agrees(sms)]

    def _agrees(self, sms: Sms) -> bool:
        return (
            self.device_id in {None, str(sms.device_id)}
            and self.status in {None, sms.status}
            and self.sim in {None, sms.sim}
            and self.customerid in {None, sms.customerid}
            and (self.begin is None or sms.created >= self.begin)
            and (self.end is None or sms.created <= self.end)
            and (self.phone is None or _bare(self.phone) == _bare(sms.sendto))
        )


def _bare(number: str) -> str:
    """Reduce a number to its digits, a name to itself."""
    return re.sub(r"\D", "", number) or number


def php_date(at: datetime | None, zone: tzinfo, style: ZoneStyle) -> dict[str, object] | None:
    """Write a time as ``json_encode`` writes a DateTime."""
    if at is None:
        return None
    local = at.astimezone(zone)
    offset = local.strftime("%z")
    names = {
        ZoneStyle.OFFSET: f"{offset[:3]}:{offset[3:5]}",
        ZoneStyle.ABBREVIATION: local.tzname(),
        ZoneStyle.NAME: str(zone),
    }
    return {"date": f"{local:%Y-%m-%d %H:%M:%S.%f}", "timezone_type": int(style), "timezone": names[style]}


def parse_date(text: str, zone: tzinfo) -> datetime | None:
    """Read ``YYYY-MM-DD`` or ``YYYY-MM-DD HH:MM[:SS]`` in ``zone``; None where it is neither."""
    return _parse(text, _DATE_FORMATS, zone)


def parse_paket_date(text: str, zone: tzinfo) -> datetime | None:
    """Read ``DD.MM.YYYY HH:MM:SS`` in ``zone``; None where it is not."""
    return _parse(text, (_PAKET_FORMAT,), zone)


def _parse(text: str, formats: Iterable[str], zone: tzinfo) -> datetime | None:
    for form in formats:
        try:
            return datetime.strptime(text, form).replace(tzinfo=zone)
        except ValueError:
            continue
    return None
