"""Numbers as people type them into Home Assistant.

Home Assistant has no library of numbering plans and this integration brings none: national numbers are read by the two
facts below, which hold for nearly all countries that write a 0 in front. Everywhere else people type the plus sign.
"""

from __future__ import annotations

import re
from typing import Final

from .sms_providers.address import InvalidNumberError, Msisdn, NumberKind, parse_number


def _table(rows: str) -> dict[str, str]:
    """Read ``DE49`` as country and calling code."""
    return {row[:2]: row[2:] for row in rows.split()}


#: Calling codes (ITU-T E.164) of the countries whose national (trunk) prefix is 0 (ITU Operational Bulletin 994,
#: Dialling Procedures): it is dropped behind the calling code. Argentina and Colombia are absent, where it is not that
#: simple.
_ZERO_IS_A_PREFIX: Final = _table("""
    AE971 AF93 AL355 AM374 AT43 AU61 AX358 AZ994 BA387 BD880 BE32 BG359 BL590 BO591 BR55 CC61 CD243 CH41 CN86 CU53
    CX61 DE49 DZ213 EC593 EG20 EH212 ER291 ET251 FI358 FR33 GB44 GE995 GF594 GG44 GH233 GP590 HR385 ID62 IE353 IL972
    IM44 IN91 IQ964 IR98 JE44 JO962 JP81 KE254 KG996 KH855 KI686 KP850 KR82 LA856 LB961 LI423 LK94 LR231 LT370 LY218
    MA212 MC377 MD373 ME382 MF590 MG261 MK389 MM95 MN976 MQ596 MW265 MY60 NA264 NG234 NL31 NP977 NZ64 PE51 PH63 PK92
    PM508 PS970 PY595 RE262 RO40 RS381 RW250 SA966 SD249 SE46 SI386 SK421 SL232 SO252 SS211 SY963 TH66 TR90 TW886 TZ255
    UA380 UG256 UY598 VE58 VN84 XK383 YE967 YT262 ZA27 ZM260 ZW263
""")
#: Likewise of the countries where a leading 0 belongs to the number and stays.
_ZERO_BELONGS: Final = _table("BJ229 CG242 CI225 GA241 IT39 SM378 VA39")
#: Hungary alone has a longer trunk prefix that begins with 0.
_HUNGARY: Final = ("HU", "06", "36")

_INTERNATIONAL_PREFIX: Final = re.compile(r"[^+0-9]*[+0]")


def to_e164(raw: str, country: str | None) -> str:
    """Return what a person typed as an E.164 number with its plus sign; a short code as its digits.

    ``country`` (ISO 3166-1 alpha-2) is where a number with a leading 0 belongs to. Raises InvalidNumberError, a
    ValueError, with a sentence that does not repeat the number. Seven or more digits without plus sign and without
    0 are refused: whether 202 555 0123 is in Washington or in Egypt is not for us to guess.
    """
    number = parse_number(raw)
    if number.kind is NumberKind.INTERNATIONAL and not _INTERNATIONAL_PREFIX.match(raw):
        raise InvalidNumberError("Write the number with a plus sign and the country code in front.")
    if number.kind is not NumberKind.NATIONAL:
        return number.value
    prefix, code = "0", _ZERO_IS_A_PREFIX.get(country or "")
    if country == _HUNGARY[0] and number.value.startswith(_HUNGARY[1]):
        _, prefix, code = _HUNGARY
    if code is not None:
        return Msisdn(f"+{code}{number.value.removeprefix(prefix)}")
    if (code := _ZERO_BELONGS.get(country or "")) is not None:
        return Msisdn(f"+{code}{number.value}")
    raise InvalidNumberError(
        "Write the number with a plus sign and the country code instead of the leading 0."
    )
