"""National numbers and emergency numbers."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sms_bridge.numbers import is_emergency, to_e164


@pytest.mark.parametrize(
    ("written", "country", "number"),
    [
        ("0170 1234567", "DE", "+491701234567"),
        ("07911 123456", "GB", "+447911123456"),
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("0270 1234567", "IT", "+3902701234567"),  # an Italian number keeps its leading 0
        ("491701234567", "FR", "+491701234567"),
        ("12345", "DE", "12345"),
    ],
)
def test_numbers_become_international(written: str, country: str, number: str) -> None:
    assert to_e164(written, country) == number


@pytest.mark.parametrize(
    ("written", "country", "reason"),
    [
        ("0170 1234567", "XX", "defaults.country"),
        ("0170 1234567", "", "defaults.country"),
        ("0170123", "FR", "too short or too long"),
        ("0170123456789012", "DE", "7 to 15 digits"),
        ("anna", "DE", "only digits"),
    ],
)
def test_a_number_that_cannot_be_is_refused_with_the_reason(written: str, country: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        to_e164(written, country)
    assert written not in str(caught.value)


@pytest.mark.parametrize(
    ("digits", "country"),
    [("112", "DE"), ("112", "US"), ("911", "DE"), ("110", "DE"), ("17", "FR"), ("000", "AU"), ("999", "XX")],
)
def test_emergency_numbers_are_known(digits: str, country: str) -> None:
    assert is_emergency(digits, country)


@pytest.mark.parametrize("digits", ["12345", "+491701234567", "110110", "INFO", ""])
def test_other_numbers_are_none(digits: str) -> None:
    assert not is_emergency(digits, "DE")


def test_an_international_number_does_not_load_the_metadata() -> None:
    program = (
        "import sys; from sms_bridge.numbers import is_emergency, to_e164;"
        "to_e164('+491701234567', 'DE'); is_emergency('+491701234567', 'DE');"
        "sys.exit('phonenumbers' in sys.modules)"
    )
    environment = {"PYTHONPATH": ":".join(sys.path)}
    assert subprocess.run([sys.executable, "-c", program], env=environment, check=False).returncode == 0
