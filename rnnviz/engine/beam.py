"""Beam search: the likeliest continuation of a text among many kept at once."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rnnviz.engine.candidates import likeliest
from rnnviz.engine.errors import EngineError, require_indices, require_integer
from rnnviz.engine.loss import log_softmax
from rnnviz.engine.network import Network, State


@dataclass(frozen=True, eq=False)
class Continuation:
    """One continuation: its characters ``(length,)`` and log p in nats, given the seed."""

    indices: npt.NDArray[np.int32]
    log_probability: float


def beam_search(
    network: Network,
    seed_indices: npt.NDArray[np.integer[Any]],
    length: int,
    width: int,
    state: State | None = None,
) -> tuple[Continuation, ...]:
    """The likeliest continuations of ``seed_indices (T,)`` found with ``width``, best first.

    Step by step each kept text is continued by every character and the ``width`` most probable of
    all are kept; all have ``length`` characters, so no length has to be weighed against another.
    With ``width`` 1 it is greedy; with ``V^(length-1)`` or more nothing is overlooked. At most
    ``min(width, V^length)`` come back. EngineError for a wrong argument, or when the network's
    logits are not finite.
    """
    size = network.config.vocabulary_size
    seed = require_indices("seed_indices", seed_indices, size, ("T",))
    length = require_integer("length", length, 1)
    width = require_integer("width", width, 1)
    reader = network.twin()
    start = reader.zero_state(1) if state is None else state
    forward = reader.forward(seed[:, np.newaxis], start)
    logits, state = forward.logits[:, -1], forward.state  # (V, beams)
    texts = np.zeros((1, 0), np.int32)  # (beams, written)
    scores = np.zeros(1)  # log p of each, in float64
    for written in range(1, length + 1):
        if not np.isfinite(logits).all():
            raise EngineError("network must give finite logits to search: its weights diverged")
        total = scores[:, np.newaxis] + log_softmax(logits.astype(np.float64)).T  # (beams, V)
        best = likeliest(total.reshape(-1), width)
        parents, characters = np.divmod(best, size)
        scores = total.reshape(-1)[best]
        texts = np.column_stack([texts[parents], characters.astype(np.int32)])
        if written < length:
            state = tuple(tuple(array[:, parents] for array in arrays) for arrays in state)
            forward = reader.forward(characters[np.newaxis], state)
            logits, state = forward.logits[:, 0], forward.state
    return tuple(
        Continuation(text, float(score)) for text, score in zip(texts, scores, strict=True)
    )
