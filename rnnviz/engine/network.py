"""The network: one-hot characters -> 1 to 4 recurrent layers -> logits, forward and backward.

Used by ``trainer``, ``evaluation``, ``decoding`` and ``rnnviz.probes``. To the outside sequences
are feature-major ``(F, T, B)`` and states ``(H, B)``, as in the equations; in memory they are the
other way round (see ``cells.base``). Parameters have PyTorch's names, shapes and gate order.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rnnviz.engine import aligned
from rnnviz.engine.cells import CELLS, PEEPHOLE_CELLS
from rnnviz.engine.cells.base import Cell, CellState, SharedBuffers
from rnnviz.engine.errors import (
    EngineError,
    Interrupted,
    require_array,
    require_choice,
    require_flag,
    require_generator,
    require_indices,
    require_instance,
    require_integer,
    require_number,
)
from rnnviz.engine.layer import LayerWeights, LayerWindow
from rnnviz.engine.outlet import OutletPlan
from rnnviz.engine.parameters import Array, Parameters

State = tuple[CellState, ...]
"""Per layer, per name of the cell's ``state_names``, an array ``(H, B)``."""

MAX_LAYERS = 4
ACTIVATIONS = ("tanh", "relu")
DTYPES = ("float32", "float64")
# Windows whose buffers are kept: training, a shorter last one, and a one-step one; or the first
# few of a chain.
_KEPT_WINDOWS = 3


