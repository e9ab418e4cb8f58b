"""The options of `rnnviz train` that are settings of a run: one for each field of `RunConfig`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rnnviz.cli.common import add_value, at_least_zero, count, number, real, whole_number

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
    add_value(group, "--hidden", count, "N", "units in each layer")
    group.add_argument("--activation", choices=("tanh", "relu"), help="of the rnn cell")
    _switch(group, "--peepholes", "the lstm's gates also see the cell state")
    _switch(group, "--layer-norm", "normalise what each layer puts out")
    _switch(group, "--residual", "each layer but the first adds its input to its output")
    add_value(group, "--dropout", at_least_zero, "X", "share dropped between layers")
    group.add_argument("--dtype", choices=("float32", "float64"))
    group.add_argument("--init", metavar="NAME", help=f"one of {', '.join(INITIALIZERS)}")
    add_value(group, "--forget-bias", number, "X", "of the lstm's forget gate at the start")
    add_value(
        group,
        "--spectral-radius",
        at_least_zero,
        "X",
        "of each recurrent matrix at the start; 0 leaves it as it is drawn",
    )
    add_value(group, "--seed", whole_number, "N", "of the initial weights and samples")


def _add_gradient(group: argparse._ArgumentGroup) -> None:
    add_value(group, "--seq-len", count, "N", "characters per window")
    add_value(group, "--batch", count, "N", "parallel streams")
    group.add_argument(
        "--bptt",
        choices=("truncated", "full", "random", "whole"),
        help="how far back the gradient goes: to the window's start with the state carried on, "
        "with each window from a zero state, over a random number of windows, or over the whole "
        "stream",
    )
    add_value(
        group,
        "--truncation-probability",
        real,
        "X",
        "with which --bptt random cuts after each window",
    )
    add_value(group, "--accumulate", count, "M", "batches before an update")
    group.add_argument("--reduction", choices=("mean", "sum"), help="of the loss over a window")
    clip = group.add_mutually_exclusive_group()
    add_value(clip, "--clip-norm", real, "X", "by global L2 norm")
    add_value(clip, "--clip-value", real, "X", "each entry to [-X, X]")
    clip.add_argument("--no-clip", action="store_true")


def _add_update(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--optimizer", metavar="NAME", help=f"one of {', '.join(OPTIMIZERS)}")
    add_value(group, "--lr", real, "X", "learning rate")
    add_value(group, "--momentum", number, "X", "of momentum and nesterov")
    add_value(group, "--rmsprop-alpha", number, "X", "memory of rmsprop")
    add_value(group, "--weight-decay", at_least_zero, "X", "of adamw")
    group.add_argument("--schedule", choices=("constant", "cosine", "step"))
    add_value(group, "--decay-factor", real, "X", "of the step schedule, at each epoch's end")
    add_value(group, "--decay-after", count, "N", "epochs the rate stays whole before that")
    add_value(
        group,
        "--warm-up",
        whole_number,
        "N",
        "updates in which the learning rate rises to what the schedule says",
    )


def _add_figures(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--split", choices=("contiguous", "interleaved"))
    add_value(group, "--val-fraction", at_least_zero, "X", "share held out, 0 to 0.5")
    add_value(group, "--smoothing", count, "N", "steps the smoothed loss averages over")
    group.add_argument(
        "--smoothing-start",
        choices=("first", "uniform"),
        help="the smoothed loss starts from the first loss, or from that of even chances",
    )
    add_value(
        group,
        "--sample-every",
        whole_number,
        "N",
        "write a sample to stderr every N steps; 0 writes none",
    )
    add_value(group, "--sample-length", count, "N", "characters of a sample")
    add_value(group, "--temperature", at_least_zero, "X", "of the samples; 0 is greedy")
    add_value(
        group,
        "--top-k",
        whole_number,
        "N",
        "samples draw among the N likeliest characters; 0 among all",
    )
    add_value(
        group,
        "--top-p",
        real,
        "X",
        "samples draw among the likeliest that together have probability X",
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
