"""Every panel of every perspective: its two sentences, its numbers, its pictures, its reset."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from panel_parts import header, help_button
from pointing import turn_wheel
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from rnnviz.app.gradients_page import GradientsPage
from rnnviz.app.panel_page import PanelPage
from rnnviz.app.probe_page import ProbePage
from rnnviz.app.train_page import TrainPage
from rnnviz.panels.base import Panel
from rnnviz.panels.picture import as_png
from rnnviz.panels.plot import Plot
from rnnviz.panels.table import csv_pieces
from rnnviz.panels.theme import theme, themes
from rnnviz.probes.expectations import expectations
from rnnviz.probes.reading import read_text
from rnnviz.probes.unit_matches import unit_matches
from rnnviz.session.frames import Event, Row, RunState, Sample, Validation
from rnnviz.session.norm_history import NormHistory
from rnnviz.session.prober import Answer
from rnnviz.session.questions import AskSignal
from rnnviz.session.view import RunView

sys.path.append(str(Path(__file__).parent.parent / "panels"))
import gradient_fixtures as fixtures

SVG = "{http://www.w3.org/2000/svg}"
STEPS = 12_000  # more than any plot has points
TEXT = "ab cd\nabba cade " * 40
SEED = "abc de"
PANELS = [
    "loss",
    "gradient_norm",
    "hidden_state",
    "next_character",
    "samples",
    "flow",
    "eigenvalues",
    "group_norms",
    "update_ratio",
    "parameters",
    "expectations",
    "unit_text",
    "units",
]


def in_progress() -> RunView:
    """A run of `STEPS` steps that goes on."""
    view = fixtures.make_view("training")
    rng = np.random.default_rng(0)
    losses = 1.4 + np.exp(-np.arange(1, STEPS + 1) / 3000) + rng.normal(0, 0.02, STEPS)
    norms = rng.lognormal(0, 1, STEPS)
    view.history.add_rows(
        [
            Row(step, 40 * step, 0.01 * step, step / 900, float(loss), float(loss), float(norm),
                0.1, bool(norm > 1), 5e-3)
            for step, loss, norm in zip(range(1, STEPS + 1), losses, norms, strict=True)
        ]
    )  # fmt: skip
    view.history.validations += [Validation(s, 1.5, 800, 900) for s in (1, 100, 5_000)]
    view.history.samples += [Sample(s, 1.5, 0.8, "ab\ncd") for s in (10, 100, 1_000, 10_000)]
    view.history.events.append(Event(700, "lr", "lr 5e-3"))
    view.state = RunState("training", STEPS)
    return view


def train_page(view: RunView) -> PanelPage:
    page = TrainPage()
    page.set_view(view)
    network = fixtures.make_network(view).twin()
    answer = Answer(view.number, STEPS, read_text(network, view.vocabulary, SEED))
    page.next_character.set_seed(SEED)
    page.hidden_state.show_answer(answer)
    page.next_character.show_answer(answer)
    return page


def gradients_page(view: RunView) -> PanelPage:
    page, norms = GradientsPage(), NormHistory()
    fixtures.add_steps(view, norms, 900)
    page.set_view(view, norms)
    for found in fixtures.inspect(view):
        page.show_inspection(found)
    return page


def probe_page(view: RunView) -> PanelPage:
    page = ProbePage()
    page.set_view(view)
    network = fixtures.make_network(view).twin()
    page.expectations.set_seed(SEED * 6)
    page.expectations.show_expectations(
        expectations(network, view.vocabulary, page.expectations.seed()), STEPS
    )
    [trace] = AskSignal(TEXT, 0, "h").answers(network, view.vocabulary)
    page.unit_text.show_trace(trace)
    page.units.show_trace(trace)
    for matches in unit_matches(network, view.vocabulary, TEXT, 0, "h"):
        if matches is not None:
            page.units.show_matches(matches, STEPS)
    page.unit_text.show_unit(3, page.units.grid.name(3))
    return page


PAGES: dict[str, Callable[[RunView], PanelPage]] = {
    **dict.fromkeys(PANELS[:5], train_page),
    **dict.fromkeys(PANELS[5:10], gradients_page),
    **dict.fromkeys(PANELS[10:], probe_page),
}


@pytest.fixture(scope="module")
def pages(qapp: QApplication) -> Iterator[dict[Callable[[RunView], PanelPage], PanelPage]]:
    """Each page once, in the middle of a run; what a test changes there it puts back."""
    themes().set_mode("dark")
    made = {make: make(in_progress()) for make in dict.fromkeys(PAGES.values())}
    for page in made.values():
        page.resize(1300, 800)
    yield made
    for page in made.values():
        page.close()
        page.deleteLater()
    themes().set_mode("dark")


@pytest.fixture(params=PANELS)
def panel(
    request: pytest.FixtureRequest,
    pages: dict[Callable[[RunView], PanelPage], PanelPage],
) -> Iterator[Panel]:
    """A panel of a page on the screen."""
    themes().set_mode("dark")
    page = pages[PAGES[request.param]]
    page.show()
    if isinstance(page, GradientsPage):
        page.show_in_last_place("weights" if request.param == "parameters" else "updates")
    found = getattr(page, request.param)
    assert isinstance(found, Panel) and found.isVisible()
    yield found
    page.hide()


def test_these_are_all_panels(qtbot: QtBot) -> None:
    pages = [TrainPage(), GradientsPage(), ProbePage()]
    shown = []
    for page in pages:
        qtbot.addWidget(page)
        shown += [getattr(page, name) for name in PANELS if hasattr(page, name)]
        assert set(page.panels) <= set(shown)
    assert len(shown) == len(PANELS) + 1  # Gradient norm is on two pages


@pytest.mark.parametrize("mode", ["dark", "light"])
@pytest.mark.parametrize("make", [TrainPage, GradientsPage, ProbePage])
def test_without_a_run_every_panel_says_what_is_missing(
    qtbot: QtBot, make: Callable[[], PanelPage], mode: str
) -> None:
    themes().set_mode(mode)
    page = make()
    qtbot.addWidget(page)
    page.resize(1300, 800)
    page.show()
    for panel in page.panels:
        if isinstance(page, GradientsPage):
            page.show_in_last_place("weights" if panel is page.parameters else "updates")
        assert panel.isVisible()
        root = ElementTree.fromstring(panel.svg())
        words = " ".join("".join(text.itertext()) for text in root.iter(f"{SVG}text"))
        assert "Load a text" in words, panel.title()


# The "?" card.


def test_two_sentences_say_what_it_shows_and_how_to_read_it(panel: Panel) -> None:
    words = panel.help_text()
    # A colon or semicolon holds a longer thought together, a full stop ends it.
    assert len(re.findall(r"[.?](?= [A-Z]|$)", words)) == 2, words
    assert words.endswith(".") and "!" not in words
    assert 100 < len(words) < 420
    assert panel.whatsThis() == words
    menu = [action.text() for action in panel.menu.actions()]
    assert menu[0] == "What it shows"
    assert help_button(panel).isVisible()


# Numbers.


def test_the_table_comes_back_whole_from_its_file(panel: Panel) -> None:
    table = panel.table()
    assert table is not None and len(table) > 0
    assert len(set(table.columns)) == len(table.columns) == len(table.values)
    assert {len(column) for column in table.values} == {len(table)}
    text = "".join(csv_pieces(table))
    [heading, *rows] = list(csv.reader(io.StringIO(text, newline="")))
    assert heading == list(table.columns) and len(rows) == len(table)
    for index, column in enumerate(table.values):
        for row, value in zip(rows, column, strict=True):
            assert _same(row[index], value), (heading[index], value)


def _same(written: str, value: Any) -> bool:
    if value is None:
        return written == ""
    if isinstance(value, str):
        return written == value
    return bool(np.array_equal(type(value)(float(written)), value, equal_nan=True))


def test_numbers_of_steps_are_those_of_the_whole_run(panel: Panel) -> None:
    table = panel.table()
    assert table is not None
    if panel.objectName() in ("loss", "gradient_norm"):
        steps = np.asarray(table.values[table.columns.index("step")])
        assert len(steps) >= STEPS and np.array_equal(np.unique(steps), np.arange(1, STEPS + 1))
    elif "step" in table.columns:
        steps = np.unique(np.asarray(table.values[table.columns.index("step")]))
        assert len(steps) in (900, 4)  # all that were measured, all samples


# Pictures.


@pytest.mark.parametrize("mode", ["dark", "light"])
def test_the_svg_is_lines_and_text(panel: Panel, mode: str) -> None:
    themes().set_mode(mode)
    root = ElementTree.fromstring(panel.svg())
    assert root.findtext(f"{SVG}title") == panel.title()
    texts = ["".join(element.itertext()).strip() for element in root.iter(f"{SVG}text")]
    assert panel.title() in texts
    assert len([text for text in texts if text]) > 10, texts
    shapes = [e for kind in ("path", "polyline", "rect", "line") for e in root.iter(SVG + kind)]
    assert len(shapes) > 4
    assert root.find(f"{SVG}rect").attrib["fill"] == theme().hex("surface")  # type: ignore[union-attr]
    whole = float(root.attrib["width"]) * float(root.attrib["height"])
    for image in root.iter(f"{SVG}image"):
        # Heat maps are images; the panel as a whole is not.
        assert float(image.attrib["width"]) * float(image.attrib["height"]) < 0.75 * whole


def test_the_png_shows_something(panel: Panel) -> None:
    picture = panel.picture()
    assert picture.width() == 2 * panel.width()
    back = QImage.fromData(as_png(picture))
    assert back.size() == picture.size()
    body = back.copy(0, 80, back.width(), back.height() - 160)
    colors = {
        body.pixel(x, y) for x in range(0, body.width(), 3) for y in range(0, body.height(), 3)
    }
    assert len(colors) > 5


def test_a_panel_without_a_run_has_pictures_but_no_numbers(panel: Panel, qtbot: QtBot) -> None:
    empty = type(panel)()
    qtbot.addWidget(empty)
    empty.resize(400, 300)
    ElementTree.fromstring(empty.svg())
    assert not empty.picture().isNull()
    numbers = empty.table()
    assert numbers is None or len(numbers) == 0
    empty.reset_view()
    assert empty.help_text() == panel.help_text()


# Back to the beginning.


def test_reset_view_undoes_what_the_wheel_did(panel: Panel) -> None:
    panel.reset_view()
    before = panel.picture()
    for widget in panel.findChildren(QWidget):
        in_body = not header(panel).isAncestorOf(widget)  # controls keep what was chosen there
        if widget.isVisible() and in_body and widget.focusPolicy() != Qt.FocusPolicy.NoFocus:
            turn_wheel(widget, widget.rect().center(), 3)
            turn_wheel(widget, widget.rect().center(), -1)
    for plot in panel.findChildren(Plot):
        if plot.navigable:
            assert panel.picture() != before
    panel.reset_view()
    QApplication.processEvents()  # the header's controls make room again
    panel.refresh()
    assert panel.picture() == before
    assert "Reset view" in [action.text() for action in panel.menu.actions()]
    assert [a.text() for a in panel.menu.actions()].count("Reset view") == 1
