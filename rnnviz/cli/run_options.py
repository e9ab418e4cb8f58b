"""The options of `rnnviz train` that are settings of a run: one for each field of `RunConfig`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rnnviz.cli.common import at_least_zero, count, number, real, whole_number

if TYPE_CHECKING:
    from rnnviz.session.config import RunConfig

# Written out, so that --help need not load the engine; the tests compare them with the registries.
OPTIMIZERS = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw")
INITIALIZERS = ("uniform", "gaussian", "xavier", "orthogonal", "identity")

# The field each option sets; clipping has options of its own.
_FIELDS = {
    "cell": "cell",
    "layers": "num_layers",
    "hidden": "hidden_size",
    "activation": "activation",
    "peepholes": "peepholes",
    "layer_norm": "layer_norm",
    "residual": "residual",
    "dropout": "dropout",
    "dtype": "dtype",
    "seed": "seed",
    "init": "initialization",
    "forget_bias": "forget_bias",
    "spectral_radius": "spectral_radius",
    "seq_len": "seq_len",
    "batch": "batch_size",
    "bptt": "bptt",
    "truncation_probability": "truncation_probability",
    "accumulate": "accumulate",
    "reduction": "reduction",
    "optimizer": "optimizer",
    "lr": "learning_rate",
    "momentum": "momentum",
    "rmsprop_alpha": "rmsprop_alpha",
    "weight_decay": "weight_decay",
    "schedule": "schedule",
    "decay_factor": "decay_factor",
    "decay_after": "decay_after",
    "warm_up": "warm_up",
    "split": "split",
    "val_fraction": "val_fraction",
    "smoothing": "smoothing",
    "smoothing_start": "smoothing_start",
    "sample_every": "sample_every",
    "sample_length": "sample_length",
    "temperature": "temperature",
    "top_k": "top_k",
    "top_p": "top_p",
}

BY_FIELD = {field: f"--{option.replace('_', '-')}" for option, field in _FIELDS.items()}
"""The option that sets a field, by the field's name."""


def add_to(parser: argparse.ArgumentParser) -> None:
    """Adds the options to a parser; all are None unless given."""
    _add_network(parser.add_argument_group("network"))
    _add_gradient(parser.add_argument_group("batches and gradient"))
    _add_update(parser.add_argument_group("update"))
    _add_figures(parser.add_argument_group("validation, figures and samples"))


def _switch(group: argparse._ArgumentGroup, name: str, words: str) -> None:
    group.add_argument(name, action=argparse.BooleanOptionalAction, help=words)


