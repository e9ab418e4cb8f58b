"""One recurrent layer: its weights as the loop over time wants them, and all its bulk GEMMs.

Used by ``network``. ``LayerWeights`` is independent of the window; ``LayerWindow`` holds one
layer's buffers for one window size and wraps the cell that runs over them.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from rnnviz.engine import aligned
from rnnviz.engine.cells.base import Cell, CellState, SharedBuffers
from rnnviz.engine.cells.tiles import tile_columns, tiled
from rnnviz.engine.outlet import Outlet, OutletPlan
from rnnviz.engine.parameters import Array, Parameters

# One-hot rows with at most so many entries, of a window and of all characters, make the gradient of
# W_ih a matrix product; above it is summed character by character, whose cost hardly grows.
LARGEST_ONE_HOT = 32_768


class LayerWeights:
    """One layer's weights as the cell and the bulk GEMMs read them.

    ``recurrent`` holds the transposed blocks of ``W_hh``, in tiles ``(G, H/w, H, w)`` (see
    ``tiles``), ``input (G, I, H)`` those of ``W_ih``, ``input_bias (G, H)`` what is added to the
    input's share of the sums; all of them halved for gates that a sigmoid squashes (see
    ``Cell.sigmoid_gates``). ``recurrent_back`` holds the blocks of ``W_hh`` as they are, in tiles.
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
        self.reads_characters = layer == 0
        gates = cell.gates
        # In PyTorch's order, one block a gate:
        self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh = layer_blocks(
            parameters, layer, gates
        )
        self.input_size = self.weight_ih.shape[2]
        dtype = parameters.dtype
        # A cell without sigmoids, hence with one gate, can read the weights where they are.
        self._plain = not cell.sigmoid_gates
        self._copies_input = self.reads_characters or not self._plain
        self.input: Array = self.weight_ih.transpose(0, 2, 1)
        if self._copies_input:
            self.input = aligned.zeros((gates, self.input_size, hidden_size), dtype)
            self._turned: Array = aligned.zeros((hidden_size, self.input_size), dtype)
        self.input_bias: Array = aligned.zeros((gates, hidden_size), dtype)
        self._recurrent: Array = aligned.zeros((gates, 1, hidden_size, hidden_size), dtype)
        self._recurrent_back = aligned.zeros(self._recurrent.shape, dtype)
        self._in_place = cell.hidden_order == tuple(range(gates))
        self.recurrent, self.recurrent_back = self._recurrent, self._recurrent_back
        self._input_blocks = [
            (
                *(self.weight_ih[gate], self.bias_ih[gate]),
                None if gate in cell.biased_products else self.bias_hh[gate],
                *(self.input[here], self.input_bias[here], half),
            )
            for here, gate, half in self._scaled(cell.input_order)
        ]
        self._prepared_for = 0  # texts at once

    def prepare(self, batch: int) -> None:
        """Take over the parameters' present values for ``forward`` over ``batch`` texts."""
        if batch != self._prepared_for:
            self._lay_out(batch)
        for block, tiles, half in self._recurrent_blocks:
            np.multiply(block, half, out=tiles)
        for weights, bias_ih, bias_hh, matrix, bias, half in self._input_blocks:
            if bias_hh is None:
                np.copyto(bias, bias_ih)
            else:
                np.add(bias_ih, bias_hh, out=bias)
            # Worked out in this order, and turned as a whole: that is twice as fast.
            if half != 1.0:
                weights = np.multiply(weights, half, out=self._turned)
                bias *= half
            if self.reads_characters:  # a row of the table is then all that a character adds
                weights = np.add(weights, bias[:, np.newaxis], out=self._turned)
            if self._copies_input:
                np.copyto(matrix, weights.T)

    def _lay_out(self, batch: int) -> None:
        """Arrange the recurrent matrices for ``batch`` texts at once."""
        cell, columns = self.cell, tile_columns(batch, self.hidden_size)
        shape = (cell.gates, -1, self.hidden_size, columns)
        self._recurrent_blocks: list[tuple[Array, Array, float]] = []
        if batch == 1 and self._plain:
            # One text needs matrix-vector products, which read either order equally fast.
            self.recurrent = self.weight_hh.transpose(0, 2, 1)[:, np.newaxis]
        else:
            self.recurrent = self._recurrent.reshape(shape)
            self._recurrent_blocks = [
                (tiled(self.weight_hh[gate].T, columns), self.recurrent[here], half)
                for here, gate, half in self._scaled(cell.hidden_order)
            ]
        self._blocks_back: list[tuple[Array, Array]] = []
        if columns == self.hidden_size and self._in_place:
            self.recurrent_back = self.weight_hh[:, np.newaxis]
        else:
            self.recurrent_back = self._recurrent_back.reshape(shape)
            self._blocks_back = [
                (tiled(self.weight_hh[gate], columns), self.recurrent_back[here])
                for here, gate in enumerate(cell.hidden_order)
            ]
        self._prepared_for = batch

    def _scaled(self, order: tuple[int, ...]) -> Iterator[tuple[int, int, float]]:
        """(block here, block in PyTorch's order, what it is multiplied by) of each gate."""
        for here, gate in enumerate(order):
            yield here, gate, 0.5 if gate in self.cell.sigmoid_gates else 1.0

    def prepare_backward(self) -> None:
        """Take over the parameters' present values for ``backward`` after ``prepare``."""
        for block, tiles in self._blocks_back:
            np.copyto(tiles, block)


