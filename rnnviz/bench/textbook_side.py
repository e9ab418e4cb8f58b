"""The same training as it is usually taught: a hundred lines, one character after the other.

Double precision, a column vector with a single 1 for each character, a Python loop over time
forward and backward, each entry of the gradient clipped, Adagrad. Nothing in it is made fast; it is
what the engine's speed on `min-char-rnn` is held against, and its figures are checked by tests.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from rnnviz.bench.networks import BenchNetwork, bench_streams
from rnnviz.engine.blas import set_threads
from rnnviz.text.corpus import Corpus

Array = npt.NDArray[np.float64]
Weights = dict[str, Array]


def random_weights(vocabulary_size: int, hidden_size: int) -> Weights:
    """Small Gaussian matrices ``(out, in)`` and biases ``(out, 1)`` of zero."""
    rng = np.random.default_rng(1)
    return {
        "weight_ih": 0.01 * rng.standard_normal((hidden_size, vocabulary_size)),
        "weight_hh": 0.01 * rng.standard_normal((hidden_size, hidden_size)),
        "bias_h": np.zeros((hidden_size, 1)),
        "decoder_weight": 0.01 * rng.standard_normal((vocabulary_size, hidden_size)),
        "decoder_bias": np.zeros((vocabulary_size, 1)),
    }


def loss_and_gradients(
    weights: Weights, inputs: Sequence[int], targets: Sequence[int], hidden: Array
) -> tuple[float, Weights, Array]:
    """Forward and backward over one window of characters, from the state ``hidden (H, 1)``.

    Returns the summed loss in nats, its gradient by each of the weights, and the last state.
    """
    vocabulary_size = len(weights["decoder_bias"])
    x, p = {}, {}
    h = {-1: hidden}
    loss = 0.0
    for t in range(len(inputs)):
        x[t] = np.zeros((vocabulary_size, 1))
        x[t][inputs[t]] = 1.0
        h[t] = np.tanh(
            np.dot(weights["weight_ih"], x[t])
            + np.dot(weights["weight_hh"], h[t - 1])
            + weights["bias_h"]
        )
        logits = np.dot(weights["decoder_weight"], h[t]) + weights["decoder_bias"]
        p[t] = np.exp(logits) / np.sum(np.exp(logits))
        loss += -np.log(p[t][targets[t], 0])
    gradients = {name: np.zeros_like(array) for name, array in weights.items()}
    from_later = np.zeros_like(hidden)
    for t in reversed(range(len(inputs))):
        d_logits = np.copy(p[t])
        d_logits[targets[t]] -= 1.0
        gradients["decoder_weight"] += np.dot(d_logits, h[t].T)
        gradients["decoder_bias"] += d_logits
        d_h = np.dot(weights["decoder_weight"].T, d_logits) + from_later
        d_sum = (1.0 - h[t] * h[t]) * d_h
        gradients["bias_h"] += d_sum
        gradients["weight_ih"] += np.dot(d_sum, x[t].T)
        gradients["weight_hh"] += np.dot(d_sum, h[t - 1].T)
        from_later = np.dot(weights["weight_hh"].T, d_sum)
    return float(loss), gradients, h[len(inputs) - 1]


def make_step(spec: BenchNetwork, corpus: Corpus, threads: int) -> Callable[[], float]:
    """A function that makes one step of training; returns its mean loss in nats per character.

    ValueError for any other network than one plain layer on one stream.
    """
    if (spec.cell, spec.num_layers, spec.batch_size) != ("rnn", 1, 1):
        raise ValueError("the textbook loop knows one rnn layer on one stream only")
    set_threads(threads)
    weights = random_weights(corpus.vocabulary.size, spec.hidden_size)
    squares = {name: np.zeros_like(array) for name, array in weights.items()}
    streams = bench_streams(spec, corpus)
    hidden = np.zeros((spec.hidden_size, 1))

    def step() -> float:
        nonlocal hidden
        inputs, targets, is_start = streams.next_window()
        if is_start:
            hidden = np.zeros((spec.hidden_size, 1))
        loss, gradients, hidden = loss_and_gradients(
            weights, inputs[:, 0].tolist(), targets[:, 0].tolist(), hidden
        )
        for name, gradient in gradients.items():
            np.clip(gradient, -spec.clip_threshold, spec.clip_threshold, out=gradient)
            squares[name] += gradient * gradient
            weights[name] += -spec.learning_rate * gradient / np.sqrt(squares[name] + 1e-8)
        return loss / len(inputs)

    return step
