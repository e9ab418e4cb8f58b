"""`rnnviz install-desktop`: saved runs open by a double click, and rnnviz stands in the menu."""

from __future__ import annotations

import argparse
import sys

from rnnviz.cli.common import Parser, UsageError, one_line_errors

_ELSEWHERE = {
    "win32": "on Windows, right-click a .safetensors file, choose Open with and then rnnviz.exe, "
    "which stands in the folder Scripts of this Python",
    "darwin": "on macOS, drop the file on the window, or choose File > Open",
}


def parser() -> argparse.ArgumentParser:
    """The arguments."""
    parser = Parser(
        prog="rnnviz install-desktop",
        description="Puts a menu entry, the file type of saved runs and an icon into your own "
        "folders of a Linux desktop, so that a double click on a run opens it.",
    )
    parser.add_argument("--remove", action="store_true", help="take all of it away again")
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Writes or removes the files and prints their names."""
    if sys.platform in _ELSEWHERE:
        raise UsageError(f"install-desktop is for Linux desktops; {_ELSEWHERE[sys.platform]}")
    from rnnviz.desktop import install, remove

    with one_line_errors():
        paths = remove() if arguments.remove else install()
    for path in paths:
        print(path)
    if not paths:
        print("nothing was installed")
    return 0
