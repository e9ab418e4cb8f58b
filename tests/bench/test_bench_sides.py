"""What is measured is the same work on all sides: the same losses, and flops counted right."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from rnnviz.bench import child, engine_side, gemm_peak, textbook_side
from rnnviz.bench.networks import NETWORKS, BenchNetwork, bench_corpus
from rnnviz.engine.blas import thread_limit
from rnnviz.engine.initializers import initialize
from rnnviz.engine.loss import softmax_cross_entropy
from rnnviz.engine.network import ModelConfig, Network
from rnnviz.text.sources import load_source


@pytest.fixture(autouse=True)
def threads_as_before() -> Iterator[None]:
    """The sides set the threads of the whole process."""
    with thread_limit(1):
        yield


def test_the_textbook_computes_what_the_engine_computes() -> None:
    config = ModelConfig(6, hidden_size=5, cell="rnn", dtype="float64")
    parameters = initialize(config, np.random.default_rng(7), "uniform")
    network = Network(config, parameters)
    weights = {
        "weight_ih": parameters["rnn.weight_ih_l0"],
        "weight_hh": parameters["rnn.weight_hh_l0"],
        "bias_h": (parameters["rnn.bias_ih_l0"] + parameters["rnn.bias_hh_l0"])[:, np.newaxis],
        "decoder_weight": parameters["decoder.weight"],
        "decoder_bias": parameters["decoder.bias"][:, np.newaxis],
    }
    text = np.random.default_rng(8).integers(0, 6, 10)
    start = np.random.default_rng(9).uniform(-1.0, 1.0, (5, 1))
    loss, gradients, last = textbook_side.loss_and_gradients(
        weights, text[:-1].tolist(), text[1:].tolist(), start
    )
    forward = network.forward(text[:-1, np.newaxis], ((start,),))
    expected_loss, d_logits = softmax_cross_entropy(
        forward.logits, text[1:, np.newaxis], reduction="sum"
    )
    expected = network.backward(forward, d_logits)
    assert loss == pytest.approx(expected_loss, rel=1e-12)
    np.testing.assert_allclose(last, forward.state[0][0], rtol=1e-12)
    for name, of_the_engine in {
        "weight_ih": "rnn.weight_ih_l0",
        "weight_hh": "rnn.weight_hh_l0",
        "bias_h": "rnn.bias_hh_l0",
        "decoder_weight": "decoder.weight",
        "decoder_bias": "decoder.bias",
    }.items():
        gradient = expected[of_the_engine].reshape(gradients[name].shape)
        np.testing.assert_allclose(gradients[name], gradient, rtol=1e-10, atol=1e-14)
    assert np.abs(gradients["weight_hh"]).max() > 0.01


def test_the_textbook_learns_its_first_word() -> None:
    corpus = load_source("hello")
    spec = BenchNetwork("rnn", 8, 1, 1, 5, "adagrad", 0.1, "value", 5.0, reduction="sum")
    step = textbook_side.make_step(spec, corpus, 1)
    losses = [step() for _ in range(400)]
    assert losses[0] == pytest.approx(np.log(corpus.vocabulary.size), abs=1e-2)
    assert np.mean(losses[-20:]) < 0.2


def test_the_textbook_knows_one_plain_layer_only() -> None:
    with pytest.raises(ValueError, match="one rnn layer"):
        textbook_side.make_step(NETWORKS["gru-128"], bench_corpus(), 1)


@pytest.mark.parametrize("name", NETWORKS)
def test_pytorch_trains_the_same_network_on_the_same_text(name: str) -> None:
    torch = pytest.importorskip("torch")
    from rnnviz.bench import torch_side

    before = torch.get_num_threads()
    try:
        spec, corpus = NETWORKS[name], bench_corpus()
        ours = engine_side.make_step(spec, corpus, 1)
        theirs = torch_side.make_step(spec, corpus, 1)
        assert ours() == pytest.approx(theirs(), rel=1e-5)
        # Now after an update, with the state carried over. Adagrad's first one moves each weight by
        # the whole rate whichever way its gradient points, even if that is mere rounding.
        assert ours() == pytest.approx(theirs(), rel=1e-2)
    finally:
        torch.set_num_threads(before)


def test_flops_of_the_classic_network_by_hand() -> None:
    # Per character: W_hh h and W_hy h, each once forward and twice backward, 2 flops per weight.
    assert NETWORKS["min-char-rnn"].gemm_flops(65) == 6 * (100 * 100 + 65 * 100)
    # Two LSTM layers: 4 gates with h each, 4 gates with x in the second.
    assert NETWORKS["lstm-2x128"].gemm_flops(65) == 6 * (3 * 4 * 128 * 128 + 65 * 128)


@pytest.mark.parametrize("name", NETWORKS)
def test_flops_count_every_weight_but_the_first_layers_columns(name: str) -> None:
    spec = NETWORKS[name]
    shapes = spec.model_config(65).shapes()
    weights = sum(
        int(np.prod(shape))
        for parameter, shape in shapes.items()
        if len(shape) == 2 and parameter != "rnn.weight_ih_l0"
    )
    assert spec.gemm_flops(65) == 6 * weights


def test_the_peak_is_a_rate_of_products() -> None:
    calls: list[float] = []
    times = iter([10.0, 12.0, 20.0, 21.0, 30.0, 33.0])  # products of 2, 1 and 3 seconds

    def clock() -> float:
        calls.append(next(times))
        return calls[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gemm_peak, "SIZE", 16)
        patch.setattr(gemm_peak.time, "perf_counter", clock)
        rate = gemm_peak.make_rate(1)
        assert rate(3.5) == gemm_peak.FLOPS / 1.0
    assert len(calls) == 6


def test_a_child_says_that_it_is_ready_and_answers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(child, "_START_SECONDS", 0.0)
    monkeypatch.setattr(child, "_WARM_UP_SECONDS", 0.0)
    monkeypatch.setattr(child.sys, "stdin", iter(["0.001\n", "0.001\n"]))
    child.main(["engine", "min-char-rnn", "1"])
    ready, *rates = capsys.readouterr().out.splitlines()
    assert ready == "ready"
    assert [float(rate) > 0.0 for rate in rates] == [True, True]
    with pytest.raises(ValueError, match="no side 'sideways'"):
        child.main(["sideways", "min-char-rnn", "1"])


def test_a_training_that_diverges_is_no_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    losses = iter([2.0, 1.0, np.nan])
    monkeypatch.setattr(engine_side, "make_step", lambda *_: lambda: next(losses))
    with pytest.raises(ArithmeticError, match="a loss of nan"):
        child.main(["engine", "min-char-rnn", "1"])
