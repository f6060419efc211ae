"""What SMSgic charges: its routes, the rates it lists and the quote it calculates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from sms_bridge.simulator.provider_text import segments

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: SMSgic, GET /rates: the form of ``mcc``.
_MCC: Final = re.compile(r"\d{3}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One price. Numbers that begin with ``prefix`` go here; ``rate`` is for one segment."""

    prefix: str
    destination: str
    country: str
    country_id: int
    mcc: str
    mnc: str | None
    rate: Decimal


#: prefix, destination, country, country_id, mcc, mnc, rate. The rows of the document's examples (their names
#: end in a space, the Latvian codes are the document's own), and a few more; the last takes every other number.
_ROWS: Final = (
    ("371", "Latvia ", "Latvia", 1, "218", "90", "0.4397"),
    ("371", "Latvia ", "Latvia", 1, "218", None, "0.4397"),
    ("371", "Latvia ", "Latvia", 1, "218", "05", "0.4397"),
    ("371", "Latvia ", "Latvia", 1, "218", "03", "0.4397"),
    ("371", "Latvia ", "Latvia", 1, "742", "551", "0.4397"),
    ("45", "Denmark Telenor", "Denmark", 2, "238", "02", "0.45"),
    ("65", "Singapore ", "Singapore", 3, "525", None, "0.45"),
    ("7", "Russia ", "Russia", 4, "250", None, "0.45"),
    ("49", "Germany ", "Germany", 5, "262", None, "0.075"),
    ("44", "United Kingdom ", "United Kingdom", 6, "234", None, "0.03"),
    ("1", "USA ", "USA", 7, "310", None, "0.0081"),
    ("", "Other ", "Other", 8, "901", None, "0.6"),
)
TARIFF: Final[tuple[Route, ...]] = tuple(
    Route(
        prefix=prefix,
        destination=destination,
        country=country,
        country_id=country_id,
        mcc=mcc,
        mnc=mnc,
        rate=Decimal(rate),
    )
    for prefix, destination, country, country_id, mcc, mnc, rate in _ROWS
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What one recipient costs."""

    number: str
    route: Route
    segments: int

    @property
    def total(self) -> Decimal:
        """The price of all its segments."""
        return self.route.rate * self.segments


def charges(tariff: Sequence[Route], message: str, recipients: Sequence[str]) -> list[Charge]:
    """Price ``message`` for each of ``recipients``, in their order."""
    count = segments(message)
    return [Charge(number=number, route=_find(tariff, number), segments=count) for number in recipients]


def _find(tariff: Sequence[Route], number: str) -> Route:
    """Find the route with the longest prefix of ``number``; the first of equal ones."""
    return max(
        (route for route in tariff if number.startswith(route.prefix)), key=lambda route: len(route.prefix)
    )


def quote(
    tariff: Sequence[Route], message: str, recipients: Sequence[str], tax: Decimal
) -> dict[str, object]:
    """Answer ``POST /sendings/calculate``; ``tax`` is a part of the subtotal, 0.21 for 21 %."""
    priced = charges(tariff, message, recipients)
    groups: dict[str, list[Charge]] = {}
    for charge in priced:
        groups.setdefault(charge.route.destination, []).append(charge)
    subtotal = sum((charge.total for charge in priced), Decimal())
    info = {
        "sms_count": sum(charge.segments for charge in priced),
        "subtotal": money(subtotal),
        "total": money(subtotal * (1 + tax)),
        "tax": money(subtotal * tax),
    }
    return {"calculate": {"info": info, "destinations": [_destination(group) for group in groups.values()]}}


def _destination(group: Sequence[Charge]) -> dict[str, object]:
    return {
        "numbers": [
            {
                "phone_number": int(charge.number),
                "destination": charge.route.destination,
                "sms": charge.segments,
                "rate": money(charge.route.rate),
                "total": money(charge.total),
            }
            for charge in group
        ],
        "destination": group[0].route.destination,
        "sms_count": sum(charge.segments for charge in group),
        "price": money(group[0].route.rate),
        "total": money(sum((charge.total for charge in group), Decimal())),
    }


def money(amount: Decimal) -> float | int:
    """Write an amount as the provider's JSON does: a number, whole ones without a point."""
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def rates(tariff: Sequence[Route], wanted: Mapping[str, str]) -> list[dict[str, object]]:
    """List the routes that agree with the filters ``mcc``, ``mnc``, ``country`` and ``country_id``."""
    return [
        {"mcc": route.mcc, "mnc": route.mnc, "country": route.country, "rate": money(route.rate)}
        for route in tariff
        if _agrees(route, wanted)
    ]


def _agrees(route: Route, wanted: Mapping[str, str]) -> bool:
    return (
        wanted.get("mcc") in {None, route.mcc}
        and wanted.get("mnc", "").strip("'") in {"", route.mnc or "null"}
        and wanted.get("country", "").casefold() in route.country.casefold()
        and wanted.get("country_id") in {None, str(route.country_id)}
    )


def wrong_filters(tariff: Sequence[Route], wanted: Mapping[str, str]) -> dict[str, list[str]]:
    """Say which filters the document does not allow, as Laravel words it.

    Every ``mnc`` is allowed: the document's expression for it is grouped so that any text agrees.
    """
    errors: dict[str, list[str]] = {}
    mcc, country_id = wanted.get("mcc"), wanted.get("country_id")
    if mcc is None and "mnc" in wanted:
        errors["mcc"] = ["The mcc field is required when mnc is present."]
    elif mcc is not None and not _MCC.fullmatch(mcc):
        errors["mcc"] = ["The mcc format is invalid."]
    if country_id is not None and not re.fullmatch(r"[0-9]+", country_id):
        errors["country_id"] = ["The country id must be an integer."]
    elif country_id is not None and country_id not in {str(route.country_id) for route in tariff}:
        errors["country_id"] = ["The selected country id is invalid."]
    return errors
