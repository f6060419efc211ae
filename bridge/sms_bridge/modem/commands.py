"""The AT commands in use, and the readers of their replies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .at import CTRL_Z, Command, Priority, Wait
from .fields import split_fields

if TYPE_CHECKING:
    from collections.abc import Sequence

#: ITU-T V.250 clause 6.
PROBE: Final = Command(text="AT")
ECHO_OFF: Final = Command(text="ATE0")
HANG_UP: Final = Command(text="ATH")
#: 3GPP TS 27.007 clause 9.1: numeric error codes.
NUMERIC_ERRORS: Final = Command(text="AT+CMEE=1")
#: 3GPP TS 27.007 clause 5: identification.
MANUFACTURER: Final = Command(text="AT+CGMI", prefix="+CGMI:")
MODEL: Final = Command(text="AT+CGMM", prefix="+CGMM:")
FIRMWARE: Final = Command(text="AT+CGMR", prefix="+CGMR:")
IMEI: Final = Command(text="AT+CGSN", prefix="+CGSN:")
IMSI: Final = Command(text="AT+CIMI", prefix="+CIMI:", wait=Wait.SIM)
OWN_NUMBER: Final = Command(text="AT+CNUM", prefix="+CNUM:", wait=Wait.SIM)
#: 3GPP TS 27.007 clause 8.2: full restart, and full functionality.
RESTART: Final = Command(text="AT+CFUN=1,1", wait=Wait.SIM)
#: 3GPP TS 27.007 clause 8.3. Some modems leave out the OK after "+CPIN: READY".
PIN_STATE: Final = Command(text="AT+CPIN?", prefix="+CPIN:", wait=Wait.SIM, info_is_final=True)
#: 3GPP TS 27.005 clause 3.2.3: PDU mode.
PDU_MODE: Final = Command(text="AT+CMGF=0")
#: 3GPP TS 27.005 clause 3.2.1: phase 2 compatible service, in which nothing has to be acknowledged.
UNACKNOWLEDGED: Final = Command(text="AT+CSMS=0", prefix="+CSMS:", wait=Wait.STORAGE)
SERVICE: Final = Command(text="AT+CSMS?", prefix="+CSMS:", required=True)
#: 3GPP TS 27.005 clause 3.4.4: acknowledgement of a directly delivered message.
ACKNOWLEDGE: Final = Command(
    text="AT+CNMA", prefix="+CNMA:", wait=Wait.STORAGE, priority=Priority.ACKNOWLEDGE
)
#: 3GPP TS 27.005 clause 3.4.1.
INDICATIONS_TEST: Final = Command(text="AT+CNMI=?", prefix="+CNMI:", required=True)
INDICATIONS: Final = Command(text="AT+CNMI?", prefix="+CNMI:", required=True)
#: 3GPP TS 27.005 clause 3.2.2.
STORAGES_TEST: Final = Command(text="AT+CPMS=?", prefix="+CPMS:", wait=Wait.STORAGE, required=True)
STORAGES: Final = Command(
    text="AT+CPMS?", prefix="+CPMS:", wait=Wait.STORAGE, required=True, priority=Priority.STORAGE
)
#: 3GPP TS 27.005 clause 3.4.2: everything, also what was read before.
LIST_ALL: Final = Command(text="AT+CMGL=4", prefix="+CMGL:", wait=Wait.LISTING, priority=Priority.STORAGE)
DELETE_TEST: Final = Command(
    text="AT+CMGD=?", prefix="+CMGD:", wait=Wait.STORAGE, priority=Priority.STORAGE, required=True
)
#: 3GPP TS 27.007 clauses 8.5 and 8.69.
SIGNAL: Final = Command(text="AT+CSQ", prefix="+CSQ:", required=True, priority=Priority.POLL)
EXTENDED_SIGNAL: Final = Command(text="AT+CESQ", prefix="+CESQ:", required=True, priority=Priority.POLL)
#: 3GPP TS 27.007 clause 7.3. Only the query: the test command takes minutes and blocks the port.
OPERATOR: Final = Command(
    text="AT+COPS?", prefix="+COPS:", wait=Wait.STORAGE, required=True, priority=Priority.POLL
)
#: 3GPP TS 27.007 clause 7.3: show operators by their long names; nothing is searched or selected.
OPERATOR_NAMES: Final = Command(text="AT+COPS=3,0", priority=Priority.POLL)
#: 3GPP TS 27.005 clause 3.5.6: keep the radio link open between messages, or not.
KEEP_LINK: Final = Command(text="AT+CMMS=2")
RELEASE_LINK: Final = Command(text="AT+CMMS=0", priority=Priority.POLL)
#: 3GPP TS 27.007 clause 7.6.
SHOW_CALLER: Final = Command(text="AT+CLIP=1", wait=Wait.SIM)
#: 3GPP TS 27.007 clause 6.5.
HANG_UP_CALL: Final = Command(text="AT+CHUP", wait=Wait.SIM)
#: 3GPP TS 27.007 clause 7.15.
USSD_END: Final = Command(text="AT+CUSD=2", wait=Wait.SIM)
#: 3GPP TS 27.007 clause 5.5.
CHARACTER_SET: Final = Command(text="AT+CSCS?", prefix="+CSCS:", required=True)


def plain(text: str) -> Command:
    """Return a vendor's setting command."""
    return Command(text=text)


