"""Numbers that need a country to be understood, and the numbers that must never be reached by accident.

The metadata of phonenumbers is large; it is imported at the first national number or short code, never at start.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from sms_providers.address import EMERGENCY_ANYWHERE, InvalidNumberError, Msisdn, NumberKind, parse_number

#: Digits of the longest emergency number that phonenumbers knows for any country.
_EMERGENCY_DIGITS: Final = 6


@lru_cache(maxsize=4096)
def to_e164(raw: str, country: str) -> str:
    """Return ``raw`` as an E.164 number with its plus sign; a short code as its digits.

    ``country`` is the ISO 3166-1 alpha-2 code of the country that a number with a leading 0 belongs to. Raises
    InvalidNumberError, a ValueError, with a sentence that does not repeat the number.
    """
    number = parse_number(raw)
    if number.kind is not NumberKind.NATIONAL:
        return number.value
    import phonenumbers  # noqa: PLC0415 - 10 MB that only installations with national numbers pay

    if country not in phonenumbers.SUPPORTED_REGIONS:
        raise InvalidNumberError(
            f"The country {country!r} is unknown; defaults.country is two capital letters, such as DE."
        )
    try:
        parsed = phonenumbers.parse(number.value, country)
    except phonenumbers.NumberParseException as error:
        raise InvalidNumberError(f"A number with a leading 0 is none of {country}.") from error
    if not phonenumbers.is_possible_number(parsed):
        raise InvalidNumberError(f"A number with a leading 0 is too short or too long for {country}.")
    return Msisdn(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


@lru_cache(maxsize=4096)
def is_emergency(digits: str, country: str) -> bool:
    """Tell whether dialling ``digits`` reaches emergency services in ``country`` or, by convention, anywhere.

    Takes what `to_e164` returns; an international number is never one. An unknown country has only those of everywhere.
    """
    if digits in EMERGENCY_ANYWHERE:
        return True
    if len(digits) > _EMERGENCY_DIGITS or not digits.isdigit():
        return False
    import phonenumbers  # noqa: PLC0415 - as above

    return phonenumbers.is_emergency_number(digits, country)
