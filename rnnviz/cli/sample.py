"""`rnnviz sample`: text written by a saved model."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rnnviz.cli.common import (
    Parser,
    UsageError,
    add_best,
    add_value,
    at_least_zero,
    count,
    load_weights,
    one_line_errors,
    whole_number,
)

_TEMPERATURE = 0.8
_WIDEST_BEAM = 10_000  # texts kept at once: each has a hidden state of its own in memory


def parser() -> argparse.ArgumentParser:
    """The arguments."""
    parser = Parser(
        prog="rnnviz sample",
        description="Prints the prompt and the text a saved model adds to it.",
    )
    parser.add_argument("run", metavar="RUN", type=Path, help="a saved model")
    add_best(parser)
    parser.add_argument("--prompt", default="\n", metavar="TEXT", help="default: a newline")
    parser.add_argument("--length", type=count, default=200, metavar="N", help="default: 200")
    way = parser.add_mutually_exclusive_group()
    add_value(
        way,
        "--temperature",
        at_least_zero,
        "X",
        f"each character is drawn from softmax(logits / X); default: {_TEMPERATURE}; 0 is greedy",
    )
    way.add_argument("--greedy", action="store_true", help="always the likeliest character")
    add_value(
        way,
        "--beam",
        count,
        "WIDTH",
        "the likeliest text as a whole, searched with so many kept at each character",
    )
    add_value(parser, "--top-k", count, "N", "draw among the N likeliest characters only")
    add_value(
        parser,
        "--top-p",
        at_least_zero,
        "X",
        "draw among the likeliest that together have probability X only",
    )
    parser.add_argument("--seed", type=whole_number, default=0, metavar="N", help="of the draws")
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Prints the text."""
    temperature = _temperature(arguments)
    import numpy as np

    from rnnviz.engine.beam import beam_search
    from rnnviz.engine.decoding import generate
    from rnnviz.text.vocabulary import Vocabulary

    with one_line_errors():
        model = load_weights(arguments.run, arguments.best)
        vocabulary = Vocabulary(model.vocabulary)
        prompt = vocabulary.encode(arguments.prompt)
        if arguments.beam is not None:
            best = beam_search(model.network, prompt, arguments.length, arguments.beam)[0]
            sys.stdout.write(arguments.prompt + vocabulary.decode(best.indices))
        else:
            indices = generate(
                model.network,
                prompt,
                arguments.length,
                temperature,
                np.random.default_rng(arguments.seed),
                top_k=arguments.top_k,
                top_p=arguments.top_p,
            )
            sys.stdout.write(arguments.prompt)
            for index in indices:
                sys.stdout.write(model.vocabulary[index])
    sys.stdout.write("\n")
    return 0


def _temperature(arguments: argparse.Namespace) -> float:
    """The temperature to draw at, once everything that cannot be asked for is refused."""
    if not arguments.prompt:
        raise UsageError("--prompt: at least one character is needed to start from")
    if arguments.seed < 0:
        raise UsageError("--seed: must be 0 or above")
    if arguments.beam is not None and arguments.beam > _WIDEST_BEAM:
        raise UsageError(f"--beam: must be 1 to {_WIDEST_BEAM:,}")
    temperature = _TEMPERATURE if arguments.temperature is None else arguments.temperature
    if arguments.greedy:
        temperature = 0.0
    for option, value in (("--top-k", arguments.top_k), ("--top-p", arguments.top_p)):
        if value is not None and arguments.beam is not None:
            raise UsageError(f"{option}: a beam search draws nothing, so there is nothing to limit")
        if value is not None and temperature == 0.0:
            raise UsageError(f"{option}: the likeliest character is always taken, nothing is drawn")
    if arguments.top_p is not None and not 0 < arguments.top_p <= 1:
        raise UsageError("--top-p: must be above 0 and at most 1")
    return float(temperature)
