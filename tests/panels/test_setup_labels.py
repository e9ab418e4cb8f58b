"""Setup's labels beside their controls: whole and in one column, whatever the type."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QFont, QFontDatabase, QFontMetrics
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from showing import show

from rnnviz.app.application import make_application
from rnnviz.panels import theme
from rnnviz.panels.setup import SetupPanel
from rnnviz.panels.theme import BODY_POINTS, LECTURE_POINTS, px, themes
from rnnviz.panels.widgets.choice import Choice
from rnnviz.panels.widgets.field_row import FieldRow
from rnnviz.text.corpus import Corpus

COMPACT = (
    *("Cell", "Random seed", "Held out"),
    *("Optimizer", "Learning rate", "Clip gradient", "Threshold"),
)
LONGEST = "Learning rate"


def widest_family() -> str:
    """The installed family in which the longest label takes most room."""
    families = [f for f in QFontDatabase.families() if not QFontDatabase.isPrivateFamily(f)]
    return max(families, key=lambda f: QFontMetrics(QFont(f, 12)).horizontalAdvance(LONGEST))


@pytest.fixture(params=["ours", "wide"])
def setup(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[SetupPanel]:
    make_application()
    if request.param == "wide":
        family = widest_family()
        monkeypatch.setattr(theme, "_families", lambda kind: (family,))
    themes().set_points(11)  # fonts are made anew
    themes().restore_points(BODY_POINTS, LECTURE_POINTS)
    panel = SetupPanel()
    show(qtbot, panel, panel.width(), 600)
    yield panel
    monkeypatch.undo()
    themes().set_points(11)
    themes().restore_points(BODY_POINTS, LECTURE_POINTS)
    themes().set_mode("dark")


def rows(setup: SetupPanel) -> list[FieldRow]:
    return [row for row in setup.findChildren(FieldRow) if row.label() in COMPACT]


def starts(setup: SetupPanel) -> set[int]:
    """Pixels from the left of each row to its first control."""
    found = set()
    for row in rows(setup):
        line = row._box.itemAt(1).layout()
        assert line is not None
        first = line.itemAt(0).widget()
        assert first is not None
        found.add(first.mapTo(row, QPoint()).x())
    return found


@pytest.mark.parametrize("points", [10, 11, 12, 13, 14, 16, 18, 20, 32])
def test_every_label_is_whole_and_all_controls_begin_at_one_place(
    setup: SetupPanel, points: float
) -> None:
    themes().set_points(points)
    setup.resize(setup.width(), px(600))
    QApplication.processEvents()
    assert len(rows(setup)) == len(COMPACT)
    for row in rows(setup):
        assert row.caption.width() >= row.caption.sizeHint().width(), row.label()
    assert len(starts(setup)) == 1
    ends = [row.caption.x() + row.caption.sizeHint().width() for row in rows(setup)]
    assert min(starts(setup)) - max(ends) >= 8  # no word touches what it names


def test_lists_give_way_to_their_labels(setup: SetupPanel) -> None:
    for row in (r for r in rows(setup) if isinstance(r.control(), Choice)):
        room = row.minimumSizeHint().width() - row._head.width()
        assert room < px(100) < row.control().minimumSizeHint().width(), row.label()


def test_they_stay_in_line_after_other_colours(setup: SetupPanel) -> None:
    before = starts(setup)
    themes().set_mode("light")
    QApplication.processEvents()
    assert starts(setup) == before and len(before) == 1


def test_above_its_control_a_label_has_all_the_width(setup: SetupPanel) -> None:
    setup.resize(setup.width(), px(900))
    QApplication.processEvents()
    for row in rows(setup):
        assert row._head.width() == row.width(), row.label()
    setup.resize(setup.width(), px(600))
    QApplication.processEvents()
    assert len(starts(setup)) == 1


@pytest.mark.parametrize("points", [10, 13, 16, 20, 32])
def test_the_corpus_keeps_the_name_of_its_file(setup: SetupPanel, points: float) -> None:
    text = "".join(chr(33 + n % 65) for n in range(1_115_394))
    setup.set_corpus(Corpus("tiny-shakespeare.txt", text, "/texts/tiny-shakespeare.txt"))
    setup.set_running(setup.wanted, len(text))
    themes().set_points(points)
    setup.resize(setup.width(), px(600))
    QApplication.processEvents()
    choice, note = setup.corpus.choice, setup.corpus.note
    assert choice.currentText() == "tiny-shakespeare.txt"
    words = choice.fontMetrics().horizontalAdvance(choice.currentText())
    assert words <= choice.width() - px(34)
    # And what there is to say of the text stands beside the label, in these words or in fewer.
    assert note.shown() in ("1.12 M characters · 65 symbols", "1.12 M · 65 symbols")
    assert note.mapTo(setup, QPoint()).y() < choice.mapTo(setup, QPoint()).y()


def test_before_the_first_run_the_live_settings_are_those_it_begins_with(setup: SetupPanel) -> None:
    live, config = setup.live, setup.wanted
    assert live.optimizer.currentData() == config.optimizer == "adam"
    assert live.clip_kind.current() == config.clip_kind == "norm"
    assert (live.rate.value(), live.clip.value()) == (config.learning_rate, config.clip_threshold)
