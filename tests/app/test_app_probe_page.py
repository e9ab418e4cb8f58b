"""The Probe page with a network at hand: what it asks, and what it makes of the answers."""

from __future__ import annotations

import json

import numpy as np
import pytest
from panel_fixtures import splitter_around
from panel_parts import title_label
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from rnnviz.app.application import make_application
from rnnviz.app.probe_page import ProbePage
from rnnviz.engine.initializers import initialize
from rnnviz.engine.network import ModelConfig, Network
from rnnviz.panels.theme import themes
from rnnviz.panels.widgets.writing_control import Writing
from rnnviz.session.config import RunConfig
from rnnviz.session.frames import InForce
from rnnviz.session.questions import (
    AskContinuation,
    AskExpectations,
    AskSignal,
    AskUnits,
    Question,
    Questions,
    Reply,
    Written,
)
from rnnviz.session.view import RunView
from rnnviz.text.vocabulary import Vocabulary

TEXT = "AB:\nthe wave is over the wall, and so on.\n\nC:\nno.\n\n" * 30
VOCABULARY = Vocabulary.from_text(TEXT)
LEFT = Qt.MouseButton.LeftButton


class Rig:
    """A page whose questions are answered here, when a test wants it."""

    def __init__(self, layers: int = 2) -> None:
        config = ModelConfig(VOCABULARY.size, 10, layers, "lstm")
        self.network = Network(config, initialize(config, np.random.default_rng(4))).snapshot()
        self.questions = Questions()
        self.asked: list[Question] = []
        self.page = ProbePage()
        self.page.asked.connect(self._ask)
        self.page.withdrawn.connect(self._withdraw)
        self.page.resize(1540, 876)
        self.view = RunView(
            number=1,
            config=RunConfig(cell="lstm", hidden_size=10, num_layers=layers),
            corpus_name="sea",
            vocabulary=VOCABULARY,
            split_label="",
            in_force=InForce(1e-3, "norm", 5.0, "adam", 0.8),
        )
        self.page.set_corpus(TEXT)
        self.page.set_seed("the wa")
        self.page.set_view(self.view)

    def _ask(self, question: Question) -> None:
        self.asked.append(question)
        self.questions.ask(question)

    def _withdraw(self, kinds: tuple[str, ...]) -> None:
        self.questions.withdraw(*kinds)

    def answer(self, step: int = 0) -> None:
        """Answers all there is."""
        while self.questions.waiting():
            reply = self.questions.work(step, self.network, VOCABULARY)
            if reply is not None:
                self.page.show_reply(reply)

    def kinds(self) -> list[str]:
        """Kinds asked since the last call."""
        kinds, self.asked = [question.kind for question in self.asked], []
        return kinds


@pytest.fixture
def rig(qtbot: QtBot) -> Rig:
    make_application()
    themes().set_mode("dark")
    rig = Rig()
    qtbot.addWidget(rig.page)
    return rig


@pytest.fixture
def shown(rig: Rig, qtbot: QtBot) -> Rig:
    with qtbot.waitExposed(rig.page):
        rig.page.show()
    rig.answer()
    rig.kinds()
    return rig


def test_nothing_is_asked_while_nobody_looks(rig: Rig, qtbot: QtBot) -> None:
    rig.page.set_seed("the")
    assert rig.asked == []
    with qtbot.waitExposed(rig.page):
        rig.page.show()
    assert set(rig.kinds()) == {"expectations", "signal", "units"}
    rig.page.hide()
    assert not rig.questions.waiting()


def test_the_answers_reach_their_panels(shown: Rig) -> None:
    page = shown.page
    assert page.expectations.columns.count() == 7
    matches = page.units.matches()
    assert matches is not None and matches.complete
    best = int(np.abs(matches.r).argmax())
    assert page.unit_text.unit() == best == page.units.grid.chosen()
    assert page.unit_text.painted.text() == TEXT[:1_000]
    assert not page.grab().isNull()


def test_typing_asks_anew_and_tells_the_window(shown: Rig, qtbot: QtBot) -> None:
    with qtbot.waitSignal(shown.page.seed_changed) as changed:
        QTest.keyClicks(shown.page.expectations.edit, "v")
    assert changed.args == ["the wav"]
    assert shown.asked == [AskExpectations("the wav")]
    shown.answer()
    assert shown.page.expectations.columns.count() == 8


def test_an_answer_to_an_older_seed_is_not_shown(shown: Rig) -> None:
    page = shown.page
    page.set_seed("wave")
    old = AskExpectations("the wa")
    (answer,) = old.answers(shown.network, VOCABULARY)
    page.show_reply(Reply(old, 9, answer))
    assert page.expectations.columns.count() == 7  # still the one before
    shown.answer()
    assert page.expectations.columns.count() == 5


