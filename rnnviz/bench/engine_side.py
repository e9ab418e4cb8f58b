"""One training step of a bench network by rnnviz's engine, and the machine's GEMM peak."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from rnnviz.bench.networks import BenchNetwork
from rnnviz.engine.blas import available_cores, recommended_threads, set_threads
from rnnviz.engine.initializers import initialize
from rnnviz.engine.network import Network
from rnnviz.engine.optimizers import make_optimizer
from rnnviz.engine.trainer import Trainer
from rnnviz.text.batching import Streams
from rnnviz.text.corpus import Corpus

_PEAK_SIZE, _PEAK_RUNS = 2048, 5


def make_step(spec: BenchNetwork, corpus: Corpus, threads: int | None) -> Callable[[], None]:
    """A function that makes one step of training."""
    model = spec.model_config(corpus.vocabulary.size)
    set_threads(threads or recommended_threads(model, spec.batch_size))
    network = Network(model, initialize(model, np.random.default_rng(1), "uniform"))
    length = corpus.indices.size // spec.batch_size
    streams = corpus.indices[: length * spec.batch_size].reshape(spec.batch_size, length)
    trainer = Trainer(
        network,
        make_optimizer(spec.optimizer, network.parameters),
        spec.clipping,
        Streams(streams, spec.seq_len),
        spec.learning_rate,
        reduction=spec.reduction,
    )

    def step() -> None:
        trainer.step()

    return step


def gemm_peak() -> float:
    """Single-precision floating-point operations a second of a large matrix product, all cores."""
    set_threads(available_cores())
    left, right = np.random.default_rng(1).random((2, _PEAK_SIZE, _PEAK_SIZE), np.float32)
    out = np.empty_like(left)
    np.matmul(left, right, out=out)
    best = np.inf
    for _ in range(_PEAK_RUNS):
        begun = time.perf_counter()
        np.matmul(left, right, out=out)
        best = min(best, time.perf_counter() - begun)
    return 2.0 * _PEAK_SIZE**3 / best
