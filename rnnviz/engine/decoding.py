"""Writing text with a network: the next character's distribution and sampling from it.

Used by the runner's samples, ``rnnviz sample`` and the next-character panel.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rnnviz.engine.candidates import check_top_p, keep_top_k, keep_top_p
from rnnviz.engine.errors import (
    EngineError,
    require_generator,
    require_indices,
    require_integer,
    require_number,
)
from rnnviz.engine.loss import probabilities
from rnnviz.engine.network import Network, State
from rnnviz.engine.parameters import Array

Indices = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True)
class _Choice:
    """How the next character is drawn."""

    temperature: float
    top_k: int | None
    top_p: float | None
    rng: np.random.Generator

    def draw(self, logits: Array) -> int:
        """One character by ``logits (V,)``."""
        if not np.isfinite(logits).all():
            raise EngineError(
                "network must give finite logits to sample from: its weights diverged"
            )
        if self.temperature == 0.0:
            return int(logits.argmax())
        chances = probabilities(logits.astype(np.float64), self.temperature)
        if self.top_k is not None:
            chances = keep_top_k(chances, self.top_k)
        if self.top_p is not None:
            chances = keep_top_p(chances, self.top_p)
        cumulative = chances.cumsum()
        # Against rounding: the last sum may be a little off 1, and a draw must stay below it.
        drawn = self.rng.random() * cumulative[-1]
        return int(np.searchsorted(cumulative, drawn, side="right"))


def next_probabilities(
    network: Network, indices: Indices, temperature: float = 1.0, state: State | None = None
) -> Array:
    """The distribution ``(V, T)`` of the character after each prefix of the text ``indices (T,)``.

    Column ``t`` follows ``indices[: t + 1]``, read from ``state`` or a zero state.
    """
    require_number("temperature", temperature)
    return probabilities(network.trace(indices, state).logits, temperature)


def generate(
    network: Network,
    seed_indices: Indices,
    length: int,
    temperature: float,
    rng: np.random.Generator,
    state: State | None = None,
    top_k: int | None = None,
    top_p: float | None = None,
) -> Iterator[int]:
    """Yield ``length`` characters that continue ``seed_indices (T,)``, T >= 1, one by one.

    Each is drawn from ``softmax(logits / temperature)``; temperature 0 takes the likeliest.
    ``top_k`` leaves only so many of the likeliest characters to choose from, then ``top_p`` only
    the likeliest that hold that share of the rest (see ``candidates``).
    Arguments are checked, the weights copied and the seed read at the call, so later training does
    not change a text half written. EngineError for a wrong argument, or (while iterating) when the
    network's logits are not finite.
    """
    seed = require_indices("seed_indices", seed_indices, network.config.vocabulary_size, ("T",))
    length = require_integer("length", length, 0)
    temperature = require_number("temperature", temperature)
    top_k = None if top_k is None else require_integer("top_k", top_k, 1)
    top_p = None if top_p is None else check_top_p(top_p)
    choice = _Choice(temperature, top_k, top_p, require_generator("rng", rng))
    writer = network.snapshot()
    start = writer.zero_state(1) if state is None else state
    forward = writer.forward(seed[:, np.newaxis], start)
    return _continue(writer, forward.logits[:, -1, 0].copy(), forward.state, length, choice)


def _continue(
    writer: Network, logits: Array, state: State, length: int, choice: _Choice
) -> Iterator[int]:
    character = np.zeros((1, 1), np.intp)
    for written in range(1, length + 1):
        index = choice.draw(logits)
        yield index
        if written < length:
            character[0, 0] = index
            forward = writer.forward(character, state)
            logits, state = forward.logits[:, 0, 0], forward.state


def sample(
    network: Network,
    seed_indices: Indices,
    length: int,
    temperature: float,
    rng: np.random.Generator,
    state: State | None = None,
    top_k: int | None = None,
    top_p: float | None = None,
) -> npt.NDArray[np.int32]:
    """``length`` characters that continue ``seed_indices``, as ``(length,)``; see ``generate``."""
    characters = generate(network, seed_indices, length, temperature, rng, state, top_k, top_p)
    return np.fromiter(characters, np.int32)
