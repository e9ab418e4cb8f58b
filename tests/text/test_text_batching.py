"""Windows: every character in order, targets one ahead, starts told, positions restorable."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.text.batching import Streams


@st.composite
def streams(draw: st.DrawFn) -> Streams:
    seq_len = draw(st.integers(1, 12))
    length = draw(st.integers(seq_len + 1, 80))
    batch_size = draw(st.integers(1, 5))
    characters = np.arange(batch_size * length, dtype=np.int32).reshape(batch_size, length)
    return Streams(characters, seq_len)


@given(streams())
def test_an_epoch_reads_each_stream_in_order_and_then_starts_over(source: Streams) -> None:
    windows = [source.next_window() for _ in range(source.windows_per_epoch)]
    assert source.epoch == 1
    assert [start for *_, start in windows] == [True] + [False] * (len(windows) - 1)
    inputs = np.concatenate([window[0] for window in windows])  # (n T, B)
    assert (np.diff(inputs, axis=0) == 1).all()
    for given_inputs, targets, _ in windows:
        assert given_inputs.shape == targets.shape == (source.seq_len, source.batch_size)
        np.testing.assert_array_equal(targets, given_inputs + 1)
        assert given_inputs.flags.c_contiguous
        assert not given_inputs.flags.writeable
    again, _, start = source.next_window()
    assert start
    np.testing.assert_array_equal(again, windows[0][0])


@given(streams())
def test_less_than_a_window_is_left_over(source: Streams) -> None:
    stream_length = len(source._characters)
    assert 0 <= stream_length - 1 - source.windows_per_epoch * source.seq_len < source.seq_len


@given(streams(), st.integers(0, 30), st.integers(1, 30))
def test_a_restored_position_continues_with_the_very_next_window(
    source: Streams, before: int, after: int
) -> None:
    for _ in range(before):
        source.next_window()
    other = Streams(source._characters.T, source.seq_len)
    other.load_state_dict(source.state_dict())
    assert other.progress == source.progress
    for _ in range(after):
        expected, actual = source.next_window(), other.next_window()
        np.testing.assert_array_equal(expected[0], actual[0])
        np.testing.assert_array_equal(expected[1], actual[1])
        assert expected[2] == actual[2]
    assert source.state_dict() == other.state_dict()


@given(streams())
def test_epoch_plus_progress_grows_evenly(source: Streams) -> None:
    for step in range(3 * source.windows_per_epoch):
        assert source.epoch + source.progress == pytest.approx(step / source.windows_per_epoch)
        source.next_window()


@given(st.integers(1, 20), st.integers(1, 30), st.integers(1, 4))
def test_later_changes_of_the_text_do_not_reach_the_windows(
    extra: int, seq_len: int, batch_size: int
) -> None:
    text = np.zeros((batch_size, seq_len + extra), np.int32)
    source = Streams(text, seq_len)
    text[:] = 1
    assert not source.next_window()[0].any()


def test_narrow_characters_are_kept_and_read_as_wide_ones() -> None:
    text = np.random.default_rng(0).integers(0, 200, (3, 50))
    narrow = text.astype(np.uint8)
    narrow.flags.writeable = False
    source, wide = Streams(narrow, 7), Streams(text, 7)
    assert np.shares_memory(source._characters, narrow)
    for _ in range(10):
        for found, expected in zip(source.next_window(), wide.next_window(), strict=True):
            np.testing.assert_array_equal(found, expected)
    inputs, targets, _ = source.next_window()
    assert inputs.dtype == targets.dtype == np.int32
    assert inputs.flags.c_contiguous


@pytest.mark.parametrize(
    ("train", "seq_len"),
    [
        (np.zeros((2, 10), np.int32), 0),
        (np.zeros((2, 10), np.int32), 10),
        (np.zeros(10, np.int32), 3),
        (np.zeros((0, 10), np.int32), 3),
        (np.zeros((2, 10)), 3),
        (np.full((2, 10), -1), 3),
    ],
)
def test_impossible_streams(train: np.ndarray, seq_len: int) -> None:
    with pytest.raises(ValueError, match="must be"):
        Streams(train, seq_len)


@pytest.mark.parametrize("position", [-5, 3, 10, 1000])
def test_impossible_positions(position: int) -> None:
    source = Streams(np.zeros((1, 11), np.int32), 5)
    with pytest.raises(ValueError, match="position"):
        source.load_state_dict({"position": position, "epoch": 0})
    with pytest.raises(ValueError, match="epoch"):
        source.load_state_dict({"position": 0, "epoch": -1})
