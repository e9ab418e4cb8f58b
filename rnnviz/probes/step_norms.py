"""What one training step did to each parameter: norms of its gradient, its value and its change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rnnviz.engine.parameters import Parameters, l2_norm

# What belongs together in pictures, by matrix; the ids in drawing order.
MATRIX_GROUPS = ("W_hh", "W_hy", "b_h", "W_xh", "b_y", "p", "norm")
_MATRIX_OF = {
    "weight_ih": "W_xh",
    "weight_hh": "W_hh",
    "bias_ih": "b_h",
    "bias_hh": "b_h",
    "weight_peephole": "p",
    "norm_weight": "norm",
    "norm_bias": "norm",
}


@dataclass(frozen=True)
class StepNorms:
    """L2 norms by parameter, of one training step."""

    step: int
    gradients: Mapping[str, float]  # before clipping
    weights: Mapping[str, float]  # before the step
    updates: Mapping[str, float]  # of what the step added to the weights


def step_norms(
    step: int, gradients: Mapping[str, float], before: Parameters, after: Parameters
) -> StepNorms:
    """From the gradients' norms and the parameters `before` and `after` the step.

    `before` is overwritten with the difference.
    """
    weights = before.norms()
    before.flat -= after.flat
    updates = {name: l2_norm(change.reshape(-1)) for name, change in before.items()}
    return StepNorms(step, dict(gradients), weights, updates)


def matrix_group(name: str) -> str:
    """The group a parameter belongs to by what it is, the layers together: `W_hh`, `b_h`, ..."""
    if name.startswith("decoder."):
        return "W_hy" if name == "decoder.weight" else "b_y"
    return _MATRIX_OF[name.removeprefix("rnn.").rpartition("_l")[0]]


def layer_group(name: str) -> str:
    """The group a parameter belongs to by where it is: `layer 1`, ..., `output`."""
    if name.startswith("decoder."):
        return "output"
    return f"layer {int(name.rpartition('_l')[2]) + 1}"
