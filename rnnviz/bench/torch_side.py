"""The same training step by PyTorch: its own RNN modules, clipping and optimizers.

The only file of the program that imports PyTorch, only for `rnnviz bench --against torch`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from rnnviz.bench.networks import BenchNetwork, bench_streams, first_weights
from rnnviz.text.corpus import Corpus

_MODULES = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}
_OPTIMIZERS = {"adam": torch.optim.Adam, "adagrad": torch.optim.Adagrad}


def make_step(spec: BenchNetwork, corpus: Corpus, threads: int) -> Callable[[], float]:
    """A function that makes one step of training; returns its mean loss in nats per character."""
    torch.set_num_threads(threads)
    model = spec.model_config(corpus.vocabulary.size)
    rnn = _MODULES[spec.cell](model.vocabulary_size, spec.hidden_size, spec.num_layers)
    decoder = torch.nn.Linear(spec.hidden_size, model.vocabulary_size)
    weights = first_weights(model)
    with torch.no_grad():
        for name, parameter in rnn.named_parameters():
            parameter.copy_(torch.from_numpy(weights[f"rnn.{name}"]))
        for name, parameter in decoder.named_parameters():
            parameter.copy_(torch.from_numpy(weights[f"decoder.{name}"]))
    parameters = [*rnn.parameters(), *decoder.parameters()]
    # The fused form is PyTorch's fastest on a CPU.
    optimizer = _OPTIMIZERS[spec.optimizer](parameters, lr=spec.learning_rate, fused=True)
    streams = bench_streams(spec, corpus)
    one_hot = torch.eye(model.vocabulary_size)  # looking up a row is quicker than making it
    carried: list[Any] = [None]

    def step() -> float:
        inputs, targets, is_start = streams.next_window()
        characters = one_hot[torch.from_numpy(inputs.astype(np.int64))]
        hidden, state = rnn(characters, None if is_start else carried[0])
        carried[0] = (
            tuple(part.detach() for part in state) if spec.cell == "lstm" else state.detach()
        )
        loss = torch.nn.functional.cross_entropy(
            decoder(hidden).reshape(-1, model.vocabulary_size),
            torch.from_numpy(targets.astype(np.int64)).reshape(-1),
            reduction=spec.reduction,
        )
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        if spec.clip_kind == "norm":
            torch.nn.utils.clip_grad_norm_(parameters, spec.clip_threshold)
        else:
            torch.nn.utils.clip_grad_value_(parameters, spec.clip_threshold)
        optimizer.step()
        return float(loss.item()) / (targets.size if spec.reduction == "sum" else 1)

    return step
