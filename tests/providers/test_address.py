"""Numbers as people write them, originators, and what a log may show of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms_providers.address import (
    InvalidNumberError,
    Msisdn,
    NumberKind,
    is_alphanumeric,
    mask,
    parse_number,
    redact,
    redact_numbers,
    redact_text,
)


@pytest.mark.parametrize(
    "written",
    [
        "+491701234567",
        "00491701234567",
        "491701234567",
        "+49 170 1234567",
        "+49-170-123-4567",
        "+49 (0)170 1234567",
        "0049 (0) 170/1234567",
        "+49.170.1234567",
        " +49\u00a0170\u20111234567 ",
    ],
)
def test_international_numbers_are_read_however_they_are_written(written: str) -> None:
    number = parse_number(written)
    assert number.kind is NumberKind.INTERNATIONAL
    assert number.value == "+491701234567"
    assert isinstance(number.value, Msisdn)
    assert number.value.digits == "491701234567"


@pytest.mark.parametrize("written", ["0170 1234567", "0170/123 45 67", "(0170) 1234567"])
def test_a_leading_zero_is_a_national_number(written: str) -> None:
    number = parse_number(written)
    assert (number.kind, number.value) == (NumberKind.NATIONAL, "01701234567")


@pytest.mark.parametrize("written", ["1", "110", "123456", "000", "012345"])
def test_up_to_six_digits_are_a_short_code(written: str) -> None:
    assert parse_number(written).kind is NumberKind.SHORT_CODE
    assert parse_number(written).value == written


@pytest.mark.parametrize(
    "written",
    ["", "+", "anna", "+49170abc", "+123456", "+1234567890123456", "+0170123456", "1234567890123456"],
)
def test_what_is_no_number_is_refused(written: str) -> None:
    with pytest.raises(InvalidNumberError):
        parse_number(written)


@pytest.mark.parametrize(
    "written", ["17+01234567", "++491701234567", "\u0661\u0662\u0663\u0664\u0665\u0666\u0667"]
)
def test_only_plain_digits_and_one_plus_sign_count(written: str) -> None:
    with pytest.raises(InvalidNumberError):
        parse_number(written)


@given(st.text(min_size=8, max_size=30))
def test_an_error_never_repeats_what_was_written(written: str) -> None:
    with pytest.raises(InvalidNumberError) as caught:
        parse_number(written + "x")
    assert written not in str(caught.value)


@pytest.mark.parametrize("originator", ["INFO", "SMS-Gateway", "A{B}", "42nd", "Ärzte"])
def test_names_fit_an_alphanumeric_originator(originator: str) -> None:
    assert is_alphanumeric(originator)


@pytest.mark.parametrize("originator", ["", "+491701234567", "12345", "12 34", "SMS-Gateways", "ć", "[[[[[["])
def test_numbers_and_long_or_foreign_names_do_not(originator: str) -> None:
    assert not is_alphanumeric(originator)


@pytest.mark.parametrize(
    ("number", "shown"),
    [("+491701234567", "+49…567"), ("12345", "…45"), ("110", "…"), ("INFO", "…FO"), ("", "…")],
)
def test_a_log_shows_little_of_a_number(number: str, shown: str) -> None:
    assert redact(number) == shown


@given(st.text(max_size=20))
def test_no_redacted_number_can_be_restored(number: str) -> None:
    assert len(redact(number).replace("…", "")) <= max(0, len(number) - 2)


def test_a_state_topic_shows_the_last_four_digits() -> None:
    assert mask("+491701234567") == "…4567"
    assert mask("12345") == "…45"


def test_a_text_is_shown_by_its_length() -> None:
    assert redact_text("the code is 1234") == "(16 characters)"


def test_numbers_inside_a_line_are_redacted() -> None:
    line = 'AT+CMGS="+491701234567" for 0170 123 45 67, attempt 12 of 345'
    assert redact_numbers(line) == 'AT+CMGS="+49…567" for 017… 67, attempt 12 of 345'


@pytest.mark.parametrize(
    "line",
    ["no route to 192.168.1.23:1883", "since 2026-11-20 11:02:14", "due 2026-11-20T11:02:14Z", "10.0.0.1"],
)
def test_addresses_and_dates_inside_a_line_stay_readable(line: str) -> None:
    assert redact_numbers(line) == line


@pytest.mark.parametrize("line", ["1.701.234.567", "491.701.234.567", "2026-11-2099", "170.123.45.67.89"])
def test_what_only_looks_like_an_address_or_date_is_redacted(line: str) -> None:
    assert redact_numbers(line) != line
