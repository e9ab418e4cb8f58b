"""One recurrent layer: its weights as the loop over time wants them, and all its bulk GEMMs.

Used by ``network``. ``LayerWeights`` is independent of the window; ``LayerWindow`` holds one
layer's buffers for one window size and wraps the cell that runs over them.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from rnnviz.engine.cells.base import Cell, CellState, SharedBuffers
from rnnviz.engine.cells.tiles import tile_columns, tiled
from rnnviz.engine.outlet import Outlet, OutletPlan
from rnnviz.engine.parameters import Array, Parameters

# One-hot rows of a window with at most so many entries make the gradient of W_ih a matrix product;
# above it is summed character by character, whose cost hardly grows with the window.
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
            self.input = np.zeros((gates, self.input_size, hidden_size), dtype)
        self.input_bias: Array = np.zeros((gates, hidden_size), dtype)
        self._recurrent: Array = np.zeros((gates, 1, hidden_size, hidden_size), dtype)
        self._recurrent_back = np.zeros_like(self._recurrent)
        self._in_place = cell.hidden_order == tuple(range(gates))
        self.recurrent, self.recurrent_back = self._recurrent, self._recurrent_back

    def prepare(self, batch: int) -> None:
        """Take over the parameters' present values for ``forward`` over ``batch`` texts."""
        cell = self.cell
        if batch == 1 and self._plain:
            # One text needs matrix-vector products, which read either order equally fast.
            self.recurrent = self.weight_hh.transpose(0, 2, 1)[:, np.newaxis]
        else:
            columns = tile_columns(batch, self.hidden_size)
            shape = (cell.gates, -1, self.hidden_size, columns)
            self.recurrent = self._recurrent.reshape(shape)
            for here, gate, half in self._scaled(cell.hidden_order):
                tiles = tiled(self.weight_hh[gate].T, columns)
                np.multiply(tiles, half, out=self.recurrent[here])
        for here, gate, half in self._scaled(cell.input_order):
            if self._copies_input:
                np.multiply(self.weight_ih[gate].T, half, out=self.input[here])
            bias = self.input_bias[here]
            np.multiply(self.bias_ih[gate], half, out=bias)
            if gate not in cell.biased_products:
                bias += half * self.bias_hh[gate]
            if self.reads_characters:  # a row of the table is then all that a character adds
                self.input[here] += bias

    def _scaled(self, order: tuple[int, ...]) -> Iterator[tuple[int, int, float]]:
        """(block here, block in PyTorch's order, what it is multiplied by) of each gate."""
        for here, gate in enumerate(order):
            yield here, gate, 0.5 if gate in self.cell.sigmoid_gates else 1.0

    def prepare_backward(self, batch: int) -> None:
        """Take over the parameters' present values for ``backward`` over ``batch`` texts."""
        columns = tile_columns(batch, self.hidden_size)
        if columns == self.hidden_size and self._in_place:
            self.recurrent_back = self.weight_hh[:, np.newaxis]
            return
        shape = (self.cell.gates, -1, self.hidden_size, columns)
        self.recurrent_back = self._recurrent_back.reshape(shape)
        for here, gate in enumerate(self.cell.hidden_order):
            np.copyto(self.recurrent_back[here], tiled(self.weight_hh[gate], columns))


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
        self._sums = cell.sums.reshape(cell.gates, count, size)
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
        self._characters = np.zeros(count, np.intp)
        one_hot = weights.reads_characters and count * inputs <= LARGEST_ONE_HOT
        self._one_hot: Array | None = np.zeros((count, inputs), dtype) if one_hot else None
        self._ones_at = np.zeros(0, np.intp)
        self._sorted, self._product = shared.scratch.reshape(2, count, size)
        self._gradients: tuple[Parameters, tuple[Array, ...]] | None = None

    def read(self, characters: npt.NDArray[np.integer[Any]]) -> None:
        """Take the characters ``(T, B)`` of a window as the input of layer 0."""
        self._characters[:] = characters.reshape(-1)
        if self._one_hot is not None:
            entries = self._one_hot.reshape(-1)
            entries[self._ones_at] = 0.0
            self._ones_at = (
                np.arange(self._characters.size) * self._one_hot.shape[1] + self._characters
            )
            entries[self._ones_at] = 1.0

    def forward(self, state: CellState, dropout_rng: np.random.Generator | None) -> None:
        """Project the input in bulk, then run the cell from ``state``."""
        weights = self.weights
        if self._input is None:
            for table, sums in zip(weights.input, self._sums, strict=True):
                np.take(table, self._characters, axis=0, out=sums, mode="clip")
        else:
            for matrix, bias, sums in zip(
                weights.input, weights.input_bias, self._sums, strict=True
            ):
                np.matmul(self._input, matrix, out=sums)
                np.add(sums, bias, out=sums)
        self.cell.forward(weights.recurrent, weights.bias_hh, state)
        if self._outlet is not None:
            self._outlet.forward(self._hidden, self._input, dropout_rng)

    def backward(self, gradients: Parameters, d_state: CellState | None) -> None:
        """Run the cell backward and write this layer's gradients, in PyTorch's gate order.

        ``d_state`` is the gradient of the state after the window, none when nothing follows.
        """
        weights, cell = self.weights, self.weights.cell
        if self._outlet is not None:
            self._outlet.backward(self._d_hidden, gradients)
        for index, carry in enumerate(self.cell.d_state):
            carry[...] = 0.0 if d_state is None else d_state[index]
        self.cell.backward(weights.recurrent_back)
        for name, gradient in self.cell.own_gradients().items():
            gradients[f"rnn.{name}_l{weights.layer}"][...] = gradient
        if self._gradients is None or self._gradients[0] is not gradients:
            self._gradients = gradients, layer_blocks(gradients, weights.layer, cell.gates)
        d_weight_ih, d_weight_hh, d_bias_ih, d_bias_hh = self._gradients[1]
        for deltas, gate in zip(self._hidden_deltas, cell.hidden_order, strict=True):
            np.matmul(deltas.T, self._before, out=d_weight_hh[gate])
            np.matmul(self._ones, deltas, out=d_bias_hh[gate])
        for deltas, gate in zip(self._input_deltas, cell.input_order, strict=True):
            if gate in cell.biased_products:
                np.matmul(self._ones, deltas, out=d_bias_ih[gate])
            else:
                d_bias_ih[gate] = d_bias_hh[gate]
            if self._one_hot is not None:
                np.matmul(deltas.T, self._one_hot, out=d_weight_ih[gate])
            elif self._input is not None:
                np.matmul(deltas.T, self._input, out=d_weight_ih[gate])
        if self._one_hot is None and self._input is None:
            columns = [d_weight_ih[gate] for gate in cell.input_order]
            sum_by_character(self._input_deltas, self._characters, columns, self._sorted)

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
    runs = list(zip(starts.tolist(), [*starts[1:].tolist(), order.size], strict=True))
    sums: Array = np.empty((len(runs), scratch.shape[1]), scratch.dtype)
    for block, columns in zip(deltas, out, strict=True):
        np.take(block, order, axis=0, out=scratch, mode="clip")
        for row, (start, stop) in zip(sums, runs, strict=True):
            np.add.reduce(scratch[start:stop], axis=0, out=row)
        columns.fill(0.0)
        columns[:, present] = sums.T
