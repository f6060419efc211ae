"""GENIQ's tables, from its API reference (geniq.io/docs, "API Response & Reason Codes")."""

from __future__ import annotations

from typing import Final

#: RESTful API Response Codes.
API_CODES: Final[dict[int, str]] = {
    0: "Success",
    1: "Invalid Username or Password",
    2: "Invalid IP request",
    3: "Account has expired",
    4: "Account is disabled",
    5: "Account maximum throttling rate is exceeded",
    6: "Account does not have sufficient credit balance",
    7: "Prepaid Account has expired",
    10: "Could not route message",
    11: "Invalid recipient address",
    12: "Invalid originating address",
    13: "Invalid alphanumeric originating address",
    14: "Could not route message due to account limitations",
    15: "Subscriber has blocked this service",
    16: "Destination Address Duplicated",
    17: "Destination Address list exceeded maximum",
    18: "API token generation failed",
    19: "Spam Control threshold exceeded",
    20: "Invalid Token",
    21: "Invalid messageId",
    22: "Invalid code",
    23: "Token expired",
    24: "Invalid API Key credentials",
    88: "General Failure",
    99: "System error. Please contact us if problem persists",
}

#: WhatsApp Channel Response Codes.
WHATSAPP_CODES: Final[dict[int, str]] = {
    301: "No valid WhatsApp session found",
    302: "WhatsApp Template not found",
    303: "WhatsApp Template param type 'otp' is required for the authentication template",
    304: "WhatsApp Template is not approved",
    305: "WhatsApp Template param count mismatch",
    306: "WhatsApp Template param type 'otp' is required for authentication template",
    311: "WhatsApp Template rejected",
    312: "WhatsApp Template with same content already existed",
    313: "WhatsApp Template is missing the name field",
    314: "WhatsApp Template is missing the language field",
    315: "WhatsApp Template is missing the category field",
    316: "WhatsApp Template is missing the body field",
    317: "WhatsApp Template is missing the header parameter example",
    318: "WhatsApp Template is missing the body parameter example",
    319: "WhatsApp Template has an invalid number of body parameter examples",
    320: "WhatsApp Template contains an invalid footer. Variables are not supported in the footer",
    321: "WhatsApp Template header format must be one of {TEXT, IMAGE}",
    322: "WhatsApp Template category must be one of {UTILITY, MARKETING, AUTHENTICATION}",
    323: "WhatsApp Template header field can only have up to 1 variable(s)",
    324: "WhatsApp Template header has an invalid variable sequence",
    325: "WhatsApp Template body has an invalid variable sequence",
    326: "WhatsApp Template OTP time to live value must be higher than or equal to 30",
    327: "WhatsApp Template OTP code expiry time should be between 1 and 90 minutes",
    328: "WhatsApp Template OTP copy button text can't have more than 25 characters",
}

#: SMS Delivery Reason Codes.
REASON_CODES: Final[dict[int, str]] = {
    0: "Not Applicable / Success",
    1: "Base Station Unknown",
    2: "MSC Unknown",
    3: "Format Error",
    4: "Other Error",
    5: "Subscriber Unknown",
    6: "Subscriber Barred",
    7: "Subscriber Not Provisioned",
    8: "Subscriber Absent",
    9: "SMSC Failure",
    10: "SMSC Congestion",
    11: "SMSC Roaming",
    12: "Handset Error",
    13: "Handset Memory Exceeded",
    201: "Invalid WhatsApp Template",
}

#: "SMS Delivery Reports", field status.
SMS_STATUSES: Final = (
    "processed",
    "delivered",
    "expired",
    "deleted",
    "undeliverable",
    "rejected",
    "unknown",
)
#: "WhatsApp Delivery Reports", field status.
WHATSAPP_STATUSES: Final = ("processed", "sent", "delivered", "read", "failed", "expired", "exceeded_retry")

#: "Supported Voice Locales".
LOCALES: Final[dict[str, str]] = {
    "en-US": "English (US)",
    "en-GB": "English (British)",
    "en-AU": "English (Australian)",
    "en-IN": "English (Indian)",
    "cmn-CN": "Chinese Mandarin",
    "zh-HK": "Chinese Cantonese",
    "ms-MY": "Malay (Malaysia)",
    "id-ID": "Indonesian",
    "arb": "Arabic",
    "es-ES": "Spanish",
    "es-US": "Spanish (US)",
    "pt-PT": "Portuguese (European)",
    "pt-BR": "Portuguese (Brazilian)",
    "fr-FR": "French",
    "fr-CA": "French (Canadian)",
    "de-DE": "German",
    "it-IT": "Italian",
    "ja-JP": "Japanese",
    "ko-KR": "Korean",
    "tr-TR": "Turkish",
    "ru-RU": "Russian",
    "pl-PL": "Polish",
    "th-TH": "Thai",
    "vi-VN": "Vietnamese",
}

#: The reference promises "standard HTTP status codes" without a table; any other code is 400.
HTTP_STATUSES: Final[dict[int, int]] = {
    0: 200,
    1: 401,
    2: 403,
    3: 403,
    4: 403,
    5: 429,
    6: 402,
    7: 402,
    18: 503,
    19: 429,
    20: 401,
    23: 401,
    24: 401,
    88: 500,
    99: 500,
}


def describe(code: int) -> str:
    """Give a code's text; one that no table holds is a general failure."""
    return API_CODES.get(code) or WHATSAPP_CODES.get(code) or API_CODES[88]
