"""The codec against python-gammu, on random messages. Where they differ, the clause that decides is named.

libgammu keeps state between calls and is not safe in threads; it is called here from one test at a time.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import gammu

from sms_bridge.tpdu.address import Address, Ton
from sms_bridge.tpdu.codec import Direction, decode_pdu, encode_pdu
from sms_bridge.tpdu.segment import build_submits
from sms_bridge.tpdu.submit import Submit
from sms_providers.charset import Encoding, fits_gsm7

from . import generators

if TYPE_CHECKING:
    from sms_bridge.tpdu.deliver import Deliver

CENTRE = "+27381000015"
LONGEST = 63 * 7 * 86400
CODINGS = {
    Encoding.GSM7: "Default_No_Compression",
    Encoding.UCS2: "Unicode_No_Compression",
    Encoding.DATA: "8bit",
}


def gammu_submits(text: str, number: str, *, wide: bool) -> list[str]:
    kind = "ConcatenatedTextLong16bit" if wide else "ConcatenatedTextLong"
    message = {"Class": -1, "Unicode": not fits_gsm7(text), "Entries": [{"ID": kind, "Buffer": text}]}
    pdus = []
    for segment in gammu.EncodeSMS(message):
        segment |= {"SMSC": {"Number": CENTRE, "Validity": "Max"}, "Number": number}
        pdus.append(gammu.EncodePDU(segment, "Submit").hex().upper())
    return pdus


def submits(pdus: list[str]) -> list[Submit]:
    decoded = [decode_pdu(pdu, Direction.OUTBOUND).tpdu for pdu in pdus]
    assert all(isinstance(tpdu, Submit) for tpdu in decoded)
    return [tpdu for tpdu in decoded if isinstance(tpdu, Submit)]


def text_of(segments: list[Submit]) -> str:
    return "".join(segment.ud.text(segment.dcs.encoding) or "" for segment in segments)


def test_random_messages_are_encoded_alike() -> None:
    random = Random(generators.SEED)
    for _ in range(generators.MESSAGES):
        text, number, wide = generators.text(random), generators.msisdn(random), random.random() < 0.3
        if not fits_gsm7(text):
            # 3GPP TS 23.038 clause 6.2.3: UCS2 has a tilde; gammu uses it to mark its own effects and sends U+0001.
            text = text.replace("~", "-")
        theirs = gammu_submits(text, number, wide=wide)
        read = submits(theirs)
        place = read[0].ud.udh and read[0].ud.udh.concat
        ours = [
            encode_pdu(submit, Address.of(CENTRE))[0]
            for submit in build_submits(
                number, text, concat_ref=place.ref if place else 0, wide=wide, valid_for=LONGEST
            )
        ]
        if ours == theirs:
            continue
        # 3GPP TS 23.040 clause 9.2.3.24.1 lets a segment end anywhere: where the last pair of surrogates would just
        # fit, gammu leaves it to the next segment.
        assert text_of(submits(ours)) == text_of(read) == text
        assert len(ours) <= len(theirs)
        assert max(text) >= "\U00010000", "a difference without a surrogate pair"


def check_number(theirs: str, address: Address) -> None:
    if address.ton is Ton.ALPHANUMERIC:
        # 3GPP TS 23.040 clause 9.1.2.5 takes names from the default alphabet, of which gammu knows the ASCII part.
        if address.digits.isascii() and address.digits.isalnum():
            assert theirs == address.text
    elif address.digits.isdecimal():
        # 3GPP TS 23.040 clause 9.1.2.3 has digits *, #, a, b, c; gammu drops them.
        assert theirs == address.text


def check_delivered(theirs: dict[str, Any], message: Deliver) -> None:
    check_number(theirs["Number"], message.oa)
    assert theirs["Coding"] == CODINGS[message.dcs.encoding]
    assert theirs["Class"] == (-1 if message.dcs.message_class is None else message.dcs.message_class)
    assert theirs["DateTime"] == message.scts
    if message.text is None:
        assert theirs["Text"] == message.data
    elif message.dcs.encoding is Encoding.GSM7 or "~" not in message.text:
        # Two tildes are one mark of gammu's own; behind the text it leaves memory that it did not clear.
        assert theirs["Text"][: len(message.text)] == message.text
    place = message.concat
    if place and not message.ports:  # gammu names one element of a header with several
        header = theirs["UDH"]
        assert header["ID16bit" if place.wide else "ID8bit"] == place.ref
        assert (header["AllParts"], header["PartNumber"]) == (place.total, place.seqno)


def test_random_messages_are_decoded_alike() -> None:
    random = Random(generators.SEED)
    for _ in range(generators.MESSAGES):
        for message in generators.delivers(random):
            pdu, _ = encode_pdu(message, Address.of(CENTRE))
            check_delivered(gammu.DecodePDU(bytes.fromhex(pdu), True), message)


def test_random_status_reports_are_decoded_alike() -> None:
    random = Random(generators.SEED)
    for _ in range(generators.MESSAGES):
        report = generators.status_report(random)
        pdu, _ = encode_pdu(report, Address.of(CENTRE))
        theirs = gammu.DecodePDU(bytes.fromhex(pdu), True)
        assert theirs["Type"] == "Status_Report"
        assert theirs["MessageReference"] == report.mr
        assert theirs["DeliveryStatus"] == report.st
        assert theirs["Number"] == report.ra.text
        assert (theirs["DateTime"], theirs["SMSCDateTime"]) == (report.scts, report.dt)
