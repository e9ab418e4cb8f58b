"""Cross-entropy of a network on a given text; used by live validation and ``rnnviz eval``."""

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, inf, log
from typing import Any

import numpy as np
import numpy.typing as npt

from rnnviz.engine.errors import EngineError, require_indices, require_integer
from rnnviz.engine.loss import cross_entropy
from rnnviz.engine.network import Network, State

Indices = npt.NDArray[np.integer[Any]]
Progress = Callable[[int, int], None]

# Characters handled at once: large enough for the bulk GEMMs, small enough to stay in the cache.
_CHUNK_CHARACTERS = 2_048


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Mean cross-entropy in nats per character over so many predicted ``characters``."""

    nats: float
    characters: int

    @property
    def bits(self) -> float:
        """Bits per character: nats / ln 2."""
        return self.nats / log(2.0)

    @property
    def perplexity(self) -> float:
        """exp(nats); infinite when that overflows."""
        try:
            return exp(self.nats)
        except OverflowError:
            return inf


def evaluate(
    network: Network,
    indices: Indices,
    streams: int = 1,
    warmup: int = 0,
    chunk: int | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Predict characters 2..N of the text ``indices (N,)``, N >= 2.

    With ``streams=1`` the whole text is read statefully from a zero state: the exact figure. With
    more, equal consecutive pieces are read in parallel, each after the ``warmup`` characters before
    it, which are not counted: every character is still predicted once, with a little less context.
    ``chunk`` is how many time steps are computed at once, ``progress(done, total)`` is called after
    each chunk and may raise to stop. Sums are in float64. Works in buffers of its own.
    """
    indices = require_indices("indices", indices, network.config.vocabulary_size, ("N",))
    if indices.size < 2:
        raise EngineError("indices must hold at least 2 characters, got 1")
    predictions = indices.size - 1
    streams = min(require_integer("streams", streams, 1), predictions)
    warmup = require_integer("warmup", warmup, 0)
    length = predictions // streams
    warmup = min(warmup, length) if streams > 1 else 0
    starts = np.arange(streams) * length
    reader = _Reader(network, streams, chunk, progress, predictions)

    if warmup:
        # The first piece has nothing before it: it reads anything here and then starts from zero.
        positions = np.maximum(starts - warmup, 0) + np.arange(warmup)[:, np.newaxis]
        reader.read(indices[positions])
        reader.forget_first()
    positions = starts + np.arange(length)[:, np.newaxis]  # (T, S)
    reader.read(indices[positions], indices[positions + 1])
    rest = indices[streams * length :]  # the last piece takes what the division left over
    if rest.size > 1:
        reader.keep_last()
        reader.read(rest[:-1, np.newaxis], rest[1:, np.newaxis])
    return reader.result()


def evaluate_streams(
    network: Network,
    block: Indices,
    chunk: int | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Predict characters 2..L of each of the texts ``block (S, L)``, L >= 2, from zero states."""
    block = require_indices("block", block, network.config.vocabulary_size, ("S", "L"))
    if block.shape[1] < 2:
        raise EngineError(f"block must have shape (S, L) with L >= 2, got {block.shape}")
    reader = _Reader(
        network, block.shape[0], chunk, progress, block.shape[0] * (block.shape[1] - 1)
    )
    reader.read(block[:, :-1].T, block[:, 1:].T)
    return reader.result()


class _Reader:
    """Carries state and sums through consecutive chunks."""

    def __init__(
        self,
        network: Network,
        streams: int,
        chunk: int | None,
        progress: Progress | None,
        total: int,
    ) -> None:
        automatic = max(_CHUNK_CHARACTERS // streams, 1)
        self._chunk = automatic if chunk is None else require_integer("chunk", chunk, 1)
        # Own buffers over the same parameters: a training step's buffers stay as they are.
        self._network = network.twin()
        self._state: State = self._network.zero_state(streams)
        self._progress = progress
        self._nats = 0.0
        self._characters = 0
        self._total = total

    def read(self, inputs: Indices, targets: Indices | None = None) -> None:
        """Read ``inputs (T, S)``; count the predictions of ``targets``, if any."""
        for start in range(0, len(inputs), self._chunk):
            part = slice(start, start + self._chunk)
            forward = self._network.forward(inputs[part], self._state)
            self._state = forward.state
            if targets is None:
                continue
            with np.errstate(over="ignore", invalid="ignore"):
                nats = cross_entropy(forward.logits, targets[part])
            self._nats += float(nats.sum(dtype=np.float64))
            self._characters += nats.size
            if self._progress is not None:
                self._progress(self._characters, self._total)

    def forget_first(self) -> None:
        """Zero the first stream's state."""
        for arrays in self._state:
            for array in arrays:
                array[:, 0] = 0.0

    def keep_last(self) -> None:
        """Go on with the last stream only."""
        self._state = tuple(tuple(a[:, -1:].copy() for a in arrays) for arrays in self._state)

    def result(self) -> Evaluation:
        """The mean so far."""
        return Evaluation(self._nats / self._characters, self._characters)
