"""`rnnviz eval`: how well a saved model predicts a text."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from rnnviz.cli.common import Parser, add_best, load_weights, one_line_errors, say_excerpt

if TYPE_CHECKING:
    from rnnviz.engine.evaluation import Evaluation


def parser() -> argparse.ArgumentParser:
    """The arguments."""
    parser = Parser(
        prog="rnnviz eval",
        description="Reads a whole text statefully from a zero state and predicts characters 2..N.",
    )
    parser.add_argument("run", metavar="RUN", type=Path, help="a saved model")
    add_best(parser)
    parser.add_argument("text", metavar="TEXT", help="a text file, or the name of a source")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Prints the mean cross-entropy."""
    from rnnviz.engine.evaluation import evaluate
    from rnnviz.paths import cache_folder
    from rnnviz.text.sources import load_source
    from rnnviz.text.vocabulary import Vocabulary

    with one_line_errors():
        model = load_weights(arguments.run, arguments.best)
        corpus = load_source(arguments.text, cache_folder(), for_training=False)
        say_excerpt(corpus)
        indices = Vocabulary(model.vocabulary).encode_narrow(corpus.text)
        measured = evaluate(model.network, indices)
    print(json.dumps(figures(measured)) if arguments.json else words(measured))
    return 0


def figures(measured: Evaluation) -> dict[str, float]:
    """The figures of an evaluation for JSON."""
    return {
        "nats_per_character": measured.nats,
        "bits_per_character": measured.bits,
        "perplexity": measured.perplexity,
        "characters": measured.characters,
    }


def words(measured: Evaluation) -> str:
    """The figures of an evaluation in a line."""
    return (
        f"{measured.nats:.4f} nats/char, {measured.bits:.4f} bits/char, "
        f"perplexity {measured.perplexity:.3f} over {measured.characters:,} characters"
    )
