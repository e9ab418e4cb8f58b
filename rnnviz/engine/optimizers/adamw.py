"""AdamW: Adam whose weights also shrink by a share of themselves."""

from rnnviz.engine.errors import require_number
from rnnviz.engine.optimizers.adam import Adam
from rnnviz.engine.parameters import Array, Parameters


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019), in PyTorch's form.

    ``p *= 1 - lr decay`` before Adam's step, for all parameters alike (PyTorch's default).
    """

    name = "adamw"

    def __init__(
        self,
        parameters: Parameters,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        """As ``Adam``; EngineError unless ``weight_decay`` >= 0."""
        super().__init__(parameters, beta1, beta2, eps)
        self._weight_decay = require_number("weight_decay", weight_decay)

    @property
    def hyperparameters(self) -> dict[str, float]:
        """Those of Adam and ``weight_decay``."""
        return {**super().hyperparameters, "weight_decay": self._weight_decay}

    def _begin_step(self, learning_rate: float) -> None:
        super()._begin_step(learning_rate)
        self._shrinkage = 1.0 - learning_rate * self._weight_decay

    def _update_block(self, step: Array, p: Array, g: Array, *memory: Array) -> None:
        p *= self._shrinkage
        super()._update_block(step, p, g, *memory)
