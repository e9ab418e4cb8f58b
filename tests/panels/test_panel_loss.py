"""The Loss panel with real events: units, follow, reference lines, cost, words, data as CSV."""

from __future__ import annotations

import math
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from loss_runs import LEFT, SPLIT, Floats, add_steps, drag, loss_panel, make_view
from menus import menu_entry
from pointing import move_pointer, turn_wheel
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QPainter, QPolygonF
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from rnnviz.panels import loss_curves
from rnnviz.panels.curves import draw_curve, polygon
from rnnviz.panels.loss import LossPanel
from rnnviz.panels.loss_labels import spread
from rnnviz.panels.loss_units import loss_text
from rnnviz.panels.number_text import two_figures
from rnnviz.panels.theme import theme, themes
from rnnviz.panels.ticks import Range, grown, linear_ticks, log_ticks
from rnnviz.session.frames import Event, Row, RunState, Validation
from rnnviz.session.reference_lines import Reference, below_since
from rnnviz.session.view import RunView


@pytest.fixture
def panel(qtbot: QtBot) -> LossPanel:
    return loss_panel(qtbot)


def test_empty_panel_shows_the_reference_lines_and_what_to_press(panel: LossPanel) -> None:
    panel.set_view(make_view(0))
    panel.grab()
    assert panel.plot.empty_text == "Press Play"
    assert set(panel.plot.label_rects) == {"uniform", "2", "3", "5"}
    assert panel.clause() == "contiguous 90/10, nats/char"
    assert panel.plot.drawn_points() == 0


def test_before_the_references_are_computed_uniform_is_known(panel: LossPanel) -> None:
    panel.set_view(make_view(0, with_references=False))
    assert [line.nats for line in panel.plot.lines] == [pytest.approx(math.log(65))]


def test_first_steps_are_raw_only(panel: LossPanel) -> None:
    view = make_view(19)
    panel.set_view(view)
    assert len(panel.plot.smooth[0]) == 0
    assert len(panel.plot.raw[0]) == 19
    add_steps(view, 1)
    panel.refresh()
    assert len(panel.plot.smooth[0]) == 20


def test_end_values_never_overlap(panel: LossPanel) -> None:
    for steps in (30, 300, 3000):
        panel.set_view(make_view(steps))
        panel.grab()
        rects = list(panel.plot.value_rects.values())
        assert len(rects) == 2
        assert not rects[0].adjusted(0, 0.5, 0, -0.5).intersects(rects[1])
        assert all(panel.plot.rect().contains(rect.toRect()) for rect in rects)


@pytest.mark.parametrize("size", [(804, 312), (590, 270), (410, 190), (360, 160)])
@pytest.mark.parametrize("steps", [0, 12, 150, 5000])
@pytest.mark.parametrize("unit", ["nats", "bits", "perplexity"])
def test_labels_avoid_each_other(
    panel: LossPanel, size: tuple[int, int], steps: int, unit: str
) -> None:
    panel.resize(*size)
    panel.set_view(make_view(steps))
    panel.set_unit(unit)
    for log_x in (False, True):
        panel.set_log_x(log_x)
        panel.grab()
        rects = sorted(panel.plot.label_rects.values(), key=lambda rect: rect.top())
        assert not any(a.intersects(b) for a, b in pairwise(rects))
        assert all(panel.plot.rect().contains(rect.toRect()) for rect in rects)


def test_axes_hold_all_data_and_the_uniform_line_and_only_grow(panel: LossPanel) -> None:
    view = make_view(5)
    panel.set_view(view)
    before_x, before_y = panel.plot.x_range, panel.plot.y_range
    for count in (5, 40, 400, 4000):
        add_steps(view, count)
        panel.refresh()
        x, y = panel.plot.x_range, panel.plot.y_range
        losses = view.history.loss.values
        assert y.low < losses.min() and losses.max() < y.high and y.high > 4.174
        assert x.high >= math.log10(view.step)
        assert x.high >= before_x.high and y.low <= before_y.low and y.high >= before_y.high
        before_x, before_y = x, y


