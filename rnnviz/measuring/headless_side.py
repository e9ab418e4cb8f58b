"""The training that the window does, without the window: the same runner on the same settings."""

from __future__ import annotations

import time

from rnnviz.engine.blas import blas_info, set_threads
from rnnviz.paths import cache_folder
from rnnviz.session.mailbox import Mailbox
from rnnviz.session.presets import load_preset
from rnnviz.session.run import build_run
from rnnviz.session.runner import Runner
from rnnviz.text.sources import load_source

WARM_UP = 0.3  # seconds before each measurement: the other side has had the processor meanwhile


class HeadlessSide:
    """Trains whenever it is asked to; validations and samples are made as in the window."""

    def __init__(self, preset: str, corpus: str, threads: int | None = None) -> None:
        """`threads` of the BLAS library, as many as the window has."""
        text = load_source(corpus, cache_folder())
        self._run = build_run(load_preset(preset).config(corpus), text, cores=None)
        self._mailbox = Mailbox()
        self._runner = Runner(self._run, self._mailbox)
        set_threads(threads or self._run.parallelism.threads)

    def threads(self) -> dict[str, int]:
        """Processes that share out the batch, and BLAS threads in each."""
        return {"processes": self._run.parallelism.processes, "threads": blas_info().threads}

    def train(self, seconds: float) -> dict[str, float]:
        """Trains for so long; returns the characters learned from in a second."""
        self._train(WARM_UP)
        steps, taken = self._train(seconds)
        self._mailbox.drain()
        config = self._run.config
        rate = steps * config.batch_size * config.seq_len / taken
        return {"characters_per_second": rate}

    def _train(self, seconds: float) -> tuple[int, float]:
        steps, begun = 0, time.perf_counter()
        while (taken := time.perf_counter() - begun) < seconds:
            if self._runner.advance() is None:
                raise ArithmeticError("training diverged")
            steps += 1
        return steps, taken

    def end(self) -> None:
        """Ends the processes that share out the batch."""
        self._run.trainer.interrupt()
