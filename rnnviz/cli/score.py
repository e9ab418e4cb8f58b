"""`rnnviz score`: how probable a saved model finds each character of a text."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from rnnviz.cli.common import (
    Parser,
    UsageError,
    add_best,
    load_weights,
    one_line_errors,
    say_excerpt,
)


def parser() -> argparse.ArgumentParser:
    """The arguments."""
    parser = Parser(
        prog="rnnviz score",
        description="Prints ln p of characters 2..N of a text, each given all before it, in nats; "
        "the first has none, because nothing comes before it. A line a character, then the sum.",
    )
    parser.add_argument("run", metavar="RUN", type=Path, help="a saved model")
    add_best(parser)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "file", nargs="?", metavar="TEXT", help="a text file, or the name of a source"
    )
    source.add_argument("--text", metavar="CHARACTERS", help="the text itself")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Prints the log-probability of each character."""
    from rnnviz.cli.evaluate import figures, words
    from rnnviz.engine.evaluation import Evaluation
    from rnnviz.engine.scoring import log_probabilities
    from rnnviz.paths import cache_folder
    from rnnviz.text.sources import load_source
    from rnnviz.text.vocabulary import Vocabulary

    text = arguments.text
    if text is not None and len(text) < 2:
        raise UsageError("--text: at least two characters are needed, the first has no probability")
    with one_line_errors():
        model = load_weights(arguments.run, arguments.best)
        if text is None:
            corpus = load_source(arguments.file, cache_folder(), for_training=False)
            say_excerpt(corpus)
            text = corpus.text
        found = log_probabilities(model.network, Vocabulary(model.vocabulary).encode(text))
    total = float(found.sum())
    measured = Evaluation(-total / found.size, found.size)
    if arguments.json:
        more = {"log_probability": total, "log_probabilities": found.tolist()}
        print(json.dumps(figures(measured) | more))
        return 0
    for character, value in zip(text[1:], found.tolist(), strict=True):
        print(f"{character!r}\t{value:.4f}")
    print(f"ln p {total:.4f}: {words(measured)}")
    return 0
