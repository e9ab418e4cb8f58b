"""One step of the recurrence as a linear map, and its eigenvalues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnnviz.engine.network import Network, State
from rnnviz.probes.windows import Indices

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]


@dataclass(frozen=True)
class Spectrum:
    """Eigenvalues of one layer's mean step Jacobian, and of its `W_hh` where that is one matrix."""

    layer: int
    state: tuple[str, ...]  # what the Jacobian maps, ("h",) or ("h", "c")
    jacobian: Complex  # (H,), with c (2H,)
    weights: Complex | None  # (H,) of W_hh; None with gates
    averaged: int  # Jacobians in the mean

    @property
    def radius(self) -> float:
        """The spectral radius of the Jacobian: its largest |eigenvalue|."""
        return float(np.abs(self.jacobian).max())

    @property
    def weight_radius(self) -> float | None:
        """The spectral radius of W_hh."""
        return None if self.weights is None else float(np.abs(self.weights).max())


def elman_jacobian(network: Network, states: Sequence[State], layer: int) -> Floats:
    """The mean of dh_t / dh_{t-1} `(H, H)` of a plain RNN over the `states` h_t visited.

    With `a_t` the sum that is squashed, `dh_t/dh_{t-1} = diag(phi'(a_t)) W_hh`, where `phi'` is
    `1 - h_t^2` for tanh and `[h_t > 0]` for ReLU; the mean needs only that of the slopes.
    """
    hidden = np.stack([state[layer][0] for state in states]).astype(np.float64)  # (T, H, W)
    slopes = 1.0 - hidden**2 if network.config.activation == "tanh" else hidden > 0.0
    weights = network.parameters[f"rnn.weight_hh_l{layer}"].astype(np.float64)
    jacobian: Floats = slopes.mean(axis=(0, 2))[:, np.newaxis] * weights
    return jacobian


def step_jacobian(network: Network, characters: Indices, state: State, layer: int) -> Floats:
    """The mean over W texts of the Jacobian of one step of `layer`, for any cell.

    `characters (W,)` are read from `state`, `(H, W)` arrays. The result is `(H, H)` with entry
    `[i, j] = dh_t[i] / dh_{t-1}[j]`. An LSTM carries h and c, and what it remembers goes by c, so
    it has `(2H, 2H)`: rows and columns of h, then of c. The layers below and the characters are
    held fixed. Exact: one backward pass over H copies (2H with c) of a text, each starting with
    the gradient of another unit.
    """
    size, names = network.config.hidden_size, network.state_names
    rows = size * len(names)
    dtype = network.config.dtype
    identity = np.eye(rows, dtype=dtype)
    none = np.zeros((size, rows), dtype)
    d_state = tuple(
        tuple(
            identity[index * size : (index + 1) * size] if number == layer else none
            for index in range(len(names))
        )
        for number in range(network.config.num_layers)
    )
    dlogits = np.zeros((network.config.vocabulary_size, 1, rows), dtype)
    total = np.zeros((rows, rows))
    for text, character in enumerate(characters):
        copies = tuple(
            tuple(np.repeat(array[:, text : text + 1], rows, axis=1) for array in arrays)
            for arrays in state
        )
        forward = network.forward(np.full((1, rows), character), copies)
        network.backward(forward, dlogits, d_state)
        # Column b is the gradient of output b by all inputs: row b of the Jacobian.
        total += np.concatenate(network.state_gradient[layer]).T
    return total / len(characters)


def spectrum(network: Network, inputs: Indices, states: Sequence[State], layer: int) -> Spectrum:
    """The eigenvalues of a layer, averaged over the `states` visited in `inputs (T, W)`.

    A plain RNN's Jacobian is averaged over every state after the first quarter of the characters,
    when the zero state is forgotten; with gates over the last state of each text. O(H^3).
    """
    if network.config.cell == "rnn":
        visited = states[len(states) // 4 :]
        jacobian = elman_jacobian(network, visited, layer)
        weights = network.parameters[f"rnn.weight_hh_l{layer}"].astype(np.float64)
        return Spectrum(
            layer,
            network.state_names,
            _eigenvalues(jacobian),
            _eigenvalues(weights),
            len(visited) * inputs.shape[1],
        )
    jacobian = step_jacobian(network, inputs[-1], states[-2], layer)
    return Spectrum(layer, network.state_names, _eigenvalues(jacobian), None, inputs.shape[1])


def _eigenvalues(matrix: Floats) -> Complex:
    """Of a real matrix, largest |eigenvalue| first."""
    found = np.linalg.eigvals(matrix).astype(np.complex128)
    ordered: Complex = found[np.argsort(-np.abs(found), kind="stable")]
    ordered.flags.writeable = False
    return ordered
