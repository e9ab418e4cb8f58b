"""Measures a network's speed in turn with what it is compared with, so that all meet the same hour.

A machine's speed changes by itself, by heat and by neighbours. So the sides take turns, several
rounds of them, and are compared within each round; the median of the rounds is the figure.
"""

from __future__ import annotations

import importlib.util
import statistics
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Protocol

from rnnviz.bench.children import start_child
from rnnviz.bench.networks import NETWORKS, BenchNetwork, bench_corpus
from rnnviz.engine.blas import (
    available_cores,
    most_cores,
    recommended_parallelism,
    threads_set_by_user,
)
from rnnviz.engine.optimizers.base import update_threads

TEXTBOOK_NETWORK = "min-char-rnn"
"""The only network the textbook loop knows."""

_TRIALS = 2
_LONGEST_TRIAL = 0.5  # seconds


class Side(Protocol):
    """What is asked for its speed; see `Child`."""

    def ask(self, seconds: float) -> float:
        """Works for so long and returns how much it did a second."""
        ...

    def close(self) -> None:
        """Ends it."""
        ...


Start = Callable[[str, str, int], Side]
"""Starts a side (engine, torch, textbook, peak) of the network of that name on so many threads."""


@dataclass(frozen=True)
class Measurement:
    """What was found for one network; medians over the rounds.

    ``characters_per_second`` is the engine's; ``rivals`` has the speed of what it was compared
    with, by name. ``ratio`` is the median of the rounds' engine to rival, None without a rival;
    ``gemm_share`` that of the rounds' floating-point operations to those of large matrix products,
    of which the machine makes ``gemm_peak`` a second. ``threads`` are those of each side.
    """

    config: str
    characters_per_second: float
    rivals: dict[str, float]
    ratio: float | None
    gemm_share: float
    gemm_peak: float
    threads: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """For JSON: the figures by name, None where not measured."""
        torch = self.rivals.get("torch")
        found = {
            "config": self.config,
            "characters_per_second": round(self.characters_per_second),
            "torch": None if torch is None else round(torch),
            "ratio": None if self.ratio is None else round(self.ratio, 4),
            "gemm_share": round(self.gemm_share, 4),
            "threads": self.threads,
        }
        if "textbook" in self.rivals:
            found["textbook"] = round(self.rivals["textbook"])
        return found


def torch_is_installed() -> bool:
    """Whether PyTorch could be compared with; it is not imported to find out."""
    return importlib.util.find_spec("torch") is not None


def measure(
    name: str,
    against: str | None,
    seconds: float,
    rounds: int,
    start: Start = start_child,
    on_round: Callable[[int], None] | None = None,
) -> Measurement:
    """The speed of the network ``name``, beside that of ``against`` (torch, textbook or nothing).

    Each side works for ``seconds`` in each of the ``rounds``; ``on_round(done)`` is called after
    each. BenchError when a side fails.
    """
    spec = NETWORKS[name]
    vocabulary_size = bench_corpus().vocabulary.size
    with ExitStack() as processes:
        sides: dict[str, Side] = {}
        threads = {"engine": _engine_threads(spec, vocabulary_size)}

        def begin(side: str, count: int) -> Side:
            process = start(side, name, count)
            processes.callback(process.close)
            return process

        sides["engine"] = begin("engine", threads["engine"])
        if against is not None:
            trial = min(seconds, _LONGEST_TRIAL)
            threads[against], sides[against] = _fastest(against, threads["engine"], begin, trial)
        sides["peak"] = begin("peak", available_cores())
        rates: dict[str, list[float]] = {side: [] for side in sides}
        for done in range(rounds):
            # There and back again, so that nobody always comes after the same other.
            for side in sides if done % 2 == 0 else reversed(sides):
                rates[side].append(sides[side].ask(seconds))
            if on_round is not None:
                on_round(done + 1)
    flops = spec.gemm_flops(vocabulary_size)
    return Measurement(
        config=name,
        characters_per_second=statistics.median(rates["engine"]),
        rivals={} if against is None else {against: statistics.median(rates[against])},
        ratio=None if against is None else _median_ratio(rates["engine"], rates[against]),
        gemm_share=flops * _median_ratio(rates["engine"], rates["peak"]),
        gemm_peak=statistics.median(rates["peak"]),
        threads=threads,
    )


def mean_ratio(measurements: Sequence[Measurement]) -> float | None:
    """The geometric mean of the ratios; None unless there are two of them or more."""
    ratios = [found.ratio for found in measurements if found.ratio is not None]
    return statistics.geometric_mean(ratios) if len(ratios) > 1 else None


def _engine_threads(spec: BenchNetwork, vocabulary_size: int) -> int:
    model = spec.model_config(vocabulary_size)
    parallelism = recommended_parallelism(model, spec.batch_size, spec.seq_len)
    cores = parallelism.processes * parallelism.threads
    return max(cores, update_threads(model.parameter_count, most_cores()))


def _fastest(
    side: str, engine_threads: int, begin: Callable[[str, int], Side], seconds: float
) -> tuple[int, Side]:
    """A rival's best number of threads and the side started on it; the others are ended again.

    One, all cores or as many as the engine has, whichever is fastest in a short trial; a number
    that the user has set holds for the rival as well.
    """
    wanted = threads_set_by_user()
    counts = {1, engine_threads, available_cores()} if wanted is None else {wanted}
    if len(counts) == 1:
        (count,) = counts
        return count, begin(side, count)
    tried = {count: begin(side, count) for count in sorted(counts)}
    speeds = dict.fromkeys(tried, 0.0)
    for _ in range(_TRIALS):
        for count, process in tried.items():
            speeds[count] = max(speeds[count], process.ask(seconds))
    best = max(speeds, key=speeds.__getitem__)
    for count, process in tried.items():
        if count != best:
            process.close()
    return best, tried[best]


def _median_ratio(left: list[float], right: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(left, right, strict=True))