def enter_pin(pin: str) -> Command:
    """Return AT+CPIN with a PIN of digits (3GPP TS 27.007 clause 8.3)."""
    return Command(text=f'AT+CPIN="{pin}"', wait=Wait.SIM)


def submit(pdu_hex: str, tpdu_length: int) -> Command:
    """Return AT+CMGS in PDU mode (3GPP TS 27.005 clause 4.3)."""
    return Command(
        text=f"AT+CMGS={tpdu_length}",
        prefix="+CMGS:",
        wait=Wait.SUBMIT,
        required=True,
        payload=pdu_hex.encode("ascii") + CTRL_Z,
    )


def read_message(index: int) -> Command:
    """Return AT+CMGR (3GPP TS 27.005 clause 4.2)."""
    return Command(text=f"AT+CMGR={index}", prefix="+CMGR:", wait=Wait.STORAGE, priority=Priority.STORAGE)


def delete_message(index: int) -> Command:
    """Return AT+CMGD (3GPP TS 27.005 clause 3.5.4)."""
    return Command(text=f"AT+CMGD={index}", wait=Wait.STORAGE, priority=Priority.STORAGE)


def select_storages(names: Sequence[str]) -> Command:
    """Return AT+CPMS for reading, writing and receiving, as many as given (3GPP TS 27.005 clause 3.2.2)."""
    quoted = ",".join(f'"{name}"' for name in names)
    return Command(text=f"AT+CPMS={quoted}", prefix="+CPMS:", wait=Wait.STORAGE, priority=Priority.STORAGE)


def set_indications(values: Sequence[int]) -> Command:
    """Return AT+CNMI with mode, mt, bm, ds, bfr (3GPP TS 27.005 clause 3.4.1)."""
    return Command(text=f"AT+CNMI={','.join(map(str, values))}", wait=Wait.STORAGE)


def set_service_centre(number: str) -> Command:
    """Return AT+CSCA with an international number, hence type 145 (3GPP TS 27.005 clause 3.3.1)."""
    return Command(text=f'AT+CSCA="{number}",145', wait=Wait.SIM)


def is_registration_reply(line: str) -> bool:
    """Whether a +CREG line answers a query: it begins with two numbers, a URC with one and a quoted area code."""
    fields = split_fields(line)
    return len(fields) > 1 and fields[0].isdigit() and fields[1].isdigit()


def query_registration(domain: str) -> Command:
    """Return the query of ``CREG``, ``CGREG`` or ``CEREG``, whose replies, unlike the URCs, begin with the setting."""
    prefix = f"+{domain}:"
    return Command(
        text=f"AT+{domain}?",
        prefix=prefix,
        required=True,
        accepts=is_registration_reply,
        priority=Priority.POLL,
    )


def report_registration(domain: str) -> Command:
    """Return the setting that makes changes of registration a URC."""
    return Command(text=f"AT+{domain}=1")


def show_iccid(text: str) -> Command:
    """Return a vendor's query of the ICCID, whose reply begins in many ways or with the digits."""
    return Command(text=text, wait=Wait.SIM)


def show_retries(text: str, prefix: str) -> Command:
    """Return a vendor's query of the PIN attempts left."""
    return Command(text=text, prefix=prefix, wait=Wait.SIM)


def ussd_request(string: str, dcs: int) -> Command:
    """Return AT+CUSD with an encoded string; the answer comes as a URC (3GPP TS 27.007 clause 7.15)."""
    return Command(
        text=f'AT+CUSD=1,"{string}",{dcs}', wait=Wait.USSD, more_finals=("NO CARRIER", "NO ANSWER", "BUSY")
    )
