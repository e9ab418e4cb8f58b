"""The frame every panel shares: a header with title, one muted clause, controls and a menu."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QCoreApplication, QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QGuiApplication,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from rnnviz.panels.explanation import explain
from rnnviz.panels.fault import guarded
from rnnviz.panels.picture import Picture, as_image, as_png, as_svg
from rnnviz.panels.saving import Saver, ask_path, file_name
from rnnviz.panels.sizing import margins, spacing, square, tall
from rnnviz.panels.table import Table
from rnnviz.panels.theme import corner, icon, px, stroke, theme, themes
from rnnviz.panels.widgets.plain_tip import plain_tip
from rnnviz.session.view import RunView

_SPOTLIGHT = 1.7  # pixels of the frame around what is talked about; 3 in lectures
_LEAST_TITLE = 70  # pixels at the designed type


class ElidedLabel(QLabel):
    """A one-line label that ends in an ellipsis when it lacks room, with the whole as tooltip.

    It takes the room that others leave; with `least` pixels it is among those served first, and is
    drawn even as a stump.
    """

    def __init__(self, text: str = "", parent: QWidget | None = None, *, least: int = 0) -> None:
        super().__init__(parent)
        self._full, self._least = text, least
        self._shorter: tuple[str, ...] = ()
        self.setTextFormat(Qt.TextFormat.PlainText)
        policy = QSizePolicy.Policy.Preferred if least else QSizePolicy.Policy.Ignored
        self.setSizePolicy(policy, QSizePolicy.Policy.Preferred)
        self.setText(text)

    def setText(self, text: str, *shorter: str) -> None:
        """Shows a new text, or where it lacks room the first of the shorter ones that fits."""
        self._shorter = shorter
        if text == self._full and text == self.accessibleName():
            return
        self._full = text
        self.setAccessibleName(text)
        if self._least:  # else it takes what room there is, whatever it says
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
        """May vanish, or nearly so."""
        return QSize(min(px(self._least), self.sizeHint().width()), self.fontMetrics().height())

    def shown(self) -> str:
        """What is drawn: all, the first of the shorter words that fit, or a beginning."""
        metrics, room = self.fontMetrics(), self.width()
        for words in (self._full, *self._shorter):
            if metrics.horizontalAdvance(words) <= room:
                return words
        stump = metrics.elidedText(self._full, Qt.TextElideMode.ElideRight, room)
        # A stump tells nothing; the tooltip has the whole.
        return stump if self._least or len(stump) >= 0.6 * len(self._full) else ""

    def paintEvent(self, event: object) -> None:
        """Draws what fits."""
        shown = self.shown()
        self.setToolTip(plain_tip(self._full) if shown != self._full else "")
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self.rect(), int(self.alignment()), shown)


class _Header(QWidget):
    """Tells when what is in it takes another room than before."""

    rearranged = Signal()

    def event(self, event: QEvent) -> bool:
        """Controls came, went, or changed their words."""
        if event.type() == QEvent.Type.LayoutRequest:
            self.rearranged.emit()
        return super().event(event)


class Panel(QFrame):
    """A titled frame that draws one aspect of the current run.

    Subclasses fill `body`, may add controls to the header, and override `refresh`, which the window
    calls when there is something new, never more often than `interval` and only while visible.
    What of `help_text`, `table` and `reset_view` they override has a place in the menu, and the
    help a "?" in the header.
    """

    command = Signal(object)  # a session.commands record for the runner
    maximize_requested = Signal()
    reported = Signal(str, bool)  # what became of a file, in a sentence; whether it went wrong
    interval = 0.1  # seconds, the least time between two refreshes

    def __init__(self, title: str, clause: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("panel", True)
        self.setObjectName(type(self).__name__)
        self.setAccessibleName(title)
        self.view: RunView | None = None
        self.cover: QWidget | None = None  # in place of the body, when the panel has failed
        self._spotlit = False
        outer = QVBoxLayout(self)
        outer.setContentsMargins(1, 1, 1, 1)
        outer.setSpacing(0)
        self._header = _Header(self)
        self._header.rearranged.connect(self._fit_help)
        tall(self._header, 36)
        self._header_layout = QHBoxLayout(self._header)
        margins(self._header_layout, 12, 0, 8, 0)
        spacing(self._header_layout, 8)
        self._title = ElidedLabel(title, least=_LEAST_TITLE)
        self._title.setProperty("role", "title")
        self._clause = ElidedLabel(clause)
        self._clause.setProperty("role", "muted")
        self._header_layout.addWidget(self._title)
        self._header_layout.addWidget(self._clause, 1)
        self._saver = Saver(self)
        self._saver.done.connect(self._file_done)
        self.menu = QMenu(self)
        self._offer_files()
        self._help_button = QToolButton()
        self._help_button.setToolTip(self.tr("What it shows and how to read it"))
        self._help_button.setAccessibleName(self.tr("{0}: what it shows").format(title))
        self._help_button.clicked.connect(self.show_help)
        self._menu_button = QToolButton()
        self._menu_button.setToolTip(self.tr("More for this panel"))
        self._menu_button.setAccessibleName(self.tr("{0}: more").format(title))
        self._menu_button.setMenu(self.menu)
        self._menu_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        tools = QHBoxLayout()  # closer to each other than the controls
        tools.setSpacing(0)
        for button in (self._help_button, self._menu_button):
            square(button, 24)
            tools.addWidget(button)
        self._help_button.hide()  # until there is something in it, and room for it
        self._header_layout.addLayout(tools)
        outer.addWidget(self._header)
        self.body = QVBoxLayout()
        margins(self.body, 12, 0, 12, 12)
        spacing(self.body, 8)
        outer.addLayout(self.body, 1)
        self._tint()
        themes().changed.connect(self._theme_changed)

    def _overrides(self, name: str) -> bool:
        return getattr(type(self), name) is not getattr(Panel, name)

    def _offer_files(self) -> None:
        menu = self.menu
        if self._overrides("help_text"):
            menu.addAction(self.tr("What it shows"), self.show_help)
            menu.addSeparator()
        menu.addAction(self.tr("Copy picture"), self.copy_picture)
        menu.addAction(self.tr("Save as PNG…"), self.save_png)
        menu.addAction(self.tr("Save as SVG…"), self.save_svg)
        if self._overrides("table"):
            menu.addAction(self.tr("Export CSV…"), self.export_csv)
        if self._overrides("reset_view"):
            menu.addSeparator()
            menu.addAction(self.tr("Reset view"), self.reset_view)

    def title(self) -> str:
        """The words at the left of the header."""
        return self._title.text()

    def set_clause(self, text: str, *shorter: str) -> None:
        """The muted words after the title; shorter ones for where those lack room."""
        if text != self._clause.text():
            self._clause.setText(text, *shorter)

    def clause(self) -> str:
        """The muted words after the title."""
        return self._clause.text()

    def add_header_control(self, widget: QWidget) -> None:
        """Puts a control (24 px high) into the header, left of the menu."""
        self._header_layout.insertWidget(self._header_layout.count() - 1, widget)

    def focus_order(self) -> list[QWidget]:
        """Where Tab stops: the controls of the header, its buttons, then the body."""
        tools = [self._help_button, self._menu_button]
        header = [w for w in self._header.findChildren(QWidget) if w not in tools]
        body = [w for w in self.findChildren(QWidget) if not self._header.isAncestorOf(w)]
        return [
            widget
            for widget in (*header, *tools, *body)
            if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.focusProxy() is None
        ]

    def set_view(self, view: RunView) -> None:
        """Shows another run from its beginning."""
        self.view = view
        self.try_refresh()

    def refresh(self) -> None:
        """Draws the newest state of `self.view`; overridden."""

    def try_refresh(self) -> None:
        """`refresh`, unless the panel has failed; when it fails now, that is told and all."""
        if self.cover is None and self.view is not None:
            with guarded(self):
                self.refresh()

    def in_body(self) -> list[QWidget]:
        """What stands in the body and is not hidden."""
        inside = self.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)
        return [w for w in inside if w is not self._header and not (w.isWindow() or w.isHidden())]

    def choices(self) -> dict[str, Any]:
        """What is chosen in the panel, as JSON values for the file of a run; overridden."""
        return {}

    def choose(self, choices: Mapping[str, Any]) -> None:
        """Takes back what `choices` gave, once the run is shown; overridden.

        It comes from a file: what is missing or makes no sense changes nothing.
        """

    def help_text(self) -> str:
        """Two sentences: what the panel shows and how to read it; overridden."""
        return ""

    def table(self) -> Table | None:
        """All numbers behind the picture, not only those drawn; overridden. None: none yet."""
        return None

    def reset_view(self) -> None:
        """Takes zoom, place and order back to what they are in a new panel; overridden."""

    def apply_theme(self) -> None:
        """Takes the colours of the theme in force; overridden where colours are kept in items."""

    def _theme_changed(self) -> None:
        self._tint()
        self.apply_theme()
        # Type may have another size, and what a panel leaves out depends on its own size in type.
        QCoreApplication.sendEvent(self, QResizeEvent(self.size(), self.size()))

    def _tint(self) -> None:
        self._menu_button.setIcon(icon("more"))
        self._help_button.setIcon(icon("help"))

    def showEvent(self, event: QShowEvent) -> None:
        """Catches up with what happened while hidden."""
        super().showEvent(event)
        self.setWhatsThis(self.help_text())
        self._fit_help()
        self.try_refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where there is little room the "?" gives way; the menu has it too."""
        super().resizeEvent(event)
        self._fit_help()

    def _fit_help(self) -> None:
        if self._overrides("help_text"):
            taken = self._header_layout.sizeHint().width()
            taken -= self._help_button.width() if self._help_button.isVisibleTo(self) else 0
            self._help_button.setVisible(taken + self._help_button.width() <= self.width() - 2)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """A double click on the header maximises the panel, another restores it."""
        if event.position().y() <= self._header.height():
            self.maximize_requested.emit()
        super().mouseDoubleClickEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """The right button opens the panel's menu."""
        self.menu.popup(event.globalPos())

    def set_strip(self, on: bool) -> None:
        """Whether it is a low strip below other panels; overridden by one that can be."""

    def set_spotlit(self, on: bool) -> None:
        """A frame in the accent colour: this is what is talked about."""
        if on != self._spotlit:
            self._spotlit = on
            self.update()

    def is_spotlit(self) -> bool:
        """Whether it has that frame."""
        return self._spotlit

    def paintEvent(self, event: QPaintEvent) -> None:
        """The frame; one of another width must not move what is in it."""
        super().paintEvent(event)
        if self._spotlit:
            width = stroke(_SPOTLIGHT)
            edge = QRectF(self.rect()).adjusted(width / 2, width / 2, -width / 2, -width / 2)
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(theme().color("accent"), width))
            painter.drawRoundedRect(edge, corner(), corner())

    def show_help(self) -> None:
        """Opens the card with `help_text`."""
        explain(self.title(), self.help_text(), self._help_button)

    # Pictures and numbers for other programs.

    def _picture(self) -> Picture:
        return Picture(self, self._header, self.title(), self.clause(), self.view)

    def picture(self) -> QImage:
        """The panel as it looks now, without its buttons, twice as fine as on the screen."""
        return as_image(self._picture())

    def svg(self) -> bytes:
        """The same as an SVG file of lines and text."""
        return as_svg(self._picture())

    def copy_picture(self) -> None:
        """Puts the picture on the clipboard."""
        QGuiApplication.clipboard().setImage(self.picture())

    def save_png(self) -> None:
        """Asks where, and writes the picture there."""
        path = self._ask_where("png", self.tr("PNG picture (*.png)"))
        if path:
            self._saver.save_bytes(path, as_png(self.picture()))

    def save_svg(self) -> None:
        """Asks where, and writes lines and text there."""
        path = self._ask_where("svg", self.tr("SVG picture (*.svg)"))
        if path:
            self._saver.save_bytes(path, self.svg())

    def export_csv(self) -> None:
        """Asks where, and writes the numbers there as they were when it was asked for."""
        table = self.table()
        if table is None or not len(table):
            self.reported.emit(self.tr("{0} has no numbers yet.").format(self.title()), False)
            return
        path = self._ask_where("csv", self.tr("Comma-separated values (*.csv)"))
        if path:
            self._saver.save_table(path, table)

    def _ask_where(self, suffix: str, kinds: str) -> str:
        heading = self.tr("Save {0}").format(self.title())
        return ask_path(self, heading, file_name(self.title(), self.view, suffix), kinds)

    def _file_done(self, path: str, problem: str) -> None:
        name = Path(path).name
        if problem:
            words = self.tr("{0} cannot be written ({1}): choose another place.")
            self.reported.emit(words.format(name, problem), True)
        else:
            self.reported.emit(self.tr("Wrote {0}.").format(name), False)
