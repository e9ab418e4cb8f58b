"""Norm by group and update ratio: bars, groups, curves."""

from __future__ import annotations

import math

import gradient_fixtures as fixtures
import numpy as np
import pytest
from gradient_panels import SIZES, group_panel, has_color, painted, shown
from pointing import move_pointer
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from rnnviz.panels import parameter_groups
from rnnviz.panels.group_bars import norm_text
from rnnviz.panels.group_norms import GroupNormsPanel, UpdateRatioPanel
from rnnviz.panels.ratio_plot import thinned
from rnnviz.probes.step_norms import StepNorms
from rnnviz.session.norm_history import NormHistory


def test_norms_by_group_add_up_to_the_global_norm(qtbot: QtBot) -> None:
    panel, _, _ = group_panel(qtbot, GroupNormsPanel())
    bars = panel.bars
    assert [bar.group for bar in bars.bars] == ["W_hh", "W_hy", "b_h", "W_xh", "b_y"]
    # weight_ih 0.1, weight_hh 0.2, bias_ih 0.3, bias_hh 0.4, decoder 0.5 and 0.6
    np.testing.assert_allclose([bar.norm for bar in bars.bars], [0.2, 0.5, 0.5, 0.1, 0.6])
    assert bars.total == pytest.approx(math.sqrt(0.91))
    assert sum(bar.share for bar in bars.bars) == pytest.approx(1.0)
    assert "step 40" in panel.clause()
    for size in SIZES:
        panel.resize(*size)
        painted(panel)
    assert has_color(painted(bars), "gradient")


def test_the_axis_of_the_norms_holds_every_bar(qtbot: QtBot) -> None:
    panel, view, norms = group_panel(qtbot, GroupNormsPanel())
    assert all(max(bar.norm, bar.high) <= panel.bars.top for bar in panel.bars.bars)
    fixtures.add_steps(view, norms, 3)
    panel.refresh()
    assert "step 43" in panel.clause()


@pytest.mark.parametrize(
    ("clip", "words"),
    [
        (("norm", 1.0), "not clipped"),
        (("norm", 0.5), "clipped to 0.50"),
        (("value", 0.1), "by value at 0.10"),
        (("off", 1.0), "clip off"),
    ],
)
def test_norms_say_whether_they_are_clipped(
    qtbot: QtBot, clip: tuple[str, float], words: str
) -> None:
    panel, _, _ = group_panel(qtbot, GroupNormsPanel(), clip=clip)
    assert words in panel.bars.clip_words


def test_layers_are_the_other_way_to_group(qtbot: QtBot) -> None:
    panel, _, _ = group_panel(qtbot, GroupNormsPanel(), num_layers=3)
    assert panel.grouping.isVisible()
    with qtbot.waitSignal(panel.grouping_changed) as changed:
        QTest.keyClick(panel.grouping, Qt.Key.Key_Right)
    assert changed.args == ["layer"]
    groups = [bar.group for bar in panel.bars.bars]
    assert groups == ["layer 1", "layer 2", "layer 3", "output"]
    assert len({parameter_groups.token(group) for group in groups}) == 4
    painted(panel)


def test_pointing_at_a_group_fades_the_others(qtbot: QtBot) -> None:
    panel, _, _ = group_panel(qtbot, GroupNormsPanel())
    seen: list[str] = []
    panel.highlighted.connect(seen.append)
    move_pointer(panel.bars, panel.bars.row_rect(1).center())
    assert seen == ["W_hy"] and "hidden to output" in panel.bars.tip_at(
        panel.bars.row_rect(1).center()
    )
    panel.set_highlight("W_hy")
    image = painted(panel.bars)
    assert has_color(image, "warn") and not has_color(image, "gradient")
    panel.bars.setFocus()
    QTest.keyClick(panel.bars, Qt.Key.Key_Down)
    assert seen[-1] == "b_h"


