"""What the axes of the Loss panel count, how its curve is smoothed, and that choices are kept."""

from __future__ import annotations

import math

import numpy as np
import pytest
from loss_runs import add_steps, loss_panel, make_view
from menus import menu_entry
from pointing import turn_wheel
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from rnnviz.panels.loss import LossPanel
from rnnviz.panels.time_cursor import time_cursor


@pytest.fixture
def panel(qtbot: QtBot) -> LossPanel:
    return loss_panel(qtbot)


# Axes.


def test_the_x_axis_counts_steps_characters_or_time(panel: LossPanel) -> None:
    view = make_view(1000)
    panel.set_view(view)
    panel.set_log_x(False)
    panel.grab()
    for kind, factor, label in (
        ("Characters read", 1600, "1 M"),
        ("Training time", 0.03, "0:20"),
    ):
        menu_entry(panel.menu, "The x axis counts", kind).trigger()
        assert panel.plot.raw[0][-1] == pytest.approx(1000 * factor)
        assert panel.plot.x_range.high >= 1000 * factor
        assert panel.plot.to_step(500 * factor) == pytest.approx(500, abs=0.5)
        assert label in [tick.label for tick in panel.plot.x_ticks()]
        panel.grab()
        column = panel.plot.column_of(800)
        assert column == pytest.approx(panel.plot.at_x(800 * factor), abs=0.01)
        dot = panel.plot.dots[0] / factor
        np.testing.assert_allclose(dot, panel.plot.dot_steps)


def test_a_click_on_the_axis_title_offers_what_it_may_count(panel: LossPanel) -> None:
    panel.set_view(make_view(100))
    panel.grab()
    where = panel.plot.axis_rect.center()
    assert panel.plot.tip_at(where)
    asked: list[QPointF] = []
    panel.plot.axis_clicked.disconnect()
    panel.plot.axis_clicked.connect(asked.append)
    QTest.mouseClick(panel.plot, Qt.MouseButton.LeftButton, pos=where.toPoint())
    assert len(asked) == 1 and not time_cursor().pinned


@pytest.mark.parametrize("along", ["characters", "seconds"])
def test_another_axis_keeps_the_zoomed_steps(panel: LossPanel, along: str) -> None:
    panel.set_view(make_view(1000))
    turn_wheel(panel.plot, panel.plot.area().center(), 4)
    steps = [panel.plot.to_step(x) for x in panel.plot.x_range]
    panel.set_axis(along)
    assert [panel.plot.to_step(x) for x in panel.plot.x_range] == pytest.approx(steps, rel=1e-3)


def test_the_loss_axis_can_be_logarithmic(panel: LossPanel) -> None:
    panel.set_view(make_view(1000))
    QTest.mouseClick(panel.controls.log_y_toggle, Qt.MouseButton.LeftButton)
    plot = panel.plot
    for nats in (1.5, 3.0, 4.17):
        assert plot.y_range.low < math.log10(nats) < plot.y_range.high
    assert plot.pixel_of(1.5) - plot.pixel_of(3.0) == pytest.approx(
        plot.pixel_of(2.0) - plot.pixel_of(4.0)
    )
    for unit in ("nats", "bits"):
        panel.set_unit(unit)
        scale = math.log(2) if unit == "bits" else 1.0
        ticks = plot.y_ticks()
        assert len(ticks) >= 3
        for tick in ticks:
            assert 10**tick.at / scale == pytest.approx(float(tick.label), rel=1e-6)
    # Perplexity is logarithmic as it is: the switch says so and leaves the picture alone.
    panel.set_unit("perplexity")
    assert (
        not panel.controls.log_y_toggle.isEnabled()
        and "logarithmic" in panel.controls.log_y_toggle.toolTip()
    )
    assert plot.y_range.high > 4
    panel.set_unit("nats")
    assert panel.controls.log_y_toggle.isEnabled() and plot.y_range.high < 1


# Smoothing.


def test_raw_stays_visible_and_another_smoothing_redraws_all(panel: LossPanel) -> None:
    view = make_view(3000)
    panel.set_view(view)
    assert panel.controls.smoothing.value() == view.config.smoothing
    raw, smooth = panel.plot.raw, panel.plot.smooth
    panel.controls.smoothing.popup.show()
    panel.controls.smoothing.field.setFocus()
    panel.controls.smoothing.field.selectAll()
    QTest.keyClicks(panel.controls.smoothing.field, "300")
    QTest.keyClick(panel.controls.smoothing.field, Qt.Key.Key_Return)
    panel.controls.smoothing.popup.hide()
    assert panel.choices()["smoothing"] == 300
    assert panel.controls.smoothing.text() == "smooth 300 ▾"
    assert np.array_equal(panel.plot.raw[1], raw[1])
    assert np.abs(panel.plot.smooth[1] - smooth[1]).max() > 0.05
    assert panel.plot.last_train is not None
    assert panel.plot.last_train[1] == pytest.approx(panel.plot.smooth[1][-1], abs=0.01)


def test_past_points_never_move_when_new_ones_come(panel: LossPanel) -> None:
    view = make_view(600)
    panel.set_view(view)
    panel.set_smoothing(37)
    assert panel.plot.means is not None
    before = panel.plot.means.values.copy()
    for count in (1, 7, 400):
        add_steps(view, count)
        panel.refresh()
        assert np.array_equal(panel.plot.means.values[: len(before)], before)
        before = panel.plot.means.values.copy()
    assert len(before) == 1008


def test_without_smoothing_the_raw_loss_stands_alone(panel: LossPanel) -> None:
    view = make_view(600)
    panel.set_view(view)
    panel.set_smoothing(1)
    assert len(panel.plot.smooth[0]) == 0 and panel.plot.raw_only
    assert view.history.last is not None
    assert panel.plot.last_train == (600.0, view.history.last.loss)


def test_choices_are_kept_with_the_run(panel: LossPanel) -> None:
    view = make_view(600)
    panel.set_view(view)
    panel.set_axis("seconds")
    panel.set_log_y(True)
    panel.set_log_x(False)
    panel.set_smoothing(200)
    panel.set_line_shown("2", False)
    kept = panel.choices()
    panel.set_view(make_view(600))
    panel.choose({})
    assert panel.choices() == {
        "unit": "nats", "log_x": True, "log_y": False, "along": "step", "smoothing": 0,
        "hidden": ["2"], "zoom": [],
    }  # fmt: skip
    panel.reset_view()
    assert panel.choices()["hidden"] == []
    panel.choose(kept)
    assert panel.choices() == kept
    for bad in (0, -1, True, "60", 10**9, 1.5, None):
        panel.choose({"smoothing": bad, "along": ["step"]})
        assert panel.choices()["smoothing"] == 0
