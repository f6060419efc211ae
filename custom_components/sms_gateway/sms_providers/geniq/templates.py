"""Templates of WhatsApp messages: to submit for approval, to list, to delete.

Source: GENIQ REST API Reference, ``/whatsapp/message_templates``, and the rules that codes 313 to 328 tell.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from ..exceptions import ProtocolError
from ..fields import as_text
from .checks import given, require, strings
from .settings import TITLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .session import Session

_PATH: Final = "/whatsapp/message_templates"
#: Code 321; the document writes ``text``.
HEADER_FORMATS: Final = frozenset({"TEXT", "IMAGE"})
#: Code 323.
_HEADER_VARIABLES: Final = 1
#: Seconds; code 326, and *between 30s and 90m*. The document's *TTL in minutes* contradicts both.
MESSAGE_TTL: Final = range(30, 90 * 60 + 1)
#: Minutes; code 327.
EXPIRED_AFTER: Final = range(1, 91)
#: Characters; code 328.
_COPY_BUTTON: Final = 25
_VARIABLE: Final = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)


class TemplateCategory(StrEnum):
    """What a template is for (code 322)."""

    MARKETING = "MARKETING"
    UTILITY = "UTILITY"
    AUTHENTICATION = "AUTHENTICATION"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTemplate:
    """A template to submit. Variables are ``{{1}}``, ``{{2}}`` …, with one example for each.

    The last four are for category AUTHENTICATION: ``otp_message_ttl`` in seconds, ``otp_expired_after`` in minutes.
    """

    name: str
    language: str
    category: TemplateCategory
    body: str
    body_example: tuple[str, ...] = ()
    header: str | None = None
    header_format: str | None = None
    header_example: tuple[str, ...] = ()
    footer: str | None = None
    otp_add_security_recommendation: bool = False
    otp_message_ttl: int | None = None
    otp_expired_after: int | None = None
    otp_copy_button_text: str | None = None

    def members(self) -> Mapping[str, object]:
        """Return the parameters. Raises RejectedError for what GENIQ would refuse."""
        require(self.name, "A template needs a name.")
        require(self.language, "A template needs a language.")
        require(self.body, "A template needs a body.")
        self._check_header()
        _check_variables("body", self.body, self.body_example)
        require(not _variables(self.footer), "The footer of a template has no variables.")
        self._check_otp()
        return given(
            name=self.name,
            language=self.language,
            category=self.category.value,
            header=self.header,
            headerFormat=self.header_format,
            headerExample=list(self.header_example) or None,
            body=self.body,
            bodyExample=list(self.body_example) or None,
            footer=self.footer,
            otpAddSecurityRecommendation=self.otp_add_security_recommendation or None,
            otpMessageTtl=_string(self.otp_message_ttl),
            otpExpiredAfter=_string(self.otp_expired_after),
            otpCopyButtonText=self.otp_copy_button_text,
        )

    def _check_header(self) -> None:
        written = self.header_format
        require(
            written is None or written.upper() in HEADER_FORMATS,
            f"The format of a header is one of: {', '.join(sorted(HEADER_FORMATS))}.",
        )
        require(
            len(_variables(self.header)) <= _HEADER_VARIABLES,
            "The header of a template has one variable at most.",
        )
        _check_variables("header", self.header, self.header_example)

    def _check_otp(self) -> None:
        chosen = given(
            recommendation=self.otp_add_security_recommendation or None,
            ttl=self.otp_message_ttl,
            expiry=self.otp_expired_after,
            button=self.otp_copy_button_text,
        )
        require(
            not chosen or self.category is TemplateCategory.AUTHENTICATION,
            "Parameters of one-time passwords are for templates of category AUTHENTICATION.",
        )
        require(
            self.otp_message_ttl is None or self.otp_message_ttl in MESSAGE_TTL,
            f"The time to live of a one-time password is {MESSAGE_TTL.start} to {MESSAGE_TTL.stop - 1} seconds.",
        )
        require(
            self.otp_expired_after is None or self.otp_expired_after in EXPIRED_AFTER,
            f"A one-time password expires after {EXPIRED_AFTER.start} to {EXPIRED_AFTER.stop - 1} minutes.",
        )
        require(
            len(self.otp_copy_button_text or "") <= _COPY_BUTTON,
            f"The text of the copy button has {_COPY_BUTTON} characters at most.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A template as GENIQ lists it. ``status`` is its word, such as APPROVED, PENDING, REJECTED, DISABLED.

    ``id`` is empty where none is told; ``components`` are as they came.
    """

    name: str
    language: str
    category: str
    status: str
    id: str = ""
    components: tuple[Mapping[str, object], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateFilter:
    """Which templates to list; ``None`` is no condition. ``limit`` is how many at most, ``name`` the exact one.

    ``before`` and ``after`` are those of a page, and ask for the one before or after it (the provider's older
    document).
    """

    limit: int | None = None
    category: TemplateCategory | None = None
    status: str | None = None
    name: str | None = None
    language: str | None = None
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplatePage:
    """Some of the templates, and where the pages around them begin, ``None`` where GENIQ does not say."""

    templates: tuple[Template, ...]
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class CreatedTemplate:
    """A template that waits for approval; ``id`` is empty where none was told."""

    id: str = field(default="")


async def create_template(session: Session, template: NewTemplate) -> CreatedTemplate:
    """Submit a template; see ``Geniq.create_template``."""
    body = template.members()
    answer = await session.ask(session.call("POST", _PATH, body=body, private=strings(body)))
    return CreatedTemplate(_word(answer, "id"))


async def list_templates(session: Session, wanted: TemplateFilter) -> TemplatePage:
    """List templates; see ``Geniq.list_templates``."""
    require(wanted.limit is None or wanted.limit > 0, "The limit is at least 1.")
    query = given(
        limit=_string(wanted.limit),
        category=None if wanted.category is None else wanted.category.value,
        status=wanted.status,
        name=wanted.name,
        language=wanted.language,
        cursorBefore=wanted.before,
        cursorAfter=wanted.after,
    )
    call = session.call("GET", _PATH, query={name: str(value) for name, value in query.items()}, reads=True)
    answer = await session.ask(call)
    listed = answer.get("data")
    if not isinstance(listed, list):
        raise ProtocolError(f"{TITLE}, {call.name}: an answer without a list of templates")
    cursors = _object(_object(answer.get("paging")).get("cursors"))
    return TemplatePage(
        templates=tuple(_template(each) for each in listed if isinstance(each, dict)),
        before=_word(cursors, "before") or None,
        after=_word(cursors, "after") or None,
    )


async def delete_template(session: Session, name: str, template_id: str | None) -> None:
    """Delete a template; see ``Geniq.delete_template``."""
    require(name, "Which template is meant? Give its name.")
    query = {"name": name} if template_id is None else {"name": name, "id": template_id}
    await session.ask(session.call("DELETE", _PATH, query=query))


def _template(members: Mapping[str, object]) -> Template:
    components = members.get("components")
    return Template(
        name=_word(members, "name"),
        language=_word(members, "language"),
        category=_word(members, "category"),
        status=_word(members, "status"),
        id=_word(members, "id"),
        components=tuple(each for each in components if isinstance(each, dict))
        if isinstance(components, list)
        else (),
    )


def _variables(written: str | None) -> list[str]:
    return [match.strip() for match in _VARIABLE.findall(written or "")]


def _check_variables(part: str, written: str | None, examples: tuple[str, ...]) -> None:
    variables = set(_variables(written))
    require(
        variables == {str(number) for number in range(1, len(variables) + 1)},
        f"The variables of the {part} are {{{{1}}}}, {{{{2}}}} and so on, none left out.",
    )
    require(
        len(examples) == len(variables),
        f"The {part} has {len(variables)} variables and {len(examples)} examples; each variable needs one.",
    )


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _word(members: Mapping[str, object], name: str) -> str:
    return as_text(members.get(name)) or ""


def _string(value: int | None) -> str | None:
    return None if value is None else str(value)