def test_a_spike_does_not_press_the_rest_flat_and_is_told(panel: LossPanel) -> None:
    view = make_view(500)
    assert view.history.last is not None
    calm = view.history.last
    view.history.add_rows([calm._replace(step=501, loss=37.0), calm._replace(step=502)])
    panel.set_view(view)
    assert panel.plot.y_range.high < 10
    assert panel.plot.peak == pytest.approx(37.0)


def test_a_loss_that_stays_high_is_shown_whole(panel: LossPanel) -> None:
    view = make_view(500)
    assert view.history.last is not None
    view.history.add_rows([view.history.last._replace(step=501, loss=37.0, smoothed=36.0)])
    panel.set_view(view)
    assert panel.plot.y_range.high > 37.0
    assert panel.plot.peak is None


def test_units_relabel_the_same_picture(panel: LossPanel) -> None:
    panel.set_view(make_view(1000))
    nats = panel.plot.y_range
    QTest.mouseClick(
        panel.controls.units,
        Qt.MouseButton.LeftButton,
        pos=panel.controls.units.option_center("perplexity").toPoint(),
    )
    assert panel.plot.unit == "perplexity"
    assert panel.plot.y_range == nats
    assert {tick.label for tick in panel.plot.y_ticks()} >= {"5", "10", "20", "50"}
    assert loss_text(math.log(8), "bits") == "3.00"
    assert loss_text(math.log(8), "perplexity") == "8.00"
    assert loss_text(5000.0, "perplexity") == "1.0e+304"


def test_log_x_keeps_the_zoomed_steps(panel: LossPanel) -> None:
    panel.set_view(make_view(1000))
    turn_wheel(panel.plot, panel.plot.area().center(), 4)
    low, high = (panel.plot.to_step(x) for x in panel.plot.x_range)
    QTest.mouseClick(panel.controls.log_toggle, Qt.MouseButton.LeftButton)
    assert panel.plot.x_range == (pytest.approx(low), pytest.approx(high))


def test_wheel_drag_and_box_stop_following_and_double_click_follows(panel: LossPanel) -> None:
    view = make_view(1000)
    panel.set_view(view)
    home = (panel.plot.x_range, panel.plot.y_range)
    center = panel.plot.area().center().toPoint()
    assert panel.controls.follow_button.isHidden()

    turn_wheel(panel.plot, QPointF(center), 2)
    assert not panel.following() and panel.controls.follow_button.isVisible()
    zoomed = panel.plot.x_range
    assert zoomed.span < home[0].span
    add_steps(view, 500)
    panel.refresh()
    assert panel.plot.x_range == zoomed

    drag(panel, center, center - QPoint(40, 0))
    assert panel.plot.x_range.low > zoomed.low
    drag(panel, center - QPoint(50, 30), center + QPoint(50, 30), shift=True)
    assert panel.plot.x_range.span < zoomed.span / 3

    QTest.mouseDClick(panel.plot, Qt.MouseButton.LeftButton, pos=center)
    assert panel.following() and panel.controls.follow_button.isHidden()
    assert panel.plot.x_range.high >= math.log10(1500)

    turn_wheel(panel.plot, QPointF(center), 1)
    QTest.mouseClick(panel.controls.follow_button, Qt.MouseButton.LeftButton)
    assert panel.following()


def test_the_wheel_over_an_axis_zooms_only_that_one(panel: LossPanel) -> None:
    panel.set_view(make_view(1000))
    x, y = panel.plot.x_range, panel.plot.y_range
    area = panel.plot.area()
    turn_wheel(panel.plot, QPointF(area.center().x(), area.bottom() + 8), 1)
    assert panel.plot.x_range.span < x.span and panel.plot.y_range == y
    x = panel.plot.x_range
    turn_wheel(panel.plot, QPointF(area.left() - 8, area.center().y()), 1)
    assert panel.plot.x_range == x and panel.plot.y_range.span < y.span


