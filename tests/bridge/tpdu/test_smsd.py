"""National languages and status reports against smstools' smsd, which reads them all in one run."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from sms_bridge.tpdu.address import Address
from sms_bridge.tpdu.codec import encode_pdu
from sms_bridge.tpdu.national import LOCKING_SHIFT, SINGLE_SHIFT
from sms_bridge.tpdu.status_report import Outcome
from sms_providers.charset import DEFAULT_ALPHABET, ESCAPE, EXTENSION

from . import generators
from .oracles import smsd_read

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from sms_bridge.tpdu.deliver import Deliver

CENTRE = Address.of("+27381000015")
HALVES = (range(64), range(64, 128))
SPACE = 0x20


def locking_codes(language: int) -> list[bytes]:
    """Return the septets that have a symbol in a locking shift table.

    3GPP TS 23.038 annex A.3 leaves the others blank; we show a space there, smsd nothing.
    """
    table = LOCKING_SHIFT.get(language, DEFAULT_ALPHABET)
    return [
        bytes((septet,))
        for septet, symbol in enumerate(table)
        if septet != ESCAPE and (symbol != " " or septet == SPACE)
    ]


def single_codes(language: int) -> list[bytes]:
    """Return the escaped septets that have a symbol in a single shift table.

    For the others 3GPP TS 23.038 clause 6.2.1.1 shows the symbol of the locking table; smsd shows nothing.
    """
    table = SINGLE_SHIFT.get(language, EXTENSION)
    return [bytes((ESCAPE, septet)) for septet in sorted(table) if septet != ESCAPE]


def check(messages: Iterable[Deliver], home: Path) -> None:
    """Let smsd read the messages, each from an originator of its own, and compare."""
    numbered = {
        f"49170{number:07}": replace(message, oa=Address.of(f"+49170{number:07}"))
        for number, message in enumerate(messages)
    }
    read = smsd_read([encode_pdu(message, CENTRE)[0] for message in numbered.values()], home)
    theirs = {message.headers["From"]: message.body for message in read}
    assert theirs == {number: message.text for number, message in numbered.items()}


def test_every_symbol_of_every_national_language_is_read_alike(tmp_path: Path) -> None:
    random = Random(generators.SEED)
    messages = []
    for half in HALVES:
        for language in LOCKING_SHIFT:
            septets = b"".join(code for code in locking_codes(language) if code[0] in half)
            messages.append(generators.national_deliver(random, locking=language, septets=septets))
        for language in SINGLE_SHIFT:
            septets = b"".join(code for code in single_codes(language) if code[1] in half)
            messages.append(generators.national_deliver(random, single=language, septets=septets))
    check(messages, tmp_path)


def test_random_messages_with_both_tables_are_read_alike(tmp_path: Path) -> None:
    random = Random(generators.SEED)
    messages = []
    for _ in range(generators.MESSAGES):
        locking = random.choice([0, *LOCKING_SHIFT])
        # With neither, smsd goes by ISO 8859-15, which has the euro sign in the place of the currency sign; 3GPP TS
        # 23.038 clause 6.2.1 has the currency sign.
        single = random.choice([0, *SINGLE_SHIFT] if locking else [*SINGLE_SHIFT])
        codes = locking_codes(locking) * 2 + single_codes(single)
        septets = b"".join(random.choices(codes, k=random.randrange(1, 70)))
        messages.append(generators.national_deliver(random, locking=locking, single=single, septets=septets))
    check(messages, tmp_path)


#: How smsd begins its explanation of a status, by the outcome that we see in it. Those of one service centre only
#: (3GPP TS 23.040 clause 9.2.3.15: from 0x10 in each group) it calls errors, 0x70 to 0x7F permanent ones.
WORDS = {
    Outcome.DELIVERED: ("Ok,",),
    Outcome.UNCONFIRMED: ("Ok,",),
    Outcome.REPLACED: ("Ok,",),
    Outcome.PENDING: ("Still trying,", "Temporary error, SC specific"),
    Outcome.EXPIRED: ("Error,SM validity period expired",),
    Outcome.FAILED: ("Error,", "Permanent error, SC specific"),
    Outcome.GAVE_UP: ("Error,", "Permanent error, SC specific"),
}


def test_status_reports_are_read_alike(tmp_path: Path) -> None:
    random = Random(generators.SEED)
    reports = {
        f"49170{number:07}": replace(generators.status_report(random), ra=Address.of(f"+49170{number:07}"))
        for number in range(generators.MESSAGES)
    }
    read = smsd_read([encode_pdu(report, CENTRE)[0] for report in reports.values()], tmp_path)
    assert len(read) == len(reports)
    for theirs in read:
        report = reports[theirs.headers["From"]]
        told = dict(line.split(": ", 1) for line in theirs.body.splitlines() if ": " in line)
        status, _, words = told["Status"].partition(",")
        assert int(told["Message_id"]) == report.mr
        assert int(status) == report.st
        assert report.dt is not None
        assert told["Discharge_timestamp"] == report.dt.strftime("%y-%m-%d %H:%M:%S")
        assert words.startswith(WORDS[report.outcome]) or words == "unknown"
