"""N-gram reference losses: against a plain twin, exact small cases, and the published table."""

from __future__ import annotations

import math
import os
import tracemalloc
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnviz.text import ngrams
from rnnviz.text.corpus import load_text_file
from rnnviz.text.ngrams import reference_losses
from rnnviz.text.splits import Split, split_indices

_ROOT = Path(__file__).resolve().parents[2]
_SHAKESPEARE = Path(
    os.environ.get("RNNVIZ_TINYSHAKESPEARE")
    or _ROOT.parent / "shared" / "data" / "tinyshakespeare.txt"
)

Pieces = Sequence[Sequence[int]]


def plain_witten_bell(train: Pieces, validation: Pieces, size: int, max_order: int) -> list[float]:
    """The readable twin: dictionaries of counts, the recursion as written in the formula."""
    counts: dict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
    for piece in train:
        for place, character in enumerate(piece):
            for length in range(min(place, max_order - 1) + 1):
                counts[tuple(piece[place - length : place])][character] += 1

    def probability(character: int, context: tuple[int, ...]) -> float:
        lower = probability(character, context[1:]) if context else 1.0 / size
        seen = counts.get(context)
        if seen is None:
            return lower
        return (seen[character] + len(seen) * lower) / (seen.total() + len(seen))

    places = [(piece, place) for piece in validation for place in range(len(piece))]
    judged = [(piece, place) for piece, place in places if place >= max_order - 1] or places
    return [
        -sum(
            math.log(probability(piece[place], tuple(piece[max(0, place - order + 1) : place])))
            for piece, place in judged
        )
        / len(judged)
        for order in range(1, max_order + 1)
    ]


def arrays(pieces: Pieces) -> list[np.ndarray]:
    return [np.array(piece, np.int32) for piece in pieces]


texts = st.lists(st.integers(0, 3), min_size=1, max_size=40)


@given(st.lists(texts, min_size=1, max_size=4), st.lists(texts, min_size=1, max_size=4), st.just(5))
@settings(max_examples=200)
def test_the_fast_way_equals_the_plain_one(
    train: list[list[int]], validation: list[list[int]], max_order: int
) -> None:
    result = reference_losses(arrays(train), arrays(validation), 4, max_order)
    expected = plain_witten_bell(train, validation, 4, max_order)
    for order, loss in result.ngram.items():
        assert loss == pytest.approx(expected[order - 1], rel=1e-12)
    # Orders longer than every training piece have nothing counted and are left out.
    assert list(result.ngram) == list(range(1, min(max_order, max(map(len, train))) + 1))


def test_uniform_and_a_unigram_by_hand() -> None:
    result = reference_losses(np.array([0, 0, 0, 1]), np.array([0, 2]), 3, max_order=1)
    assert result.uniform == math.log(3)
    # c = 4, d = 2: P(0) = (3 + 2/3) / 6, P(2) = (0 + 2/3) / 6
    expected = -(math.log((3 + 2 / 3) / 6) + math.log((2 / 3) / 6)) / 2
    assert result.ngram == {1: pytest.approx(expected)}
    assert (result.train_characters, result.validation_characters) == (4, 2)


def test_n_grams_do_not_straddle_pieces() -> None:
    whole = reference_losses(np.tile([0, 1], 50), np.array([0, 1, 0, 1]), 2, 2)
    pieces = reference_losses(list(np.tile([0, 1], 50).reshape(-1, 1)), np.array([0, 1, 0, 1]), 2)
    assert whole.ngram[2] < 0.1
    assert list(pieces.ngram) == [1]


def test_a_vocabulary_whose_powers_overflow_is_counted_right() -> None:
    rng = np.random.default_rng(1)
    train, validation = rng.integers(0, 20, 400) * 50_000, rng.integers(0, 20, 60) * 50_000
    result = reference_losses(train, validation, 1_000_000, 6)
    expected = plain_witten_bell([train.tolist()], [validation.tolist()], 1_000_000, 6)
    assert list(result.ngram.values()) == pytest.approx(expected, rel=1e-12)


def test_nothing_held_out_leaves_the_uniform_loss_alone() -> None:
    for empty in (np.empty(0, np.int32), []):
        result = reference_losses(np.array([0, 1, 0]), empty, 2)
        assert result.ngram == {}
        assert result.uniform == math.log(2)
    assert reference_losses([], np.array([0, 1]), 2).ngram == {}


