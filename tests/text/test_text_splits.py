"""Splits: nothing trained on is held out, nothing is lost, and refusals say what would fit."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.text.corpus import CorpusError
from rnnviz.text.splits import Split, split_indices

kinds: st.SearchStrategy[str] = st.sampled_from(["contiguous", "interleaved"])
fractions = st.floats(0.0, 0.9)


def numbered(length: int) -> np.ndarray:
    """A text whose every character is its own position."""
    return np.arange(length, dtype=np.int32)


@given(st.integers(0, 2000), kinds, fractions, st.integers(1, 40), st.integers(1, 60))
def test_a_split_keeps_the_text_in_order_and_apart(
    spare: int, kind: str, fraction: float, batch_size: int, seq_len: int
) -> None:
    # Long enough for a window and two held-out characters per stream, whatever the rounding.
    length = spare + batch_size * math.ceil((seq_len + 2) / (1 - fraction))
    if fraction:
        fraction = max(fraction, 2 * batch_size / length)
        length *= 4
    result = split_indices(numbered(length), Split(kind, fraction), batch_size, seq_len)
    train = result.train
    assert train.shape[0] == batch_size
    assert train.shape[1] >= seq_len + 1
    assert (np.diff(train, axis=1) == 1).all()
    used = set(train.ravel().tolist())
    assert len(used) == train.size
    if result.validation is None:
        assert fraction == 0.0
        assert result.validation_segments == ()
        held_out: set[int] = set()
    else:
        rows = 1 if kind == "contiguous" else batch_size
        assert result.validation.shape[0] == rows
        assert (np.diff(result.validation, axis=1) == 1).all()
        held_out = set(result.validation.ravel().tolist())
        assert np.array_equal(np.concatenate(result.validation_segments), sorted(held_out))
    assert not used & held_out
    # Left out is less than a stream's rounding.
    assert length - len(used) - len(held_out) < batch_size
    segments = np.concatenate(result.train_segments).tolist()
    assert used <= set(segments)
    assert not set(segments) & held_out
    for piece in result.train_segments:
        assert (np.diff(piece) == 1).all()


@given(st.integers(1600, 5000), kinds, st.floats(0.01, 0.5), st.integers(1, 8))
def test_the_held_out_share_is_the_fraction(
    length: int, kind: str, fraction: float, batch_size: int
) -> None:
    result = split_indices(numbered(length), Split(kind, fraction), batch_size)
    assert result.validation is not None
    stretch = length if kind == "contiguous" else length // batch_size
    assert abs(result.validation.shape[1] - stretch * fraction) <= 1.0


@given(st.integers(0, 300), kinds, fractions, st.integers(1, 40), st.integers(1, 60))
def test_what_a_refusal_recommends_fits(
    length: int, kind: str, fraction: float, batch_size: int, seq_len: int
) -> None:
    split = Split(kind, fraction)
    try:
        split_indices(numbered(length), split, batch_size, seq_len)
    except CorpusError as error:
        message = str(error)
    else:
        return
    if "too short to hold out" in message:
        return

    def fits(length: int, batch_size: int, seq_len: int) -> bool:
        try:
            split_indices(numbered(length), split, batch_size, seq_len)
        except CorpusError as error:
            return "too short to hold out" in str(error)
        return True

    window = re.search(r"window of at most ([\d,]+)", message)
    if window:
        number = int(window[1].replace(",", ""))
        assert fits(length, batch_size, number)
        assert not fits(length, batch_size, number + 1)
    batch = re.search(r"batch of at most ([\d,]+)", message)
    if batch:
        assert fits(length, int(batch[1].replace(",", "")), seq_len)
    text = re.search(r"text of about ([\d,]+)", message)
    assert text
    assert fits(int(text[1].replace(",", "")), batch_size, seq_len)


def test_known_cuts() -> None:
    contiguous = split_indices(numbered(103), Split("contiguous", 0.1), 4, 10)
    assert contiguous.train.shape == (4, 23)
    assert contiguous.train[:, 0].tolist() == [0, 23, 46, 69]
    assert contiguous.validation is not None
    assert contiguous.validation.tolist() == [list(range(92, 103))]
    assert [len(piece) for piece in contiguous.train_segments] == [92]

    interleaved = split_indices(numbered(103), Split("interleaved", 0.2), 5, 10)
    assert interleaved.train.shape == (5, 16)
    assert interleaved.train[:, 0].tolist() == [0, 20, 40, 60, 80]
    assert interleaved.validation is not None
    assert interleaved.validation[1].tolist() == [36, 37, 38, 39]
    assert len(interleaved.train_segments) == 5


def test_the_tiny_shakespeare_cut() -> None:
    result = split_indices(numbered(1_115_394), Split("contiguous", 0.1), 32, 50)
    assert result.validation is not None
    assert result.validation.shape == (1, 111_540)


@pytest.mark.parametrize(
    ("split", "label"),
    [
        (Split(), "contiguous 90/10"),
        (Split("interleaved", 0.05), "interleaved 95/5"),
        (Split("contiguous", 0.0), "contiguous 100/0"),
        (Split("contiguous", 0.125), "contiguous 87.5/12.5"),
        (Split("contiguous", 1 / 3), "contiguous 66.6667/33.3333"),
    ],
)
def test_labels(split: Split, label: str) -> None:
    assert split.label == label
    result = split_indices(numbered(1000), split, 2)
    assert result.label == label
    assert result.kind == split.kind


@pytest.mark.parametrize("fraction", [-0.1, 1.0, 2.0, float("nan"), float("inf")])
def test_impossible_fractions(fraction: float) -> None:
    with pytest.raises(CorpusError, match="fraction"):
        Split("contiguous", fraction)


def test_impossible_arguments() -> None:
    with pytest.raises(CorpusError, match="contiguous or interleaved"):
        Split("random", 0.1)  # type: ignore[arg-type]
    with pytest.raises(CorpusError, match="batch size"):
        split_indices(numbered(100), Split(), 0)
    with pytest.raises(CorpusError, match="window"):
        split_indices(numbered(100), Split(), 1, 0)


def test_a_held_out_part_too_short_for_one_prediction() -> None:
    with pytest.raises(CorpusError, match="hold out"):
        split_indices(numbered(9), Split("contiguous", 0.1), 1)
