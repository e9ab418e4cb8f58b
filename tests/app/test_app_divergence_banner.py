"""The badge of a divergence stays where it can be read, whatever becomes of the window."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, QRect
from pytestqt.qtbot import QtBot

from rnnviz.app.application import make_application
from rnnviz.app.main_window import MainWindow
from rnnviz.app.pages import GRADIENTS, PROBE, TRAIN
from rnnviz.app.settings import Settings
from rnnviz.panels.theme import themes


@pytest.fixture
def window(qtbot: QtBot, tmp_path) -> Iterator[MainWindow]:
    make_application()
    themes().set_mode("dark")
    found = MainWindow(Settings(tmp_path / "settings.ini"))
    qtbot.addWidget(found)
    found.resize(1600, 1000)
    found.show()
    yield found
    found.end()


def test_it_lies_over_the_plot_or_the_page_at_every_size(qtbot: QtBot, window: MainWindow) -> None:
    banner, plot = window.diverged, window.page.loss.plot
    cause = "The largest part is weight_hh_l0. The weights of step 1 are kept."
    banner.say("Diverged at step 2: gradient norm 7.6e29", cause, [("Reset", "", lambda: None)])

    def is_over(widget_at: QPoint, size: QRect) -> bool:
        return QRect(widget_at, size.size()).contains(banner.geometry())

    for page in (PROBE, GRADIENTS, TRAIN):
        window.show_page(page)
        for size in ((1280, 720), (1900, 1100), (1100, 700)):
            window.resize(*size)
            pages = window.pages.rect()
            qtbot.waitUntil(lambda pages=pages: pages.contains(banner.geometry()))
            assert banner.isVisible()
            if page == TRAIN:
                qtbot.waitUntil(lambda: is_over(plot.mapTo(window.pages, QPoint()), plot.rect()))
