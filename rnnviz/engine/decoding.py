"""Writing text with a network: the next character's distribution and sampling from it.

Used by the runner's samples, ``rnnviz sample`` and the next-character panel.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from rnnviz.engine.errors import EngineError, require_indices, require_integer, require_number
from rnnviz.engine.loss import probabilities
from rnnviz.engine.network import Network, State
from rnnviz.engine.parameters import Array

Indices = npt.NDArray[np.integer[Any]]


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
) -> Iterator[int]:
    """Yield ``length`` characters that continue ``seed_indices (T,)``, T >= 1, one by one.

    Each is drawn from ``softmax(logits / temperature)``; temperature 0 takes the likeliest.
    Arguments are checked, the weights copied and the seed read at the call, so later training does
    not change a text half written. EngineError for a wrong argument, or (while iterating) when the
    network's logits are not finite.
    """
    seed = require_indices("seed_indices", seed_indices, network.config.vocabulary_size, ("T",))
    length = require_integer("length", length, 0)
    temperature = require_number("temperature", temperature)
    writer = network.snapshot()
    start = writer.zero_state(1) if state is None else state
    forward = writer.forward(seed[:, np.newaxis], start)
    return _continue(
        writer, forward.logits[:, -1, 0].copy(), forward.state, length, temperature, rng
    )


def _continue(
    writer: Network,
    logits: Array,
    state: State,
    length: int,
    temperature: float,
    rng: np.random.Generator,
) -> Iterator[int]:
    character = np.zeros((1, 1), np.intp)
    for written in range(1, length + 1):
        index = _draw(logits, temperature, rng)
        yield index
        if written < length:
            character[0, 0] = index
            forward = writer.forward(character, state)
            logits, state = forward.logits[:, 0, 0], forward.state


def _draw(logits: Array, temperature: float, rng: np.random.Generator) -> int:
    if not np.isfinite(logits).all():
        raise EngineError("network must give finite logits to sample from: its weights diverged")
    if temperature == 0.0:
        return int(logits.argmax())
    cumulative = probabilities(logits.astype(np.float64), temperature).cumsum()
    # Against rounding: the last sum may be a little off 1, and a draw must stay below it.
    return int(np.searchsorted(cumulative, rng.random() * cumulative[-1], side="right"))


def sample(
    network: Network,
    seed_indices: Indices,
    length: int,
    temperature: float,
    rng: np.random.Generator,
    state: State | None = None,
) -> npt.NDArray[np.int32]:
    """``length`` characters that continue ``seed_indices``, as ``(length,)``; see ``generate``."""
    characters = generate(network, seed_indices, length, temperature, rng, state)
    return np.fromiter(characters, np.int32)
