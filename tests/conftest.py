"""What every test has: folders of its own, and no look at the user's settings or screen."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from PySide6.QtGui import QCursor, QGuiApplication
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from pytestqt.wait_signal import SignalBlocker

# No test may fail because the machine is busy.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

PATIENCE = 30_000  # milliseconds that a window, a thread or a file may take on a busy machine

# Without a screen Qt draws into memory; the test command sets xcb and brings a virtual screen.
if not os.environ.get("DISPLAY") and sys.platform == "linux":
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Cache and data folders that nobody else uses."""
    monkeypatch.setenv("RNNVIZ_CACHE", str(tmp_path / "rnnviz-cache"))
    monkeypatch.setenv("RNNVIZ_DATA", str(tmp_path / "rnnviz-data"))
    yield


@pytest.fixture(autouse=True)
def no_step_pointed_at() -> Iterator[None]:
    """The cursor in time is one for the process; the next test begins without."""
    yield
    module = sys.modules.get("rnnviz.panels.time_cursor")
    if module is not None:
        module.time_cursor().clear()


class PatientBot(QtBot):
    """Waits longer than pytest-qt's 5 seconds where a test names no time."""

    def waitUntil(self, callback: Callable[[], bool | None], *, timeout: int = PATIENCE) -> None:
        super().waitUntil(callback, timeout=timeout)

    def waitSignal(self, signal: Any, *, timeout: int = PATIENCE, **more: Any) -> SignalBlocker:
        return super().waitSignal(signal, timeout=timeout, **more)


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> QtBot:
    """pytest-qt's, with more patience."""
    return PatientBot(request)


@pytest.fixture(scope="session")
def qapp(qapp: QApplication) -> QApplication:
    """The pointer stands in the screen's last corner, so that no window opens below it."""
    screen = QGuiApplication.primaryScreen()
    QCursor.setPos(screen.geometry().bottomRight())
    return qapp