def test_the_seed_can_be_painted(shown: Rig) -> None:
    sources = shown.page.unit_text.sources
    QTest.mouseClick(sources, LEFT, pos=sources.option_center("seed").toPoint())
    assert shown.asked == [AskSignal("the wa", 0, "h")]
    shown.answer()
    assert shown.page.unit_text.painted.text() == "the wa"
    QTest.keyClicks(shown.page.expectations.edit, "l")
    shown.answer()
    assert shown.page.unit_text.painted.text() == "the wal"


def test_another_signal_asks_for_all_of_it(shown: Rig) -> None:
    signals = shown.page.units.signals
    QTest.mouseClick(signals, LEFT, pos=signals.option_center("c").toPoint())
    assert shown.asked == [AskSignal(TEXT[:1_000], 0, "c"), AskUnits(TEXT, 0, "c")]
    assert shown.page.units.matches() is None
    shown.answer()
    assert shown.page.unit_text.clause().endswith("cell state c")


def test_a_unit_pinned_elsewhere_is_painted(shown: Rig) -> None:
    shown.page.pin(1, "c", 6)
    assert shown.page.unit_text.unit() == 6
    assert shown.asked == [AskSignal(TEXT[:1_000], 1, "c"), AskUnits(TEXT, 1, "c")]
    shown.answer()
    assert shown.page.unit_text.unit() == 6 == shown.page.units.grid.chosen()
    assert "layer 2, cell state c" in shown.page.unit_text.clause()
    shown.kinds()
    shown.page.pin(1, "c", 3)
    assert shown.asked == [] and shown.page.unit_text.unit() == 3


def test_arrows_and_list_choose_units(shown: Rig) -> None:
    page = shown.page
    order = page.units.grid.order()
    QTest.mouseClick(page.unit_text.after, LEFT)
    assert page.unit_text.unit() == order[1] == page.units.grid.chosen()
    QTest.mouseClick(page.unit_text.before, LEFT)
    QTest.mouseClick(page.unit_text.before, LEFT)
    assert page.unit_text.unit() == order[0]
    QTest.mouseClick(page.units.grid, LEFT, pos=page.units.grid.row_rect(3).center().toPoint())
    assert page.unit_text.unit() == order[3]
    assert page.unit_text.clause().startswith(page.units.grid.name(int(order[3])))


def test_without_the_list_the_arrows_choose_the_first_unit(rig: Rig, qtbot: QtBot) -> None:
    page = rig.page
    page.set_lecture(True)
    with qtbot.waitExposed(page):
        page.show()
    assert not page.units.isVisible() and page.unit_text.unit() is None
    assert "arrows above" in page.unit_text.painted.empty
    assert page.unit_text.after.isVisible()
    QTest.mouseClick(page.unit_text.after, LEFT)
    assert page.unit_text.unit() == 0
    QTest.mouseClick(page.unit_text.after, LEFT)
    assert page.unit_text.unit() == 1
    rig.answer()  # the best explained does not take the place of what was chosen
    assert page.unit_text.unit() == 1 and page.unit_text.painted.text()


def test_units_are_matched_again_when_the_page_is_opened_after_training(shown: Rig) -> None:
    page = shown.page
    page.hide()
    page.show()
    assert shown.kinds() == ["expectations", "signal"]
    shown.view.state = type(shown.view.state)("paused", 50)
    page.hide()
    page.show()
    assert "units" in shown.kinds()
    shown.answer(50)
    assert page.units.step() == 50
    QTest.mouseClick(page.units.again, LEFT)
    assert shown.kinds() == ["units"]


def test_matches_of_an_untrained_network_are_found_once_more(shown: Rig) -> None:
    page = shown.page
    page.resize(2000, 876)

    def at(step: int) -> list[str]:
        shown.view.state = type(shown.view.state)("training", step)
        page.refresh_due()
        return shown.kinds()

    assert at(150) == [] and page.units.clause() == "as they were at step 0, now 150"
    assert at(210) == ["units"] and at(220) == []
    shown.answer(220)
    assert page.units.step() == 220 and page.units.clause().endswith("at step 220")
    assert at(5_000) == [] and page.units.clause() == "as they were at step 220, now 5,000"


def test_another_run_is_asked_about(shown: Rig) -> None:
    shown.page.set_view(shown.view)
    assert set(shown.kinds()) == {"expectations", "signal", "units"}
    assert shown.page.units.matches() is None and shown.page.unit_text.unit() is None


def test_characters_the_network_lacks_are_left_out(rig: Rig, qtbot: QtBot) -> None:
    rig.page.set_corpus("é" + TEXT)
    rig.page.set_view(rig.view)
    with qtbot.waitExposed(rig.page):
        rig.page.show()
    rig.answer()
    assert rig.page.unit_text.painted.text() == TEXT[:1_000]


# Writing.


