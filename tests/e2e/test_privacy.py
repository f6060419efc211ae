"""What nobody may read in the log, in retained topics or, once it is over, in the store's files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.e2e.client import Client, wait_for
from tests.e2e.world import ANNA

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.world import World

PIN: Final = "90817263"
USER: Final = ("gatewayuser", "mqtt-pa55word")
CALLER: Final = "+4917188887777"
OWN_NUMBER: Final = "+4917655554444"
TEXTS: Final = ("Butterblume", "Vergissmeinnicht", "Löwenzahn", "Gänseblümchen", "Rittersporn")
#: Of the simulated modem and its SIM.
IMEI, IMSI, ICCID = "490154203237518", "262017650000001", "8949017650000000013"
NUMBERS: Final = tuple(f"+4915799{n}{n}{n}{n}{n}{n}" for n in range(6))


def swapped(number: str) -> str:
    """A number as a PDU has it (3GPP TS 23.040 clause 9.1.2.3)."""
    digits = number.removeprefix("+")
    digits += "F" * (len(digits) % 2)
    return "".join(digits[at + 1] + digits[at] for at in range(0, len(digits), 2))


def live_a_day(world: World) -> None:
    """Everything that could make the bridge talkative."""
    client, modem = world.client, world.modem
    bridge = world.start_bridge()
    client.send(to=NUMBERS[0], text=TEXTS[0], id="fine")
    client.send(to=NUMBERS[1], text=TEXTS[1], id="code", priority="otp")
    client.publish(f"send/{NUMBERS[2][1:]}/kept", TEXTS[2], retain=True)
    modem("refuse", number=NUMBERS[3], code=1)
    client.send(to=NUMBERS[3], text=TEXTS[3], id="refused")
    client.publish("send", f'{{"to": "{NUMBERS[4]}", "text": "{TEXTS[4]}", ')
    client.publish(f"send/{NUMBERS[4][1:]}/a/b/c", TEXTS[4])
    client.send(to=[NUMBERS[4], "nobody"], text=TEXTS[4], id="odd", validty=60)
    for name in ("fine", "code", "kept", "refused"):
        client.final(name)
    modem("fault", fault="not-sent:1")
    client.send(to=NUMBERS[5], text=TEXTS[0], id="lost", on_unknown="hold")
    client.final("lost")
    modem("fault", fault="garbage:3")
    modem("fault", fault="bad-index:1")
    modem.deliver(TEXTS[1], originator=CALLER)
    modem.deliver(TEXTS[2] * 20, originator=CALLER, order=[2, 1])
    modem("deliver", pdu="0405")  # nothing anybody can read
    client.incoming(TEXTS[1])
    modem("call", number=CALLER, seconds=1)
    wait_for(lambda: client.events("call"), "the call")
    client.request("balance", gateway="stick")
    client.request("message", id=NUMBERS[0])
    client.request("messages", to=NUMBERS[0])
    world.broker.stop()
    modem("unplug", seconds=0.2)
    world.broker.start()
    client.send(to="anna", text=TEXTS[0], id="late")
    client.final("late")
    assert bridge.end() == 0
    world.start_bridge()


def secrets(world: World) -> set[str]:
    """Every string that must not be found, as bytes on a line would show it."""
    numbers = {*NUMBERS, CALLER, OWN_NUMBER, ANNA}
    found = {number[1:] for number in numbers} | {f"0{number[3:]}" for number in numbers}
    found |= {swapped(number) for number in numbers}
    found |= {submit["pdu"] for submit in world.modem("submits")}
    found |= {entry["pdu"] for entry in world.modem.journal("stored")}
    return found | {*TEXTS, PIN, USER[1], IMEI, IMSI, ICCID}


def kept_topics(world: World) -> dict[str, str]:
    """What the broker keeps of the bridge's own, by topic."""
    client = Client(world.broker.port, name="later", user=USER)
    wait_for(lambda: client.on("bridge/main/info") and client.on("gateway/stick/state"), "retained topics")
    client.close()
    commands = "sms_gateway/send/"
    return {
        seen.topic.removeprefix("sms_gateway/"): seen.payload.decode()
        for seen in client.seen
        if seen.retain and not seen.topic.startswith(commands)
    }


def test_nothing_private_is_left_in_the_log_and_the_topics_after_a_long_day(
    fresh: Callable[..., World],
) -> None:
    world = fresh(
        modems={"stick": ("--pin", PIN, "--number", OWN_NUMBER)},
        program="tests.e2e.impatient",
        user=USER,
        mqtt={"username": USER[0], "password": USER[1]},
        gateways={"stick": {"pin": PIN, "balance": {"ussd": "*100#", "pattern": "no (such) answer"}}},
        log={"level": "debug"},
    )
    live_a_day(world)
    hidden = secrets(world)

    log = (world.folder / "bridge.log").read_text()
    assert "DEBUG" in log
    assert {secret for secret in hidden if secret in log} == set()

    kept = kept_topics(world)
    assert set(kept) >= {
        *("bridge/main/state", "bridge/main/info", "bridge/main/health", "gateway/stick/state"),
        *("gateway/stick/availability", "discovery/main"),
    }
    unnamed = hidden | {USER[0], "anna", "family"}
    assert {topic: word for topic, text in kept.items() for word in unnamed if word in text} == {}

    told = [seen.payload.decode() for seen in world.client.on("bridge/main/log")]
    assert told
    assert {secret for secret in hidden for line in told if secret in line} == set()
    assert not any(seen.retain for seen in world.client.on("bridge/main/log"))

    said = [seen.payload.decode() for topic in ("dlr", "call") for seen in world.client.on(topic)]
    assert {text for text in TEXTS for line in said if text in line} == set()


def in_files(world: World, text: str) -> list[str]:
    """The store's files that hold a text in any of the ways in which it might be kept."""
    wanted = {text.encode(), text.encode("utf-16-be"), text.encode("utf-16-le")}
    files = world.folder.glob("bridge.db*")
    return [path.name for path in files if any(form in path.read_bytes() for form in wanted)]


def test_erased_texts_are_gone_from_the_files(fresh: Callable[..., World], number: str) -> None:
    """A one-time password once it is final; any text where the configuration says so."""
    usual, forgetful = fresh(), fresh(store={"keep_texts": "final"})
    for world in (usual, forgetful):
        world.start_bridge()
        world.client.ask("pause", gateway="stick")
        world.client.send(to=number, text="code 190-274", id="otp", priority="otp")
        world.client.send(to=number, text="Butterblume", id="plain")
        world.client.reached("plain", "queued")
        assert in_files(world, "code 190-274")  # it survives a power cut until it is sent
        world.client.ask("resume", gateway="stick")
        world.client.final("plain")
        world.client.final("otp")
    wait_for(lambda: not in_files(usual, "code 190-274"), "the removal of a password")
    assert in_files(usual, "Butterblume")
    wait_for(lambda: not in_files(forgetful, "Butterblume"), "the removal of a text")
    assert forgetful.client.ask("message", id="plain")["text"] is None
