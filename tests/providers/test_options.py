"""Checks of the parameters that only one provider has."""

from __future__ import annotations

import pytest

from sms_providers.options import flag, text, whole, words


@pytest.mark.parametrize("value", ["text", "auto"])
def test_a_word_of_the_list_passes(value: str) -> None:
    assert words("auto", "text")(value) == value


@pytest.mark.parametrize("value", ["", "Auto", None, 1, ["auto"], {}])
def test_any_other_word_is_refused_and_the_list_is_told(value: object) -> None:
    with pytest.raises(ValueError, match="one of: auto, text"):
        words("auto", "text")(value)


@pytest.mark.parametrize(("value", "number"), [(0, 0), (5, 5), ("5", 5), ("005", 5)])
def test_a_whole_number_passes_also_as_digits(value: object, number: int) -> None:
    assert whole(0, 5)(value) == number


@pytest.mark.parametrize(
    "value", [-1, 6, 1.0, True, "", "-1", "1.5", "٣", None, [1], "0" * 21 + "6", "9" * 10_000]
)
def test_anything_else_is_no_whole_number(value: object) -> None:
    with pytest.raises(ValueError, match="whole number from 0 to 5"):
        whole(0, 5)(value)


def test_a_string_has_to_match_as_a_whole() -> None:
    check = text("[0-9A-F]{2}", "two hexadecimal digits")
    assert check("0A") == "0A"
    for value in ("0A\n", "0AB", "", None, 10):
        with pytest.raises(ValueError, match="two hexadecimal digits"):
            check(value)


def test_a_flag_is_true_or_false_and_nothing_like_it() -> None:
    assert flag(value=True) is True
    assert flag(value=False) is False
    for value in (0, 1, "true", "", None):
        with pytest.raises(ValueError, match="true or false"):
            flag(value)
