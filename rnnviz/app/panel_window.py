"""Panels in windows of their own: the heatmap on the projector, the controls on the laptop."""

from __future__ import annotations

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QIcon, QKeyEvent, QKeySequence, QShowEvent
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from rnnviz.app.panel_page import PanelPage
from rnnviz.app.screens import ScreenWatch, bring_into_sight
from rnnviz.app.settings import Settings
from rnnviz.app.top_bar import logo
from rnnviz.panels.base import Panel
from rnnviz.panels.sizing import margins
from rnnviz.panels.theme import px
from rnnviz.panels.time_cursor import time_cursor

_SIZE = QSize(900, 600)  # of a window that was never open, at the designed type


class PanelWindow(QWidget):
    """Holds one panel until it is closed. F11 fills the screen, Esc ends that."""

    shown = Signal()
    closed = Signal()
    play_requested = Signal()

    def __init__(self, panel: Panel) -> None:
        super().__init__()
        self.panel = panel
        self.setWindowTitle(self.tr("{0} – rnnviz").format(panel.accessibleName()))
        self.setWindowIcon(QIcon(logo(64)))
        self.setAutoFillBackground(True)
        self._box = QVBoxLayout(self)
        margins(self._box, 8, 8, 8, 8)
        self._box.addWidget(panel)
        panel.show()
        panel.maximize_requested.connect(self.toggle_full_screen)

    def toggle_full_screen(self) -> None:
        """Fills the screen, or gives it back."""
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def release(self) -> Panel:
        """Gives the panel away; the window is empty then."""
        self.panel.maximize_requested.disconnect(self.toggle_full_screen)
        self._box.removeWidget(self.panel)
        # Said in Python: else PySide takes all of the panel for gone once this window is gone.
        self.panel.setParent(None)
        return self.panel

    def showEvent(self, event: QShowEvent) -> None:
        """Says so, once the panel is in sight."""
        super().showEvent(event)
        self.setFocus()  # no control has been asked for, and Space plays
        self.shown.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """F11 and Esc as in the main window, Space plays, Ctrl+W closes."""
        if event.key() == Qt.Key.Key_F11 or (
            event.key() == Qt.Key.Key_Escape and self.isFullScreen()
        ):
            self.toggle_full_screen()
        elif event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self.play_requested.emit()
        elif event.matches(QKeySequence.StandardKey.Close):
            self.close()
        elif not time_cursor().take_key(event):
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Lets the panel return."""
        super().closeEvent(event)
        self.closed.emit()


class PanelWindows(QObject):
    """Opens and closes them; remembers where each of them was."""

    opened = Signal(object)  # PanelWindow

    def __init__(self, settings: Settings, watch: ScreenWatch, parent: QObject) -> None:
        super().__init__(parent)
        self._settings = settings
        self._watch = watch
        self._pages: dict[Panel, tuple[str, PanelPage]] = {}
        self._windows: dict[Panel, PanelWindow] = {}

    def serve(self, name: str, page: PanelPage) -> None:
        """Panels of this page may be shown in windows; `name` is that of the page in settings."""
        for panel in page.panels:
            self._pages[panel] = name, page
        page.window_requested.connect(self.toggle)

    def window(self, panel: Panel) -> PanelWindow | None:
        """The window a panel is in, if any."""
        return self._windows.get(panel)

    def is_open(self, panel: Panel) -> bool:
        """Whether a panel is in a window."""
        return panel in self._windows

    def panels(self) -> list[tuple[str, Panel]]:
        """All panels that can be shown in windows, each with the name of its page."""
        return [(name, panel) for panel, (name, _) in self._pages.items()]

    def windows(self) -> list[PanelWindow]:
        """All that are open."""
        return list(self._windows.values())

    def toggle(self, panel: Panel) -> None:
        """Into a window, or back from it."""
        if panel in self._windows:
            self._windows[panel].close()
        else:
            self.open(panel)

    def toggle_pointed_at(self) -> None:
        """The same for the panel that has the focus, or else for the one under the mouse."""
        panel = self._panel_of(QApplication.focusWidget()) or next(
            (p for p in self._pages if p.isVisible() and p.underMouse()), None
        )
        if panel is not None:
            self.toggle(panel)

    def _panel_of(self, widget: QWidget | None) -> Panel | None:
        while widget is not None and not isinstance(widget, Panel):
            widget = widget.parentWidget()
        return widget if widget in self._pages else None

    def open(self, panel: Panel) -> PanelWindow:
        """Shows a panel in its own window, where that was the last time."""
        if panel in self._windows:
            return self._windows[panel]
        _, page = self._pages[panel]
        page.take_out(panel)
        window = self._windows[panel] = PanelWindow(panel)
        if not window.restoreGeometry(self._settings.state(self._key(panel))):
            window.resize(QSize(px(_SIZE.width()), px(_SIZE.height())))
        window.closed.connect(lambda: self._closed(panel))
        self._watch.watch(window)
        self.opened.emit(window)
        window.show()
        bring_into_sight(window)
        page.seen_changed()
        return window

    def _closed(self, panel: Panel) -> None:
        window = self._windows.pop(panel, None)
        if window is None:
            return
        self._settings.set(self._key(panel), window.saveGeometry())
        self._watch.forget(window)
        _, page = self._pages[panel]
        page.put_back(window.release())
        window.deleteLater()

    def close_all(self) -> None:
        """Every panel returns to its page."""
        for window in self.windows():
            window.close()

    def _key(self, panel: Panel) -> str:
        name, _ = self._pages[panel]
        return f"panel-windows/{name}-{panel.objectName()}"
