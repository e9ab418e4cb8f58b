"""The frame every panel shares: a header with title, one muted clause, controls and a menu."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QBuffer, QCoreApplication, QIODevice, QSize, Qt, Signal
from PySide6.QtGui import (
    QGuiApplication,
    QImage,
    QMouseEvent,
    QPainter,
    QPixmap,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from rnnviz.files import reason, write_bytes
from rnnviz.panels.sizing import margins, spacing, square, tall
from rnnviz.panels.theme import icon, themes
from rnnviz.panels.widgets.plain_tip import plain_tip
from rnnviz.session.view import RunView


class ElidedLabel(QLabel):
    """A one-line label that ends in an ellipsis when it lacks room, with the whole as tooltip."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._full = text
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setText(text)

    def setText(self, text: str) -> None:
        """Shows a new text."""
        self._full = text
        self.setAccessibleName(text)
        self.updateGeometry()
        self.update()

    def text(self) -> str:
        """The whole text, also while only its beginning is shown."""
        return self._full

    def sizeHint(self) -> QSize:
        """As wide as the whole text."""
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self._full) + 2, metrics.height())

    def minimumSizeHint(self) -> QSize:
        """May vanish."""
        return QSize(0, self.fontMetrics().height())

    def paintEvent(self, event: object) -> None:
        """Draws what fits."""
        painter = QPainter(self)
        shown = self.fontMetrics().elidedText(self._full, Qt.TextElideMode.ElideRight, self.width())
        self.setToolTip(plain_tip(self._full) if shown != self._full else "")
        if len(shown) < 0.6 * len(self._full):
            return  # a stump tells nothing; the tooltip has the whole
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self.rect(), int(self.alignment()), shown)


class Panel(QFrame):
    """A titled frame that draws one aspect of the current run.

    Subclasses fill `body`, may add controls to the header, and override `refresh`, which the window
    calls when there is something new, never more often than `interval` and only while visible.
    """

    command = Signal(object)  # a session.commands record for the runner
    maximize_requested = Signal()
    interval = 0.1  # seconds, the least time between two refreshes

    def __init__(self, title: str, clause: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("panel", True)
        self.setObjectName(type(self).__name__)
        self.setAccessibleName(title)
        self.view: RunView | None = None
        outer = QVBoxLayout(self)
        outer.setContentsMargins(1, 1, 1, 1)
        outer.setSpacing(0)
        self._header = QWidget(self)
        tall(self._header, 36)
        self._header_layout = QHBoxLayout(self._header)
        margins(self._header_layout, 12, 6, 8, 6)
        spacing(self._header_layout, 8)
        self._title = QLabel(title)
        self._title.setProperty("role", "title")
        self._clause = ElidedLabel(clause)
        self._clause.setProperty("role", "muted")
        self._header_layout.addWidget(self._title)
        self._header_layout.addWidget(self._clause, 1)
        self.menu = QMenu(self)
        self.menu.addAction(self.tr("Copy picture"), self.copy_picture)
        self.menu.addAction(self.tr("Save picture…"), self.save_picture)
        self._menu_button = QToolButton()
        self._menu_button.setToolTip(self.tr("More for this panel"))
        self._menu_button.setAccessibleName(self.tr("{0}: more").format(title))
        self._menu_button.setMenu(self.menu)
        self._menu_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        square(self._menu_button, 24)
        self._header_layout.addWidget(self._menu_button)
        outer.addWidget(self._header)
        self.body = QVBoxLayout()
        margins(self.body, 12, 0, 12, 12)
        spacing(self.body, 8)
        outer.addLayout(self.body, 1)
        self._menu_button.setIcon(icon("more"))
        themes().changed.connect(self._theme_changed)

    def set_clause(self, text: str) -> None:
        """The muted words after the title."""
        if text != self._clause.text():
            self._clause.setText(text)

    def clause(self) -> str:
        """The muted words after the title."""
        return self._clause.text()

    def add_header_control(self, widget: QWidget) -> None:
        """Puts a control (24 px high) into the header, left of the menu."""
        self._header_layout.insertWidget(self._header_layout.count() - 1, widget)

    def set_view(self, view: RunView) -> None:
        """Shows another run from its beginning."""
        self.view = view
        self.refresh()

    def refresh(self) -> None:
        """Draws the newest state of `self.view`; overridden."""

    def choices(self) -> dict[str, Any]:
        """What is chosen in the panel, as JSON values for the file of a run; overridden."""
        return {}

    def choose(self, choices: Mapping[str, Any]) -> None:
        """Takes back what `choices` gave, once the run is shown; overridden.

        It comes from a file: what is missing or makes no sense changes nothing.
        """

    def apply_theme(self) -> None:
        """Takes the colours of the theme in force; overridden where colours are kept in items."""

    def _theme_changed(self) -> None:
        self._menu_button.setIcon(icon("more"))
        self.apply_theme()
        # Type may have another size, and what a panel leaves out depends on its own size in type.
        QCoreApplication.sendEvent(self, QResizeEvent(self.size(), self.size()))

    def showEvent(self, event: QShowEvent) -> None:
        """Catches up with what happened while hidden."""
        super().showEvent(event)
        if self.view is not None:
            self.refresh()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """A double click on the header maximises the panel, another restores it."""
        if event.position().y() <= self._header.height():
            self.maximize_requested.emit()
        super().mouseDoubleClickEvent(event)

    # Pictures.

    def picture(self) -> QPixmap:
        """The panel as it looks now, at the screen's resolution."""
        return self.grab()

    def copy_picture(self) -> None:
        """Puts the picture on the clipboard."""
        QGuiApplication.clipboard().setPixmap(self.picture())

    def save_picture(self) -> None:
        """Asks where, and writes a PNG there."""
        name = self._title.text().lower().replace(" ", "-") + ".png"
        path, _ = QFileDialog.getSaveFileName(
            self, self.tr("Save picture"), name, self.tr("PNG picture (*.png)")
        )
        if path:
            try:
                write_bytes(path, as_png(self.picture().toImage()))
            except OSError as error:
                words = self.tr("could not write {0}: {1}")
                self.set_clause(words.format(Path(path).name, reason(error)))


def as_png(image: QImage) -> bytes:
    """The bytes of a PNG file. Qt's own `save` would overwrite a good file on a full disk."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(buffer.data().data())
