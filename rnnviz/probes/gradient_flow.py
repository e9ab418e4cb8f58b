"""How strongly the loss at the last character depends on the states before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnnviz.engine.loss import probabilities
from rnnviz.engine.network import Network, State
from rnnviz.engine.normalization import LayerNorm
from rnnviz.engine.parameters import Array
from rnnviz.probes.windows import Indices

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class GradientFlow:
    """Gradient norms of L layers, 0 to K steps back, over W windows; arrays are read-only.

    `norms[name]` is `(L, K + 1, W)` for each state the cell carries, `h` and with an LSTM `c`. The
    entry `[l, k, w]` is the L2 norm of the gradient of the loss at the last character of window w
    by the state that layer l carries from the step k before the last one to the next,
    ||dL_T / dh_{T-k}||. NaN where nothing is carried on: k = 0 of all but the top layer's h.
    """

    norms: dict[str, Floats]

    @property
    def steps(self) -> int:
        """K, how far back it goes."""
        return int(self.norms["h"].shape[1]) - 1

    @property
    def layers(self) -> int:
        """L."""
        return int(self.norms["h"].shape[0])

    @property
    def windows(self) -> int:
        """W."""
        return int(self.norms["h"].shape[2])

    def quantile(self, name: str, layer: int, share: float) -> Floats:
        """A quantile over the windows, `(K + 1,)`; 0.5 is the median."""
        with np.errstate(invalid="ignore"):  # between two infinities
            values: Floats = np.quantile(self.norms[name][layer], share, axis=1)
        return values


def gradient_flow(
    network: Network, windows: Indices, states: Sequence[State], steps: int
) -> GradientFlow:
    """Goes back `steps` steps from the last prediction of `windows (T + 1, W)`.

    The last row of `windows` is what is to be predicted from the T characters before it, `states`
    what `visited_states` found in these. The loss of that one prediction is put in at the last step
    and nowhere else: with the loss of every step the fresh gradients would hide how the old ones
    fade. With p the probabilities and y the actual character::

        dL/dh_T = W_hy^T (p - y)                of the top layer, through its normalisation
        dL/dh_{t-1}, dL/dc_{t-1}                from those at t by one step of backpropagation

    The gradients are exact. They are scaled anew at each step, so that float32 neither rounds the
    faint ones to zero nor lets the huge ones overflow. At most T steps.
    """
    inputs, targets = windows[:-1], windows[-1]
    count, width = inputs.shape
    steps = min(steps, count)
    names, layers = network.state_names, network.config.num_layers
    norms = {name: np.full((layers, steps + 1, width), np.nan) for name in names}
    forward = network.forward(inputs[-1:], states[-2])
    dlogits = probabilities(forward.logits).astype(network.config.dtype)
    dlogits[targets, 0, np.arange(width)] -= 1
    norms["h"][-1, 0] = _lengths(_top_gradient(network, dlogits[:, 0], states[-1]))
    size = np.ones(width)  # of each window's gradient, by which the carried one was divided
    carried: State | None = None
    for back in range(1, steps + 1):
        if back > 1:
            forward = network.forward(inputs[count - back][np.newaxis], states[count - back])
        network.backward(forward, dlogits, carried)
        dlogits[...] = 0
        gradient = network.state_gradient
        found = np.array([[_lengths(array) for array in layer] for layer in gradient], np.float64)
        for index, name in enumerate(names):
            norms[name][:, back] = found[:, index] * size
        largest = found.max(axis=(0, 1))
        largest[~(largest > 0) | ~np.isfinite(largest)] = 1.0
        size *= largest
        scale = (1.0 / largest).astype(network.config.dtype)
        carried = tuple(tuple(array * scale for array in layer) for layer in gradient)
    for values in norms.values():
        values.flags.writeable = False
    return GradientFlow(norms)


def _lengths(gradient: Array) -> Array:
    """Norms (W,) of the columns of (H, W); those of a diverged network may be infinite."""
    with np.errstate(over="ignore", invalid="ignore"):
        lengths: Array = np.linalg.norm(gradient, axis=0)
    return lengths


def _top_gradient(network: Network, d_scores: Array, state: State) -> Array:
    """dL/dh (H, W) of the top layer at the last step, from that by the logits (V, W)."""
    parameters, top = network.parameters, network.config.num_layers - 1
    gradient: Array = parameters["decoder.weight"].T @ d_scores
    if not network.config.layer_norm:
        return gradient
    gain, bias = (parameters[f"rnn.norm_{kind}_l{top}"] for kind in ("weight", "bias"))
    rows: Array = np.ascontiguousarray(gradient.T)
    norm = LayerNorm(gain, bias, len(rows))
    norm.forward(np.ascontiguousarray(state[top][0].T), np.empty_like(rows))
    norm.backward(rows, np.empty_like(gain), np.empty_like(bias))
    return rows.T


def steps_per_halving(curve: Floats) -> float:
    """In how many steps a curve `(K + 1,)` halves, by the straight line through its logarithms.

    Negative for one that grows: it doubles in so many; infinite for a level one. Fitted by least
    squares to the entries that are finite and above zero; NaN when there are fewer than three.
    """
    good = np.flatnonzero(np.isfinite(curve) & (curve > 0))
    if len(good) < 3:
        return float("nan")
    slope = float(np.polyfit(good, np.log2(curve[good]), 1)[0])
    return -1.0 / slope if abs(slope) > 1e-9 else float("inf")
