"""What is asked before training that is in no file is thrown away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtWidgets import QMessageBox

from rnnviz.app.question import ask
from rnnviz.session.frames import Saved

if TYPE_CHECKING:
    from rnnviz.app.main_window import MainWindow

ASK_AFTER = 60.0  # seconds of training that are not put aside without a question
KEEP_AFTER = 10.0  # seconds of training that somebody might miss


class Unsaved(QObject):
    """The questions, and what follows from their answers."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.question: QMessageBox | None = None  # before the window closes
        self._close_when_saved = ""  # the file after which the window goes
        window.controller.keeper.saved.connect(self._saved)
        window.controller.run_started.connect(self._stay)

    def much(self) -> bool:
        """Whether the end of the run would cost more than a minute of training."""
        view = self._window.controller.view
        return view is not None and view.unsaved_seconds >= ASK_AFTER

    def some(self) -> bool:
        """Whether somebody might miss the run at the next start."""
        view = self._window.controller.view
        return view is not None and view.unsaved_seconds >= KEEP_AFTER

    def may_end_run(self, what: str) -> bool:
        """Asks before something, named as its button is, ends a run of which much is unsaved."""
        view = self._window.controller.view
        if view is None or not self.much():
            return True
        box = QMessageBox(self._window)
        box.setWindowTitle(what)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setText(self.tr("{0} ends run {1} at step {2:,}.").format(what, view.number, view.step))
        box.setInformativeText(self.tr("What it has learned is lost unless it is saved."))
        end = box.addButton(what, QMessageBox.ButtonRole.AcceptRole)
        keep = box.addButton(self.tr("Go on training"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(keep)
        box.exec()
        box.deleteLater()
        return box.clickedButton() is end

    def ask_before_closing(self) -> None:
        """Save, discard or stay; training goes on beneath the question."""
        window, view = self._window, self._window.controller.view
        if self.question is not None or view is None:
            return
        window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized)
        window.raise_()
        minutes = max(round(view.unsaved_seconds / 60), 1)
        self.question = ask(
            window,
            self.tr("Quit"),
            self.tr("Save run {0} before quitting?").format(view.number),
            self.tr("Its last {0} min of training are in no file and would be lost.").format(
                f"{minutes:,}"
            ),
            [
                (self.tr("Save"), self._save_and_close),
                (self.tr("Discard"), window.discard_and_close),
            ],
            self.tr("Cancel"),
        )
        self.question.finished.connect(self._answered)

    def _answered(self) -> None:
        self.question = None

    def _save_and_close(self) -> None:
        self._close_when_saved = self._window.run_files.save_to_leave()

    def _stay(self) -> None:
        """Another run has been begun in the meantime: nobody wants to leave any more."""
        self._close_when_saved = ""

    @Slot(object)
    def _saved(self, saved: Saved) -> None:
        if saved.automatic or saved.path != self._close_when_saved:
            return
        self._close_when_saved = ""
        if saved.problem:
            self._window.controller.go_on()
        else:
            self._window.discard_and_close()
