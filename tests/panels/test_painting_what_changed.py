"""Live plots paint what has changed, and no more: the rest stays as it is on the screen."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QPointF, QRect, QRectF
from PySide6.QtGui import QImage, QRegion
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot
from showing import show

from rnnviz.measuring.long_history import make_history, next_rows
from rnnviz.panels.gradient_norm import GradientNormPanel
from rnnviz.panels.loss import LossPanel
from rnnviz.panels.painting import for_keeps
from rnnviz.panels.plot import Plot
from rnnviz.panels.theme import themes
from rnnviz.panels.ticks import Range
from rnnviz.panels.time_cursor import time_cursor
from rnnviz.panels.widgets.timeline import Timeline
from rnnviz.session.config import RunConfig
from rnnviz.session.frames import Event, InForce, RunState, Validation
from rnnviz.session.view import RunView
from rnnviz.text.ngrams import ReferenceLosses
from rnnviz.text.vocabulary import Vocabulary


def long_run(steps: int) -> RunView:
    losses = {2: 2.486, 3: 2.049, 5: 1.669}
    view = RunView(
        number=1,
        config=RunConfig(),
        corpus_name="a text",
        vocabulary=Vocabulary(tuple(chr(48 + i) for i in range(65))),
        split_label="contiguous 90/10",
        in_force=InForce(5e-3, "norm", 1.0, "adam", 0.8),
        references=ReferenceLosses(4.174, losses, 1_003_854, 111_540),
    )
    view.history = make_history(steps)
    view.state = RunState("training", steps)
    return view


def go_on(view: RunView, steps: int = 10) -> None:
    view.history.add_rows(next_rows(view.history, steps))


class Painted:
    """What of a plot was painted, one rectangle for each time."""

    def __init__(self, plot: Plot, monkeypatch: pytest.MonkeyPatch) -> None:
        self.parts: list[QRect] = []
        paint = type(plot).paint_content

        def noted(plot: Plot, painter) -> None:  # type: ignore[no-untyped-def]
            self.parts.append(plot.exposed.toRect())
            paint(plot, painter)

        monkeypatch.setattr(type(plot), "paint_content", noted)

    def since(self) -> list[QRect]:
        QApplication.processEvents()
        parts, self.parts = self.parts, []
        return parts


def whole(widget: QWidget) -> QImage:
    return widget.grab().toImage()


def levels(image: QImage) -> NDArray[np.int64]:
    return np.frombuffer(image.constBits(), np.uint8).astype(np.int64)


def shown(qtbot: QtBot, panel: QWidget) -> None:
    """On the screen, and painted: what the screen asks for afterwards would count as a part."""
    show(qtbot, panel, 804, 312)
    QApplication.processEvents()


@pytest.fixture
def panel(qtbot: QtBot) -> LossPanel:
    panel = LossPanel()
    shown(qtbot, panel)
    return panel


@pytest.mark.parametrize("steps", [1_000, 100_000, 1_000_000])
@pytest.mark.parametrize("log_x", [True, False])
def test_new_steps_paint_the_end_of_the_curve_alone(
    panel: LossPanel, steps: int, log_x: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = long_run(steps + 3)  # the axis has just grown, and will not for a while
    view.references = ReferenceLosses(4.174, {}, 1_003_854, 111_540)  # no label in the way
    panel.set_view(view)
    panel.set_log_x(log_x)
    painted = Painted(panel.plot, monkeypatch)
    whole(panel.plot)
    painted.since()
    for _ in range(5):
        before = whole(panel.plot)
        painted.since()
        go_on(view)
        panel.refresh()
        (part,) = painted.since()
        assert part.right() == panel.plot.rect().right()
        assert part.width() < 0.3 * panel.plot.width()
        after = whole(panel.plot)
        # Left of it nothing is another than it was,
        left = QRect(QPoint(0, 0), QPoint(part.left() - 1, part.bottom()))
        assert before.copy(left) == after.copy(left)
        # and painting the part alone makes of the old picture the new one,
        panel.plot.render(before, part.topLeft(), QRegion(part))
        # up to how Qt blends a smooth line that it cuts off.
        assert np.abs(levels(before) - levels(after)).max() <= 8


def test_a_million_steps_draw_no_more_points_than_a_thousand_pixels_can_show(
    panel: LossPanel,
) -> None:
    panel.set_view(long_run(1_000_000))
    plot = panel.plot
    assert len(plot.raw[0]) <= 2 * (plot.area().width() + 2)
    assert len(plot.smooth[0]) <= plot.area().width() / 2 + 2
    assert len(plot.dots[0]) <= plot.area().width() / 4 + 1
    x = plot.pixel_x(plot.axis.plotted(plot.raw[0]))
    assert x[-1] == pytest.approx(plot.at_x(plot.x_of(1_000_000)))


def test_past_points_of_the_curves_never_move(panel: LossPanel) -> None:
    view = long_run(5_300)
    panel.set_view(view)
    x, y = (column.copy() for column in panel.plot.raw)
    for _ in range(20):
        go_on(view, 7)
        panel.refresh()
    later_x, later_y = panel.plot.raw
    assert len(later_x) > len(x) - 2
    assert (later_x[: len(x) - 2] == x[:-2]).all() and (later_y[: len(x) - 2] == y[:-2]).all()


def test_whatever_else_changes_is_painted_as_a_whole(
    panel: LossPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = long_run(5_003)
    panel.set_view(view)
    painted = Painted(panel.plot, monkeypatch)
    painted.since()

    def is_whole() -> bool:
        go_on(view)
        panel.refresh()
        parts = painted.since()
        go_on(view)
        panel.refresh()
        (later,) = painted.since()
        assert later.width() < panel.plot.width()
        return [part.width() for part in parts] == [panel.plot.width()]

    newest = view.history.validations[-1]
    view.history.validations.append(Validation(view.step, newest.loss, 8_192, 100_000))
    assert is_whole()
    view.history.events.append(Event(view.step, "lr", "lr 1e-3 → 2e-3"))
    assert is_whole()
    view.references = ReferenceLosses(4.174, {2: 2.4}, 1_000, 100)
    assert is_whole()
    panel.set_unit("bits")
    assert is_whole()
    low, high = panel.plot.y_range
    panel.plot.set_ranges(panel.plot.x_range, Range(low, high + 0.5))
    assert is_whole()
    themes().set_mode("light")
    assert is_whole()
    themes().set_mode("dark")
    assert is_whole()


def test_a_label_that_the_curve_grows_into_gives_way(
    panel: LossPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = long_run(1_010)
    panel.set_view(view)
    whole(panel.plot)
    plot = panel.plot
    uniform = plot.label_rects["uniform"]
    # As if it stood where the curve will be next.
    x, y = plot.at_x(plot.x_of(view.step)), plot.pixel_of(view.history.loss.values[-1])
    plot.label_rects["uniform"] = QRectF(QPointF(x + 1, y - 60), uniform.size() * 8)
    painted = Painted(plot, monkeypatch)
    painted.since()
    go_on(view, 60)
    panel.refresh()
    assert painted.since()[0].width() == plot.width()
    assert plot.label_rects["uniform"].size() == uniform.size()


def test_what_is_pointed_at_is_painted_with_the_curve(
    panel: LossPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = long_run(5_003)
    panel.set_view(view)
    time_cursor().pin(2_000)
    painted = Painted(panel.plot, monkeypatch)
    painted.since()
    go_on(view)
    panel.refresh()
    (part,) = painted.since()
    assert part.width() == panel.plot.width()


def test_axes_are_painted_once_for_what_they_show(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[Plot] = []
    paint = Plot._paint_axes

    def noted(plot: Plot, *rest) -> None:  # type: ignore[no-untyped-def]
        counted.append(plot)
        paint(plot, *rest)

    monkeypatch.setattr(Plot, "_paint_axes", noted)
    themes().set_mode("dark")
    for panel in (LossPanel(), GradientNormPanel()):
        shown(qtbot, panel)
        view = long_run(2_103)
        panel.set_view(view)
        QApplication.processEvents()
        counted.clear()
        for _ in range(8):
            go_on(view)
            panel.refresh()
            QApplication.processEvents()
        assert not counted
        ready_made = whole(panel.plot)
        with for_keeps():
            anew = whole(panel.plot)
        assert counted and ready_made == anew
        counted.clear()
        themes().set_mode("light")
        QApplication.processEvents()
        assert counted
        themes().set_mode("dark")
        panel.hide()
        assert panel.plot._axes is None


def test_the_reference_lines_stand_still_with_the_axes(panel: LossPanel) -> None:
    view = long_run(2_003)
    panel.set_view(view)
    whole(panel.plot)
    look = panel.plot.ground_look()
    go_on(view)
    panel.refresh()
    assert panel.plot.ground_look() == look
    panel.set_line_shown("3", False)
    assert panel.plot.ground_look() != look


class CountedTimeline(Timeline):
    count = 0

    def paintEvent(self, event) -> None:  # type: ignore[no-untyped-def]
        self.count += 1
        super().paintEvent(event)


def test_the_timeline_is_painted_once_something_in_it_moves(qtbot: QtBot) -> None:
    timeline = CountedTimeline()
    timeline.view = view = long_run(100_000)
    show(qtbot, timeline, 500, 54)
    QApplication.processEvents()

    def paints(steps: int) -> int:
        timeline.count = 0
        go_on(view, steps) if steps else None
        timeline.refresh()
        QApplication.processEvents()
        return timeline.count

    assert paints(0) == 0
    assert paints(50) == 0  # a quarter of a pixel
    assert paints(51) == 1
    assert paints(10) == 0
    view.history.events.append(Event(view.step, "clip", "clip 1 → 2"))
    assert paints(0) == 1
    view.history.events[-1] = Event(view.step, "clip", "clip 1 → 3")
    assert paints(0) == 1
    timeline.view = long_run(3)
    assert paints(0) == 1
    view = timeline.view
    assert paints(1) == 1


def test_the_picture_of_a_plot_is_that_of_its_history_however_it_came(qtbot: QtBot) -> None:
    """Step by step or at once, the bins are the same."""
    pictures = []
    for pieces in ((3_000,), (1_000, 500, 500, 1_000)):
        panel = LossPanel()
        shown(qtbot, panel)
        full = make_history(3_000)
        view = long_run(1)
        view.history = make_history(1)
        panel.set_view(view)
        for column in ("step", "characters", "seconds", "loss", "smoothed"):
            getattr(view.history, column).append(getattr(full, column).values[1:1])
        at = 1
        for piece in pieces:
            end = min(at + piece, 3_000)
            for column in ("step", "characters", "seconds", "loss", "smoothed"):
                getattr(view.history, column).append(getattr(full, column).values[at:end])
            at = end
            view.history.last = full.last._replace(step=at) if full.last else None
            panel.refresh()
        pictures.append((panel.plot.raw, panel.plot.smooth))
    for one, other in zip(*pictures, strict=True):
        assert len(one[0]) == len(other[0]) and math.isfinite(one[1].sum())
        assert (one[0] == other[0]).all() and (one[1] == other[1]).all()
