"""Where a step went wrong that could not be taken: which parameter, layer or number came first.

Worked out after training has stopped, so it may cost what it likes: the window that failed is read
once more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from rnnviz.engine.trainer import StepResult, Trainer


@dataclass(frozen=True, slots=True)
class Divergence:
    """Why a step was not taken: loss (nats per character) and gradient norm as they were found.

    `where` is the parameter, layer or output that was the first not to be finite; of a finite norm
    the parameter with the largest `share` (0 to 1) of its square. It may be empty.
    """

    step: int
    loss: float
    grad_norm: float
    where: str = ""
    share: float = math.nan

    @property
    def headline(self) -> str:
        """What happened, and when."""
        if not math.isfinite(self.loss):
            what = "the loss is not a finite number"
        elif not math.isfinite(self.grad_norm):
            what = "the gradient is not a finite number"
        else:
            mantissa, exponent = f"{self.grad_norm:.1e}".split("e")
            what = f"gradient norm {mantissa}e{int(exponent)}"
        return f"Diverged at step {self.step:,}: {what}"

    @property
    def cause(self) -> str:
        """Where it came from, and what is left; one or two sentences."""
        before = f"of step {self.step - 1:,}" if self.step > 1 else "it began with"
        kept = f"The weights {before} are kept."
        if not self.where:
            return kept
        layer = _layer_words(self.where)
        if math.isfinite(self.share):
            part = min(math.floor(100 * self.share), 99) if self.share < 1 else 100
            return f"Largest part: {self.where}{layer}, {part}% of the squared norm. {kept}"
        return f"First non-finite: {self.where}{layer}. {kept}"

    def sentence(self) -> str:
        """All of it, for a line of text."""
        return f"{self.headline}. {self.cause}"


def find_divergence(trainer: Trainer, result: StepResult) -> Divergence:
    """What `result`, the step just refused, failed at; before the trainer's next step.

    In a loss that is no finite number the first thing that is none is looked for forward, layer by
    layer; in a gradient backward, from the decoder down. Of a gradient that is merely huge the
    parameter with the largest share of it is named.
    """
    report = trainer.clip_report
    norms = report.norms() if report is not None else {}
    where, share = "", math.nan
    if not math.isfinite(result.loss):
        where = _first_forward(trainer)
    elif not math.isfinite(result.grad_norm):
        where = next((n for n in _backward(list(norms)) if not math.isfinite(norms[n])), "")
    elif norms:
        where = max(norms, key=lambda name: norms[name])
        share = (norms[where] / result.grad_norm) ** 2
    return Divergence(
        step=result.step,
        loss=result.loss,
        grad_norm=result.grad_norm,
        where=where.removeprefix("rnn."),
        share=share,
    )


def _backward(names: list[str]) -> list[str]:
    """Parameters in the order in which a gradient on its way back reaches them.

    Within a layer it comes through the recurrent weights, which multiply it at every step in time.
    """
    return sorted(names, key=lambda name: (-_layer(name), "weight_hh" not in name))


def _layer_words(name: str) -> str:
    """The layer a parameter belongs to, counted from 1 as everywhere; empty of all else."""
    if name.startswith("decoder."):
        return " (the output layer)"
    layer = _layer(name)
    return f" (layer {layer + 1:g})" if math.isfinite(layer) else ""


def _layer(name: str) -> float:
    """The layer a parameter belongs to; the decoder is above all of them."""
    _, found, layer = name.rpartition("_l")
    return int(layer) if found and layer.isdecimal() else math.inf


def _first_forward(trainer: Trainer) -> str:
    """The first parameter, layer or output that is no finite number as the window is read again."""
    network, streams = trainer.network, trainer.streams
    for name, array in network.parameters.items():
        if not np.isfinite(array).all():
            return name
    position = streams.state_dict()
    try:
        inputs, _, is_start = streams.next_window()
    finally:
        streams.load_state_dict(position)
    state = trainer.state
    if is_start or state is None or state[0][0].shape[1] != inputs.shape[1]:
        state = network.zero_state(inputs.shape[1])
    forward = network.twin().forward(inputs, state)
    for layer, arrays in enumerate(forward.state):
        if not all(np.isfinite(array).all() for array in arrays):
            return f"the state of layer {layer + 1}"
    return "the output layer" if not np.isfinite(forward.logits).all() else "the loss itself"
