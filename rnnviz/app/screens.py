"""Windows stay in sight: one whose screen has gone away is brought to a screen that is there."""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakSet

from PySide6.QtCore import QObject, QRect, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QScreen
from PySide6.QtWidgets import QWidget

_GRIP = 80  # pixels of the title bar that must be in reach, in each direction


def screens() -> list[QRect]:
    """What windows may cover of each screen, the primary one first."""
    found = QGuiApplication.screens()
    primary = QGuiApplication.primaryScreen()
    return [s.availableGeometry() for s in sorted(found, key=lambda screen: screen is not primary)]


def in_sight(window: QRect, rooms: Sequence[QRect]) -> QRect:
    """The same rectangle if its top can be grasped on one of the screens, else one on the first.

    It keeps its size as far as the screen has room.
    """
    top = QRect(window.left(), window.top(), window.width(), min(_GRIP, window.height()))
    for room in rooms:
        seen = top.intersected(room)
        if seen.width() >= min(_GRIP, window.width()) and seen.height() >= top.height() // 2:
            return window
    if not rooms:
        return window
    room = rooms[0]
    moved = QRect(room.topLeft(), window.size().boundedTo(room.size()))
    moved.moveCenter(room.center())
    return moved


def bring_into_sight(window: QWidget) -> None:
    """Moves a window that no screen shows; one that fills the screen fills another one."""
    rooms = screens()
    frame = window.frameGeometry()
    wanted = in_sight(frame, rooms)
    if wanted == frame:
        return
    state = window.windowState()
    filling = state & (Qt.WindowState.WindowFullScreen | Qt.WindowState.WindowMaximized)
    if filling:
        window.setWindowState(Qt.WindowState.WindowNoState)
    margin = window.geometry().topLeft() - frame.topLeft()
    size = window.size().boundedTo(wanted.size()).expandedTo(window.minimumSize())
    window.setGeometry(QRect(wanted.topLeft() + margin, size))
    if filling:
        window.setWindowState(state)


class ScreenWatch(QObject):
    """Looks after windows while screens come and go."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._windows: WeakSet[QWidget] = WeakSet()
        application = QGuiApplication.instance()
        assert isinstance(application, QGuiApplication)
        application.screenRemoved.connect(self._removed)

    def watch(self, window: QWidget) -> None:
        """Keeps a window in sight from now on, once it is shown."""
        self._windows.add(window)

    def forget(self, window: QWidget) -> None:
        """No longer."""
        self._windows.discard(window)

    def _removed(self, screen: QScreen) -> None:
        # Qt itself moves some of the windows first.
        QTimer.singleShot(0, self, self._bring_back)

    def _bring_back(self) -> None:
        for window in list(self._windows):
            if window.isVisible() and not window.isMinimized():
                bring_into_sight(window)
