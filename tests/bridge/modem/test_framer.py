"""Bytes to lines."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from sms_bridge.modem.framer import MAX_LINE, Framer

from .bench import DELIVER, OTHER

PROMPT = "<prompt>"


def frame(*pieces: bytes, armed: bool = False) -> list[str]:
    seen: list[str] = []
    framer = Framer(seen.append, lambda: seen.append(PROMPT))
    if armed:
        framer.arm_prompt()
    for piece in pieces:
        framer.feed(piece)
    return seen


def test_q05_terminators_of_every_kind_make_the_same_lines() -> None:
    for wire in (b"\r\n+CSQ: 1,99\r\n\r\nOK\r\n", b"+CSQ: 1,99\nOK\n", b"\r\r\n+CSQ: 1,99\r\r\n\r\nOK\r\r\n"):
        assert frame(wire) == ["+CSQ: 1,99", "OK"]


def test_q05_a_leading_nul_is_no_part_of_a_line() -> None:
    assert frame(b"\0\0\r\nOK\r\n", b"\r\n\0+CSQ\0: 1,99\r\n") == ["OK", "+CSQ: 1,99"]


def test_q07_a_prompt_needs_neither_line_feed_nor_blank() -> None:
    for wire in (b"\r\n> ", b">", b"\r\n>", b"\r\n\r\n > "):
        assert frame(wire, armed=True) == [PROMPT]


def test_q07_a_prompt_that_nobody_waits_for_is_no_part_of_the_next_line() -> None:
    assert frame(b"\r\n> \r\n", b"> +CSQ: 1,99\r\n") == ["+CSQ: 1,99"]


def test_a_greater_than_inside_a_line_is_no_prompt() -> None:
    assert frame(b'+COPS: 0,0,"a>b"\r\n>', armed=True) == ['+COPS: 0,0,"a>b"', PROMPT]


def test_q08_a_direct_message_takes_its_pdu_from_the_next_line() -> None:
    wire = f"\r\n+CMT: ,24\r\n{DELIVER}\r\n\r\nOK\r\n".encode()
    assert frame(wire) == [f"+CMT: ,24\n{DELIVER}", "OK"]


def test_q08_a_urc_between_header_and_pdu_does_not_part_them() -> None:
    wire = f"+CDS: 24\r\n+CREG: 1\r\n{DELIVER}\r\n".encode()
    assert frame(wire) == ["+CREG: 1", f"+CDS: 24\n{DELIVER}"]


def test_q08_a_header_without_its_pdu_does_not_take_another_ones() -> None:
    wire = f"+CMT: ,24\r\n+CMGL: 1,1,,99\r\n{'0' * 200}\r\nOK\r\n+CSQ: 1\r\nOK\r\n".encode()
    lines = frame(wire)
    assert "0" * 200 in lines
    assert "+CMT: ,24" in lines


def test_q36_a_quoted_string_keeps_its_line_breaks() -> None:
    wire = b'+CUSD: 1,"Menu\r\n1 Balance\r\n\r\n2 End",15\r\nOK\r\n'
    assert frame(wire) == ['+CUSD: 1,"Menu\r\n1 Balance\r\n\r\n2 End",15', "OK"]


def test_an_endless_line_is_dropped_and_the_next_one_is_read() -> None:
    assert frame(b"x" * (3 * MAX_LINE), b"yy\r\nOK\r\n") == ["OK"]


def test_an_endless_quoted_string_is_dropped() -> None:
    assert frame(b'+CUSD: 0,"' + b"a\r\n" * 3000 + b"\r\n", b"OK\r\n")[-1:] == ["OK"]


WIRE = (
    b"AT+CMGL=4\r\r\n+CMGL: 1,1,,24\r\n" + DELIVER.encode() + b"\r\n+CMT: ,24\r\n" + OTHER.encode() + b"\r\n"
    b'\r\n+CUSD: 1,"a\r\nb",15\r\n\0\r\nOK\r\n\r\n> \r\n+CMGS: 3\r\n\r\nOK\r\n'
    + b"z" * 5000
    + b"\r\nRING\r\n"
)


@given(st.lists(st.integers(0, len(WIRE)), max_size=40))
def test_however_the_bytes_are_cut_the_lines_are_the_same(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(WIRE)]
    pieces = [WIRE[a:b] for a, b in itertools.pairwise(edges)]
    assert frame(*pieces, armed=True) == frame(WIRE, armed=True)


def test_byte_by_byte_the_lines_are_the_same() -> None:
    assert frame(*(WIRE[i : i + 1] for i in range(len(WIRE))), armed=True) == frame(WIRE, armed=True)


@given(st.binary(max_size=3000))
def test_garbage_makes_lines_of_bounded_length(garbage: bytes) -> None:
    for line in frame(garbage, b"\r\n", garbage, armed=True):
        assert len(line) <= 2 * MAX_LINE + 1
