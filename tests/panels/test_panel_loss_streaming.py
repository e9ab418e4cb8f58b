"""The Loss panel under the hand while rows stream in, and its marks."""

from __future__ import annotations

import numpy as np
import pytest
from loss_runs import LEFT, add_steps, drag, loss_panel, make_view
from pointing import move_pointer, turn_wheel
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from rnnviz.panels import loss_curves
from rnnviz.panels.loss import LossPanel
from rnnviz.panels.loss_units import loss_text
from rnnviz.panels.theme import theme
from rnnviz.panels.time_cursor import time_cursor
from rnnviz.session.frames import Event, Sample


@pytest.fixture
def panel(qtbot: QtBot) -> LossPanel:
    return loss_panel(qtbot)


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