def test_keys_pan_and_zoom(panel: LossPanel) -> None:
    panel.set_view(make_view(1000))
    span = panel.plot.x_range.span
    QTest.keyClick(panel.plot, Qt.Key.Key_Plus)
    assert panel.plot.x_range.span < span
    low = panel.plot.x_range.low
    QTest.keyClick(panel.plot, Qt.Key.Key_Right)
    assert panel.plot.x_range.low > low
    QTest.keyClick(panel.plot, Qt.Key.Key_Home)
    assert panel.following()


def test_hover_reads_out_the_step_and_names_the_split(panel: LossPanel) -> None:
    view = make_view(1000)
    panel.set_view(view)
    x = panel.plot.at_x(math.log10(500))
    move_pointer(panel.plot, QPoint(round(x), round(panel.plot.area().center().y())), LEFT)
    panel.grab()
    shown = dict(panel.plot.readout)
    step = int(shown["step"].replace(",", ""))
    assert abs(step - 500) <= 8
    assert shown["train"] == f"{view.history.loss.values[step - 1]:.2f}"
    assert "perplexity" in shown and "smoothed" in shown
    assert any(SPLIT in name for name in shown)
    assert panel.plot.rect().contains(panel.plot.readout_rect.toRect())


def test_a_click_on_a_reference_label_hides_its_line(panel: LossPanel) -> None:
    panel.set_view(make_view(0))
    panel.grab()
    where = panel.plot.label_rects["3"].center().toPoint()
    QTest.mouseClick(panel.plot, Qt.MouseButton.LeftButton, pos=where)
    panel.grab()
    assert "3" not in panel.plot.label_rects
    action = menu_entry(panel.menu, "Reference lines", "trigram")
    assert not action.isChecked()
    action.trigger()
    panel.grab()
    assert "3" in panel.plot.label_rects


def test_the_clause_tells_what_was_beaten_and_on_which_split(panel: LossPanel) -> None:
    panel.resize(1000, 312)
    panel.set_view(make_view(4000))
    panel.grab()
    assert panel.clause().startswith(f"{SPLIT}: validation below the 5-gram table since step ")
    panel.resize(590, 270)
    panel.grab()
    assert panel.clause().startswith(SPLIT)
    assert SPLIT in panel.plot.validation_tip
    assert "32,768 of 111,540" in panel.plot.validation_tip


def test_below_since_takes_the_last_unbroken_stretch() -> None:
    lines = [Reference("uniform", "uniform", 4.0), Reference("2", "bigram", 2.5)]
    losses = [4.5, 2.4, 2.6, 2.4, 2.3]
    measured = [Validation(10 * i, loss, 1, 1) for i, loss in enumerate(losses)]
    assert below_since(lines, measured) == (lines[1], 30)
    assert below_since(lines, measured[:3]) == (lines[0], 10)
    assert below_since(lines, measured[:1]) is None
    assert below_since(lines, []) is None


def test_events_and_divergence_are_marked(panel: LossPanel) -> None:
    view = make_view(300)
    view.history.events += [Event(100, "lr", "lr 5e-3 → 2e-3"), Event(301, "diverged", "cause")]
    view.state = RunState("diverged", 300, "cause")
    panel.set_view(view)
    assert panel.plot.diverged_at == 301
    assert [event.step for event in panel.plot.events] == [100]
    assert panel.plot.x_range.high >= math.log10(301)
    picture = panel.grab().toImage()
    ratio = picture.devicePixelRatio()
    x = round(panel.plot.at_x(math.log10(301)) - 0.5) + panel.plot.x()
    column = {picture.pixelColor(round((x + d) * ratio), round(y * ratio)).name().upper()
              for d in (-1, 0, 1) for y in range(60, 250)}  # fmt: skip
    assert theme().hex("danger") in column


