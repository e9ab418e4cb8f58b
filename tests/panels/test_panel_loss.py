"""The Loss panel with real events: units, follow, reference lines, cost, words, data as CSV."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from menus import menu_entry
from numpy.typing import NDArray
from pointing import move_pointer, turn_wheel
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QPainter, QPolygonF
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from showing import show
from views import run_view

from rnnviz.panels import loss_curves
from rnnviz.panels.curves import draw_curve, polygon
from rnnviz.panels.loss import LossPanel
from rnnviz.panels.loss_labels import spread
from rnnviz.panels.loss_units import loss_text
from rnnviz.panels.number_text import two_figures
from rnnviz.panels.theme import theme, themes
from rnnviz.panels.ticks import Range, grown, linear_ticks, log_ticks
from rnnviz.panels.time_cursor import time_cursor
from rnnviz.session.frames import Event, Row, RunState, Sample, Validation
from rnnviz.session.reference_lines import Reference, below_since
from rnnviz.session.view import RunView
from rnnviz.text.ngrams import ReferenceLosses

# Said by the offscreen platform about every window.
LEFT = Qt.MouseButton.LeftButton

SPLIT = "contiguous 90/10"
Floats = NDArray[np.float64]


def make_view(steps: int, *, with_references: bool = True) -> RunView:
    """A run whose loss falls from ln 65 towards 1.4, validated at growing steps."""
    view = run_view((chr(48 + i) for i in range(65)), split=SPLIT)
    if with_references:
        losses = {1: 3.347, 2: 2.486, 3: 2.049, 4: 1.774, 5: 1.669, 6: 1.698}
        view.references = ReferenceLosses(4.174, losses, 1_003_854, 111_540)
    add_steps(view, steps)
    return view


def loss_at(step: int) -> float:
    return 1.4 + 2.77 * math.exp(-((step / 150) ** 0.6))


def add_steps(view: RunView, count: int) -> None:
    rng = np.random.default_rng(0)
    start = view.step
    noise = rng.normal(0, 0.03, count)
    rows = [
        Row(s, s * 1600, s * 0.03, s / 600, loss_at(s) + float(noise[i]), loss_at(s), 1.5, 0.1,
            False, 5e-3)
        for i, s in enumerate(range(start + 1, start + count + 1))
    ]  # fmt: skip
    if rows:
        view.history.add_rows(rows)
        view.state = RunState("training", rows[-1].step)
    step = 1
    while step <= start + count:
        if step > start:
            view.history.validations.append(Validation(step, loss_at(step) + 0.1, 32_768, 111_540))
        step = max(step + 1, math.ceil(step * 1.25))


@pytest.fixture
def panel(qtbot: QtBot) -> Iterator[LossPanel]:
    panel = LossPanel()
    show(qtbot, panel, 804, 312)
    yield panel


def drag(panel: LossPanel, start: QPoint, end: QPoint, shift: bool = False) -> None:
    keys = Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier
    QTest.mousePress(panel.plot, Qt.MouseButton.LeftButton, keys, start)
    move_pointer(panel.plot, (start + end) / 2, LEFT)
    move_pointer(panel.plot, end, LEFT)
    QTest.mouseRelease(panel.plot, Qt.MouseButton.LeftButton, keys, end)


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


# While it streams.


def test_a_zoom_that_holds_the_newest_step_goes_along_with_it(panel: LossPanel) -> None:
    view = make_view(1000)
    panel.set_view(view)
    panel.set_log_x(False)
    newest = QPointF(panel.plot.at_x(1000), panel.plot.area().center().y())
    turn_wheel(panel.plot, newest, 5)
    span = panel.plot.x_range.span
    assert panel.following() and panel.controls.follow_button.isHidden()
    for _ in range(5):
        add_steps(view, 100)
        panel.refresh()
        assert panel.plot.x_range.low < view.step <= panel.plot.x_range.high
        assert panel.plot.x_range.span == pytest.approx(span)
    assert panel.plot.raw[0][-1] == 1500


def test_panning_off_the_right_edge_stops_following(panel: LossPanel) -> None:
    view = make_view(1000)
    panel.set_view(view)
    panel.set_log_x(False)
    turn_wheel(panel.plot, QPointF(panel.plot.at_x(1000), panel.plot.area().center().y()), 5)
    assert panel.following()
    center = panel.plot.area().center().toPoint()
    drag(panel, center, center + QPoint(300, 0))
    assert not panel.following() and panel.controls.follow_button.isVisible()
    shown = panel.plot.x_range
    add_steps(view, 500)
    panel.refresh()
    assert panel.plot.x_range == shown
    QTest.mouseDClick(panel.plot, Qt.MouseButton.LeftButton, pos=center)
    assert panel.following() and panel.controls.follow_button.isHidden()
    assert panel.plot.x_range.high >= 1500


def test_a_box_is_drawn_while_rows_stream_in(panel: LossPanel) -> None:
    view = make_view(1000)
    panel.set_view(view)
    start = panel.plot.area().center().toPoint() - QPoint(60, 40)
    end = start + QPoint(120, 80)
    keys = Qt.KeyboardModifier.ShiftModifier
    QTest.mousePress(panel.plot, Qt.MouseButton.LeftButton, keys, start)
    for part in range(1, 5):
        move_pointer(panel.plot, start + (end - start) * part / 4, LEFT)
        add_steps(view, 20)
        panel.refresh()
        panel.grab()
    low, high = panel.plot.plot_x(start.x()), panel.plot.plot_x(end.x())
    QTest.mouseRelease(panel.plot, Qt.MouseButton.LeftButton, keys, end)
    assert panel.plot.x_range.low == pytest.approx(low)
    assert panel.plot.x_range.high == pytest.approx(high)
    add_steps(view, 20)
    panel.refresh()
    assert panel.plot.x_range.high == pytest.approx(high)
    assert view.step == 1100


def test_the_read_out_stays_true_under_a_mouse_at_rest(panel: LossPanel) -> None:
    view = make_view(1000)
    panel.set_view(view)
    panel.set_log_x(False)
    at = panel.plot.area().center().toPoint()
    move_pointer(panel.plot, at, LEFT)
    for count in (0, 700, 3000):
        add_steps(view, count)
        panel.refresh()
        panel.grab()
        shown = dict(panel.plot.readout)
        step = int(shown["step"].replace(",", ""))
        assert abs(step - panel.plot.to_step(panel.plot.plot_x(at.x()))) <= 1
        smoothed = float(view.history.smoothed.values[step - 1])
        assert shown["train"] == loss_text(float(view.history.loss.values[step - 1]), "nats")
        assert shown["smoothed"] == loss_text(smoothed, "nats")
        assert shown["bits"] == loss_text(smoothed, "bits")
        assert shown["perplexity"] == loss_text(smoothed, "perplexity")
        newest = [v for v in view.history.validations if v.step <= step][-1]
        read = next(value for name, value in shown.items() if name.startswith("validation"))
        assert read == loss_text(newest.loss, "nats")


def test_a_click_leaves_no_frame_around_the_plot_but_the_keys_do(
    panel: LossPanel, qtbot: QtBot
) -> None:
    panel.set_view(make_view(300))
    panel.activateWindow()
    qtbot.waitUntil(panel.isActiveWindow)
    plot = panel.plot
    corner = plot.area().topRight().toPoint() - QPoint(20, 0)

    def framed() -> bool:
        image = plot.grab().toImage()
        ratio = image.devicePixelRatio()
        color = image.pixelColor(round(corner.x() * ratio), round(corner.y() * ratio))
        return color == theme().color("accent")

    assert not framed()
    QTest.mouseClick(plot, Qt.MouseButton.LeftButton, pos=plot.area().center().toPoint())
    assert plot.hasFocus() and not framed()
    panel.controls.log_toggle.setFocus(Qt.FocusReason.TabFocusReason)
    plot.setFocus(Qt.FocusReason.TabFocusReason)
    assert framed()


# Marks.


def test_pointing_at_a_mark_names_it(panel: LossPanel) -> None:
    view = make_view(1000)
    view.history.events += [
        Event(100, "lr", "lr 5.0e-3 → 2.0e-3"), Event(400, "clip", "clip 5 → 1"),
        Event(700, "weights", "weights of step 500"),
    ]  # fmt: skip
    panel.set_view(view)
    panel.grab()
    for event, x in zip(panel.plot.events, panel.plot.event_columns(), strict=True):
        move_pointer(panel.plot, QPoint(round(x), round(panel.plot.area().bottom() - 30)), LEFT)
        panel.grab()
        assert panel.plot.event_label == event.text
        assert (event.text, "") in panel.plot.readout
    # Pointed at on another axis, the mark alone is named here.
    QApplication.sendEvent(panel.plot, QEvent(QEvent.Type.Leave))
    time_cursor().point_at(100)
    panel.grab()
    assert panel.plot.event_label == "lr 5.0e-3 → 2.0e-3" and panel.plot.readout == []


def test_marks_of_one_step_stand_above_each_other_and_are_all_named(
    panel: LossPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    marks: list[tuple[str, QPointF, float]] = []
    paint = loss_curves.paint_event_mark

    def note(painter: QPainter, kind: str, at: QPointF, size: float) -> None:
        marks.append((kind, at, size))
        paint(painter, kind, at, size)

    monkeypatch.setattr(loss_curves, "paint_event_mark", note)
    view = make_view(300)
    view.history.events += [
        Event(1, "clip", "clip off → 0.8"),
        Event(1, "resumed", "went back to the weights of step 0"),
        Event(300, "lr", "lr 5.0e-3 → 2.0e-3"),
        Event(300, "lr", "lr 2.0e-3 → 1.0e-3"),
    ]
    panel.set_view(view)
    panel.set_log_x(False)
    panel.grab()
    assert [kind for kind, *_ in marks] == ["clip", "resumed", "lr"]
    area = panel.plot.area()
    for _, at, size in marks:
        assert area.left() <= at.x() - size and at.x() + size <= area.right() + 1, "all of it"
        assert at.y() + size <= area.bottom()
    (_, low, size), (_, high, _) = marks[:2]
    assert low.x() == high.x() and low.y() - high.y() >= 2 * size
    time_cursor().point_at(1)
    panel.grab()
    assert panel.plot.event_label == "clip off → 0.8; went back to the weights of step 0"
    time_cursor().point_at(300)
    panel.grab()
    assert panel.plot.event_label == "lr 2.0e-3 → 1.0e-3"


@pytest.mark.parametrize("kind", ["lr", "clip", "resumed", "optimizer", "weights"])
def test_every_kind_of_mark_is_painted_and_can_be_told_apart(panel: LossPanel, kind: str) -> None:
    pictures = []
    for marked in (kind, *(k for k in ("lr", "clip", "resumed") if k != kind)):
        view = make_view(300)
        view.history.events.append(Event(100, marked, "what happened"))
        panel.set_view(view)
        pictures.append(panel.grab().toImage())
    bare = make_view(300)
    panel.set_view(bare)
    pictures.append(panel.grab().toImage())
    assert not any(pictures[0] == other for other in pictures[1:])


def test_a_click_on_a_validation_dot_asks_for_its_sample(panel: LossPanel) -> None:
    view = make_view(1000)
    view.history.samples += [Sample(s, 2.0, 0.8, f"text {s}") for s in (10, 100, 500)]
    panel.set_view(view)
    panel.grab()
    asked: list[Sample] = []
    panel.sample_asked.connect(asked.append)
    steps = panel.plot.dot_steps
    step = float(steps[np.argmin(np.abs(steps - 110))])
    x = panel.plot.column_of(step)
    loss = next(v.loss for v in view.history.validations if v.step == step)
    assert x is not None
    where = QPoint(round(x), round(panel.plot.pixel_of(loss)))
    move_pointer(panel.plot, where, LEFT)
    assert panel.plot.cursor().shape() == Qt.CursorShape.PointingHandCursor
    assert str(int(step)) in panel.plot.tip_at(QPointF(where))
    QTest.mouseClick(panel.plot, Qt.MouseButton.LeftButton, pos=where)
    assert [sample.text for sample in asked] == ["text 100"]
    assert not time_cursor().pinned


def test_the_words_under_the_axis_are_there_in_a_panel_that_became_smaller(
    panel: LossPanel,
) -> None:
    panel.set_view(make_view(200))
    plot = panel.plot
    for width in (900, 500):
        panel.resize(width, 320)
        QApplication.processEvents()
        picture = panel.grab().toImage()
        words = plot.axis_rect.toAlignedRect()
        assert plot.rect().contains(words) and words.width() > 10
        words.moveTopLeft(plot.mapTo(panel, words.topLeft()))
        ground = theme().color("surface").rgb()
        seen = {
            picture.pixel(x, y)
            for x in range(words.left(), words.right())
            for y in range(words.top(), words.bottom())
        }
        assert seen - {ground}, width
