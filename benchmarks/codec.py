"""The codec against python-gammu: the same messages encoded and decoded, the ratio of the times.

Run with the test requirements installed: python benchmarks/codec.py
A ratio of 1 means as fast as gammu's C library behind its Python binding, more means faster. Each run takes the
messages in the same order through both, in turn, and the ratio is the median of the runs.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final

import gammu

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bridge"), str(ROOT / "custom_components" / "sms_gateway")]

from sms_bridge.tpdu.address import Address
from sms_bridge.tpdu.codec import decode_inbound, encode_pdu
from sms_bridge.tpdu.deliver import Deliver
from sms_bridge.tpdu.segment import build_submits
from sms_providers.charset import fits_gsm7
from tests.bridge.tpdu import generators

MESSAGES: Final = 2000
RUNS: Final = 3
CENTRE: Final = "+27381000015"
DAY: Final = 86400

Message = tuple[str, str]


def corpus() -> tuple[list[Message], list[str]]:
    """Return outgoing messages (recipient and text) and incoming PDUs: short and long, in every alphabet."""
    random = Random(1)
    centre = Address.of(CENTRE)
    outgoing, incoming = [], []
    for _ in range(MESSAGES):
        text = generators.gsm7_text(random, 160) if random.random() < 0.6 else generators.text(random)
        outgoing.append((generators.msisdn(random), text))
        incoming += [encode_pdu(segment, centre)[0] for segment in generators.delivers(random)]
        incoming.append(encode_pdu(generators.status_report(random), centre)[0])
    return outgoing, incoming


def encode_ours(messages: list[Message]) -> int:
    """Encode all messages; return the number of PDUs."""
    return sum(
        len([encode_pdu(submit) for submit in build_submits(number, text, concat_ref=1, valid_for=DAY)])
        for number, text in messages
    )


def encode_gammu(messages: list[Message]) -> int:
    """Encode all messages with gammu; return the number of PDUs."""
    pdus = 0
    for number, text in messages:
        entries = [{"ID": "ConcatenatedTextLong", "Buffer": text}]
        for segment in gammu.EncodeSMS({"Class": -1, "Unicode": not fits_gsm7(text), "Entries": entries}):
            segment |= {"SMSC": {"Number": CENTRE, "Validity": "Max"}, "Number": number}
            gammu.EncodePDU(segment, "Submit").hex()
            pdus += 1
    return pdus


def decode_ours(pdus: list[str]) -> int:
    """Decode all PDUs and their texts; return their number."""
    decoded = [decode_inbound(pdu) for pdu in pdus]
    return len([message.text if isinstance(message, Deliver) else message for message in decoded])


def decode_gammu(pdus: list[str]) -> int:
    """Decode all PDUs with gammu; return their number."""
    return len([gammu.DecodePDU(bytes.fromhex(pdu), True) for pdu in pdus])


def seconds(work: Callable[[], int]) -> float:
    """Return how long ``work`` takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    """Print the ratio of gammu's time to ours, for encoding, decoding and both."""
    outgoing, incoming = corpus()
    encoding, decoding, both = [], [], []
    for _ in range(RUNS):
        ours = seconds(lambda: encode_ours(outgoing)), seconds(lambda: decode_ours(incoming))
        theirs = seconds(lambda: encode_gammu(outgoing)), seconds(lambda: decode_gammu(incoming))
        encoding.append(theirs[0] / ours[0])
        decoding.append(theirs[1] / ours[1])
        both.append(sum(theirs) / sum(ours))
    print(
        f"{len(outgoing)} messages encoded, {len(incoming)} PDUs decoded, {RUNS} runs; gammu's time / ours:"
    )
    for name, ratios in (("encode", encoding), ("decode", decoding), ("both", both)):
        print(f"{name}: {statistics.median(ratios):.2f}")
    print("repeat with: python benchmarks/codec.py")


if __name__ == "__main__":
    main()
