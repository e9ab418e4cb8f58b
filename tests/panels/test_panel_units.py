"""The units panel and the painted text: rows, orders, colours, pointing, broken lines."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from panel_parts import title_label
from pointing import move_pointer
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QFontMetricsF
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from showing import show
from views import run_view

from rnnviz.panels.activation_colors import (
    color_image,
    color_table,
    luminance,
    set_colour_blind_safe,
    text_opacity,
)
from rnnviz.panels.painted_text import MARGIN, broken_lines
from rnnviz.panels.theme import BODY_POINTS, theme, themes, ui_font
from rnnviz.panels.unit_text import UnitTextPanel
from rnnviz.panels.units import UnitsPanel
from rnnviz.probes.text_features import FEATURES
from rnnviz.probes.unit_matches import UnitMatches
from rnnviz.probes.unit_order import similar_order
from rnnviz.session.config import RunConfig
from rnnviz.session.questions import SignalTrace
from rnnviz.session.view import RunView

TEXT = "AB:\nthe wave is over the wall,\nand so on.\n\nC:\n" * 6
LEFT = Qt.MouseButton.LeftButton
UNITS = 40


def view_of(cell: str = "lstm", layers: int = 2) -> RunView:
    config = RunConfig(cell=cell, num_layers=layers, hidden_size=UNITS)
    return run_view(sorted(set(TEXT)), config, split="")


def matches_of(read: int = 20_000, seed: int = 0) -> UnitMatches:
    rng = np.random.default_rng(seed)
    return UnitMatches(
        layer=0,
        signal="h",
        feature=rng.integers(0, len(FEATURES), UNITS),
        r=rng.uniform(-1, 1, UNITS),
        variance=rng.uniform(0, 1, UNITS),
        read=read,
        of=20_000,
    )


def trace_of(text: str = TEXT, signal: str = "h", seed: int = 0) -> SignalTrace:
    values = np.random.default_rng(seed).uniform(-1, 1, (UNITS, len(text))).astype(np.float32)
    return SignalTrace(0, signal, text, values)


@pytest.fixture
def units(qtbot: QtBot) -> UnitsPanel:
    panel = UnitsPanel()
    panel.set_view(view_of())
    show(qtbot, panel, 772, 404)
    return panel


@pytest.fixture
def painted(qtbot: QtBot) -> UnitTextPanel:
    panel = UnitTextPanel()
    panel.set_view(view_of())
    show(qtbot, panel, 760, 404)
    return panel


def choose(panel: UnitsPanel, order: str) -> None:
    QTest.mouseClick(panel.orders, LEFT, pos=panel.orders.option_center(order).toPoint())


# The list.


def test_before_anything_is_known_every_unit_has_a_row(units: UnitsPanel) -> None:
    np.testing.assert_array_equal(units.grid.order(), np.arange(UNITS))
    assert units.grid.name(3) == "" and units.clause() == ""
    assert not units.grab().isNull()


def test_orders(units: UnitsPanel) -> None:
    matches, trace = matches_of(), trace_of()
    units.show_trace(trace)
    units.show_matches(matches, 1_200)
    np.testing.assert_array_equal(units.grid.order(), np.argsort(-np.abs(matches.r)))
    choose(units, "index")
    np.testing.assert_array_equal(units.grid.order(), np.arange(UNITS))
    choose(units, "variance")
    np.testing.assert_array_equal(units.grid.order(), np.argsort(-matches.variance))
    choose(units, "similar")
    np.testing.assert_array_equal(units.grid.order(), similar_order(trace.values[:, -100:]))
    units.show_trace(trace_of(seed=9))  # newer weights move no rows
    np.testing.assert_array_equal(units.grid.order(), similar_order(trace.values[:, -100:]))


def test_names_are_given_where_something_matches(units: UnitsPanel) -> None:
    matches = matches_of()
    units.show_matches(matches, 7)
    named = [bool(units.grid.name(unit)) for unit in range(UNITS)]
    np.testing.assert_array_equal(named, np.abs(matches.r) >= 0.4)
    assert True in named and False in named
    best = int(np.abs(matches.r).argmax())
    assert units.grid.name(best) == FEATURES[matches.feature[best]]
    assert f"unit {best + 1}: {units.grid.name(best)}, r " in units.grid.words(best)


def test_the_clause_says_how_much_was_read_and_when(units: UnitsPanel) -> None:
    units.resize(900, 404)
    units.show_matches(matches_of(read=5_000), 7)
    assert units.clause() == "after 5,000 of 20,000 characters"
    units.show_matches(matches_of(), 1_200)
    assert units.clause().endswith("at step 1,200")


def test_a_click_chooses_a_unit(units: UnitsPanel, qtbot: QtBot) -> None:
    units.show_matches(matches_of(), 7)
    with qtbot.waitSignal(units.unit_chosen) as chosen:
        QTest.mouseClick(units.grid, LEFT, pos=units.grid.row_rect(4).center().toPoint())
    assert chosen.args == [units.grid.order()[4]] == [units.grid.chosen()]
    assert units.grid.accessibleDescription().startswith(f"unit {chosen.args[0] + 1}: ")


def test_the_keyboard_goes_through_the_list_and_scrolls_it(units: UnitsPanel, qtbot: QtBot) -> None:
    units.show_matches(matches_of(), 7)
    table, seen = units.grid, []
    units.unit_chosen.connect(seen.append)
    table.setFocus()
    for _ in range(table.capacity() + 3):
        QTest.keyClick(table, Qt.Key.Key_Down)
    assert seen == list(table.order()[: table.capacity() + 3])
    assert table.first() == 3 and units.bar.value() == 3
    QTest.keyClick(table, Qt.Key.Key_End)
    assert table.chosen() == table.order()[-1]
    assert table.first() == UNITS - table.capacity()
    QTest.keyClick(table, Qt.Key.Key_Home)
    assert table.first() == 0
    units.bar.setValue(5)
    assert table.first() == 5


def test_signals_and_layers_of_the_run(units: UnitsPanel, qtbot: QtBot) -> None:
    assert units.layers.isVisible() and units.signals.options() == ["h", "c", "i", "f", "g", "o"]
    with qtbot.waitSignal(units.signal_chosen) as chosen:
        QTest.mouseClick(units.signals, LEFT, pos=units.signals.option_center("c").toPoint())
    assert chosen.args == [0, "c"]
    with qtbot.waitSignal(units.signal_chosen) as chosen:
        QTest.mouseClick(units.layers, LEFT, pos=units.layers.option_center("2").toPoint())
    assert chosen.args == [1, "c"]
    units.set_view(view_of("rnn", 1))
    assert not units.layers.isVisible() and not units.signals.isVisible()
    assert (units.layer(), units.signal()) == (0, "h")


def test_strips_show_the_course_of_their_unit(units: UnitsPanel) -> None:
    trace = trace_of()
    trace.values[:] = 0.0
    trace.values[2, :86] = 1.0
    units.show_trace(trace)
    image = units.grid.grab().toImage()
    _, _, _, strip, right = units.grid._columns()
    y = round(units.grid.row_rect(2).center().y())
    left, late = image.pixelColor(strip + 20, y), image.pixelColor(right - 20, y)
    other = image.pixelColor(strip + 20, round(units.grid.row_rect(3).center().y()))
    assert left.red() > 2 * left.blue() and late == other


def test_again(units: UnitsPanel, qtbot: QtBot) -> None:
    with qtbot.waitSignal(units.again_requested):
        QTest.mouseClick(units.again, LEFT)


def rename(units: UnitsPanel, unit: int, words: str, key: Qt.Key = Qt.Key.Key_Return) -> None:
    row = int(np.flatnonzero(units.grid.order() == unit)[0])
    name, *_ = units.grid._columns()
    place = QPoint(name + 10, round(units.grid.row_rect(row).center().y()))
    QTest.mouseDClick(units.grid, LEFT, pos=place)
    assert units.grid.editor.isVisible()
    units.grid.editor.selectAll()
    QTest.keyClicks(units.grid.editor, words)
    QTest.keyClick(units.grid.editor, key)
    assert not units.grid.editor.isVisible()


def test_names_can_be_given_and_taken_back(units: UnitsPanel, qtbot: QtBot) -> None:
    units.show_matches(matches_of(), 7)
    unit = int(units.grid.order()[2])
    guess = units.grid.guess(unit)
    with qtbot.waitSignal(units.renamed):
        rename(units, unit, "  who speaks ")
    assert units.grid.name(unit) == "who speaks" and units.grid.guess(unit) == guess
    rename(units, unit, "nonsense", Qt.Key.Key_Escape)
    assert units.grid.name(unit) == "who speaks"
    units.set_signal(0, "c")
    assert units.grid.name(unit) == guess
    units.set_signal(0, "h")
    assert units.grid.name(unit) == "who speaks"
    rename(units, unit, " ")
    assert units.grid.name(unit) == guess
    units.grid.setFocus()
    QTest.keyClick(units.grid, Qt.Key.Key_F2)
    assert units.grid.editor.isVisible() and units.grid.editor.text() == guess


def test_choices_come_back_and_nonsense_does_not(units: UnitsPanel) -> None:
    units.show_matches(matches_of(), 7)
    rename(units, int(units.grid.order()[0]), "my unit")
    named = int(units.grid.order()[0])
    choose(units, "variance")
    units.set_signal(1, "f")
    kept = json.loads(json.dumps(units.choices()))
    units.set_view(view_of())
    assert units.grid.name(named) == ""
    units.choose(kept)
    assert (units.layer(), units.signal(), units.orders.current()) == (1, "f", "variance")
    units.set_signal(0, "h")
    assert units.grid.name(named) == "my unit"
    units.choose(
        {
            "layer": "7",
            "signal": 3,
            "order": None,
            "names": [[0, "h"], [0, "h", -1, "a"], [0, "h", 999, "a"], "x", [0, "h", 1, " "]],
        }
    )
    assert (units.layer(), units.signal(), units.orders.current()) == (0, "h", "variance")
    assert len(units.choices()["names"]) == 1
    units.choose({"names": "nonsense"})


@pytest.mark.parametrize("size", [(772, 404), (604, 272), (440, 232)])
def test_columns_of_the_table_do_not_meet(units: UnitsPanel, size: tuple[int, int]) -> None:
    units.resize(*size)
    units.show_matches(matches_of(), 7)
    units.show_trace(trace_of())
    name, bar, number, strip, _ = units.grid._columns()
    assert 0 < name < bar < number < strip
    assert units.grid.row_rect(units.grid.first() + units.grid.capacity() - 1).bottom() <= (
        units.grid.height()
    )
    assert not units.grab().isNull()


# The painted text.


def test_without_a_unit_it_says_what_to_do(painted: UnitTextPanel) -> None:
    assert "or choose one with the arrows above" in painted.painted.empty
    assert title_label(painted).text() == "Unit" and painted.clause() == ""
    painted.show_unit(3)
    assert painted.painted.empty == "Reading the text…"
    painted.show_trace(trace_of(""))
    assert painted.painted.empty == "Type a few words above"
    assert not painted.grab().isNull()


def test_larger_type_in_the_same_width_breaks_the_lines_anew(painted: UnitTextPanel) -> None:
    painted.show_trace(trace_of())
    painted.show_unit(3)
    text = painted.painted
    text.setFixedWidth(600)
    before = text.minimumHeight()
    themes().set_points(20)
    try:
        assert text.minimumHeight() > 1.7 * before
        assert text.cell_rect(len(text.text()) - 1).right() <= 600
    finally:
        themes().set_points(BODY_POINTS)
    assert text.minimumHeight() == before


@pytest.mark.parametrize("lines", [0, 720, 1000])
def test_the_colour_scale_is_in_the_middle_of_the_header(
    painted: UnitTextPanel, lines: int
) -> None:
    themes().set_lecture(lines)
    try:
        painted.resize(1500, 400)
        QApplication.processEvents()
        scale, surface = painted.scale, theme().color("surface")
        assert scale.isVisible()
        image = scale.grab().toImage()
        x = round(QFontMetricsF(ui_font("label")).horizontalAdvance("−1")) + 7  # in the bar
        filled = [y for y in range(image.height()) if image.pixelColor(x, y) != surface]
        assert filled and filled == list(range(filled[0], filled[-1] + 1))
        assert abs(filled[0] - (image.height() - 1 - filled[-1])) <= 1
    finally:
        themes().set_lecture(0)


def test_title_and_clause_name_unit_and_signal(painted: UnitTextPanel) -> None:
    painted.show_trace(trace_of(signal="c"))
    painted.show_unit(46 - 10, "inside quotes")
    assert title_label(painted).text() == "Unit 37"
    assert painted.clause() == "inside quotes, layer 1, cell state c"


def test_every_character_has_the_colour_of_its_value(painted: UnitTextPanel) -> None:
    trace = trace_of()
    trace.values[5] = 0.0
    trace.values[5, 10] = 1.0
    trace.values[5, 20] = -1.0
    painted.show_trace(trace)
    painted.show_unit(5)
    image = painted.painted.grab().toImage()

    def ground(position: int) -> QColor:
        rect = painted.painted.cell_rect(position)
        return image.pixelColor(round(rect.left()) + 1, round(rect.top()) + 1)

    hot, cold, calm = ground(10), ground(20), ground(12)
    assert hot.red() > 2 * hot.blue() and cold.blue() > 2 * cold.red()
    assert abs(calm.red() - calm.blue()) < 20
    strip = painted.strip
    ys = [strip._y(value) for value in (1.0, 0.0, -1.0)]
    assert ys == sorted(ys)


def test_pointing_reads_out_in_text_and_trace(painted: UnitTextPanel) -> None:
    trace = trace_of()
    painted.show_trace(trace)
    painted.show_unit(5)
    move_pointer(painted.painted, painted.painted.cell_rect(6).center().toPoint())
    number = f"{trace.values[5, 6]:+.2f}".replace("-", "−")
    assert painted.clause() == f"'e' at 7: {number}"
    assert painted.strip._at == 6
    area = painted.strip.plot_rect()
    x = area.left() + (len(TEXT) - 0.5) / len(TEXT) * area.width()
    move_pointer(painted.strip, QPointF(x, 20).toPoint())
    assert painted.painted.at() == len(TEXT) - 1
    assert painted.clause().startswith(f"newline at {len(TEXT)}: ")
    bar = painted.area.verticalScrollBar()
    assert bar.value() == bar.maximum() > 0, "what is read out is in sight"


def test_the_keyboard_goes_through_the_text(painted: UnitTextPanel) -> None:
    painted.show_trace(trace_of())
    painted.show_unit(5)
    painted.painted.setFocus()
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Left):
        QTest.keyClick(painted.painted, key)
    assert painted.painted.at() == 1
    QTest.keyClick(painted.painted, Qt.Key.Key_End)
    bar = painted.area.verticalScrollBar()
    assert bar.value() == bar.maximum() > 0
    QTest.keyClick(painted.painted, Qt.Key.Key_Escape)
    assert painted.painted.at() == -1


def test_the_scale_is_the_units_own_and_only_grows(painted: UnitTextPanel) -> None:
    trace = trace_of(signal="c")
    trace.values[0] *= 300
    trace.values[1] *= 4
    painted.show_trace(trace)
    painted.show_unit(1)
    assert painted.scale.ends() == ("−5", "+5")
    painted.show_trace(trace_of(signal="c"))
    assert painted.scale.ends() == ("−5", "+5")
    painted.show_unit(2)
    assert painted.scale.ends() == ("−1", "+1")
    painted.show_trace(trace_of(signal="f"))
    assert painted.scale.ends() == ("0", "1")


def test_arrows_and_source_ask(painted: UnitTextPanel, qtbot: QtBot) -> None:
    without_a_run = UnitTextPanel()
    qtbot.addWidget(without_a_run)
    assert not without_a_run.after.isEnabled() and not without_a_run.before.isEnabled()
    assert painted.after.isEnabled() and painted.before.isEnabled()  # choose the first
    painted.show_unit(5)
    with qtbot.waitSignal(painted.step_requested) as asked:
        QTest.mouseClick(painted.after, LEFT)
    assert asked.args == [1]
    with qtbot.waitSignal(painted.source_chosen) as source:
        QTest.mouseClick(painted.sources, LEFT, pos=painted.sources.option_center("seed").toPoint())
    assert source.args == ["seed"] == [painted.source()]


def test_values_that_are_no_numbers_are_painted_as_such(painted: UnitTextPanel) -> None:
    trace = trace_of()
    trace.values[5, 3] = np.nan
    painted.show_trace(trace)
    painted.show_unit(5)
    image = painted.painted.grab().toImage()
    rect = painted.painted.cell_rect(3)
    color = image.pixelColor(round(rect.left()) + 1, round(rect.top()) + 2)
    assert color.red() > color.blue() and color == theme().color("danger")


@given(st.text("ab \n", max_size=120), st.integers(1, 20))
def test_lines_hold_the_whole_text_and_nothing_sticks_out(text: str, columns: int) -> None:
    lines = broken_lines(text, columns)
    assert "".join(text[start:end] for start, end in lines) == text
    for start, end in lines:
        assert 0 < end - start <= columns + MARGIN
        assert end - start <= columns or text[end - 1] == "\n"


def test_lines_break_after_words() -> None:
    text = "one two three\n\nfour fivesixseven"
    found = [text[start:end] for start, end in broken_lines(text, 8)]
    assert found == ["one two ", "three\n\n", "four ", "fivesixs", "even"]


@pytest.mark.parametrize("mode", ["dark", "light"])
@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("safe", [True, False])
def test_painted_text_can_be_read(qtbot: QtBot, mode: str, signed: bool, safe: bool) -> None:
    themes().set_mode(mode)
    set_colour_blind_safe(safe)
    try:
        ink = luminance(theme().color("text"))
        for color in color_table(theme(), signed, text_opacity(signed))[:-1]:
            ground = luminance(QColor.fromRgb(int(color)))
            contrast = (max(ink, ground) + 0.05) / (min(ink, ground) + 0.05)
            assert contrast >= 4.5
    finally:
        set_colour_blind_safe(False)
        themes().set_mode("dark")


def test_a_value_has_the_colour_of_its_share(qtbot: QtBot) -> None:
    themes().set_mode("dark")
    table = color_table(theme(), True, 1.0)
    image = color_image(np.array([[-2.0, -1.0, 0.0, 1.0, 9.0, np.nan]]), 1.0, True, 1.0)
    colors = [image.pixel(QPoint(x, 0)) for x in range(6)]
    wanted = [table[index] for index in (0, 0, 127, 254, 254, 255)]
    assert colors == [int(color) for color in wanted]


def test_the_ends_of_the_strip_are_written_in_full(painted: UnitTextPanel) -> None:
    trace = trace_of()
    painted.show_trace(SignalTrace(0, "c", trace.text, trace.values * np.float32(4e30)))
    painted.show_unit(0)
    font = QFontMetricsF(ui_font("label"))
    assert painted.strip.ends() == ("−5e+30", "+5e+30")
    assert painted.strip.plot_rect().left() > font.horizontalAdvance("−5e+30") + 6
