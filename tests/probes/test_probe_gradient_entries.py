"""Counts of a gradient's entries against counting them one by one."""

from __future__ import annotations

import numpy as np
import pytest

from rnnviz.engine.clipping import Clipping, clip
from rnnviz.probes import gradient_entries as module
from rnnviz.probes.gradient_entries import gradient_entries
from rnnviz.session.config import RunConfig
from rnnviz.session.gauge import Gauge
from rnnviz.session.run import build_run
from rnnviz.text.corpus import Corpus


def entries(count: int) -> np.ndarray:
    flat = (np.random.default_rng(0).standard_t(3, count) * 0.01).astype(np.float32)
    flat[:4] = (0.0, 3e-12, 2e7, -2e7)
    return flat


def test_every_entry_is_counted_by_sign_and_size() -> None:
    flat = entries(5000)
    found = gradient_entries(7, flat)
    assert (found.step, found.entries, found.of_entries) == (7, 5000, 5000)
    assert found.counts.sum() + found.small + sum(found.large) == 5000
    edges, counts, small, large = found.joined(-4.0, -1.0, 10)
    assert edges[0] == -4 and edges[-1] == -1 and counts.shape == (2, 30)
    assert small == (np.abs(flat) < 1e-4).sum()
    assert large == ((flat <= -0.1).sum(), (flat >= 0.1).sum())
    middle = (flat >= 1e-3) & (flat < 1e-2)
    assert counts[1, 10:20].sum() == middle.sum()
    assert counts[0].sum() == ((flat <= -1e-4) & (flat > -0.1)).sum()
    sizes = np.sort(np.abs(flat))
    assert 10 ** found.size_quantile(0.2) == pytest.approx(sizes[1000], rel=0.07)


def test_what_clipping_by_value_took_off_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    config = RunConfig(hidden_size=6, batch_size=4, seq_len=8)
    run = build_run(config, Corpus("a text", "the quick brown fox\n" * 40, "a text"))
    gradients = run.network.parameters.copy()
    gradients.flat[:] = entries(gradients.flat.size)
    raw = gradients.flat.copy()
    report = clip(gradients, Clipping("value", 0.01))
    assert report.clipped and not np.array_equal(raw, gradients.flat)
    for most in (10**6, 97):  # all of them, and a sample
        monkeypatch.setattr(module, "MOST", most)
        for step in (1, 2, 3):
            after = gradient_entries(step, gradients.flat, report.limited)
            before = gradient_entries(step, raw)
            assert np.array_equal(after.counts, before.counts)
            assert (after.small, after.large) == (before.small, before.large)
            assert after.entries == before.entries <= 97 or most == 10**6


def test_they_are_counted_when_somebody_asks_and_only_then() -> None:
    config = RunConfig(
        hidden_size=6, batch_size=4, seq_len=8, clip_kind="value", clip_threshold=1e-3
    )
    run = build_run(config, Corpus("a text", "the quick brown fox\n" * 40, "a text"))
    gauge = Gauge(run.trainer, lambda: 0.0)
    result = run.trainer.step()
    assert gauge.entries(1, 0.0) is None
    gauge.want_entries()
    found = gauge.entries(1, 0.0)
    assert found is not None and found.step == 1
    assert found.entries == run.network.parameters.flat.size
    _, counts, _, large = found.joined(-3.0, 6.0, 40)
    share = (counts.sum() + sum(large)) / found.entries
    assert share == pytest.approx(result.clipped_share, abs=0.01)
    assert gauge.entries(2, 0.0) is None  # asked once, counted once
