"""Writing a panel's picture or numbers where the user says, without keeping the window waiting."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from rnnviz.files import reason, write_bytes
from rnnviz.panels.table import Table, write_table
from rnnviz.session.view import RunView

_AT_ONCE = 20_000  # rows that are written while one waits: a tenth of a second
_LOOK = 50  # milliseconds between two looks at whether the thread is done
_NO_WORD = re.compile(r"[\W_]+")

_folder = [""]  # where something was saved last


def file_name(title: str, view: RunView | None, suffix: str) -> str:
    """`gradient-flow-tiny-shakespeare-step-1240.svg`: panel, text and step."""
    parts = [title]
    if view is not None:
        parts += [Path(view.corpus_name).stem[:40], f"step {view.step}"]
    words = _NO_WORD.sub("-", " ".join(parts).lower()).strip("-")
    return f"{words}.{suffix}"


def ask_path(parent: QWidget, heading: str, name: str, kinds: str) -> str:
    """Asks where to save; empty when the user thinks better of it."""
    start = str(Path(_folder[0]) / name) if _folder[0] else name
    path, _ = QFileDialog.getSaveFileName(parent, heading, start, kinds)
    if not path:
        return ""
    target = Path(path)
    if not target.suffix:
        # A file of that longer name was not what the user agreed to replace.
        longer = target.with_name(target.name + Path(name).suffix)
        target = target if longer.exists() else longer
    _folder[0] = str(target.parent)
    return str(target)


class Saver(QObject):
    """Writes files for one panel; `done` says what became of it, in the window's thread."""

    done = Signal(str, str)  # the path; why it could not be written, or an empty text

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._running: list[tuple[threading.Thread, str, list[str]]] = []
        # Not a signal out of the thread: that may come when there is no window any more.
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK)
        self._timer.timeout.connect(self._look)

    def save_bytes(self, path: str, content: bytes) -> None:
        """Writes a picture."""
        self.done.emit(path, _problem(lambda: write_bytes(path, content)))

    def save_table(self, path: str, table: Table) -> None:
        """Writes the numbers; those of a long run in a thread, which the end of the program awaits.

        One thread at a time writes to a path.
        """
        if len(table) <= _AT_ONCE:
            self.done.emit(path, _problem(lambda: write_table(path, table)))
            return
        problem: list[str] = []

        def work() -> None:
            problem.append(_problem(lambda: write_table(path, table)))

        thread = threading.Thread(target=work, name="rnnviz-table")
        self._running.append((thread, path, problem))
        thread.start()
        self._timer.start()

    def busy(self) -> bool:
        """Whether something is being written."""
        return bool(self._running)

    def _look(self) -> None:
        for entry in [entry for entry in self._running if not entry[0].is_alive()]:
            self._running.remove(entry)
            _, path, problem = entry
            self.done.emit(path, problem[0] if problem else "")
        if not self._running:
            self._timer.stop()


def _problem(write: Callable[[], None]) -> str:
    try:
        write()
    except OSError as error:
        return reason(error)
    return ""
