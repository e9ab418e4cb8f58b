"""First values of the weights; the session calls ``initialize`` when a run starts."""

from collections.abc import Callable

import numpy as np

from rnnviz.engine.errors import (
    EngineError,
    require_choice,
    require_generator,
    require_number,
)
from rnnviz.engine.network import ModelConfig
from rnnviz.engine.parameters import Array, Parameters

Filler = Callable[[Parameters, ModelConfig, np.random.Generator], None]

_IRNN_DEVIATION = 0.001


def uniform(parameters: Parameters, config: ModelConfig, rng: np.random.Generator) -> None:
    """Fill everything from U(-k, k), k = 1/sqrt(hidden_size): PyTorch's RNN and Linear default."""
    bound = 1.0 / np.sqrt(config.hidden_size)
    parameters.flat[:] = rng.uniform(-bound, bound, parameters.flat.size)


def gaussian(parameters: Parameters, config: ModelConfig, rng: np.random.Generator) -> None:
    """Weights from N(0, 0.01^2) and zero biases: the classic 100-line character network."""
    for name, array in parameters.items():
        array[...] = 0.0 if "bias" in name else rng.normal(0.0, 0.01, array.shape)


def xavier(parameters: Parameters, config: ModelConfig, rng: np.random.Generator) -> None:
    """Each gate's matrix ``(H, I)`` from U(-k, k), k = sqrt(6 / (H + I)); the rest zero.

    Glorot and Bengio (2010): signals and gradients keep their variance from layer to layer.
    """
    for name, array in parameters.items():
        for block in _matrices(name, array, config):
            bound = np.sqrt(6.0 / sum(block.shape))
            block[...] = rng.uniform(-bound, bound, block.shape)


def orthogonal(parameters: Parameters, config: ModelConfig, rng: np.random.Generator) -> None:
    """Each gate's recurrent matrix ``(H, H)`` a random rotation, the rest as ``xavier``.

    Saxe et al. (2014): a rotation keeps the length of h and of its gradient over time. The
    orthogonal factor of a Gaussian matrix, with the signs that make it uniformly distributed.
    """
    xavier(parameters, config, rng)
    for block in recurrent_blocks(parameters, config):
        q, r = np.linalg.qr(rng.normal(size=block.shape))
        block[...] = q * np.where(np.diag(r) < 0.0, -1.0, 1.0)


def identity(parameters: Parameters, config: ModelConfig, rng: np.random.Generator) -> None:
    """The recurrent matrix the identity, other weights from N(0, 0.001^2), zero biases.

    Le, Jaitly and Hinton (2015), the "IRNN": with ReLU, h is kept as it is until an input changes
    it. A gated cell has the identity where new content is made (g of the LSTM, n of the GRU): in a
    gate it would only tie each unit's gate to its own past.
    """
    for name, array in parameters.items():
        array[...] = 0.0 if "bias" in name else rng.normal(0.0, _IRNN_DEVIATION, array.shape)
    content = config.cell_type.content_gate
    for layer in range(config.num_layers):
        rows = slice(content * config.hidden_size, (content + 1) * config.hidden_size)
        parameters[f"rnn.weight_hh_l{layer}"][rows] = np.eye(config.hidden_size)


INITIALIZERS: dict[str, Filler] = {
    "uniform": uniform,
    "gaussian": gaussian,
    "xavier": xavier,
    "orthogonal": orthogonal,
    "identity": identity,
}


def initialize(
    config: ModelConfig,
    rng: np.random.Generator,
    scheme: str = "uniform",
    forget_bias: float = 1.0,
    spectral_radius: float | None = None,
) -> Parameters:
    """Fresh parameters for ``config``, drawn from ``rng`` by ``scheme``.

    An LSTM's forget gate starts with ``bias_ih = forget_bias`` and ``bias_hh = 0`` (Jozefowicz et
    al. 2015: 1 lets the cell remember from the start). With ``spectral_radius`` each gate's
    recurrent matrix is then scaled to that largest |eigenvalue| (Jaeger 2001: below 1 a plain
    network forgets, above 1 it can oscillate); the eigenvalues of a matrix of H units take
    O(H^3). Layer normalisation starts with gain 1 and bias 0; peepholes are drawn as weights by
    ``uniform``, ``gaussian`` and ``identity`` and start at zero, as if absent, by the others. The
    draws are made in float64, so float32 and float64 networks of one seed start alike. EngineError
    for an unknown scheme, a number that is not finite or in range, or a recurrent matrix whose
    eigenvalues are all zero and so cannot be scaled.
    """
    require_generator("rng", rng)
    filler = INITIALIZERS[require_choice("scheme", scheme, INITIALIZERS)]
    forget_bias = require_number("forget_bias", forget_bias, least=-1e6)
    if spectral_radius is not None:
        spectral_radius = require_number("spectral_radius", spectral_radius, exclusive=True)
    parameters = Parameters.zeros(config.shapes(), config.dtype)
    filler(parameters, config, rng)
    if spectral_radius is not None:
        for block in recurrent_blocks(parameters, config):
            present = largest_eigenvalue(block)
            if present == 0.0:
                raise EngineError("spectral_radius must be None for a matrix of radius 0, got one")
            block *= spectral_radius / present
    forget_gate = config.cell_type.forget_gate
    for layer in range(config.num_layers):
        if forget_gate is not None:
            forget = slice(forget_gate * config.hidden_size, (forget_gate + 1) * config.hidden_size)
            parameters[f"rnn.bias_ih_l{layer}"][forget] = forget_bias
            parameters[f"rnn.bias_hh_l{layer}"][forget] = 0.0
        if config.layer_norm:
            parameters[f"rnn.norm_weight_l{layer}"][...] = 1.0
            parameters[f"rnn.norm_bias_l{layer}"][...] = 0.0
    return parameters


def largest_eigenvalue(matrix: Array) -> float:
    """The spectral radius of ``matrix (H, H)``: its largest |eigenvalue|, in float64."""
    return float(np.abs(np.linalg.eigvals(matrix.astype(np.float64))).max())


def recurrent_blocks(parameters: Parameters, config: ModelConfig) -> list[Array]:
    """Views of each gate's recurrent matrix ``(H, H)``, layer by layer in PyTorch's gate order."""
    return [
        block
        for layer in range(config.num_layers)
        for block in _matrices(
            f"rnn.weight_hh_l{layer}", parameters[f"rnn.weight_hh_l{layer}"], config
        )
    ]


def _matrices(name: str, array: Array, config: ModelConfig) -> list[Array]:
    """Views of the matrices in one parameter: a gate each, the decoder's one, none of a vector."""
    if array.ndim < 2:
        return []
    if not name.startswith("rnn."):
        return [array]
    return list(array.reshape(-1, config.hidden_size, array.shape[1]))
