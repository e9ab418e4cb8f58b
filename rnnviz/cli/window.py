"""`rnnviz [FILE]`: the window."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rnnviz import __version__
from rnnviz.cli.common import Parser, UsageError, check_preset, one_line_errors


def parser(commands: Sequence[str]) -> argparse.ArgumentParser:
    """The arguments; `commands` are named in the help."""
    parser = Parser(
        prog="rnnviz",
        description="Watch a character-level recurrent network learn.",
        epilog=f"Other commands: {', '.join(commands)} (rnnviz COMMAND --help).",
    )
    parser.add_argument("file", nargs="?", help="a text to learn, or a saved run to open")
    parser.add_argument("--theme", choices=("system", "dark", "light"), help="colours")
    parser.add_argument("--preset", metavar="NAME", help="settings to start with")
    parser.add_argument("--version", action="version", version=f"rnnviz {__version__}")
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Shows the window until it is closed."""
    problem = _no_display()
    if problem:
        raise UsageError(problem)
    if arguments.file is not None and not Path(arguments.file).exists():
        from rnnviz.text.sources import list_sources

        with one_line_errors():
            if arguments.file not in [source.id for source in list_sources()]:
                raise UsageError(f"{arguments.file}: there is no such file")
    check_preset(arguments.preset)
    from rnnviz.app.application import run_window

    return run_window(arguments.file, theme=arguments.theme, preset=arguments.preset)


def _no_display() -> str:
    """Why no window can be shown, or nothing. Qt itself would abort the process."""
    if sys.platform in ("win32", "darwin") or os.environ.get("QT_QPA_PLATFORM"):
        return ""
    if os.environ.get("WAYLAND_DISPLAY") or _x_display_answers(os.environ.get("DISPLAY", "")):
        return ""
    return (
        "there is no display to show a window on; `rnnviz snapshot` draws it into a picture "
        "and `rnnviz train` trains without it"
    )


def _x_display_answers(display: str) -> bool:
    """Whether an X server can be reached; a remote one (HOST:N) is taken at its word."""
    if not display:
        return False
    host, _, number = display.rpartition(":")
    number = number.split(".")[0]
    if host not in ("", "unix") or not number.isdigit():
        return bool(number.isdigit())
    import socket

    for name in (f"\0/tmp/.X11-unix/X{number}", f"/tmp/.X11-unix/X{number}"):
        with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
            probe.connect(name)
            return True
    return False
