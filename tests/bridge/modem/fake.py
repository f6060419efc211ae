"""A modem in memory: ordinary answers, storages, and whatever a test puts in their place."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sms_bridge.modem.errors import PortMissing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sms_bridge.modem.pumps import OnData, OnLost

    from .transcript import Exchange

Lines = Sequence[str]
#: Lines to every such command, or a function of the command.
Answer = Lines | Callable[[str], Lines]

IMSI = "262017650000001"
ICCID = "8949017650000000013"
IMEI = "490154203237518"

ORDINARY: dict[str, Lines] = {
    "AT": ["OK"],
    "ATE0": ["OK"],
    "AT+CMEE=1": ["OK"],
    "AT+CGMI": ["ACME", "OK"],
    "AT+CGMM": ["M1", "OK"],
    "AT+CGMR": ["1.0", "OK"],
    "AT+CGSN": [IMEI, "OK"],
    "AT+CPIN?": ["+CPIN: READY", "OK"],
    "AT+CIMI": [IMSI, "OK"],
    "AT+CCID": [f"+CCID: {ICCID}", "OK"],
    "AT+CNUM": ['+CNUM: ,"+4917650000001",145', "OK"],
    "AT+CMGF=0": ["OK"],
    "AT+CPMS=?": ['+CPMS: ("SM"),("SM"),("SM")', "OK"],
    "AT+CSMS=0": ["+CSMS: 1,1,1", "OK"],
    "AT+CNMI=?": ["+CNMI: (0-2),(0-3),(0,2,3),(0-2),(0,1)", "OK"],
    "AT+CLIP=1": ["OK"],
    "AT+CREG=1": ["OK"],
    "AT+CGREG=1": ["OK"],
    "AT+CEREG=1": ["OK"],
    "AT+CREG?": ["+CREG: 1,1", "OK"],
    "AT+CGREG?": ["+CGREG: 1,1", "OK"],
    "AT+CEREG?": ["+CEREG: 1,0", "OK"],
    "AT+CSQ": ["+CSQ: 20,99", "OK"],
    "AT+COPS=3,0": ["OK"],
    "AT+COPS?": ['+COPS: 0,0,"Testnet",7', "OK"],
    "AT+CMMS=2": ["OK"],
    "AT+CMMS=0": ["OK"],
    "AT+CSCS?": ['+CSCS: "GSM"', "OK"],
    "AT+CUSD=2": ["OK"],
    "AT+CHUP": ["OK"],
    "AT+CNMA": ["OK"],
}


def in_turn(*answers: Lines) -> Callable[[str], Lines]:
    """Answer once each, the last one for ever."""
    left = deque(answers)
    return lambda _text: left.popleft() if len(left) > 1 else left[0]


class FakeModem:
    """Answers what the engine writes; ``answers`` replace the ordinary ones, ``script`` comes before all.

    ``cut`` cuts what it says into pieces; ``heard`` holds every complete command, PDU or control character.
    """

    def __init__(
        self,
        answers: Mapping[str, Answer] | None = None,
        script: list[Exchange] | None = None,
        cut: Callable[[bytes], Sequence[bytes]] | None = None,
    ) -> None:
        self.answers: dict[str, Answer] = {**ORDINARY, **(answers or {})}
        self.script = deque(script or [])
        self.cut = cut or (lambda data: [data])
        self.heard: list[str] = []
        self.messages: dict[str, dict[int, str]] = {"SM": {}}
        self.totals = {"SM": 30, "ME": 100, "SR": 20}
        self.selected = "SM"
        self.receiving = "SM"
        self.silent = False
        self.missing = False
        self.baudrates: list[int] = []
        self.openings = 0
        self.prompt = b"\r\n> "
        self.next_mr = 1
        self.submitted: list[str] = []
        #: What the modem says after a PDU; ``None`` to keep silent, the default is the next TP-MR.
        self.submit_answer: Callable[[str], Lines | None] = self._accept
        self._awaiting_pdu = False
        self._written = b""
        self._on_data: OnData | None = None
        self._on_lost: OnLost | None = None

    # --- the port

    def transport(self) -> FakeTransport:
        return FakeTransport(self)

    def connect(self, baudrate: int, on_data: OnData, on_lost: OnLost) -> None:
        self.openings += 1
        self.baudrates.append(baudrate)
        if self.missing:
            raise PortMissing("There is no such port.")
        self._on_data, self._on_lost = on_data, on_lost
        self._written = b""

    def opened(self, times: int) -> bool:
        """Whether the port was opened so many times."""
        return self.openings >= times

    def disconnect(self) -> None:
        self._on_data = self._on_lost = None

    def lose(self, error: Exception | None = None) -> None:
        on_lost = self._on_lost
        self.disconnect()
        if on_lost is not None:
            on_lost(error)

    def say(self, *lines: str) -> None:
        """Say lines at once."""
        self.raw("".join(f"\r\n{line}\r\n" for line in lines).encode("latin-1"))

    def raw(self, data: bytes) -> None:
        for piece in self.cut(data):
            if self._on_data is not None:
                self._on_data(piece)

    def begin(self) -> None:
        """Say what stands at the beginning of the script."""
        if self.script and self.script[0].written is None:
            self._play(self.script.popleft())

    def hear(self, data: bytes) -> None:
        """Take bytes from the engine."""
        self._written += data
        while True:
            match = re.search(rb"[\r\x1a\x1b]", self._written)
            if match is None:
                return
            token = self._written[: match.end()]
            self._written = self._written[match.end() :]
            text = token.decode("latin-1").rstrip("\r").replace("\x1a", "^Z").replace("\x1b", "ESC")
            if text:
                self.heard.append(text)
                self._answer(text)

    # --- answers

    def _answer(self, text: str) -> None:
        while self.script and self.script[0].written is None:
            self.script.popleft()
        if self.script and self.script[0].written == text:
            self._play(self.script.popleft())
            return
        if self.silent:
            return
        if text == "ESC":
            self._awaiting_pdu = False
            return
        if text.endswith("^Z"):
            self._take_pdu(text.removesuffix("^Z"))
            return
        if self._awaiting_pdu:
            return
        answer = self.answers.get(text)
        if answer is None:
            answer = self._builtin
        lines = answer(text) if callable(answer) else answer
        self._later(lines)

    def _later(self, lines: Lines) -> None:
        asyncio.get_running_loop().call_soon(self.say, *lines)

    def _play(self, exchange: Exchange) -> None:
        loop = asyncio.get_running_loop()
        moment = 0.0
        for piece in exchange.pieces:
            moment += piece.after
            if moment:
                loop.call_later(moment, self.raw, piece.data)
            else:
                loop.call_soon(self.raw, piece.data)

    def _accept(self, _pdu: str) -> Lines:
        mr, self.next_mr = self.next_mr, (self.next_mr + 1) % 256
        return [f"+CMGS: {mr}", "OK"]

    def _take_pdu(self, pdu: str) -> None:
        self._awaiting_pdu = False
        self.submitted.append(pdu)
        answer = self.submit_answer(pdu)
        if answer is not None:
            self._later(answer)

    def _builtin(self, text: str) -> Lines:
        command, _, value = text.partition("=")
        stored = self.messages.get(self.selected, {})
        match command:
            case "AT+CMGS":
                self._awaiting_pdu = True
                asyncio.get_running_loop().call_soon(self.raw, self.prompt)
                return []
            case "AT+CPMS" | "AT+CPMS?":
                return self._storages(value)
            case "AT+CMGL":
                headers = ((f"+CMGL: {index},1,,{length(pdu)}", pdu) for index, pdu in stored.items())
                return [*(line for pair in headers for line in pair), "OK"]
            case "AT+CMGR" if int(value) in stored:
                pdu = stored[int(value)]
                return [f"+CMGR: 0,,{length(pdu)}", pdu, "OK"]
            case "AT+CMGR":
                return ["+CMS ERROR: 321"]
            case "AT+CMGD":
                stored.pop(int(value), None)
        return ["OK"] if command in {"AT+CMGD", "AT+CNMI"} else ["ERROR"]

    def _storages(self, value: str) -> Lines:
        if not value:
            names = [self.selected, self.receiving, self.receiving]
            return ["+CPMS: " + ",".join(f'"{name}",{self._count(name)}' for name in names), "OK"]
        names = re.findall(r'"(\w+)"', value)
        self.selected, self.receiving = names[0], names[-1]
        return ["+CPMS: " + ",".join(self._count(name) for name in names), "OK"]

    def _count(self, name: str) -> str:
        return f"{len(self.messages.get(name, {}))},{self.totals[name]}"

    def store(self, storage: str, index: int, pdu: str, *, announce: bool = True) -> None:
        """Receive a message into a storage."""
        self.messages.setdefault(storage, {})[index] = pdu
        if announce:
            self.say(f'+CMTI: "{storage}",{index}')


def length(pdu: str) -> int:
    """Octets of the TPDU, without its service centre address."""
    return len(pdu) // 2 - 1 - int(pdu[:2], 16)


class FakeTransport:
    """The engine's end of the wire."""

    def __init__(self, modem: FakeModem) -> None:
        self._modem = modem
        self._open = False

    async def open(self, baudrate: int, on_data: OnData, on_lost: OnLost) -> None:
        self._modem.connect(baudrate, on_data, on_lost)
        self._open = True

    def write(self, data: bytes) -> None:
        if self._open:
            self._modem.hear(data)

    async def close(self) -> None:
        if self._open:
            self._open = False
            self._modem.disconnect()
