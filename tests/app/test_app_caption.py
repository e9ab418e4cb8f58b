"""The caption of lecture mode: its words, how long they get, and the panel it points at."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from opening import a_window
from panel_fixtures import press, small_settings, train
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from showing import activate

from rnnviz.app.application import make_application
from rnnviz.app.caption_strip import LONGEST_FACT, LONGEST_SENTENCE, CaptionStrip
from rnnviz.app.main_window import MainWindow
from rnnviz.panels.flow_plot import halving_words
from rnnviz.panels.theme import theme, themes
from rnnviz.session import commands
from rnnviz.session.remark import FLOW, KINDS, Remark

CONTROL = Qt.KeyboardModifier.ControlModifier
LONG = 1_234_567


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    with a_window(qtbot, small_settings(tmp_path), (1280, 720), colours="light") as opened:
        yield opened


def remarks() -> list[Remark]:
    """One of each kind, with long figures."""
    losses = {"loss": 12.345, "loss_before": 12.345, "best": 12.345, "table": 12.345}
    others = {"symbols": 30_000, "blind": 10.3, "kept": LONG, "steps": 1000, "share": 1.0}
    norms = {"norm": 0.000123, "norm_before": 0.000123, "median": 0.000123, "threshold": 0.000123}
    figures = losses | others | norms
    names = {
        "table": "trigram",
        "split": "interleaved 95/5",
        "kind": "norm",
        "what": "the gradient is not a finite number",
        "why": "there is not enough memory for a step of this network",
    }
    pairs = {"clip": ("0.00012", "0.00034"), "lr": ("2.0e-3", "1.0e-3"), "optimizer": ("a", "b")}
    texts = {
        "resumed": f"went back to the weights of step {LONG:,}",
        "weights": f"weights of step {LONG:,}",
    }
    found = []
    for kind in KINDS:
        before, after = pairs.get(kind, ("", ""))
        own = names | {"before": before, "after": after, "text": texts.get(kind, "")}
        found.append(Remark(kind, 0 if kind == "begin" else LONG, "loss", figures, own))
    return found


@pytest.mark.parametrize("unit", ["nats", "bits"])
@pytest.mark.parametrize("found", remarks(), ids=lambda found: found.kind)
def test_words_are_short_enough_for_the_back_row(qtbot: QtBot, found: Remark, unit: str) -> None:
    make_application()
    strip = CaptionStrip()
    qtbot.addWidget(strip)
    strip.unit = unit
    sentence, fact = strip.words_of(found)
    assert 0 < len(sentence) <= LONGEST_SENTENCE, sentence
    assert len(fact) <= LONGEST_FACT, fact
    assert "nan" not in fact.lower() + sentence.lower()
    assert "{" not in fact + sentence


@pytest.mark.parametrize("halving", [5.6, 9_999.0, -1.3, 1e9, math.nan])
@pytest.mark.parametrize("step", [0, LONG])
@pytest.mark.parametrize("radius", [None, 0.97, 3e9])
def test_so_are_those_of_how_gradients_flow(
    qtbot: QtBot, halving: float, step: int, radius: float | None
) -> None:
    make_application()
    strip = CaptionStrip()
    qtbot.addWidget(strip)
    figures = {"halving": halving, "halving_at_init": halving}
    if radius is not None:
        figures["radius"] = radius
    sentence, fact = strip.words_of(Remark(FLOW, step, "GradientFlowPanel", figures))
    assert 0 < len(sentence) <= LONGEST_SENTENCE, sentence
    assert 0 < len(fact) <= LONGEST_FACT, fact
    assert "nan" not in fact + sentence and "{" not in fact + sentence
    assert ("spectral radius" in fact) == (radius is not None)


def test_gradients_has_a_caption_of_its_own(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window, 30)
    window.lecture.enter(full_screen=False)  # the size of the window stays
    height = window.caption.height()
    press(window, Qt.Key.Key_2, CONTROL)
    caption, page = window.caption, window.gradients
    assert caption.isVisible() and caption.height() == height
    qtbot.waitUntil(lambda: page.flow.width() + page.eigenvalues.width() > page.width() - 40)
    place = page.flow.geometry()
    qtbot.waitUntil(lambda: caption.sentence.startswith("The gradient"))
    qtbot.waitUntil(lambda: "spectral radius" in caption.fact)
    assert page.flow.is_spotlit() and spotlit(window) == []
    # It says what the panels say.
    assert caption.fact.startswith(("At init it", "Before any training"))
    qtbot.waitUntil(lambda: halving_words(page.flow.plot.curves[-1].halving) in caption.sentence)
    assert page.flow.geometry() == place  # nothing has moved for it
    press(window, Qt.Key.Key_1, CONTROL)
    assert not caption.sentence.startswith("The gradient") and spotlit(window) != []
    assert not page.flow.is_spotlit()


def said(window: MainWindow) -> tuple[str, str, str]:
    strip = window.caption
    return strip.step, strip.sentence, strip.fact


def spotlit(window: MainWindow) -> list[str]:
    return [panel.objectName() for panel in window.page.panels if panel.is_spotlit()]


def test_the_caption_is_there_in_lectures_only(window: MainWindow) -> None:
    caption = window.caption
    assert caption.isHidden()
    press(window, Qt.Key.Key_F11)
    assert caption.isVisible() and caption.mapTo(window, QPoint()).y() == 0
    vocabulary = window.controller.view.vocabulary if window.controller.view else None
    assert vocabulary is not None
    symbols = vocabulary.size
    blind = f"A blind guess among {symbols} symbols costs {math.log(symbols):.2f} nats/char"
    assert said(window) == ("Step 0", "The weights are random: press Play", blind)
    assert caption.accessibleName() == f"Step 0. The weights are random: press Play. {blind}"
    press(window, Qt.Key.Key_3, CONTROL)  # which has no room for it
    assert caption.isHidden()
    press(window, Qt.Key.Key_1, CONTROL)
    assert caption.isVisible()
    press(window, Qt.Key.Key_Escape)
    assert caption.isHidden() and spotlit(window) == []


def test_moving_the_line_is_told_at_once_and_its_panel_framed(
    qtbot: QtBot, window: MainWindow
) -> None:
    press(window, Qt.Key.Key_F11)
    assert spotlit(window) == ["loss"]
    train(qtbot, window, 30)
    window.controller.send(commands.Pause())
    view = window.controller.view
    assert view is not None
    qtbot.waitUntil(lambda: view.state.phase == "paused")
    norm = window.page.gradient_norm
    norm.plot.handle.setFocus()
    QTest.keyClick(norm.plot.handle, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: "clip line moved" in window.caption.sentence)
    assert spotlit(window) == ["gradient_norm"]
    step, sentence, fact = said(window)
    assert step == f"Step {view.step:,}"
    assert sentence == "The clip line moved from 1 to 0.95"
    assert fact == "In force from the next step"
    train(qtbot, window, 5)
    qtbot.waitUntil(lambda: "before" in window.caption.fact)
    # The frame is drawn, in the accent colour, and the panel did not move for it.
    picture = norm.grab().toImage()
    ratio = picture.devicePixelRatio()
    middle = round(picture.height() / ratio / 2)
    assert QColor(picture.pixel(round(1 * ratio), round(middle * ratio))) == theme().color("accent")


def test_another_unit_is_the_unit_of_the_caption(qtbot: QtBot, window: MainWindow) -> None:
    press(window, Qt.Key.Key_F11)
    press(window, Qt.Key.Key_U, CONTROL)
    qtbot.waitUntil(lambda: window.caption.fact.endswith("bits/char"))


def test_a_divergence_is_told_with_what_is_kept(qtbot: QtBot, window: MainWindow) -> None:
    press(window, Qt.Key.Key_F11)
    window.runs.use_preset("explode")
    view = window.controller.view
    qtbot.waitUntil(lambda: window.controller.view is not view, timeout=20_000)
    window.controller.send(commands.Play())
    qtbot.waitUntil(lambda: window.caption.sentence.startswith("Diverged"), timeout=20_000)
    assert "are kept" in window.caption.fact
    assert spotlit(window) in (["gradient_norm"], ["loss"])


def test_very_large_type_leaves_the_fact_out_and_the_panels_room(
    qtbot: QtBot, window: MainWindow
) -> None:
    activate(qtbot, window)
    press(window, Qt.Key.Key_F11)
    window.setWindowState(Qt.WindowState.WindowNoState)
    window.resize(1280, 720)
    qtbot.waitUntil(lambda: themes().lecture_lines == 720)
    caption = window.caption
    assert caption.height() == 104
    assert window.page.samples.isVisible()
    for _ in range(12):
        press(window, Qt.Key.Key_Plus, CONTROL)
    assert themes().lecture_points == 32
    qtbot.waitUntil(lambda: window.transport.geometry().bottom() < 720)
    assert window.height() == 720 and caption.height() < 120
    assert not window.page.samples.isVisible()
    assert window.page.loss.height() > 350
