"""One side of the measurement of the window, in a process of its own.

`python -m rnnviz.measuring.child window|headless PRESET CORPUS [THREADS]` writes `ready` and then
answers each line of JSON on stdin, `{"do": NAME, ...}`, with a line of JSON: what the side's method
of that name returns for the other entries. Between two questions it does nothing at all.
"""

from __future__ import annotations

import json
import sys
from typing import Any, Protocol

from rnnviz import blas_kernel

QUESTIONS = {
    "window": ("threads", "train", "respond", "hidden", "history"),
    "headless": ("threads", "train"),
}


class Side(Protocol):
    """What is asked; it has the methods that `QUESTIONS` names."""

    def end(self) -> None:
        """Ends its threads and processes."""
        ...


def main(arguments: list[str]) -> None:
    """Serves until stdin ends."""
    blas_kernel.prepare_environment()
    name, preset, corpus, *threads = arguments
    side = _start(name, preset, corpus, [int(number) for number in threads])
    try:
        _say("ready")
        for line in sys.stdin:
            question: dict[str, Any] = json.loads(line)
            do = question.pop("do")
            if do not in QUESTIONS[name]:
                raise ValueError(f"{name} does not know how to {do}")
            _say(json.dumps(getattr(side, do)(**question)))
    finally:
        side.end()


def _start(name: str, preset: str, corpus: str, threads: list[int]) -> Side:
    match name:
        case "window":
            from rnnviz.app.application import settle
            from rnnviz.measuring.window_side import WindowSide

            side = WindowSide(preset, corpus)
            settle()  # as the program does
            return side
        case "headless":
            from rnnviz.measuring.headless_side import HeadlessSide

            return HeadlessSide(preset, corpus, *threads)
        case _:
            raise ValueError(f"there is no side {name!r}")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
