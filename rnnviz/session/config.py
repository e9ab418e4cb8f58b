"""Every setting of a run in one frozen record, with its limits and when a change of it holds.

Presets, the command line, the Setup panel and saved runs all share this one schema.
"""

from __future__ import annotations

import dataclasses
import json
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rnnviz.engine.cells import CELLS, PEEPHOLE_CELLS
from rnnviz.engine.clipping import Clipping
from rnnviz.engine.initializers import INITIALIZERS
from rnnviz.engine.network import ModelConfig
from rnnviz.engine.optimizers import OPTIMIZERS
from rnnviz.engine.schedules import SCHEDULES, Schedule, make_schedule
from rnnviz.engine.truncation import TRUNCATION_KINDS, Truncation

MAX_LAYERS = 4
MAX_HIDDEN = 4096
MAX_SEQ_LEN = 10_000
MAX_BATCH = 4096
WHOLE = "whole"  # full backpropagation, with the whole stream as the window
BPTT = (*TRUNCATION_KINDS, WHOLE)
TEMPERATURE_RANGE = (0.1, 2.0)  # the slider's ends; the command line also takes 0 (greedy)
LEARNING_RATE_RANGE = (1e-5, 1.0)
_LEAST_HELD_OUT = 20  # characters: fewer say nothing about a network
CLIP_RANGE = (1e-3, 1e3)


class ConfigError(ValueError):
    """A setting that cannot be used; the message says what it got and what it wanted.

    `field` names the setting where there is one, for whoever calls it by another name.
    """

    def __init__(self, sentence: str, field: str = "") -> None:
        super().__init__(sentence)
        self.field = field


@dataclass(frozen=True)
class RunConfig:
    """All settings of one run. Lengths are in characters, times in seconds, seeds are integers."""

    corpus: str = "the-salt-crown"  # id of a source, or a path
    cell: str = "gru"
    activation: str = "tanh"
    num_layers: int = 1
    hidden_size: int = 128
    seq_len: int = 50
    batch_size: int = 32
    split: str = "contiguous"
    val_fraction: float = 0.1
    seed: int = 1
    dtype: str = "float32"
    initialization: str = "uniform"
    reduction: str = "mean"  # of the loss over a window, before it is differentiated
    optimizer: str = "adam"
    learning_rate: float = 5e-3
    schedule: str = "constant"
    clip_kind: str = "norm"
    clip_threshold: float = 1.0
    temperature: float = 0.8  # of the samples and of the next-character bars
    sample_length: int = 200
    sample_every: int = 0  # steps; 0 spaces samples by decade, then by time
    smoothing: int = 60  # steps, the longest averaging window of the smoothed loss
    smoothing_start: str = "first"  # the first loss, or "uniform": ln V, as min-char-rnn does
    peepholes: bool = False  # of the LSTM
    dropout: float = 0.0  # share dropped between layers while training
    layer_norm: bool = False
    residual: bool = False  # each layer but the first adds its input to its output
    forget_bias: float = 1.0  # of the LSTM, at the start
    spectral_radius: float = 0.0  # of each recurrent matrix at the start; 0 as it is drawn
    bptt: str = "truncated"  # or full or random, see `Truncation`, or whole: full over the stream
    truncation_probability: float = 0.5  # with which random truncation cuts after each window
    accumulate: int = 1  # batches before an update
    momentum: float = 0.9  # of momentum and nesterov
    rmsprop_alpha: float = 0.99
    weight_decay: float = 0.01  # of adamw
    decay_factor: float = 0.95  # of the step schedule, each epoch ...
    decay_after: int = 10  # ... from the end of this one on
    warm_up: int = 0  # updates in which the learning rate rises to what the schedule says
    top_k: int = 0  # samples choose among so many of the likeliest characters; 0 among all
    top_p: float = 1.0  # and among the likeliest that hold this share

    def model_config(self, vocabulary_size: int) -> ModelConfig:
        """The part the engine needs to build the network for a text of so many symbols."""
        return ModelConfig(
            vocabulary_size=vocabulary_size,
            hidden_size=self.hidden_size,
            num_layers=self.num_layers,
            cell=self.cell,
            activation=self.activation,
            dtype=self.dtype,
            peepholes=self.peepholes,
            dropout=self.dropout,
            layer_norm=self.layer_norm,
            residual=self.residual,
        )

    def truncation(self) -> Truncation:
        """How far back the gradient goes."""
        kind = "full" if self.bptt == WHOLE else self.bptt
        return Truncation(kind, self.truncation_probability)

    def learning_rate_schedule(self) -> Schedule:
        """What the learning rate is multiplied by."""
        settings: dict[str, float] = {}
        if self.schedule == "step":
            settings = {"factor": self.decay_factor, "after": self.decay_after}
        return make_schedule(self.schedule, self.warm_up, **settings)

    def hyperparameters(self, optimizer: str) -> dict[str, float]:
        """The settings of the optimizer of this name, as `make_optimizer` takes them."""
        if optimizer in ("momentum", "nesterov"):
            return {"momentum": self.momentum}
        if optimizer == "rmsprop":
            return {"alpha": self.rmsprop_alpha}
        return {"weight_decay": self.weight_decay} if optimizer == "adamw" else {}

    def clipping(self) -> Clipping:
        """The clipping rule in force at the start of the run."""
        return Clipping(self.clip_kind, self.clip_threshold)

    def with_changes(self, **changes: Any) -> RunConfig:
        """A copy with these fields replaced."""
        return dataclasses.replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], where: str = "settings") -> RunConfig:
        """Builds a config from JSON values; unknown names and wrong types raise `ConfigError`."""
        fields = {field.name: field for field in dataclasses.fields(cls)}
        accepted: dict[str, Any] = {}
        for name, value in values.items():
            if name not in fields:
                raise ConfigError(
                    f"{where}: there is no setting called {reprlib.repr(name)}", str(name)
                )
            default = fields[name].default
            wanted = type(default)
            if wanted is float and isinstance(value, int) and not isinstance(value, bool):
                value = float(value) if abs(value) < 1e300 else value
            if type(value) is not wanted:
                raise ConfigError(
                    f"{where}: {name} is {_cited(value)}, but must be of type {wanted.__name__}",
                    name,
                )
            accepted[name] = value
        config = cls(**accepted)
        found = problems(config)
        if found:
            name, sentence = next(iter(found.items()))
            raise ConfigError(f"{where}: {name}: {sentence}", name)
        return config


