"""`rnnviz info`: versions, paths and the BLAS library."""

from __future__ import annotations

import argparse
import json

from rnnviz.cli.common import Parser


def parser() -> argparse.ArgumentParser:
    """The arguments."""
    parser = Parser(prog="rnnviz info", description="Versions, paths, BLAS kernel and threads.")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Prints a line for each."""
    from rnnviz.session.information import gather

    found = gather()
    if arguments.json:
        print(json.dumps(found, indent=2))
    else:
        width = max(map(len, found))
        for name, value in found.items():
            print(f"{name:{width}}  {value}")
    return 0
