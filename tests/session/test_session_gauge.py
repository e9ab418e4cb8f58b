"""Measured steps against the parameters themselves, and how often steps are measured."""

from __future__ import annotations

import numpy as np
import pytest

from rnnviz.session import gauge as module
from rnnviz.session.config import RunConfig
from rnnviz.session.gauge import Gauge
from rnnviz.session.run import Run, build_run
from rnnviz.text.corpus import Corpus


def make(**settings) -> Run:
    text = "the quick brown fox jumps over the lazy dog\n" * 40
    config = RunConfig(
        **({"hidden_size": 6, "batch_size": 4, "seq_len": 8, "clip_threshold": 0.05} | settings)
    )
    return build_run(config, Corpus("a text", text, "a text"))


class Clock:
    """Advances by a fixed time with every look."""

    def __init__(self, tick: float) -> None:
        self.now, self.tick = 0.0, tick

    def __call__(self) -> float:
        self.now += self.tick
        return self.now


@pytest.mark.parametrize("kind", ["norm", "value", "off"])
def test_a_measured_step_tells_what_it_did(kind: str) -> None:
    run = make(clip_kind=kind)
    gauge = Gauge(run.trainer, Clock(0.0))
    before = run.network.parameters.copy()
    assert gauge.begin(1, 0.0)
    result = run.trainer.step()
    found = gauge.end(1, 0.01)
    assert found is not None and found.step == 1
    for name, array in run.network.parameters.items():
        assert found.weights[name] == pytest.approx(np.linalg.norm(before[name]), rel=1e-5)
        change = np.linalg.norm(array.astype(np.float64) - before[name])
        assert found.updates[name] == pytest.approx(change, rel=1e-3)
    together = np.sqrt(sum(norm**2 for norm in found.gradients.values()))
    assert together == pytest.approx(result.grad_norm, rel=1e-4)  # before clipping


def steps_measured(gauge: Gauge, run: Run, count: int, seconds: float) -> list[int]:
    run.trainer.step()
    found = []
    for step in range(1, count + 1):
        if gauge.begin(step, step * seconds):
            assert gauge.end(step, step * seconds) is not None
            found.append(step)
    return found


def test_a_run_nobody_looks_at_is_measured_ever_more_rarely() -> None:
    run = make()
    found = steps_measured(Gauge(run.trainer, Clock(0.0)), run, 3_000, 1e-4)
    assert found[:16] == list(range(1, 17))
    gaps = np.diff(found)
    assert (np.diff(gaps) >= 0).all()
    assert gaps[-1] == pytest.approx(0.03 * 3_000, rel=0.1)


def test_slow_steps_are_measured_every_few_seconds() -> None:
    run = make()
    found = steps_measured(Gauge(run.trainer, Clock(0.0)), run, 400, 1.0)
    assert np.diff(found).max() <= module._LONGEST_GAP


def test_a_step_is_measured_when_somebody_looks() -> None:
    run = make()
    gauge = Gauge(run.trainer, Clock(0.0))
    steps_measured(gauge, run, 1_000, 1e-4)
    assert not gauge.begin(1_001, 0.1)
    gauge.want()
    assert gauge.begin(1_002, 0.1)
    gauge.end(1_002, 0.1)
    assert not gauge.begin(1_003, 0.1)


def test_measuring_keeps_to_its_share_of_the_time() -> None:
    run = make()
    clock = Clock(0.01)  # every measurement takes 0.02 s by this clock
    gauge = Gauge(run.trainer, clock)
    run.trainer.step()
    measured = 0
    for step in range(1, 2_001):
        gauge.want()
        if gauge.begin(step, 0.01 * step):
            gauge.end(step, 0.01 * step)
            measured += 1
    allowed = module._FREE_SECONDS + module._WANTED_SHARE * 20.0
    assert allowed <= 0.02 * measured <= allowed + 0.05