def test_a_run_that_goes_on_from_a_divergence_has_its_cross_no_longer(
    panel: LossPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    crosses: list[str] = []
    monkeypatch.setattr(
        loss_curves, "paint_event_mark", lambda painter, kind, at, size: crosses.append(kind)
    )
    view = make_view(300)
    view.history.events.append(Event(301, "diverged", "cause"))
    panel.set_view(view)
    panel.grab()
    assert "diverged" in crosses
    add_steps(view, 50)
    panel.refresh()
    crosses.clear()
    panel.grab()
    assert "diverged" not in crosses
    assert panel.plot.diverged_at == 301, "the dashed line stays"


def test_the_theme_flips_live(panel: LossPanel) -> None:
    panel.set_view(make_view(300))
    corner = QPoint(2, 2)
    assert panel.plot.grab().toImage().pixelColor(corner).name().upper() == theme().hex("surface")
    themes().set_mode("light")
    assert panel.plot.grab().toImage().pixelColor(corner).name().upper() == "#FFFFFF"


def test_another_run_starts_from_its_own_beginning(panel: LossPanel) -> None:
    panel.set_view(make_view(1000))
    turn_wheel(panel.plot, panel.plot.area().center(), 3)
    panel.set_view(make_view(0))
    assert panel.following() and panel.controls.follow_button.isHidden()
    assert panel.plot.drawn_points() == 0
    assert panel.plot.last_train is None and panel.plot.last_validation is None


def test_a_refresh_without_news_does_nothing(
    panel: LossPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = make_view(300)
    panel.set_view(view)
    panel.grab()
    calls: list[float | None] = []
    monkeypatch.setattr(panel.plot, "show_changes", calls.append)
    panel.refresh()
    assert calls == []
    add_steps(view, 1)
    panel.refresh()
    assert len(calls) == 1


@cache
def long_view(count: int) -> RunView:
    """A run of so many steps, quickly made; shared, so not to change."""
    view = make_view(0)
    steps = np.arange(1, count + 1)
    loss = 1.4 + 2.77 * np.exp(-((steps / 150) ** 0.6)) + 0.1 * np.sin(steps * 1.7)
    for name, values in (
        ("step", steps), ("characters", steps * 1600), ("seconds", steps * 0.03),
        ("loss", loss), ("smoothed", loss), ("grad_norm", loss), ("max_abs", loss),
        ("learning_rate", loss),
    ):  # fmt: skip
        getattr(view.history, name).append(values)
    view.history.last = Row(count, count * 1600, count * 0.03, 1.0, 1.4, 1.4, 1.0, 0.1, False, 5e-3)
    every = max(count // 1000, 1)
    view.history.validations += [Validation(s, 1.5, 1, 1) for s in range(1, count, every)]
    return view


@pytest.mark.parametrize("along", ["step", "characters", "seconds"])
@pytest.mark.parametrize("log_x", [True, False])
def test_a_million_steps_draw_no_more_points_than_the_panel_has_columns(
    panel: LossPanel, along: str, log_x: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed: list[int] = []

    def counted(x: Floats, y: Floats) -> QPolygonF:
        handed.append(len(x))
        return polygon(x, y)

    def counted_curve(painter: QPainter, x: Floats, y: Floats, *rest: Any) -> None:
        handed.append(len(x))
        draw_curve(painter, x, y, *rest)

    monkeypatch.setattr(loss_curves, "polygon", counted)
    monkeypatch.setattr(loss_curves, "draw_curve", counted_curve)
    for smoothing in (60, 1000):
        points = []
        for count in (10_000, 1_000_000):
            panel.set_view(long_view(count))
            panel.set_axis(along)
            panel.set_log_x(log_x)
            panel.set_smoothing(smoothing)
            handed.clear()
            panel.plot.grab()
            points.append(sum(handed))
            assert panel.plot.raw[0][-1] == panel.plot.axis.value_of(count)
            assert 200 < panel.plot.drawn_points() < 4 * panel.plot.width()
        assert 200 < points[1] < 3 * panel.plot.width()
        assert points[1] < 1.3 * points[0]


def test_a_long_run_is_not_read_anew_for_every_frame(
    panel: LossPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a frame looks at does not grow with the run: it takes in what is new."""
    view = make_view(20_000)
    panel.set_view(view)
    panel.set_smoothing(500)
    means = panel.plot.means
    assert means is not None and means is not view.history.smoothed
    taken: list[int] = []
    append = means.append
    monkeypatch.setattr(
        means, "append", lambda values: (taken.append(len(values)), append(values))[1]
    )
    add_steps(view, 30)
    panel.refresh()
    assert taken == [30]


def test_the_table_holds_every_step(panel: LossPanel) -> None:
    view = make_view(5000)
    panel.set_view(view)
    panel.set_smoothing(100)
    table = panel.table()
    assert table is not None and len(table) == 5000
    columns = dict(zip(table.columns, table.values, strict=True))
    assert list(columns["step"]) == list(range(1, 5001))
    assert np.array_equal(columns["train (nats/char)"], view.history.loss.values)
    assert panel.plot.means is not None
    name = "train, smoothed over 100 (nats/char)"
    assert np.array_equal(columns[name], panel.plot.means.values)
    held_out = columns[f"validation, {SPLIT} (nats/char)"]
    measured = {i + 1: value for i, value in enumerate(held_out) if value is not None}
    assert measured == {v.step: v.loss for v in view.history.validations}
    assert panel.help_text().count(".") >= 2


def test_a_narrow_panel_moves_the_units_into_the_menu(panel: LossPanel) -> None:
    panel.set_view(make_view(100))
    panel.resize(400, 250)
    assert panel.controls.units.isHidden()
    menu_entry(panel.menu, "Unit", "bits").trigger()
    assert panel.plot.unit == "bits" and panel.controls.units.current() == "bits"


def test_controls_have_names(panel: LossPanel) -> None:
    panel.set_view(make_view(100))
    for widget in (
        panel.plot,
        panel.controls.units,
        panel.controls.log_toggle,
        panel.menu.parentWidget(),
    ):
        assert widget.accessibleName()
    assert SPLIT in panel.plot.accessibleDescription()


def test_ticks_and_formats() -> None:
    assert [t.label for t in linear_ticks(Range(1.4, 4.4), 6)] == [
        "1.5", "2.0", "2.5", "3.0", "3.5", "4.0",
    ]  # fmt: skip
    labels = [t.label for t in log_ticks(Range(-2, 2), 6) if t.label]
    assert labels == ["0.01", "0.1", "1", "10", "100"]
    close = [t.label for t in log_ticks(Range(math.log10(400), math.log10(480)), 6) if t.label]
    assert len(close) >= 2
    assert [two_figures(v) for v in (5.0, 0.0123, 12.34, 1234.0, 3.1e9, 0.0, 9.96)] == [
        "5.0", "0.012", "12", "1,200", "3.1e+09", "0", "10",
    ]  # fmt: skip
    assert [grown(v) for v in (10, 1640, 6001)] == [10, 2000, 8000]
    assert spread([10.0, 12.0], 20, 0, 100) == [1.0, 21.0]
    assert spread([90.0, 99.0], 20, 0, 95) == [75.0, 95.0]


def test_a_validation_of_long_ago_stands_back_and_keeps_its_tooltip(panel: LossPanel) -> None:
    view = make_view(500)
    panel.set_view(view)
    panel.grab()
    newest = view.history.validations[-1]
    panel.plot.last_validation = (10.0, newest.loss)
    assert panel.plot.validation_is_old()
    panel.grab()
    assert set(panel.plot.value_rects) == {"val", "train"}
    panel.plot.last_validation = (480.0, newest.loss)
    assert not panel.plot.validation_is_old()
