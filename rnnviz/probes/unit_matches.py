"""What each unit looks like: the simple feature of a text that its course follows best."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnnviz.engine.network import Network, State
from rnnviz.probes.text_features import FEATURES, text_features
from rnnviz.text.vocabulary import Vocabulary

CHARACTERS = 20_000  # read to find the matches
NO_MATCH = 0.4  # |r| below which a name would claim too much
_SLICE = 250  # characters read at a time; whoever waits for the thread waits no longer than that
_REPORT = 5_000  # characters between two results


@dataclass(frozen=True)
class UnitMatches:
    """Of every unit of one signal the best-matching feature, after so many characters."""

    layer: int
    signal: str
    feature: NDArray[np.intp]  # (H,) index into `FEATURES`
    r: NDArray[np.float64]  # (H,) Pearson's r with it, -1 to 1; 0 for a unit that never moves
    variance: NDArray[np.float64]  # (H,) of the activation
    read: int  # characters
    of: int  # characters in all

    @property
    def complete(self) -> bool:
        """Whether all was read."""
        return self.read == self.of

    def name(self, unit: int) -> str:
        """What the unit looks like; empty when nothing matches it."""
        return FEATURES[self.feature[unit]] if abs(self.r[unit]) >= NO_MATCH else ""


def unit_matches(
    network: Network, vocabulary: Vocabulary, text: str, layer: int, signal: str
) -> Iterator[UnitMatches | None]:
    """Reads the first `CHARACTERS` of a text and correlates every unit with every feature.

    ``r = cov(x, f) / (sd(x) sd(f))`` over the characters read, from running sums in float64. Yields
    after every slice of work, so that a thread can look after other things: what is known after
    each few thousand characters, the last time of all, and None in between.
    """
    text = text[:CHARACTERS]
    indices, features = vocabulary.encode(text), text_features(text)
    sums = _Sums(network.config.hidden_size, len(FEATURES))
    state: State | None = None
    for start in range(0, len(text), _SLICE):
        part = slice(start, min(start + _SLICE, len(text)))
        trace = network.trace(indices[part], state)
        state = trace.state
        sums.add(trace.signals[layer][signal], features[:, part])
        if part.stop == len(text) or part.stop % _REPORT == 0:
            r, variance = sums.correlations()
            best = np.abs(r).argmax(axis=1)
            chosen = np.take_along_axis(r, best[:, np.newaxis], axis=1)[:, 0]
            yield UnitMatches(layer, signal, best, chosen, variance, part.stop, len(text))
        else:
            yield None


class _Sums:
    """Running sums of two sets of courses, and Pearson's r between them."""

    def __init__(self, units: int, features: int) -> None:
        self._count = 0
        self._x, self._xx = np.zeros(units), np.zeros(units)
        self._f, self._ff = np.zeros(features), np.zeros(features)
        self._xf = np.zeros((units, features))

    def add(self, x: NDArray[np.floating], f: NDArray[np.floating]) -> None:
        """Adds the courses `x` (H, N) and `f` (F, N) of N more characters."""
        x, f = x.astype(np.float64), f.astype(np.float64)
        self._count += x.shape[1]
        with np.errstate(all="ignore"):  # of a network that has gone astray
            self._x += x.sum(axis=1)
            self._xx += np.einsum("ht,ht->h", x, x)
            self._f += f.sum(axis=1)
            self._ff += np.einsum("ft,ft->f", f, f)
            self._xf += x @ f.T

    def correlations(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """r (H, F) and the units' variance (H,); what never moves, or is not finite, has r = 0."""
        count = self._count
        with np.errstate(all="ignore"):
            x, f = self._x / count, self._f / count
            x_variance = np.maximum(self._xx / count - x * x, 0.0)
            f_variance = np.maximum(self._ff / count - f * f, 0.0)
            scale = np.sqrt(np.outer(x_variance, f_variance))
            r = (self._xf / count - np.outer(x, f)) / scale
        # Where the spread is all rounding there is nothing to correlate.
        still = ~np.isfinite(r) | (scale <= 1e-9 * (1.0 + np.sqrt(np.outer(x * x, f * f))))
        return np.where(still, 0.0, np.clip(r, -1.0, 1.0)), np.nan_to_num(x_variance)
