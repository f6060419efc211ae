"""The one exception tree of the modem engine, and what the result codes of 27.005 and 27.007 mean for a message."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class ModemError(Exception):
    """Root of everything the modem engine raises; its text is a sentence for people."""


class PortError(ModemError):
    """The port cannot be used."""


class PortMissing(PortError):
    """The device or host of the port is not there."""


class PortBusy(PortError):
    """Another program holds the port."""


class PortDenied(PortError):
    """This user may not open the port."""


class Interrupted(ModemError):
    """A command ended without the modem's answer.

    ``handed_over`` says whether its payload (the PDU of AT+CMGS with its Ctrl-Z) had left before.
    """

    def __init__(self, detail: str, *, handed_over: bool = False) -> None:
        super().__init__(detail)
        self.handed_over = handed_over


class PortLost(PortError, Interrupted):
    """The port went away, or was closed, while it was in use."""


class AtTimeout(Interrupted):
    """The modem did not answer a command in time."""


class Rebooted(Interrupted):
    """The modem restarted, or its SIM was changed, so that everything has to be set up again."""


class AtFailed(ModemError):
    """The modem answered with ERROR or another final code that tells no more."""


class NotReady(ModemError):
    """The modem is not (or not yet) in a state to take the command."""


class SimError(ModemError):
    """The SIM is missing, locked or broken; a person has to act."""


class PinRefused(SimError):
    """The SIM refused the configured PIN, or did so earlier; it is not tried again."""


class IdentityMismatch(ModemError):
    """Another modem or SIM than the configured one answers on this port."""


class NotStored(ModemError):
    """What lies at a storage place is not known in this session; the next sweep will tell."""


class UssdFailed(ModemError):
    """The network or the modem refused or ended a USSD session."""


class UssdUnsupported(UssdFailed):
    """This modem or network offers no USSD."""


class UssdTimeout(UssdFailed):
    """The network did not answer a USSD request in time."""


class NotSentReason(StrEnum):
    """Why nothing was handed to the modem."""

    OFFLINE = "offline"
    NOT_REGISTERED = "not_registered"
    SIM = "sim"
    NO_PROMPT = "no_prompt"
    PORT_LOST = "port_lost"
    STOPPING = "stopping"


class NotSent(ModemError):
    """Certainly nothing was handed over."""

    def __init__(self, reason: NotSentReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class SendUnknown(ModemError):
    """The segment was handed over and no answer came: it may or may not be on its way.

    ``expected_mr`` is the TP-MR the segment probably bears if the modem took it (one more than the last), ``None`` if
    unknown.
    """

    def __init__(self, detail: str, expected_mr: int | None) -> None:
        super().__init__(detail)
        self.expected_mr = expected_mr


class Refusal(StrEnum):
    """What a refusal means for the message."""

    #: The number or the text is at fault: no other gateway can do better.
    MESSAGE = "message"
    #: This gateway cannot send it, another one may.
    PERMANENT = "permanent"
    #: This gateway cannot send it for now.
    TEMPORARY = "temporary"


class ResultError(ModemError):
    """A numbered refusal by the modem, the SIM or the network: certainly not done.

    ``code`` is the number on the wire, ``name`` its standard name, ``refusal`` what it means for a message.
    """

    def __init__(self, code: int, name: str, refusal: Refusal, *, kind: str) -> None:
        super().__init__(f"{kind} {code}: {name}")
        self.code = code
        self.name = name
        self.refusal = refusal


class CmeError(ResultError):
    """``+CME ERROR: <code>`` (3GPP TS 27.007 clause 9.2)."""

    def __init__(self, code: int) -> None:
        refusal = Refusal.PERMANENT if code in _CME_PERMANENT else Refusal.TEMPORARY
        super().__init__(code, CME_NAMES.get(code, "unknown to 3GPP TS 27.007"), refusal, kind="CME error")


class CmsError(ResultError):
    """``+CMS ERROR: <code>`` (3GPP TS 27.005 clause 3.2.5)."""

    def __init__(self, code: int) -> None:
        if code in _CMS_MESSAGE:
            refusal = Refusal.MESSAGE
        elif code in _CMS_PERMANENT:
            refusal = Refusal.PERMANENT
        else:
            refusal = Refusal.TEMPORARY
        super().__init__(code, CMS_NAMES.get(code, "unknown to 3GPP TS 27.005"), refusal, kind="CMS error")


#: 3GPP TS 27.007 clause 9.2.1 (general errors), plus 515, which many modems use for "please wait, busy".
CME_NAMES: Final[dict[int, str]] = {
    0: "phone failure",
    1: "no connection to phone",
    2: "phone-adaptor link reserved",
    3: "operation not allowed",
    4: "operation not supported",
    5: "PH-SIM PIN required",
    6: "PH-FSIM PIN required",
    7: "PH-FSIM PUK required",
    10: "SIM not inserted",
    11: "SIM PIN required",
    12: "SIM PUK required",
    13: "SIM failure",
    14: "SIM busy",
    15: "SIM wrong",
    16: "incorrect password",
    17: "SIM PIN2 required",
    18: "SIM PUK2 required",
    20: "memory full",
    21: "invalid index",
    22: "not found",
    23: "memory failure",
    24: "text string too long",
    25: "invalid characters in text string",
    26: "dial string too long",
    27: "invalid characters in dial string",
    30: "no network service",
    31: "network timeout",
    32: "network not allowed, emergency calls only",
    40: "network personalization PIN required",
    100: "unknown",
    103: "illegal MS",
    106: "illegal ME",
    107: "GPRS services not allowed",
    111: "PLMN not allowed",
    112: "location area not allowed",
    113: "roaming not allowed in this location area",
    148: "unspecified GPRS error",
    258: "phone is busy or has no circuit-switched service",
    515: "please wait, initialising or command in progress",
}

#: CME codes after which this modem cannot send until a person acts.
_CME_PERMANENT: Final = frozenset({3, 4, 5, 6, 7, 10, 11, 12, 13, 15, 16, 40, 103, 106})

#: SIM or modem still busy after power-up or PIN entry: CME 14 and 515, CMS 314 and 515.
BUSY_CODES: Final = frozenset({14, 314, 515})

#: 3GPP TS 27.005 clause 3.2.5; 1 to 127 from 3GPP TS 24.011 annex E-2, 128 to 255 from 3GPP TS 23.040 clause 9.2.3.22.
CMS_NAMES: Final[dict[int, str]] = {
    1: "unassigned number",
    8: "operator determined barring",
    10: "call barred",
    17: "network failure",
    21: "short message transfer rejected",
    22: "memory capacity exceeded",
    27: "destination out of service",
    28: "unidentified subscriber",
    29: "facility rejected",
    30: "unknown subscriber",
    38: "network out of order",
    41: "temporary failure",
    42: "congestion",
    47: "resources unavailable",
    50: "requested facility not subscribed",
    69: "requested facility not implemented",
    81: "invalid transaction identifier value",
    95: "invalid message, unspecified",
    96: "invalid mandatory information",
    97: "message type non-existent or not implemented",
    98: "message not compatible with protocol state",
    99: "information element non-existent or not implemented",
    111: "protocol error, unspecified",
    127: "interworking, unspecified",
    128: "telematic interworking not supported",
    129: "short message type 0 not supported",
    130: "cannot replace short message",
    143: "unspecified TP-PID error",
    144: "data coding scheme not supported",
    145: "message class not supported",
    159: "unspecified TP-DCS error",
    160: "command cannot be actioned",
    161: "command unsupported",
    175: "unspecified TP-Command error",
    176: "TPDU not supported",
    192: "service centre busy",
    193: "no service centre subscription",
    194: "service centre system failure",
    195: "invalid short message entity address",
    196: "destination short message entity barred",
    197: "short message rejected, duplicate",
    198: "validity period format not supported",
    199: "validity period not supported",
    208: "SIM message storage full",
    209: "no message storage capability in SIM",
    210: "error in modem",
    211: "memory capacity exceeded",
    212: "SIM application toolkit busy",
    213: "SIM data download error",
    255: "unspecified error cause",
    300: "modem failure",
    301: "message service of modem reserved",
    302: "operation not allowed",
    303: "operation not supported",
    304: "invalid PDU mode parameter",
    305: "invalid text mode parameter",
    310: "SIM not inserted",
    311: "SIM PIN required",
    312: "PH-SIM PIN required",
    313: "SIM failure",
    314: "SIM busy",
    315: "SIM wrong",
    316: "SIM PUK required",
    317: "SIM PIN2 required",
    318: "SIM PUK2 required",
    320: "memory failure",
    321: "invalid memory index",
    322: "memory full",
    330: "service centre address unknown",
    331: "no network service",
    332: "network time-out",
    340: "no +CNMA acknowledgement expected",
    500: "unknown error",
    512: "rejected by modem or network, manufacturer specific",
    513: "lower layer failure, manufacturer specific",
    514: "collision with another short message, manufacturer specific",
    515: "please wait, service not available yet",
}

#: Codes by which the network refuses the number or the text itself.
_CMS_MESSAGE: Final = frozenset({1, 28, 29, 81, 95, 96, 97})

#: Codes that will not change by trying again on this modem.
_CMS_PERMANENT: Final = frozenset(
    {8, 10, 21, 30, 50, 69, 99, 111, 127, 128, 129, 130, 143, 144, 145, 159, 160, 161, 175, 176}
    | {193, 195, 196, 197, 198, 199, 209, 302, 303, 304, 305, 310, 311, 312, 313, 315, 316, 317, 318, 330}
)

#: 3GPP TS 27.005 clause 3.2.5: nothing is stored at that index.
CMS_INVALID_INDEX: Final = 321
#: 3GPP TS 27.005 clause 3.2.5: the storage is full.
CMS_MEMORY_FULL: Final = 322
#: 3GPP TS 27.005 clause 3.2.5: no service centre address in SIM and PDU.
CMS_NO_SMSC: Final = 330
#: 3GPP TS 27.005 clause 3.2.5: nothing waits for AT+CNMA.
CMS_NO_CNMA_EXPECTED: Final = 340
#: 3GPP TS 27.007 clause 9.2.1: the PIN was wrong.
CME_INCORRECT_PASSWORD: Final = 16
#: 3GPP TS 27.007 clause 9.2.1: the PIN was wrong once too often.
CME_PUK_REQUIRED: Final = 12
#: 3GPP TS 27.007 clause 9.2.1: no card.
CME_NO_SIM: Final = 10
