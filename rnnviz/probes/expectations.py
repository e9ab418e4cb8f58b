"""What a network expected before it read each character of a text; for the Probe perspective.

All information measures are in bits. A text of T characters has T + 1 columns: column t is the
distribution p_t before character t was read, and the last one is of the character still to come.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnnviz.engine.loss import log_softmax
from rnnviz.engine.network import Network
from rnnviz.probes.reading import Reading, read_text
from rnnviz.text.vocabulary import Vocabulary

GUESSES = 5
_LN2 = float(np.log(2.0))
_CHUNK = 1_000_000  # probabilities worked on at a time, 8 MB


@dataclass(frozen=True)
class Expectations:
    """The n best guesses of every column, and how well each of the T characters was expected.

    Where the network's logits are not finite the column is NaN, its guesses and ranks are -1.
    """

    text: str  # the T characters read
    skipped: int  # characters before them that were left out
    characters: tuple[str, ...]  # the vocabulary, V characters
    guesses: NDArray[np.intp]  # (n, T + 1) vocabulary indices, the most probable first
    chances: NDArray[np.float64]  # (n, T + 1) their probabilities
    entropy: NDArray[np.float64]  # (T + 1,) H(p_t) = -sum p_t log2 p_t: the surprisal it expected
    surprisal: NDArray[np.float64]  # (T,) -log2 p_t(character t)
    ranks: NDArray[np.intp]  # (T,) of character t among the guesses, 1 is the most probable

    @property
    def judged(self) -> slice:
        """The characters that count: the first has nothing before it, so it judges nobody.

        The mean of `surprisal[judged]` is minus the mean of `log_probabilities`, in bits.
        """
        return slice(1, None)


def expectations(
    network: Network, vocabulary: Vocabulary, text: str, count: int = GUESSES
) -> Expectations:
    """The `count` best guesses at every character of the end of a text, read from a zero state.

    All characters must be in the vocabulary; see `read_text` for how much is read. Before the first
    character the network sees only its zero state.
    """
    blank = read_text(network, vocabulary, "").logits
    return expectations_of(read_text(network, vocabulary, text), blank[:, 0], vocabulary, count)


def expectations_of(
    reading: Reading, blank: NDArray[np.float64], vocabulary: Vocabulary, count: int = GUESSES
) -> Expectations:
    """The same from a text already read; `blank` (V,) are the logits of the zero state."""
    length, size = len(reading.text), vocabulary.size
    columns = [blank[:, np.newaxis]]
    if length:
        columns.append(reading.logits)
    logits = np.concatenate(columns, axis=1)  # (V, T + 1)
    count = min(count, size)
    guesses = np.full((count, length + 1), -1, np.intp)
    chances = np.full((count, length + 1), np.nan)
    entropy = np.full(length + 1, np.nan)
    surprisal = np.full(length, np.nan)
    ranks = np.full(length, -1, np.intp)
    actual = vocabulary.encode(reading.text)
    width = max(_CHUNK // size, 1)
    for start in range(0, length + 1, width):
        part = np.arange(start, min(start + width, length + 1))
        part = part[np.isfinite(logits[:, part]).all(axis=0)]
        if not len(part):
            continue
        log_p = log_softmax(logits[:, part])
        p = np.exp(log_p)
        left, column = log_p.copy(), np.arange(len(part))
        for place in range(count):
            # A few passes are quicker than sorting a large vocabulary. Of equals the first in the
            # vocabulary comes first, here and in the ranks.
            best = left.argmax(axis=0)
            guesses[place, part] = best
            chances[place, part] = p[best, column]
            left[best, column] = -np.inf
        entropy[part] = np.maximum(-(p * log_p).sum(axis=0) / _LN2, 0.0)
        read = part < length
        column, index = np.flatnonzero(read), actual[part[read]]
        own = log_p[index, column]
        surprisal[part[read]] = np.maximum(-own / _LN2, 0.0)
        others = log_p[:, column]
        before = (others == own) & (np.arange(size)[:, np.newaxis] < index)
        ranks[part[read]] = 1 + (others > own).sum(axis=0) + before.sum(axis=0)
    return Expectations(
        reading.text,
        reading.skipped,
        vocabulary.characters,
        guesses,
        chances,
        entropy,
        surprisal,
        ranks,
    )
