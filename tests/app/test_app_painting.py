"""The real window while it trains: what is on the screen is what painting it anew would give."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from opening import open_window, settings_for
from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from rnnviz.app.main_window import MainWindow
from rnnviz.app.pages import GRADIENTS, TRAIN
from rnnviz.measuring.window_side import Counter
from rnnviz.panels.base import Panel
from rnnviz.panels.theme import themes
from rnnviz.session import commands
from rnnviz.session.config import RunConfig

# Said by the offscreen platform about every window.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")

SMALL = RunConfig(cell="lstm", hidden_size=12, batch_size=4, seq_len=10)
TEXT = "the ship lay in the harbour and nobody came, and then the sea rose again.\n" * 60


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    themes().set_mode("dark")
    opened = open_window(qtbot, settings_for(tmp_path, SMALL, TEXT), (1280, 800))
    yield opened
    themes().set_mode("dark")
    opened.end()


def levels(image: QImage) -> NDArray[np.int64]:
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)
    return pixels[:, :, :3].astype(np.int64)


def train_to(window: MainWindow, step: int, qtbot: QtBot) -> None:
    controller = window.controller
    controller.send(commands.Play())
    qtbot.waitUntil(lambda: controller.view.step >= step, timeout=60_000)  # type: ignore[union-attr]
    controller.send(commands.Pause())
    qtbot.waitUntil(lambda: not controller.view.training, timeout=20_000)  # type: ignore[union-attr]


def out_of_date(window: MainWindow) -> set[str]:
    """What on the screen looks otherwise when it is painted anew."""
    screen = levels(window.screen().grabWindow(window.winId()).toImage())
    wrong = np.argwhere(np.abs(screen - levels(window.grab().toImage())).max(axis=2) > 8)
    return {type(window.childAt(int(x), int(y))).__name__ for y, x in wrong[::20]}


@pytest.mark.parametrize("mode", ["dark", "light"])
def test_what_is_on_the_screen_is_what_painting_it_anew_gives(
    window: MainWindow, qtbot: QtBot, mode: str
) -> None:
    if QGuiApplication.platformName() != "offscreen":
        pytest.skip("a real screen may have other things on it")
    themes().set_mode(mode)
    for step in (3, 40, 150, 400, 450):
        train_to(window, step, qtbot)
        # The newest weights' answer may still be on its way; what is out of date would stay so.
        qtbot.waitUntil(lambda: not out_of_date(window), timeout=10_000)


def test_panels_behind_another_page_get_no_work(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked: list[Panel] = []
    try_refresh = Panel.try_refresh

    def noted(panel: Panel) -> None:
        worked.append(panel)
        try_refresh(panel)

    monkeypatch.setattr(Panel, "try_refresh", noted)
    for shown, hidden in ((GRADIENTS, TRAIN), (TRAIN, GRADIENTS)):
        window.show_page(shown)
        QApplication.processEvents()
        page = window.perspectives[hidden]
        inside: list[QObject] = [page, *page.findChildren(QWidget)]
        paints = Counter(QEvent.Type.Paint, inside)
        worked.clear()
        assert window.controller.view is not None
        train_to(window, window.controller.view.step + 60, qtbot)
        paints.remove()
        assert worked and not set(worked) & set(page.panels)
        assert paints.count == 0
