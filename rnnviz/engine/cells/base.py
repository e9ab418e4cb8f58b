"""What a cell is: one layer's recurrence over a window, forward and backward; used by ``layer``.

A cell object owns the buffers of one window size ``(T, B)``. The layer around it does everything
that needs no loop over time, in bulk: the input projection before ``forward``, and after
``backward`` the weight gradients and the gradient of the input. Memory is laid out for those two:

- ``operand (K, T+1, B)``, feature-major, is what the bulk GEMMs and the recurrent one read. Its
  rows are ``[h; 1]`` or, for a layer that reads one-hot characters, ``[h; 1; x]``; column ``t``
  holds ``h_{t-1}`` and ``x_t``, so ``W @ operand[:, t]`` is ``W_hh h_{t-1} + b + W_ih x_t``.
- ``deltas (D*H, T, B)``, feature-major, is what backward leaves for the weight gradients.
- Everything read only element by element is time-major ``(T, ., B)``, whose steps are contiguous.

All views of single steps are made once, here, because slicing inside the loop over time would cost
as much as the arithmetic of a small network.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from rnnviz.engine.parameters import Array

CellState = tuple[Array, ...]


class Cell(ABC):
    """One layer's recurrence over ``T`` steps of a batch of ``B``."""

    name: ClassVar[str]
    """``rnn``, ``lstm`` or ``gru``."""
    gates: ClassVar[int]
    """G: PyTorch's weights have ``G * H`` rows."""
    state_names: ClassVar[tuple[str, ...]]
    """What is carried from window to window, each ``(H, B)``."""
    signals: ClassVar[tuple[str, ...]]
    """What ``signal`` can show, states first."""
    hidden_order: ClassVar[tuple[int, ...]]
    """PyTorch's gate blocks in the row order of the recurrent GEMM and ``deltas``' first rows."""
    input_order: ClassVar[tuple[int, ...]]
    """PyTorch's gate blocks in the row order of the input GEMM and of ``deltas``' last rows."""
    sigmoid_gates: ClassVar[tuple[int, ...]] = ()
    """PyTorch's gate blocks that are squashed by a sigmoid: forward expects half their sum, because
    sigmoid(x) = 0.5 tanh(0.5 x) + 0.5 (which never overflows) then needs no pass of its own."""
    delta_blocks: ClassVar[int]
    """D: blocks of H rows in ``deltas``."""
    own_weights: ClassVar[Mapping[str, int]] = MappingProxyType({})
    """Weights beside PyTorch's four that only this cell has, with their length in blocks of H."""

    def __init__(
        self,
        hidden_size: int,
        operand: Array,
        deltas: Array,
        d_hidden: Array,
        activation: str = "tanh",
    ) -> None:
        """Make the buffers and the views of single steps.

        ``operand (K, T+1, B)`` belongs to this layer; ``deltas (D*H, T, B)`` and
        ``d_hidden (H, T, B)``, the gradient from above, are shared with the other layers.
        """
        self.hidden_size = hidden_size
        self.steps, self.batch = deltas.shape[1:]
        self.dtype: npt.DTypeLike = operand.dtype
        self.activation = activation
        self.hidden = operand[:hidden_size]  # (H, T+1, B)
        self._hidden_steps = [self.hidden[:, t] for t in range(self.steps + 1)]
        self._delta_steps = [deltas[:, t] for t in range(self.steps)]
        self._above_steps = [d_hidden[:, t] for t in range(self.steps)]
        self._operand = operand
        self._operand_steps: list[Array] = []
        self._projected_steps: list[Array] = []

    def connect(self, rows: int, projected: Array | None) -> None:
        """Say what ``forward`` reads: the first ``rows`` rows of ``operand``, and ``projected``.

        ``projected (G*H, T, B)`` is the layer's bulk projection of its input, in ``input_order``;
        None when the input rides along in ``operand``.
        """
        self._operand_steps = [self._operand[:rows, t] for t in range(self.steps)]
        self._projected_steps = (
            [] if projected is None else [projected[:, t] for t in range(self.steps)]
        )

    def attach(self, own_weights: Mapping[str, Array]) -> None:
        """Take the views of this layer's ``own_weights``; called once, and only if there are any.

        A cell that has some overrides this.
        """
        raise NotImplementedError(f"{self.name} has no weights of its own, got {list(own_weights)}")

    def own_gradients(self) -> Mapping[str, Array]:
        """The gradients of ``own_weights``, after ``backward``."""
        return {}

    def buffer(self, *shape: int) -> Array:
        """A zeroed array of the cell's dtype."""
        array: Array = np.zeros(shape, self.dtype)
        return array

    @abstractmethod
    def forward(self, recurrent: Array, state: CellState) -> None:
        """Run from ``state``: fills the hidden rows of ``operand`` and what backward needs.

        ``recurrent (G*H, rows)`` holds the weights beside ``operand``'s rows, in ``hidden_order``.
        """

    @abstractmethod
    def backward(self, recurrent_t: Array) -> None:
        """Fill ``deltas`` from ``d_hidden``, for the forward pass just made.

        ``recurrent_t (H, G*H)`` is the transposed ``W_hh`` in ``hidden_order``. Begins with what
        ``d_state`` holds, the gradient of the state after the last step, and leaves there that of
        the state the window started from.
        """

    @property
    @abstractmethod
    def d_state(self) -> CellState:
        """The gradient of the state, ``(H, B)`` each; see ``backward``. Buffers, not copies."""

    @abstractmethod
    def final_state(self) -> CellState:
        """Copies of the state after the last step."""

    @abstractmethod
    def signal(self, name: str) -> Array:
        """The signal ``name`` over the window, ``(H, T, B)``, perhaps a view."""
