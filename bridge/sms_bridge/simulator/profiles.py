"""Modem families as data: what differs between them at the AT interface.

The values are those of the vendors' AT manuals and of field reports; where a family varies with
its firmware, the awkward variant was chosen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from sms_bridge.simulator.registers import Register

if TYPE_CHECKING:
    from collections.abc import Mapping


class UssdCoding(StrEnum):
    """How +CUSD carries its string (3GPP TS 27.007 clause 7.15 leaves it to +CSCS)."""

    PLAIN = "plain"
    PACKED = "packed"
    CHARSET = "charset"


_CNMI: Final = Register("0,0,0,0,0", "(0-2),(0-3),(0,2,3),(0-2),(0,1)")
_CSMS: Final = Register("0", "(0,1)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One modem family. Times are seconds."""

    name: str
    manufacturer: str
    model: str
    revision: str
    imei: str = "490154203237518"

    #: Message memories and their capacity; MT is SM and ME together.
    memories: Mapping[str, int] = field(default_factory=lambda: {"SM": 30, "ME": 100})
    first_index: int = 1
    #: The names +CPMS takes as its first, second and third argument.
    cpms: tuple[tuple[str, ...], ...] = (("SM", "ME", "MT"),) * 3
    default_memory: str = "SM"
    #: Whether setting +CPMS answers the counts or only OK.
    cpms_counts: bool = True
    #: Whether +CMGR of an empty index answers OK without a line instead of +CMS ERROR: 321.
    empty_index_ok: bool = False

    #: +CNMI=? as shown and as really accepted.
    cnmi: Register = _CNMI
    csms: Register = _CSMS
    #: How long the modem waits for +CNMA after +CMT or +CDS while +CSMS is 1.
    cnma_timeout: float = 15.0
    #: Where status reports go while the <ds> of +CNMI is 2, and what +CDSI says of it
    #: (an index of None: the true one).
    report_memory: str = "SM"
    announced_memory: str = "SM"
    announced_index: int | None = None
    #: Whether a class 0 message is shown by +CMT although <mt> of +CNMI is 1.
    flash_direct: bool = False

    #: What precedes a result code, and what invites a PDU.
    before_result: str = "\r\n"
    prompt: str = "\r\n> "

    #: The unsolicited line of a full memory, with {memory}; empty for none.
    full: str = ""

    #: How long a boot takes before the first line.
    boot_time: float = 0.0
    #: Unsolicited lines of a boot: (seconds after power came, line).
    boot: tuple[tuple[float, str], ...] = ()
    #: Unsolicited lines once the SIM is unlocked.
    unlocked: tuple[tuple[float, str], ...] = ()
    #: How long the SIM answers "busy" after boot or PIN, and how long the search for a network takes.
    sim_busy: float = 0.0
    search: float = 0.0
    #: Vendor chatter, one line each `noise_interval`, silenced by the command `noise_off`.
    noise: tuple[str, ...] = ()
    noise_interval: float = 10.0
    noise_off: str = ""

    #: Commands answered by fixed lines, written without `AT`; {placeholders} are filled in from
    #: the SIM: {iccid}, {imsi}, {number}, {lock}, {pin} and {puk} (tries left).
    canned: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: Registration state by command when registered at home (3GPP TS 27.007 clause 7.2); a
    #: command that is missing here answers ERROR.
    registered: Mapping[str, int] = field(default_factory=lambda: {"+CREG": 1, "+CGREG": 1, "+CEREG": 1})

    ussd_request: UssdCoding = UssdCoding.PLAIN
    ussd_reply: UssdCoding = UssdCoding.PLAIN
    #: The <dcs> of +CUSD replies; None leaves it out.
    ussd_dcs: int | None = 15
    registers: Mapping[str, Register] = field(default_factory=dict)


GENERIC: Final = Profile(
    name="generic",
    manufacturer="Simulated",
    model="SIMULATOR",
    revision="1.0",
    canned={
        "+CCID": ("+CCID: {iccid}",),
        "+ICCID": ("+ICCID: {iccid}",),
        "+CPINR": ("+CPINR: SIM PIN,{pin},3", "+CPINR: SIM PUK,{puk},10"),
    },
)

SIM800: Final = Profile(
    name="sim800",
    manufacturer="SIMCOM_Ltd",
    model="SIMCOM_SIM800L",
    revision="Revision:1418B05SIM800L24",
    memories={"SM": 30, "ME": 20},
    cnmi=Register("2,1,0,0,0", "(0-3),(0-3),(0,2,3),(0-2),(0,1)", "(0-3),(0-3),(0,2,3),(0,1),(0,1)"),
    flash_direct=True,
    boot_time=2.0,
    boot=(
        (0.0, "RDY"),
        (0.3, "+CFUN: 1"),
        (0.6, "+CPIN: {lock}"),
    ),
    unlocked=((2.0, "Call Ready"), (2.5, "SMS Ready")),
    sim_busy=2.5,
    search=2.0,
    canned={
        "+CCID": ("{iccid}",),
        "+SPIC": ("+SPIC: {pin},{puk},3,10",),
    },
    registered={"+CREG": 1, "+CGREG": 1},
    ussd_dcs=15,
)

