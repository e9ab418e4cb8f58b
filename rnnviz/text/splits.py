"""Cutting a text into parallel training streams and a held-out part; used when a run starts.

Losses on different splits are not comparable, so a split has a `label` that goes with each figure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rnnviz.text.corpus import CorpusError

Indices = npt.NDArray[np.integer]

_MIN_VALIDATION = 2  # characters: the fewest that hold one prediction
# Guards floor() against products such as 0.9 * 10 = 8.999...: far below one character.
_EPSILON = 1e-6


@dataclass(frozen=True)
class Split:
    """How much of a text is held out, and where.

    "contiguous": the last `fraction` of the text. "interleaved": the text is cut into one stream
    per batch row and the last `fraction` of each is held out (char-rnn's way).
    """

    kind: str = "contiguous"
    fraction: float = 0.1

    def __post_init__(self) -> None:
        if self.kind not in ("contiguous", "interleaved"):
            raise CorpusError(f"The split is contiguous or interleaved, not {self.kind!r}.")
        if not 0.0 <= self.fraction < 1.0:  # also refuses NaN
            raise CorpusError(
                f"The held-out fraction is at least 0 and less than 1, not {self.fraction:g}."
            )

    @property
    def label(self) -> str:
        """The split in words, such as "contiguous 90/10"."""
        held_out = round(100 * self.fraction, 4)
        return f"{self.kind} {round(100 - held_out, 4):g}/{held_out:g}"


@dataclass(frozen=True, eq=False)
class SplitText:
    """A text after the split.

    `train` (B, L): parallel streams, row b+1 continuing where row b (and, interleaved, its held-out
    tail) ended. `validation` (1, M) contiguous or (B, M) interleaved; None when all is trained on.
    `train_segments` and `validation_segments`: the same parts as unbroken stretches of text, for
    statistics that must not straddle a cut; contiguous training is one segment and includes the
    fewer than B characters which no stream has room for.
    """

    split: Split
    train: Indices
    validation: Indices | None
    train_segments: tuple[Indices, ...]
    validation_segments: tuple[Indices, ...]

    @property
    def kind(self) -> str:
        """The kind of split, "contiguous" or "interleaved"."""
        return self.split.kind

    @property
    def label(self) -> str:
        """The split in words, such as "contiguous 90/10"."""
        return self.split.label


def split_indices(indices: Indices, split: Split, batch_size: int, seq_len: int = 1) -> SplitText:
    """Cut `indices` (N,) for `batch_size` streams that are read in windows of `seq_len`.

    The parts are views of `indices` where the cut allows. Raises CorpusError, saying what would
    fit, when a stream can't hold one window and its shifted target (`seq_len` + 1 characters) or
    the held-out part can't hold a prediction.
    """
    if batch_size < 1:
        raise CorpusError(f"The batch size is at least 1, not {batch_size}.")
    if seq_len < 1:
        raise CorpusError(f"The window is at least 1 character long, not {seq_len}.")
    total = len(indices)
    length = _stream_length(total, split, batch_size)
    if length < seq_len + 1:
        raise CorpusError(_too_short(total, split, batch_size, seq_len))
    if split.kind == "contiguous":
        kept = _kept(total, split.fraction)
        training, held_out = indices[:kept], indices[kept:].reshape(1, -1)
        train = training[: batch_size * length].reshape(batch_size, length)
        train_segments: tuple[Indices, ...] = (training,)
    else:
        streams = indices[: total // batch_size * batch_size].reshape(batch_size, -1)
        train, held_out = streams[:, :length], streams[:, length:]
        train_segments = tuple(train)
    if split.fraction == 0.0:
        return SplitText(split, train, None, train_segments, ())
    if held_out.shape[1] < _MIN_VALIDATION:
        raise CorpusError(
            f"The text is too short to hold out {100 * split.fraction:g} %: "
            f"that leaves {held_out.shape[1]} characters where {_MIN_VALIDATION} are needed; "
            "hold out more, or nothing."
        )
    return SplitText(split, train, held_out, train_segments, tuple(held_out))


def _kept(characters: int, fraction: float) -> int:
    """How many of the first characters of a stretch are for training."""
    return math.floor(characters * (1.0 - fraction) + _EPSILON)


def _stream_length(total: int, split: Split, batch_size: int) -> int:
    """The characters of each training stream."""
    if split.kind == "contiguous":
        return _kept(total, split.fraction) // batch_size
    return _kept(total // batch_size, split.fraction)


def _too_short(total: int, split: Split, batch_size: int, seq_len: int) -> str:
    """One sentence: what the text lacks, and the window or batch that would fit."""
    remedies = []
    window = _stream_length(total, split, batch_size) - 1
    if window >= 1:
        remedies.append(f"a window of at most {window}")
    batch = int(total * (1.0 - split.fraction) + _EPSILON) // (seq_len + 1)
    while batch >= 1 and _stream_length(total, split, batch) < seq_len + 1:
        batch -= 1  # the interleaved cut rounds once per stream
    if batch >= 1:
        remedies.append(f"a batch of at most {batch}")
    needed = math.ceil((seq_len + 1) / (1.0 - split.fraction) - _EPSILON) * batch_size
    while _stream_length(needed, split, batch_size) < seq_len + 1:
        needed += batch_size  # rounding once more
    remedies.append(f"a text of about {needed:,} characters")
    streams = "1 stream" if batch_size == 1 else f"{batch_size:,} streams"
    return (
        f"The text is too short: {total:,} characters, split {split.label}, don't give {streams} "
        f"of one {seq_len:,}-character window and its next character; "
        f"{' or '.join(remedies)} would fit."
    )
