"""How numbers are read that people type into a form or an action."""

from __future__ import annotations

import phonenumbers
import pytest

from custom_components.sms_gateway.dialling import to_e164
from custom_components.sms_gateway.sms_providers.address import SHORT_CODE_DIGITS, InvalidNumberError

#: Their national numbers begin with 0 and are refused: the rule of one dropped 0 does not hold there.
NOT_BY_RULE = {"AR", "CO"}


def examples(country: str) -> list[phonenumbers.PhoneNumber]:
    kinds = (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE)
    return [
        example
        for kind in kinds
        if (example := phonenumbers.example_number_for_type(country, kind)) is not None
    ]


def as_dialled(example: phonenumbers.PhoneNumber, country: str) -> str:
    """Return how people of ``country`` dial the number at home."""
    prefix = phonenumbers.ndd_prefix_for_region(country, strip_non_digits=True) or ""
    return prefix + phonenumbers.national_significant_number(example)


@pytest.mark.parametrize("country", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_a_national_number_means_what_the_numbering_plan_says_or_is_refused(country: str) -> None:
    for example in examples(country):
        dialled = as_dialled(example, country)
        international = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
        if len(dialled) in SHORT_CODE_DIGITS:
            assert to_e164(dialled, country) == dialled
        elif dialled.startswith("0") and country not in NOT_BY_RULE:
            assert to_e164(dialled, country) == international
        else:
            with pytest.raises(InvalidNumberError):
                to_e164(dialled, country)
        assert to_e164(international, country) == international


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("+49 170 1234567", "+491701234567"),
        ("+49 (0) 170 / 1234567", "+491701234567"),
        ("0049 170 1234567", "+491701234567"),
        ("0170-1234567", "+491701234567"),
        (" 22922 ", "22922"),
    ],
)
def test_separators_and_prefixes_are_understood(typed: str, read: str) -> None:
    assert to_e164(typed, "DE") == read


@pytest.mark.parametrize("typed", ["2025550123", "202-555-0123", "(202) 555 0123", "1 202 555 0123"])
def test_bare_digits_are_never_taken_for_another_country(typed: str) -> None:
    with pytest.raises(InvalidNumberError):
        to_e164(typed, "US")


@pytest.mark.parametrize("typed", ["", "anna", "+49", "+0170 1234567", "0170 123456789012345", "12345a"])
def test_what_is_no_number_is_refused(typed: str) -> None:
    with pytest.raises(InvalidNumberError):
        to_e164(typed, "DE")


def test_a_leading_0_needs_a_country() -> None:
    with pytest.raises(InvalidNumberError):
        to_e164("0170 1234567", None)
