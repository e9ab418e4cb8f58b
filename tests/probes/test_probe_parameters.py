"""Statistics of parameters and norms of a training step against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from rnnviz.engine.initializers import initialize
from rnnviz.engine.network import ModelConfig, Network
from rnnviz.probes.parameter_statistics import parameter_statistics
from rnnviz.probes.step_norms import layer_group, matrix_group, step_norms


def make(**kind) -> Network:
    config = ModelConfig(**({"vocabulary_size": 9, "hidden_size": 5} | kind))
    return Network(config, initialize(config, np.random.default_rng(0)))


def test_statistics_of_every_parameter() -> None:
    network = make(cell="gru", num_layers=2).snapshot()
    found = parameter_statistics(network.parameters)
    assert [s.name for s in found] == list(network.parameters)
    for s in found:
        values = network.parameters[s.name].astype(np.float64)
        assert s.norm == pytest.approx(np.sqrt((values**2).sum()), rel=1e-6)
        assert s.mean == pytest.approx(values.mean())
        assert s.deviation == pytest.approx(values.std())
        assert s.largest == pytest.approx(np.abs(values).max())
        assert s.counts.sum() == values.size
        assert s.edges[0] == -s.edges[-1] and len(s.edges) == len(s.counts) + 1
        assert s.counts[-1] >= int((values == values.max()).sum() if values.max() > 0 else 0) or (
            values.max() < s.edges[-2]
        )
        assert not s.values.flags.writeable and np.shares_memory(s.values, network.parameters.flat)


def test_statistics_of_zeros() -> None:
    network = make(cell="rnn")
    network.parameters["decoder.bias"][...] = 0.0
    s = parameter_statistics(network.parameters)[-1]
    assert (s.norm, s.largest, int(s.counts.sum())) == (0.0, 0.0, 9)
    assert s.edges[0] == -1.0


def test_norms_of_a_step() -> None:
    network = make(cell="rnn")
    before = network.parameters.copy()
    start = before.copy()
    network.parameters.flat[:] += 0.01
    gradients = dict.fromkeys(before, 1.0)
    found = step_norms(7, gradients, before, network.parameters)
    assert found.step == 7 and found.gradients == gradients
    for name, array in start.items():
        assert found.weights[name] == pytest.approx(float(np.linalg.norm(array)), rel=1e-6)
        assert found.updates[name] == pytest.approx(0.01 * np.sqrt(array.size), rel=1e-4)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_every_parameter_has_its_groups(cell: str) -> None:
    network = make(cell=cell, num_layers=2, layer_norm=True, peepholes=cell == "lstm")
    matrices = {name: matrix_group(name) for name in network.parameters}
    layers = {name: layer_group(name) for name in network.parameters}
    assert matrices["rnn.weight_hh_l1"] == "W_hh" and matrices["rnn.weight_ih_l0"] == "W_xh"
    assert matrices["rnn.bias_ih_l1"] == matrices["rnn.bias_hh_l0"] == "b_h"
    assert matrices["decoder.weight"] == "W_hy" and matrices["decoder.bias"] == "b_y"
    assert matrices["rnn.norm_bias_l1"] == "norm"
    if cell == "lstm":
        assert matrices["rnn.weight_peephole_l0"] == "p"
    assert layers["rnn.norm_weight_l1"] == "layer 2" and layers["decoder.bias"] == "output"
