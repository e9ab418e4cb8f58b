"""Each feature on texts small enough to mark by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.probes.text_features import FEATURES, text_features


def feature(name: str, text: str) -> list[int]:
    return [int(value) for value in text_features(text)[FEATURES.index(name)]]


@pytest.mark.parametrize(
    ("name", "text", "marks"),
    [
        ("position in the line", "ab\nc\n\nd", [1, 2, 0, 1, 0, 0, 1]),
        ("after a newline", "a\n\nb", [0, 1, 1, 0]),
        ("start of a line", "abcde\nf", [1, 1, 1, 0, 0, 0, 1]),
        ("after an empty line", "a\n\n\nb", [0, 0, 1, 1, 0]),
        ("indentation", " \ta b\n c", [1, 2, 2, 2, 2, 0, 1, 1]),
        ("inside quotes", 'a"b"c', [0, 1, 1, 0, 0]),
        ("inside quotes", '"a\n\nb', [1, 1, 1, 0, 0]),
        ("inside quotes", "«a»b", [1, 1, 0, 0]),
        ("inside brackets", "(a)b", [1, 1, 0, 0]),
        ("depth of brackets", "([a])b)c", [1, 2, 2, 1, 0, 0, 0, 0]),
        ("in a speaker's name", "AB:\nc: d\n", [1, 1, 1, 0, 0, 0, 0, 0, 0]),
        ("position in the word", "it's a", [1, 2, 3, 4, 0, 1]),
        ("start of a word", "to be", [1, 0, 0, 1, 0]),
        ("inside a word", "o' b-c", [1, 1, 0, 1, 0, 1]),
        ("after a space", "a b", [0, 1, 0]),
        ("capital letter", "aBc", [0, 1, 0]),
        ("word in capitals", "A BC d", [0, 0, 1, 1, 0, 0]),
        ("vowel just read", "aXE", [1, 0, 1]),
        ("consonant just read", "ab,", [0, 1, 0]),
        ("doubled letter", "too  b", [0, 0, 1, 0, 0, 0]),
        ("digit just read", "a1", [0, 1]),
        ("punctuation just read", "a, 1!", [0, 1, 0, 0, 1]),
        ("after a comma", "a,b", [0, 1, 0]),
        ("end of a sentence", "a.b?", [0, 1, 0, 1]),
        ("length of the sentence", "ab. c", [1, 2, 0, 1, 2]),
        ("after an apostrophe", "a'b", [0, 1, 0]),
    ],
)
def test_marks(name: str, text: str, marks: list[int]) -> None:
    assert feature(name, text) == marks


def test_every_feature_is_marked_by_hand_above() -> None:
    tested = {case[0] for case in test_marks.pytestmark[0].args[1]}  # type: ignore[attr-defined]
    assert tested == set(FEATURES) and len(FEATURES) == len(set(FEATURES)) == 24


@given(st.text(max_size=60))
def test_any_text_has_finite_features_that_see_nothing_of_what_is_to_come(text: str) -> None:
    whole = text_features(text)
    assert whole.shape == (24, len(text)) and np.isfinite(whole).all()
    # A name is known by its colon and a word in capitals by its second letter; all else is not.
    blind = [
        n for n, f in enumerate(FEATURES) if f not in ("in a speaker's name", "word in capitals")
    ]
    half = len(text) // 2
    np.testing.assert_array_equal(whole[blind, :half], text_features(text[:half])[blind])
