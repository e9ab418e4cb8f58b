"""Colours that follow the system while the program runs, and lines that stay sharp."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from rnnviz.panels import theme as theme_module
from rnnviz.panels.plot import Plot
from rnnviz.panels.theme import themes


def test_plots_follow_the_system_while_they_are_shown(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    schemes = [Qt.ColorScheme.Dark]
    hints = SimpleNamespace(colorScheme=lambda: schemes[-1])
    plot = Plot("a plot")
    qtbot.addWidget(plot)
    plot.resize(300, 200)
    plot.show()
    real = QGuiApplication.styleHints()
    monkeypatch.setattr(theme_module, "QGuiApplication", SimpleNamespace(styleHints=lambda: hints))
    themes().set_mode("system")
    grounds = []
    for scheme in (Qt.ColorScheme.Dark, Qt.ColorScheme.Light, Qt.ColorScheme.Dark):
        schemes.append(scheme)
        real.colorSchemeChanged.emit(scheme)
        grounds.append(plot.grab().toImage().pixelColor(150, 100).lightnessF())
    themes().set_mode("light")
    schemes.append(Qt.ColorScheme.Dark)
    real.colorSchemeChanged.emit(Qt.ColorScheme.Dark)  # chosen by the user, it stays light
    grounds.append(plot.grab().toImage().pixelColor(150, 100).lightnessF())
    themes().set_mode("dark")
    assert [ground > 0.5 for ground in grounds] == [False, True, False, True]


FINE_SCREEN = """
import numpy as np
from PySide6.QtGui import QColor
from rnnviz.app.application import make_application
application = make_application()
from rnnviz.panels.characters import _keycap
from rnnviz.panels.plot import Plot
from rnnviz.panels.ticks import Range, linear_ticks
from rnnviz.panels.theme import icon_pixmap, theme, themes
themes().set_mode("dark")
class Ruled(Plot):
    def x_ticks(self):
        return linear_ticks(self.x_range, 5)
plot = Ruled("a plot")
plot.resize(300, 200)
plot.set_ranges(Range(0.0, 1.0), Range(0.0, 1.0))
image = plot.grab().toImage()
assert image.devicePixelRatio() == 2.0 and image.width() == 600, image.size()
area = plot.area()
across = [image.pixelColor(x, round(area.top() * 2) + 9).name() for x in range(600)]
ground, grid = theme().hex("surface").lower(), theme().hex("grid").lower()
inside = across[round(area.left() * 2) + 4 : round(area.right() * 2) - 4]
assert set(inside) == {ground, grid}, set(inside)  # nothing in between: no line is blurred
widths = [len(run) for run in "".join("#" if c == grid else " " for c in inside).split()]
assert widths and set(widths) == {2}, widths  # one logical pixel
assert icon_pixmap("more", QColor("red")).width() == 32
assert _keycap("a", 29, 22, "body", False, 2.0, theme()).width() == 58
print("sharp")
"""


def test_lines_and_pictures_are_sharp_on_a_fine_screen() -> None:
    run = subprocess.run(
        [sys.executable, "-c", FINE_SCREEN],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "QT_SCALE_FACTOR": "2", "QT_QPA_PLATFORM": "offscreen"},
        check=False,
    )
    assert run.stdout.strip() == "sharp", run.stderr
