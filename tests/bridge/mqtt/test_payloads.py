"""The send object to the letter of the contract."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sms_bridge.mqtt.payloads import MAX_OBJECTS, MAX_PAYLOAD, parse_send
from sms_bridge.mqtt.send import FIELDS, read_untransported
from sms_bridge.mqtt.topics import SendTopic, Topics
from sms_bridge.routing.command import Command, Rejection, Reply
from sms_providers.charset import EncodingChoice
from sms_providers.model import ErrorCode, OnUnknown, Priority

PLAIN = SendTopic(None, None)
REPLY = Reply(topic="r", correlation=b"c", user_properties=(("a", "b"),))
DAY = 86_400


def parse(payload: object, topic: SendTopic = PLAIN, expiry: int | None = None) -> list[Command | Rejection]:
    octets = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return list(parse_send(topic, octets, REPLY, expiry=expiry, valid_for=DAY))


def command(payload: object, topic: SendTopic = PLAIN, expiry: int | None = None) -> Command:
    (found,) = parse(payload, topic, expiry)
    assert isinstance(found, Command), found
    return found


def refusal(payload: object, topic: SendTopic = PLAIN) -> Rejection:
    (found,) = parse(payload, topic)
    assert isinstance(found, Rejection), found
    return found


def test_every_key_reaches_the_command() -> None:
    whole = {
        "to": ["+491701234567", "anna, ben"],
        "text": "ć🙂",
        "id": "Door.17:_-",
        "gateway": ["stick", "carrier"],
        "from": "HOME",
        "sim": 1,
        "priority": "otp",
        "send_at": "2026-11-20T11:15:00.5+01:00",
        "valid_for": 38_102_400,
        "dlr": False,
        "flash": True,
        "encoding": "gsm7",
        "max_segments": 255,
        "on_unknown": "hold",
        "options": {"udh": "00"},
        "metadata": {"a": [1, None, {"b": 1.5}]},
    }
    assert command(whole) == Command(
        to=("+491701234567", "anna", "ben"),
        is_group=True,
        text="ć🙂",
        id="Door.17:_-",
        gateway=("stick", "carrier"),
        originator="HOME",
        sim=1,
        priority=Priority.OTP,
        send_at=1_795_169_700.5,
        valid_for=38_102_400,
        dlr=False,
        flash=True,
        encoding=EncodingChoice.GSM7,
        max_segments=255,
        on_unknown=OnUnknown.HOLD,
        options={"udh": "00"},
        metadata={"a": [1, None, {"b": 1.5}]},
        reply=REPLY,
    )


def test_data_goes_with_its_port() -> None:
    found = command({"to": "1", "data": "AP+A", "port": 0})
    assert (found.data, found.port, found.text) == (b"\x00\xff\x80", 0, None)


@pytest.mark.parametrize(
    ("to", "recipients", "grouped"),
    [
        ("+491701234567", ("+491701234567",), False),
        ("a,b", ("a", "b"), True),
        (["a"], ("a",), True),
        (["a", "b , c"], ("a", "b", "c"), True),
        (" a ", ("a",), False),
    ],
)
def test_recipients_are_split_and_an_array_names_a_group(
    to: object,
    recipients: tuple[str, ...],
    grouped: bool,  # noqa: FBT001 - a table's column
) -> None:
    found = command({"to": to, "text": "x"})
    assert (found.to, found.is_group) == (recipients, grouped)


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"to": ""}, ErrorCode.INVALID_RECIPIENT, "to: a recipient is empty"),
        ({"to": "a,,b"}, ErrorCode.INVALID_RECIPIENT, "to: a recipient is empty"),
        ({"to": []}, ErrorCode.INVALID_RECIPIENT, "to: a recipient is empty"),
        ({"to": 491701234567}, ErrorCode.INVALID_PAYLOAD, "got a number"),
        ({"to": ["a", None]}, ErrorCode.INVALID_PAYLOAD, "got an array that holds something else"),
        ({"to": "\ud800"}, ErrorCode.INVALID_RECIPIENT, "no readable string"),
        ({"text": 7}, ErrorCode.INVALID_PAYLOAD, "text: expected a string, got a number"),
        ({"text": None}, ErrorCode.INVALID_PAYLOAD, "got null"),
        ({"text": "a\udfffb"}, ErrorCode.INVALID_TEXT, "text: half of a surrogate pair"),
        ({"data": "AA==", "port": 1}, ErrorCode.INVALID_PAYLOAD, "data: a message has a text or data"),
        ({"port": 1}, ErrorCode.INVALID_PAYLOAD, "port: goes with data only"),
        ({"id": ""}, ErrorCode.INVALID_PAYLOAD, "id: expected 1 to 64"),
        ({"id": "a" * 65}, ErrorCode.INVALID_PAYLOAD, "id: expected 1 to 64"),
        ({"id": "tür"}, ErrorCode.INVALID_PAYLOAD, "id: expected 1 to 64"),
        ({"id": "a\n"}, ErrorCode.INVALID_PAYLOAD, "id: expected 1 to 64"),
        ({"id": 17}, ErrorCode.INVALID_PAYLOAD, "id: expected a string"),
        ({"gateway": []}, ErrorCode.INVALID_PAYLOAD, "gateway: expected at least one"),
        ({"gateway": [""]}, ErrorCode.INVALID_PAYLOAD, "gateway: expected a word"),
        ({"gateway": {}}, ErrorCode.INVALID_PAYLOAD, "gateway: expected a string or an array"),
        ({"from": ""}, ErrorCode.INVALID_PAYLOAD, "from: expected a word"),
        ({"sim": -1}, ErrorCode.INVALID_PAYLOAD, "sim: expected a whole number from 0"),
        ({"sim": True}, ErrorCode.INVALID_PAYLOAD, "got a boolean"),
        ({"priority": "hihg"}, ErrorCode.INVALID_PAYLOAD, "priority: expected one of low, normal, high, otp"),
        ({"priority": 2}, ErrorCode.INVALID_PAYLOAD, "got a number"),
        (
            {"valid_for": 0},
            ErrorCode.INVALID_PAYLOAD,
            "valid_for: expected a whole number from 1 to 38,102,400",
        ),
        ({"valid_for": 38_102_401}, ErrorCode.INVALID_PAYLOAD, "got a larger one"),
        ({"valid_for": 60.0}, ErrorCode.INVALID_PAYLOAD, "got a number with a fraction"),
        ({"valid_for": "60"}, ErrorCode.INVALID_PAYLOAD, "got a string"),
        ({"dlr": 1}, ErrorCode.INVALID_PAYLOAD, "dlr: expected true or false, got a number"),
        ({"flash": "no"}, ErrorCode.INVALID_PAYLOAD, "flash: expected true or false"),
        ({"encoding": "utf8"}, ErrorCode.INVALID_PAYLOAD, "encoding: expected one of auto, gsm7, ucs2"),
        ({"max_segments": 256}, ErrorCode.INVALID_PAYLOAD, "from 1 to 255"),
        ({"on_unknown": "wait"}, ErrorCode.INVALID_PAYLOAD, "one of resend, hold"),
        ({"options": []}, ErrorCode.INVALID_PAYLOAD, "options: expected an object, got an array"),
        ({"metadata": "x"}, ErrorCode.INVALID_PAYLOAD, "metadata: expected an object"),
        ({"metadata": {"x": "y" * 2048}}, ErrorCode.INVALID_PAYLOAD, "at most 2,048 octets"),
        ({"metadata": {"x": "\ud800"}}, ErrorCode.INVALID_PAYLOAD, "that JSON cannot carry"),
        ({"validty": 60}, ErrorCode.UNKNOWN_KEY, "validty: unknown key; did you mean valid_for?"),
        ({"prio": "high"}, ErrorCode.UNKNOWN_KEY, "did you mean priority?"),
        ({"xyzzyx": 1}, ErrorCode.UNKNOWN_KEY, "the keys are to, text, "),
    ],
)
def test_a_refusal_names_the_key_and_what_was_expected(
    change: dict[str, object], code: ErrorCode, said: str
) -> None:
    found = refusal({"to": "1", "text": "x", **change})
    assert found.error.code is code
    assert said in found.error.message


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (b"", "empty"),
        (b"\xff\xfe", "not UTF-8: octet 1"),
        (b"hello", "not JSON"),
        (b'{"to":"1","text":"x"', "not JSON"),
        (b'{"to":"1","text":NaN}', "a number in it is none"),
        (b'{"to":"1","text":"x","valid_for":' + b"9" * 5000 + b"}", "too long"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[]", "1 to 1,000 send objects"),
        (b'"x"', "Expected a send object, got a string"),
        (b"{}", "to: missing"),
        (b'{"to":"1"}', "text: missing"),
        (b'{"to":"1","data":"AA=="}', "port: missing"),
        (b'{"to":"1","data":"AA","port":1}', "data: expected base64"),
        (b'{"to":"1","data":"AA==\\n","port":1}', "data: expected base64"),
        (b'{"to":"1","data":"\xc3\xa4","port":1}', "data: expected base64"),
        (b'{"to":"1","text":"x","to":"2"}', "to: occurs twice"),
        (b'{"to":"1","text":"x","metadata":{"a":1,"a":2}}', "a key in it occurs twice"),
        (b'{"to":"1","text":"x","metadata":{"a":1e999}}', "that JSON cannot carry"),
        (b'{"to":"1","text":"x","options":{"a":' + b"[" * 40 + b"]" * 40 + b"}}", "32 levels"),
        (b" " * (MAX_PAYLOAD + 1), "at most 262,144 octets, got 262,145"),
    ],
)
def test_what_is_no_send_object_is_refused(payload: bytes, said: str) -> None:
    found = refusal(payload)
    assert said in found.error.message
    assert found.error.code is ErrorCode.INVALID_PAYLOAD


def test_no_refusal_repeats_text_or_number() -> None:
    secret = "491701234567"
    for change in (
        {"to": [secret, 1]},
        {"text": [secret]},
        {"id": secret + "ä"},
        {"sim": int(secret)},
        {secret: 1},
    ):
        assert secret not in refusal({"to": "1", "text": "x", **change}).error.message


def test_a_rejection_says_what_can_be_read_of_the_command() -> None:
    found = refusal({"to": ["a", "b"], "id": "door", "metadata": {"m": 1}, "txet": "x"})
    assert (found.id, found.to, found.metadata, found.reply) == ("door", ["a", "b"], {"m": 1}, REPLY)
    found = refusal({"to": "\ud800", "id": "t ür", "metadata": 1, "text": "x"})
    assert (found.id, found.to, found.metadata) == (None, None, {})


def test_one_bad_element_stops_no_other() -> None:
    found = parse([{"to": "1", "text": "a"}, 5, {"to": "2"}, {"to": "3", "text": "b"}])
    assert [type(each) for each in found] == [Command, Rejection, Rejection, Command]


def test_an_array_has_at_most_a_thousand_objects() -> None:
    objects = [{"to": "1", "text": "x"}] * MAX_OBJECTS
    assert len(parse(objects)) == MAX_OBJECTS
    assert isinstance(parse([*objects, objects[0]])[0], Rejection)


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (b"hello", "hello"),
        ("ć🙂\n".encode(), "ć🙂\n"),
        (b'{"a":1}', '{"a":1}'),
        (b"{not json", "{not json"),
        (b'[{"text":"x"}]', '[{"text":"x"}]'),
        (b'"x"', '"x"'),
        (b' {"text":"in it"}', "in it"),
    ],
)
def test_on_a_topic_with_recipients_anything_but_a_send_object_is_the_text(payload: bytes, text: str) -> None:
    found = command(payload, SendTopic("01701234567,anna", "door"))
    assert (found.to, found.is_group, found.text, found.id) == (("01701234567", "anna"), True, text, "door")


@pytest.mark.parametrize(
    ("payload", "topic", "code", "said"),
    [
        (b'{"to":"1","text":"x"}', SendTopic("2", None), ErrorCode.INVALID_PAYLOAD, "to: not allowed"),
        (b'{"id":"a","text":"x"}', SendTopic("2", "b"), ErrorCode.INVALID_PAYLOAD, "id: topic and object"),
        (b'{"txt":"x","text":"y"}', SendTopic("2", None), ErrorCode.UNKNOWN_KEY, "txt: unknown key"),
        (b"x", SendTopic("", None), ErrorCode.INVALID_RECIPIENT, "to: a recipient is empty"),
        (b"x", SendTopic("2", "ä"), ErrorCode.INVALID_PAYLOAD, "id: expected"),
        (b"x", SendTopic("2", ""), ErrorCode.INVALID_PAYLOAD, "id: expected"),
        (b"", SendTopic("2", None), ErrorCode.INVALID_PAYLOAD, "it is empty"),
        (b"\xff", SendTopic("2", None), ErrorCode.INVALID_PAYLOAD, "not UTF-8"),
    ],
)
def test_topic_and_payload_must_agree(payload: bytes, topic: SendTopic, code: ErrorCode, said: str) -> None:
    found = refusal(payload, topic)
    assert found.error.code is code
    assert said in found.error.message
    assert found.to == topic.recipients


def test_an_id_may_stand_in_topic_and_object_if_it_is_the_same() -> None:
    assert command(b'{"id":"a","text":"x"}', SendTopic("2", "a")).id == "a"


@pytest.mark.parametrize(
    ("valid_for", "expiry", "found"),
    [(None, 60, 60), (None, DAY, None), (None, DAY + 1, None), (600, 60, 60), (60, 600, 60), (None, 0, 1)],
)
def test_the_message_expiry_only_shortens(valid_for: int | None, expiry: int, found: int | None) -> None:
    more = {} if valid_for is None else {"valid_for": valid_for}
    assert command({"to": "1", "text": "x", **more}, expiry=expiry).valid_for == found


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("1970-01-01T00:00:00Z", 0.0),
        ("1970-01-01t00:00:01.25z", 1.25),
        ("1970-01-01 01:00:00+01:00", 0.0),
        ("1969-12-31T23:30:00-00:30", 0.0),
        ("2016-12-31T23:59:60Z", 1_483_228_800.0),
        ("1970-01-01T00:00:00.123456789Z", 0.123456789),
    ],
)
def test_times_are_rfc_3339(written: str, seconds: float) -> None:
    assert command({"to": "1", "text": "x", "send_at": written}).send_at == pytest.approx(seconds)


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-20T10:15:00",
        "2026-11-20",
        "20261120T101500Z",
        "2026-02-30T00:00:00Z",
        "2026-11-20T24:00:00Z",
        "2026-11-20T10:15Z",
        "2026-11-20T10:15:00+25:00",
        "٢٠٢٦-11-20T10:15:00Z",
        "now",
        1_795_169_700,
    ],
)
def test_other_times_are_refused(written: object) -> None:
    assert "send_at: expected a time" in refusal({"to": "1", "text": "x", "send_at": written}).error.message


def test_topics_are_read_at_their_own_base() -> None:
    topics = Topics("a/b", "main")
    assert topics.parse_send("a/b/send") == SendTopic(None, None)
    assert topics.parse_send("a/b/send/1,2") == SendTopic("1,2", None)
    assert topics.parse_send("a/b/send/1/x") == SendTopic("1", "x")
    assert topics.parse_send("a/b/send/") == SendTopic("", None)
    assert topics.parse_send("a/b/send/1/") == SendTopic("1", "")
    assert topics.parse_send("a/b/send/1/x/y") is None


def test_a_quote_is_read_like_a_command() -> None:
    assert isinstance(read_untransported({"to": "1", "text": "x"}, DAY), Command)
    assert isinstance(read_untransported({"to": "1"}, DAY), Rejection)


TEXT = st.text(st.characters())  # lone surrogates too
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*FIELDS]) | TEXT, inner, max_size=6)
    ),
    max_leaves=12,
)
TOPICS = st.builds(SendTopic, st.none() | st.text(max_size=20), st.none() | st.text(max_size=20))


def check(found: list[Command | Rejection]) -> None:
    """Whatever is accepted or refused can be kept and published."""
    for each in found:
        to = list(each.to) if isinstance(each, Command) else each.to
        json.dumps([to, each.id, dict(each.metadata)], allow_nan=False, ensure_ascii=False).encode()
        if isinstance(each, Command):
            assert (each.text is None) != (each.data is None)
            (each.text or "").encode()
        else:
            each.error.message.encode()


@settings(max_examples=200, deadline=None)
@given(JSON, TOPICS)
def test_no_json_makes_the_parser_fail(value: object, topic: SendTopic) -> None:
    check(parse(value, topic))


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from([*FIELDS]), JSON, max_size=2))
def test_no_value_of_a_key_makes_the_parser_fail(values: dict[str, object]) -> None:
    check(parse({"to": "1", "text": "x", **values}))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), TOPICS)
def test_no_octets_make_the_parser_fail(payload: bytes, topic: SendTopic) -> None:
    check(parse(payload, topic))
