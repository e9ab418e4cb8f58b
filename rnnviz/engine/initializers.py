"""First values of the weights; the session calls ``initialize`` when a run starts."""

from collections.abc import Callable

import numpy as np

from rnnviz.engine.errors import require_choice, require_number
from rnnviz.engine.network import ModelConfig
from rnnviz.engine.parameters import Parameters

Filler = Callable[[Parameters, ModelConfig, np.random.Generator], None]


def uniform(parameters: Parameters, config: ModelConfig, rng: np.random.Generator) -> None:
    """Fill everything from U(-k, k), k = 1/sqrt(hidden_size): PyTorch's RNN and Linear default."""
    bound = 1.0 / np.sqrt(config.hidden_size)
    parameters.flat[:] = rng.uniform(-bound, bound, parameters.flat.size)


def gaussian(parameters: Parameters, config: ModelConfig, rng: np.random.Generator) -> None:
    """Weights from N(0, 0.01^2) and zero biases: the classic 100-line character network."""
    for name, array in parameters.items():
        array[...] = 0.0 if "bias" in name else rng.normal(0.0, 0.01, array.shape)


INITIALIZERS: dict[str, Filler] = {"uniform": uniform, "gaussian": gaussian}


def initialize(
    config: ModelConfig,
    rng: np.random.Generator,
    scheme: str = "uniform",
    forget_bias: float = 1.0,
) -> Parameters:
    """Fresh parameters for ``config``, drawn from ``rng`` by ``scheme``.

    An LSTM's forget gate starts with ``bias_ih = forget_bias`` and ``bias_hh = 0`` (Jozefowicz et
    al. 2015: 1 lets the cell remember from the start). The draws are made in float64, so float32
    and float64 networks of one seed start alike. EngineError for an unknown scheme or a forget
    bias that is not a finite number.
    """
    filler = INITIALIZERS[require_choice("scheme", scheme, INITIALIZERS)]
    forget_bias = require_number("forget_bias", forget_bias, least=-1e6)
    parameters = Parameters.zeros(config.shapes(), config.dtype)
    filler(parameters, config, rng)
    if config.cell == "lstm":
        forget = slice(config.hidden_size, 2 * config.hidden_size)
        for layer in range(config.num_layers):
            parameters[f"rnn.bias_ih_l{layer}"][forget] = forget_bias
            parameters[f"rnn.bias_hh_l{layer}"][forget] = 0.0
    return parameters
