"""The record of measured steps: grouping, growth and thinning."""

from __future__ import annotations

import math

import numpy as np

from rnnviz.probes.step_norms import StepNorms
from rnnviz.session import norm_history
from rnnviz.session.norm_history import NormHistory


def measured(step: int) -> StepNorms:
    return StepNorms(
        step, {"a": 3.0 * step, "b": 4.0 * step}, {"a": 1.0, "b": 1.0}, {"a": 0.1, "b": 0.0}
    )


def test_joint_norms_are_those_of_one_vector() -> None:
    history = NormHistory()
    for step in range(1, 4):
        history.append(measured(step))
    np.testing.assert_allclose(history.joint("gradients", ["a", "b"]), [5.0, 10.0, 15.0])
    np.testing.assert_allclose(history.joint("gradients", ["b"], last=2), [8.0, 12.0])
    np.testing.assert_allclose(history.joint("weights", ["a", "b"]), math.sqrt(2.0))
    np.testing.assert_allclose(history.joint("updates", ["a"]), 0.1)
    assert history.steps.tolist() == [1, 2, 3]


def test_an_empty_record_has_no_names() -> None:
    history = NormHistory()
    assert len(history) == 0 and history.names == () and history.steps.size == 0


def test_a_long_record_is_thinned_and_keeps_the_newest() -> None:
    history = NormHistory()
    count = 3 * norm_history._MOST
    for step in range(1, count + 1):
        history.append(measured(step))
    assert len(history) <= norm_history._MOST
    steps = history.steps
    assert steps[0] == 1 and steps[-1] == count and (np.diff(steps) > 0).all()
    assert (np.diff(steps[-1000:]) == 1).all()
    np.testing.assert_allclose(history.joint("gradients", ["a"]), 3.0 * steps, rtol=1e-6)
