"""Vocabularies: both ways for any text, clear refusals, visible names for invisible characters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.text import vocabulary as vocabulary_module
from rnnviz.text.vocabulary import UnknownCharacterError, Vocabulary, describe, name, symbol


@given(st.text(min_size=1))
def test_encode_and_decode_are_inverse(text: str) -> None:
    vocabulary = Vocabulary.from_text(text)
    indices = vocabulary.encode(text)
    assert indices.dtype == np.int32
    assert indices.shape == (len(text),)
    assert vocabulary.decode(indices) == text
    assert [vocabulary.characters[i] for i in indices] == list(text)


@pytest.mark.parametrize(
    ("size", "kind"),
    [(1, np.uint8), (256, np.uint8), (257, np.uint16), (1 << 16, np.uint16), (65_537, np.int32)],
)
def test_narrow_indices_are_the_same_in_as_few_bytes_as_hold_them(
    size: int, kind: type[np.integer]
) -> None:
    text = "".join(map(chr, range(0x10000, 0x10000 + size)))
    vocabulary = Vocabulary.from_text(text)
    narrow = vocabulary.encode_narrow(text + text)
    assert narrow.dtype == kind
    np.testing.assert_array_equal(narrow, vocabulary.encode(text + text))
    with pytest.raises(UnknownCharacterError):
        vocabulary.encode_narrow("a")


@given(st.text(min_size=1))
def test_from_text_has_each_character_once_in_code_point_order(text: str) -> None:
    vocabulary = Vocabulary.from_text(text)
    assert list(vocabulary.characters) == sorted(set(text))
    assert vocabulary.size == len(vocabulary) == len(set(text))
    assert all(vocabulary.index(c) == i for i, c in enumerate(vocabulary.characters))


@given(st.text("abc\U0001f600", min_size=1), st.text(), st.characters(exclude_characters="abc"))
def test_encode_names_the_first_unknown_character(known: str, rest: str, stranger: str) -> None:
    vocabulary = Vocabulary(("c", "a", "b", "\U0001f600"))
    if stranger == "\U0001f600":
        stranger = "d"
    with pytest.raises(UnknownCharacterError) as caught:
        vocabulary.encode(known + stranger + rest)
    assert caught.value.character == stranger
    assert caught.value.position == len(known)


def test_encode_is_the_same_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    vocabulary = Vocabulary.from_text("hello world")
    whole = vocabulary.encode("hello world")
    monkeypatch.setattr(vocabulary_module, "_CHUNK", 3)
    np.testing.assert_array_equal(vocabulary.encode("hello world"), whole)
    with pytest.raises(UnknownCharacterError) as caught:
        vocabulary.encode("hello x")
    assert caught.value.position == 6


def test_lone_surrogates_survive() -> None:
    vocabulary = Vocabulary.from_text("a\ud800b")
    assert vocabulary.decode(vocabulary.encode("\ud800ab")) == "\ud800ab"


def test_constructor_keeps_the_order_of_a_model_file() -> None:
    vocabulary = Vocabulary(("z", "a", "\n"))
    assert vocabulary.encode("a\nz").tolist() == [1, 2, 0]


@pytest.mark.parametrize("characters", [(), ("ab",), ("",), ("a", "a"), (7,)])
def test_constructor_refuses_what_is_no_vocabulary(characters: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="vocabulary"):
        Vocabulary(characters)


@pytest.mark.parametrize("indices", [[-1], [3], [0, 1, 99], [0.5], [[0, 1]]])
def test_decode_refuses_what_are_no_indices(indices: list[int]) -> None:
    with pytest.raises(ValueError, match="decode wants"):
        Vocabulary(("a", "b", "c")).decode(indices)


def test_empty_text_and_membership() -> None:
    vocabulary = Vocabulary.from_text("ab")
    assert vocabulary.decode([]) == ""
    assert vocabulary.encode("").shape == (0,)
    assert "a" in vocabulary
    assert "x" not in vocabulary
    assert 3 not in vocabulary
    with pytest.raises(UnknownCharacterError, match="'x'"):
        vocabulary.index("x")


@pytest.mark.parametrize(
    ("character", "picture", "words"),
    [
        (" ", "\u2423", "space"),
        ("\n", "\u23ce", "newline"),
        ("\t", "\u21e5", "tab"),
        ("\x07", "\u2407", "U+0007"),
        ("\x00", "\u2400", "U+0000"),
        ("\x1a", "\u241a", "U+001A"),
        ("\x7f", "\u2421", "U+007F"),
        ("\u00a0", "\u25a1", "U+00A0"),
        ("\u0301", "\u25cc\u0301", "U+0301"),
        ("a", "a", "a"),
        ("é", "é", "é"),
        ("\U0001f600", "\U0001f600", "\U0001f600"),
    ],
)
def test_symbols_and_names(character: str, picture: str, words: str) -> None:
    assert symbol(character) == picture
    assert name(character) == words


@given(st.characters())
def test_every_symbol_is_visible(character: str) -> None:
    shown = symbol(character)
    assert shown[0].isprintable()
    assert not shown[0].isspace()
    assert name(character)


def test_describe_quotes_what_can_be_seen() -> None:
    assert describe("a") == "'a'"
    assert describe(" ") == "space"
