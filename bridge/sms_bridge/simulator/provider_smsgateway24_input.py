"""What SmsGateway24 takes: its methods with their parameters, and how these are read."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sms_bridge.simulator.provider_call import Misuse
from sms_bridge.simulator.provider_smsgateway24_account import (
    STATUS_TITLES,
    Filter,
    Rejected,
    parse_date,
    parse_paket_date,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime, tzinfo


#: A whole number, small enough for PHP.
_NUMBER: Final = re.compile(r"\d{1,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Method:
    """The parameters of a method."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()


_SMS_REQUIRED: Final = ("sendto", "body", "device_id")
_SMS_OPTIONAL: Final = ("timetosend", "sim", "customerid", "urgent")
_FILTERS: Final = (
    "device_id",
    "status",
    "begindate",
    "enddate",
    "sim",
    "customerid",
    "onlycount",
    "phone",
    "orderbydesc",
    "timezone",
)

#: SmsGateway24, sections 1 to 9, and ``getdevicestatus`` of the provider's samples. Those samples also name the
#: list of a contact ``tag_id`` where the document says ``ctag_id``: either will do.
METHODS: Final[dict[str, Method]] = {
    "gettoken": Method(("email", "pass")),
    "addsms": Method(("token", *_SMS_REQUIRED), _SMS_OPTIONAL),
    "smstosend": Method(("email", "pass", *_SMS_REQUIRED), _SMS_OPTIONAL),
    "addalotofsms": Method(("datajson",)),
    "getallsms": Method(("token",), _FILTERS),
    "savetag": Method(("token", "title")),
    "savecontact": Method(("token", "phone", "fullname"), ("ctag_id", "tag_id")),
    "savepaket": Method(("token", "title", "device_id", "body", "tags", "sim", "time_to_send")),
    "getalldevices": Method(("token",)),
    "getsmsstatus": Method(("token", "sms_id")),
    "getdevicestatus": Method(("token", "device_id")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a request asks to send: one text to one or more numbers."""

    recipients: tuple[str, ...]
    body: str
    device_id: int
    sim: int = 0
    timetosend: datetime | None = None
    customerid: int | None = None
    urgent: bool | None = None


def require(given: Mapping[str, object], names: Iterable[str]) -> None:
    """Raise Rejected for the first of ``names`` that is missing or empty."""
    for name in names:
        if given.get(name, "") == "":
            raise Rejected(f"{name} is required")


def read_order(given: Mapping[str, str], devices: Collection[int], zone: tzinfo) -> Order:
    """Read the parameters of one SMS. Raises Rejected."""
    if given["sendto"].startswith(" "):
        # A plus sign that was not escaped: "Use %2B instead of the plus sign '+'".
        raise Rejected("sendto begins with a space")
    recipients = tuple(part.strip() for part in given["sendto"].split(","))
    if not all(recipients):
        raise Rejected("sendto is required")
    customerid = given.get("customerid")
    urgent = given.get("urgent")
    timetosend = given.get("timetosend")
    return Order(
        recipients=recipients,
        body=given["body"],
        device_id=read_device(given["device_id"], devices),
        sim=read_flag("sim", given.get("sim", "0")),
        timetosend=None if timetosend is None else _date("timetosend", timetosend, zone),
        customerid=None if customerid is None else read_int("customerid", customerid),
        urgent=None if urgent is None else bool(read_flag("urgent", urgent)),
    )


def read_bulk(datajson: str) -> tuple[str, list[dict[str, str]]]:
    """Read ``datajson``: the token, and each SMS with its values as texts.

    Raises Misuse where it is none of the document's JSON, Rejected where something is missing.
    """
    try:
        data = json.loads(datajson)
    except ValueError:
        raise Misuse("addalotofsms: datajson is not JSON") from None
    if not isinstance(data, dict) or set(data) - {"token", "smsdata"}:
        raise Misuse("addalotofsms: datajson is an object with token and smsdata")
    if not isinstance(data.get("token"), str):
        raise Rejected("token is required")
    smsdata = data.get("smsdata")
    if not isinstance(smsdata, list) or not smsdata:
        raise Rejected("smsdata is required")
    return data["token"], [_entry(entry) for entry in smsdata]


def _entry(entry: object) -> dict[str, str]:
    if not isinstance(entry, dict) or set(entry) - {*_SMS_REQUIRED, *_SMS_OPTIONAL}:
        raise Misuse("addalotofsms: an entry of smsdata has only the parameters of one SMS")
    for name, value in entry.items():
        texts = name in {"sendto", "body", "timetosend", "device_id"}
        numbers = name not in {"sendto", "body", "timetosend"}
        if not (isinstance(value, str) and texts) and not (type(value) is int and numbers):
            raise Misuse(f"addalotofsms: smsdata {name} is of the wrong type")
    require(entry, _SMS_REQUIRED)
    return {name: str(value) for name, value in entry.items()}


def read_filter(given: Mapping[str, str], zone: tzinfo) -> Filter:
    """Read the filters of ``getallsms``; its dates are of ``zone``. Raises Rejected."""
    status = None if "status" not in given else read_int("status", given["status"])
    if status is not None and status not in STATUS_TITLES:
        raise Rejected("status is unknown")
    return Filter(
        device_id=given.get("device_id"),
        status=status,
        begin=_date("begindate", given["begindate"], zone) if "begindate" in given else None,
        end=_date("enddate", given["enddate"], zone) if "enddate" in given else None,
        sim=read_flag("sim", given["sim"]) if "sim" in given else None,
        customerid=read_int("customerid", given["customerid"]) if "customerid" in given else None,
        phone=given.get("phone"),
    )


def read_zone(name: str) -> ZoneInfo:
    """Read a zone's name. Raises Rejected."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise Rejected("timezone is unknown") from None


def read_device(text: str, devices: Collection[int]) -> int:
    """Read the id of one of the account's phones. Raises Rejected."""
    if not _NUMBER.fullmatch(text) or int(text) not in devices:
        raise Rejected("Device not found")
    return int(text)


def read_list(given: Mapping[str, str]) -> int:
    """Read the id of a contact's list under either of its names. Raises Misuse where they differ, Rejected."""
    named = {given[name] for name in ("ctag_id", "tag_id") if given.get(name)}
    if not named:
        raise Rejected("ctag_id is required")
    if len(named) > 1:
        raise Misuse("savecontact: ctag_id and tag_id differ")
    return read_int("ctag_id", named.pop())


def read_paket_date(text: str, zone: tzinfo) -> datetime | None:
    """Read the time of a newsletter; 0 is at once. Raises Rejected."""
    if text == "0":
        return None
    at = parse_paket_date(text, zone)
    if at is None:
        raise Rejected("time_to_send is not DD.MM.YYYY HH:MM:SS")
    return at


def read_flag(name: str, text: str) -> int:
    """Read 0 or 1. Raises Rejected."""
    if text not in {"0", "1"}:
        raise Rejected(f"{name} is neither 0 nor 1")
    return int(text)


def read_int(name: str, text: str) -> int:
    """Read a whole number. Raises Rejected."""
    if not _NUMBER.fullmatch(text):
        raise Rejected(f"{name} is no number")
    return int(text)


def _date(name: str, text: str, zone: tzinfo) -> datetime:
    at = parse_date(text, zone)
    if at is None:
        raise Rejected(f"{name} is not YYYY-MM-DD HH:MM:SS")
    return at
