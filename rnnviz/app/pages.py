"""The pages of the window's centre, one of them in sight, and the list of them."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QByteArray, QSize, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QStackedWidget, QWidget

from rnnviz.panels.base import Panel
from rnnviz.panels.translate import later
from rnnviz.session.remark import Remark

TRAIN, GRADIENTS, PROBE = "train", "gradients", "probe"
PERSPECTIVES = (  # tabs in order
    (TRAIN, later("Train")),
    (GRADIENTS, later("Gradients")),
    (PROBE, later("Probe")),
)


class Page(Protocol):
    """What the window asks of every page, whatever it shows."""

    panels: tuple[Panel, ...]
    least_stacked_width: int  # pixels at the designed type, with one panel to a row
    captioned: bool  # whether there is a caption over it in lecture mode

    def in_reading_order(self) -> tuple[Panel, ...]:
        """The panels from left to right and top to bottom."""
        ...

    def is_maximized(self, panel: Panel) -> bool:
        """Whether a panel has the whole page."""
        ...

    def toggle_maximized(self, panel: Panel) -> None:
        """Gives a panel the whole page, or gives it back."""
        ...

    def parts(self) -> tuple[str, ...]:
        """Names of the splitters."""
        ...

    def save_layout(self) -> dict[str, QByteArray]:
        """Splitter states by name."""
        ...

    def restore_layout(self, states: dict[str, QByteArray]) -> None:
        """Takes back saved states."""
        ...

    def reset_layout(self) -> None:
        """Sizes as designed."""
        ...

    def set_lecture(self, on: bool) -> None:
        """Only what a lecture needs, or everything again."""
        ...

    def remark(self) -> Remark | None:
        """What a lecture says of this page and no other."""
        ...

    def put_spotlight(self, name: str) -> None:
        """A frame around the panel of this name, and around no other."""
        ...

    def mark_stale(self) -> None:
        """There is something new."""
        ...

    def refresh_due(self) -> None:
        """Redraws what is visible and due."""
        ...


class Pages(QStackedWidget):
    """As small as the page in sight may be: the others ask for no room."""

    resized = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.currentChanged.connect(self.updateGeometry)

    def minimumSizeHint(self) -> QSize:
        """That of the page in sight."""
        page = self.currentWidget()
        return page.minimumSizeHint() if page is not None else QSize()

    def focus_page(self) -> None:
        """Gives the keys to the page in sight and to none of its controls."""
        page = self.currentWidget()
        if page is not None:
            page.setFocus()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Tells who floats above the pages."""
        super().resizeEvent(event)
        self.resized.emit()
