"""GENIQ's WhatsApp templates: the rules for a design, and the templates of one account."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from sms_bridge.simulator.provider_call import Misuse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    #: A rule's verdict: a code of the WhatsApp table.
    Codes = Iterator[int]

_STRINGS: Final = ("name", "language", "category", "header", "headerFormat", "body", "footer")
_OTP_STRINGS: Final = ("otpMessageTtl", "otpExpiredAfter", "otpCopyButtonText")
_LISTS: Final = ("headerExample", "bodyExample")
_SECURITY: Final = "otpAddSecurityRecommendation"
TEMPLATE_FIELDS: Final = (*_STRINGS, *_LISTS, _SECURITY, *_OTP_STRINGS)

CATEGORIES: Final = ("UTILITY", "MARKETING", "AUTHENTICATION")
#: The filter's list ends in "etc."; the last ones are named in older pages.
STATUSES: Final = (
    "APPROVED",
    "PENDING",
    "REJECTED",
    "DISABLED",
    "IN_APPEAL",
    "PENDING_DELETION",
    "DELETED",
    "LOCKED",
)
_HEADER_FORMATS: Final = ("TEXT", "IMAGE")
_VARIABLE: Final = re.compile(r"\{\{([^{}]*)\}\}")
_SHORTEST_TTL: Final = 30
_LONGEST_EXPIRY: Final = 90
_LONGEST_BUTTON: Final = 25

#: Codes of the WhatsApp table.
NOT_FOUND: Final = 302
OTP_MISSING: Final = 303
NOT_APPROVED: Final = 304
COUNT_MISMATCH: Final = 305
PARAMETERS_INSTEAD_OF_OTP: Final = 306
REJECTED: Final = 311
SAME_CONTENT: Final = 312
NAME_MISSING: Final = 313


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A design that was submitted, with what became of it."""

    id: str
    status: str
    design: Mapping[str, object]

    @property
    def key(self) -> tuple[str, str]:
        """Name and language, which make it unique."""
        return str(self.design["name"]), str(self.design["language"])

    @property
    def category(self) -> str:
        """One of `CATEGORIES`."""
        return str(self.design["category"])

    def as_json(self) -> dict[str, object]:
        """Give it as GET lists it."""
        name, language = self.key
        return {
            "id": self.id,
            "name": name,
            "language": language,
            "status": self.status,
            "category": self.category,
            "components": list(self._components()),
        }

    def _components(self) -> Iterator[dict[str, object]]:
        header = self.design.get("header")
        if header:
            kind = str(self.design.get("headerFormat", "TEXT")).upper()
            yield {"type": "HEADER", "format": kind, "text": header}
        yield {"type": "BODY", "text": self.design["body"]}
        if self.design.get("footer"):
            yield {"type": "FOOTER", "text": self.design["footer"]}


class Templates:
    """The templates of one account. Codes are those of the WhatsApp table, 0 is good."""

    def __init__(self) -> None:
        #: Designs of these names are refused with 311.
        self.refused_names: set[str] = set()
        self._templates: dict[tuple[str, str], Template] = {}

    def add(self, design: Mapping[str, object], *, template_id: str, status: str) -> int:
        """Judge a design and take it in. Raises Misuse for parameters of the wrong type."""
        code = judge(design)
        if code:
            return code
        template = Template(id=template_id, status=status, design=design)
        if template.key[0] in self.refused_names:
            return REJECTED
        if any(_same(template, other) for other in self._templates.values()):
            return SAME_CONTENT
        self._templates[template.key] = template
        return 0

    def find(self, filters: Mapping[str, str]) -> list[Template]:
        """Give the templates that have all of these: name, language, category, status."""
        found = (template.as_json() for template in self._templates.values())
        keys = [
            (str(entry["name"]), str(entry["language"]))
            for entry in found
            if all(entry[name] == wanted for name, wanted in filters.items())
        ]
        return [self._templates[key] for key in keys]

    def remove(self, name: str, template_id: str | None) -> int:
        """Delete one template by name and id, or all languages of a name."""
        keys = [
            key
            for key, template in self._templates.items()
            if key[0] == name and template_id in {None, template.id}
        ]
        for key in keys:
            del self._templates[key]
        return 0 if keys else NOT_FOUND

    def decide(self, name: str, language: str, status: str) -> None:
        """Put a template into one of `STATUSES`. Raises KeyError if there is none."""
        self._templates[name, language] = replace(self._templates[name, language], status=status)

    def judge_use(self, data: Mapping[str, object]) -> int:
        """Judge a checked message of the type template."""
        template = self._templates.get((str(data["name"]), str(data["language"])))
        if template is None:
            return NOT_FOUND
        if template.status == "REJECTED":
            return REJECTED
        if template.status != "APPROVED":
            return NOT_APPROVED
        given = [len(_list(data, name)) for name in ("headerParams", "bodyParams")]
        if template.category == "AUTHENTICATION":
            if data.get("otp"):
                return COUNT_MISMATCH if any(given) else 0
            return PARAMETERS_INSTEAD_OF_OTP if any(given) else OTP_MISSING
        wanted = [len(_variables(template.design, name)) for name in ("header", "body")]
        return 0 if given == wanted and "otp" not in data else COUNT_MISMATCH


