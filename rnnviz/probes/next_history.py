"""How the distribution after one text changes while the network learns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_ROOM = 4_000_000  # bytes of logits kept; then every second answer is dropped
_LEAST = 64  # answers kept however large the vocabulary


class NextHistory:
    """The logits (V,) after a text, with the steps of the weights that gave them.

    When there are too many every second one is dropped, so that the whole time stays covered.
    """

    def __init__(self, room: int = _ROOM) -> None:
        self._room = room
        self._steps: list[int] = []
        self._logits: list[NDArray[np.float32]] = []
        self._asked: tuple[int, float] = (-1, 0.0)  # character and temperature of
        self._known: list[float] = []  # their probabilities, of the first answers

    def __len__(self) -> int:
        return len(self._steps)

    def clear(self) -> None:
        """Another text."""
        self._steps, self._logits, self._known = [], [], []

    def add(self, step: int, logits: NDArray[np.floating]) -> None:
        """The logits (V,) with the weights after a step; of one step the last ones count."""
        row = np.asarray(logits, dtype=np.float32)
        if self._steps and step < self._steps[-1]:
            return
        if self._steps and step == self._steps[-1]:
            self._logits[-1] = row
            del self._known[len(self._steps) - 1 :]
            return
        self._steps.append(step)
        self._logits.append(row)
        if len(self._steps) > max(self._room // max(row.nbytes, 1), _LEAST):
            self._steps, self._logits = self._steps[::2], self._logits[::2]
            self._known = []

    def steps(self) -> NDArray[np.int64]:
        """The steps of the N answers, ascending."""
        return np.array(self._steps, dtype=np.int64)

    def probabilities(self, index: int, temperature: float) -> NDArray[np.float64]:
        """Of one character of the vocabulary, at each step (N,); NaN where logits were."""
        if (index, temperature) != self._asked:
            self._asked, self._known = (index, temperature), []
        new = self._logits[len(self._known) :]
        if new:
            scaled = np.array(new, dtype=np.float64)
            with np.errstate(invalid="ignore"):
                powers = np.exp((scaled - scaled.max(axis=1, keepdims=True)) / temperature)
                self._known += (powers[:, index] / powers.sum(axis=1)).tolist()
        return np.array(self._known)