def test_cancelling_keeps_the_orders_done() -> None:
    answers = iter([False, False, True])
    text = np.tile([0, 1, 2], 20)
    result = reference_losses(text, text, 3, cancelled=lambda: next(answers))
    assert list(result.ngram) == [1, 2]


def test_long_texts_are_counted_up_to_the_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ngrams, "MAX_TRAIN_CHARACTERS", 25)
    monkeypatch.setattr(ngrams, "MAX_VALIDATION_CHARACTERS", 12)
    pieces = [np.zeros(10, np.int32)] * 4
    result = reference_losses(pieces, pieces, 2, max_order=1)
    assert (result.train_characters, result.validation_characters) == (25, 12)


def test_indices_outside_the_vocabulary_are_refused() -> None:
    good, bad = np.array([0, 1]), np.array([0, 2])
    with pytest.raises(ValueError, match="train"):
        reference_losses(bad, good, 2)
    with pytest.raises(ValueError, match="validation"):
        reference_losses(good, -bad, 2)
    with pytest.raises(ValueError, match="vocabulary_size"):
        reference_losses(good, good, 0)


@pytest.mark.skipif(not _SHAKESPEARE.is_file(), reason="tiny Shakespeare is not on this machine")
class TestTinyShakespeare:
    """The published figures, to the three decimals they were published with."""

    def test_contiguous(self) -> None:
        corpus = load_text_file(_SHAKESPEARE)
        parts = split_indices(corpus.indices, Split("contiguous", 0.1), 32, 50)
        result = reference_losses(parts.train_segments, parts.validation_segments, 65)
        assert round(result.uniform, 3) == 4.174
        assert [round(loss, 3) for loss in result.ngram.values()] == [
            *(3.347, 2.486, 2.049, 1.774, 1.669, 1.698)
        ]

    def test_interleaved_cut_at_whole_windows_as_char_rnn_does(self) -> None:
        corpus = load_text_file(_SHAKESPEARE)
        # 50 streams of 446 windows of 50 characters, 423 of them for training.
        streams = corpus.indices[: 50 * 446 * 50].reshape(50, 446 * 50)
        train, validation = streams[:, : 423 * 50], streams[:, 423 * 50 :]
        result = reference_losses(list(train), list(validation), 65)
        assert [round(loss, 3) for loss in result.ngram.values()] == [
            *(3.311, 2.462, 1.941, 1.592, 1.463, 1.475)
        ]

    def test_interleaved_cut_to_the_character_is_close_to_it(self) -> None:
        corpus = load_text_file(_SHAKESPEARE)
        parts = split_indices(corpus.indices, Split("interleaved", 0.05), 50, 50)
        result = reference_losses(parts.train_segments, parts.validation_segments, 65)
        assert list(result.ngram.values()) == pytest.approx(
            [3.311, 2.462, 1.941, 1.592, 1.463, 1.475], abs=0.006
        )


def test_counting_takes_memory_in_proportion_to_the_text() -> None:
    size = 400_000
    text = np.tile(np.random.default_rng(0).integers(0, 60, size // 20).astype(np.int32), 20)
    tracemalloc.start()
    try:
        reference_losses(text, text[:1000], 60)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 60 * size


@pytest.mark.parametrize(
    "highest", [3, 1000, 1 << 40, 1 << 61]
)  # the last fit no place beside them
@pytest.mark.parametrize("size", [1, 2, 1000])
def test_distinct_codes_are_those_of_unique(highest: int, size: int) -> None:
    codes = np.random.default_rng(size).integers(0, highest, size)
    codes[-1] = codes[0]
    expected = np.unique(codes, return_inverse=True, return_counts=True)
    for found, wanted in zip(ngrams._distinct(codes.copy()), expected, strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_narrow_indices_give_the_same_losses() -> None:
    text = np.random.default_rng(0).integers(0, 200, 3000)
    wide = reference_losses(text[:2000], text[2000:], 200)
    narrow = text.astype(np.uint8)
    assert reference_losses(narrow[:2000], narrow[2000:], 200) == wide