def written(rig: Rig, text: str, last: bool, problem: str = "") -> None:
    question = next(q for q in reversed(rig.asked) if isinstance(q, AskContinuation))
    rig.page.show_reply(Reply(question, 0, Written(text, last, problem)))


def test_the_network_writes_into_the_seed(shown: Rig, qtbot: QtBot) -> None:
    page = shown.page
    page.expectations.writing.set_way("greedy")
    QTest.mouseClick(page.expectations.writing.button, LEFT)
    (question,) = shown.asked
    assert isinstance(question, AskContinuation)
    assert (question.text, question.length, question.temperature) == ("the wa", 400, 0.0)
    assert page.expectations.writing.is_writing()
    seeds: list[str] = []
    page.seed_changed.connect(seeds.append)
    page.seed_changed.connect(lambda _: shown.answer())
    written(shown, "ve is", True)
    qtbot.waitUntil(lambda: not page.expectations.writing.is_writing())
    assert seeds == ["the wav", "the wave", "the wave ", "the wave i", "the wave is"]
    assert page.seed() == "the wave is" and page.expectations.columns.count() == 12


def test_stop_keeps_what_was_written(shown: Rig, qtbot: QtBot) -> None:
    page = shown.page
    page.write(Writing(1.0), 400)
    written(shown, "ve is over", False)
    assert page.seed() == "the wav"
    QTest.mouseClick(page.expectations.writing.button, LEFT)
    assert not page.expectations.writing.is_writing() and page.seed() == "the wav"
    written(shown, "more", True)  # an answer that was under way
    assert page.seed() == "the wav"


def test_typing_stops_the_writing(shown: Rig) -> None:
    page = shown.page
    page.write(Writing(1.0), 400)
    written(shown, "ve is over", False)
    QTest.keyClicks(page.expectations.edit, "l")
    assert not page.expectations.writing.is_writing() and page.seed() == "the wavl"


def test_leaving_the_page_stops_the_writing(shown: Rig) -> None:
    page = shown.page
    page.write(Writing(1.0), 400)
    page.hide()
    assert not page.expectations.writing.is_writing() and not shown.questions.waiting()


def test_tab_writes_one_character(shown: Rig, qtbot: QtBot) -> None:
    page = shown.page
    page.expectations.edit.setFocus()
    QTest.keyClick(page.expectations.edit, Qt.Key.Key_Tab)
    shown.answer()
    assert len(page.seed()) == 7 and page.seed().startswith("the wa")
    assert not page.expectations.writing.is_writing()


def test_why_nothing_can_be_written_is_said(shown: Rig) -> None:
    shown.page.write(Writing(1.0), 400)
    written(shown, "", True, "the weights diverged")
    assert shown.page.expectations.message.text() == "the weights diverged"
    assert not shown.page.expectations.writing.is_writing()


# Layout.


def test_sizes_are_as_designed_and_kept(shown: Rig, qtbot: QtBot) -> None:
    page = shown.page
    assert page.expectations.height() == 464 and page.units.height() == 404
    assert abs(page.unit_text.width() - 760) <= 2 and abs(page.units.width() - 772) <= 2
    splitter_around(page.expectations, Qt.Orientation.Vertical).setSizes([300, 568])
    states = page.save_layout()
    page.reset_layout()
    assert page.expectations.height() == 464
    page.restore_layout(states)
    assert page.expectations.height() == 300


def test_choices_come_back_with_a_run(shown: Rig) -> None:
    page = shown.page
    page.pin(1, "c", 6)
    page.unit_text.sources.set_current("seed")
    page.expectations.set_unit("rank")
    splitter_around(page.expectations, Qt.Orientation.Vertical).setSizes([300, 568])
    kept = json.loads(json.dumps(page.choices()))
    page.set_view(shown.view)
    page.expectations.set_unit("bits")
    page.reset_layout()
    page.choose(kept)
    shown.answer()
    assert page.unit_text.unit() == 6 == page.units.grid.chosen()
    assert (page.units.layer(), page.units.signal()) == (1, "c")
    assert page.unit_text.painted.text() == "the wa"
    assert page.expectations.columns.unit == "rank" and page.expectations.height() == 300
    page.choose({"unit": 99, "units": [], "sizes": {"rows": [1], "lower": "x"}})
    assert page.unit_text.unit() == 6


def test_a_double_click_maximises(shown: Rig) -> None:
    page = shown.page
    QTest.mouseDClick(page.units, LEFT, pos=title_label(page.units).geometry().center())
    assert page.units.isVisible() and not page.unit_text.isVisible()
    assert not page.expectations.isVisible() and page.units.width() == page.width()
    QTest.mouseDClick(page.units, LEFT, pos=title_label(page.units).geometry().center())
    assert page.expectations.isVisible() and page.unit_text.isVisible()