def test_update_ratios_are_changes_over_weights(qtbot: QtBot) -> None:
    panel, _, _ = group_panel(qtbot, UpdateRatioPanel())
    by_group = {curve.group: curve for curve in panel.plot.curves}
    np.testing.assert_allclose(10.0 ** by_group["W_hh"].logs, 2e-3, rtol=1e-5)
    joint = math.hypot(3e-3, 4e-3) / math.hypot(1, 1)
    np.testing.assert_allclose(10.0 ** by_group["b_h"].logs, joint, rtol=1e-5)
    assert by_group["W_hh"].steps.tolist() == list(range(1, 41))
    for size in SIZES:
        panel.resize(*size)
        painted(panel)
    rects = list(panel.plot.label_rects.values())
    panel.resize(576, 416)
    painted(panel)
    rects = list(panel.plot.label_rects.values())
    assert len(rects) == 5
    for index, rect in enumerate(rects):
        assert not any(rect.intersects(other) for other in rects[index + 1 :])


def test_an_update_curve_is_pointed_at_by_its_name_and_read_out(qtbot: QtBot) -> None:
    panel, _, _ = group_panel(qtbot, UpdateRatioPanel())
    plot = panel.plot
    painted(plot)
    seen: list[str] = []
    panel.highlighted.connect(seen.append)
    move_pointer(plot, plot.label_rects["b_y"].center())
    assert seen == ["b_y"]
    move_pointer(plot, QPointF(plot.at_x(20), plot.area().center().y()))
    painted(plot)
    assert QRectF(plot.rect()).contains(plot.readout_rect)


def test_group_panels_are_empty_before_the_first_step(qtbot: QtBot) -> None:
    for panel in (GroupNormsPanel(), UpdateRatioPanel()):
        shown(qtbot, panel, 484, 416)
        painted(panel)
        panel.set_view(fixtures.make_view())
        assert "Press Play" in panel.empty_words()
        painted(panel)
        panel.set_view(fixtures.make_view("training"))
        assert "Measuring" in panel.empty_words()
        painted(panel)


def test_a_new_run_clears_the_old_ones_norms(qtbot: QtBot) -> None:
    for panel in (GroupNormsPanel(), UpdateRatioPanel()):
        group_panel(qtbot, panel)
        panel.set_view(fixtures.make_view())
        panel.set_norms(NormHistory())
        painted(panel)
        assert len(panel.norms) == 0
        if isinstance(panel, GroupNormsPanel):
            # What will be measured is named already.
            groups = [bar.group for bar in panel.bars.bars]
            assert groups == ["W_hh", "W_hy", "b_h", "W_xh", "b_y"]
            assert all(math.isnan(bar.norm) for bar in panel.bars.bars)
            assert panel.bars.message == "Press Play to see what a step does"
            assert panel.bars.tip_at(panel.bars.row_rect(1).center()) == "hidden to output"
        else:
            assert not panel.plot.curves


def test_long_runs_draw_few_points() -> None:
    steps = np.arange(10_000.0)
    x, y = thinned(steps, np.full(10_000, -3.0), 400)
    assert len(x) == len(y) == 400
    assert x[-1] == 9_999 and (y == -3.0).all()
    assert thinned(steps[:10], steps[:10], 400)[0].size == 10


def test_norms_are_written_in_a_column() -> None:
    assert [norm_text(v) for v in (0.0, 0.67, 12.34, 4.1e-5, 3.1e9, math.nan)] == [
        "0",
        "0.670",
        "12.3",
        "4.1e-5",
        "3.1e9",
        "nan",
    ]


def test_a_few_huge_steps_do_not_crush_the_bars(qtbot: QtBot) -> None:
    panel, view, norms = group_panel(qtbot, GroupNormsPanel(), steps=0)
    names = list(view.config.model_config(view.vocabulary.size).shapes())
    for step in range(1, 31):
        size = 500.0 if step < 10 else 0.5
        sizes = dict.fromkeys(names, size)
        norms.append(StepNorms(step, sizes, dict.fromkeys(names, 1.0), sizes))
    panel.set_norms(norms)
    bars = panel.bars
    assert bars.bars[0].high == pytest.approx(500.0)
    left, right, *_ = bars._columns()
    longest = max(bars.x_of(bar.norm) - left for bar in bars.bars)
    assert longest > 0.2 * (right - left)
    assert not painted(bars).isNull()
    # The whole range is still told.
    assert norm_text(500.0) in bars.tip_at(bars.row_rect(0).center())