def _cited(value: object) -> str:
    """A value as JSON has it, as far as a sentence has room for it."""
    try:
        text = json.dumps(value, default=str)
    except (ValueError, RecursionError):
        text = type(value).__name__
    return text if len(text) <= 80 else f"{text[:79]}…"


RESTART_FIELDS = (
    "corpus",
    "cell",
    "activation",
    "num_layers",
    "hidden_size",
    "seq_len",
    "batch_size",
    "split",
    "val_fraction",
    "seed",
    "dtype",
    "initialization",
    "reduction",
    "peepholes",
    "dropout",
    "layer_norm",
    "residual",
    "forget_bias",
    "spectral_radius",
    "bptt",
    "truncation_probability",
    "accumulate",
    "momentum",
    "rmsprop_alpha",
    "weight_decay",
    "decay_factor",
    "decay_after",
    "warm_up",
    "top_k",
    "top_p",
)
"""A change of one of these waits for the next restart; all others hold from the next step."""


def restart_changes(current: RunConfig, wanted: RunConfig) -> tuple[str, ...]:
    """The restart fields in which the two differ, in the order of the schema."""
    return tuple(name for name in RESTART_FIELDS if getattr(current, name) != getattr(wanted, name))


def _integer(value: int, low: int, high: int) -> str | None:
    return None if low <= value <= high else f"must be {low:,} to {high:,}"


def _choice(value: str, allowed: tuple[str, ...]) -> str | None:
    return (
        None
        if value in allowed
        else f"must be one of {', '.join(allowed)}, not {reprlib.repr(value)}"
    )


def _number(value: float, low: float, high: float) -> str | None:
    return None if low <= value <= high else f"must be {low:g} to {high:g}"


def _share(value: float) -> str | None:
    return None if 0 <= value < 1 else "must be at least 0 and below 1"


def _part(value: float) -> str | None:
    return None if 0 < value <= 1 else "must be above 0 and at most 1"


