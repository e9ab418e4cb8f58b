"""The optimizers by name; the session makes one per run, settings list ``OPTIMIZERS``."""

from collections.abc import Callable

from rnnviz.engine.errors import EngineError, require_choice
from rnnviz.engine.optimizers.adagrad import Adagrad
from rnnviz.engine.optimizers.adam import Adam
from rnnviz.engine.optimizers.adamw import AdamW
from rnnviz.engine.optimizers.base import Optimizer
from rnnviz.engine.optimizers.momentum import Momentum, Nesterov
from rnnviz.engine.optimizers.rmsprop import RMSprop
from rnnviz.engine.optimizers.sgd import SGD
from rnnviz.engine.parameters import Parameters

__all__ = [
    "OPTIMIZERS",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Momentum",
    "Nesterov",
    "Optimizer",
    "RMSprop",
    "make_optimizer",
]

OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "sgd": SGD,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "adagrad": Adagrad,
    "rmsprop": RMSprop,
    "adam": Adam,
    "adamw": AdamW,
}


def make_optimizer(name: str, parameters: Parameters, **hyperparameters: float) -> Optimizer:
    """The optimizer called ``name`` for ``parameters``; EngineError names what does not fit."""
    factory = OPTIMIZERS[require_choice("optimizer", name, OPTIMIZERS)]
    known = factory(parameters).hyperparameters
    for key in hyperparameters:
        if key not in known:
            raise EngineError(f"{key} is not a setting of {name}, which has {sorted(known)}")
    return factory(parameters, **hyperparameters)