def layer_blocks(parameters: Parameters, layer: int, gates: int) -> tuple[Array, ...]:
    """``W_ih (G, H, I)``, ``W_hh (G, H, H)``, ``b_ih (G, H)``, ``b_hh (G, H)``: a block per gate.

    Views of a layer's parameters or gradients.
    """
    weights = (
        parameters[f"rnn.{kind}_l{layer}"].reshape(
            gates, -1, parameters[f"rnn.{kind}_l{layer}"].shape[1]
        )
        for kind in ("weight_ih", "weight_hh")
    )
    biases = (
        parameters[f"rnn.{kind}_l{layer}"].reshape(gates, -1) for kind in ("bias_ih", "bias_hh")
    )
    return (*weights, *biases)


class LayerWindow:
    """One layer over one window size ``(T, B)``; ``N = T*B``."""

    def __init__(
        self,
        weights: LayerWeights,
        shared: SharedBuffers,
        activation: str,
        below: "LayerWindow | None",
    ) -> None:
        """Make the buffers; ``below`` is the layer whose output this one reads."""
        self.weights = weights
        size, inputs = weights.hidden_size, weights.input_size
        steps, batch = shared.d_hidden.shape[:2]
        count = steps * batch
        self.cell = cell = weights.cell(shared, activation)
        if weights.own:
            cell.attach(weights.own)
        dtype = shared.d_hidden.dtype
        self.output: Array = cell.hidden[1:].reshape(count, size)
        """``(N, H)``: what the layer above or the decoder reads."""
        self._input = None if below is None else below.output  # (N, I)
        self._before = cell.hidden[:-1].reshape(count, size)
        deltas = shared.deltas.reshape(cell.delta_blocks, count, size)
        self._input_deltas = deltas[: cell.gates]
        self._hidden_deltas = deltas[cell.delta_blocks - cell.gates :]
        self._outlet: Outlet | None = None
        if not weights.outlet.empty:
            self._hidden = self.output
            self._d_hidden = shared.d_hidden.reshape(count, size)
            self._outlet = Outlet(weights.outlet, weights.parameters, weights.layer, (count, size))
            self.output = self._outlet.output
        self._ones: Array = np.ones(count, dtype)
        self._window = aligned.zeros((steps, batch), np.intp)
        self._characters = self._window.reshape(-1)
        # Where in the weights' tables, one below the other, each gate finds what a character adds.
        self._rows = self._window[:, np.newaxis]
        if cell.gates > 1:
            self._rows = aligned.zeros((steps, cell.gates, batch), np.intp)
        self._tables = weights.input.reshape(-1, size) if below is None else None
        self._table_starts = np.arange(cell.gates)[:, np.newaxis] * inputs
        one_hot = weights.reads_characters and max(count, inputs) * inputs <= LARGEST_ONE_HOT
        self._one_hot: Array | None = aligned.zeros((count, inputs), dtype) if one_hot else None
        self._unit_rows = np.eye(inputs, dtype=dtype) if one_hot else None
        self._sorted, self._product = shared.scratch.reshape(2, count, size)
        # What the input's deltas are multiplied by for the gradient of W_ih; None where they are
        # summed by character instead.
        self._read = self._one_hot if below is None else self._input
        self._gradients: Parameters | None = None

    def read(self, characters: npt.NDArray[np.integer[Any]]) -> None:
        """Take the characters ``(T, B)`` of a window as the input of layer 0."""
        np.copyto(self._window, characters)
        if self.cell.gates > 1:
            np.add(self._window[:, np.newaxis], self._table_starts, out=self._rows)
        if self._unit_rows is not None:
            self._unit_rows.take(self._characters, 0, self._one_hot, "clip")

    def forward(self, state: CellState, dropout_rng: np.random.Generator | None) -> None:
        """Project the input in bulk, then run the cell from ``state``."""
        weights = self.weights
        sums = self.cell.sums
        if self._tables is not None:
            self._tables.take(self._rows, 0, sums, "clip")
        elif self._input is not None:
            for gate, (matrix, bias) in enumerate(
                zip(weights.input, weights.input_bias, strict=True)
            ):
                self._input.dot(matrix, self._product)
                product = self._product.reshape(sums[:, gate].shape)
                np.add(product, bias, out=sums[:, gate])
        self.cell.forward(weights.recurrent, weights.bias_hh, state)
        if self._outlet is not None:
            self._outlet.forward(self._hidden, self._input, dropout_rng)

    def backward(self, gradients: Parameters, d_state: CellState | None) -> None:
        """Run the cell backward and write this layer's gradients, in PyTorch's gate order.

        ``d_state`` is the gradient of the state after the window, none when nothing follows.
        """
        weights = self.weights
        if self._outlet is not None:
            self._outlet.backward(self._d_hidden, gradients)
        self.cell.begin_backward(d_state)
        self.cell.backward(weights.recurrent_back)
        if weights.own:
            for name, gradient in self.cell.own_gradients().items():
                gradients[f"rnn.{name}_l{weights.layer}"][...] = gradient
        if gradients is not self._gradients:
            self._write_into(gradients)
        for deltas, d_weight, d_bias in self._hidden_blocks:
            deltas.T.dot(self._before, d_weight)
            self._ones.dot(deltas, d_bias)
        for deltas, d_weight, d_bias, same_bias in self._input_blocks:
            if same_bias is None:
                self._ones.dot(deltas, d_bias)
            else:
                np.copyto(d_bias, same_bias)
            if self._read is not None:
                deltas.T.dot(self._read, d_weight)
        if self._read is None:
            columns = [block[1] for block in self._input_blocks]
            sum_by_character(self._input_deltas, self._characters, columns, self._sorted)

    def _write_into(self, gradients: Parameters) -> None:
        """Pair the gates' gradients with their places in ``gradients``."""
        cell = self.cell
        d_weight_ih, d_weight_hh, d_bias_ih, d_bias_hh = layer_blocks(
            gradients, self.weights.layer, cell.gates
        )
        self._hidden_blocks = [
            (deltas, d_weight_hh[gate], d_bias_hh[gate])
            for deltas, gate in zip(self._hidden_deltas, cell.hidden_order, strict=True)
        ]
        self._input_blocks = [
            (
                *(deltas, d_weight_ih[gate], d_bias_ih[gate]),
                None if gate in cell.biased_products else d_bias_hh[gate],
            )
            for deltas, gate in zip(self._input_deltas, cell.input_order, strict=True)
        ]
        self._gradients = gradients

    def input_gradient(self, out: Array) -> None:
        """The gradient of the layer's input into ``out (N, I)``, after ``backward``."""
        blocks = zip(self._input_deltas, self.weights.cell.input_order, strict=True)
        for index, (deltas, gate) in enumerate(blocks):
            np.matmul(deltas, self.weights.weight_ih[gate], out=self._product if index else out)
            if index:
                np.add(out, self._product, out=out)
        if self._outlet is not None:
            self._outlet.add_input_gradient(out)


def sum_by_character(
    deltas: Array, characters: npt.NDArray[np.intp], out: Sequence[Array], scratch: Array
) -> None:
    """Add up the rows of each block of ``deltas (G, N, H)`` by the character of each row.

    Column v of ``out[g] (H, V)`` becomes the sum of the rows whose ``characters (N,)`` is v.
    ``scratch`` is ``(N, H)``.
    """
    order = np.argsort(characters, kind="stable")
    present, starts = np.unique(characters[order], return_index=True)
    ones: Array = np.ones(order.size, scratch.dtype)
    sums: Array = np.zeros((len(present), scratch.shape[1]), scratch.dtype)
    bounds = pairwise([*starts.tolist(), order.size])
    # A sum of rows as a product with ones is twice as fast as one by ``np.add.reduce``.
    runs = [
        (ones[start:stop].dot, scratch[start:stop], row)
        for row, (start, stop) in zip(sums, bounds, strict=True)
    ]
    for block, columns in zip(deltas, out, strict=True):
        block.take(order, 0, scratch, "clip")
        for add_up, rows, row in runs:
            add_up(rows, row)
        columns.fill(0.0)
        columns[:, present] = sums.T
