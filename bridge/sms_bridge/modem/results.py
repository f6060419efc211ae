"""Final result codes: the lines that end a command without success (ITU-T V.250 clause 5.7.1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from .errors import CME_NAMES, CMS_NAMES, AtFailed, CmeError, CmsError

if TYPE_CHECKING:
    from .errors import ModemError

_RESULT = re.compile(r"\+(CM[ES]) ERROR:\s*(.*)")
#: Finals that tell nothing but failure; the last three are Huawei's, Motorola's and Samsung's.
_PLAIN_FAILURES: Final = frozenset({"ERROR", "COMMAND NOT SUPPORT", "NA"})
_FAILURE_PREFIXES: Final = ("COMMAND NOT SUPPORT", "MODEM ERROR:")
_BY_NAME: Final = {
    "CME": {name.lower(): code for code, name in CME_NAMES.items()},
    "CMS": {name.lower(): code for code, name in CMS_NAMES.items()},
}


def parse_failure(line: str, command: str) -> ModemError | None:
    """Return the error that a final code means, ``None`` if the line is no failing final code."""
    if line in _PLAIN_FAILURES or line.startswith(_FAILURE_PREFIXES):
        return AtFailed(f"The modem answered {line.partition(':')[0]} to {command}.")
    if not line.startswith("+CM"):
        return None
    match = _RESULT.fullmatch(line)
    if match is None:
        return None
    kind, value = match.groups()
    code = int(value) if value.isascii() and value.isdigit() else _BY_NAME[kind].get(value.strip().lower())
    if code is None:
        return AtFailed(f"The modem answered +{kind} ERROR with an unknown reason to {command}.")
    return CmeError(code) if kind == "CME" else CmsError(code)
