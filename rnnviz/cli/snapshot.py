"""`rnnviz snapshot`: a picture of the window after some training."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from rnnviz.cli.common import (
    Parser,
    UsageError,
    check_preset,
    check_writable,
    one_line_errors,
    real,
    size,
)


def parser() -> argparse.ArgumentParser:
    """The arguments."""
    parser = Parser(
        prog="rnnviz snapshot",
        description="Trains in the real window without a display and saves its picture.",
    )
    parser.add_argument("out", metavar="OUT.png", type=Path)
    parser.add_argument("corpus", nargs="?", metavar="CORPUS", help="a text, a source or a run")
    parser.add_argument("--seconds", type=real, default=20.0, metavar="S", help="default: 20")
    parser.add_argument("--size", type=size, default=(1600, 1000), metavar="1600x1000")
    parser.add_argument("--theme", choices=("dark", "light"), default="dark")
    parser.add_argument("--preset", metavar="NAME")
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Trains, saves the picture and prints its name."""
    check_writable(arguments.out)
    if arguments.out.suffix.lower() != ".png":
        raise UsageError(f"{arguments.out}: the picture's name must end in .png")
    check_preset(arguments.preset)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from rnnviz.app.snapshot import take_snapshot

    with one_line_errors():
        take_snapshot(
            arguments.out,
            arguments.corpus,
            seconds=arguments.seconds,
            size=arguments.size,
            theme=arguments.theme,
            preset=arguments.preset,
        )
    print(arguments.out)
    return 0
