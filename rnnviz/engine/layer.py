"""One recurrent layer: its weights as the loop over time wants them, and all its bulk GEMMs.

Used by ``network``. ``LayerWeights`` is independent of the window; ``LayerWindow`` holds one
layer's buffers for one window size and wraps the cell that runs over them.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from rnnviz.engine.cells.base import Cell, CellState
from rnnviz.engine.outlet import Outlet, OutletPlan
from rnnviz.engine.parameters import Array, Parameters

# Up to here the characters stand as one-hot rows beside the state, so that one GEMM does for both;
# the gradient of a larger vocabulary is summed by sorted runs, which hardly cost more the larger it
# is. Measured: the two are equal at about 100 characters.
LARGEST_ONE_HOT = 128


class LayerWeights:
    """One layer's weights, gathered into the matrices that the GEMMs of a window use.

    ``recurrent`` stands beside the rows of the operand, ``[W_hh | b_hh]`` or, when the one-hot
    characters ride along, ``[W_hh | b_ih + b_hh | W_ih]``; ``input`` beside the layer's input. Both
    hold half of the rows that a sigmoid squashes (see ``Cell.sigmoid_gates``).
    """

    def __init__(
        self,
        parameters: Parameters,
        layer: int,
        cell: type[Cell],
        hidden_size: int,
        outlet: OutletPlan,
    ) -> None:
        """Make the matrices; ``prepare`` fills them."""
        self.layer = layer
        self.parameters = parameters
        self.outlet = outlet
        self.own = {name: parameters[f"rnn.{name}_l{layer}"] for name in cell.own_weights}
        self.cell = cell
        self.hidden_size = hidden_size
        self.weight_ih = parameters[f"rnn.weight_ih_l{layer}"]  # (G*H, I)
        self.weight_hh = parameters[f"rnn.weight_hh_l{layer}"]  # (G*H, H)
        self.bias_ih = parameters[f"rnn.bias_ih_l{layer}"]
        self.bias_hh = parameters[f"rnn.bias_hh_l{layer}"]
        rows, self.input_size = self.weight_ih.shape
        self.reads_characters = layer == 0
        self.one_hot = layer == 0 and self.input_size <= LARGEST_ONE_HOT
        # Only a cell that adds state and input before anything else can take both in one GEMM.
        self.rides_along = self.one_hot and cell.hidden_order == cell.input_order
        # The bias is the column beside the row of ones: before the characters, after a layer's h.
        self.bias_column = 0 if layer == 0 else self.input_size
        self.value_columns = slice(1, None) if layer == 0 else slice(0, self.input_size)
        columns = hidden_size + 1 + (self.input_size if self.rides_along else 0)
        dtype = parameters.dtype
        self.recurrent: Array = np.zeros((rows, columns), dtype)
        self.input: Array = np.zeros((rows, self.input_size + 1), dtype)
        self.recurrent_t: Array = np.zeros((hidden_size, rows), dtype)
        self.input_plain: Array = np.zeros((rows, self.input_size), dtype)

    def blocks(self, order: tuple[int, ...]) -> Iterator[tuple[slice, slice, int]]:
        """(rows here, rows in PyTorch's order, gate) of each gate block, in ``order``."""
        size = self.hidden_size
        for here, gate in enumerate(order):
            yield (
                slice(here * size, (here + 1) * size),
                slice(gate * size, (gate + 1) * size),
                gate,
            )

    def prepare(self) -> None:
        """Take over the parameters' present values for ``forward``."""
        size = self.hidden_size
        for here, there, gate in self.blocks(self.cell.hidden_order):
            half = 0.5 if gate in self.cell.sigmoid_gates else 1.0
            row = self.recurrent[here]
            np.multiply(self.weight_hh[there], half, out=row[:, :size])
            np.multiply(self.bias_hh[there], half, out=row[:, size])
            if self.rides_along:
                row[:, size] += half * self.bias_ih[there]
                np.multiply(self.weight_ih[there], half, out=row[:, size + 1 :])
        if self.rides_along:
            return
        for here, there, gate in self.blocks(self.cell.input_order):
            half = 0.5 if gate in self.cell.sigmoid_gates else 1.0
            row = self.input[here]
            np.multiply(self.weight_ih[there], half, out=row[:, self.value_columns])
            np.multiply(self.bias_ih[there], half, out=row[:, self.bias_column])

    def prepare_backward(self, needs_input_gradient: bool) -> None:
        """Take over the parameters' present values for ``backward``.

        The transposed copy is made once per window because BLAS reads it at every step.
        """
        for here, there, _ in self.blocks(self.cell.hidden_order):
            self.recurrent_t[:, here] = self.weight_hh[there].T
        if needs_input_gradient:
            for here, there, _ in self.blocks(self.cell.input_order):
                self.input_plain[here] = self.weight_ih[there]


class LayerWindow:
    """One layer over one window size ``(T, B)``."""

    def __init__(
        self,
        weights: LayerWeights,
        deltas: Array,
        d_hidden: Array,
        projected: Array,
        activation: str,
        below: "LayerWindow | None",
    ) -> None:
        """Make the buffers; ``deltas``, ``d_hidden`` and ``projected`` are shared by all layers."""
        self.weights = weights
        size, inputs = weights.hidden_size, weights.input_size
        dtype = deltas.dtype
        steps, batch = deltas.shape[1:]
        one_hot_rows = inputs if weights.one_hot else 0
        self.operand: Array = np.zeros((size + 1 + one_hot_rows, steps + 1, batch), dtype)
        self.operand[size] = 1.0
        self.cell = weights.cell(size, self.operand, deltas, d_hidden, activation)
        rows, columns = weights.recurrent.shape
        self.projected = None if weights.rides_along else projected[:rows]
        self.cell.connect(columns, self.projected)
        if weights.own:
            self.cell.attach(weights.own)

        self.output = flat(self.operand[: size + 1, 1:])  # (H+1, T*B): [h_t; 1]
        self._outlet: Outlet | None = None
        if not weights.outlet.empty:
            self._hidden = self.output[:size]
            self._d_hidden = flat(d_hidden)
            shape = (size, steps * batch)
            self._outlet = Outlet(weights.outlet, weights.parameters, weights.layer, shape)
            self.output = self._outlet.output
        self._before = flat(self.operand[:columns, :-1])  # what `recurrent` stands beside
        self._input = flat(self.operand[size:, :-1]) if below is None else below.output
        self._hidden_deltas = flat(deltas[:rows])
        self._input_deltas = flat(deltas[weights.cell.delta_blocks * size - rows :])
        self._d_recurrent: Array = np.zeros((rows, columns), dtype)
        self._d_input: Array = np.zeros((rows, inputs + 1), dtype)
        # Where the ones of the one-hot rows stand in `operand`, counted along its memory.
        self._flat_operand = self.operand.reshape(-1)
        self._row_length = (steps + 1) * batch
        self._first_one_hot = (size + 1) * self._row_length + np.arange(steps * batch)
        self._ones = np.zeros((0,), np.intp)
        self._characters = np.zeros((steps * batch,), np.intp)

    def read(self, characters: npt.NDArray[np.integer[Any]]) -> None:
        """Take the characters ``(T, B)`` of a window as the input of layer 0."""
        self._characters[:] = characters.reshape(-1)
        if self.weights.one_hot:
            self._flat_operand[self._ones] = 0.0
            self._ones = self._first_one_hot + self._characters * self._row_length
            self._flat_operand[self._ones] = 1.0

    def forward(self, state: CellState, dropout_rng: np.random.Generator | None) -> None:
        """Project the input in bulk, then run the cell from ``state``."""
        weights = self.weights
        if self.projected is not None:
            if weights.reads_characters:
                table = weights.input[:, 1:] + weights.input[:, :1]
                np.take(table, self._characters, axis=1, out=flat(self.projected), mode="clip")
            else:
                np.matmul(weights.input, self._input, out=flat(self.projected))
        self.cell.forward(weights.recurrent, state)
        if self._outlet is not None:
            self._outlet.forward(self._hidden, self._input[: weights.hidden_size], dropout_rng)

    def backward(self, gradients: Parameters, d_state: CellState | None) -> None:
        """Run the cell backward and write this layer's gradients, in PyTorch's gate order.

        ``d_state`` is the gradient of the state after the window, none when nothing follows.
        """
        weights = self.weights
        size, layer = weights.hidden_size, weights.layer
        if self._outlet is not None:
            self._outlet.backward(self._d_hidden, gradients)
        for index, carry in enumerate(self.cell.d_state):
            carry[...] = 0.0 if d_state is None else d_state[index]
        self.cell.backward(weights.recurrent_t)
        for name, gradient in self.cell.own_gradients().items():
            gradients[f"rnn.{name}_l{layer}"][...] = gradient
        d_weight_ih = gradients[f"rnn.weight_ih_l{layer}"]
        d_weight_hh = gradients[f"rnn.weight_hh_l{layer}"]
        d_bias_ih = gradients[f"rnn.bias_ih_l{layer}"]
        d_bias_hh = gradients[f"rnn.bias_hh_l{layer}"]
        d_recurrent = np.matmul(self._hidden_deltas, self._before.T, out=self._d_recurrent)
        for here, there, _ in weights.blocks(weights.cell.hidden_order):
            d_weight_hh[there] = d_recurrent[here, :size]
            d_bias_hh[there] = d_recurrent[here, size]
            if weights.rides_along:
                d_bias_ih[there] = d_recurrent[here, size]
                d_weight_ih[there] = d_recurrent[here, size + 1 :]
        if weights.rides_along:
            return
        d_input = self._d_input
        if weights.reads_characters and not weights.one_hot and self.projected is not None:
            scratch = flat(self.projected)  # only the forward pass needed what it holds
            sum_by_character(self._input_deltas, self._characters, d_input, scratch)
        else:
            np.matmul(self._input_deltas, self._input.T, out=d_input)
        for here, there, _ in weights.blocks(weights.cell.input_order):
            d_weight_ih[there] = d_input[here, weights.value_columns]
            d_bias_ih[there] = d_input[here, weights.bias_column]

    def input_gradient(self, out: Array) -> None:
        """The gradient of the layer's input ``(I, T, B)``, after ``backward``."""
        np.matmul(self.weights.input_plain.T, self._input_deltas, out=flat(out))
        if self._outlet is not None:
            self._outlet.add_input_gradient(flat(out))


def sum_by_character(
    deltas: Array, characters: npt.NDArray[np.intp], out: Array, scratch: Array
) -> None:
    """Column sums of ``deltas (R, N)`` by the character of each column, through ``scratch (R, N)``.

    ``out (R, 1 + V)``: the sum of all columns, then the sum of each character's.
    """
    order = np.argsort(characters, kind="stable")
    ordered = characters[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    np.take(deltas, order, axis=1, out=scratch, mode="clip")
    out.fill(0.0)
    out[:, 1 + ordered[starts]] = np.add.reduceat(scratch, starts, axis=1)
    np.sum(deltas, axis=1, out=out[:, 0])


def flat(sequence: Array) -> Array:
    """``(F, T, B)`` as ``(F, T*B)``: what the bulk GEMMs take.

    A view also of ``[:, 1:]`` and ``[:, :-1]``, whose steps lie one behind the other.
    """
    rows, steps, batch = sequence.shape
    return sequence.reshape(rows, steps * batch)
