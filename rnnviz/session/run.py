"""A run: a text, a network and its trainer, built from one config; the runner makes it go."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rnnviz.engine.blas import Parallelism, most_cores, recommended_parallelism
from rnnviz.engine.data_parallel import DataParallel
from rnnviz.engine.evaluation import Evaluation, evaluate, evaluate_streams
from rnnviz.engine.initializers import initialize
from rnnviz.engine.memory import lacking_memory
from rnnviz.engine.network import ModelConfig, Network
from rnnviz.engine.optimizers import make_optimizer
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.trainer import Trainer
from rnnviz.session.config import WHOLE, ConfigError, RunConfig, problems
from rnnviz.text.batching import Streams
from rnnviz.text.corpus import Corpus
from rnnviz.text.splits import Split, SplitText, split_indices
from rnnviz.text.vocabulary import UnknownCharacterError, Vocabulary

# A live validation costs about this many multiplications at most, so that it takes well under a
# second; the end of a run is judged on the whole held-out part.
_LIVE_VALIDATION_FLOPS = 2e10
_LIVE_VALIDATION_LEAST = 8_192
_PIECE = 1 << 20  # characters turned into bytes at a time
# Numbers kept of each unit and character: in every layer, and once for all of them (measured).
_KEPT = {"rnn": (2, 4), "gru": (7, 6), "lstm": (7, 7)}
_WARM_UP = 64  # characters each parallel piece reads before its own are counted


def checksum(text: str) -> str:
    """SHA-256 of a text as UTF-8, to tell whether a run meets its own text again."""
    found = hashlib.sha256()
    for start in range(0, len(text), _PIECE):  # a copy of a long text would be a hundred megabytes
        found.update(text[start : start + _PIECE].encode("utf-8", "surrogatepass"))
    return found.hexdigest()


@dataclass
class Run:
    """What the training thread owns. Built before the thread starts, given up when it has ended."""

    config: RunConfig
    corpus: Corpus
    vocabulary: Vocabulary
    split: SplitText
    trainer: Trainer
    # Of training: the last bits depend on it. Its BLAS threads are for whoever trains to set.
    parallelism: Parallelism

    @property
    def network(self) -> Network:
        """The network being trained; its parameters change with every step."""
        return self.trainer.network

    @cached_property
    def text_checksum(self) -> str:
        """That of its text."""
        return checksum(self.corpus.text)

    def initial_network(self) -> Network:
        """A snapshot of the network as it was, or would have been, before its first step."""
        if self.trainer.steps == 0:
            return self.network.snapshot()
        model = self.network.config
        return Network(model, initial_parameters(self.config, model)).snapshot()

    def last_read(self, most: int) -> str:
        """At most so many characters that the first training stream has read last, in this epoch.

        Only for the thread that trains.
        """
        streams = self.trainer.streams
        end = streams.state_dict()["position"]
        if end == 0 and streams.epoch:  # the pass has just ended
            whole = self.config.bptt == WHOLE
            window = self.split.train.shape[1] - 1 if whole else self.config.seq_len
            end = streams.windows_per_epoch * window
        return self.vocabulary.decode(self.split.train[0, max(end - most, 0) : end])

    def held_out_characters(self) -> int:
        """Predictions in the held-out part; 0 when nothing is held out."""
        held_out = self.split.validation
        return 0 if held_out is None else held_out.shape[0] * (held_out.shape[1] - 1)

    def live_validation(
        self, progress: Callable[[int, int], None] | None = None
    ) -> tuple[Evaluation, int]:
        """Held-out loss quick enough to be measured while training, and the characters held out.

        A long single stream is read as parallel pieces, each warmed up on the text before it; how
        much is read depends on the size of the network only, so figures of one run compare.
        `progress(done, total)` is called now and then and may raise to give up.
        """
        held_out = self.split.validation
        if held_out is None:
            raise ConfigError("nothing is held out, so there is no validation loss")
        total = self.held_out_characters()
        flops = 2.0 * self.network.config.parameter_count
        limit = int(max(_LIVE_VALIDATION_FLOPS / flops, _LIVE_VALIDATION_LEAST))
        if held_out.shape[0] > 1:
            length = max(2, min(held_out.shape[1], limit // held_out.shape[0] + 1))
            return evaluate_streams(self.network, held_out[:, :length], progress=progress), total
        text = held_out[0, : limit + 1]
        pieces = int(np.clip(len(text) // (6 * _WARM_UP), 1, 256))
        found = evaluate(self.network, text, streams=pieces, warmup=_WARM_UP, progress=progress)
        return found, total

    def final_validation(
        self, progress: Callable[[int, int], None] | None = None
    ) -> Evaluation | None:
        """Held-out loss on the whole held-out part, read statefully from a zero state.

        For `progress` see `live_validation`.
        """
        held_out = self.split.validation
        if held_out is None:
            return None
        if held_out.shape[0] > 1:
            return evaluate_streams(self.network, held_out, progress=progress)
        return evaluate(self.network, held_out[0], progress=progress)


def least_memory(config: RunConfig, model: ModelConfig, window: int, processes: int = 1) -> int:
    """Bytes that training with windows of `window` characters takes, rather too few than too many.

    Counted are parameters, gradients, what the optimizer remembers, the copy onlookers read, and
    for each character of a batch the logits and what the layers keep for the way back. Where the
    batch is shared out among `processes`, each further one has parameters and gradients in the
    memory it shares and gradients of its own, and all gradients are added up in one more.
    """
    remembered = {"sgd": 0, "adam": 2, "adamw": 2}.get(config.optimizer, 1)
    copies = 3 + remembered
    if processes > 1:
        copies += 1 + 3 * (processes - 1)
    numbers = model.parameter_count * copies
    layer, once = _KEPT.get(model.cell, _KEPT["lstm"])
    each = model.vocabulary_size + (layer * model.num_layers + once) * model.hidden_size
    numbers += window * config.batch_size * each
    return numbers * np.dtype(model.dtype).itemsize


def initial_parameters(config: RunConfig, model: ModelConfig) -> Parameters:
    """The weights a run with these settings begins with."""
    return initialize(
        model,
        np.random.default_rng(config.seed),
        config.initialization,
        forget_bias=config.forget_bias,
        spectral_radius=config.spectral_radius or None,
    )


def _possible(wanted: Parallelism, batch: int, cores: int | None, shares: bool) -> bool:
    """Whether training can use the processor in this very way."""
    if max(wanted.processes, wanted.threads) > (most_cores() if cores is None else cores):
        return False
    shares = shares and wanted.processes <= batch and sys.platform != "win32"
    return wanted.processes == 1 or shares


def build_run(
    config: RunConfig,
    corpus: Corpus,
    network: Network | None = None,
    cores: int | None = 1,
    *,
    vocabulary: Vocabulary | None = None,
    parallelism: Parallelism | None = None,
) -> Run:
    """Builds everything a run needs; `network` continues with given weights.

    It trains on so many `cores` of the processor (None: as many as are useful), in the way that
    `Run.parallelism` says: as `parallelism` wants it, where these cores can do that.
    `vocabulary` is that of the network, when it is not the text's own.
    Raises `ConfigError` with one sentence when the settings and the text do not fit.
    """
    found = problems(config, len(corpus.text))
    if found:
        name, sentence = next(iter(found.items()))
        if name in ("batch_size", "seq_len") and not problems(config):
            sentence += f"; choose a smaller value or a longer text than {corpus.name}"
        raise ConfigError(f"{name}: {sentence}", name)
    indices = corpus.indices
    if vocabulary is None or vocabulary == corpus.vocabulary:
        vocabulary = corpus.vocabulary
    else:
        try:
            indices = vocabulary.encode_narrow(corpus.text)
        except UnknownCharacterError as error:
            raise ConfigError(
                f"{corpus.name} has the character {error.character!r}, which the network does not "
                "know: open a text like the one it was trained on"
            ) from error
    split = split_indices(
        indices,
        Split(config.split, config.val_fraction),
        config.batch_size,
        seq_len=1 if config.bptt == WHOLE else config.seq_len,
    )
    window = split.train.shape[1] - 1 if config.bptt == WHOLE else config.seq_len
    model = config.model_config(vocabulary.size)
    batch, draws = config.batch_size, config.truncation().draws
    if parallelism is None or not _possible(parallelism, batch, cores, not draws):
        parallelism = recommended_parallelism(model, batch, window, cores, shares=not draws)
    if lacking_memory(least_memory(config, model, window, parallelism.processes)):
        parallelism = recommended_parallelism(model, batch, window, cores, shares=False)
    lacking = lacking_memory(least_memory(config, model, window))
    if lacking:
        raise ConfigError(
            f"a run of this size on a text of {vocabulary.size:,} symbols {lacking}; "
            "choose fewer hidden units, a smaller batch or a shorter sequence"
        )
    if network is None:
        network = Network(model, initial_parameters(config, model))
    elif network.config.vocabulary_size != vocabulary.size:
        raise ConfigError(
            f"the network knows {network.config.vocabulary_size} characters, "
            f"the text has {vocabulary.size}"
        )
    parallel = None
    if parallelism.processes > 1:
        parallel = DataParallel(network, window, batch, parallelism.processes, config.reduction)
    trainer = Trainer(
        network,
        make_optimizer(
            config.optimizer, network.parameters, **config.hyperparameters(config.optimizer)
        ),
        config.clipping(),
        Streams(split.train, window),
        learning_rate=config.learning_rate,
        schedule=config.learning_rate_schedule(),
        reduction=config.reduction,
        # Apart from the generators of the weights, [seed], and of the samples, [seed, step].
        rng=np.random.default_rng([config.seed, 0, 1]) if draws or model.drops else None,
        truncation=config.truncation(),
        accumulate=config.accumulate,
        data_parallel=parallel,
        threads=most_cores() if cores is None else cores,
    )
    return Run(config, corpus, vocabulary, split, trainer, parallelism)
