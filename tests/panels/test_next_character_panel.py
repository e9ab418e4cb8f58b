"""The next-character panel: typing, unknown characters, bars, temperature, keys."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from pointing import move_pointer
from PySide6.QtCore import QMimeData, QPoint, Qt
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from showing import activate, show
from views import run_view

from rnnviz.panels.next_character import NextCharacterPanel
from rnnviz.panels.probability_bars import percent, softmax
from rnnviz.panels.theme import themes
from rnnviz.panels.widgets.seed_edit import LONGEST_SEED
from rnnviz.probes.reading import Reading
from rnnviz.session.prober import Answer

CHARACTERS = tuple(sorted("abcdefghijklmnopqrstuvwxyz .,!\n"))


def answer_to(text: str, logits: NDArray[np.float64] | None = None, step: int = 1) -> Answer:
    if logits is None:
        logits = np.linspace(-3, 3, len(CHARACTERS))
    return Answer(1, step, Reading(text, 0, (), np.repeat(logits[:, None], max(len(text), 1), 1)))


@pytest.fixture
def panel(qtbot: QtBot) -> NextCharacterPanel:
    panel = NextCharacterPanel()
    panel.set_view(run_view(CHARACTERS))
    show(qtbot, panel, 500, 556)
    activate(qtbot, panel)
    panel.edit.setFocus()
    return panel


def heard(panel: NextCharacterPanel) -> list[str]:
    seeds: list[str] = []
    panel.seed_changed.connect(seeds.append)
    return seeds


def test_every_keystroke_is_told(panel: NextCharacterPanel) -> None:
    seeds = heard(panel)
    QTest.keyClicks(panel.edit, "to be")
    QTest.keyClick(panel.edit, Qt.Key.Key_Return)
    QTest.keyClick(panel.edit, Qt.Key.Key_Backspace)
    assert seeds == ["t", "to", "to ", "to b", "to be", "to be\n", "to be"]
    assert panel.seed() == "to be"


def test_a_seed_set_by_the_window_is_not_told(panel: NextCharacterPanel) -> None:
    seeds = heard(panel)
    panel.set_seed("to be,\r\nor not")
    assert panel.seed() == "to be,\nor not"
    assert seeds == []
    QTest.keyClicks(panel.edit, "!")
    assert seeds == ["to be,\nor not!"]


def test_unknown_characters_stay_are_marked_and_left_out(panel: NextCharacterPanel) -> None:
    seeds = heard(panel)
    QGuiApplication.clipboard().setText("café")
    panel.edit.paste()
    assert panel.edit.toPlainText() == "café"
    assert panel.seed() == "caf"
    assert seeds[-1] == "caf"
    assert panel.message.text() == "'é' is not in this text: left out"
    marks = panel.edit.extraSelections()
    assert [mark.cursor.selectedText() for mark in marks] == ["é"]  # type: ignore[attr-defined]
    QTest.keyClick(panel.edit, Qt.Key.Key_Backspace)
    assert panel.message.text() == ""
    assert panel.edit.extraSelections() == []


def test_marks_count_characters_beyond_the_basic_plane(panel: NextCharacterPanel) -> None:
    panel.set_seed("a\U0001f600b\U0001f600\U0001f600 Zé")
    marks = [mark.cursor.selectedText() for mark in panel.edit.extraSelections()]  # type: ignore[attr-defined]
    assert marks == ["\U0001f600", "\U0001f600\U0001f600", "Zé"]
    assert panel.seed() == "ab "
    assert panel.message.text() == "'\U0001f600', 'Z' and 'é' are not in this text: left out"


def test_no_break_spaces_are_not_taken_for_spaces(panel: NextCharacterPanel) -> None:
    panel.set_seed("a\u00a0b")
    assert panel.seed() == "ab"
    assert "U+00A0" in panel.message.text()


def test_a_new_text_checks_the_seed_again(panel: NextCharacterPanel) -> None:
    panel.set_seed("abz")
    panel.set_view(run_view(("a", "b")))
    assert panel.seed() == "ab"
    assert panel.message.text() == "'z' is not in this text: left out"
    assert panel.shown_rows() == []
    panel.set_view(run_view(CHARACTERS))
    assert panel.seed() == "abz"
    assert panel.message.text() == ""


def test_rich_text_is_pasted_plain(panel: NextCharacterPanel) -> None:
    seeds = heard(panel)
    mime = QMimeData()
    mime.setHtml("<b>bold</b> words")
    mime.setText("bold words\r\nagain")
    QGuiApplication.clipboard().setMimeData(mime)
    QTest.keyClick(panel.edit, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert panel.seed() == "bold words\nagain"
    assert seeds == ["bold words\nagain"]
    assert not panel.edit.textCursor().charFormat().font().bold()


@pytest.mark.parametrize("way", ["paste", "set", "type"])
def test_of_a_very_long_seed_the_end_is_kept(panel: NextCharacterPanel, way: str) -> None:
    text = "ab " * 400_000 + "the end"
    if way == "paste":
        QGuiApplication.clipboard().setText(text)
        panel.edit.paste()
        panel.edit.paste()
    elif way == "set":
        panel.set_seed(text)
    else:
        panel.set_seed(text[-LONGEST_SEED:])
        QTest.keyClicks(panel.edit, "!")
        text += "!"
    assert len(panel.seed()) == LONGEST_SEED
    assert panel.seed() == text[-LONGEST_SEED:]
    assert "10,000" in panel.message.text()
    panel.edit.clear()
    assert panel.message.text() == ""


def test_rows_are_the_most_likely_first(panel: NextCharacterPanel) -> None:
    logits = np.zeros(len(CHARACTERS))
    logits[CHARACTERS.index("e")] = 5
    logits[CHARACTERS.index(" ")] = 4
    panel.show_temperature(0.5)
    panel.show_answer(answer_to("th", logits))
    rows = panel.shown_rows()
    assert [character for character, _ in rows[:2]] == ["e", " "]
    powers = np.exp((logits - 5) / 0.5)
    assert rows[0][1] == pytest.approx(1 / powers.sum(), rel=1e-12)
    assert panel.clause() == "after 2 characters"
    hidden = len(CHARACTERS) - len(rows)
    assert panel.bars.others()[0] == f"other {hidden} symbols "


@pytest.mark.parametrize("size", [(500, 556), (370, 300), (804, 700)])
def test_rows_fit_whatever_the_size(panel: NextCharacterPanel, size: tuple[int, int]) -> None:
    panel.resize(*size)
    panel.show_answer(answer_to("a"))
    assert len(panel.shown_rows()) >= 8
    panel.bars.resize(370, 90)
    assert 1 <= panel.bars.capacity() < 8  # fewer, rather than flat ones
    last = panel.bars.bar_center(panel.shown_rows()[-1][0])
    assert panel.bars.rect().contains(last.toPoint())


def test_temperature_reshapes_without_a_new_answer(panel: NextCharacterPanel) -> None:
    heard_values: list[float] = []
    panel.temperature_changed.connect(heard_values.append)
    panel.show_answer(answer_to("a"))
    before = dict(panel.shown_rows())
    panel.slider.setFocus()
    QTest.keyClick(panel.slider, Qt.Key.Key_End)
    assert heard_values == [2.0]
    assert panel.field.text() == "2.00"
    after = dict(panel.shown_rows())
    best = max(before, key=lambda character: before[character])
    assert after[best] < before[best]
    panel.field.setFocus()
    panel.field.selectAll()
    QTest.keyClicks(panel.field, "0.1")
    QTest.keyClick(panel.field, Qt.Key.Key_Return)
    assert heard_values == [2.0, 0.1]
    assert panel.temperature() == 0.1
    assert panel.shown_rows()[0][1] > before[best]


def test_a_bad_temperature_is_explained(panel: NextCharacterPanel) -> None:
    panel.field.setFocus()
    panel.field.selectAll()
    QTest.keyClicks(panel.field, "9")
    QTest.keyClick(panel.field, Qt.Key.Key_Return)
    assert "0.1 to 2" in panel.message.text()
    assert panel.temperature() == 0.8


def test_the_softmax_is_stable() -> None:
    huge = softmax(np.array([1e4, 1e4 - 1, -1e4]), 0.1)
    assert np.isfinite(huge).all()
    assert huge.sum() == pytest.approx(1.0)
    assert huge[1] / huge[0] == pytest.approx(np.exp(-10))
    assert softmax(np.array([0.0, -np.inf]), 1.0).tolist() == [1.0, 0.0]
    assert np.isnan(softmax(np.array([np.nan, 0.0]), 1.0)).all()


def test_percentages() -> None:
    shown = [percent(p) for p in (1.0, 0.4721, 0.0005, 0.0001, 0.0)]
    assert shown == ["100.0%", "47.2%", "0.1%", "<0.1%", "0.0%"]


def test_logits_that_are_no_numbers_are_said(panel: NextCharacterPanel) -> None:
    panel.show_answer(answer_to("a", np.full(len(CHARACTERS), np.nan)))
    assert panel.shown_rows() == []
    assert not panel.grab().isNull()
    QTest.keyClick(panel.edit, Qt.Key.Key_Tab)
    assert panel.edit.toPlainText() == ""
    panel.show_answer(answer_to("a"))
    assert panel.shown_rows()


def test_an_answer_of_the_run_before_is_not_mixed_up(panel: NextCharacterPanel) -> None:
    panel.set_view(run_view(("a", "b")))
    panel.show_answer(answer_to("a"))
    assert panel.shown_rows() == []


def test_a_keycap_appends_its_character(panel: NextCharacterPanel) -> None:
    panel.set_seed("ab")
    panel.show_answer(answer_to("ab"))
    seeds = heard(panel)
    character = panel.shown_rows()[2][0]
    place = panel.bars.key_center(character).toPoint()
    QTest.mouseClick(panel.bars, Qt.MouseButton.LeftButton, pos=place)
    assert seeds == ["ab" + character]
    bar = panel.bars.bar_center(character).toPoint()
    QTest.mouseClick(panel.bars, Qt.MouseButton.LeftButton, pos=bar)
    assert seeds == ["ab" + character]


def test_hovering_reads_out(panel: NextCharacterPanel) -> None:
    logits = np.zeros(len(CHARACTERS))
    logits[CHARACTERS.index("\n")] = 10.0
    panel.show_answer(answer_to("a", logits))
    move_pointer(panel.bars, panel.bars.bar_center("\n").toPoint())
    assert panel.bars.readout() == f"newline: 100%, rank 1 of {len(CHARACTERS)}, logit +10.00"
    move_pointer(panel.bars, QPoint(5, panel.bars.height() - 2))
    assert panel.bars.readout() == ""


def test_tab_writes_on_from_the_newest_answer_only(panel: NextCharacterPanel) -> None:
    sure = np.full(len(CHARACTERS), -50.0)
    sure[CHARACTERS.index("e")] = 50.0
    QTest.keyClicks(panel.edit, "th")
    panel.show_answer(answer_to("th", sure))
    QTest.keyClick(panel.edit, Qt.Key.Key_Tab)
    assert panel.seed() == "the"
    assert panel.edit.hasFocus()
    # The answer to "the" is still to come: the next one waits for it.
    QTest.keyClick(panel.edit, Qt.Key.Key_Tab)
    assert panel.seed() == "the"
    panel.show_answer(answer_to("th", sure, step=2))
    assert panel.seed() == "the"
    then = np.full(len(CHARACTERS), -50.0)
    then[CHARACTERS.index(" ")] = 50.0
    panel.show_answer(answer_to("the", then))
    assert panel.seed() == "the "


def test_tab_draws_from_the_shown_distribution(panel: NextCharacterPanel) -> None:
    logits = np.full(len(CHARACTERS), -200.0)
    logits[[0, 5]] = [0.0, np.log(3.0)]
    panel.show_temperature(1.0)
    panel._rng = np.random.default_rng(1)
    drawn = []
    for _ in range(400):
        panel.set_seed("a")
        panel.show_answer(answer_to("a", logits))
        QTest.keyClick(panel.edit, Qt.Key.Key_Tab)
        drawn.append(panel.edit.raw_text()[1])
    assert set(drawn) == {CHARACTERS[0], CHARACTERS[5]}
    assert 0.68 < drawn.count(CHARACTERS[5]) / 400 < 0.82


def test_escape_and_shift_tab_leave_the_field(panel: NextCharacterPanel) -> None:
    assert panel.edit.hasFocus()
    QTest.keyClick(panel.edit, Qt.Key.Key_Escape)
    assert not panel.edit.hasFocus()
    panel.edit.setFocus()
    QTest.keyClick(panel.edit, Qt.Key.Key_Backtab)
    assert not panel.edit.hasFocus()
    assert panel.edit.toPlainText() == ""


def test_shortcuts_of_the_window_wait_while_one_types(panel: NextCharacterPanel) -> None:
    fired: list[str] = []
    for keys in ("Space", "Esc", "A", "Left"):
        shortcut = QShortcut(QKeySequence(keys), panel)
        shortcut.activated.connect(lambda keys=keys: fired.append(keys))
    QTest.keyClicks(panel.edit, "a b")
    QTest.keyClick(panel.edit, Qt.Key.Key_Left)
    QTest.keyClick(panel.edit, Qt.Key.Key_Escape)
    assert fired == []
    assert panel.seed() == "a b"


def test_the_alphabet_gives_every_character_a_place(panel: NextCharacterPanel) -> None:
    panel.show_answer(answer_to("a"))
    place = panel.order.option_center("alphabet").toPoint()
    QTest.mouseClick(panel.order, Qt.MouseButton.LeftButton, pos=place)
    assert [character for character, _ in panel.shown_rows()] == list(CHARACTERS)
    assert panel.bars.others() == ("", "")
    before = panel.bars.bar_center("q")
    panel.show_answer(answer_to("a", np.linspace(3, -3, len(CHARACTERS))))
    assert panel.bars.bar_center("q") == before


def test_the_clause_says_what_was_read(panel: NextCharacterPanel) -> None:
    panel.show_answer(answer_to(""))
    assert panel.clause() == "before the first character"
    panel.show_answer(answer_to("a"))
    assert panel.clause() == "after 1 character"
    reading = Reading("a" * 1000, 234, (), np.zeros((len(CHARACTERS), 1000)))
    panel.show_answer(Answer(1, 1, reading))
    assert panel.clause() == "after the last 1,000 of 1,234 characters"


def test_the_theme_flips_at_once(panel: NextCharacterPanel) -> None:
    panel.set_seed("abé")
    panel.show_answer(answer_to("ab"))
    dark = panel.grab().toImage()
    themes().set_mode("light")
    light = panel.grab().toImage()
    assert light.pixelColor(3, 100).lightness() > 200 > dark.pixelColor(3, 100).lightness()
    edit = panel.edit.geometry().center()
    assert light.pixelColor(edit).lightness() > 200
    themes().set_mode("dark")
