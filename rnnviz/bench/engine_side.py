"""One training step of a bench network by rnnviz's engine."""

from __future__ import annotations

from collections.abc import Callable

from rnnviz.bench.networks import BenchNetwork, bench_streams, first_weights
from rnnviz.engine.blas import recommended_parallelism, set_threads
from rnnviz.engine.data_parallel import DataParallel
from rnnviz.engine.network import Network
from rnnviz.engine.optimizers import make_optimizer
from rnnviz.engine.trainer import Trainer
from rnnviz.text.corpus import Corpus


def make_step(spec: BenchNetwork, corpus: Corpus, threads: int) -> Callable[[], float]:
    """A function that makes one step of training; returns its mean loss in nats per character."""
    model = spec.model_config(corpus.vocabulary.size)
    network = Network(model, first_weights(model))
    batch, steps = spec.batch_size, spec.seq_len
    parallelism = recommended_parallelism(model, batch, steps, cores=threads)
    set_threads(parallelism.threads)
    parallel = None
    if parallelism.processes > 1:
        parallel = DataParallel(network, steps, batch, parallelism.processes, spec.reduction)
    trainer = Trainer(
        network,
        make_optimizer(spec.optimizer, network.parameters),
        spec.clipping,
        bench_streams(spec, corpus),
        spec.learning_rate,
        reduction=spec.reduction,
        data_parallel=parallel,
        threads=threads,
    )

    def step() -> float:
        return trainer.step().loss

    return step
