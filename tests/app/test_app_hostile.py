"""Broken input reaches the real window: a sentence, and everything else as it was."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import opening
import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt
from PySide6.QtGui import QHelpEvent, QTextDocumentFragment
from PySide6.QtGui import Qt as GuiQt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMessageBox, QSplitter, QToolTip, QWidget
from pytestqt.qtbot import QtBot

from rnnviz.app import unsaved
from rnnviz.app.main_window import MainWindow
from rnnviz.app.panel_page import LAYOUT_VERSION
from rnnviz.app.settings import Settings
from rnnviz.panels.widgets.number_field import NumberField
from rnnviz.panels.widgets.plain_tip import plain_tip
from rnnviz.panels.widgets.seed_edit import LONGEST_SEED
from rnnviz.session import commands
from rnnviz.session import presets as presets_module
from rnnviz.session.config import RunConfig
from rnnviz.text import catalogue
from rnnviz.text import corpus as corpus_module

LEFT = Qt.MouseButton.LeftButton
SMALL = RunConfig(hidden_size=8, seq_len=10, batch_size=4, cell="gru")
TEXT = "the gulls come down to the water and the water comes up to the wall.\n" * 40
MARKUP = "<b>bold<b> & <img src=x>.txt"


@pytest.fixture
def text_file(tmp_path: Path) -> Path:
    return tmp_path / "sea.txt"


@pytest.fixture
def settings(tmp_path: Path, text_file: Path) -> Settings:
    return opening.settings_for(tmp_path, SMALL, TEXT)


@pytest.fixture
def open_window(qtbot: QtBot) -> Iterator[Callable[[Settings], MainWindow]]:
    opened: list[MainWindow] = []

    def open_another(settings: Settings) -> MainWindow:
        opened.append(opening.open_window(qtbot, settings, (1400, 900)))
        return opened[-1]

    yield open_another
    for window in opened:
        window.end()
    opening.wait_for_threads_to_end(qtbot)


@pytest.fixture
def window(open_window: Callable[[Settings], MainWindow], settings: Settings) -> MainWindow:
    return open_window(settings)


def step(qtbot: QtBot, window: MainWindow, steps: int = 2) -> None:
    """The run in the window still trains."""
    view = window.controller.view
    assert view is not None
    for _ in range(steps):
        before = view.step
        QTest.mouseClick(window.transport.step, LEFT)
        qtbot.waitUntil(lambda before=before: view.step > before, timeout=20_000)


def recent(window: MainWindow) -> list[str]:
    return window.recent.files()


# Files.


def bad_texts(folder: Path) -> dict[str, bytes | None]:
    return {
        "empty.txt": b"",
        "single.txt": b"a",
        "same.txt": b"aaaa",
        "short.txt": b"abc",
        "binary.txt": bytes(range(256)),
        "nul.txt": b"a text\0with a NUL",
        "utf16.txt": "no mark at the beginning".encode("utf-16-le"),
        "wrong.txt": b"caf\xe9 au lait",
        "letter.docx": b"PK\x03\x04\x14\0\6\0",
        "pickle.safetensors": b"\x80\x04\x95\x10\0\0\0\0\0\0\0}",
        "zip.safetensors": b"PK\x03\x04" + bytes(100),
        "cut.safetensors": (2**63).to_bytes(8, "little") + b"{}",
        "folder.safetensors": None,
    }


def test_broken_files_are_told_and_leave_the_run_and_the_recent_files_alone(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    view, before = window.controller.view, recent(window)
    for name, content in bad_texts(tmp_path).items():
        path = tmp_path / name
        if content is None:
            path.mkdir()
        else:
            path.write_bytes(content)
        with qtbot.waitSignal(window.refused, timeout=20_000) as refused:
            window.open_path(str(path))
        assert name in refused.args[0], refused.args
        assert window.notice.words() == refused.args[0]
    assert window.controller.view is view
    assert recent(window) == before
    assert all(action.text() not in bad_texts(tmp_path) for action in window.recent.menu.actions())
    step(qtbot, window)


def test_a_pipe_and_a_device_are_refused_at_once(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("needs named pipes")
    before = recent(window)
    pipe, saved = tmp_path / "pipe", tmp_path / "pipe.safetensors"
    for path in (pipe, saved):
        os.mkfifo(path)
    for path in (pipe, saved, Path("/dev/zero"), Path("/dev/stdin")):
        with qtbot.waitSignal(window.refused, timeout=20_000) as refused:
            window.open_path(str(path))
        assert "regular file" in refused.args[0]
    assert recent(window) == before


def test_files_that_open_are_recent_and_a_name_is_no_source(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "hello"  # also the id of a bundled text
    path.write_text(TEXT.upper())
    monkeypatch.chdir(tmp_path)
    window.open_path("hello")
    qtbot.waitUntil(lambda: recent(window)[:1] == [str(path)], timeout=20_000)
    assert window.controller.view.corpus_name == "hello"
    assert "W" in window.controller.view.vocabulary.characters


def test_a_text_that_changes_or_goes_away_while_training(
    qtbot: QtBot, window: MainWindow, text_file: Path, tmp_path: Path
) -> None:
    run = tmp_path / "kept.safetensors"
    step(qtbot, window)
    text_file.write_text("something else altogether, and shorter\n")
    step(qtbot, window)
    window.runs.send(commands.Save(str(run)))
    qtbot.waitUntil(run.exists, timeout=20_000)
    with qtbot.waitSignal(window.refused, timeout=20_000) as refused:
        window.open_path(str(run))
    assert "put the old text back" in refused.args[0]
    text_file.unlink()
    with qtbot.waitSignal(window.refused, timeout=20_000) as refused:
        window.open_path(str(run))
    assert "kept.safetensors was trained on sea.txt" in refused.args[0]
    step(qtbot, window)
    before = window.controller.view
    window.runs.restart()  # with the text as it was read
    qtbot.waitUntil(lambda: window.controller.view is not before, timeout=20_000)
    step(qtbot, window)
    text_file.write_text(TEXT)
    at = window.controller.view
    window.open_path(str(run))
    qtbot.waitUntil(lambda: window.controller.view is not at, timeout=20_000)
    step(qtbot, window)


def test_of_a_very_large_text_the_window_says_what_is_used(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpus_module, "MAX_FILE_BYTES", 3_000)
    path = tmp_path / "large.txt"
    path.write_text("all work and no play " * 400)
    window.open_path(str(path))
    qtbot.waitUntil(lambda: "are used" in window.notice.words(), timeout=20_000)
    assert window.notice.words().startswith("large.txt has ")
    assert window.setup.corpus.note.text().startswith("first 3,000 characters")
    step(qtbot, window)


def test_a_text_of_thirty_thousand_symbols(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    symbols = "".join(map(chr, (*range(0x4E00, 0x9F00), *range(0x20000, 0x22400))))
    path = tmp_path / "signs.txt"
    path.write_text(symbols * 2, encoding="utf-8")
    window.open_path(str(path))
    qtbot.waitUntil(lambda: window.controller.view.corpus_name == "signs.txt", timeout=30_000)
    assert window.controller.view.vocabulary.size == len(symbols)
    step(qtbot, window)
    window.page.next_character.bars.set_alphabetical(True)
    window.grab()


def test_combining_marks_emoji_and_right_to_left_are_drawn(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    path = tmp_path / "signs.txt"
    path.write_text(
        "e\u0301\u0301\u0301 שלום \u202eabc\u202c 👩‍👩‍👧🇺🇳 \u0600\ufeff\u2028\u2029\n" * 60,
        encoding="utf-8",
    )
    window.open_path(str(path))
    qtbot.waitUntil(lambda: window.controller.view.corpus_name == "signs.txt", timeout=20_000)
    step(qtbot, window, 11)
    window.page.next_character.edit.setPlainText("שלום 👩‍👩‍👧 e\u0301")
    window.grab()


# Settings.


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"garbage\0[", "is damaged"),
        (b"\x89PNG\r\n\x1a\n", "is damaged"),
        (b"[General\nversion=1\n", "is damaged"),
        (b"[General]\nversion=1\nseed", "is damaged"),
        (b"[General]\nversion=99\ntheme=light\n", "another version"),
        (b"[General]\nversion=\n", "another version"),
        (b"[General]\nseed=" + b"x" * 4_000_001, "far too large"),
    ],
)
def test_unusable_settings_are_kept_aside_and_named(
    tmp_path: Path, content: bytes, cause: str
) -> None:
    path = tmp_path / "settings.ini"
    for number in range(1, 12):
        path.write_bytes(content)
        kept = Settings(path)
        aside = tmp_path / f"settings.ini.unusable-{min(number, 9)}"
        assert cause in kept.notice
        assert str(aside) in kept.notice
        assert aside.read_bytes() == content
        assert kept.text("theme", "system") == "system"
        kept.set("seed", "new")
        kept.sync()
        again = Settings(path)
        assert again.notice == ""
        assert again.text("seed") == "new"
        del kept, again


def test_settings_that_are_a_folder_or_a_pipe_do_not_stop_the_window(tmp_path: Path) -> None:
    path = tmp_path / "settings.ini"
    path.mkdir()
    assert "is not a file" in Settings(path).notice
    if hasattr(os, "mkfifo"):
        pipe = tmp_path / "pipe.ini"
        os.mkfifo(pipe)
        assert "is not a file" in Settings(pipe).notice


def test_settings_that_cannot_be_moved_stay_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(self: Path, target: Path) -> Path:
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "settings.ini"
    path.write_bytes(b"garbage\0")
    monkeypatch.setattr(Path, "replace", locked)
    kept = Settings(path)
    assert "move it away" in kept.notice
    kept.set("seed", "new")
    kept.sync()
    assert path.read_bytes() == b"garbage\0"


def test_the_window_tells_where_its_settings_went(
    qtbot: QtBot, open_window: Callable[[Settings], MainWindow], tmp_path: Path
) -> None:
    path = tmp_path / "settings.ini"
    path.write_bytes(b"[General]\nversion=0\n")
    window = open_window(Settings(path))
    qtbot.waitUntil(lambda: "unusable-1" in window.notice.words(), timeout=20_000)
    assert window.controller.view.corpus_name == "The Salt Crown"


@pytest.mark.parametrize(
    "value",
    ["", "nan", "-1", "1e400", "x, y", "@Invalid()", '"{\\"a\\": "', "@ByteArray(\\0\\xff)"],
)
def test_each_setting_may_be_nonsense(
    open_window: Callable[[Settings], MainWindow], tmp_path: Path, value: str
) -> None:
    keys = ("geometry", "theme", "unit", "temperature", "log-x", "seed", "config", "recent",
            "folder", "setup-folded")  # fmt: skip
    lines = [f"{key}={value}" for key in keys]
    layout = [f"{key}={value}" for key in ("columns", "left", "right")]
    path = tmp_path / "settings.ini"
    path.write_text("\n".join(["[General]", "version=1", *lines, "[layout]", *layout]) + "\n")
    window = open_window(Settings(path))
    assert window.page.loss.unit() == "nats"
    assert 0.1 <= window.page.next_character.temperature() <= 2.0
    window.grab()


def test_a_layout_state_brings_sizes_only(
    open_window: Callable[[Settings], MainWindow], tmp_path: Path
) -> None:
    strange = QSplitter(Qt.Orientation.Vertical)
    for _ in range(3):
        strange.addWidget(QLabel())
    strange.setHandleWidth(400)
    strange.setChildrenCollapsible(True)
    strange.setSizes([0, 10**6, 0])
    settings = Settings(tmp_path / "settings.ini")
    for name in ("columns", "left", "right"):
        settings.set(f"layout-{LAYOUT_VERSION}/{name}", strange.saveState())
    window = open_window(settings)
    for splitter in window.page.findChildren(QSplitter):
        assert splitter.handleWidth() == 8
        assert not splitter.childrenCollapsible()
    assert all(panel.width() > 50 for panel in window.page.panels if panel.isVisible())
    strange.deleteLater()


# Presets and catalogue.


def test_a_broken_preset_and_a_broken_catalogue_do_not_keep_the_window_shut(
    qtbot: QtBot,
    open_window: Callable[[Settings], MainWindow],
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resources = presets_module.resources_folder()
    folder = tmp_path / "resources"
    (folder / "presets").mkdir(parents=True)
    for path in (resources / "presets").glob("*.json"):
        (folder / "presets" / path.name).write_bytes(path.read_bytes())
    (folder / "presets" / "gru-128.json").write_text('{"title": "x",\n"description": 5}')
    (folder / "catalogue.json").write_text('{"texts": [\n{"id": 5}]}')
    monkeypatch.setattr(presets_module, "resources_folder", lambda: folder)
    monkeypatch.setattr(catalogue.paths, "resources_folder", lambda: folder)
    window = open_window(settings)
    qtbot.waitUntil(lambda: "preset gru-128.json, line 2" in window.notice.words(), timeout=20_000)
    assert "catalogue.json, line 2" in window.notice.words()
    assert window.setup.corpus.choice.findData("the-salt-crown") >= 0
    window.runs.use_preset("gru-128")
    assert window.notice.words().startswith("preset gru-128.json, line 2: description must be")
    step(qtbot, window)


# Fields.


NONSENSE = ("", " ", "abc", "-1e9", "nan", "inf", "1e999", "0x10", "--5", "9" * 500, "1;DROP",
            "½", "<b>3</b>", "\u202e12", "١٢٣٤٥٦٧٨٩٠١٢٣")  # fmt: skip


def test_every_number_field_refuses_nonsense_in_place(qtbot: QtBot, window: MainWindow) -> None:
    fields = window.findChildren(NumberField)
    assert len(fields) >= 8
    for field in fields:
        value, shown = field.value(), field.text()
        refused: list[str] = []
        field.refused.connect(refused.append)
        for text in NONSENSE:
            field.setFocus()
            field.selectAll()
            field.insert(text)
            QTest.keyClick(field, Qt.Key.Key_Return)
            assert refused[-1].startswith(f"{field.accessibleName()} must be"), (text, refused)
            assert field.value() == value
            assert field.property("state") == "bad"
            labels = [label.text() for label in window.findChildren(QLabel)]
            assert any(refused[-1] in words for words in labels)
            QTest.keyClick(field, Qt.Key.Key_Escape)
            assert field.text() == shown
            assert field.property("state") != "bad"


@pytest.mark.parametrize("unit", ["spam and eggs, ", "👩‍👩‍👧 e\u0301 ", "x", "a\r\n", "\u2029\n"])
def test_a_pasted_megabyte_is_cut_to_its_end_and_typing_stays_cheap(
    qtbot: QtBot, window: MainWindow, unit: str
) -> None:
    panel = window.page.next_character
    data = QMimeData()
    data.setText(unit * (1_000_000 // len(unit)))
    panel.edit.selectAll()
    panel.edit.insertFromMimeData(data)
    assert 0 < len(panel.edit.raw_text()) <= LONGEST_SEED
    assert "only the last 10,000 characters are kept" in panel.message.text()
    panel.edit.raw_text().encode()  # no half of a surrogate pair
    read: list[int] = []
    window.controller.answered.connect(lambda answer: read.append(len(answer.reading.text)))
    QTest.keyClick(panel.edit, Qt.Key.Key_E)
    assert len(panel.edit.raw_text()) <= LONGEST_SEED
    assert panel.edit.raw_text().endswith("e")
    qtbot.waitUntil(lambda: bool(read), timeout=20_000)
    assert max(read) <= 1_000  # and the panel says so


# Markup.


def test_markup_in_names_and_characters_is_text_everywhere(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / MARKUP
    path.write_text("<h1>plain</h1> &amp; <i>more</i>\n" * 50)
    window.open_path(str(path))
    qtbot.waitUntil(lambda: window.controller.view.corpus_name == MARKUP, timeout=20_000)
    with qtbot.waitSignal(window.refused, timeout=20_000):
        window.open_path(str(tmp_path / "<b>nowhere</b>.txt"))
    shown: list[str] = []
    monkeypatch.setattr(QToolTip, "showText", lambda at, text, *rest: shown.append(text))
    window.setup.corpus.choice.grab()
    window.top_bar.setFixedWidth(300)  # too narrow for the name, so it becomes a tooltip
    window.grab()
    strip = window.setup.corpus.strip
    for x in range(0, strip.width(), 3):
        at = QPoint(x, 5)
        QApplication.sendEvent(
            strip, QHelpEvent(QHelpEvent.Type.ToolTip, at, strip.mapToGlobal(at))
        )
    combo = window.setup.corpus.choice
    tips = [
        *shown,
        *(widget.toolTip() for widget in window.findChildren(QWidget)),
        *(combo.itemData(i, Qt.ItemDataRole.ToolTipRole) or "" for i in range(combo.count())),
        *(action.toolTip() for action in window.recent.menu.actions()),
    ]
    assert any("bold" in tip for tip in tips)
    for tip in tips:
        if GuiQt.mightBeRichText(tip):
            text = QTextDocumentFragment.fromHtml(tip).toPlainText()
            assert tip == plain_tip(text)  # markup that shows markup
    for label in window.findChildren(QLabel):
        if label.textFormat() != Qt.TextFormat.PlainText:
            assert not GuiQt.mightBeRichText(label.text()), label.text()
    boxes: list[QMessageBox] = []

    def look(box: QMessageBox) -> int:
        boxes.append(box)
        assert all(
            label.textFormat() == Qt.TextFormat.PlainText
            for label in box.findChildren(QLabel)
            if label.text()
        )
        return 0

    monkeypatch.setattr(QMessageBox, "exec", look)
    window.show_about()
    assert window.about is not None
    values = [label for label in window.about.findChildren(QLabel) if ":" in label.accessibleName()]
    assert values
    assert all(label.textFormat() == Qt.TextFormat.PlainText for label in values)
    monkeypatch.setattr(unsaved, "ASK_AFTER", -1.0)
    step(qtbot, window)
    window.runs.reset()
    assert len(boxes) == 1
    window.close()
    assert window.unsaved.question is not None
    look(window.unsaved.question)
    window.unsaved.question.reject()
    assert window.isVisible()


@pytest.mark.parametrize("text", ["<b>x</b>", "a <i>b\nc", "plain", "<notatag>", "&lt;", "a < b"])
def test_a_tooltip_shows_a_text_to_the_letter(text: str) -> None:
    tip = plain_tip(text)
    rich = GuiQt.mightBeRichText(tip)
    assert (QTextDocumentFragment.fromHtml(tip).toPlainText() if rich else tip) == text
