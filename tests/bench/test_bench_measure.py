"""How the sides of a benchmark are asked, and what is made of their answers; with sides that know
their answers in advance."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rnnviz.bench import measure as measuring
from rnnviz.bench.children import BenchError
from rnnviz.bench.measure import Measurement, mean_ratio, measure
from rnnviz.bench.networks import NETWORKS, bench_corpus

CORES = 8


@pytest.fixture(autouse=True)
def eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("rnnviz.engine.blas.available_cores", lambda: CORES)
    monkeypatch.setattr(measuring, "available_cores", lambda: CORES)


class Stage:
    """Starts sides that answer what `answers` has for (side, threads), one after the other."""

    def __init__(self, answers: dict[tuple[str, int], list[float]]) -> None:
        self.answers = {key: iter(values) for key, values in answers.items()}
        self.asked: list[tuple[str, int, float]] = []
        self.started: list[tuple[str, str, int]] = []
        self.closed: list[tuple[str, int]] = []

    def start(self, side: str, network: str, threads: int) -> Actor:
        self.started.append((side, network, threads))
        return Actor(self, side, threads)


class Actor:
    def __init__(self, stage: Stage, side: str, threads: int) -> None:
        self.stage, self.side, self.threads = stage, side, threads

    def ask(self, seconds: float) -> float:
        assert (self.side, self.threads) not in self.stage.closed
        self.stage.asked.append((self.side, self.threads, seconds))
        return next(self.stage.answers[self.side, self.threads])

    def close(self) -> None:
        if (self.side, self.threads) not in self.stage.closed:  # closing twice is allowed
            self.stage.closed.append((self.side, self.threads))


def test_figures_are_medians_and_the_ratio_is_that_of_each_round() -> None:
    stage = Stage(
        {
            ("engine", 1): [300.0, 100.0, 200.0],
            ("textbook", 1): [1.0, 1.0, 30.0, 50.0, 20.0],  # two trials before the rounds
            ("textbook", CORES): [0.5, 0.5],
            ("peak", CORES): [1e9, 4e9, 2e9],
        }
    )
    found = measure("min-char-rnn", "textbook", 2.0, 3, stage.start)
    assert found.characters_per_second == 200.0
    assert found.rivals == {"textbook": 30.0}
    # The rounds are 300/30, 100/50 and 200/20: not the ratio of the medians.
    assert found.ratio == 10.0
    flops = NETWORKS["min-char-rnn"].gemm_flops(bench_corpus().vocabulary.size)
    assert found.gemm_share == pytest.approx(flops * 100.0 / 1e9)  # the rounds: 300, 25 and 100
    assert found.gemm_peak == 2e9


def test_the_sides_take_turns_and_are_all_ended() -> None:
    stage = Stage({("engine", 1): [1.0] * 3, ("peak", CORES): [1.0] * 3})
    done: list[int] = []
    measure("min-char-rnn", None, 0.5, 3, stage.start, done.append)
    assert stage.asked == [
        ("engine", 1, 0.5), ("peak", CORES, 0.5),
        ("peak", CORES, 0.5), ("engine", 1, 0.5),
        ("engine", 1, 0.5), ("peak", CORES, 0.5),
    ]  # fmt: skip
    assert done == [1, 2, 3]
    assert sorted(stage.closed) == [("engine", 1), ("peak", CORES)]
    assert {network for _, network, _ in stage.started} == {"min-char-rnn"}


def test_the_rival_gets_the_threads_that_suit_it_best(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "_engine_threads", lambda *_: 4)  # one of what is tried
    trials = {1: [10.0, 12.0], 4: [3.0, 15.0, 7.0], CORES: [14.0, 2.0]}
    stage = Stage(
        {("engine", 4): [70.0], ("peak", CORES): [1.0]}
        | {("torch", threads): speeds for threads, speeds in trials.items()}
    )
    found = measure("gru-128", "torch", 9.0, 1, stage.start)
    assert found.threads == {"engine": 4, "torch": 4}
    assert found.ratio == 10.0
    before_the_rounds = stage.asked[:6]
    assert {(side, threads) for side, threads, _ in before_the_rounds} == {
        ("torch", 1), ("torch", 4), ("torch", CORES),
    }  # fmt: skip
    assert all(seconds < 9.0 for _, _, seconds in before_the_rounds)
    assert stage.closed[:2] == [("torch", 1), ("torch", CORES)]  # before the rounds begin


def test_threads_set_by_the_user_hold_for_both_sides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    stage = Stage({("engine", 3): [2.0], ("torch", 3): [1.0], ("peak", CORES): [1.0]})
    found = measure("lstm-3x512", "torch", 1.0, 1, stage.start)
    assert found.threads == {"engine": 3, "torch": 3}
    assert len(stage.asked) == 3  # nothing was tried


def test_a_machine_of_one_core_leaves_nothing_to_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rnnviz.engine.blas.available_cores", lambda: 1)
    monkeypatch.setattr(measuring, "available_cores", lambda: 1)
    stage = Stage({(side, 1): [1.0] for side in ("engine", "torch", "peak")})
    assert measure("gru-128", "torch", 1.0, 1, stage.start).threads == {"engine": 1, "torch": 1}


def failing(error: BaseException) -> Callable[[float], float]:
    def ask(seconds: float) -> float:
        raise error

    return ask


@pytest.mark.parametrize("error", [KeyboardInterrupt(), BenchError("it ended")])
def test_whatever_happens_the_sides_are_ended(
    monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    stage = Stage({("engine", 1): [1.0]})
    actor = stage.start("peak", "min-char-rnn", CORES)
    monkeypatch.setattr(actor, "ask", failing(error))
    monkeypatch.setattr(
        stage,
        "start",
        lambda side, network, threads: actor if side == "peak" else Actor(stage, side, threads),
    )
    with pytest.raises(type(error)):
        measure("min-char-rnn", None, 1.0, 1, stage.start)
    assert sorted(stage.closed) == [("engine", 1), ("peak", CORES)]


def measurement(**more: object) -> Measurement:
    values = {
        "config": "gru-128",
        "characters_per_second": 1234.6,
        "rivals": {},
        "ratio": None,
        "gemm_share": 0.123456,
        "gemm_peak": 1e11,
        "threads": {"engine": 2},
    }
    return Measurement(**(values | more))  # type: ignore[arg-type]


def test_json_has_null_for_what_was_not_measured() -> None:
    assert measurement().to_dict() == {
        "config": "gru-128",
        "characters_per_second": 1235,
        "torch": None,
        "ratio": None,
        "gemm_share": 0.1235,
        "threads": {"engine": 2},
    }
    against_torch = measurement(rivals={"torch": 99.9}, ratio=2.0).to_dict()
    assert (against_torch["torch"], against_torch["ratio"]) == (100, 2.0)
    assert "textbook" not in against_torch
    against_textbook = measurement(rivals={"textbook": 99.9}, ratio=2.0).to_dict()
    assert (against_textbook["torch"], against_textbook["textbook"]) == (None, 100)


def test_the_mean_of_ratios_is_geometric() -> None:
    both = [measurement(ratio=8.0), measurement(), measurement(ratio=0.5)]
    assert mean_ratio(both) == pytest.approx(2.0)
    assert mean_ratio(both[:2]) is None  # of a single one there is nothing to average