def _add_network(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--cell", choices=("rnn", "lstm", "gru"))
    group.add_argument("--layers", type=count, metavar="N")
    group.add_argument("--hidden", type=count, metavar="N", help="units in each layer")
    group.add_argument("--activation", choices=("tanh", "relu"), help="of the rnn cell")
    _switch(group, "--peepholes", "the lstm's gates also see the cell state")
    _switch(group, "--layer-norm", "normalise what each layer puts out")
    _switch(group, "--residual", "each layer but the first adds its input to its output")
    group.add_argument(
        "--dropout", type=at_least_zero, metavar="X", help="share dropped between layers"
    )
    group.add_argument("--dtype", choices=("float32", "float64"))
    group.add_argument("--init", metavar="NAME", help=f"one of {', '.join(INITIALIZERS)}")
    group.add_argument(
        "--forget-bias", type=number, metavar="X", help="of the lstm's forget gate at the start"
    )
    group.add_argument(
        "--spectral-radius",
        type=at_least_zero,
        metavar="X",
        help="of each recurrent matrix at the start; 0 leaves it as it is drawn",
    )
    group.add_argument(
        "--seed", type=whole_number, metavar="N", help="of the initial weights and samples"
    )


def _add_gradient(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--seq-len", type=count, metavar="N", help="characters per window")
    group.add_argument("--batch", type=count, metavar="N", help="parallel streams")
    group.add_argument(
        "--bptt",
        choices=("truncated", "full", "random", "whole"),
        help="how far back the gradient goes: to the window's start with the state carried on, "
        "with each window from a zero state, over a random number of windows, or over the whole "
        "stream",
    )
    group.add_argument(
        "--truncation-probability",
        type=real,
        metavar="X",
        help="with which --bptt random cuts after each window",
    )
    group.add_argument("--accumulate", type=count, metavar="M", help="batches before an update")
    group.add_argument("--reduction", choices=("mean", "sum"), help="of the loss over a window")
    clip = group.add_mutually_exclusive_group()
    clip.add_argument("--clip-norm", type=real, metavar="X", help="by global L2 norm")
    clip.add_argument("--clip-value", type=real, metavar="X", help="each entry to [-X, X]")
    clip.add_argument("--no-clip", action="store_true")


def _add_update(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--optimizer", metavar="NAME", help=f"one of {', '.join(OPTIMIZERS)}")
    group.add_argument("--lr", type=real, metavar="X", help="learning rate")
    group.add_argument("--momentum", type=number, metavar="X", help="of momentum and nesterov")
    group.add_argument("--rmsprop-alpha", type=number, metavar="X", help="memory of rmsprop")
    group.add_argument("--weight-decay", type=at_least_zero, metavar="X", help="of adamw")
    group.add_argument("--schedule", choices=("constant", "cosine", "step"))
    group.add_argument(
        "--decay-factor", type=real, metavar="X", help="of the step schedule, at each epoch's end"
    )
    group.add_argument(
        "--decay-after", type=count, metavar="N", help="epochs the rate stays whole before that"
    )
    group.add_argument(
        "--warm-up",
        type=whole_number,
        metavar="N",
        help="updates in which the learning rate rises to what the schedule says",
    )


def _add_figures(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--split", choices=("contiguous", "interleaved"))
    group.add_argument(
        "--val-fraction", type=at_least_zero, metavar="X", help="share held out, 0 to 0.5"
    )
    group.add_argument(
        "--smoothing", type=count, metavar="N", help="steps the smoothed loss averages over"
    )
    group.add_argument(
        "--smoothing-start",
        choices=("first", "uniform"),
        help="the smoothed loss starts from the first loss, or from that of even chances",
    )
    group.add_argument(
        "--sample-every",
        type=whole_number,
        metavar="N",
        help="write a sample to stderr every N steps; 0 writes none",
    )
    group.add_argument("--sample-length", type=count, metavar="N", help="characters of a sample")
    group.add_argument(
        "--temperature", type=at_least_zero, metavar="X", help="of the samples; 0 is greedy"
    )
    group.add_argument(
        "--top-k",
        type=whole_number,
        metavar="N",
        help="samples draw among the N likeliest characters; 0 among all",
    )
    group.add_argument(
        "--top-p",
        type=real,
        metavar="X",
        help="samples draw among the likeliest that together have probability X",
    )


def changed(config: RunConfig, given: Mapping[str, Any]) -> RunConfig:
    """`config` with the options that were given; ConfigError names the field that cannot be so."""
    from rnnviz.session.config import ConfigError, problems

    changes = {field: given[option] for option, field in _FIELDS.items()}
    changes = {field: value for field, value in changes.items() if value is not None}
    asked = tuple(changes)
    for kind in ("norm", "value"):
        if given[f"clip_{kind}"] is not None:
            changes |= {"clip_kind": kind, "clip_threshold": given[f"clip_{kind}"]}
    if given["no_clip"]:
        changes["clip_kind"] = "off"
    config = config.with_changes(**changes)
    for field, sentence in problems(config).items():
        raise ConfigError(sentence, field)
    for field in asked:
        sentence = _idle(config, field)
        if sentence:
            raise ConfigError(sentence, field)
    return config


def _idle(config: RunConfig, field: str) -> str:
    """Why a setting, asked for, would do nothing in this run; empty when it does something."""
    match field:
        case "forget_bias" if config.cell != "lstm":
            return f"only the lstm cell has a forget gate, not {config.cell}"
        case "dropout" | "residual" if config.num_layers == 1 and getattr(config, field):
            return "acts between layers; with one layer (--layers) it has nothing to do"
        case "truncation_probability" if config.bptt != "random":
            return f"belongs to --bptt random, not {config.bptt}"
        case "seq_len" if config.bptt == "whole":
            return "--bptt whole takes the whole stream as its window"
        case "momentum" if config.optimizer not in ("momentum", "nesterov"):
            return f"belongs to --optimizer momentum and nesterov, not {config.optimizer}"
        case "rmsprop_alpha" if config.optimizer != "rmsprop":
            return f"belongs to --optimizer rmsprop, not {config.optimizer}"
        case "weight_decay" if config.optimizer != "adamw":
            return f"belongs to --optimizer adamw, not {config.optimizer}"
        case "decay_factor" | "decay_after" if config.schedule != "step":
            return f"belongs to --schedule step, not {config.schedule}"
        case _:
            return ""
