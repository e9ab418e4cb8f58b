"""Saving the run and exporting parts of it: where to, and what is said about how it went."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from rnnviz.app.file_dialogs import ask_where_to_export, ask_where_to_save
from rnnviz.session.frames import Saved
from rnnviz.session.tensorboard import TensorBoardMissingError, require_tensorboard

if TYPE_CHECKING:
    from rnnviz.app.main_window import MainWindow


class RunFiles(QObject):
    """Asks for names, passes the work on, and reports."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._autosave_problem = ""
        window.controller.keeper.saved.connect(self._saved)
        window.controller.exporter.exported.connect(self._exported)

    def save(self) -> None:
        """Saves the run to its file, between two steps; asks for one when it has none yet."""
        self._save(self._file() or self._ask())

    def save_as(self) -> None:
        """Asks where and saves the run there."""
        self._save(self._ask())

    def save_to_leave(self) -> str:
        """As `save`, for a window that closes when it is done; returns the file, if any."""
        path = self._file() or self._ask()
        if path:
            words = self.tr("Saving {0}; then the window closes.")
            self._window.notice.say(words.format(Path(path).name), "info")
            self._window.controller.save_and_stop(path)
        return path

    def _save(self, path: str) -> None:
        if path:
            self._window.controller.save(path)

    def _file(self) -> str:
        view = self._window.controller.view
        return view.path if view is not None else ""

    def _ask(self) -> str:
        window = self._window
        view = window.controller.view
        if view is None:
            return ""
        path = ask_where_to_save(window, window.settings.text("folder"), view.number)
        if path:
            window.settings.set("folder", str(Path(path).absolute().parent))
        return path

    @Slot(object)
    def _saved(self, saved: Saved) -> None:
        notice = self._window.notice
        if saved.automatic:
            # Told once, not every minute.
            if saved.problem and not self._autosave_problem:
                notice.say(saved.problem, "warn")
            self._autosave_problem = saved.problem
            return
        if saved.problem:
            notice.say(saved.problem, actions=[(self.tr("Save as…"), self._save_elsewhere)])
            return
        words = self.tr("Saved {0} at step {1:,}.").format(Path(saved.path).name, saved.step)
        notice.say(words, "info", passing=True)
        self._window.recent.add(saved.path)

    def _save_elsewhere(self) -> None:
        self.save_as()

    def export(self, kind: str) -> None:
        """Asks where, and writes metrics, samples or the best weights there."""
        window = self._window
        view = window.controller.view
        if view is None:
            return
        if kind == "events":
            try:
                require_tensorboard()
            except TensorBoardMissingError as error:
                window.notice.say(str(error), "warn")
                return
        path = ask_where_to_export(window, window.settings.text("folder"), kind, view.number)
        if path:
            window.controller.export(kind, path)

    @Slot(str, str)
    def _exported(self, path: str, problem: str) -> None:
        if problem:
            self._window.notice.say(problem)
        else:
            words = self.tr("Wrote {0}.").format(Path(path).name)
            self._window.notice.say(words, "info", passing=True)
