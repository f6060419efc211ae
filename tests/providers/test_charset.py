"""The GSM 7 bit alphabet, transliteration, and how a text is divided into segments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms_providers.charset import (
    DEFAULT_ALPHABET,
    ESCAPE,
    EXTENSION,
    Encoding,
    EncodingChoice,
    TextTooLongError,
    capacity,
    fits_gsm7,
    gsm7_septets,
    gsm7_text,
    header_octets,
    plan,
    plan_data,
    transliterate,
)

ALPHABET = sorted({*DEFAULT_ALPHABET[:ESCAPE], *DEFAULT_ALPHABET[ESCAPE + 1 :], *EXTENSION.values()})
GSM7_TEXTS = st.text(alphabet=ALPHABET, max_size=700)


def test_every_septet_has_one_character() -> None:
    assert len(DEFAULT_ALPHABET) == 128
    assert len(ALPHABET) == 127 + len(EXTENSION) - 1


@pytest.mark.parametrize(
    ("text", "septets"),
    [
        ("@", "00"),
        ("\u00a3$\u00a5", "010203"),
        ("Ç", "09"),
        ("Δ_ΦΓΛΩΠΨΣΘΞ", "101112131415161718191a"),
        ("¤", "24"),
        ("¡", "40"),
        ("ÄÖÑÜ§¿", "5b5c5d5e5f60"),
        ("äöñüà", "7b7c7d7e7f"),
        ("\f^{}\\[~]|€", "1b0a1b141b281b291b2f1b3c1b3d1b3e1b401b65"),
    ],
)
def test_characters_have_the_septets_of_the_standard(text: str, septets: str) -> None:
    assert gsm7_septets(text) == bytes.fromhex(septets)
    assert gsm7_text(bytes.fromhex(septets)) == text


@pytest.mark.parametrize("text", ["ç", "`", "ć", "\t", "😀", "\x1b", "\u0394\u0301", "\ufffe"])
def test_other_characters_do_not_fit(text: str) -> None:
    assert not fits_gsm7(text)
    assert gsm7_septets(text) is None


@given(GSM7_TEXTS)
def test_a_text_of_the_alphabet_survives_its_septets(text: str) -> None:
    septets = gsm7_septets(text)
    assert septets is not None
    assert gsm7_text(septets) == text


@given(st.binary(max_size=200).map(lambda octets: bytes(octet & 0x7F for octet in octets)))
def test_any_septets_have_a_text(septets: bytes) -> None:
    assert len(gsm7_text(septets)) <= len(septets)


@pytest.mark.parametrize(
    ("septets", "text"),
    [
        (
            "1b41",
            "A",
        ),  # 3GPP TS 23.038 clause 6.2.1.1: no symbol in the extension table, that of the default one
        ("1b1b", " "),  # likewise: reserved for a further table
        ("411b", "A "),
        ("1b1b65", " e"),
        ("1b00", "@"),
    ],
)
def test_an_escape_without_a_symbol_is_read_as_the_standard_says(septets: str, text: str) -> None:
    assert gsm7_text(bytes.fromhex(septets)) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Zażółć gęślą jaźń", "Zazolc gesla jazn"),
        ("ćçš ÇÅ", "ccs ÇÅ"),
        ("“Hi” ‘you’ „da“ «ici» it’s", '"Hi" \'you\' "da" "ici" it\'s'),
        ("a–b—c−d", "a-b-c-d"),
        ("wait…", "wait..."),
        ("5 € [ok]", "5 € [ok]"),
        ("ﬁn ﬂy œuvre Œ ĳ", "fin fly oeuvre OE ij"),
        ("straße STRAẞE", "straße STRASSE"),
        ("e\u0301te\u0301", "été"),
        ("x\u0302", "x"),
        ("Καλημέρα", "KAΛHMEPA"),
        ("a\u00a0b\tc\u2009d", "a b c d"),
        ("so\u00adft zero\u200bwidth", "soft zerowidth"),
        ("20 °C × 2", "20 oC * 2"),
        ("①²", "12"),
        ("😀 日本 д", "? ?? ?"),
    ],
)
def test_transliteration_keeps_what_was_meant(text: str, expected: str) -> None:
    assert transliterate(text) == expected


@given(st.text(max_size=100))
def test_a_transliterated_text_fits_and_stays(text: str) -> None:
    once = transliterate(text)
    assert fits_gsm7(once)
    assert transliterate(once) == once


@pytest.mark.parametrize(
    ("text", "encoding", "count", "left"),
    [
        ("", Encoding.GSM7, 1, 160),
        ("a" * 160, Encoding.GSM7, 1, 0),
        ("a" * 161, Encoding.GSM7, 2, 2 * 153 - 161),
        ("€" * 80, Encoding.GSM7, 1, 0),
        ("a" * 159 + "€", Encoding.GSM7, 2, 145),
        ("a" * 306, Encoding.GSM7, 2, 0),
        ("a" * 307, Encoding.GSM7, 3, 152),
        ("ć" * 70, Encoding.UCS2, 1, 0),
        ("ć" * 71, Encoding.UCS2, 2, 63),
        ("😀" * 35, Encoding.UCS2, 1, 0),
        ("😀" * 36, Encoding.UCS2, 2, 61),
    ],
)
def test_texts_are_counted_as_the_network_counts(
    text: str, encoding: Encoding, count: int, left: int
) -> None:
    result = plan(text)
    assert (result.encoding, result.count, result.characters_left) == (encoding, count, left)
    assert "".join(result.segments) == text


def test_a_wide_reference_leaves_less_room() -> None:
    assert [len(segment) for segment in plan("a" * 305, wide=True).segments] == [152, 152, 1]
    assert [len(segment) for segment in plan("ć" * 133, wide=True).segments] == [66, 66, 1]


def test_an_escaped_character_moves_whole_to_the_next_segment() -> None:
    result = plan("a" * 152 + "€" + "b" * 10)
    assert result.segments == ("a" * 152, "€" + "b" * 10)
    assert result.characters_left == 153 - 12


def test_a_surrogate_pair_moves_whole_to_the_next_segment() -> None:
    result = plan("ж" * 66 + "😀" + "ж" * 10)
    assert result.segments == ("ж" * 66, "😀" + "ж" * 10)


def test_the_choice_of_encoding_is_followed() -> None:
    assert plan("plain", EncodingChoice.UCS2).encoding is Encoding.UCS2
    transliterated = plan("ćevapi", EncodingChoice.GSM7)
    assert (transliterated.encoding, transliterated.segments) == (Encoding.GSM7, ("cevapi",))


def test_a_lone_surrogate_becomes_the_replacement_character() -> None:
    assert plan("a\ud83d").segments == ("a\ufffd",)
    assert plan("\ud83d\ude00").segments == ("😀",)


@pytest.mark.parametrize("choice", [EncodingChoice.AUTO, EncodingChoice.UCS2])
def test_a_text_that_needs_too_many_segments_is_refused_with_both_numbers(choice: EncodingChoice) -> None:
    with pytest.raises(TextTooLongError, match="needs 3 segments; at most 2") as caught:
        plan("a" * (307 if choice is EncodingChoice.AUTO else 135), choice, max_segments=2)
    assert (caught.value.segments, caught.value.limit) == (3, 2)


def test_no_message_has_more_than_255_segments() -> None:
    assert plan("a" * 153 * 255).count == 255
    with pytest.raises(TextTooLongError):
        plan("a" * 153 * 255 + "a", max_segments=1000)


@given(st.one_of(GSM7_TEXTS, st.text(max_size=700)), st.sampled_from(EncodingChoice), st.booleans())
def test_segments_hold_what_fits_and_nothing_is_lost(text: str, choice: EncodingChoice, wide: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
    result = plan(text, choice, wide=wide)
    meant = transliterate(text) if choice is EncodingChoice.GSM7 else text
    assert "".join(result.segments) == meant
    room = capacity(result.encoding, header_octets(concat=result.count > 1, wide=wide))
    sizes = [
        len(gsm7_septets(segment) or b"")
        if result.encoding is Encoding.GSM7
        else len(segment.encode("utf-16-be")) // 2
        for segment in result.segments
    ]
    assert all(room - 1 <= size <= room for size in sizes[:-1])
    assert room - sizes[-1] == result.characters_left


@pytest.mark.parametrize(
    ("size", "port", "wide", "sizes"),
    [
        (0, False, False, [0]),
        (140, False, False, [140]),
        (141, False, False, [134, 7]),
        (141, False, True, [133, 8]),
        (133, True, False, [133]),
        (134, True, False, [128, 6]),
        (134, True, True, [127, 7]),
    ],
)
def test_data_is_divided_beside_its_header(size: int, port: bool, wide: bool, sizes: list[int]) -> None:  # noqa: FBT001 - a table
    data = bytes(index % 256 for index in range(size))
    result = plan_data(data, port=port, wide=wide)
    assert [len(segment) for segment in result.segments] == sizes
    assert b"".join(result.segments) == data
    room = capacity(Encoding.DATA, header_octets(concat=len(sizes) > 1, wide=wide, port=port))
    assert result.octets_left == room - sizes[-1]


def test_too_much_data_is_refused() -> None:
    with pytest.raises(TextTooLongError):
        plan_data(bytes(141), max_segments=1)
