"""The bar at the top: menu behind the logo, perspectives, what run this is, and a few commands."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPixmap, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QToolButton, QWidget

from rnnviz.app.icon import drawn
from rnnviz.app.pages import PERSPECTIVES
from rnnviz.panels.base import ElidedLabel
from rnnviz.panels.sizing import icons, sized, square, tall
from rnnviz.panels.theme import icon, icon_pixels, px, row, theme, themes, ui_font
from rnnviz.panels.translate import tr as translate
from rnnviz.panels.widgets.key_button import KeyButton

_KEY_BELOW, _SIGNS_BELOW, _PAGES_BELOW = 1240, 800, 560  # widths at the designed type


class _Tab(QToolButton):
    """A perspective; the chosen one is underlined in the accent colour."""

    def paintEvent(self, event: object) -> None:
        """Draws word and underline."""
        colors = theme()
        painter = QPainter(self)
        chosen = self.isChecked()
        painter.setFont(ui_font("body", bold=chosen))
        painter.setPen(colors.color("text" if chosen or self.underMouse() else "text-2"))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text())
        if chosen:
            painter.fillRect(QRectF(0, self.height() - 2, self.width(), 2), colors.color("accent"))
        if self.hasFocus():
            painter.setPen(colors.color("accent"))
            painter.drawRect(self.rect().adjusted(2, 4, -3, -6))


class TopBar(QFrame):
    """`menu_button` and `presets` get their menus from the window."""

    perspective_chosen = Signal(str)
    theme_toggled = Signal()
    open_requested = Signal()
    find_requested = Signal()
    lecture_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("bar", "top")
        tall(self, 44)
        line = QHBoxLayout(self)
        line.setContentsMargins(8, 0, 8, 0)
        line.setSpacing(6)
        self.menu_button = QToolButton()
        square(self.menu_button, 32, 24)
        self.menu_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu_button.setToolTip(self.tr("Menu (Alt+M)"))
        self.menu_button.setAccessibleName(self.tr("Menu"))
        self.menu_button.setShortcut("Alt+M")
        self.menu_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        line.addWidget(self.menu_button)
        self.tabs: dict[str, _Tab] = {}
        for number, (name, title) in enumerate(PERSPECTIVES, 1):
            tab = _Tab()
            tab.setText(translate(title))
            tab.setToolTip(self.tr("{0} (Ctrl+{1})").format(translate(title), number))
            tab.setCheckable(True)
            tab.setAutoExclusive(True)
            sized(tab, "size", _tab_size)
            tab.clicked.connect(lambda _=False, n=name: self.perspective_chosen.emit(n))
            self.tabs[name] = tab
            line.addWidget(tab)
        self.show_perspective(PERSPECTIVES[0][0])
        rule = QFrame()
        rule.setProperty("rule", True)
        rule.setFixedWidth(1)
        tall(rule, 22)
        line.addSpacing(8)
        line.addWidget(rule)
        line.addSpacing(8)
        self._dot = QLabel("●")
        self._run = QLabel()
        self._run.setProperty("role", "title")
        self._what = ElidedLabel()
        self._what.setProperty("role", "label")
        line.addWidget(self._dot)
        line.addWidget(self._run)
        line.addWidget(self._what, 1)
        self.find_button = KeyButton(self.tr("Find a command"), self.tr("Ctrl+K"), "search")
        self.find_button.setToolTip(
            self.tr("Commands, presets, texts, panels and settings by name (Ctrl+K)")
        )
        self.find_button.clicked.connect(self.find_requested)
        line.addWidget(self.find_button)
        self.open_button = self._command(self.tr("Open…"), self.tr("Open a text or a saved run"))
        self.open_button.clicked.connect(self.open_requested)
        self.presets = self._command(self.tr("Presets"), self.tr("Settings to start from"))
        self.presets.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.lecture_button = KeyButton(
            self.tr("Lecture mode"), self.tr("F11"), "lecture", framed=True
        )
        self.lecture_button.setToolTip(
            self.tr("Few panels, large type and the whole screen (F11); Esc ends it")
        )
        self.lecture_button.clicked.connect(self.lecture_requested)
        self._theme_button = QToolButton()
        square(self._theme_button, 28)
        self._theme_button.clicked.connect(self.theme_toggled)
        for widget in (self.open_button, self.presets, self.lecture_button, self._theme_button):
            line.addWidget(widget)
        themes().changed.connect(self._apply_theme)
        self._apply_theme()

    def _command(self, text: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setProperty("framed", True)
        button.setText(text)
        button.setToolTip(tip)
        button.setAccessibleName(text)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        tall(button, 28)
        icons(button)
        return button

    def set_menus(self, main: QMenu, presets: QMenu) -> None:
        """Hangs the menus on their buttons."""
        self.menu_button.setMenu(main)
        self.presets.setMenu(presets)

    def show_perspective(self, name: str) -> None:
        """Underlines the tab of the page in sight."""
        self.tabs[name].setChecked(True)

    def show_run(
        self, number: int, network: str, text: str, training: bool, diverged: bool = False
    ) -> None:
        """Which run this is; the dot is lit while it trains.

        Where both lack room, the name of the text stays.
        """
        self._run.setText(self.tr("Run {0}").format(number))
        self._what.setText(self.tr("{0} on {1}").format(network, text), text)
        token = "danger" if diverged else "accent" if training else "text-muted"
        self._dot.setStyleSheet(f"color: {theme().hex(token)};")

    def what(self) -> str:
        """The description of the run."""
        return self._what.text()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """With large type words give way to signs, and then the run to the pages."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        styles = Qt.ToolButtonStyle
        words = self.width() >= px(_SIGNS_BELOW)
        for button in (self.open_button, self.presets):
            button.setToolButtonStyle(
                styles.ToolButtonTextBesideIcon if words else styles.ToolButtonIconOnly
            )
        short = self.width() < px(_KEY_BELOW)
        self.find_button.set_short(short)
        self.lecture_button.set_short(short)
        for part in (self._dot, self._run):
            part.setVisible(self.width() >= px(_PAGES_BELOW))

    def _apply_theme(self) -> None:
        self.menu_button.setIcon(logo(icon_pixels(24)))
        self.open_button.setIcon(icon("open"))
        self.presets.setIcon(icon("preset"))
        dark = theme().is_dark
        self._theme_button.setIcon(icon("sun" if dark else "moon"))
        words = self.tr("Light colours") if dark else self.tr("Dark colours")
        self._theme_button.setToolTip(self.tr("{0} (Ctrl+T)").format(words))
        self._theme_button.setAccessibleName(words)
        self._fit()


def _tab_size(tab: QWidget) -> None:
    assert isinstance(tab, _Tab)
    words = QFontMetrics(ui_font("body", bold=True)).horizontalAdvance(tab.text())
    tab.setFixedSize(words + row(24), row(44))


def logo(size: int) -> QPixmap:
    """The program's sign at a size in logical pixels, drawn at twice that for fine screens."""
    return drawn(size, 2.0)
