"""Lecture mode: few panels, large type, no chrome, the whole screen. F11 begins it, Esc ends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Slot

from rnnviz.app.focus import order_focus
from rnnviz.panels.theme import themes
from rnnviz.session.mailbox import Delivery
from rnnviz.session.view import RunView

if TYPE_CHECKING:
    from rnnviz.app.main_window import MainWindow

_CAPTION_INTERVAL = 500  # milliseconds


class Lecture(QObject):
    """Turns the window into one that reads from the back row, and back into what it was."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._before = Qt.WindowState.WindowNoState
        self.active = False
        self.caption = window.caption
        self._timer = QTimer(self)
        self._timer.setInterval(_CAPTION_INTERVAL)
        self._timer.timeout.connect(self._say)
        window.top_bar.lecture_requested.connect(self.enter)
        window.controller.run_started.connect(self._run_started)
        window.controller.delivered.connect(self._delivered)
        window.pages.currentChanged.connect(self._page_changed)

    def toggle(self) -> None:
        """Begins or ends it."""
        if self.active:
            self.leave()
        else:
            self.enter()

    def enter(self, *, full_screen: bool = True) -> None:
        """Hides what no lecture needs; type grows with the window, which takes the screen."""
        if self.active:
            return
        self.active = True
        window = self._window
        self._before = window.windowState()
        window.top_bar.hide()
        window.setup_folding.place()
        window.transport.set_lecture(True)
        for page in window.perspectives.values():
            page.set_lecture(True)
        self._page_changed()
        self._timer.start()
        order_focus(window)
        if full_screen:
            window.setWindowState(self._before | Qt.WindowState.WindowFullScreen)
        self.fit()

    def leave(self) -> None:
        """Everything is as it was."""
        if not self.active:
            return
        self.active = False
        window = self._window
        self._timer.stop()
        self._page_changed()
        themes().set_lecture(0)
        window.setWindowState(self._before)
        window.top_bar.show()
        window.transport.set_lecture(False)
        for page in window.perspectives.values():
            page.set_lecture(False)
        order_focus(window)
        window.setup_folding.place()

    def fit(self) -> None:
        """Type for the height that the window has now."""
        if self.active:
            themes().set_lecture(self._window.height())

    # The caption.

    def _page_changed(self) -> None:
        """Only where what it says can be seen in a panel, and where that leaves them room.

        Probe has neither room for it nor need: its panels say in words what they have found.
        """
        shown = self._window.perspectives[self._window.shown_page()]
        self.caption.of_page = shown.remark
        self.caption.setVisible(self.active and shown.captioned)
        self._say()

    @Slot(object)
    def _run_started(self, view: RunView) -> None:
        self.caption.set_view(view)
        self._say()

    @Slot(object)
    def _delivered(self, delivery: Delivery) -> None:
        """What somebody did is said at once; the rest can wait for the timer."""
        if delivery.events or delivery.state is not None:
            self._say()

    def _say(self) -> None:
        self.caption.unit = self._window.page.loss.unit()
        self.caption.refresh()
        said = self.caption.remark if self.caption.isVisible() else None
        for page in self._window.perspectives.values():
            page.put_spotlight(said.about if said is not None else "")
