"""What a network makes of a text: its states after every character and what it expects next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnnviz.engine.network import Network
from rnnviz.text.vocabulary import Vocabulary

LONGEST_TEXT = 1_000  # characters; of longer texts the end is read, from a zero state


@dataclass(frozen=True)
class Reading:
    """One pass over a text from a zero state. T characters were read; arrays are read-only."""

    text: str  # the characters read
    skipped: int  # characters before them that were left out
    signals: tuple[Mapping[str, NDArray[np.float32]], ...]  # per layer: name -> (H, T)
    logits: NDArray[np.float64]  # (V, T): column t is of the character after text[: t + 1]

    def logits_after(self, position: int | None = None) -> NDArray[np.float64]:
        """Logits (V,) of the character after `text[position]`; None: after the whole text.

        Before the first character there is one column all the same, that of the zero state.
        """
        column: NDArray[np.float64] = self.logits[:, -1 if position is None else position]
        return column


def read_text(network: Network, vocabulary: Vocabulary, text: str) -> Reading:
    """Reads the last `LONGEST_TEXT` characters of a text; all must be in the vocabulary.

    The empty text is allowed: the logits are then what the output layer makes of a zero state.
    """
    read = text[-LONGEST_TEXT:]
    if not read:
        logits = network.parameters["decoder.bias"].astype(np.float64)
        return Reading("", 0, (), logits[:, np.newaxis])
    trace = network.trace(vocabulary.encode(read))
    return Reading(
        text=read,
        skipped=len(text) - len(read),
        signals=trace.signals,
        logits=trace.logits.astype(np.float64),
    )
