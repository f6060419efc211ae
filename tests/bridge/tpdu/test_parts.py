"""The parts of a TPDU: septets, semi-octets, addresses, coding, times, validity, headers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms_bridge.tpdu import gsm7, semioctet, timestamp, ucs2
from sms_bridge.tpdu.address import Address, Ton
from sms_bridge.tpdu.dcs import Dcs, Waiting, WaitingKind
from sms_bridge.tpdu.errors import TpduError
from sms_bridge.tpdu.udh import Concat, InformationElement, Ports, Udh
from sms_bridge.tpdu.user_data import UserData
from sms_bridge.tpdu.validity import Validity, VpFormat
from sms_providers.charset import Encoding

SEPTETS = st.binary(max_size=170).map(lambda octets: bytes(octet & 0x7F for octet in octets))


@pytest.mark.parametrize(
    ("text", "packed"),
    [("", ""), ("hellohello", "E8329BFD4697D9EC37"), ("1234567", "31D98C56B3DD00"), ("@@", "0000")],
)
def test_septets_are_packed_from_the_least_significant_bit(text: str, packed: str) -> None:
    septets = text.replace("@", "\0").encode("ascii")
    assert gsm7.pack(septets) == bytes.fromhex(packed)
    assert gsm7.unpack(bytes.fromhex(packed), len(septets)) == septets


@given(SEPTETS, st.integers(0, 6))
def test_packed_septets_are_one_number_of_seven_bit_digits(septets: bytes, fill: int) -> None:
    number = sum(septet << 7 * place for place, septet in enumerate(septets)) << fill
    assert gsm7.pack(septets, fill) == number.to_bytes((len(septets) * 7 + fill + 7) // 8, "little")
    assert gsm7.unpack(gsm7.pack(septets, fill), len(septets), fill) == septets


@pytest.mark.parametrize(("header", "bits"), [(0, 0), (1, 6), (6, 1), (7, 0), (8, 6), (13, 1)])
def test_a_header_is_filled_up_to_a_septet(header: int, bits: int) -> None:
    assert gsm7.fill_bits(header) == bits


@pytest.mark.parametrize(
    ("string", "packed"),
    [
        ("*100#", "AA180C3602"),
        ("1234567", "31D98C56B3DD1A"),  # seven spare bits would be read as @
        ("1234567\r", "31D98C56B3DD1A0D"),  # a carriage return that is meant
        ("12345678", "31D98C56B3DD70"),
    ],
)
def test_ussd_strings_are_filled_up_with_a_carriage_return(string: str, packed: str) -> None:
    assert gsm7.pack_ussd(string) == bytes.fromhex(packed)


@given(st.text(alphabet="*#0123456789abc@€", max_size=180))
def test_ussd_strings_survive(string: str) -> None:
    assert gsm7.unpack_ussd(gsm7.pack_ussd(string)) == string


def test_an_ussd_string_outside_the_alphabet_is_refused() -> None:
    with pytest.raises(ValueError, match="alphabet"):
        gsm7.pack_ussd("ж")


@pytest.mark.parametrize(
    ("locking", "single", "text"),
    [
        (0, 0, "Ææ€"),
        (1, 0, "Şş€"),
        (0, 1, "Ææ€"),
        (2, 2, "Ææ€"),  # there is no Spanish locking table
        (99, 99, "Ææ€"),
    ],
)
def test_unknown_languages_are_the_default_alphabet(locking: int, single: int, text: str) -> None:
    assert gsm7.text(bytes((0x1C, 0x1D, 0x1B, 0x65)), locking, single) == text


@given(SEPTETS, st.integers(0, 20), st.integers(0, 20))
def test_any_septets_are_a_text_in_any_language(septets: bytes, locking: int, single: int) -> None:
    assert len(gsm7.text(septets, locking, single)) <= len(septets)


@given(st.text(alphabet="0123456789*#abc", max_size=20))
def test_digits_survive_semioctets(digits: str) -> None:
    assert semioctet.decode(semioctet.encode(digits), len(digits)) == digits


def test_only_digits_can_be_dialled() -> None:
    with pytest.raises(ValueError, match="dialled"):
        semioctet.encode("12x")


def test_lone_surrogates_are_replaced() -> None:
    assert ucs2.encode("a\ud83db") == ucs2.encode("a\ufffdb")
    assert ucs2.decode(bytes.fromhex("D83D0041")) == "\ufffdA"
    assert ucs2.decode(bytes.fromhex("DE000041")) == "\ufffdA"
    assert ucs2.decode(bytes.fromhex("004100")) == "A\ufffd"


@pytest.mark.parametrize(
    ("number", "octets"),
    [
        ("+46708251358", "0B916407281553F8"),
        ("12345", "05812143F5"),
        ("*100#", "05811A00FB"),
        ("VODACOM", "0DD0D62731387C3601"),
        ("SMS-Gateway", "14D0D3E6B4750CD3CBF7701E"),
    ],
)
def test_addresses(number: str, octets: str) -> None:
    assert Address.of(number).to_bytes() == bytes.fromhex(octets)
    assert Address.from_bytes(bytes.fromhex(octets)) == Address.of(number)
    assert Address.of(number).text == number


@pytest.mark.parametrize("number", ["SMS-Gateways", "ćevapi", "+" + "1" * 21])
def test_an_address_that_does_not_fit_is_refused(number: str) -> None:
    with pytest.raises(TpduError):
        Address.of(number)


@given(st.text(alphabet="0123456789*#abc", max_size=20), st.sampled_from(Ton), st.integers(0, 15))
def test_any_number_survives(digits: str, ton: Ton, npi: int) -> None:
    if ton is not Ton.ALPHANUMERIC:
        address = Address(digits, ton, npi)
        assert Address.from_bytes(address.to_bytes()) == address


def test_a_service_centre_is_counted_in_octets() -> None:
    centre = Address.of("+27381000015")
    assert centre.to_service_centre() == bytes.fromhex("07917283010010F5")
    assert Address.read_service_centre(bytes.fromhex("07917283010010F504")) == (centre, 8)
    assert Address.read_service_centre(b"\0\4") == (None, 1)


@pytest.mark.parametrize("octet", range(256))
def test_every_coding_has_a_meaning_and_an_octet(octet: int) -> None:
    dcs = Dcs(octet)
    assert isinstance(dcs.encoding, Encoding)
    assert dcs.message_class in {None, 0, 1, 2, 3}
    assert (dcs.waiting is not None) == (0xC0 <= octet < 0xF0)


@pytest.mark.parametrize(
    ("octet", "encoding", "message_class"),
    [
        (0x00, Encoding.GSM7, None),
        (0x04, Encoding.DATA, None),
        (0x08, Encoding.UCS2, None),
        (0x0C, Encoding.GSM7, None),
        (0x03, Encoding.GSM7, None),
        (0x10, Encoding.GSM7, 0),
        (0x18, Encoding.UCS2, 0),
        (0x15, Encoding.DATA, 1),
        (0x20, Encoding.DATA, None),
        (0x58, Encoding.UCS2, 0),
        (0x80, Encoding.GSM7, None),
        (0xBF, Encoding.GSM7, None),
        (0xC8, Encoding.GSM7, None),
        (0xD0, Encoding.GSM7, None),
        (0xE0, Encoding.UCS2, None),
        (0xF0, Encoding.GSM7, 0),
        (0xF2, Encoding.GSM7, 2),
        (0xF5, Encoding.DATA, 1),
    ],
)
def test_codings_of_all_groups(octet: int, encoding: Encoding, message_class: int | None) -> None:
    assert (Dcs(octet).encoding, Dcs(octet).message_class) == (encoding, message_class)


@given(st.sampled_from(Encoding), st.sampled_from([None, 0, 1, 2, 3]))
def test_a_coding_says_what_it_was_made_of(encoding: Encoding, message_class: int | None) -> None:
    dcs = Dcs.of(encoding, message_class)
    assert (dcs.encoding, dcs.message_class) == (encoding, message_class)
    assert not dcs.compressed
    assert not dcs.auto_deletion


def test_waiting_messages_and_automatic_deletion() -> None:
    assert Dcs(0xC8).waiting == Waiting(kind=WaitingKind.VOICEMAIL, active=True, store=False)
    assert Dcs(0xD1).waiting == Waiting(kind=WaitingKind.FAX, active=False, store=True)
    assert Dcs(0xEA).waiting == Waiting(kind=WaitingKind.EMAIL, active=True, store=True)
    assert Dcs(0x40).auto_deletion
    assert Dcs(0x2C).compressed


QUARTERS = st.integers(-79, 79).map(lambda quarters: timezone(quarters * timedelta(minutes=15)))


@given(
    st.datetimes(datetime(1980, 1, 2), datetime(2079, 12, 30), timezones=QUARTERS)  # noqa: DTZ001 - hypothesis adds the zone
)
def test_times_survive_to_the_second(time: datetime) -> None:
    decoded = timestamp.decode(timestamp.encode(time))
    assert decoded == time.replace(microsecond=0)
    assert decoded.utcoffset() == time.utcoffset()


@pytest.mark.parametrize(("year", "meant"), [("97", 2079), ("08", 1980), ("99", 1999), ("62", 2026)])
def test_two_digits_name_a_year_from_1980_to_2079(year: str, meant: int) -> None:
    time = timestamp.decode(bytes.fromhex(f"{year}102000000000"))
    assert time is not None
    assert time.year == meant


def test_an_odd_offset_is_written_in_utc() -> None:
    time = datetime(2026, 11, 20, 10, 15, 3, tzinfo=timezone(timedelta(minutes=7)))
    assert timestamp.encode(time) == timestamp.encode(time.astimezone(UTC))


@given(st.binary(max_size=9))
def test_any_octets_are_a_time_or_none(octets: bytes) -> None:
    time = timestamp.decode(octets)
    assert time is None or len(octets) == 7


@pytest.mark.parametrize(
    ("seconds", "value"),
    [
        (1, 0),
        (300, 0),
        (599.9, 0),
        (600, 1),
        (43200, 143),
        (43200 + 1799, 143),
        (43200 + 1800, 144),
        (86399, 166),
        (86400, 167),
        (2 * 86400 - 1, 167),
        (2 * 86400, 168),
        (30 * 86400, 196),
        (35 * 86400 - 1, 196),
        (35 * 86400, 197),
        (63 * 7 * 86400, 255),
        (10**9, 255),
    ],
)
def test_a_validity_is_rounded_down_but_not_below_five_minutes(seconds: float, value: int) -> None:
    assert Validity.from_seconds(seconds) == Validity.relative(value)


@given(st.integers(300, 38_102_400))
def test_no_period_is_longer_than_asked(seconds: int) -> None:
    validity = Validity.from_seconds(seconds)
    assert validity.seconds is not None
    assert validity.seconds <= seconds
    following = Validity.relative(min(validity.octets[0] + 1, 255)).seconds
    assert following is not None
    assert following > seconds or validity.octets == b"\xff"


@pytest.mark.parametrize(
    ("octets", "seconds"),
    [
        ("01A70000000000", 86400),
        ("021E0000000000", 30),
        ("03102030000000", 1 * 3600 + 2 * 60 + 3),
        ("00000000000000", None),
        ("02000000000000", None),
        ("03FF0000000000", None),
        ("81A70000000000", None),
    ],
)
def test_enhanced_periods(octets: str, seconds: int | None) -> None:
    validity = Validity(VpFormat.ENHANCED, bytes.fromhex(octets))
    assert validity.seconds == seconds
    assert validity.end is None


def test_an_absolute_period_has_an_end() -> None:
    end = datetime(2026, 12, 1, 12, tzinfo=timezone(timedelta(hours=1)))
    validity = Validity.until(end)
    assert (validity.end, validity.seconds) == (end, None)


def test_a_header_keeps_what_it_does_not_know() -> None:
    octets = bytes.fromhex("0C 00032A0201 7002ABCD 240103")
    udh = Udh.from_bytes(octets)
    assert udh.to_bytes() == octets
    assert udh.concat == Concat(ref=0x2A, total=2, seqno=1)
    assert udh.single_shift == 3
    assert udh.locking_shift == 0
    assert udh.elements[1] == InformationElement(0x70, b"\xab\xcd")


@pytest.mark.parametrize(
    ("octets", "concat"),
    [
        ("0500032A0201", Concat(ref=0x2A, total=2, seqno=1)),
        ("0608041234FF0A", Concat(ref=0x1234, total=255, seqno=10, wide=True)),
        ("0500032A0200", None),
        ("0500032A0203", None),
        ("0500032A0000", None),
        ("0400022A02", None),
        ("0A00032A020100032B0202", Concat(ref=0x2B, total=2, seqno=2)),  # the last one counts
        ("0500042A0201", None),  # an element that runs over the end
        ("00", None),
        ("", None),
    ],
)
def test_places_in_a_message(octets: str, concat: Concat | None) -> None:
    assert Udh.from_bytes(bytes.fromhex(octets)).concat == concat


def test_ports_of_both_sizes() -> None:
    assert Udh.from_bytes(bytes.fromhex("0405021A2B")).ports is None
    assert Udh.from_bytes(bytes.fromhex("040402F0F1")).ports == Ports(0xF0, 0xF1)
    assert Udh((Ports(2948, 9200).to_element(),)).ports == Ports(2948, 9200)


@given(st.binary(max_size=40))
def test_any_octets_are_a_header(octets: bytes) -> None:
    udh = Udh.from_bytes(octets)
    assert Udh.from_bytes(udh.to_bytes()) == udh


ELEMENTS = st.builds(InformationElement, st.integers(0, 255), st.binary(max_size=8))
HEADERS = st.one_of(st.none(), st.lists(ELEMENTS, max_size=4).map(lambda elements: Udh(tuple(elements))))


@given(SEPTETS.filter(lambda septets: len(septets) <= 100), HEADERS, st.sampled_from(Encoding))
def test_user_data_survives(payload: bytes, udh: Udh | None, encoding: Encoding) -> None:
    user_data = UserData(payload, udh)
    decoded = UserData.from_bytes(user_data.to_bytes(encoding), udhi=udh is not None, encoding=encoding)
    assert decoded == (user_data, False)


@pytest.mark.parametrize(
    ("encoding", "size"), [(Encoding.GSM7, 161), (Encoding.UCS2, 142), (Encoding.DATA, 141)]
)
def test_user_data_that_is_too_long_is_refused(encoding: Encoding, size: int) -> None:
    with pytest.raises(TpduError, match="140 octets"):
        UserData(bytes(size)).to_bytes(encoding)


@given(st.binary(max_size=200), st.booleans(), st.sampled_from(Encoding))
def test_any_octets_are_user_data(octets: bytes, udhi: bool, encoding: Encoding) -> None:  # noqa: FBT001 - drawn by hypothesis
    user_data, truncated = UserData.from_bytes(octets, udhi=udhi, encoding=encoding)
    assert truncated or octets
    assert (user_data.text(encoding) is None) == (encoding is Encoding.DATA)
