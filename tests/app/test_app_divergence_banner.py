"""The badge of a divergence covers nothing, and what is pressed there obeys the clip line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from rnnviz.app.main_window import MainWindow
from rnnviz.app.pages import GRADIENTS, PROBE, TRAIN
from rnnviz.app.settings import Settings
from rnnviz.panels.theme import themes
from rnnviz.session import commands

sys.path += [str(Path(__file__).parent), str(Path(__file__).parent.parent)]
from opening import open_window
from pointing import move_pointer

LEFT = Qt.MouseButton.LeftButton
CAUSE = (
    "Largest part: weight_hh_l0 (layer 1), 96% of the squared norm. The weights of step 1 are "
    "kept. Going on takes those of step 0, from before it ran away."
)


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    themes().set_mode("dark")
    found = open_window(qtbot, Settings(tmp_path / "settings.ini"))
    yield found
    found.close()


def say(window: MainWindow) -> None:
    window.diverged.say("Diverged at step 2: gradient norm 7.6e29", CAUSE, [("Reset", "", str)])


def on(window: MainWindow, widget: QWidget) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of a widget in the window."""
    at = widget.mapTo(window, QPoint())
    return at.x(), at.y(), at.x() + widget.width(), at.y() + widget.height()


def click(widget: QWidget) -> None:
    QTest.mouseClick(widget, LEFT)


def steps(window: MainWindow) -> int:
    assert window.controller.view is not None
    return window.controller.view.step


def explode(qtbot: QtBot, window: MainWindow) -> None:
    window.registry["preset.explode"].trigger()
    qtbot.waitUntil(lambda: window.controller.view.config.spectral_radius > 1)  # type: ignore[union-attr]
    click(window.transport.play)
    qtbot.waitUntil(lambda: not window.diverged.isHidden(), timeout=20_000)


def drag_the_line_in(window: MainWindow) -> float:
    """With the mouse, from where it is to a place three hundredths of a decade lower."""
    panel = window.page.gradient_norm
    start = panel.clip_y_position()
    QTest.mousePress(panel.plot, LEFT, pos=start)
    for down in range(1, 5):
        move_pointer(panel.plot, start + QPoint(0, down), held=LEFT)
    QTest.mouseRelease(panel.plot, LEFT, pos=start + QPoint(0, 4))
    kind, threshold = panel.clipping_shown()
    assert kind == "norm"
    return threshold


@pytest.mark.parametrize("size", [(1024, 640), (1280, 720), (1900, 1100)])
def test_it_covers_nothing_on_any_page(
    qtbot: QtBot, window: MainWindow, size: tuple[int, int]
) -> None:
    window.resize(*size)
    for name in (PROBE, GRADIENTS, TRAIN):
        window.show_page(name)
        window.diverged.dismiss()
        page = window.perspectives[name]
        shown = {panel for panel in page.panels if panel.isVisible()}
        say(window)
        qtbot.waitUntil(lambda: window.diverged.isVisible())
        qtbot.waitUntil(lambda: window.diverged.height() < 120)
        left, top, right, bottom = on(window, window.diverged)
        _, _, _, page_bottom = on(window, window.pages)
        _, transport, _, _ = on(window, window.transport)
        assert page_bottom < top < bottom < transport
        assert 0 <= left < right <= window.width()
        assert {panel for panel in page.panels if panel.isVisible()} == shown
        for panel in shown:
            assert on(window, panel)[3] <= top
        labels = [label for label in window.diverged.findChildren(QLabel) if label.text()]
        assert len(labels) >= 2
        for label in labels:
            assert label.height() >= label.heightForWidth(label.width()), "all of it is read"


def test_samples_stay_where_the_window_is_just_high_enough(
    qtbot: QtBot, window: MainWindow
) -> None:
    height = window.height() - window.page.height() + 650
    window.resize(1600, height)
    assert window.page.samples.isVisible()
    say(window)
    qtbot.waitUntil(lambda: window.page.height() < 600)
    assert window.page.samples.isVisible()
    window.diverged.dismiss()
    qtbot.waitUntil(lambda: window.page.height() == 650)
    assert window.page.samples.isVisible()


