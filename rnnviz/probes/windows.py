"""The pieces of text that probes of the gradient read, and the states a network has in them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnviz.engine.network import Network, State

Indices = NDArray[np.integer[Any]]


def text_windows(indices: Indices, count: int, length: int) -> Indices:
    """Pieces of a text `indices (N,)` at equal distances: `(length, count)`, a column each.

    A text shorter than `length` gives one column, the whole text; where there are not `count`
    different places there are fewer columns.
    """
    length = min(length, len(indices))
    starts = np.unique(np.linspace(0, len(indices) - length, count).astype(np.intp))
    pieces: Indices = indices[np.arange(length)[:, np.newaxis] + starts]
    return pieces.astype(np.int32)  # that of a text may be too narrow to calculate with


def visited_states(network: Network, inputs: Indices) -> list[State]:
    """The states before each of the characters `inputs (T, W)` and after the last: T + 1 of them.

    The W texts are read side by side from a zero state; each state holds `(H, W)` arrays. The
    network's buffers are used, so no other thread may use it meanwhile (see `Network.twin`).
    """
    state = network.zero_state(inputs.shape[1])
    states = [state]
    for characters in inputs:
        state = network.forward(characters[np.newaxis], state).state
        states.append(state)
    return states