@dataclass(frozen=True)
class ModelConfig:
    """What the parameters' names and shapes follow from; EngineError for what cannot be built.

    ``activation`` is ``tanh`` or, for ``cell="rnn"`` only, ``relu``; ``peepholes`` only an LSTM can
    have. What a layer's reader gets, with ``x_0`` the characters and ``h_k = cell_k(x_k)``::

        y_k = h_k                   y_k = norm(h_k)        with layer_norm
        y_k = y_k + x_k             with residual, for k > 0
        x_{k+1} = dropout(y_k)      the decoder reads the last y_k, of which nothing is dropped

    ``dropout`` is the share of values dropped between layers, in [0, 1), while training. With one
    layer neither it nor ``residual`` has anything to do.
    """

    vocabulary_size: int
    hidden_size: int = 128
    num_layers: int = 1
    cell: str = "gru"
    activation: str = "tanh"
    dtype: str = "float32"
    peepholes: bool = False
    dropout: float = 0.0
    layer_norm: bool = False
    residual: bool = False

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
        require_flag("peepholes", self.peepholes)
        require_number("dropout", self.dropout, below=1.0)
        require_flag("layer_norm", self.layer_norm)
        require_flag("residual", self.residual)
        if self.peepholes and self.cell not in PEEPHOLE_CELLS:
            raise EngineError(f"peepholes must be false for cell {self.cell}, got True")

    @property
    def cell_type(self) -> type[Cell]:
        """The recurrence of each layer."""
        return (PEEPHOLE_CELLS if self.peepholes else CELLS)[self.cell]

    def outlet(self, layer: int) -> OutletPlan:
        """What lies between ``layer`` and its reader."""
        return OutletPlan(
            normalise=self.layer_norm,
            add_input=self.residual and layer > 0,
            dropout=self.dropout if layer < self.num_layers - 1 else 0.0,
        )

    @property
    def drops(self) -> bool:
        """Whether training needs random numbers for dropout."""
        return self.dropout > 0.0 and self.num_layers > 1

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each parameter by its name, in the order of ``Parameters.flat``.

        PyTorch's names, and ``rnn.weight_peephole_l{k} (3H,)`` (p_i, p_f, p_o),
        ``rnn.norm_weight_l{k} (H,)`` and ``rnn.norm_bias_l{k} (H,)`` for what it does not have.
        """
        cell = self.cell_type
        rows = cell.gates * self.hidden_size
        shapes: dict[str, tuple[int, ...]] = {}
        for layer in range(self.num_layers):
            inputs = self.vocabulary_size if layer == 0 else self.hidden_size
            shapes[f"rnn.weight_ih_l{layer}"] = (rows, inputs)
            shapes[f"rnn.weight_hh_l{layer}"] = (rows, self.hidden_size)
            shapes[f"rnn.bias_ih_l{layer}"] = (rows,)
            shapes[f"rnn.bias_hh_l{layer}"] = (rows,)
            for name, blocks in cell.own_weights.items():
                shapes[f"rnn.{name}_l{layer}"] = (blocks * self.hidden_size,)
            if self.layer_norm:
                shapes[f"rnn.norm_weight_l{layer}"] = (self.hidden_size,)
                shapes[f"rnn.norm_bias_l{layer}"] = (self.hidden_size,)
        shapes["decoder.weight"] = (self.vocabulary_size, self.hidden_size)
        shapes["decoder.bias"] = (self.vocabulary_size,)
        return shapes

    @property
    def parameter_count(self) -> int:
        """How many numbers are learned."""
        return sum(int(np.prod(shape)) for shape in self.shapes().values())


class Forward(NamedTuple):
    """What ``Network.forward`` found.

    ``logits (V, T, B)``, in memory ``(T, B, V)``, is a buffer that the network's next ``forward``
    over a window of the same size and ``link`` writes again; ``state`` is a copy.
    """

    logits: Array
    state: State
    window: "Window"
    serial: int


@dataclass(frozen=True)
class Trace:
    """One text through the network: all arrays are copies nobody else writes.

    ``signals[layer][name]`` is ``(H, T)`` for each name of the cell's ``signals``, ``logits`` is
    ``(V, T)``, ``state`` the state after the last character.
    """

    signals: tuple[dict[str, Array], ...]
    logits: Array
    state: State


class Window:
    """All buffers for one window size ``(T, B)``."""

    def __init__(
        self, config: ModelConfig, layers: list[LayerWeights], steps: int, batch: int
    ) -> None:
        size, dtype = config.hidden_size, config.dtype
        count, vocabulary_size = steps * batch, config.vocabulary_size
        shared = SharedBuffers(
            deltas=aligned.zeros((config.cell_type.delta_blocks, steps, batch, size), dtype),
            d_hidden=aligned.zeros((steps, batch, size), dtype),
            scratch=aligned.zeros((2, steps, batch, size), dtype),
        )
        self.layers: list[LayerWindow] = []
        for weights in layers:
            below = self.layers[-1] if self.layers else None
            self.layers.append(LayerWindow(weights, shared, config.activation, below))
        self.output = self.layers[-1].output  # (N, H): what the decoder reads
        self.d_output = shared.d_hidden.reshape(count, size)
        self.scores: Array = aligned.zeros((count, vocabulary_size), dtype)  # the logits in memory
        self.logits = self.scores.reshape(steps, batch, vocabulary_size).transpose(2, 0, 1)
        self.ones: Array = np.ones(count, dtype)
        self.serial = 0


class Network:
    """The network of ``config`` computing with ``parameters`` (kept, not copied).

    Buffers are made once per window size and used again: a training step allocates nothing that
    grows. One thread at a time may use a network; ``snapshot`` makes an independent one.
    """

    def __init__(self, config: ModelConfig, parameters: Parameters) -> None:
        """EngineError, before anything is allocated, unless ``parameters`` follow ``config``.

        Their names, shapes and dtype, and all values must be finite.
        """
        require_instance("config", config, ModelConfig)
        require_instance("parameters", parameters, Parameters)
        wanted = config.shapes()
        if parameters.shapes != wanted:
            raise EngineError(_difference(parameters.shapes, wanted))
        if parameters.dtype != config.dtype:
            raise EngineError(f"parameters must be {config.dtype}, got {parameters.dtype}")
        if not np.isfinite(parameters.flat).all():
            wrong = next(name for name, a in parameters.items() if not np.isfinite(a).all())
            raise EngineError(f"parameters[{wrong!r}] must be finite, got nan or infinity")
        self._build(config, parameters)

    def _build(self, config: ModelConfig, parameters: Parameters) -> None:
        self.config = config
        self.parameters = parameters
        self._layers = [
            LayerWeights(
                parameters, layer, config.cell_type, config.hidden_size, config.outlet(layer)
            )
            for layer in range(config.num_layers)
        ]
        self._decoder_weight = parameters["decoder.weight"]  # (V, H)
        self._decoder_bias = parameters["decoder.bias"]
        # Its transpose (H, V), in that order: by the other BLAS multiplies small windows slowly.
        self._decoder: Array = aligned.zeros(self._decoder_weight.shape[::-1], parameters.dtype)
        self._gradients: Parameters | None = None
        self._windows: OrderedDict[tuple[int, int, int], Window] = OrderedDict()
        self._last_backward: Window | None = None
        self._prepared_for = 0  # texts at once
        self._interrupted = False

    def interrupt(self) -> None:
        """Make this and every later pass raise ``Interrupted`` soon; callable from any thread.

        For ending a program in the middle of a step that takes seconds. ``resume`` takes it back.
        """
        self._interrupted = True

    def resume(self) -> None:
        """Take ``interrupt`` back, once the pass that it ended is over."""
        self._interrupted = False

    def _check_interrupted(self) -> None:
        if self._interrupted:
            raise Interrupted

    @property
    def state_names(self) -> tuple[str, ...]:
        """What each layer carries from window to window: ``("h",)`` or ``("h", "c")``."""
        return self.config.cell_type.state_names

    @property
    def signals(self) -> tuple[str, ...]:
        """The names of what ``trace`` shows of each layer."""
        return self.config.cell_type.signals

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
        self._check_state("state", state, batch)

    def _check_state(self, given: str, state: State, batch: int) -> None:
        shape = (self.config.hidden_size, batch)
        names = self.state_names
        if len(state) != self.config.num_layers:
            raise EngineError(
                f"{given} must have {self.config.num_layers} layers, got {len(state)}"
            )
        for layer, arrays in enumerate(state):
            if len(arrays) != len(names):
                raise EngineError(
                    f"{given}[{layer}] must hold {' and '.join(names)}, got {len(arrays)} arrays"
                )
            for name, array in zip(names, arrays, strict=True):
                if array.shape != shape:
                    raise EngineError(
                        f"{given}[{layer}] {name} must have shape {shape}, got {array.shape}"
                    )
                if array.dtype.kind != "f":
                    raise EngineError(
                        f"{given}[{layer}] {name} must be floating-point, got dtype {array.dtype}"
                    )

    def forward(
        self,
        inputs: npt.NDArray[np.integer[Any]],
        state: State,
        dropout_rng: np.random.Generator | None = None,
        link: int = 0,
    ) -> Forward:
        """Read the characters ``inputs (T, B)`` from ``state``; EngineError names what is wrong.

        ``logits[:, t]`` predicts the character after ``inputs[t]``. Values are dropped between
        layers only when ``dropout_rng`` is given, and drawn from it. Windows with different
        ``link`` have buffers of their own, so that a chain of consecutive windows can be read
        before going back through it (see ``backward``).
        """
        inputs = require_indices("inputs", inputs, self.config.vocabulary_size, ("T", "B"))
        self.check_state(state, inputs.shape[1])
        if dropout_rng is not None:
            require_generator("dropout_rng", dropout_rng)
        require_integer("link", link, 0)
        # Diverged weights give inf and nan here; the caller is told by the loss, not by warnings.
        with np.errstate(over="ignore", invalid="ignore"):
            return self.unchecked_forward(inputs, state, dropout_rng, link)

    def unchecked_forward(
        self,
        inputs: npt.NDArray[np.integer[Any]],
        state: State,
        dropout_rng: np.random.Generator | None = None,
        link: int = 0,
    ) -> Forward:
        """``forward`` for every training step: the arguments must fit, nothing is checked.

        The caller also tells NumPy not to warn of overflows.
        """
        steps, batch = inputs.shape
        self._prepare(batch)
        window = self._window(steps, batch, link)
        window.serial += 1
        window.layers[0].read(inputs)
        for layer, layer_state in zip(window.layers, state, strict=True):
            self._check_interrupted()
            layer.forward(layer_state, dropout_rng)
        window.output.dot(self._decoder, window.scores)
        window.scores += self._decoder_bias
        final = tuple([layer.cell.final_state() for layer in window.layers])
        return Forward(window.logits, final, window, window.serial)

    def backward(
        self, forward: Forward, dlogits: Array, d_state: State | None = None
    ) -> Parameters:
        """The gradients of all parameters, given that by the logits, ``dlogits (V, T, B)``.

        ``forward`` must be the network's last one over a window of that size and ``link``.
        ``d_state`` is the gradient of ``forward.state``, zero when nothing follows the window; that
        of the state the window started from is afterwards in ``state_gradient``. Going back through
        a chain of windows, each with the ``state_gradient`` of the one after it, and adding up the
        results gives the gradients of one long window. The result is a buffer that the next
        ``backward`` writes again.
        """
        window = require_instance("forward", forward, Forward).window
        if window.serial != forward.serial:
            raise EngineError("forward is out of date: its buffers hold a later forward pass")
        require_array("dlogits", dlogits, ("V", "T", "B"))
        if dlogits.shape != window.logits.shape or dlogits.dtype != window.logits.dtype:
            raise EngineError(
                f"dlogits must be {window.logits.dtype} {window.logits.shape}, got "
                f"{dlogits.dtype} {dlogits.shape}"
            )
        if d_state is not None:
            self._check_state("d_state", d_state, dlogits.shape[2])
        # (N, V); the buffer of ``forward`` is already in this order.
        d_scores = dlogits.transpose(1, 2, 0).reshape(window.scores.shape)
        with np.errstate(over="ignore", invalid="ignore"):
            return self.unchecked_backward(window, d_scores, d_state)

    def unchecked_backward(
        self,
        window: "Window",
        d_scores: Array,
        d_state: State | None = None,
        out: Parameters | None = None,
    ) -> Parameters:
        """``backward`` for every training step: nothing is checked, as in ``unchecked_forward``.

        ``window`` is that of the forward pass, ``d_scores (N, V)`` the gradient of its ``scores``.
        The gradients are written into ``out``, if there is one.
        """
        if out is None and self._gradients is None:
            self._gradients = self.parameters.zeros_like()
        gradients = self._gradients if out is None else out
        assert gradients is not None
        d_scores.T.dot(window.output, gradients["decoder.weight"])
        window.ones.dot(d_scores, gradients["decoder.bias"])
        d_scores.dot(self._decoder_weight, window.d_output)
        for index in reversed(range(len(window.layers))):
            self._check_interrupted()
            layer = window.layers[index]
            layer.weights.prepare_backward()
            layer.backward(gradients, None if d_state is None else d_state[index])
            if index > 0:
                layer.input_gradient(out=window.d_output)
        self._last_backward = window
        return gradients

    @property
    def state_gradient(self) -> State:
        """The gradient of the state from which the window of the last ``backward`` started.

        A copy. EngineError when there was no ``backward`` yet.
        """
        if self._last_backward is None:
            raise EngineError("state_gradient must be asked for after a backward pass, got none")
        return tuple(
            tuple(array.copy() for array in layer.cell.d_state)
            for layer in self._last_backward.layers
        )

    def snapshot(self) -> "Network":
        """A network with copied, read-only parameters, which another thread may use."""
        return self._with(self.parameters.frozen_copy())

    def twin(self) -> "Network":
        """A network over the same parameters, not a copy, with buffers of its own."""
        return self._with(self.parameters)

    def _with(self, parameters: Parameters) -> "Network":
        # Parameters that are known to fit are not looked through again.
        network = Network.__new__(Network)
        network._build(self.config, parameters)
        return network

    def trace(self, indices: npt.NDArray[np.integer[Any]], state: State | None = None) -> Trace:
        """Run over one text ``indices (T,)`` and copy everything a view can show.

        Works in buffers of its own, so that it neither disturbs training between a ``forward`` and
        its ``backward`` nor another thread tracing the same snapshot.
        """
        indices = require_indices("indices", indices, self.config.vocabulary_size, ("T",))
        private = self.twin()
        start = private.zero_state(1) if state is None else state
        forward = private.forward(indices[:, np.newaxis], start)
        signals = tuple(
            {name: layer.cell.signal(name)[:, :, 0].copy() for name in layer.cell.signals}
            for layer in forward.window.layers
        )
        return Trace(signals, forward.logits[:, :, 0].copy(), forward.state)

    def _prepare(self, batch: int) -> None:
        """Take over the parameters' present values; only once when they are frozen."""
        if self._prepared_for == batch and self.parameters.read_only:
            return
        for layer in self._layers:
            layer.prepare(batch)
        np.copyto(self._decoder, self._decoder_weight.T)
        self._prepared_for = batch

    def _window(self, steps: int, batch: int, link: int) -> Window:
        if link >= _KEPT_WINDOWS:  # a long chain is rare: its further links are made anew
            return Window(self.config, self._layers, steps, batch)
        key = (steps, batch, link)
        if key not in self._windows:
            while len(self._windows) >= _KEPT_WINDOWS:
                self._windows.popitem(last=False)
            self._windows[key] = Window(self.config, self._layers, steps, batch)
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
