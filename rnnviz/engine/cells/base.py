"""What a cell is: one layer's recurrence over a window, forward and backward; used by ``layer``.

A cell object owns the buffers of one window size ``(T, B)``. The layer around it does everything
that needs no loop over time, in bulk: it puts the input's share of the gates' sums into ``gates``
before ``forward``, and after ``backward`` takes the weight gradients and the gradient of the input
from ``deltas``.

In memory the units of one text at one step lie side by side, ``(T, B, H)``: a step of all texts is
contiguous for the loop over time, the whole window is the one matrix ``(T*B, H)`` of the bulk
GEMMs, and a part of the batch is contiguous too. The loop forward reads the gates of a step side
by side, ``(T, G, B, H)``, which is up to twice as fast as from G places; their gradients are a
block of the GEMMs each, ``(D, T, B, H)``. The equations' column vectors are rows here, so ``W h``
is written ``h @ W.T``. To the outside everything is still feature-major, as transposed views:
states ``(H, B)``, signals ``(H, T, B)``.

All views of single steps are made once, here, because slicing inside the loop over time would cost
as much as the arithmetic of a small network. What needs no loop, such as the slopes of the gates,
is worked out for all steps at once, which NumPy does several times faster than step by step.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from rnnviz.engine import aligned
from rnnviz.engine.cells.tiles import tile_columns
from rnnviz.engine.parameters import Array

CellState = tuple[Array, ...]

# As arrays, which NumPy needs not convert in every call; exact in either precision.
HALF: Array = np.array(0.5, np.float32)
ONE: Array = np.array(1.0, np.float32)


@dataclass(frozen=True, eq=False)
class SharedBuffers:
    """What the layers of a network use one after the other in the backward pass of a window.

    ``deltas (D, T, B, H)``: the gradients of the gates' sums. ``d_hidden (T, B, H)``: the gradient
    that reaches a layer's h from above. ``scratch (2, T, B, H)``: room for a cell's own use.
    """

    deltas: Array
    d_hidden: Array
    scratch: Array


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
    input_order: ClassVar[tuple[int, ...]]
    """PyTorch's gate blocks in the order of ``sums`` and of the first G blocks of ``deltas``."""
    hidden_order: ClassVar[tuple[int, ...]]
    """PyTorch's gate blocks in the order of the recurrent product and of the last G blocks of
    ``deltas``."""
    sigmoid_gates: ClassVar[tuple[int, ...]] = ()
    """PyTorch's gate blocks that are squashed by a sigmoid: forward expects half their sum, because
    sigmoid(x) = 0.5 tanh(0.5 x) + 0.5 (which never overflows) then needs no pass of its own."""
    biased_products: ClassVar[tuple[int, ...]] = ()
    """PyTorch's gate blocks whose ``b_hh`` the cell adds to the recurrent product itself; that of
    the others is part of the input's share."""
    delta_blocks: ClassVar[int]
    """D: blocks of H rows in ``deltas``."""
    content_gate: ClassVar[int] = 0
    """PyTorch's gate block that makes new content: what is squashed by tanh, in a gated cell."""
    forget_gate: ClassVar[int | None] = None
    """PyTorch's gate block whose bias says how much is kept from the start, if there is one."""
    own_weights: ClassVar[Mapping[str, int]] = MappingProxyType({})
    """Weights beside PyTorch's four that only this cell has, with their length in blocks of H."""

    def __init__(self, shared: SharedBuffers, activation: str = "tanh") -> None:
        """Make the cell's own buffers and the views of single steps."""
        self.steps, self.batch, self.hidden_size = shared.d_hidden.shape
        self.dtype: npt.DTypeLike = shared.d_hidden.dtype
        self.activation = activation
        self.deltas = shared.deltas
        self.tile_columns = tile_columns(self.batch, self.hidden_size)
        self.sums: Array = self.buffer(self.steps, self.gates, self.batch, self.hidden_size)
        """``(T, G, B, H)``: the layer writes the input's share here, ``forward`` the gates."""
        self.hidden: Array = self.buffer(self.steps + 1, self.batch, self.hidden_size)
        """``(T+1, B, H)``: h from the one before the window on."""
        self._dh: Array = self.buffer(self.batch, self.hidden_size)
        self.d_state: CellState = (self._dh.T,)
        """The gradient of the state, ``(H, B)`` each; see ``backward``. Views, not copies."""
        self._above_steps = list(shared.d_hidden)

    def buffer(self, *shape: int) -> Array:
        """A zeroed array of the cell's dtype."""
        array: Array = aligned.zeros(shape, self.dtype)
        return array

    def attach(self, own_weights: Mapping[str, Array]) -> None:
        """Take the views of this layer's ``own_weights``; called once, and only if there are any.

        A cell that has some overrides this.
        """
        raise NotImplementedError(f"{self.name} has no weights of its own, got {list(own_weights)}")

    def own_gradients(self) -> Mapping[str, Array]:
        """The gradients of ``own_weights``, after ``backward``."""
        return {}

    @abstractmethod
    def forward(self, recurrent: Array, bias: Array, state: CellState) -> None:
        """Run from ``state``: fills ``hidden`` and what backward needs.

        ``recurrent`` holds the transposed blocks of ``W_hh`` in ``hidden_order``, in tiles
        ``(G, H/w, H, w)`` of ``tile_columns``; ``bias (G, H)`` is ``b_hh`` in PyTorch's order (read
        by cells with ``biased_products``).
        """

    def begin_backward(self, d_state: CellState | None) -> None:
        """Take the gradient of the state after the last step, zero when there is none."""
        for index, carried in enumerate(self.d_state):
            if d_state is None:
                carried.fill(0.0)
            else:
                np.copyto(carried, d_state[index])

    @abstractmethod
    def backward(self, recurrent: Array) -> None:
        """Fill ``deltas`` from ``d_hidden``, for the forward pass just made.

        ``recurrent`` holds the blocks of ``W_hh`` in ``hidden_order``, in tiles as in ``forward``.
        Begins with what ``d_state`` holds, the gradient of the state after the last step, and
        leaves there that of the state the window started from.
        """

    def final_state(self) -> CellState:
        """Copies of the state after the last step."""
        return (self.hidden[-1].copy().T,)

    @abstractmethod
    def signal(self, name: str) -> Array:
        """The signal ``name`` over the window, ``(H, T, B)``, a view."""


def step_views(blocks: Array) -> list[Array]:
    """``blocks (G, T, B, H)`` at each step: T views ``(G, B, H)``."""
    return [blocks[:, step] for step in range(blocks.shape[1])]


def feature_major(sequence: Array) -> Array:
    """``(T, B, H)`` as ``(H, T, B)``."""
    return sequence.transpose(2, 0, 1)
