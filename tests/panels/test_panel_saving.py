"""What every panel's menu offers: the "?" card, pictures as PNG and SVG, numbers as CSV."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree

import gradient_fixtures as fixtures
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from menus import menu_entry
from panel_parts import help_button, title_label
from PySide6.QtCore import QByteArray, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter, QPen, QPolygonF
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QPushButton, QWidget
from pytestqt.qtbot import QtBot
from showing import show

from rnnviz.panels import saving
from rnnviz.panels.base import Panel
from rnnviz.panels.explanation import Explanation
from rnnviz.panels.picture import Picture, as_image, as_svg
from rnnviz.panels.table import Table, csv_pieces, write_table
from rnnviz.panels.theme import theme, themes

SVG = "{http://www.w3.org/2000/svg}"


class Drawing(QWidget):
    """A curve cut off at a rectangle, words, a dot."""

    def __init__(self) -> None:
        super().__init__()
        self.words = "a < b & \x01 é"

    def paintEvent(self, event: object) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme().color("surface"))
        painter.setClipRect(QRectF(20, 20, 100, 60))
        painter.setPen(QPen(theme().color("train"), 2))
        painter.drawPolyline(QPolygonF([QPointF(0, 0), QPointF(400, 300)]))
        painter.setClipping(False)
        painter.setPen(theme().color("text"))
        painter.drawText(QPointF(30, 100), self.words)


class Curves(Panel):
    def __init__(self) -> None:
        super().__init__("Some curves", "of a test")
        self.drawing = Drawing()
        self.body.addWidget(self.drawing)
        self.button = QPushButton("press")
        self.add_header_control(self.button)
        self.rows = 3
        self.resets = 0

    def help_text(self) -> str:
        return "Curves of a test. They go down."

    def table(self) -> Table | None:
        if not self.rows:
            return None
        steps = np.arange(self.rows)
        return Table(("step", "loss (nats/char)"), (steps, (1 / (steps + 1)).astype(np.float32)))

    def reset_view(self) -> None:
        self.resets += 1


class Plain(Panel):
    """Overrides nothing."""


@pytest.fixture(autouse=True)
def dark(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(saving, "_folder", [""])
    themes().set_mode("dark")
    yield
    themes().set_mode("dark")


@pytest.fixture
def panel(qtbot: QtBot) -> Curves:
    panel = Curves()
    show(qtbot, panel, 500, 300)
    panel.set_view(fixtures.make_view())
    return panel


@pytest.fixture
def choose(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path | str], list[str]]:
    """Answers the question where; what was offered is in the list."""

    def answer(path: Path | str) -> list[str]:
        offered: list[str] = []

        def ask(_: object, __: str, start: str, *___: object) -> tuple[str, str]:
            offered.append(start)
            return str(path), ""

        monkeypatch.setattr(QFileDialog, "getSaveFileName", ask)
        return offered

    return answer


def card() -> Explanation | None:
    popup = QApplication.activePopupWidget()
    return popup if isinstance(popup, Explanation) else None


# The card.


def test_the_question_mark_opens_a_card_that_escape_closes(panel: Curves) -> None:
    assert help_button(panel).accessibleName() == "Some curves: what it shows"
    QTest.mouseClick(help_button(panel), Qt.MouseButton.LeftButton)
    opened = card()
    assert opened is not None and opened.isVisible()
    assert opened.text.text() == "Curves of a test. They go down."
    assert opened.accessibleDescription() == opened.text.text()
    QTest.keyClick(opened, Qt.Key.Key_Escape)
    assert card() is None
    assert panel.whatsThis() == "Curves of a test. They go down."


def test_a_click_elsewhere_closes_the_card(panel: Curves) -> None:
    menu_entry(panel.menu, "What it shows").trigger()
    opened = card()
    assert opened is not None
    QTest.mouseClick(opened, Qt.MouseButton.LeftButton, pos=opened.rect().bottomLeft())
    assert card() is None


@pytest.mark.parametrize("where", ["left", "right", "below"])
def test_the_card_stays_on_the_screen(panel: Curves, where: str) -> None:
    room = QGuiApplication.primaryScreen().availableGeometry()
    far = {"left": -400, "right": room.width() - 60, "below": 100}[where]
    panel.move(far, room.height() - 60 if where == "below" else 100)
    panel.show_help()
    opened = card()
    assert opened is not None
    assert room.contains(opened.geometry())
    assert opened.text.heightForWidth(opened.text.width()) <= opened.text.height()
    opened.close()


def test_a_panel_offers_only_what_it_has(qtbot: QtBot) -> None:
    plain = Plain("Plain")
    qtbot.addWidget(plain)
    assert [a.text() for a in plain.menu.actions() if a.text()] == [
        "Copy picture",
        "Save as PNG…",
        "Save as SVG…",
    ]
    assert help_button(plain).isHidden()
    plain.resize(300, 200)
    ElementTree.fromstring(plain.svg())


def test_the_question_mark_gives_way_to_controls(panel: Curves) -> None:
    assert help_button(panel).isVisible()
    panel.resize(260, 300)
    QApplication.processEvents()
    assert help_button(panel).isVisible()
    panel.button.setText("press and hold this button")
    QApplication.processEvents()
    assert not help_button(panel).isVisible() and title_label(panel).width() > 60
    assert panel.menu.actions()[0].text() == "What it shows"
    panel.button.hide()
    QApplication.processEvents()
    assert help_button(panel).isVisible()


def test_a_long_title_ends_in_an_ellipsis_rather_than_holding_up_the_panel(panel: Curves) -> None:
    title_label(panel).setText("Some curves with a title that needs much room")
    QApplication.processEvents()
    assert panel.minimumSizeHint().width() < 300
    panel.resize(220, 300)
    QApplication.processEvents()
    title_label(panel).grab()
    assert "much room" in title_label(panel).toolTip()


def test_reset_view_is_in_the_menu(panel: Curves) -> None:
    menu_entry(panel.menu, "Reset view").trigger()
    assert panel.resets == 1


# Pictures.


def test_the_picture_has_the_words_and_no_buttons(panel: Curves) -> None:
    image = panel.picture()
    foot = image.height() // 2 - panel.height()
    assert image.width() == 2 * panel.width() and 15 < foot < 40
    assert image.devicePixelRatio() == 2
    surface = theme().color("surface").rgb()

    def is_empty(left: int, top: int, width: int, height: int) -> bool:
        part = image.copy(2 * left, 2 * top, 2 * width, 2 * height)
        return all(
            part.pixel(x, y) == surface for x in range(part.width()) for y in range(part.height())
        )

    assert not is_empty(0, 0, 120, 36)
    assert is_empty(380, 0, 120, 36)  # where buttons are on the screen
    assert not is_empty(0, panel.height(), 300, foot)


@pytest.mark.parametrize("mode", ["dark", "light"])
def test_the_svg_is_lines_and_text_in_the_theme(panel: Curves, mode: str) -> None:
    themes().set_mode(mode)
    root = ElementTree.fromstring(panel.svg())
    assert root.attrib["width"] == "500"
    assert root.findtext(f"{SVG}title") == "Some curves"
    texts = ["".join(element.itertext()).strip() for element in root.iter(f"{SVG}text")]
    assert texts[0] == "Some curves"
    assert "of a test" in texts
    assert any("RNN 12" in text and "a text" in text for text in texts)
    assert "a < b & \N{REPLACEMENT CHARACTER} é" in texts
    assert [line.get("points", "").strip() for line in root.iter(f"{SVG}polyline")] == [
        "0,0 400,300"
    ]
    assert not list(root.iter(f"{SVG}image"))
    assert root.find(f"{SVG}rect").attrib["fill"] == theme().hex("surface")  # type: ignore[union-attr]


def test_parts_of_the_svg_have_their_places_and_edges(panel: Curves) -> None:
    """A curve cut off at the axes must be cut off there in the file too."""
    size = panel.picture().size() / 2
    renderer = QSvgRenderer(QByteArray(panel.svg()))
    assert renderer.isValid() and renderer.defaultSize() == size
    drawn = ElementTree.fromstring(panel.svg())
    [clipped] = [
        e for e in drawn.iter(f"{SVG}g") if e.find(f"{SVG}defs/{SVG}clipPath/*") is not None
    ]
    place = panel.drawing.geometry()
    assert clipped.get("transform") == f"translate({place.x()},{place.y()})"
    [outline] = [path.get("d", "") for path in clipped.iter(f"{SVG}path")]
    assert outline.startswith("M20,20 L120,20 L120,80")
    names = [e.attrib["id"] for e in drawn.iter() if "id" in e.attrib]
    assert len(set(names)) == len(names)
    used = {word[4:-1] for e in drawn.iter() for word in e.attrib.values() if word[:4] == "url("}
    assert {name[1:] for name in used} == set(names)


def test_what_has_no_room_has_a_picture_all_the_same(qtbot: QtBot) -> None:
    squeezed, header = QWidget(), QWidget()
    qtbot.addWidget(squeezed)
    qtbot.addWidget(header)
    squeezed.resize(0, 0)
    picture = Picture(squeezed, header, "Curves", "", None)
    assert picture.size() == QSize(1, 1)
    assert not as_image(picture).isNull()
    assert b"<svg" in as_svg(picture)


def test_copy_picture_puts_it_on_the_clipboard(panel: Curves) -> None:
    menu_entry(panel.menu, "Copy picture").trigger()
    assert QGuiApplication.clipboard().image().size() == panel.picture().size()


def test_pictures_are_written_where_the_user_says(
    panel: Curves, choose: Callable[[Path], list[str]], tmp_path: Path
) -> None:
    said: list[tuple[str, bool]] = []
    panel.reported.connect(lambda *words: said.append(words))
    offered = choose(tmp_path / "one.png")
    menu_entry(panel.menu, "Save as PNG…").trigger()
    assert QImage(str(tmp_path / "one.png")).size() == panel.picture().size()
    choose(tmp_path / "two.svg")
    menu_entry(panel.menu, "Save as SVG…").trigger()
    ElementTree.parse(tmp_path / "two.svg")
    assert offered == ["some-curves-a-text-step-0.png"]
    assert said == [("Wrote one.png.", False), ("Wrote two.svg.", False)]


def test_the_suffix_and_the_folder_are_kept(
    panel: Curves, choose: Callable[[Path], list[str]], tmp_path: Path
) -> None:
    choose(tmp_path / "bare")
    panel.save_svg()
    assert (tmp_path / "bare.svg").exists()
    offered = choose(tmp_path / "bare")
    panel.save_svg()
    assert offered == [str(tmp_path / "some-curves-a-text-step-0.svg")]
    # Nobody agreed to replace bare.svg.
    assert (tmp_path / "bare").exists()


def test_a_picture_that_cannot_be_written_is_one_sentence(
    panel: Curves, choose: Callable[[Path], list[str]], tmp_path: Path
) -> None:
    said: list[tuple[str, bool]] = []
    panel.reported.connect(lambda *words: said.append(words))
    choose(tmp_path / "no" / "x.png")
    panel.save_png()
    [(sentence, wrong)] = said
    assert wrong and sentence.startswith("x.png cannot be written (No such file")
    choose("")
    panel.save_png()
    assert len(said) == 1


# Numbers.


def test_numbers_are_written_where_the_user_says(
    panel: Curves, choose: Callable[[Path], list[str]], tmp_path: Path
) -> None:
    choose(tmp_path / "x.csv")
    menu_entry(panel.menu, "Export CSV…").trigger()
    assert (tmp_path / "x.csv").read_bytes() == (
        b"step,loss (nats/char)\r\n0,1.0\r\n1,0.5\r\n2,0.33333334\r\n"
    )


def test_without_numbers_no_file_is_asked_for(
    panel: Curves, choose: Callable[[Path], list[str]], tmp_path: Path
) -> None:
    panel.rows = 0
    said: list[tuple[str, bool]] = []
    panel.reported.connect(lambda *words: said.append(words))
    offered = choose(tmp_path / "x.csv")
    panel.export_csv()
    assert offered == [] and said == [("Some curves has no numbers yet.", False)]


def test_many_rows_are_written_beside_the_window(
    qtbot: QtBot, panel: Curves, choose: Callable[[Path], list[str]], tmp_path: Path
) -> None:
    panel.rows = 50_000
    for name, wrong in (("x.csv", False), ("no/x.csv", True)):
        choose(tmp_path / name)
        with qtbot.waitSignal(panel.reported, timeout=60_000) as told:
            panel.export_csv()
            assert panel._saver.busy()
        assert told.args is not None and told.args[1] is wrong
        assert not panel._saver.busy()
    with (tmp_path / "x.csv").open() as file:
        assert sum(1 for _ in file) == 50_001
    assert "rnnviz-table" not in [thread.name for thread in threading.enumerate()]


def test_columns_are_equally_long() -> None:
    with pytest.raises(ValueError, match="equally long"):
        Table(("a", "b"), ([1, 2], [1]))
    with pytest.raises(ValueError, match="heading"):
        Table(("a",), ([1, 2], [1, 2]))
    assert len(Table((), ())) == 0


def test_a_failure_leaves_the_old_table(tmp_path: Path) -> None:
    path = tmp_path / "old.csv"
    path.write_text("old")

    class Bad(list[object]):
        def __getitem__(self, index: object) -> object:  # type: ignore[override]
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write_table(path, Table(("a",), (Bad([1]),)))
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["old.csv"]


@given(
    st.lists(
        st.tuples(st.text(), st.floats(width=32), st.integers(), st.none() | st.floats()),
        max_size=20,
    )
)
def test_a_table_comes_back_from_its_file(
    rows: list[tuple[str, float, int, float | None]],
) -> None:
    rows = [row for row in rows if "\0" not in row[0]]
    columns = tuple(zip(*rows, strict=True)) or ((), (), (), ())
    single = np.array(columns[1], np.float32)
    table = Table(("text", "single", "whole", "double"), (columns[0], single, *columns[2:]))
    text = "".join(csv_pieces(table))
    [heading, *found] = list(csv.reader(io.StringIO(text, newline="")))
    assert heading == list(table.columns)
    assert [row[0] for row in found] == list(columns[0])
    np.testing.assert_array_equal(np.array([row[1] for row in found], np.float32), single)
    assert [int(row[2]) for row in found] == list(columns[2])
    for row, value in zip(found, columns[3], strict=True):
        assert row[3] == ("" if value is None else repr(value))
