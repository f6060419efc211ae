"""PDUs as networks send them: each kind that some decoder is known to get wrong."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from sms_bridge.tpdu.codec import Direction, Undecodable, decode_inbound, decode_pdu, encode_pdu
from sms_bridge.tpdu.deliver import Deliver
from sms_bridge.tpdu.segment import build_submits
from sms_bridge.tpdu.status_report import Outcome, StatusReport
from sms_bridge.tpdu.submit import Submit
from sms_providers.charset import Encoding

#: Service centre +27381000015, originator +27838890001, 20 November 2026 10:15:03 +01:00.
FRONT = "07917283010010F5"
OA = "0B917238880900F1"
SCTS = "62110201513040"


def received(pdu: str) -> Deliver:
    message = decode_inbound(pdu)
    assert isinstance(message, Deliver)
    return message


def test_a_plain_message() -> None:
    message = received("07917283010010F5040BC87238880900F10000993092516195800AE8329BFD4697D9EC37")
    assert (
        message.oa.text == "27838890001"
    )  # type of number "subscriber": nothing says that it is international
    assert message.text == "hellohello"
    assert message.scts == datetime(1999, 3, 29, 15, 16, 59, tzinfo=timezone(timedelta(hours=2)))
    assert not message.truncated
    assert not message.mms


def test_the_service_centre_is_told() -> None:
    pdu = decode_pdu(f"{FRONT}04{OA}0000{SCTS}02E834")
    assert pdu.smsc is not None
    assert pdu.smsc.text == "+27381000015"


@pytest.mark.parametrize(
    ("pdu", "text"),
    [
        pytest.param(
            f"{FRONT}04{OA}0000{SCTS}14E10D6583DAA436AF0D6FD3DBF836C04D590F",
            "a^{}\\[~]|€z",
            id="characters of the extension table",
        ),
        pytest.param(f"{FRONT}04{OA}0008{SCTS}0A004800690020D83DDE00", "Hi 😀", id="an emoji in UCS-2"),
        pytest.param(f"{FRONT}04{OA}0000{SCTS}0831D98C56B3DD00", "1234567@", id="eight septets ending in @"),
        pytest.param(
            f"{FRONT}04{OA}0000{SCTS}0831D98C56B3DD1A", "1234567\r", id="eight septets ending in CR"
        ),
        pytest.param(f"{FRONT}04{OA}0000{SCTS}00", "", id="no text"),
        pytest.param(
            f"{FRONT}44{OA}0000{SCTS}1006080412340202F7B79C4D066DCA", "world €", id="16-bit reference"
        ),
        pytest.param(
            f"{FRONT}04{OA}00C8{SCTS}09D6777A5C6E87D36C", "Voicemail", id="message waiting, discard"
        ),
        pytest.param(f"{FRONT}04{OA}00E8{SCTS}0A041D043E0432043E0435", "Новое", id="message waiting, UCS-2"),
        pytest.param(f"{FRONT}44{OA}0000{SCTS}0803250101E0740E", "Şşı", id="Turkish locking shift"),
        pytest.param(f"{FRONT}44{OA}0000{SCTS}0903240102D804376F", "Áó", id="Spanish single shift"),
        pytest.param(f"{FRONT}44{OA}0000{SCTS}0B06240103250103FB0D1F", "ãõ", id="Portuguese, both tables"),
        pytest.param(f"{FRONT}44{OA}0000{SCTS}070325010678BE00", "\u093d\u0928", id="Hindi locking shift"),
        pytest.param(f"{FRONT}04{OA}0000{SCTS}021B00", "@", id="an escape before a code without a symbol"),
        pytest.param(f"{FRONT}04{OA}0000{SCTS}029B0D", " ", id="a doubled escape"),
        pytest.param(f"{FRONT}04{OA}008C{SCTS}02E834", "hi", id="a reserved coding group"),
        pytest.param(f"{FRONT}04{OA}00F2{SCTS}02E834", "hi", id="for the SIM"),
    ],
)
def test_texts(pdu: str, text: str) -> None:
    assert received(pdu).text == text


@pytest.mark.parametrize(
    ("address", "text"),
    [
        pytest.param("0DD0D62731387C3601", "VODACOM", id="seven letters in 13 semi-octets"),
        pytest.param("0ED0D62731387C3601", "VODACOM", id="seven letters in 14 semi-octets"),
        pytest.param("0BD0C10D4AB84901", "A{B}", id="characters of the extension table"),
        pytest.param("14D0D3E6B4750CD3CBF7701E", "SMS-Gateway", id="eleven letters"),
        pytest.param("04811AB2", "*12#", id="star and hash"),
        pytest.param("0681CA2143", "*a1234", id="letters"),
        pytest.param("05812143F5", "12345", id="short code"),
        pytest.param("0091", "", id="empty"),
        pytest.param("03912143", "+123", id="no filler behind an odd number of digits"),
    ],
)
def test_originators(address: str, text: str) -> None:
    message = received(f"{FRONT}04{address}0000{SCTS}02E834")
    assert (message.oa.text, message.text) == (text, "hi")


def test_data_stays_data() -> None:
    message = received(f"{FRONT}04{OA}0004{SCTS}0300FF10")
    assert (message.text, message.data, message.ports) == (None, b"\x00\xff\x10", None)


def test_data_with_a_port() -> None:
    message = received(f"{FRONT}44{OA}0004{SCTS}0A0605040B8423F000FF10")
    assert message.data == b"\x00\xff\x10"
    assert message.ports is not None
    assert (message.ports.destination, message.ports.source) == (2948, 9200)


def test_flash_is_class_0() -> None:
    assert received(f"{FRONT}04{OA}0010{SCTS}02E834").dcs.message_class == 0
    assert received(f"{FRONT}04{OA}0000{SCTS}02E834").dcs.message_class is None


@pytest.mark.parametrize("scts", ["00000000000000", "FFFFFFFFFFFFFF", "62990201513040", "621102015130F4"])
def test_an_invalid_time_stamp_loses_no_message(scts: str) -> None:
    message = received(f"{FRONT}04{OA}0000{scts}02E834")
    assert message.scts is None
    assert message.text == "hi"


def test_a_zone_west_of_greenwich() -> None:
    message = received(f"{FRONT}04{OA}00006211024054308902E834")
    assert message.scts == datetime(2026, 11, 20, 4, 45, 3, tzinfo=timezone(-timedelta(hours=4, minutes=30)))


def test_a_status_report() -> None:
    report = decode_inbound("0006D60B911326880736F4111011719551401110117195714000")
    assert isinstance(report, StatusReport)
    assert (report.mr, report.ra.text, report.outcome) == (0xD6, "+31628870634", Outcome.DELIVERED)
    zone = timezone(timedelta(hours=1))
    assert report.scts == datetime(2011, 1, 11, 17, 59, 15, tzinfo=zone)
    assert report.dt == datetime(2011, 1, 11, 17, 59, 17, tzinfo=zone)


def test_a_status_report_with_optional_parts() -> None:
    base = "0006D60B911326880736F4111011719551401110117195714046"
    report = decode_inbound(f"{base}07000002E834")
    assert isinstance(report, StatusReport)
    assert report.outcome is Outcome.EXPIRED
    assert report.pid == 0
    assert report.ud is not None
    assert report.ud.text(Encoding.GSM7) == "hi"
    extended = decode_inbound(f"{base}8700000002E834")
    assert isinstance(extended, StatusReport)
    assert extended.ud == report.ud


@pytest.mark.parametrize("missing", range(1, 10))
def test_a_cut_message_shows_what_arrived(missing: int) -> None:
    whole = f"{FRONT}04{OA}0000{SCTS}0AE8329BFD4697D9EC37"
    message = received(whole[: -2 * missing])
    assert message.truncated
    assert message.text == "hellohello"[: (9 - missing) * 8 // 7]


def test_half_an_octet_at_the_end_is_ignored() -> None:
    message = received(f"{FRONT}04{OA}0000{SCTS}0AE8329BFD4697D9EC3")
    assert message.truncated
    assert message.text == "hellohell"


def test_octets_behind_the_user_data_are_ignored() -> None:
    message = received(f"{FRONT}04{OA}0000{SCTS}02E834FFFFFF")
    assert (message.text, message.truncated) == ("hi", False)


def test_a_header_longer_than_the_user_data_is_read_as_far_as_it_goes() -> None:
    message = received(f"{FRONT}44{OA}0000{SCTS}05FF00030102")
    assert message.concat is None
    assert message.text == ""


@pytest.mark.parametrize(
    "pdu", ["", " ", "0", "00", "0000", "zz", "07917283010010F5", f"{FRONT}04", f"{FRONT}0414"]
)
def test_what_is_no_pdu_is_kept_as_it_came(pdu: str) -> None:
    result = decode_inbound(pdu)
    assert isinstance(result, Undecodable)
    assert result.raw == pdu
    assert result.reason.endswith(".")


def test_a_message_that_the_modem_holds_for_sending_is_not_received() -> None:
    assert isinstance(decode_inbound("0011000B916407281553F80000AA0AE8329BFD4697D9EC37"), Undecodable)


def test_the_reserved_message_type_is_read_as_a_message() -> None:
    assert received(f"{FRONT}07{OA}0000{SCTS}02E834").text == "hi"


def test_a_submit() -> None:
    [submit] = build_submits("+46708251358", "hellohello", concat_ref=1, valid_for=4 * 86400)
    assert encode_pdu(submit) == ("0011000B916407281553F80000AA0AE8329BFD4697D9EC37", 23)
    pdu = decode_pdu("0011000B916407281553F80000AA0AE8329BFD4697D9EC37", Direction.OUTBOUND)
    assert pdu.tpdu == submit
    assert isinstance(pdu.tpdu, Submit)
    assert pdu.tpdu.validity is not None
    assert pdu.tpdu.validity.seconds == 4 * 86400


def test_the_fields_that_smstools_writes_for_flash_report_and_one_day() -> None:
    [submit] = build_submits("+4917", "hi", concat_ref=1, valid_for=86400, dlr=True, message_class=0)
    assert encode_pdu(submit)[0] == "003100049194710010A702E834"