def test_the_clip_line_dragged_in_and_play_train_the_exploded_run(
    qtbot: QtBot, window: MainWindow
) -> None:
    explode(qtbot, window)
    at = steps(window)
    assert window.diverged.buttons()[0].text() == "Go on with clip 1"
    wanted = drag_the_line_in(window)
    qtbot.waitUntil(lambda: window.diverged.buttons()[0].text() == f"Go on with clip {wanted:.2g}")
    click(window.transport.play)
    qtbot.waitUntil(lambda: steps(window) > at + 40, timeout=60_000)
    view = window.controller.view
    assert view is not None and view.history.last is not None
    assert view.history.last.smoothed < 4.0
    assert (view.in_force.clip_kind, view.in_force.clip_threshold) == ("norm", wanted)
    assert window.diverged.isHidden()
    assert [e.kind for e in view.history.events] == ["diverged", "clip", "resumed"]


def test_its_button_goes_on_with_the_line_as_it_was_dragged(
    qtbot: QtBot, window: MainWindow
) -> None:
    explode(qtbot, window)
    at = steps(window)
    wanted = drag_the_line_in(window)
    qtbot.waitUntil(lambda: f"{wanted:.2g}" in window.diverged.buttons()[0].text())
    click(window.diverged.buttons()[0])
    qtbot.waitUntil(lambda: steps(window) > at + 5, timeout=60_000)
    assert window.controller.view is not None
    assert window.controller.view.in_force.clip_threshold == wanted


def test_clipping_by_value_is_kept_as_it_was_chosen(qtbot: QtBot, window: MainWindow) -> None:
    explode(qtbot, window)
    at = steps(window)
    window.setup.command.emit(commands.SetClipping("value", 0.1))
    qtbot.waitUntil(lambda: window.diverged.buttons()[0].text() == "Go on with clip ±0.1")
    click(window.transport.step)
    qtbot.waitUntil(lambda: steps(window) == at + 1)
    assert "resumed" in [e.kind for e in window.controller.view.history.events]  # type: ignore[union-attr]
    assert window.controller.view.in_force.clip_kind == "value"  # type: ignore[union-attr]


def test_a_character_is_followed_in_a_low_window_beside_it(
    qtbot: QtBot, window: MainWindow
) -> None:
    window.resize(1280, 720)
    explode(qtbot, window)
    panel = window.page.next_character
    bars = panel.bars
    qtbot.waitUntil(lambda: len(bars.rows()) > 0 and window.diverged.isVisible())
    followed = bars.rows()[1].character
    QTest.mouseClick(bars, LEFT, pos=bars.bar_center(followed).toPoint())
    assert panel.curve.isVisible() and panel.curve.character == followed
    qtbot.waitUntil(lambda: len(panel.curve.points()[0]) >= 1)
    move_pointer(panel.curve, panel.curve.area().center().toPoint())
    parts = [part for part in panel.in_body() if not part.isHidden()]
    assert panel.curve in parts and panel.writing in parts
    for one in parts:
        assert panel.rect().contains(one.geometry())
        for other in parts:
            assert one is other or not one.geometry().intersects(other.geometry())
    assert on(window, panel)[3] <= on(window, window.diverged)[1]
    assert bars.height() >= bars.minimumSizeHint().height()
    # The bars left are as high as a letter.
    rows = bars.rows()
    between = bars.bar_center(rows[1].character).y() - bars.bar_center(rows[0].character).y()
    assert len(rows) >= 4 and between >= bars.fontMetrics().ascent() + 2
    bars.setFocus()
    QTest.keyClick(bars, Qt.Key.Key_Escape)
    assert not panel.curve.isVisible() and len(bars.rows()) >= 8
