"""Requests as a raw server got them, and as a document's command lines show them."""

from __future__ import annotations

import itertools
import json
import re
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request: what it says, whoever wrote it. Names of headers are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: str = ""
    form: Mapping[str, str] = field(default_factory=dict)

    @property
    def json(self) -> object:
        """The body as JSON."""
        return json.loads(self.body)


def from_raw(raw: bytes) -> Asked:
    """Read a request as it came."""
    head, _, content = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("ascii").split("\r\n")
    method, target, _ = first.split(" ")
    parts, body = urlsplit(target), content.decode("utf-8")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    is_form = headers.get("content-type") == "application/x-www-form-urlencoded"
    return Asked(
        method=method,
        path=parts.path,
        query=dict(parse_qsl(parts.query, keep_blank_values=True)),
        headers=headers,
        body=body,
        form=dict(parse_qsl(body, keep_blank_values=True)) if is_form else {},
    )


def from_curl(text: str) -> Asked:
    """Read a command line, with line breaks that are the shell's, or nearly: a blank follows the backslash."""
    words = shlex.split(re.sub(r"\\ *\n", " ", text))
    options = list(itertools.pairwise(words))
    parts = urlsplit(next(word for word in words if word.startswith("https://")))
    headers = (value.partition(": ") for option, value in options if option == "-H")
    return Asked(
        method=next(value for option, value in options if option == "-X"),
        path=parts.path,
        query=dict(parse_qsl(parts.query)),
        headers={name.lower(): value for name, _, value in headers},
        body=next((value for option, value in options if option == "-d"), ""),
    )
