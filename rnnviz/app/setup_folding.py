"""Setup unfolded, or the rail in its place: on each page as the user or the room decides.

Unfolded where type is so large that no panel has room beside it, Setup lies over the page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QBoxLayout

from rnnviz.app.pages import PERSPECTIVES, TRAIN
from rnnviz.panels.theme import gap, px, themes

if TYPE_CHECKING:
    from rnnviz.app.main_window import MainWindow

_RAIL_BELOW = 1240  # window width, a frame's less than 1280, at which Setup folds itself away


_GAPS = 24  # pixels between the window's edges, Setup and the page


class SetupFolding(QObject):
    """Shows one of the two, or neither in a lecture."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        parent = window.setup.parentWidget()
        layout = parent.layout() if parent is not None else None
        assert isinstance(layout, QBoxLayout)
        self._beside = layout  # Setup, rail and pages side by side
        self._over = False  # whether Setup lies over the pages instead
        window.pages.resized.connect(self._cover)
        # By the user, for each page; None where the window decides.
        self.chosen: dict[str, bool | None] = {name: None for name, _ in PERSPECTIVES}
        window.setup.collapse_requested.connect(self.toggle)
        window.rail.clicked.connect(self.toggle)
        themes().changed.connect(self.place)  # it folds where type leaves it no room

    def toggle(self) -> None:
        """Folds Setup away or unfolds it, and keeps it so whatever the window's width."""
        self.chosen[self._window.shown_page()] = not self._window.setup.isHidden()
        self.place()

    def unfold(self) -> None:
        """Brings Setup into sight if it is folded away."""
        if self._window.setup.isHidden():
            self.toggle()

    def forget(self) -> None:
        """On the page in sight the window decides again."""
        self.chosen[self._window.shown_page()] = None
        self.place()

    def place(self) -> None:
        """Shows what the page, the choice and the width ask for."""
        window = self._window
        if window.lecture.active:
            self._lay_over(False)
            window.setup.hide()
            window.rail.hide()
            return
        name = window.shown_page()
        folded = self.chosen[name]
        if folded is None:
            folded = name != TRAIN or window.width() < px(_RAIL_BELOW)
        over = not folded and self._has_no_room()
        self._lay_over(over)
        window.setup.setVisible(not folded)
        window.rail.setVisible(folded or over)
        window.rail.show_folded(folded)
        if over:
            self._cover()

    def _has_no_room(self) -> bool:
        """Whether the page in sight is too narrow beside Setup, even with one panel to a row."""
        window = self._window
        room = window.width() - window.setup.width() - gap(_GAPS)
        return room < px(window.perspectives[window.shown_page()].least_stacked_width)

    def is_over(self) -> bool:
        """Whether Setup lies over the page in sight."""
        return self._over

    def _lay_over(self, over: bool) -> None:
        if over == self._over:
            return
        self._over = over
        setup, pages = self._window.setup, self._window.pages
        focused = self._window.focusWidget()
        if over:
            self._beside.removeWidget(setup)
            setup.setParent(pages)
        else:
            self._beside.insertWidget(0, setup)
        if focused is not None and setup.isAncestorOf(focused):
            setup.show()
            focused.setFocus()  # which it loses on the way

    def _cover(self) -> None:
        """As high as the page; messages stay above it."""
        if self._over:
            setup, pages = self._window.setup, self._window.pages
            setup.setGeometry(0, 0, min(setup.width(), pages.width()), pages.height())
            setup.raise_()
            self._window.notice.raise_()
