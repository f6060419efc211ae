"""What a command answers: information lines and a final result code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

#: V.250 clause 5.7.1, table 1: result codes and their numbers after ATV0.
NUMERIC_RESULTS: Final[Mapping[str, str]] = {
    "OK": "0",
    "RING": "2",
    "NO CARRIER": "3",
    "ERROR": "4",
}

#: 3GPP TS 27.007 clause 9.2: codes of +CME ERROR with their verbose text.
CME_NOT_ALLOWED: Final = 3
CME_NO_SIM: Final = 10
CME_PIN_REQUIRED: Final = 11
CME_PUK_REQUIRED: Final = 12
CME_SIM_BUSY: Final = 14
CME_INCORRECT_PASSWORD: Final = 16
CME_NO_NETWORK: Final = 30
CME_INCORRECT_PARAMETERS: Final = 50
CME_TEXTS: Final[Mapping[int, str]] = {
    3: "operation not allowed",
    4: "operation not supported",
    10: "SIM not inserted",
    11: "SIM PIN required",
    12: "SIM PUK required",
    14: "SIM busy",
    16: "incorrect password",
    30: "no network service",
    50: "Incorrect parameters",
    100: "unknown",
}

#: 3GPP TS 27.005 clause 3.2.5: codes of +CMS ERROR with their verbose text.
CMS_NOT_ALLOWED: Final = 302
CMS_NOT_SUPPORTED: Final = 303
CMS_INVALID_PDU: Final = 304
CMS_INVALID_TEXT: Final = 305
CMS_NO_SIM: Final = 310
CMS_PIN_REQUIRED: Final = 311
CMS_SIM_BUSY: Final = 314
CMS_PUK_REQUIRED: Final = 316
CMS_INVALID_INDEX: Final = 321
CMS_MEMORY_FULL: Final = 322
CMS_NO_NETWORK: Final = 331
CMS_NO_CNMA_EXPECTED: Final = 340
CMS_UNKNOWN: Final = 500
CMS_TEXTS: Final[Mapping[int, str]] = {
    302: "operation not allowed",
    303: "operation not supported",
    304: "invalid PDU mode parameter",
    305: "invalid text mode parameter",
    310: "SIM not inserted",
    311: "SIM PIN required",
    314: "SIM busy",
    316: "SIM PUK required",
    321: "invalid memory index",
    322: "memory full",
    331: "no network service",
    340: "no +CNMA acknowledgement expected",
    500: "unknown error",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to one command: information lines, then its result.

    `result` is a result code of V.250. `cme` and `cms` hold an error code instead; how it is
    written depends on +CMEE. A line may hold an inner line break (+CMGR and its PDU).
    """

    lines: tuple[str, ...] = ()
    result: str = "OK"
    cme: int | None = None
    cms: int | None = None

    @property
    def ok(self) -> bool:
        """Whether the next command of the same line may run."""
        return self.result == "OK" and self.cme is None and self.cms is None

    def final(self, *, cmee: str) -> str:
        """Write the result as +CMEE `cmee` (0 off, 1 numbers, 2 texts) wants it.

        +CMS ERROR stays a number with +CMEE=0, as modems do it (3GPP TS 27.005 clause 3.2.5).
        """
        if self.cme is not None:
            if cmee == "0":
                return "ERROR"
            text = CME_TEXTS.get(self.cme, str(self.cme)) if cmee == "2" else str(self.cme)
            return f"+CME ERROR: {text}"
        if self.cms is not None:
            text = CMS_TEXTS.get(self.cms, str(self.cms)) if cmee == "2" else str(self.cms)
            return f"+CMS ERROR: {text}"
        return self.result


OK: Final = Reply()
ERROR: Final = Reply(result="ERROR")


def info(*lines: str) -> Reply:
    """Build a successful answer of these lines."""
    return Reply(lines)


def cme(code: int) -> Reply:
    """Build a +CME ERROR."""
    return Reply(cme=code)


def cms(code: int) -> Reply:
    """Build a +CMS ERROR."""
    return Reply(cms=code)
