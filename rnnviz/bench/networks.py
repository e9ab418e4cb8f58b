"""The networks whose speed is measured, by name, and what all sides have in common.

All sides read the same text in the same batches and start from the same weights (the textbook loop
from its own).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnnviz.engine.cells import CELLS
from rnnviz.engine.clipping import Clipping
from rnnviz.engine.initializers import initialize
from rnnviz.engine.network import ModelConfig
from rnnviz.engine.parameters import Parameters
from rnnviz.text.batching import Streams
from rnnviz.text.corpus import Corpus
from rnnviz.text.sources import DEFAULT_ID, load_source


@dataclass(frozen=True)
class BenchNetwork:
    """A network and the way it is trained."""

    cell: str
    hidden_size: int
    num_layers: int
    batch_size: int
    seq_len: int
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    clip_kind: str = "norm"
    clip_threshold: float = 1.0
    reduction: str = "mean"

    def model_config(self, vocabulary_size: int) -> ModelConfig:
        """What the engine builds."""
        return ModelConfig(vocabulary_size, self.hidden_size, self.num_layers, self.cell)

    @property
    def clipping(self) -> Clipping:
        """The clipping rule."""
        return Clipping(self.clip_kind, self.clip_threshold)

    def gemm_flops(self, vocabulary_size: int) -> float:
        """Floating-point operations per character that only matrix products can do.

        Forward, the gradient by the operand and the gradient by the weights are two operations
        per weight each. Reading a one-hot character is looking up a column and is not counted.
        """
        size, gates = self.hidden_size, CELLS[self.cell].gates
        recurrent = self.num_layers * gates * size**2
        between = (self.num_layers - 1) * gates * size**2
        return 3.0 * 2.0 * (recurrent + between + vocabulary_size * size)


def _classic(hidden_size: int, num_layers: int) -> BenchNetwork:
    """Trained as the well-known 100 lines are."""
    return BenchNetwork(
        "rnn", hidden_size, num_layers, 1, 25, "adagrad", 0.1, "value", 5.0, reduction="sum"
    )


NETWORKS = {
    "min-char-rnn": _classic(100, 1),
    "rnn-128": BenchNetwork("rnn", 128, 1, 32, 50),
    "gru-128": BenchNetwork("gru", 128, 1, 32, 50),
    "lstm-128": BenchNetwork("lstm", 128, 1, 32, 50),
    "lstm-2x128": BenchNetwork("lstm", 128, 2, 50, 50),
    "lstm-2x256": BenchNetwork("lstm", 256, 2, 50, 50),
    "lstm-3x512": BenchNetwork("lstm", 512, 3, 50, 50),
    "rnn-3x512": _classic(512, 3),
}


def bench_corpus() -> Corpus:
    """The text all networks learn from: the bundled play."""
    return load_source(DEFAULT_ID)


def bench_streams(spec: BenchNetwork, corpus: Corpus) -> Streams:
    """The batches: the whole text in as many streams as the batch has."""
    length = corpus.indices.size // spec.batch_size
    streams = corpus.indices[: length * spec.batch_size].reshape(spec.batch_size, length)
    return Streams(streams, spec.seq_len)


def first_weights(model: ModelConfig) -> Parameters:
    """The weights before the first step."""
    return initialize(model, np.random.default_rng(1), "uniform")
