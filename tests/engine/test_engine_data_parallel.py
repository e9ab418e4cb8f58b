"""A batch shared out among processes gives the gradients of the whole one, whatever happens."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from reference_cells import make_network, random_state
from trainer_states import assert_same_state

from rnnviz.engine.clipping import Clipping
from rnnviz.engine.data_parallel import DataParallel
from rnnviz.engine.errors import EngineError, Interrupted
from rnnviz.engine.loss import softmax_cross_entropy
from rnnviz.engine.optimizers import make_optimizer
from rnnviz.engine.trainer import Trainer
from rnnviz.engine.truncation import Truncation
from rnnviz.text.batching import Streams

T, B, V = 6, 5, 7
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no workers")


@pytest.fixture
def window():
    rng = np.random.default_rng(3)
    return rng.integers(0, V, (2, T, B)).astype(np.int32)


def until_ready(parallel: DataParallel, *window) -> None:
    """Windows until all workers have loaded."""
    while parallel.workers < len(parallel._plans) - 1:
        parallel.gradients(*window)
        assert parallel._workers is not None and all(parallel._workers)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("parts", [1, 2, 3])
def test_parts_add_up_to_the_whole(cell, reduction, parts, window):
    network = make_network(vocabulary_size=V, num_layers=2, cell=cell)
    inputs, targets = window
    state = random_state(network, B, np.random.default_rng(4))
    forward = network.forward(inputs, state)
    nats, dlogits = softmax_cross_entropy(forward.logits, targets, reduction=reduction)
    expected = network.backward(forward, dlogits).copy()
    parallel = DataParallel(network, T, B, parts, reduction)
    until_ready(parallel, inputs, targets, state)
    found_nats, final, gradients = parallel.gradients(inputs, targets, state)
    parallel.close()
    assert found_nats == pytest.approx(nats, rel=1e-14)
    np.testing.assert_allclose(gradients.flat, expected.flat, rtol=0, atol=1e-13)
    for arrays, wanted in zip(final, forward.state, strict=True):
        np.testing.assert_allclose(arrays, wanted, rtol=0, atol=1e-15)


def test_it_does_not_matter_where_a_part_is_computed(window):
    network = make_network(vocabulary_size=V, cell="lstm", dtype="float32")
    state = network.zero_state(B)
    parallel = DataParallel(network, T, B, 2)
    nats, final, gradients = parallel.gradients(*window, state)  # the worker is only starting
    here = nats, [a.copy() for s in final for a in s], gradients.flat.copy()
    until_ready(parallel, *window, state)
    nats, final, gradients = parallel.gradients(*window, state)
    assert nats == here[0]
    for array, wanted in zip([a for s in final for a in s], here[1], strict=True):
        np.testing.assert_array_equal(array, wanted)
    np.testing.assert_array_equal(gradients.flat, here[2])
    parallel.close()
    assert parallel.workers == 0
    np.testing.assert_array_equal(parallel.gradients(*window, state)[2].flat, here[2])


def test_a_worker_that_dies_is_done_without(window):
    network = make_network(vocabulary_size=V, cell="gru")
    state = network.zero_state(B)
    parallel = DataParallel(network, T, B, 2)
    until_ready(parallel, *window, state)
    expected = parallel.gradients(*window, state)[2].flat.copy()
    assert parallel._workers is not None
    os.kill(parallel._workers[0]._process.pid, signal.SIGKILL)
    for _ in range(3):
        np.testing.assert_array_equal(parallel.gradients(*window, state)[2].flat, expected)
    assert parallel.workers == 0


def test_where_no_worker_can_be_had_all_parts_are_computed_here(window, monkeypatch):
    network = make_network(vocabulary_size=V, cell="gru")
    state = network.zero_state(B)
    for what in ("posix_fallocate", "memfd_create", "truncate"):

        def refuse(*_):
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(f"rnnviz.engine.data_parallel.os.{what}", refuse, raising=False)
            parallel = DataParallel(network, T, B, 2)
            found = parallel.gradients(*window, state)[2].flat.copy()
            assert parallel._workers == [None]
    expected = DataParallel(network, T, B, 1).gradients(*window, state)[2].flat
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-14)


def test_the_weights_of_the_moment_are_used(window):
    network = make_network(vocabulary_size=V, cell="rnn")
    state = network.zero_state(B)
    parallel = DataParallel(network, T, B, 2)
    until_ready(parallel, *window, state)
    network.parameters.flat[:] *= 0.5
    found = parallel.gradients(*window, state)[2].flat.copy()
    parallel.close()
    np.testing.assert_array_equal(parallel.gradients(*window, state)[2].flat, found)


def make_trainer(parts: int, seed: int = 0) -> Trainer:
    network = make_network(seed, vocabulary_size=V, cell="gru")
    text = np.random.default_rng(5).integers(0, V, (B, 40)).astype(np.int32)
    parallel = DataParallel(network, T, B, parts) if parts > 1 else None
    return Trainer(
        network,
        make_optimizer("adam", network.parameters),
        Clipping("norm", 0.5),
        Streams(text, T),
        0.01,
        accumulate=2,
        data_parallel=parallel,
    )


def test_training_in_parts_follows_training_at_once():
    one, two = make_trainer(1), make_trainer(2)
    for _ in range(12):
        first, second = one.step(), two.step()
        assert second.loss == pytest.approx(first.loss, rel=1e-10)
        assert second.grad_norm == pytest.approx(first.grad_norm, rel=1e-9)
    np.testing.assert_allclose(
        two.network.parameters.flat, one.network.parameters.flat, rtol=0, atol=1e-9
    )
    two.close()


def test_saved_and_continued_in_parts_is_bit_for_bit():
    whole = make_trainer(2)
    for _ in range(5):
        whole.step()
    halfway = whole.state_dict()
    for _ in range(5):
        whole.step()
    continued = make_trainer(2, seed=9)
    continued.load_state_dict(halfway)
    for _ in range(5):
        continued.step()
    np.testing.assert_array_equal(continued.network.parameters.flat, whole.network.parameters.flat)
    whole.close()
    continued.close()


def test_an_interrupted_step_changes_nothing():
    trainer = make_trainer(2)
    trainer.step()
    before = trainer.state_dict()
    trainer.interrupt()
    with pytest.raises(Interrupted):
        trainer.step()
    assert_same_state(trainer.state_dict(), before)


def test_wrong_arguments_are_named():
    network = make_network(vocabulary_size=V)
    for arguments in ((0, B, 2), (T, 0, 1), (T, B, B + 1), (T, B, 0)):
        with pytest.raises(EngineError, match="must be"):
            DataParallel(network, *arguments)
    with pytest.raises(EngineError, match="reduction"):
        DataParallel(network, T, B, 2, "max")
    with pytest.raises(EngineError, match="rng"):
        dropping = make_network(vocabulary_size=V, num_layers=2, dropout=0.5)
        zeros = np.zeros((T, B), np.int32)
        DataParallel(dropping, T, B, 2).gradients(zeros, zeros, dropping.zero_state(B))
    streams = Streams(np.zeros((B, 20), np.int32), T)
    optimizer = make_optimizer("sgd", network.parameters)
    rng = np.random.default_rng(0)
    for of, truncation in ((network, Truncation("random")), (network.twin(), None)):
        with pytest.raises(EngineError, match="data_parallel"):
            Trainer(
                network,
                optimizer,
                Clipping(),
                streams,
                0.1,
                rng=rng,
                truncation=truncation,
                data_parallel=DataParallel(of, T, B, 2),
            )


def test_dropout_is_drawn_anew_in_each_part_and_the_same_wherever_it_is_computed(window):
    network = make_network(vocabulary_size=V, num_layers=2, dropout=0.5)
    state = network.zero_state(B)
    parallel = DataParallel(network, T, B, 2)

    def gradients(seed: int) -> np.ndarray:
        return parallel.gradients(*window, state, np.random.default_rng(seed))[2].flat.copy()

    here = gradients(1)
    until_ready(parallel, *window, state, np.random.default_rng(1))
    np.testing.assert_array_equal(gradients(1), here)
    assert np.abs(gradients(2) - here).max() > 1e-3
    parallel.close()
    # The mean over many masks is that of training in one piece.
    rng, one = np.random.default_rng(7), DataParallel(network, T, B, 1)
    means = [
        np.mean([p.gradients(*window, state, rng)[2].flat.copy() for _ in range(400)], axis=0)
        for p in (parallel, one)
    ]
    spread = np.std([one.gradients(*window, state, rng)[2].flat.copy() for _ in range(50)], axis=0)
    assert np.abs(means[0] - means[1]).max() < 10 * spread.max() / np.sqrt(400)


def test_workers_end_with_the_program_even_when_it_is_killed():
    code = f"""
import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})
import numpy as np
from reference_cells import make_network
from rnnviz.engine.data_parallel import DataParallel
network = make_network(vocabulary_size=4)
parallel = DataParallel(network, 3, 4, 2)
window = np.zeros((2, 3, 4), np.int32)
while not parallel.workers:
    parallel.gradients(*window, network.zero_state(4))
print(parallel._workers[0]._process.pid, flush=True)
sys.stdin.read()
"""
    program = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert program.stdin is not None and program.stdout is not None
    worker = int(program.stdout.readline())
    program.kill()
    program.wait()
    ended = False
    for _ in range(1_000):
        try:
            status = Path(f"/proc/{worker}/stat").read_text()
            ended = status.rpartition(")")[2].split()[0] == "Z"
        except FileNotFoundError:
            ended = True
        if ended:
            break
        subprocess.run([sys.executable, "-c", ""], check=True)
    assert ended
    program.stdin.close()
    program.stdout.close()