def judge(design: Mapping[str, object]) -> int:
    """Give the first code that a design earns, 0 if it is good. Raises Misuse for parameters of the wrong type."""
    _check_types(design)
    rules = (_missing(design), _wrong_header(design), _wrong_texts(design), _wrong_otp(design))
    return next((code for rule in rules for code in rule), 0)


def _check_types(design: Mapping[str, object]) -> None:
    for name, value in design.items():
        if name in _LISTS:
            good = isinstance(value, list) and all(isinstance(item, str) for item in value)
        else:
            good = isinstance(value, bool if name == _SECURITY else str)
        if not good:
            raise Misuse(f"{name} has the wrong type")
    if design.get("category") in {"UTILITY", "MARKETING"}:
        foreign = sorted(name for name in design if name.startswith("otp"))
        if foreign:
            raise Misuse(f"{', '.join(foreign)}: only for AUTHENTICATION")


def _missing(design: Mapping[str, object]) -> Codes:
    for code, name in ((NAME_MISSING, "name"), (314, "language"), (315, "category"), (316, "body")):
        if not design.get(name):
            yield code
    if design["category"] not in CATEGORIES:
        yield 322


def _wrong_header(design: Mapping[str, object]) -> Codes:
    if str(design.get("headerFormat", "text")).upper() not in _HEADER_FORMATS:
        yield 321
    variables = _variables(design, "header")
    if len(variables) > 1:
        yield 323
    if variables not in ([], ["1"]):
        yield 324
    if len(_list(design, "headerExample")) != len(variables):
        yield 317


def _wrong_texts(design: Mapping[str, object]) -> Codes:
    variables = _variables(design, "body")
    if variables != [str(number) for number in range(1, len(variables) + 1)]:
        yield 325
    examples = _list(design, "bodyExample")
    if variables and not examples:
        yield 318
    if len(examples) != len(variables):
        yield 319
    if _VARIABLE.search(str(design.get("footer", ""))):
        yield 320


def _wrong_otp(design: Mapping[str, object]) -> Codes:
    if _number(design, "otpMessageTtl", _SHORTEST_TTL) < _SHORTEST_TTL:
        yield 326
    if not 1 <= _number(design, "otpExpiredAfter", 1) <= _LONGEST_EXPIRY:
        yield 327
    if len(str(design.get("otpCopyButtonText", ""))) > _LONGEST_BUTTON:
        yield 328


def _variables(design: Mapping[str, object], name: str) -> list[str]:
    return list(dict.fromkeys(_VARIABLE.findall(str(design.get(name, "")))))


def _list(data: Mapping[str, object], name: str) -> list[object]:
    value = data.get(name, [])
    return value if isinstance(value, list) else []


def _number(design: Mapping[str, object], name: str, default: int) -> int:
    text = str(design.get(name, default))
    if not text.isdecimal():
        raise Misuse(f"{name} must be a number in a string")
    return int(text)


def _same(template: Template, other: Template) -> bool:
    def content(design: Mapping[str, object]) -> list[object]:
        return [design.get(name) for name in ("language", "category", "header", "body", "footer")]

    return template.key == other.key or content(template.design) == content(other.design)
