"""Held-out loss read statefully, in parallel pieces, and over parallel streams."""

import math

import numpy as np
import pytest
from reference_cells import make_network, plain_forward

from rnnviz.engine.evaluation import Evaluation, evaluate, evaluate_streams
from rnnviz.engine.loss import cross_entropy

V = 6
CELLS = ["rnn", "lstm", "gru"]


def plain_nats(network, text) -> list[float]:
    """Nats of characters 2..N, from a zero state, by the plain twin."""
    logits, _ = plain_forward(
        network.config, network.parameters, text[:-1, np.newaxis], network.zero_state(1)
    )
    return cross_entropy(logits, text[1:, np.newaxis])[:, 0].tolist()


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("chunk", [None, 1, 7, 1_000])
def test_the_whole_text_is_read_statefully(cell, chunk):
    network = make_network(vocabulary_size=V, cell=cell, num_layers=2)
    text = np.random.default_rng(0).integers(0, V, 50)
    result = evaluate(network, text, chunk=chunk)
    assert result.characters == 49
    assert result.nats == pytest.approx(np.mean(plain_nats(network, text)), abs=1e-13)


@pytest.mark.parametrize("cell", CELLS)
def test_pieces_predict_each_character_once_after_their_warm_up(cell):
    network = make_network(vocabulary_size=V, cell=cell)
    text = np.random.default_rng(1).integers(0, V, 54)  # 53 predictions: 4 x 13 and 1 left over
    total = 0.0
    for piece in range(4):
        start, stop = 13 * piece, 13 * (piece + 1) + (piece == 3)
        warm = max(start - 5, 0)
        total += sum(plain_nats(network, text[warm : stop + 1])[start - warm :])
    result = evaluate(network, text, streams=4, warmup=5, chunk=6)
    assert result.characters == 53
    assert result.nats == pytest.approx(total / 53, abs=1e-13)


def test_more_pieces_or_warm_up_than_text_is_cut_down():
    network = make_network(vocabulary_size=V)
    text = np.arange(V)
    for streams, warmup in ((99, 0), (99, 99), (2, 99), (1, 99)):
        assert evaluate(network, text, streams=streams, warmup=warmup).characters == V - 1


def test_parallel_streams_start_from_zero_states():
    network = make_network(vocabulary_size=V, cell="lstm")
    block = np.random.default_rng(2).integers(0, V, (3, 20))
    expected = np.mean([plain_nats(network, row) for row in block])
    result = evaluate_streams(network, block, chunk=8)
    assert result.characters == 57
    assert result.nats == pytest.approx(expected, abs=1e-13)


def test_progress_is_told_and_may_stop_it():
    network = make_network(vocabulary_size=V)
    told = []
    evaluate(network, np.zeros(11, int), chunk=4, progress=lambda *done: told.append(done))
    assert told == [(4, 10), (8, 10), (10, 10)]

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(network, np.zeros(11, int), progress=stop)


def test_bits_and_perplexity():
    result = Evaluation(math.log(8.0), 10)
    assert result.bits == pytest.approx(3.0)
    assert result.perplexity == pytest.approx(8.0)
    assert Evaluation(1e4, 1).perplexity == math.inf


def test_evaluation_leaves_a_training_step_undisturbed():
    network = make_network(vocabulary_size=V)
    text = np.zeros((10, 1), int)
    forward = network.forward(text, network.zero_state(1))
    before = forward.logits.copy()
    evaluate(network, np.ones(11, int), chunk=10)
    np.testing.assert_array_equal(forward.logits, before)
