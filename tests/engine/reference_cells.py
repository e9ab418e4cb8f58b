"""Plain twins of the cells, one equation a line: the reference for the engine's fast ones."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from rnnviz.engine.initializers import initialize
from rnnviz.engine.network import ModelConfig, Network, State

Array = npt.NDArray[np.float64]


def sigmoid(x: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-x))


def rnn_step(p: dict[str, Array], x: Array, h: Array, activation: str) -> tuple[Array, ...]:
    a = p["weight_ih"] @ x + p["bias_ih"] + p["weight_hh"] @ h + p["bias_hh"]
    return (np.tanh(a) if activation == "tanh" else np.maximum(a, 0.0),)


def lstm_step(p: dict[str, Array], x: Array, h: Array, c: Array) -> tuple[Array, ...]:
    a = p["weight_ih"] @ x + p["bias_ih"] + p["weight_hh"] @ h + p["bias_hh"]
    i, f, g, o = np.split(a, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def peephole_lstm_step(p: dict[str, Array], x: Array, h: Array, c: Array) -> tuple[Array, ...]:
    a = p["weight_ih"] @ x + p["bias_ih"] + p["weight_hh"] @ h + p["bias_hh"]
    i, f, g, o = np.split(a, 4)
    p_i, p_f, p_o = np.split(p["weight_peephole"], 3)
    c = sigmoid(f + p_f * c) * c + sigmoid(i + p_i * c) * np.tanh(g)
    return sigmoid(o + p_o * c) * np.tanh(c), c


def layer_norm(p: dict[str, Array], h: Array) -> Array:
    normal = (h - h.mean(axis=0)) / np.sqrt(h.var(axis=0) + 1e-5)
    return p["norm_weight"] * normal + p["norm_bias"]


def dropout_masks(
    config: ModelConfig, rng: np.random.Generator, steps: int, batch: int
) -> list[Array]:
    """What each layer's output but the last is multiplied by, (H, T, B)."""
    masks = []
    for _ in range(config.num_layers - 1):
        kept = rng.random((steps, batch, config.hidden_size)) >= config.dropout
        masks.append(kept.transpose(2, 0, 1) / (1.0 - config.dropout))
    return masks


def gru_step(p: dict[str, Array], x: Array, h: Array) -> tuple[Array, ...]:
    x_r, x_z, x_n = np.split(p["weight_ih"] @ x + p["bias_ih"], 3)
    h_r, h_z, h_n = np.split(p["weight_hh"] @ h + p["bias_hh"], 3)
    r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
    n = np.tanh(x_n + r * h_n)
    return ((1.0 - z) * n + z * h,)


def plain_forward(
    config: ModelConfig,
    parameters: Mapping[str, npt.NDArray[np.floating]],
    inputs: npt.NDArray[np.integer],
    state: State,
    masks: list[Array] | None = None,
) -> tuple[Array, State]:
    """Logits (V, T, B) and final state, in float64, step by step and layer by layer."""
    layers: list[dict[str, Array]] = [{} for _ in range(config.num_layers)]
    for name, array in parameters.items():
        if name.startswith("rnn."):
            kind, _, layer = name.removeprefix("rnn.").rpartition("_l")
            layers[int(layer)][kind] = np.asarray(array, np.float64).reshape(len(array), -1)
    one_hot = np.eye(config.vocabulary_size)
    states = [tuple(np.asarray(a, np.float64) for a in arrays) for arrays in state]
    logits = []
    for t, characters in enumerate(inputs):
        x = one_hot[characters].T  # (V, B)
        for layer, p in enumerate(layers):
            if config.cell == "rnn":
                states[layer] = rnn_step(p, x, states[layer][0], config.activation)
            elif config.peepholes:
                states[layer] = peephole_lstm_step(p, x, *states[layer])
            elif config.cell == "lstm":
                states[layer] = lstm_step(p, x, *states[layer])
            else:
                states[layer] = gru_step(p, x, states[layer][0])
            y = states[layer][0]
            if config.layer_norm:
                y = layer_norm(p, y)
            if config.residual and layer > 0:
                y = y + x
            if masks is not None and layer < len(masks):
                y = y * masks[layer][:, t]
            x = y
        decoded = parameters["decoder.weight"] @ x + parameters["decoder.bias"][:, np.newaxis]
        logits.append(decoded)
    return np.stack(logits, axis=1), tuple(states)


def make_network(seed: int = 0, **settings: object) -> Network:
    """A float64 network with weights large enough that every gate is away from its middle."""
    config = ModelConfig(**{"dtype": "float64", "hidden_size": 5, **settings})
    parameters = initialize(config, np.random.default_rng(seed))
    parameters.flat[:] *= 2.0
    for name, array in parameters.items():
        if "norm" in name:
            array += np.random.default_rng(seed + 1).normal(0.0, 0.5, array.shape)
    return Network(config, parameters)


def random_state(network: Network, batch: int, rng: np.random.Generator) -> State:
    """A carried state away from zero, with |h| < 1 as every cell but ReLU keeps it."""
    return tuple(
        tuple(np.tanh(rng.normal(size=a.shape)).astype(a.dtype) for a in arrays)
        for arrays in network.zero_state(batch)
    )
