"""`rnnviz snapshot`: a picture of the window after some training, or of all it can look like."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
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

_SIZE, _THEME = (1600, 1000), "dark"
_SCALES = (1, 2)


def parser() -> argparse.ArgumentParser:
    """The arguments."""
    parser = Parser(
        prog="rnnviz snapshot",
        description="Trains in the real window without a display and saves its picture.",
    )
    parser.add_argument("out", metavar="OUT.png", type=Path, help="with --all: a folder")
    parser.add_argument("corpus", nargs="?", metavar="CORPUS", help="a text, a source or a run")
    parser.add_argument(
        "--all",
        action="store_true",
        help="pictures of every page, before, during and after training, in both themes, at "
        "1280x720 and 1600x1000 and with two device pixels per pixel",
    )
    parser.add_argument("--seconds", type=real, default=20.0, metavar="S", help="default: 20")
    parser.add_argument("--size", type=size, metavar="1600x1000")
    parser.add_argument("--theme", choices=("dark", "light"), help="default: dark")
    parser.add_argument("--preset", metavar="NAME")
    parser.add_argument(
        "--scale",
        type=int,
        choices=_SCALES,
        help="device pixels per pixel; default: 1, with --all one after the other",
    )
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Trains, saves the pictures and prints their names."""
    check_preset(arguments.preset)
    if arguments.all:
        return _run_all(arguments)
    check_writable(arguments.out)
    if arguments.out.suffix.lower() != ".png":
        raise UsageError(f"{arguments.out}: the picture's name must end in .png")
    _without_display(arguments.scale or 1)
    from rnnviz.app.snapshot import take_snapshot

    with one_line_errors():
        take_snapshot(
            arguments.out,
            arguments.corpus,
            seconds=arguments.seconds,
            size=arguments.size or _SIZE,
            theme=arguments.theme or _THEME,
            preset=arguments.preset,
        )
    print(arguments.out)
    return 0


def _run_all(arguments: argparse.Namespace) -> int:
    if arguments.size is not None or arguments.theme is not None:
        raise UsageError("--all has every theme and its own sizes: leave out --size and --theme")
    with one_line_errors():
        arguments.out.mkdir(parents=True, exist_ok=True)
    check_writable(arguments.out / "a.png")
    if arguments.scale is None:
        # A process has one device pixel ratio.
        for scale in _SCALES:
            status = subprocess.run(_again(arguments, scale), check=False).returncode
            if status:
                return status
        return 0
    _without_display(arguments.scale)
    from rnnviz.app.pictures import all_shots, take_pictures

    with one_line_errors():
        take_pictures(
            arguments.out,
            arguments.corpus,
            seconds=arguments.seconds,
            preset=arguments.preset,
            shots=all_shots(arguments.scale),
            on_picture=lambda path: print(path, flush=True),
        )
    return 0


def _again(arguments: argparse.Namespace, scale: int) -> Sequence[str]:
    """The same command for one device pixel ratio."""
    preset = ("--preset", arguments.preset) if arguments.preset is not None else ()
    options = ("--all", "--scale", str(scale), "--seconds", str(arguments.seconds), *preset)
    given = (str(arguments.out), *([arguments.corpus] if arguments.corpus is not None else []))
    return (sys.executable, "-m", "rnnviz", "snapshot", *options, "--", *given)


def _without_display(scale: int) -> None:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    if scale != 1:
        os.environ["QT_SCALE_FACTOR"] = str(scale)
