"""The `rnnviz` command: starts the window, or trains, judges, samples and measures without one.

Only the standard library is imported at the top of any file here: the BLAS kernel has to be chosen
before NumPy is loaded, and `--help` should be instant. Each command is a file with its `parser`
and its `run`.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable, Sequence

from rnnviz import blas_kernel
from rnnviz.cli import (
    bench,
    evaluate,
    info,
    install_desktop,
    sample,
    score,
    snapshot,
    train,
    window,
)
from rnnviz.cli.common import BAD_INPUT, DIVERGED, INTERRUPTED, UsageError

__all__ = ["BAD_INPUT", "DIVERGED", "INTERRUPTED", "UsageError", "main"]

_COMMANDS: dict[
    str, tuple[Callable[[], argparse.ArgumentParser], Callable[[argparse.Namespace], int]]
] = {
    "train": (train.parser, train.run),
    "eval": (evaluate.parser, evaluate.run),
    "score": (score.parser, score.run),
    "sample": (sample.parser, sample.run),
    "snapshot": (snapshot.parser, snapshot.run),
    "bench": (bench.parser, bench.run),
    "info": (info.parser, info.run),
    "install-desktop": (install_desktop.parser, install_desktop.run),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit status; never lets a traceback out for bad input."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    blas_kernel.prepare_environment()
    # What the terminal's encoding lacks, and names of files that are none, are shown escaped.
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        if arguments and arguments[0] in _COMMANDS:
            parser, command = _COMMANDS[arguments[0]]
            return command(parser().parse_args(arguments[1:]))
        return window.run(window.parser(tuple(_COMMANDS)).parse_args(arguments))
    except UsageError as error:
        print(f"rnnviz: {' '.join(str(error).split())}", file=sys.stderr)
        return BAD_INPUT
    except BrokenPipeError:  # the reader of a pipe has left; nothing more to say to it
        sys.stdout = None
        return 0
    except KeyboardInterrupt:
        return INTERRUPTED
