"""How parameters are grouped, named and coloured in the pictures of gradients and updates."""

from __future__ import annotations

from collections.abc import Sequence

from rnnviz.engine.network import ModelConfig
from rnnviz.panels.translate import later, tr
from rnnviz.probes.step_norms import MATRIX_GROUPS, layer_group, matrix_group

BY_MATRIX, BY_LAYER = "matrix", "layer"

_TOKENS = ("gradient", "warn", "good", "text-2", "violet", "text-muted", "text")
_LAYER_TOKENS = ("gradient", "warn", "good", "text-2", "violet")
_TITLES = {
    "W_xh": later("input to hidden"),
    "W_hh": later("hidden to hidden, from step to step"),
    "b_h": later("biases of the hidden layers"),
    "W_hy": later("hidden to output"),
    "b_y": later("biases of the output"),
    "p": later("peepholes"),
    "norm": later("gain and bias of layer normalisation"),
}
_PARTS = {
    "weight_ih": "W_xh",
    "weight_hh": "W_hh",
    "bias_ih": "b_ih",
    "bias_hh": "b_hh",
    "weight_peephole": "p",
    "norm_weight": "gain",
    "norm_bias": "norm bias",
}


def groups(names: Sequence[str], by: str) -> dict[str, list[str]]:
    """The parameters' names by group, in drawing order."""
    group_of = matrix_group if by == BY_MATRIX else layer_group
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(group_of(name), []).append(name)
    if by == BY_LAYER:
        return found
    return {group: found[group] for group in MATRIX_GROUPS if group in found}


def token(group: str) -> str:
    """The colour of a group; the same in every picture."""
    if group in MATRIX_GROUPS:
        return _TOKENS[MATRIX_GROUPS.index(group)]
    if group == "output":
        return _LAYER_TOKENS[-1]
    return _LAYER_TOKENS[int(group.removeprefix("layer ")) - 1]


def title(group: str) -> str:
    """What a group is, in words."""
    return tr(_TITLES[group]) if group in _TITLES else group


def shape_text(config: ModelConfig, names: Sequence[str]) -> str:
    """The shape of a group's first parameter and how many there are: 128 × 65, 2 × (512)."""
    shapes = config.shapes()
    if len(names) == 1:
        return " × ".join(f"{n:,}" for n in shapes[names[0]])
    numbers = sum(_size(shapes[name]) for name in names)
    return tr("{0} values").format(f"{numbers:,}")


def short_name(name: str, layers: int) -> str:
    """A parameter as in equations: `W_hh`, and with several layers `W_hh, layer 2`."""
    if name.startswith("decoder."):
        return "W_hy" if name == "decoder.weight" else "b_y"
    kind, _, layer = name.removeprefix("rnn.").rpartition("_l")
    part = _PARTS[kind]
    return tr("{0}, layer {1}").format(part, int(layer) + 1) if layers > 1 else part


def _size(shape: tuple[int, ...]) -> int:
    product = 1
    for length in shape:
        product *= length
    return product
