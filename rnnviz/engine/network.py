"""The network: one-hot characters -> 1 to 4 recurrent layers -> logits, forward and backward.

Used by ``trainer``, ``evaluation``, ``decoding`` and ``rnnviz.probes``. Sequences are feature-major
``(F, T, B)``, states ``(H, B)``; parameters have PyTorch's names, shapes and gate order.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from rnnviz.engine.cells import CELLS
from rnnviz.engine.cells.base import CellState
from rnnviz.engine.errors import (
    EngineError,
    Interrupted,
    require_choice,
    require_indices,
    require_integer,
)
from rnnviz.engine.layer import LayerWeights, LayerWindow, flat
from rnnviz.engine.parameters import Array, Parameters

State = tuple[CellState, ...]
"""Per layer, per name of the cell's ``state_names``, an array ``(H, B)``."""

MAX_LAYERS = 4
ACTIVATIONS = ("tanh", "relu")
DTYPES = ("float32", "float64")
# Window sizes whose buffers are kept: training, a shorter last one, and a one-step one.
_KEPT_WINDOWS = 3


@dataclass(frozen=True)
class ModelConfig:
    """What the parameters' names and shapes follow from; EngineError for what cannot be built.

    ``activation`` is ``tanh`` or, for ``cell="rnn"`` only, ``relu``.
    """

    vocabulary_size: int
    hidden_size: int = 128
    num_layers: int = 1
    cell: str = "gru"
    activation: str = "tanh"
    dtype: str = "float32"

    def __post_init__(self) -> None:
        require_integer("vocabulary_size", self.vocabulary_size, 1, 1_114_112)
        require_integer("hidden_size", self.hidden_size, 1, 65_536)
        require_integer("num_layers", self.num_layers, 1, MAX_LAYERS)
        require_choice("cell", self.cell, CELLS)
        require_choice("activation", self.activation, ACTIVATIONS)
        require_choice("dtype", self.dtype, DTYPES)
        if self.activation != "tanh" and self.cell != "rnn":
            raise EngineError(
                f"activation must be tanh for cell {self.cell}, got {self.activation!r}"
            )

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each parameter by its PyTorch name, in the order of ``Parameters.flat``."""
        rows = CELLS[self.cell].gates * self.hidden_size
        shapes: dict[str, tuple[int, ...]] = {}
        for layer in range(self.num_layers):
            inputs = self.vocabulary_size if layer == 0 else self.hidden_size
            shapes[f"rnn.weight_ih_l{layer}"] = (rows, inputs)
            shapes[f"rnn.weight_hh_l{layer}"] = (rows, self.hidden_size)
            shapes[f"rnn.bias_ih_l{layer}"] = (rows,)
            shapes[f"rnn.bias_hh_l{layer}"] = (rows,)
        shapes["decoder.weight"] = (self.vocabulary_size, self.hidden_size)
        shapes["decoder.bias"] = (self.vocabulary_size,)
        return shapes

    @property
    def parameter_count(self) -> int:
        """How many numbers are learned."""
        return sum(int(np.prod(shape)) for shape in self.shapes().values())


@dataclass(frozen=True, slots=True)
class Forward:
    """What ``Network.forward`` found.

    ``logits (V, T, B)`` is a buffer that the network's next ``forward`` over a window of the same
    size writes again; ``state`` is a copy.
    """

    logits: Array
    state: State
    caches: "_Window" = field(repr=False)
    serial: int = field(repr=False)


@dataclass(frozen=True)
class Trace:
    """One text through the network: all arrays are copies nobody else writes.

    ``signals[layer][name]`` is ``(H, T)`` for each name of the cell's ``signals``, ``logits`` is
    ``(V, T)``, ``state`` the state after the last character.
    """

    signals: tuple[dict[str, Array], ...]
    logits: Array
    state: State


class _Window:
    """All buffers for one window size ``(T, B)``."""

    def __init__(
        self, config: ModelConfig, layers: list[LayerWeights], steps: int, batch: int
    ) -> None:
        size, dtype = config.hidden_size, config.dtype
        cell = CELLS[config.cell]
        deltas: Array = np.zeros((cell.delta_blocks * size, steps, batch), dtype)
        projected: Array = np.zeros((cell.gates * size, steps, batch), dtype)
        self.d_hidden: Array = np.zeros((size, steps, batch), dtype)
        self.logits: Array = np.zeros((config.vocabulary_size, steps, batch), dtype)
        self.layers: list[LayerWindow] = []
        for weights in layers:
            below = self.layers[-1] if self.layers else None
            self.layers.append(
                LayerWindow(weights, deltas, self.d_hidden, projected, config.activation, below)
            )
        self.serial = 0


class Network:
    """The network of ``config`` computing with ``parameters`` (kept, not copied).

    Buffers are made once per window size and used again: a training step allocates nothing that
    grows. One thread at a time may use a network; ``snapshot`` makes an independent one.
    """

    def __init__(self, config: ModelConfig, parameters: Parameters) -> None:
        """EngineError when names, shapes or dtype of ``parameters`` do not follow ``config``."""
        wanted = config.shapes()
        if parameters.shapes != wanted:
            raise EngineError(_difference(parameters.shapes, wanted))
        if parameters.dtype != config.dtype:
            raise EngineError(f"parameters must be {config.dtype}, got {parameters.dtype}")
        self.config = config
        self.parameters = parameters
        cell = CELLS[config.cell]
        self._layers = [
            LayerWeights(parameters, layer, cell, config.hidden_size)
            for layer in range(config.num_layers)
        ]
        columns = config.hidden_size + 1
        self._decoder: Array = np.zeros((config.vocabulary_size, columns), config.dtype)
        self._d_decoder: Array | None = None
        self._gradients: Parameters | None = None
        self._windows: OrderedDict[tuple[int, int], _Window] = OrderedDict()
        self._prepared = False
        self._interrupted = False

    def interrupt(self) -> None:
        """Make this and every later pass raise ``Interrupted`` soon; callable from any thread.

        For ending a program in the middle of a step that takes seconds.
        """
        self._interrupted = True

    def _check_interrupted(self) -> None:
        if self._interrupted:
            raise Interrupted

    @property
    def state_names(self) -> tuple[str, ...]:
        """What each layer carries from window to window: ``("h",)`` or ``("h", "c")``."""
        return CELLS[self.config.cell].state_names

    @property
    def signals(self) -> tuple[str, ...]:
        """The names of what ``trace`` shows of each layer."""
        return CELLS[self.config.cell].signals

    def zero_state(self, batch: int) -> State:
        """All-zero state for ``batch`` parallel texts."""
        require_integer("batch", batch, 1)
        shape = (self.config.hidden_size, batch)
        names = self.state_names
        return tuple(
            tuple(np.zeros(shape, self.config.dtype) for _ in names)
            for _ in range(self.config.num_layers)
        )

    def check_state(self, state: State, batch: int) -> None:
        """EngineError unless ``state`` fits this network and ``batch``."""
        shape = (self.config.hidden_size, batch)
        names = self.state_names
        if len(state) != self.config.num_layers:
            raise EngineError(f"state must have {self.config.num_layers} layers, got {len(state)}")
        for layer, arrays in enumerate(state):
            if len(arrays) != len(names):
                raise EngineError(
                    f"state[{layer}] must hold {' and '.join(names)}, got {len(arrays)} arrays"
                )
            for name, array in zip(names, arrays, strict=True):
                if array.shape != shape:
                    raise EngineError(
                        f"state[{layer}] {name} must have shape {shape}, got {array.shape}"
                    )

    def forward(self, inputs: npt.NDArray[np.integer[Any]], state: State) -> Forward:
        """Read the characters ``inputs (T, B)`` from ``state``; EngineError names what is wrong.

        ``logits[:, t]`` predicts the character after ``inputs[t]``.
        """
        inputs = require_indices("inputs", inputs, self.config.vocabulary_size, ("T", "B"))
        steps, batch = inputs.shape
        self.check_state(state, batch)
        self._prepare()
        window = self._window(steps, batch)
        window.serial += 1
        window.layers[0].read(inputs)
        # Diverged weights give inf and nan here; the caller is told by the loss, not by warnings.
        with np.errstate(over="ignore", invalid="ignore"):
            for layer, layer_state in zip(window.layers, state, strict=True):
                self._check_interrupted()
                layer.forward(layer_state)
            np.matmul(self._decoder, window.layers[-1].output, out=flat(window.logits))
        final = tuple(layer.cell.final_state() for layer in window.layers)
        return Forward(window.logits, final, window, window.serial)

    def backward(self, forward: Forward, dlogits: Array) -> Parameters:
        """The gradients of all parameters, given that by the logits, ``dlogits (V, T, B)``.

        ``forward`` must be the network's last one over a window of that size. The state it started
        from counts as a constant. The result is a buffer that the next ``backward`` writes again.
        """
        window = forward.caches
        if window.serial != forward.serial:
            raise EngineError("forward is out of date: its buffers hold a later forward pass")
        if dlogits.shape != window.logits.shape or dlogits.dtype != window.logits.dtype:
            raise EngineError(
                f"dlogits must be {window.logits.dtype} {window.logits.shape}, got "
                f"{dlogits.dtype} {dlogits.shape}"
            )
        if self._gradients is None or self._d_decoder is None:
            self._gradients = self.parameters.zeros_like()
            self._d_decoder = np.zeros_like(self._decoder)
        gradients, size = self._gradients, self.config.hidden_size
        with np.errstate(over="ignore", invalid="ignore"):
            d_logits = dlogits.reshape(dlogits.shape[0], -1)  # (V, T*B)
            np.matmul(d_logits, window.layers[-1].output.T, out=self._d_decoder)
            gradients["decoder.weight"][...] = self._d_decoder[:, :size]
            gradients["decoder.bias"][...] = self._d_decoder[:, size]
            np.matmul(self.parameters["decoder.weight"].T, d_logits, out=flat(window.d_hidden))
            for index in reversed(range(len(window.layers))):
                self._check_interrupted()
                layer = window.layers[index]
                layer.weights.prepare_backward(needs_input_gradient=index > 0)
                layer.backward(gradients, index)
                if index > 0:
                    layer.input_gradient(out=window.d_hidden)
        return gradients

    def snapshot(self) -> "Network":
        """A network with copied, read-only parameters, which another thread may use."""
        return Network(self.config, self.parameters.frozen_copy())

    def trace(self, indices: npt.NDArray[np.integer[Any]], state: State | None = None) -> Trace:
        """Run over one text ``indices (T,)`` and copy everything a view can show.

        Works in buffers of its own, so that it neither disturbs training between a ``forward`` and
        its ``backward`` nor another thread tracing the same snapshot.
        """
        indices = require_indices("indices", indices, self.config.vocabulary_size, ("T",))
        private = Network(self.config, self.parameters)
        start = private.zero_state(1) if state is None else state
        forward = private.forward(indices[:, np.newaxis], start)
        signals = tuple(
            {name: layer.cell.signal(name)[:, :, 0].copy() for name in layer.cell.signals}
            for layer in forward.caches.layers
        )
        return Trace(signals, forward.logits[:, :, 0].copy(), forward.state)

    def _prepare(self) -> None:
        """Take over the parameters' present values; only once when they are frozen."""
        if self._prepared and self.parameters.read_only:
            return
        for layer in self._layers:
            layer.prepare()
        self._decoder[:, :-1] = self.parameters["decoder.weight"]
        self._decoder[:, -1] = self.parameters["decoder.bias"]
        self._prepared = True

    def _window(self, steps: int, batch: int) -> _Window:
        key = (steps, batch)
        if key not in self._windows:
            while len(self._windows) >= _KEPT_WINDOWS:
                self._windows.popitem(last=False)
            self._windows[key] = _Window(self.config, self._layers, steps, batch)
        self._windows.move_to_end(key)
        return self._windows[key]


def _difference(got: dict[str, tuple[int, ...]], wanted: dict[str, tuple[int, ...]]) -> str:
    """One sentence on the first thing that differs."""
    for name, shape in wanted.items():
        if name not in got:
            return f"parameters must hold {name} {shape}, which is missing"
        if got[name] != shape:
            return f"parameters[{name!r}] must have shape {shape}, got {got[name]}"
    extra = [name for name in got if name not in wanted]
    if extra:
        return f"parameters must not hold {extra[0]}"
    return "parameters must be in the order of ModelConfig.shapes()"
