"""The same training step by PyTorch: its own RNN modules, clipping and optimizers.

The only file of the program that imports PyTorch, and only when `rnnviz bench --against torch` asks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from rnnviz.bench.networks import BenchNetwork
from rnnviz.engine.initializers import initialize
from rnnviz.text.batching import Streams
from rnnviz.text.corpus import Corpus

_MODULES = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}
_OPTIMIZERS = {"adam": torch.optim.Adam, "adagrad": torch.optim.Adagrad}


def make_step(spec: BenchNetwork, corpus: Corpus, threads: int) -> Callable[[], None]:
    """A function that makes one step of training; starts from the weights the engine starts from."""
    torch.set_num_threads(threads)
    model = spec.model_config(corpus.vocabulary.size)
    rnn = _MODULES[spec.cell](model.vocabulary_size, spec.hidden_size, spec.num_layers)
    decoder = torch.nn.Linear(spec.hidden_size, model.vocabulary_size)
    weights = initialize(model, np.random.default_rng(1), "uniform")
    with torch.no_grad():
        for name, parameter in rnn.named_parameters():
            parameter.copy_(torch.from_numpy(weights[f"rnn.{name}"]))
        for name, parameter in decoder.named_parameters():
            parameter.copy_(torch.from_numpy(weights[f"decoder.{name}"]))
    parameters = [*rnn.parameters(), *decoder.parameters()]
    # The fused form is PyTorch's fastest on a CPU.
    optimizer = _OPTIMIZERS[spec.optimizer](parameters, lr=spec.learning_rate, fused=True)
    length = corpus.indices.size // spec.batch_size
    flat = corpus.indices[: length * spec.batch_size]
    streams = Streams(flat.reshape(spec.batch_size, length), spec.seq_len)
    carried: list[Any] = [None]

    def step() -> None:
        inputs, targets, is_start = streams.next_window()
        one_hot = torch.nn.functional.one_hot(
            torch.from_numpy(inputs.astype(np.int64)), model.vocabulary_size
        ).float()
        hidden, state = rnn(one_hot, None if is_start else carried[0])
        carried[0] = (
            tuple(part.detach() for part in state) if spec.cell == "lstm" else state.detach()
        )
        logits = decoder(hidden).reshape(-1, model.vocabulary_size)
        loss = torch.nn.functional.cross_entropy(
            logits,
            torch.from_numpy(targets.astype(np.int64)).reshape(-1),
            reduction=spec.reduction,
        )
        optimizer.zero_grad()
        loss.backward()
        if spec.clip_kind == "norm":
            torch.nn.utils.clip_grad_norm_(parameters, spec.clip_threshold)
        else:
            torch.nn.utils.clip_grad_value_(parameters, spec.clip_threshold)
        optimizer.step()
        loss.item()  # the engine reports the loss of every step too

    return step
