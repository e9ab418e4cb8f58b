"""The program as it is started, until its first window has been painted; then it ends.

`python -m rnnviz.measuring.first_window` prints two readings of the clock `time.perf_counter`,
which all processes of a machine share: when the window was there, and when its run was ready.
"""

from __future__ import annotations

import sys
import time

from rnnviz import blas_kernel


def main() -> None:
    """What `rnnviz` does, with an eye on the window."""
    blas_kernel.prepare_environment()
    # All of it is loaded by the command as well.
    from PySide6.QtCore import QEvent, QObject, QTimer
    from PySide6.QtWidgets import QApplication

    from rnnviz import cli  # noqa: F401
    from rnnviz.app import application, main_window

    class Watched(main_window.MainWindow):
        shown = ready = 0.0

        def begin(self, file: str | None = None, preset: str | None = None) -> None:
            self.top_bar.installEventFilter(self)
            self.controller.run_started.connect(self._is_ready)
            super().begin(file, preset)

        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Paint and not self.shown:
                self.shown = -1.0
                QTimer.singleShot(0, self, self._is_shown)
            return super().eventFilter(watched, event)

        def _is_shown(self) -> None:
            self.shown = time.perf_counter()
            self._leave()

        def _is_ready(self, _: object) -> None:
            self.ready = time.perf_counter()
            self._leave()

        def _leave(self) -> None:
            if self.shown > 0 and self.ready > 0:
                sys.stdout.write(f"{self.shown} {self.ready}\n")
                sys.stdout.flush()
                QTimer.singleShot(0, self, QApplication.quit)

    main_window.MainWindow = Watched  # type: ignore[misc]
    sys.exit(application.run_window(None, None, None))


if __name__ == "__main__":
    main()
