"""The next-character panel: refused characters, writing on, surprisal, one character followed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from keys import type_key
from numpy.typing import NDArray
from pointing import move_pointer
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QStyle, QStyleOptionComboBox
from pytestqt.qtbot import QtBot
from showing import activate, show
from views import run_view

from rnnviz.panels.next_character import NextCharacterPanel
from rnnviz.panels.surprise_strip import expectations_at_end
from rnnviz.panels.theme import themes
from rnnviz.panels.time_cursor import time_cursor
from rnnviz.panels.widgets.writing_control import Writing
from rnnviz.probes.reading import Reading
from rnnviz.session.prober import Answer
from rnnviz.text.vocabulary import Vocabulary

CHARACTERS = tuple(sorted("abcdefghijklmnopqrstuvwxyz .,!"))
VOCABULARY = Vocabulary(CHARACTERS)
LEFT = Qt.MouseButton.LeftButton


def answer_to(text: str, step: int = 1, logits: NDArray[np.float64] | None = None) -> Answer:
    if logits is None:
        rng = np.random.default_rng(step)
        logits = rng.normal(size=(len(CHARACTERS), max(len(text), 1))) * 2
    return Answer(1, step, Reading(text, 0, (), logits))


def sure(character: str, count: int = 1) -> NDArray[np.float64]:
    logits = np.full((len(CHARACTERS), count), -50.0)
    logits[CHARACTERS.index(character)] = 50.0
    return logits


@pytest.fixture
def panel(qtbot: QtBot) -> NextCharacterPanel:
    panel = NextCharacterPanel()
    panel.set_view(run_view(CHARACTERS))
    show(qtbot, panel, 500, 640)
    activate(qtbot, panel)
    panel.edit.setFocus()
    return panel


# Refused characters.


def test_an_unknown_character_is_refused_with_a_flash_and_a_sentence(
    panel: NextCharacterPanel, qtbot: QtBot
) -> None:
    seeds: list[str] = []
    panel.seed_changed.connect(seeds.append)
    QTest.keyClicks(panel.edit, "caf")
    quiet = panel.edit.grab().toImage()
    type_key(panel.edit, Qt.Key.Key_Eacute, "é")
    assert panel.edit.toPlainText() == "caf"
    assert seeds == ["c", "ca", "caf"]
    assert panel.message.isVisible()
    assert panel.message.text() == "'é' is not in this text: the network does not know it"
    assert panel.edit.flashing()
    assert panel.edit.grab().toImage() != quiet
    qtbot.waitUntil(lambda: not panel.edit.flashing())
    assert panel.message.isVisible()  # the words stay until something is typed
    QTest.keyClicks(panel.edit, "e")
    assert seeds[-1] == "cafe"
    assert not panel.message.isVisible()


def test_a_newline_is_refused_where_there_is_none(panel: NextCharacterPanel) -> None:
    QTest.keyClick(panel.edit, Qt.Key.Key_Return)
    assert panel.edit.toPlainText() == ""
    assert panel.message.text().startswith("newline is not in this text")


def test_what_an_input_method_puts_together_is_refused_too(panel: NextCharacterPanel) -> None:
    for text, wanted in (("日", ""), ("ab", "ab")):
        event = QInputMethodEvent()
        event.setCommitString(text)
        QApplication.sendEvent(panel.edit, event)
        assert panel.edit.toPlainText() == wanted


def test_keys_that_insert_nothing_are_not_refused(panel: NextCharacterPanel) -> None:
    QTest.keyClicks(panel.edit, "abc")
    QTest.keyClick(panel.edit, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(panel.edit, Qt.Key.Key_Backspace)
    assert panel.edit.toPlainText() == ""
    assert not panel.edit.flashing()


# Entropy.


def test_the_entropy_is_that_of_the_bars(panel: NextCharacterPanel, qtbot: QtBot) -> None:
    four = np.full((len(CHARACTERS), 1), -np.inf)
    four[:4] = 0.0
    panel.show_answer(answer_to("a", logits=four))
    assert panel.bars.entropy() == pytest.approx(2.0)
    words = "entropy 2.00 bits, as unsure as between 4.0 equally likely characters"
    qtbot.waitUntil(lambda: panel.note.text() == words)
    panel.show_answer(answer_to("a", step=2))
    before = panel.bars.entropy()
    panel.show_temperature(0.1)
    assert panel.bars.entropy() < before
    assert f"{panel.bars.entropy():.2f} bits" in panel.note.text()
    panel.show_answer(answer_to("a", step=3, logits=np.full((len(CHARACTERS), 1), np.nan)))
    assert math.isnan(panel.bars.entropy())
    qtbot.waitUntil(lambda: panel.note.text() == "")


# What was expected of the text.


def test_surprisal_and_guesses_of_the_last_characters(
    panel: NextCharacterPanel, qtbot: QtBot
) -> None:
    text = "the cat sat"
    answer = answer_to(text)
    panel.show_answer(answer)
    qtbot.waitUntil(lambda: panel.surprise.found() is not None)
    found = panel.surprise.found()
    assert found is not None
    assert found.text == text[1:]  # the first has nothing before it
    logits = answer.reading.logits
    for column, character in enumerate(found.text):
        p = np.exp(logits[:, column] - np.logaddexp.reduce(logits[:, column]))
        index = VOCABULARY.index(character)
        assert found.surprisal[column] == pytest.approx(-np.log2(p[index]))
        assert found.characters[found.guesses[0, column]] == CHARACTERS[int(p.argmax())]
        full = panel.surprise.bar_rect(column)
        assert full.bottom() == panel.surprise.bar_rect(0).bottom()
    place = panel.surprise.column_rect(2).center().toPoint()
    move_pointer(panel.surprise, place)
    assert panel.note.text().startswith(f"space: {found.surprisal[2]:.2f} bits, no. ")
    move_pointer(panel.surprise, QPoint(1, 1))
    assert panel.note.text().startswith("entropy")


def test_the_character_that_came_is_outlined_among_the_guesses(
    panel: NextCharacterPanel, qtbot: QtBot
) -> None:
    panel.show_answer(answer_to("ab", logits=sure("b", 2)))
    qtbot.waitUntil(lambda: panel.surprise.found() is not None)
    right = panel.surprise.grab().toImage()
    corner = panel.surprise.cell_rect(0, 2).topLeft().toPoint() + QPoint(1, 1)
    assert right.pixelColor(corner) == themes().current.color("text")
    panel.show_answer(answer_to("ac", logits=sure("b", 2)))
    qtbot.waitUntil(lambda: panel.surprise.found().text == "c")  # type: ignore[union-attr]
    wrong = panel.surprise.grab().toImage()
    assert wrong.pixelColor(corner) != themes().current.color("text")


def test_of_long_texts_the_end_is_shown_and_of_cut_ones_every_character() -> None:
    logits = np.random.default_rng(0).normal(size=(len(CHARACTERS), 60))
    reading = Reading("ab" * 30, 0, (), logits)
    found = expectations_at_end(reading, VOCABULARY, 18)
    assert found is not None and found.text == ("ab" * 30)[-18:]
    found = expectations_at_end(Reading("ab", 0, (), logits[:, :2]), VOCABULARY, 18)
    assert found is not None and found.text == "b"
    assert expectations_at_end(Reading("a", 0, (), logits[:, :1]), VOCABULARY, 18) is None
    assert expectations_at_end(Reading("", 0, (), logits[:, :1]), VOCABULARY, 18) is None


def test_low_panels_have_no_room_for_the_surprisal(panel: NextCharacterPanel) -> None:
    assert panel.surprise.isVisible()
    panel.resize(500, 420)
    assert not panel.surprise.isVisible()
    panel.resize(500, 640)
    panel.surprise_action.trigger()
    assert not panel.surprise.isVisible()
    assert panel.choices()["surprisal"] is False


# One character over training.


def test_a_click_on_a_bar_follows_its_character(panel: NextCharacterPanel, qtbot: QtBot) -> None:
    answers = [answer_to("ab", step) for step in range(10, 60, 10)]
    for answer in answers[:3]:
        panel.show_answer(answer)
    character = panel.shown_rows()[1][0]
    assert not panel.curve.isVisible()
    QTest.mouseClick(panel.bars, LEFT, pos=panel.bars.bar_center(character).toPoint())
    assert panel.edit.hasFocus()  # typing goes on
    assert panel.curve.isVisible()
    assert panel.bars.pinned == character
    for answer in answers[3:]:
        panel.show_answer(answer)
    qtbot.waitUntil(lambda: len(panel.curve.points()[0]) == 5)
    steps, chances = panel.curve.points()
    assert steps.tolist() == [10, 20, 30, 40, 50]
    index = CHARACTERS.index(character)
    for answer, chance in zip(answers, chances, strict=True):
        scaled = answer.reading.logits_after() / panel.temperature()
        wanted = np.exp(scaled[index] - np.logaddexp.reduce(scaled))
        assert chance == pytest.approx(wanted, rel=1e-5)
    row = {r.character: r.probability for r in panel.bars.rows()}
    if character in row:
        assert chances[-1] == pytest.approx(row[character], rel=1e-5)
    panel.show_temperature(2.0)
    assert panel.curve.points()[1].tolist() != chances.tolist()
    # Another text has another history.
    panel.show_answer(answer_to("abc", 60))
    qtbot.waitUntil(lambda: panel.curve.points()[0].tolist() == [60])
    assert not panel.grab().isNull()


def test_a_second_click_ends_it(panel: NextCharacterPanel) -> None:
    panel.show_answer(answer_to("ab"))
    character = panel.shown_rows()[0][0]
    for shown in (True, False):
        QTest.mouseClick(panel.bars, LEFT, pos=panel.bars.bar_center(character).toPoint())
        assert panel.curve.isVisible() is shown


def test_keys_go_through_the_bars(panel: NextCharacterPanel) -> None:
    panel.set_seed("ab")
    panel.show_answer(answer_to("ab"))
    seeds: list[str] = []
    panel.seed_changed.connect(seeds.append)
    rows = panel.shown_rows()
    QTest.keyClick(panel.bars, Qt.Key.Key_Down)
    QTest.keyClick(panel.bars, Qt.Key.Key_Down)
    assert panel.bars.readout().endswith(f"logit {panel.bars.rows()[1].logit:+.2f}")
    QTest.keyClick(panel.bars, Qt.Key.Key_P)
    assert panel.bars.pinned == rows[1][0]
    QTest.keyClick(panel.bars, Qt.Key.Key_Escape)
    assert panel.bars.pinned == ""
    QTest.keyClick(panel.bars, Qt.Key.Key_Return)
    assert seeds == ["ab" + rows[1][0]]


# How many, and how they are drawn.


def test_only_so_many_are_shown(panel: NextCharacterPanel) -> None:
    panel.show_answer(answer_to("ab"))
    everything = panel.shown_rows()
    assert len(everything) > 8
    panel.most_actions[5].trigger()
    assert panel.shown_rows() == everything[:5]
    assert panel.bars.others()[0] == f"other {len(CHARACTERS) - 5} symbols "
    place = panel.order.option_center("alphabet").toPoint()
    QTest.mouseClick(panel.order, LEFT, pos=place)
    assert [row[0] for row in panel.shown_rows()] == sorted(row[0] for row in everything[:5])
    assert panel.choices()["most"] == 5
    panel.reset_view()
    assert panel.shown_rows() == everything


def test_what_top_k_and_top_p_leave_out_is_never_drawn(panel: NextCharacterPanel) -> None:
    panel.show_answer(answer_to("ab"))
    assert all(row.kept for row in panel.bars.rows())
    panel.writing.way.setCurrentIndex(2)  # top-k, 5
    kept = [row.kept for row in panel.bars.rows()]
    assert kept == [True] * 5 + [False] * (len(kept) - 5)
    chances = panel.bars.chances()
    assert chances is not None and np.count_nonzero(chances) == 5
    last = panel.shown_rows()[-1][0]
    move_pointer(panel.bars, panel.bars.bar_center(last).toPoint())
    assert panel.bars.readout().endswith(", never drawn")
    panel.writing.way.setCurrentIndex(0)  # greedy
    assert [row.kept for row in panel.bars.rows()].count(True) == 1
    panel.set_seed("ab")
    panel.show_answer(answer_to("ab"))
    best = panel.shown_rows()[0][0]
    QTest.keyClick(panel.edit, Qt.Key.Key_Tab)
    assert panel.seed() == "ab" + best


def test_the_button_asks_for_writing_and_for_its_end(panel: NextCharacterPanel) -> None:
    asked: list[Writing] = []
    stopped: list[bool] = []
    panel.write_requested.connect(asked.append)
    panel.stop_requested.connect(lambda: stopped.append(True))
    panel.show_temperature(0.5)
    panel.writing.way.setCurrentIndex(3)
    QTest.mouseClick(panel.writing.button, LEFT)
    assert asked == [Writing(0.5, top_p=0.9)]
    panel.writing.set_writing(True)
    QTest.mouseClick(panel.writing.button, LEFT)
    assert stopped == [True]


def test_slider_and_field_show_one_temperature(panel: NextCharacterPanel) -> None:
    heard: list[float] = []
    panel.temperature_changed.connect(heard.append)
    panel.slider.setFocus()
    QTest.keyClick(panel.slider, Qt.Key.Key_Home)
    assert heard == [0.1]
    assert panel.writing.temperature.text() == "0.10"
    assert panel.slider.isVisible()
    panel.resize(372, 640)
    panel.writing.way.setCurrentIndex(2)
    assert not panel.slider.isVisible()
    assert panel.minimumSizeHint().width() <= 372


@pytest.mark.parametrize("size", [(366, 256), (500, 556), (804, 800)])
@pytest.mark.parametrize("way", range(4))
def test_nothing_is_cut_off(panel: NextCharacterPanel, size: tuple[int, int], way: int) -> None:
    panel.resize(*size)
    panel.writing.way.setCurrentIndex(way)
    panel.show_answer(answer_to("ab"))
    panel.follow(panel.shown_rows()[0][0])
    assert panel.size().toTuple() == size
    for part in (panel.edit, panel.note, panel.surprise, panel.bars, panel.curve, panel.writing):
        if part.isVisible():
            assert panel.rect().contains(part.geometry())
    assert len(panel.shown_rows()) >= 4


def test_the_curve_shares_the_time_cursor(panel: NextCharacterPanel, qtbot: QtBot) -> None:
    for step in range(0, 500, 5):
        panel.show_answer(answer_to("ab", step))
    panel.follow(panel.shown_rows()[0][0])
    curve = panel.curve
    qtbot.waitUntil(lambda: len(curve.points()[0]) == 100)
    without = curve.grab().toImage()
    # Pointed at on another axis, the step is marked here.
    time_cursor().point_at(250)
    column = curve.cursor_column()
    assert column == pytest.approx(curve.at_x(250), abs=0.5)
    image = curve.grab().toImage()
    ratio = image.devicePixelRatio()
    changed = [
        x
        for x in range(image.width())
        if any(image.pixel(x, y) != without.pixel(x, y) for y in range(image.height()))
    ]
    assert [math.floor(x / ratio) for x in changed] == [math.floor(column)] * len(changed)
    assert changed, "a line, and no more than that"
    # Pointing here marks the step everywhere; a click pins it, the end of pointing ends it.
    place = QPoint(round(curve.at_x(400)), round(curve.area().center().y()))
    move_pointer(curve, place)
    assert time_cursor().step == pytest.approx(400, abs=3)
    QApplication.sendEvent(curve, QEvent(QEvent.Type.Leave))
    assert time_cursor().step is None
    QTest.mouseClick(curve, LEFT, pos=place)
    assert time_cursor().pinned and time_cursor().step == pytest.approx(400, abs=3)
    time_cursor().clear()


@pytest.mark.parametrize("mode", ["dark", "light"])
def test_in_a_low_panel_words_keep_apart_and_are_read_in_full(
    panel: NextCharacterPanel, qtbot: QtBot, mode: str
) -> None:
    themes().set_mode(mode)
    panel.resize(377, 377)  # as at 1280 x 720
    panel.show_answer(answer_to("ab"))
    qtbot.waitUntil(lambda: panel.note.text().startswith("entropy"))
    assert panel.note.isVisible()
    assert panel.note.geometry().top() - panel.edit.geometry().bottom() > 3
    assert panel.bars.geometry().top() - panel.note.geometry().bottom() > 2
    way = panel.writing.way
    for index in range(way.count()):
        way.setCurrentIndex(index)
        option = QStyleOptionComboBox()
        way.initStyleOption(option)
        field = way.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox,
            option,
            QStyle.SubControl.SC_ComboBoxEditField,
            way,
        )
        assert option.fontMetrics.horizontalAdvance(way.currentText()) <= field.width()


def test_the_table_has_every_character_or_every_step(panel: NextCharacterPanel) -> None:
    assert panel.table() is None
    for step in (10, 20, 30):
        panel.show_answer(answer_to("ab", step))
    table = panel.table()
    assert table is not None
    assert table.columns == (
        "character",
        "probability at temperature 0.80",
        "probability at temperature 1.00",
        "rank",
        "logit",
    )
    assert list(table.values[0]) == list(CHARACTERS)
    rows = panel.bars.rows()
    for row in rows:
        assert table.values[1][row.index] == row.probability
        assert table.values[2][row.index] == row.plain
        assert table.values[3][row.index] == row.rank
    panel.follow(rows[0].character)
    table = panel.table()
    assert table is not None
    assert table.columns[0] == "step" and list(table.values[0]) == [10, 20, 30]
    assert table.values[1][-1] == pytest.approx(rows[0].probability, rel=1e-5)
    assert panel.help_text().count(". ") == 1
