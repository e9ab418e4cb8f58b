"""How probable a network finds each character of a given text."""

from typing import Any

import numpy as np
import numpy.typing as npt

from rnnviz.engine.errors import EngineError, require_indices
from rnnviz.engine.loss import cross_entropy
from rnnviz.engine.network import Network, State

# Characters read at once, so that a long text needs no more memory than a short one.
_CHUNK = 2_048


def log_probabilities(
    network: Network, indices: npt.NDArray[np.integer[Any]], state: State | None = None
) -> npt.NDArray[np.float64]:
    """log p of characters 2..N of the text ``indices (N,)``, each given all before it.

    In nats, ``(N - 1,)``, read from ``state`` or a zero state; the first character has none,
    because nothing comes before it. Divided by ln 2 they are bits; minus their mean is
    ``evaluate``'s figure. Works in buffers of its own. EngineError for a wrong argument, or when
    the network's logits are not finite.
    """
    indices = require_indices("indices", indices, network.config.vocabulary_size, ("N",))
    if indices.size < 2:
        raise EngineError("indices must hold at least 2 characters, got 1")
    reader = network.twin()
    state = reader.zero_state(1) if state is None else state
    found = np.empty(indices.size - 1)
    for start in range(0, found.size, _CHUNK):
        part = slice(start, min(start + _CHUNK, found.size))
        forward = reader.forward(indices[part, np.newaxis], state)
        state = forward.state
        if not np.isfinite(forward.logits).all():
            raise EngineError("network must give finite logits to judge: its weights diverged")
        targets = indices[part.start + 1 : part.stop + 1, np.newaxis]
        found[part] = -cross_entropy(forward.logits, targets)[:, 0]
    return found
