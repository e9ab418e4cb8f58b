"""Opening the real window in a test, and what must be gone after it."""

from __future__ import annotations

import threading

from pytestqt.qtbot import QtBot

from rnnviz.app.application import make_application
from rnnviz.app.main_window import MainWindow
from rnnviz.app.settings import Settings


def open_window(
    qtbot: QtBot, settings: Settings, size: tuple[int, int] = (1600, 1000)
) -> MainWindow:
    """The window in front, with its first run."""
    make_application()
    opened = MainWindow(settings)
    opened.resize(*size)
    qtbot.addWidget(opened)
    opened.show()
    opened.activateWindow()  # shortcuts belong to the active window
    qtbot.waitActive(opened, timeout=10_000)
    opened.begin()
    qtbot.waitUntil(lambda: opened.controller.view is not None, timeout=20_000)
    return opened


def program_threads() -> list[str]:
    """Names of rnnviz's threads that are alive."""
    return sorted(t.name for t in threading.enumerate() if t.name.startswith("rnnviz-"))
