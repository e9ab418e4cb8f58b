"""Windows over parallel streams with targets shifted by one; the trainer reads its batches here."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.int32]


class Streams:
    """B parallel streams of a text, read in consecutive windows of T characters.

    Consecutive windows continue each stream, so the hidden state can be carried from one to the
    next; when the streams are used up they start over, and the state must too. The at most T
    characters at the end that fill no window are left out of every epoch.

    `train` is (B, L) integers with L > `seq_len`; ValueError otherwise.
    Attributes: ``seq_len`` (T), ``batch_size`` (B), ``position`` (characters of each stream read in
    this epoch), ``epoch`` (passes completed), ``windows_per_epoch`` and ``highest`` (the highest
    index in the text).
    """

    def __init__(self, train: npt.NDArray[np.integer], seq_len: int) -> None:
        if train.ndim != 2 or train.dtype.kind not in "iu" or train.shape[0] < 1:
            raise ValueError(
                f"train must be whole numbers of shape (B, L), got shape {train.shape}, "
                f"dtype {train.dtype}."
            )
        if not 1 <= seq_len < train.shape[1]:
            raise ValueError(
                f"seq_len must be from 1 to {train.shape[1] - 1} for streams of "
                f"{train.shape[1]} characters, got {seq_len}."
            )
        self.highest = int(train.max())
        if train.dtype.kind == "i" and train.min() < 0:
            raise ValueError(f"train must be indices >= 0, got {int(train.min())}.")
        self.seq_len = seq_len
        self.batch_size = train.shape[0]
        self.position = 0
        self.epoch = 0
        # Of a read-only array a view: to copy each window costs microseconds, a second copy of a
        # long text half a gigabyte.
        # It keeps its type for the same reason.
        characters = train.copy() if train.flags.writeable else train
        self._characters: npt.NDArray[np.integer] = characters.T  # (L, B)
        self.windows_per_epoch = (len(self._characters) - 1) // seq_len

    @property
    def progress(self) -> float:
        """How much of the current epoch is read, from 0 up to but not including 1."""
        return self.position / (self.windows_per_epoch * self.seq_len)

    def next_window(self) -> tuple[Indices, Indices, bool]:
        """The next inputs (T, B), targets (T, B) and whether they begin the streams.

        ``targets[t]`` is the character after ``inputs[t]``; both are read-only views. When the
        third value is True the caller starts from a zero state.
        """
        start, stop = self.position, self.position + self.seq_len
        # (T + 1, B), contiguous
        window = self._characters[start : stop + 1].astype(np.int32, order="C")
        window.setflags(write=False)
        inputs, targets = window[:-1], window[1:]
        self.position = stop
        if stop + self.seq_len >= len(self._characters):
            self.position = 0
            self.epoch += 1
        return inputs, targets, start == 0

    def state_dict(self) -> dict[str, int]:
        """What `load_state_dict` needs to continue with the very next window."""
        return {"position": self.position, "epoch": self.epoch}

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        """Continue where `state_dict` was taken, on the same streams and window.

        Raises ValueError when no window of these streams starts at that position.
        """
        position, epoch = state["position"], state["epoch"]
        last = (self.windows_per_epoch - 1) * self.seq_len
        whole = type(position) is int and type(epoch) is int
        # Beyond 2^53 passes over the text a float could no longer count them.
        if (
            not whole
            or not (0 <= position <= last and 0 <= epoch < 2**53)
            or (position % self.seq_len)
        ):
            raise ValueError(
                f"position must be a multiple of {self.seq_len} from 0 to {last} and epoch at "
                f"least 0, got position {position!r}, epoch {epoch!r}."
            )
        self.position = position
        self.epoch = epoch