EC25: Final = Profile(
    name="ec25",
    manufacturer="Quectel",
    model="EC25",
    revision="EC25EFAR06A06M4G",
    memories={"SM": 30, "ME": 255, "SR": 50},
    first_index=0,
    cpms=(("SM", "ME", "MT", "SR"), ("SM", "ME", "MT"), ("SM", "ME", "MT")),
    default_memory="ME",
    empty_index_ok=True,
    cnmi=Register("2,1,0,0,0", "(0-2),(0-3),(0,2,3),(0-2),(0,1)"),
    report_memory="SR",
    announced_memory="SM",
    announced_index=0,
    full='+QIND: "smsfull","{memory}"',
    boot_time=3.0,
    boot=((0.0, "RDY"), (0.5, "+CPIN: {lock}")),
    unlocked=((0.5, "+QUSIM: 1"), (1.0, "+QIND: SMS DONE"), (1.5, "+QIND: PB DONE")),
    sim_busy=1.0,
    search=2.0,
    canned={
        "+QCCID": ("+QCCID: {iccid}F",),
        '+QPINC="SC"': ('+QPINC: "SC",{pin},{puk}',),
        "+QPINC?": ('+QPINC: "SC",{pin},{puk}', '+QPINC: "P2",3,10'),
        '+QURCCFG="urcport","usbat"': (),
        '+QURCCFG="urcport"': ('+QURCCFG: "urcport","usbat"',),
        '+QCFG="ims"': ('+QCFG: "ims",0,0',),
        '+QCFG="ims",1': (),
    },
    ussd_request=UssdCoding.CHARSET,
    ussd_reply=UssdCoding.CHARSET,
)

E3372: Final = Profile(
    name="e3372",
    manufacturer="huawei",
    model="E3372",
    revision="21.328.62.00.1460",
    memories={"SM": 20, "ME": 0},
    first_index=0,
    cpms=(("ME", "SM"), ("ME", "SM"), ("ME", "SM")),
    empty_index_ok=True,
    cnmi=Register("0,1,0,0,0", "(0-2),(0-3),(0,2,3),(0-2),(0,1)", "(0-2),(0-3),(0,2,3),(0,2),(0,1)"),
    before_result="\r\n\r\n",
    full='^SMMEMFULL: "{memory}"',
    boot_time=3.0,
    boot=((0.0, "^BOOT:31415926,0,0,0,75"), (0.5, "^SIMST:1"), (1.0, "^SRVST:2")),
    sim_busy=5.0,
    search=3.0,
    noise=(
        "^RSSI:18",
        '^HCSQ:"LTE",46,42,112,20',
        "^DSFLOWRPT:0000001E,00000000,00000000,0000000000000000,0000000000000000,00000000,00000000",
        "^CERSSI:0,0,0,0,0,255,-88,-8,255,22,0,255,255",
    ),
    noise_off="^CURC=0",
    canned={
        "^ICCID?": ("^ICCID: {iccid}",),
        "^CPIN?": ("^CPIN: {lock},,{puk},{pin},10,3",),
        "^CURC=0": (),
        "^CURC=1": (),
        "^USSDMODE=0": (),
        "^PORTSEL=1": (),
        "^PORTSEL=0": (),
    },
    registered={"+CREG": 1, "+CGREG": 1, "+CEREG": 1},
    ussd_request=UssdCoding.PACKED,
    ussd_reply=UssdCoding.PACKED,
    ussd_dcs=15,
)

SIM7600: Final = Profile(
    name="sim7600",
    manufacturer="SIMCOM INCORPORATED",
    model="SIMCOM_SIM7600E-H",
    revision="+CGMR: LE20B04SIM7600M22",
    memories={"SM": 30, "ME": 23, "SR": 20},
    first_index=0,
    cpms=(("ME", "MT", "SM", "SR"),) * 3,
    cnmi=Register("2,1,0,0,0", "(0,1,2),(0,1,2,3),(0,2,3),(0,1,2),(0,1)", "(0-2),(0-3),(0,2,3),(0,2),(0,1)"),
    report_memory="SR",
    announced_memory="SR",
    full="SMS FULL",
    boot_time=3.0,
    boot=((0.0, "RDY"), (0.6, "+CPIN: {lock}")),
    unlocked=((0.5, "SMS DONE"), (1.0, "PB DONE"), (1.2, "+CNSMOD: 0,8")),
    sim_busy=2.0,
    search=2.0,
    canned={
        "+CICCID": ("+ICCID: {iccid}",),
        "+SPIC": ("+SPIC: {pin},{puk},3,10",),
        "+CATR=0": (),
        "+CATR=1": (),
    },
    registered={"+CREG": 6, "+CGREG": 1, "+CEREG": 1},
    ussd_dcs=15,
    registers={"+CSCS": Register('"IRA"', '("IRA","GSM","UCS2")')},
)

PROFILES: Final[Mapping[str, Profile]] = {
    profile.name: profile for profile in (GENERIC, SIM800, EC25, E3372, SIM7600)
}
