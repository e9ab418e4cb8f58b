"""The expectations panel: columns, guesses, summary, typing, and the controls for writing on."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import numpy as np
import pytest
import showing
from pointing import move_pointer, turn_wheel
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from views import run_view

from rnnviz.engine.initializers import initialize
from rnnviz.engine.network import ModelConfig, Network
from rnnviz.panels.activation_colors import ink_on, luminance
from rnnviz.panels.expectation_cell import short_percent
from rnnviz.panels.expectation_values import level_above
from rnnviz.panels.expectations import ExpectationsPanel
from rnnviz.panels.theme import theme, themes
from rnnviz.panels.widgets.writing_control import Writing
from rnnviz.probes.expectations import Expectations, expectations, expectations_of
from rnnviz.probes.reading import Reading
from rnnviz.text.vocabulary import Vocabulary

LETTERS = "abcdefghijklmnopqrstuvwxyz ,\n"
VOCABULARY = Vocabulary.from_text(LETTERS)
LEFT = Qt.MouseButton.LeftButton


def answer_to(text: str, scale: float = 8.0) -> Expectations:
    config = ModelConfig(VOCABULARY.size, 16)
    parameters = initialize(config, np.random.default_rng(1))
    parameters.flat[:] *= scale
    return expectations(Network(config, parameters), VOCABULARY, text)


@pytest.fixture
def panel(qtbot: QtBot) -> ExpectationsPanel:
    panel = ExpectationsPanel()
    panel.set_view(run_view(VOCABULARY.characters))
    showing.show(qtbot, panel, 1540, 464)
    return panel


def show(panel: ExpectationsPanel, text: str) -> Expectations:
    panel.set_seed(text)
    found = answer_to(text)
    panel.show_expectations(found, 3)
    return found


def move(panel: ExpectationsPanel, point: QPointF) -> None:
    move_pointer(panel.columns, point.toPoint())


def test_without_text_it_says_what_to_do(panel: ExpectationsPanel) -> None:
    show(panel, "")
    assert panel.columns.count() == 0 and panel.columns.empty == "Type a few words"
    assert panel.summary.items() == []
    assert not panel.grab().isNull()


def test_a_column_for_every_character_and_one_for_the_next(panel: ExpectationsPanel) -> None:
    found = show(panel, "the quick")
    assert panel.columns.count() == 10 and list(panel.columns.shown()) == list(range(10))
    first, among, count = panel.columns.hits()
    assert count == 8  # nothing was read before the first one
    assert first == int((found.ranks[1:] == 1).sum())
    assert among == int((found.ranks[1:] <= 5).sum())
    assert panel.columns.mean() == pytest.approx(found.surprisal[1:].mean())
    assert panel.summary.items() == [
        ("mean surprisal", f"{found.surprisal[1:].mean():.2f} bits/char"),
        ("first guess right", f"{first} of 8"),
        ("in the top 5", f"{among} of 8"),
        ("entropy of the next", f"{found.entropy[-1]:.2f} bits"),
    ]


def test_units(panel: ExpectationsPanel) -> None:
    found = show(panel, "the quick")
    QTest.mouseClick(panel.units, LEFT, pos=panel.units.option_center("nats").toPoint())
    np.testing.assert_allclose(panel.columns.scene().values, found.surprisal * np.log(2))
    assert panel.summary.items()[0][1].endswith("nats/char")
    QTest.mouseClick(panel.units, LEFT, pos=panel.units.option_center("rank").toPoint())
    np.testing.assert_array_equal(panel.columns.scene().values, found.ranks)
    assert panel.summary.items()[0] == ("median rank", f"{np.median(found.ranks[1:]):.3g}")
    assert not panel.grab().isNull()


def test_higher_bars_are_less_expected(panel: ExpectationsPanel) -> None:
    found = show(panel, "the quick")
    scene = panel.columns.scene()
    heights = [scene.bar(column, found.surprisal[column]).height() for column in range(1, 9)]
    assert list(np.argsort(heights)) == list(np.argsort(found.surprisal[1:]))
    assert max(heights) <= scene.where.plot.height()


def test_the_actual_character_is_outlined(panel: ExpectationsPanel) -> None:
    found = show(panel, "abcdefghij")
    assert (found.ranks <= 5).any() and (found.ranks > 5).any()
    image = panel.columns.grab().toImage()
    ink = theme().color("text")

    def edge(column: int, row: int) -> list[QColor]:
        rect = panel.columns.cell_rect(column, row)
        y = round(rect.center().y())
        return [image.pixelColor(round(rect.left()) + x, y) for x in range(-2, 4)]

    for column, rank in enumerate(found.ranks):
        if rank > 5:
            rect = panel.columns.cell_rect(column, 5)
            top = [
                image.pixelColor(x, round(rect.top()) + 1)
                for x in range(round(rect.left()) + 6, round(rect.right()) - 6)
            ]
            dark = sum(color == ink for color in top)
            assert 0 < dark < len(top), "dashes"
        for row in range(5):
            assert (ink in edge(column, row)) == (rank == row + 1)


def test_a_click_on_a_guess_replaces_the_text_from_there(
    panel: ExpectationsPanel, qtbot: QtBot
) -> None:
    found = show(panel, "the quick")
    guess = VOCABULARY.characters[found.guesses[2, 4]]
    with qtbot.waitSignal(panel.seed_changed) as changed:
        QTest.mouseClick(panel.columns, LEFT, pos=panel.columns.cell_rect(4, 2).center().toPoint())
    assert changed.args == ["the " + guess]
    assert panel.edit.raw_text() == "the " + guess
    panel.edit.undo()
    assert panel.edit.raw_text() == "the quick"


def test_the_last_column_writes_on(panel: ExpectationsPanel, qtbot: QtBot) -> None:
    found = show(panel, "the quick")
    with qtbot.waitSignal(panel.seed_changed) as changed:
        QTest.mouseClick(panel.columns, LEFT, pos=panel.columns.cell_rect(9, 0).center().toPoint())
    assert changed.args == ["the quick" + VOCABULARY.characters[found.guesses[0, 9]]]


def test_a_click_on_an_answer_to_an_older_text_does_nothing(panel: ExpectationsPanel) -> None:
    show(panel, "the quick")
    panel.set_seed("another")
    QTest.mouseClick(panel.columns, LEFT, pos=panel.columns.cell_rect(4, 2).center().toPoint())
    assert panel.edit.raw_text() == "another"


def test_hover_reads_out_guess_and_character(panel: ExpectationsPanel) -> None:
    found = show(panel, "the quick")
    move(panel, panel.columns.cell_rect(3, 1).center())
    assert panel.clause().endswith("rank 2 of 29; click writes it here")
    assert f"{100 * found.chances[1, 3]:.3g}%" in panel.clause()
    move(panel, QPointF(panel.columns.column_rect(4).center().x(), 40))
    assert panel.clause().startswith("'q': ")
    assert f"rank {found.ranks[4]} of 29" in panel.clause()
    assert f"surprisal {found.surprisal[4]:.2f} bits" in panel.clause()
    move(panel, QPointF(panel.columns.column_rect(0).center().x(), 40))
    assert panel.clause().endswith("so it does not count")
    move(panel, QPointF(panel.columns.column_rect(9).center().x(), 40))
    assert panel.clause() == f"what comes next: entropy {found.entropy[9]:.2f} bits"
    move(panel, QPointF(2, 2))
    assert panel.clause() == "what the model expected before it read each character"


def test_the_keyboard_reaches_every_guess(panel: ExpectationsPanel, qtbot: QtBot) -> None:
    found = show(panel, "the quick")
    panel.columns.setFocus()
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Left, Qt.Key.Key_Down, Qt.Key.Key_Down):
        QTest.keyClick(panel.columns, key)
    guess = VOCABULARY.characters[found.guesses[1, 7]]
    with qtbot.waitSignal(panel.seed_changed) as changed:
        QTest.keyClick(panel.columns, Qt.Key.Key_Return)
    assert changed.args == ["the qui" + guess]
    QTest.keyClick(panel.columns, Qt.Key.Key_Escape)
    assert panel.columns.readout() == ""


def test_past_sixteen_columns_it_scrolls_with_the_newest_at_the_right(
    panel: ExpectationsPanel,
) -> None:
    text = "the quick brown fox jumps"
    show(panel, text)
    assert panel.columns.capacity() == 16
    assert panel.columns.shown()[-1] == len(text)
    assert panel.bar.isVisible() and panel.bar.maximum() == len(text) + 1 - 16
    panel.bar.setValue(0)
    assert panel.columns.first() == 0
    show(panel, text)  # newer weights leave it where it is
    assert panel.columns.first() == 0
    show(panel, text + " o")
    assert panel.columns.shown()[-1] == len(text) + 2
    turn_wheel(panel.columns, panel.columns.rect().center(), 1)
    assert panel.columns.shown()[-1] == len(text)
    assert panel.bar.value() == panel.columns.first()


def test_the_axis_holds_what_is_in_sight(panel: ExpectationsPanel) -> None:
    text = "the quick brown fox jumps"
    found = show(panel, text)
    part = slice(panel.columns.first(), None)
    assert panel.columns.scene().level >= max(
        found.surprisal[part].max(), found.entropy[part].max()
    )
    assert [level_above(v) for v in (0.2, 1.1, 5.5, 10.1, 13, 99, 101)] == [
        1,
        2,
        6,
        12,
        15,
        100,
        120,
    ]


def test_typing_and_unknown_characters(panel: ExpectationsPanel, qtbot: QtBot) -> None:
    show(panel, "")
    seeds: list[str] = []
    panel.seed_changed.connect(seeds.append)
    QTest.keyClicks(panel.edit, "ab")
    QTest.keyClick(panel.edit, Qt.Key.Key_Return)
    QTest.keyClicks(panel.edit, "Q")
    assert seeds == ["a", "ab", "ab\n"]
    assert panel.edit.text() == "ab⏎Q" and panel.edit.raw_text() == "ab\nQ"
    assert panel.message.text() == "'Q' is not in this text: left out"
    assert not panel.summary.isVisible() and panel.edit.property("state") == "bad"
    QTest.keyClick(panel.edit, Qt.Key.Key_Backspace)
    assert panel.message.text() == "" and panel.summary.isVisible()
    QTest.keyClick(panel.edit, Qt.Key.Key_Escape)
    assert not panel.edit.hasFocus()


def test_pasted_lines_become_return_signs(panel: ExpectationsPanel) -> None:
    show(panel, "")
    QApplication.clipboard().setText("ab\r\ncd\n")
    panel.edit.paste()
    assert panel.edit.raw_text().rstrip("\n ") == "ab\ncd"
    assert "\r" not in panel.edit.text() and "\n" not in panel.edit.text()


def test_the_end_of_a_long_text_is_kept(panel: ExpectationsPanel) -> None:
    panel.set_seed("a" * 9_999 + "b")
    panel.append("cd")
    assert len(panel.edit.raw_text()) == 10_000
    assert panel.edit.raw_text().endswith("abcd")


def test_ways_of_writing(panel: ExpectationsPanel, qtbot: QtBot) -> None:
    control = panel.writing
    wanted = {
        "greedy": Writing(0.0),
        "temperature": Writing(0.8),
        "top-k": Writing(0.8, top_k=5),
        "top-p": Writing(0.8, top_p=0.9),
    }
    for way, writing in wanted.items():
        control.set_way(way)
        with qtbot.waitSignal(panel.write_requested) as asked:
            QTest.mouseClick(control.button, LEFT)
        assert asked.args == [writing]
        fields = (control.temperature, control.top_k, control.top_p)
        assert [field.isVisible() for field in fields] == [
            way != "greedy",
            way == "top-k",
            way == "top-p",
        ]
    control.top_p.setFocus()
    control.top_p.selectAll()
    QTest.keyClicks(control.top_p, "1.5")
    QTest.keyClick(control.top_p, Qt.Key.Key_Return)
    assert panel.message.text() == "p, share of the probability must be 0.01 to 1"
    assert control.writing() == Writing(0.8, top_p=0.9)


def test_the_button_stops_what_it_began(panel: ExpectationsPanel, qtbot: QtBot) -> None:
    control, width = panel.writing, panel.writing.button.width()
    assert control.button.text() == "Write"
    control.set_writing(True)
    assert control.button.text() == "Stop" and control.button.width() == width
    with qtbot.waitSignal(panel.stop_requested):
        QTest.mouseClick(control.button, LEFT)


def test_tab_asks_for_one_character(panel: ExpectationsPanel, qtbot: QtBot) -> None:
    show(panel, "the")
    panel.edit.setFocus()
    with qtbot.waitSignal(panel.character_requested) as asked:
        QTest.keyClick(panel.edit, Qt.Key.Key_Tab)
    assert asked.args == [Writing(0.8)] and panel.focusWidget() is panel.edit
    panel.writing.set_writing(True)
    with qtbot.assertNotEmitted(panel.character_requested):
        QTest.keyClick(panel.edit, Qt.Key.Key_Tab)


def test_choices_come_back_and_nonsense_does_not(panel: ExpectationsPanel) -> None:
    panel.set_unit("nats")
    panel.writing.set_way("top-k")
    panel.writing.top_k.set_value(17)
    kept = json.loads(json.dumps(panel.choices()))
    panel.set_unit("bits")
    panel.writing.set_way("greedy")
    panel.writing.top_k.set_value(3)
    panel.choose(kept)
    assert panel.columns.unit == "nats" and panel.writing.writing() == Writing(0.8, top_k=17)
    panel.choose({"unit": 3, "way": "best", "top_k": 0, "top_p": float("nan")})
    assert panel.choices() == kept


def test_output_that_is_not_a_number_is_said(panel: ExpectationsPanel) -> None:
    logits = np.zeros((VOCABULARY.size, 3))
    logits[0, 1] = np.nan
    reading = Reading("the", 0, (), logits)
    found = expectations_of(reading, np.zeros(VOCABULARY.size), VOCABULARY)
    panel.set_seed("the")
    panel.show_expectations(found, 3)
    assert [name for name, _ in panel.summary.items()] == ["entropy of the next"]
    move(panel, panel.columns.cell_rect(2, 0).center())
    assert panel.clause() == "the network's output is not a number here"
    assert not panel.grab().isNull()
    table = panel.table()
    assert table is not None and table.values[6][2] is None


def test_output_that_is_never_a_number_is_one_sentence(panel: ExpectationsPanel) -> None:
    nothing = np.full((VOCABULARY.size, 3), np.nan)
    found = expectations_of(Reading("the", 0, (), nothing), nothing[:, 0], VOCABULARY)
    panel.set_seed("the")
    panel.show_expectations(found, 3)
    texts = ElementTree.fromstring(panel.svg()).iter("{http://www.w3.org/2000/svg}text")
    words = " ".join("".join(text.itertext()).strip() for text in texts)
    assert "is not a finite number: it expects nothing any more" in words
    assert "NaN" not in words


@pytest.mark.parametrize("mode", ["dark", "light"])
def test_text_on_cells_can_be_read(panel: ExpectationsPanel, mode: str) -> None:
    themes().set_mode(mode)
    for chance in np.linspace(0, 1, 101):
        fill = theme().mixed("train", "surface-2", chance**0.62)
        high, low = sorted((luminance(fill), luminance(ink_on(fill))), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= 4.5
    themes().set_mode("dark")


@pytest.mark.parametrize("size", [(1540, 464), (1220, 316), (960, 300), (600, 260)])
def test_nothing_overlaps_at_any_size(panel: ExpectationsPanel, size: tuple[int, int]) -> None:
    panel.resize(*size)
    show(panel, "the quick brown fox")
    columns, where = panel.columns, panel.columns.layout_of()
    shown = columns.shown()
    assert columns.cell_rect(shown[-1], 0).right() <= columns.width()
    assert where.plot.bottom() < where.keys < where.keys + where.key < where.cells
    assert where.cells + 5 * where.row <= where.outside + 1
    assert columns.cell_rect(shown[0], 5).bottom() <= columns.height()
    assert where.plot.top() >= 0 and where.plot.height() >= 30
    assert not panel.grab().isNull()


def test_percentages_have_room() -> None:
    assert [short_percent(p) for p in (0.001, 0.0099, 0.01, 0.5, 1.0)] == [
        "<1%",
        "<1%",
        "1%",
        "50%",
        "100%",
    ]
