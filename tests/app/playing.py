"""The program as it is started, except that it plays by itself; run by the tests and signalled.

`playing.py TEXT` prints the step after each delivery once an autosave is on the disk, and what the
window says of steps that do not come.
"""

from __future__ import annotations

import sys
from typing import Any

from rnnviz.app import main_window
from rnnviz.app.application import run_window
from rnnviz.session import commands


class Playing(main_window.MainWindow):
    """Presses Play for itself and autosaves all the time."""

    def begin(self, file: str | None = None, preset: str | None = None) -> None:
        keeper = self.controller.keeper
        keeper.rhythm.gap = 0.0
        kept = []

        def say(_: object) -> None:
            assert self.controller.view is not None
            if kept:
                sys.stdout.write(f"{self.controller.view.step}\n")
                sys.stdout.flush()

        def play(_: object) -> None:
            keeper.rhythm.soon()
            self.controller.send(commands.Play())

        def note(saved: Any) -> None:
            if saved.automatic and not saved.problem:
                kept.append(saved.step)

        def complain(seconds: float) -> None:
            sys.stdout.write(f"no step for {seconds} s\n")
            sys.stdout.flush()

        keeper.saved.connect(note)
        self.controller.hung.connect(complain)
        self.controller.run_started.connect(play)
        self.controller.delivered.connect(say)
        super().begin(file, preset)


main_window.MainWindow = Playing  # type: ignore[misc]
sys.exit(run_window(sys.argv[1], None, None))
