"""What the modem engine takes and tells: settings, status, received PDUs, and the two ports it talks through."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


class Phase(StrEnum):
    """Where a modem stands between its closed port and its readiness to send."""

    OPENING = "opening"
    SYNC = "sync"
    SIM = "sim"
    REGISTERING = "registering"
    READY = "ready"
    ERROR = "error"
    OFFLINE = "offline"


class Registration(StrEnum):
    """Network registration as people understand it (3GPP TS 27.007 clauses 7.2, 10.1.20 and 10.1.22)."""

    HOME = "home"
    ROAMING = "roaming"
    SEARCHING = "searching"
    DENIED = "denied"


class Roaming(StrEnum):
    """Whether messages may be sent while the SIM roams."""

    ALLOW = "allow"
    DENY = "deny"


class OnCall(StrEnum):
    """What to do with an incoming call."""

    IGNORE = "ignore"
    HANG_UP = "hang_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Time-outs of the AT commands by their kind, all in seconds."""

    #: Plain commands that the modem answers from its own memory.
    at: float = 2.0
    #: AT+CPIN and AT+CFUN, which wait for the SIM.
    sim: float = 15.0
    #: AT+CPMS, AT+CMGR and AT+CMGD, which wait for the message storage.
    storage: float = 20.0
    #: AT+CMGL of a full storage.
    listing: float = 60.0
    #: From AT+CMGS to its ``>`` prompt.
    prompt: float = 10.0
    #: From Ctrl-Z to +CMGS; networks were seen to need almost two minutes.
    submit: float = 120.0
    #: From AT+CUSD to the network's +CUSD.
    ussd: float = 60.0
    #: How long the answer to a command that timed out is still expected.
    late_reply: float = 30.0
    #: Opening the port.
    open: float = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ModemSettings:
    """How one modem is reached and what it may do.

    ``port`` is a device path or a pyserial URL (``socket://host:port``, ``rfc2217://host:port``); ``profile`` is
    ``auto`` or a key of ``profiles.PROFILES``; ``smsc`` (E.164 with ``+``) replaces the service centre address of the
    SIM; ``imei`` and ``imsi`` name the modem and the SIM expected on this port; the intervals are in seconds.
    """

    port: str
    baudrate: int = 115200
    pin: str | None = field(default=None, repr=False)
    profile: str = "auto"
    roaming: Roaming = Roaming.ALLOW
    on_call: OnCall = OnCall.IGNORE
    smsc: str | None = None
    imei: str | None = None
    imsi: str | None = None
    timeouts: Timeouts = field(default_factory=Timeouts)
    sweep_interval: float = 45.0
    poll_interval: float = 30.0


@dataclass(frozen=True, slots=True)
class StoredAt:
    """A message's place: ``storage`` of 3GPP TS 27.005 clause 3.2.2 (``SM``, ``ME``, ``SR``) and ``index`` from 0."""

    storage: str
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModemStatus:
    """A snapshot of everything known about a modem; ``None`` where unknown.

    ``detail`` is one sentence that tells people what is wrong and what to do, ``None`` when all is well.
    ``storages`` maps a storage's name to (used, total) messages; ``cnmi`` is the accepted ``AT+CNMI`` setting.
    """

    phase: Phase = Phase.OFFLINE
    detail: str | None = None
    registration: Registration | None = None
    operator: str | None = None
    technology: str | None = None
    signal_dbm: int | None = None
    manufacturer: str | None = None
    model: str | None = None
    firmware: str | None = None
    imei: str | None = None
    imsi: str | None = None
    iccid: str | None = None
    number: str | None = None
    profile: str | None = None
    cnmi: str | None = None
    storages: Mapping[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedPdu:
    """A PDU from the network, in upper-case hex with its service centre address in front (3GPP TS 27.005 clause 3.1).

    ``sim`` is the IMSI, or the ICCID where the IMSI is unreadable; ``at`` is ``None`` for a PDU that was never stored;
    ``storage_full`` says that its storage is filled to 80 % or more; ``double_store`` that this modem may show one
    message in two places; ``report`` that it is a status report.
    """

    hex: str
    sim: str
    at: StoredAt | None = None
    storage_full: bool = False
    double_store: bool = False
    report: bool = False


class CallEvent(StrEnum):
    """The two moments of an incoming call that are told."""

    RINGING = "ringing"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Call:
    """An incoming call; ``originator`` as the network gave it, ``None`` when withheld."""

    originator: str | None
    event: CallEvent


@dataclass(frozen=True, slots=True)
class UssdReply:
    """The network's answer to a USSD request; ``more`` means that it waits for a reply."""

    text: str
    more: bool


class ModemEvents(Protocol):
    """What the engine tells its user; a method that raises is logged and, for PDUs, repeated at the next sweep."""

    async def pdu(self, pdu: ReceivedPdu) -> bool:
        """Take a received PDU; return only after it is committed; ``True`` asks to delete it from the modem at once."""

    async def swept(self, sim: str, present: Mapping[str, Collection[tuple[int, str]]]) -> None:
        """Hear what is in the modem: per completely listed storage the (index, PDU hex) of each message in it."""

    def status_changed(self, status: ModemStatus) -> None:
        """Hear of a change in the status."""

    def call(self, call: Call) -> None:
        """Hear of an incoming call: once ringing, once missed."""

    def late_reply(self, mr: int) -> None:
        """Hear of the TP-MR that the modem gave to a segment after its ``send`` had ended in ``SendUnknown``."""


class PinMemory(Protocol):
    """The durable memory of PIN attempts: a wrong PIN must never be tried twice, over restarts too.

    ``sim`` is a name of the SIM: its ICCID, or one made of the IMEI, since a locked SIM does not always show its ICCID;
    an attempt is remembered under several names.
    """

    async def refused(self, sim: str, pin: str) -> bool:
        """Return whether this PIN was tried on this SIM and has not been accepted since."""

    async def about_to_try(self, sim: str, pin: str) -> None:
        """Commit that this PIN is about to be tried; called before the first byte leaves."""

    async def accepted(self, sim: str, pin: str) -> None:
        """Commit that the SIM accepted this PIN, or that its counter proves that it did not look at it."""