def problems(config: RunConfig, text_length: int | None = None) -> dict[str, str]:
    """What is wrong with a config, by field: one sentence each; empty when it can run.

    With `text_length` (characters of the loaded text) the batch and the window are held against it.
    """
    found = {
        "cell": _choice(config.cell, tuple(CELLS)),
        "activation": _choice(config.activation, ("tanh", "relu")),
        "num_layers": _integer(config.num_layers, 1, MAX_LAYERS),
        "hidden_size": _integer(config.hidden_size, 1, MAX_HIDDEN),
        "seq_len": _integer(config.seq_len, 1, MAX_SEQ_LEN),
        "batch_size": _integer(config.batch_size, 1, MAX_BATCH),
        "split": _choice(config.split, ("contiguous", "interleaved")),
        "val_fraction": _number(config.val_fraction, 0.0, 0.5),
        "seed": _integer(config.seed, 0, 2**31 - 1),
        "dtype": _choice(config.dtype, ("float32", "float64")),
        "initialization": _choice(config.initialization, tuple(INITIALIZERS)),
        "reduction": _choice(config.reduction, ("mean", "sum")),
        "optimizer": _choice(config.optimizer, tuple(OPTIMIZERS)),
        "learning_rate": None
        if 0 < config.learning_rate <= 100
        else "must be above 0 and at most 100",
        "schedule": _choice(config.schedule, tuple(SCHEDULES)),
        "clip_kind": _choice(config.clip_kind, ("off", "norm", "value")),
        "clip_threshold": None
        if 0 < config.clip_threshold < float("inf")
        else "must be a finite number above 0",
        "temperature": _number(config.temperature, 0.0, 100.0),
        "sample_length": _integer(config.sample_length, 1, 100_000),
        "sample_every": _integer(config.sample_every, 0, 2**31 - 1),
        "smoothing_start": _choice(config.smoothing_start, ("first", "uniform")),
        "smoothing": _integer(config.smoothing, 1, 100_000),
        "dropout": _share(config.dropout),
        "forget_bias": _number(config.forget_bias, -100.0, 100.0),
        "spectral_radius": _number(config.spectral_radius, 0.0, 100.0),
        "bptt": _choice(config.bptt, BPTT),
        # Rarer cuts would keep more windows in memory than is useful.
        "truncation_probability": _number(config.truncation_probability, 0.01, 1.0),
        "accumulate": _integer(config.accumulate, 1, 10_000),
        "momentum": _share(config.momentum),
        "rmsprop_alpha": _share(config.rmsprop_alpha),
        "weight_decay": _number(config.weight_decay, 0.0, 100.0),
        "decay_factor": _part(config.decay_factor),
        "decay_after": _integer(config.decay_after, 1, 1_000_000),
        "warm_up": _integer(config.warm_up, 0, 2**31 - 1),
        "top_k": _integer(config.top_k, 0, 2**31 - 1),
        "top_p": _part(config.top_p),
    }
    if config.peepholes and config.cell not in PEEPHOLE_CELLS:
        found["peepholes"] = "only the lstm cell can have peepholes"
    if config.activation == "relu" and config.cell != "rnn":
        found["activation"] = "only the rnn cell can use relu"
    if text_length is not None and not found["batch_size"] and not found["seq_len"]:
        stream = int(text_length * (1 - config.val_fraction)) // config.batch_size
        if stream < 2:
            found["batch_size"] = f"the text has only {text_length:,} characters"
        elif config.bptt == WHOLE:
            if stream - 1 > MAX_SEQ_LEN:
                found["bptt"] = (
                    f"streams of {stream:,} characters are too long to go back through whole: "
                    f"at most {MAX_SEQ_LEN + 1:,}"
                )
        elif stream < config.seq_len + 1:
            found["seq_len"] = (
                f"longer than the text: at most {stream - 1:,} at this batch"
                if config.batch_size > 1
                else f"longer than the text: at most {stream - 1:,}"
            )
    return {name: sentence for name, sentence in found.items() if sentence}


def fitted(config: RunConfig, text_length: int) -> RunConfig | None:
    """The config with batch and window made small enough for a text; None when nothing fits.

    The batch shrinks first: the window is what a network can learn across. Of a text of a few
    characters nothing is held out.
    """
    if text_length * config.val_fraction < _LEAST_HELD_OUT:
        config = config.with_changes(val_fraction=0.0)
    training = int(text_length * (1 - config.val_fraction))
    batch = max(min(config.batch_size, training // (config.seq_len + 1)), 1)
    window = min(config.seq_len, training // batch - 1)
    if window < 1:
        return None
    return config.with_changes(batch_size=batch, seq_len=window)
