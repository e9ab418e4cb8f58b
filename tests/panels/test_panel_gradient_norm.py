"""The Gradient norm panel with real events: dragging the line, keys, modes, odd values, cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from menus import menu_entry
from pointing import move_pointer
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QPolygonF
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from showing import show
from views import run_view

from rnnviz.panels import norm_plot
from rnnviz.panels.curves import polygon
from rnnviz.panels.gradient_norm import WINDOWS, GradientNormPanel, share_text
from rnnviz.panels.norm_scale import SignedLogScale, nice_log
from rnnviz.panels.theme import theme, themes
from rnnviz.probes.gradient_entries import EntryCounts, gradient_entries
from rnnviz.session import recent_counts
from rnnviz.session.commands import SetClipping
from rnnviz.session.config import RunConfig
from rnnviz.session.frames import Event, InForce, Row
from rnnviz.session.view import RunView

Counted = Callable[[np.ndarray], np.ndarray]
# Said by the offscreen platform about every window.
LEFT = Qt.MouseButton.LeftButton


def make_view(norms: np.ndarray, kind: str = "norm", threshold: float = 5.0) -> RunView:
    """A run with these gradient norms; the largest entry is a tenth of the norm."""
    config = RunConfig(clip_kind=kind, clip_threshold=threshold)
    view = run_view(config=config, clipping=(kind, threshold), phase="training")
    add(view, norms)
    return view


def add(view: RunView, norms: np.ndarray) -> None:
    start = view.step + 1
    rows = [
        Row(start + i, 0, 0.0, 0.0, 2.0, 2.0, float(n), float(n) / 10, False, 5e-3)
        for i, n in enumerate(norms)
    ]
    if rows:
        view.history.add_rows(rows)


def typical(count: int = 1500) -> np.ndarray:
    return 1.5 * np.exp(np.random.default_rng(1).normal(0, 0.9, count))


@pytest.fixture
def panel(qtbot: QtBot) -> Iterator[GradientNormPanel]:
    panel = GradientNormPanel()
    show(qtbot, panel, 500, 312)
    yield panel


@pytest.fixture
def sent(panel: GradientNormPanel) -> list[SetClipping]:
    commands: list[SetClipping] = []
    panel.command.connect(commands.append)
    return commands


def acknowledge(panel: GradientNormPanel, command: SetClipping) -> None:
    assert panel.view is not None
    panel.view.in_force = InForce(5e-3, command.kind, command.threshold, "adam", 0.8)
    panel.refresh()


def drag_line(panel: GradientNormPanel, pixels: int, release: bool = True) -> None:
    """Takes the line over the histogram and moves it, positive is down, in several moves."""
    start = panel.clip_y_position()
    QTest.mousePress(panel.plot, Qt.MouseButton.LeftButton, pos=start)
    for part in range(1, 5):
        move_pointer(panel.plot, start + QPoint(0, pixels * part // 4), LEFT)
    if release:
        end = start + QPoint(0, pixels)
        QTest.mouseRelease(panel.plot, Qt.MouseButton.LeftButton, pos=end)


def test_empty_panel_shows_the_axis_and_the_line(panel: GradientNormPanel) -> None:
    panel.set_view(make_view(np.empty(0)))
    panel.grab()
    assert (panel.plot.y_range.low, panel.plot.y_range.high) == (-2.0, 2.0)
    assert panel.plot.label == "clip 5.0"
    assert panel.plot.drawn_points() == 0


def test_dragging_the_line_commands_each_change_and_recounts_at_once(
    panel: GradientNormPanel, sent: list[SetClipping]
) -> None:
    view = make_view(typical())
    panel.set_view(view)
    drag_line(panel, 40, release=False)
    assert len(sent) >= 3
    assert all(command.kind == "norm" for command in sent)
    thresholds = [command.threshold for command in sent]
    assert thresholds == sorted(thresholds, reverse=True) and thresholds[-1] < 5.0
    assert panel.clipping_shown() == ("norm", thresholds[-1])
    share = float(np.mean(typical()[-1000:] > thresholds[-1]))
    assert panel.plot.label == f"clip {thresholds[-1]:.1f} · {share_text(share)} clipped"
    assert view.in_force.clip_threshold == 5.0


def test_training_goes_on_while_the_line_is_dragged(
    panel: GradientNormPanel, sent: list[SetClipping]
) -> None:
    view = make_view(typical(200))
    panel.set_view(view)
    drag_line(panel, 30, release=False)
    held = panel.clipping_shown()
    before = panel.plot.y_range
    add(view, typical(400) * 20)
    acknowledge(panel, sent[0])  # an early command of the drag: the line stays under the mouse
    assert panel.clipping_shown() == held
    assert panel.plot.y_range == before
    start = panel.clip_y_position()
    QTest.mouseRelease(panel.plot, Qt.MouseButton.LeftButton, pos=start)
    acknowledge(panel, sent[-1])
    assert panel.clipping_shown() == held
    assert panel.plot.y_range.high > before.high


def test_the_dropped_line_follows_what_is_in_force(
    panel: GradientNormPanel, sent: list[SetClipping], qtbot: QtBot
) -> None:
    view = make_view(typical())
    panel.set_view(view)
    drag_line(panel, 30)
    acknowledge(panel, sent[-1])
    assert panel.clipping_shown() == (sent[-1].kind, sent[-1].threshold)
    acknowledge(panel, SetClipping("norm", 0.7))  # from the setup panel
    assert panel.clipping_shown() == ("norm", 0.7)
    assert panel.plot.label.startswith("clip 0.70 · ")
    # Never acknowledged: the line returns to the truth by itself.
    panel._waiting.setInterval(1)
    drag_line(panel, 20)
    qtbot.waitUntil(lambda: panel.clipping_shown() == ("norm", 0.7))


def test_the_handle_drags_too(panel: GradientNormPanel, sent: list[SetClipping]) -> None:
    panel.set_view(make_view(typical()))
    handle = panel.plot.handle
    center = handle.rect().center()
    y = handle.mapTo(panel.plot, center).y()
    assert abs(y - panel.clip_y_position().y()) <= 1
    QTest.mousePress(handle, Qt.MouseButton.LeftButton, pos=center)
    move_pointer(handle, center - QPoint(0, 25), LEFT)
    assert sent and sent[-1].threshold > 5.0
    moved = handle.mapTo(panel.plot, center).y()
    assert abs(moved - (y - 25)) <= 2
    QTest.mouseRelease(handle, Qt.MouseButton.LeftButton, pos=center)


def test_a_press_away_from_the_line_moves_nothing(
    panel: GradientNormPanel, sent: list[SetClipping]
) -> None:
    panel.set_view(make_view(typical()))
    away = panel.clip_y_position() + QPoint(0, 40)
    QTest.mousePress(panel.plot, Qt.MouseButton.LeftButton, pos=away)
    move_pointer(panel.plot, away + QPoint(0, 20), LEFT)
    QTest.mouseRelease(panel.plot, Qt.MouseButton.LeftButton, pos=away)
    assert sent == []


def test_the_pointer_tells_where_the_line_can_be_taken(panel: GradientNormPanel) -> None:
    panel.set_view(make_view(typical()))
    line = panel.clip_y_position()
    move_pointer(panel.plot, line + QPoint(0, 50), LEFT)
    assert panel.plot.cursor().shape() == Qt.CursorShape.ArrowCursor
    move_pointer(panel.plot, line, LEFT)
    assert panel.plot.cursor().shape() == Qt.CursorShape.SizeVerCursor
    assert panel.plot.handle.cursor().shape() == Qt.CursorShape.SizeVerCursor


def test_keys_change_by_five_percent(panel: GradientNormPanel, sent: list[SetClipping]) -> None:
    panel.set_view(make_view(typical(), threshold=1.0))
    handle = panel.plot.handle
    assert handle.accessibleName() == "Clip threshold"
    assert handle.focusPolicy() & Qt.FocusPolicy.TabFocus
    QTest.keyClick(handle, Qt.Key.Key_Up)
    QTest.keyClick(handle, Qt.Key.Key_Up)
    assert [c.threshold for c in sent] == [pytest.approx(1.05), pytest.approx(1.10, abs=0.01)]
    QTest.keyClick(handle, Qt.Key.Key_Down)
    assert sent[-1].threshold == pytest.approx(1.05, abs=0.01)
    assert panel.plot.label == handle.accessibleDescription()


@pytest.mark.parametrize("on_handle", [False, True])
def test_double_click_returns_to_the_start_value(
    panel: GradientNormPanel, sent: list[SetClipping], on_handle: bool
) -> None:
    panel.set_view(make_view(typical()))
    acknowledge(panel, SetClipping("norm", 0.9))
    if on_handle:
        QTest.mouseDClick(panel.plot.handle, Qt.MouseButton.LeftButton)
    else:
        QTest.mouseDClick(panel.plot, Qt.MouseButton.LeftButton, pos=panel.clip_y_position())
    assert sent[-1] == SetClipping("norm", 5.0)


def test_off_is_dashed_and_hollow_and_a_drag_switches_on(
    panel: GradientNormPanel, sent: list[SetClipping]
) -> None:
    panel.set_view(make_view(typical(), kind="off"))
    assert panel.plot.label == "clip off" and panel.plot.handle.hollow
    drag_line(panel, 20)
    assert sent[-1].kind == "norm" and sent[-1].threshold < 5.0
    assert not panel.plot.handle.hollow


def test_value_mode_is_about_the_largest_entry(
    panel: GradientNormPanel, sent: list[SetClipping]
) -> None:
    norms = typical()
    panel.set_view(make_view(norms, kind="value", threshold=0.25))
    assert panel.clause() == "single entries, before clipping"
    share = share_text(float(np.mean(norms[-1000:] / 10 > 0.25)))
    assert panel.plot.label == f"clip ±0.25 · {share} clipped"
    drag_line(panel, 15)
    assert sent[-1].kind == "value" and sent[-1].threshold < 0.25


def test_dragging_stops_at_the_edge_and_can_go_on_from_there(
    panel: GradientNormPanel, sent: list[SetClipping]
) -> None:
    panel.set_view(make_view(typical()))
    top = panel.plot.y_range.high
    drag_line(panel, -500)
    assert math.log10(sent[-1].threshold) <= top + 1e-9
    acknowledge(panel, sent[-1])
    assert panel.plot.y_range.high > math.log10(sent[-1].threshold) + 0.2
    first = sent[-1].threshold
    drag_line(panel, -500)
    assert sent[-1].threshold > first


def test_the_axis_holds_the_bulk_and_outliers_are_counted_at_its_edge(
    panel: GradientNormPanel,
) -> None:
    norms = typical(1000)
    norms[-1], norms[-2], norms[-3] = 1e8, 3e8, 0.0
    panel.set_view(make_view(norms))
    assert panel.plot.y_range.high < 3.5
    assert panel.plot.y_range.low > -3.5
    panel.grab()
    assert sum(count for *_, count in panel.plot.bars) == 997
    inside = np.log10(norms[:-3])
    assert panel.plot.y_range.low < inside.min() and inside.max() < panel.plot.y_range.high


def test_values_that_are_no_numbers_are_told_apart(panel: GradientNormPanel) -> None:
    norms = typical(500)
    norms[100], norms[200] = np.inf, np.nan
    view = make_view(norms)
    panel.set_view(view)
    picture = panel.grab().toImage()
    assert panel.plot.lost_words == "1 NaN, 1 infinite, last at step 201"
    assert sum(count for *_, count in panel.plot.bars) == 498
    danger = theme().hex("danger")
    assert any(
        picture.pixelColor(x, y).name().upper() == danger
        for x in range(panel.width() // 2, panel.width())
        for y in range(36, 70)
    )
    view.history.events.append(Event(501, "diverged", "cause"))
    panel.refresh()
    assert panel.plot.lost_words == "1 NaN, 1 infinite, last at step 501"


def test_the_axis_never_shrinks_while_live(panel: GradientNormPanel) -> None:
    view = make_view(typical(300))
    panel.set_view(view)
    add(view, np.full(50, 800.0))
    panel.refresh()
    wide = panel.plot.y_range
    add(view, typical(1000))
    panel.refresh()
    assert panel.plot.y_range.low <= wide.low and panel.plot.y_range.high >= wide.high
    panel.reset_view()
    assert panel.plot.y_range.high < wide.high


def test_the_header_says_how_many_steps(panel: GradientNormPanel) -> None:
    for count, words in ((90, "last 90 steps ▾"), (1500, "last 1,000 steps ▾")):
        panel.set_view(make_view(typical(count)))
        assert panel.window_button.text() == words
    panel.set_view(make_view(np.empty(0)))
    assert panel.window_button.isHidden()


def test_narrow_panels_hide_the_strip(panel: GradientNormPanel) -> None:
    panel.set_view(make_view(typical()))
    assert panel.plot.strip_shown
    panel.resize(350, 270)
    assert not panel.plot.strip_shown
    panel.grab()
    assert panel.plot.histogram_area().right() > 300
    assert panel.plot.rect().contains(panel.plot.handle.geometry())


@pytest.mark.parametrize("size", [(500, 312), (350, 270), (330, 200)])
@pytest.mark.parametrize("threshold", [0.06, 0.5, 1.3, 1.6, 2.2, 5.0, 40.0, 900.0])
def test_labels_stay_inside_and_apart(
    panel: GradientNormPanel, size: tuple[int, int], threshold: float
) -> None:
    panel.resize(*size)
    panel.set_view(make_view(typical(), threshold=threshold))
    panel.grab()
    plot = panel.plot
    assert plot.rect().contains(plot.label_rect.toRect())
    assert plot.rect().contains(plot.median_rect.toRect())
    assert not plot.label_rect.intersects(plot.median_rect)
    assert not plot.label_rect.top() < plot.line_y() - 1 < plot.label_rect.bottom() - 2


def test_tips_name_what_is_under_the_mouse(panel: GradientNormPanel) -> None:
    panel.set_view(make_view(typical()))
    panel.grab()
    rect, _, _, count = max(panel.plot.bars, key=lambda bar: bar[3])
    assert panel.plot.tip_at(rect.center()).endswith(f": {count} of last 1,000 steps")
    # It is read out at once, beside the mouse.
    move_pointer(panel.plot, rect.center().toPoint())
    panel.grab()
    assert QRectF(panel.plot.rect()).contains(panel.plot.readout_rect)
    assert not panel.plot.readout_rect.isEmpty()
    move_pointer(panel.plot, panel.clip_y_position())
    panel.grab()
    assert panel.plot.readout_rect.isEmpty(), "the line has nothing to read"
    newest = panel.plot.strip_area()
    tip = panel.plot.tip_at(newest.topRight() + QPoint(-4, 20).toPointF())
    assert tip.startswith("step 1,500: ")


def test_the_theme_flips_live(panel: GradientNormPanel) -> None:
    panel.set_view(make_view(typical()))
    line = panel.clip_y_position()
    seen = []
    for mode in ("dark", "light"):
        themes().set_mode(mode)
        seen.append(panel.plot.grab().toImage().pixelColor(line).name().upper())
        assert seen[-1] == theme().hex("clip")
    assert seen[0] != seen[1]


def test_another_run_starts_from_its_own_beginning(
    panel: GradientNormPanel, sent: list[SetClipping]
) -> None:
    panel.set_view(make_view(typical()))
    drag_line(panel, 30)
    panel.set_view(make_view(np.empty(0), threshold=2.0))
    panel.grab()
    assert panel.clipping_shown() == ("norm", 2.0)
    assert panel.plot.bars == []


@pytest.mark.parametrize("window", WINDOWS)
def test_a_million_steps_cost_what_a_thousand_do(
    panel: GradientNormPanel, window: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed: list[int] = []

    def counted(x: np.ndarray, y: np.ndarray) -> QPolygonF:
        handed.append(len(x))
        return polygon(x, y)

    monkeypatch.setattr(norm_plot, "polygon", counted)
    panel.set_window(window)
    points = []
    for count in (1000, 1_000_000):
        view = make_view(np.empty(0))
        values = np.exp(np.random.default_rng(2).normal(0, 1, count))
        view.history.step.append(np.arange(1, count + 1))
        for name in ("grad_norm", "max_abs"):
            getattr(view.history, name).append(values)
        panel.set_view(view)
        handed.clear()
        panel.plot.grab()
        points.append(sum(handed) + len(panel.plot.bars))
        assert len(panel.plot.values) <= 240 + 32
        # A frame counts what is new, whatever there was before.
        counts = panel.plot.counts
        assert counts is not None
        assert len(counts) == min(window or count, count)
        looked_at: list[int] = []
        original = recent_counts._counted

        def noted(
            part: np.ndarray, seen: list[int] = looked_at, real: Counted = original
        ) -> np.ndarray:
            seen.append(len(part))
            return real(part)

        with monkeypatch.context() as patch:
            patch.setattr(recent_counts, "_counted", noted)
            add(view, typical(30))
            panel.refresh()
        assert sum(looked_at) <= 60
    assert points[1] <= points[0] + 60 and points[1] < 2 * 240 + 100


@pytest.mark.parametrize("window", WINDOWS)
def test_the_window_of_steps_can_be_chosen(panel: GradientNormPanel, window: int) -> None:
    norms = typical(12_000)
    norms[:2000] *= 30
    panel.set_view(make_view(norms))
    words = f"Last {window:,} steps" if window else "All"
    menu_entry(panel.menu, "Steps in the histogram", words).trigger()
    shown = norms[-window:] if window else norms
    panel.grab()
    bars = panel.plot.norm_bars
    assert sum(bar.number for bar in bars.bars) + bars.above + bars.below == len(shown)
    share = share_text(float(np.mean(shown > 5.0)))
    assert panel.plot.label == f"clip 5.0 · {share} clipped"
    assert len(panel.plot.values) <= 240 + 32
    assert panel.choices() == {"window": window}
    panel.choose({"window": 7})
    assert panel.choices() == {"window": 1000}
    panel.choose({"window": window})
    assert panel.choices() == {"window": window}


def test_outliers_have_a_bin_that_says_how_many(panel: GradientNormPanel) -> None:
    norms = typical(1000)
    norms[-3:] = 1e9
    panel.set_view(make_view(norms))
    panel.grab()
    bars = panel.plot.norm_bars
    assert bars.above == 3
    assert sum(bar.number for bar in bars.bars) + bars.below == 997
    assert panel.plot.y_range.high < 4


def test_before_and_after_clipping_are_told_apart(panel: GradientNormPanel) -> None:
    norms = typical(1000)
    panel.set_view(make_view(norms))
    image = panel.plot.grab().toImage()
    plot = panel.plot
    after = plot.norm_bars.after
    assert after is not None and plot.norm_bars.clipped == int(np.sum(norms > 5.0))
    longest = max(bar.rect.width() / bar.number for bar in plot.bars)
    # The outline is as long as all clipped steps together, with those already in its bin.
    assert after.width() >= plot.norm_bars.clipped * longest * 0.9
    above = next(bar.rect for bar in plot.bars if bar.low > 6.0 and bar.rect.width() > 20)
    below = max((bar.rect for bar in plot.bars if bar.high < 4.0), key=QRectF.width)
    ratio = image.devicePixelRatio()

    def colours(rect: QRectF) -> set[str]:
        return {
            image.pixelColor(round(x * ratio), round(y * ratio)).name()
            for x in range(int(rect.left()) + 2, int(rect.right()) - 2)
            for y in range(int(rect.top()) + 2, int(rect.bottom()) - 2)
        }

    assert len(colours(below)) == 1  # solid
    assert len(colours(above)) > 1  # hatched
    assert [name for _, name in plot._legend()] == ["kept", "clipped", "after"]
    panel.set_view(make_view(norms, kind="off"))
    panel.grab()
    assert plot.norm_bars.after is None and plot._legend() == []


def entries_of(step: int, seed: int = 0) -> EntryCounts:
    rng = np.random.default_rng(seed)
    flat = (rng.standard_t(3, 50_000) * 0.003).astype(np.float32)
    flat[:10] = 0.7
    return gradient_entries(step, flat)


def test_by_value_the_bars_count_entries_between_two_lines(
    panel: GradientNormPanel, sent: list[SetClipping]
) -> None:
    view = make_view(typical(), kind="value", threshold=0.02)
    panel.set_view(view)
    assert panel.sees_entries()
    panel.grab()
    assert panel.plot.bars == []  # until some are counted
    view.history.entries = entries_of(1500)
    panel.refresh()
    panel.grab()
    plot = panel.plot
    assert sum(bar.number for bar in plot.bars) == 50_000
    assert isinstance(plot.scale, SignedLogScale)
    mirror = plot.mirror_y()
    assert mirror is not None
    assert plot.at_y(plot.scale.at(0.02)) == pytest.approx(plot.line_y())
    assert mirror - plot.at_y(0.0) == pytest.approx(plot.at_y(0.0) - plot.line_y())
    bar = max(plot.bars, key=lambda bar: bar.number)
    assert "entries of the gradient of step 1,500" in plot.tip_at(bar.rect.center())
    # The lower line can be dragged as well: away from 0 is a higher threshold.
    start = QPointF(plot.histogram_area().center().x(), mirror).toPoint()
    move_pointer(plot, start, LEFT)
    assert plot.cursor().shape() == Qt.CursorShape.SizeVerCursor
    QTest.mousePress(plot, Qt.MouseButton.LeftButton, pos=start)
    move_pointer(plot, start + QPoint(0, 20), LEFT)
    assert sent and sent[-1].kind == "value" and sent[-1].threshold > 0.02
    lower = plot.mirror_y()
    assert lower is not None and lower == pytest.approx(mirror + 20, abs=2)
    QTest.mouseRelease(plot, Qt.MouseButton.LeftButton, pos=start + QPoint(0, 20))


def test_entries_are_wanted_only_while_somebody_sees_them(panel: GradientNormPanel) -> None:
    panel.set_view(make_view(typical(), kind="norm"))
    assert not panel.sees_entries()
    panel.set_view(make_view(typical(), kind="value", threshold=0.2))
    assert panel.sees_entries()
    panel.hide()
    assert not panel.sees_entries()


def test_the_axis_of_entries_does_not_waver(panel: GradientNormPanel) -> None:
    view = make_view(typical(), kind="value", threshold=0.02)
    panel.set_view(view)
    ranges = set()
    for step in range(1500, 1510):
        view.history.entries = entries_of(step, seed=step)
        panel.refresh()
        ranges.add(panel.plot.y_range)
    assert len(ranges) == 1


def test_the_table_holds_every_step(panel: GradientNormPanel) -> None:
    view = make_view(typical(3000))
    panel.set_view(view)
    table = panel.table()
    assert table is not None and len(table) == 3000
    assert table.columns[0] == "step" and list(table.values[0][:3]) == [1, 2, 3]
    assert np.array_equal(table.values[1], view.history.grad_norm.values)
    assert panel.help_text().count(".") >= 2


def test_helpers() -> None:
    assert nice_log(3.0, True) == pytest.approx(math.log10(5))
    assert nice_log(3.0, False) == pytest.approx(math.log10(2))
    assert nice_log(0.1, True) == pytest.approx(-1)
    assert [share_text(s) for s in (0, 0.004, 0.12, 0.996, 1.0)] == [
        "0%", "0.4%", "12%", "99.6%", "100%",
    ]  # fmt: skip
    scale = SignedLogScale(1e-4)
    for value in (-3.0, -1e-4, -2e-5, 0.0, 5e-5, 1e-4, 0.02, 10.0):
        assert scale.value(scale.at(value)) == pytest.approx(value)
        assert scale.at(-value) == -scale.at(value)
    assert np.allclose(scale.plotted(np.array([0.0, 5e-5, 0.3])), [0, 0.25, scale.at(0.3)])
