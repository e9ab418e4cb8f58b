"""Random clicks, keys, drags, drops, themes and sizes in the real window: nothing breaks.

`RNNVIZ_MONKEY=100000` makes so many events instead of two thousand, `RNNVIZ_MONKEY_SEED` others.
Exceptions in slots and events, and every warning of Qt, fail the test (pytest-qt sees to that).
"""

from __future__ import annotations

import os
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from dropping import drop
from pointing import move_pointer
from PySide6.QtCore import QEvent, QMimeData, QObject, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import (
    QContextMenuEvent,
    QDrag,
    QGuiApplication,
    QHelpEvent,
    QKeyEvent,
    QWheelEvent,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QMenu,
    QMessageBox,
    QSplitter,
    QToolTip,
    QWidget,
)
from pytestqt.qtbot import QtBot

from rnnviz.app import unsaved
from rnnviz.app.application import make_application
from rnnviz.app.main_window import MainWindow
from rnnviz.app.settings import Settings
from rnnviz.panels.theme import themes
from rnnviz.session.config import RunConfig
from rnnviz.session.frames import Saved
from rnnviz.text.corpus import CorpusError

EVENTS = int(os.environ.get("RNNVIZ_MONKEY", "2000"))
SEED = int(os.environ.get("RNNVIZ_MONKEY_SEED", "1"))
SMALL = RunConfig(hidden_size=8, seq_len=10, batch_size=4, cell="gru")
TEXT = "a monkey at the keys writes what a monkey writes, and then it writes again.\n" * 60
THREADS = ["rnnviz-inspector", "rnnviz-prober", "rnnviz-respondent", "rnnviz-trainer"]
MODIFIERS = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
)
KEYS = (
    *range(int(Qt.Key.Key_Space), int(Qt.Key.Key_QuoteLeft)),
    *(int(key) for key in (
        Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Escape, Qt.Key.Key_Tab, Qt.Key.Key_Backtab,
        Qt.Key.Key_Backspace, Qt.Key.Key_Delete, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up,
        Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown,
        Qt.Key.Key_F1, Qt.Key.Key_F10, Qt.Key.Key_Menu,
    )),
)  # fmt: skip
BUTTONS = (Qt.MouseButton.LeftButton,) * 6 + (
    Qt.MouseButton.RightButton,
    Qt.MouseButton.MiddleButton,
)
# Typed numbers must stay small: building a network of a gigabyte is no fault, but takes its time.
MOST_HIDDEN, MOST_LAYERS = 48, 2


class Monkey:
    """Does one thing after another to whatever of the window can be seen."""

    def __init__(self, window: MainWindow, folder: Path, rng: random.Random) -> None:
        self.window = window
        self.rng = rng
        self.files = self._files(folder)
        self.done: Counter[str] = Counter()
        self.acts: tuple[tuple[int, Callable[[], None]], ...] = (
            (30, self.click),
            (24, self.key),
            (8, self.type),
            (8, self.drag),
            (6, self.wheel),
            (6, self.hover),
            (4, self.double_click),
            (4, self.tooltip),
            (3, self.context_menu),
            (2, self.action),
            (2, self.drop),
            (2, self.paste),
            (2, self.flip_theme),
            (3, self.resize),
            (1, self.splitters),
            (3, self.perspective),
            (3, self.command),
            (3, self.palette),
            (3, self.pop_out),
            (1, self.lecture),
            (1, self.type_size),
            (1, self.hide_and_show),
            (6, self.wait),
        )

    def _files(self, folder: Path) -> list[Path]:
        contents: dict[str, bytes] = {
            "other.txt": "еще один текст, другими буквами\n".encode() * 60,
            "<b>markup<i>.txt": TEXT.upper().encode(),
            "tiny.txt": b"ab",
            "empty.txt": b"",
            "latin.txt": b"caf\xe9 " * 200,
            "binary.bin": bytes(range(256)) * 4,
            "bad.safetensors": b"\xff" * 40,
        }
        for name, content in contents.items():
            (folder / name).write_bytes(content)
        (folder / "folder").mkdir()
        return [*(folder / name for name in contents), folder / "folder", folder / "missing",
                folder / "sea.txt", folder / "saved.safetensors"]  # fmt: skip

    def act(self) -> str:
        weights, acts = zip(*self.acts, strict=True)
        [chosen] = self.rng.choices(acts, weights)
        self.done[chosen.__name__] += 1
        chosen()
        self.tame()
        return chosen.__name__

    def tame(self) -> None:
        """Networks stay small enough to be built between two events."""
        setup = self.window.setup
        wanted = setup.wanted
        if wanted.hidden_size > MOST_HIDDEN or wanted.num_layers > MOST_LAYERS:
            setup.set_wanted(
                wanted.with_changes(
                    hidden_size=min(wanted.hidden_size, MOST_HIDDEN),
                    num_layers=min(wanted.num_layers, MOST_LAYERS),
                )
            )

    # What it aims at.

    def target(self) -> tuple[QWidget, QPoint]:
        """The open menu or list, or any spot of a window, and the widget that is there."""
        popup = QApplication.activePopupWidget()
        root: QWidget = popup or self.rng.choice([self.window, *self.windows()])
        at = self.spot(root)
        widget = root.childAt(at) or root
        return widget, widget.mapFrom(root, at)

    def spot(self, widget: QWidget) -> QPoint:
        return QPoint(
            self.rng.randrange(max(widget.width(), 1)), self.rng.randrange(max(widget.height(), 1))
        )

    def windows(self) -> list[QWidget]:
        """The main window and all that it has opened: panels of their own, dialogs."""
        found = [w for w in QApplication.topLevelWidgets() if w.isWindow() and w.isVisible()]
        found = [w for w in found if w.windowType() in (Qt.WindowType.Window, Qt.WindowType.Dialog)]
        return sorted(found, key=lambda w: (w.windowTitle(), w.x(), w.y()))

    def focused(self) -> QWidget:
        popup = QApplication.activePopupWidget()
        return popup or QApplication.focusWidget() or self.window

    # What it does.

    def click(self) -> None:
        widget, at = self.target()
        modifier = self.rng.choice(MODIFIERS)
        QTest.mouseClick(widget, self.rng.choice(BUTTONS), modifier, at)

    def double_click(self) -> None:
        widget, at = self.target()
        QTest.mouseDClick(widget, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)

    def key(self) -> None:
        QTest.keyClick(self.focused(), Qt.Key(self.rng.choice(KEYS)), self.rng.choice(MODIFIERS))

    def type(self) -> None:
        words = ("12", "3e-2", "-1", "the sea", "é", "0", "a\tb", "7.5", "👩‍👩‍👧", "\u202e<b>")
        for character in self.rng.choice(words):
            # QTest.keyClicks takes ASCII only.
            for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
                nothing = Qt.KeyboardModifier.NoModifier
                QApplication.sendEvent(self.focused(), QKeyEvent(kind, 0, nothing, character))

    def drag(self) -> None:
        widget, at = self.target()
        button, modifier = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        QTest.mousePress(widget, button, modifier, at)
        for _ in range(self.rng.randint(1, 5)):
            at = self.spot(self.window)
            move_pointer(widget, at, button)
        QTest.mouseRelease(widget, button, modifier, at)

    def wheel(self) -> None:
        widget, at = self.target()
        turn = QPoint(0, self.rng.choice((-960, -120, -30, 30, 120, 960)))
        QApplication.sendEvent(
            widget,
            QWheelEvent(
                QPointF(at),
                QPointF(widget.mapToGlobal(at)),
                QPoint(),
                turn,
                Qt.MouseButton.NoButton,
                self.rng.choice(MODIFIERS),
                Qt.ScrollPhase.NoScrollPhase,
                False,
            ),
        )

    def hover(self) -> None:
        for _ in range(3):
            widget, at = self.target()
            if widget.hasMouseTracking():
                move_pointer(widget, at)

    def tooltip(self) -> None:
        widget, at = self.target()
        QApplication.sendEvent(widget, QHelpEvent(QEvent.Type.ToolTip, at, widget.mapToGlobal(at)))

    def context_menu(self) -> None:
        widget, at = self.target()
        reason = QContextMenuEvent.Reason.Mouse
        event = QContextMenuEvent(
            reason, at, widget.mapToGlobal(at), Qt.KeyboardModifier.NoModifier
        )
        QApplication.sendEvent(widget, event)

    def action(self) -> None:
        """Something from a menu, without the menu."""
        menus = self.window.findChildren(QMenu)
        actions = [a for menu in menus for a in menu.actions() if a.isEnabled() and not a.menu()]
        chosen = self.rng.choice(actions)
        if not chosen.isSeparator():
            chosen.trigger()

    def drop(self) -> None:
        """Files, known and unknown, good and bad; or something that is no file."""
        data = QMimeData()
        kind = self.rng.random()
        if kind < 0.7:
            chosen = self.rng.sample(self.files, self.rng.randint(1, 2))
            data.setUrls([QUrl.fromLocalFile(str(path)) for path in chosen])
        elif kind < 0.85:
            data.setUrls([QUrl("https://example.org/text.txt")])
        else:
            data.setText("just words")
        drop(self.window, data, self.spot(self.window))

    def paste(self) -> None:
        """Whatever is on the clipboard, into the seed text."""
        words = ("", "the monkey", "x" * 20_000, "<b>bold</b>", "👩‍👩‍👧\u202e\0\u2029", "a\r\nb\r")
        QGuiApplication.clipboard().setText(self.rng.choice(words))
        self.window.page.next_character.edit.paste()

    def flip_theme(self) -> None:
        self.window.appearance.set_theme(self.rng.choice(("dark", "light", "system")))

    def resize(self) -> None:
        self.window.resize(self.rng.randint(600, 2400), self.rng.randint(400, 1500))

    def splitters(self) -> None:
        for splitter in self.window.pages.findChildren(QSplitter):
            splitter.setSizes([self.rng.randint(0, 1000) for _ in range(splitter.count())])

    def perspective(self) -> None:
        """Another page, by its key."""
        key = self.rng.choice((Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_3))
        QTest.keyClick(self.window, key, Qt.KeyboardModifier.ControlModifier)

    def command(self) -> None:
        """Anything the window can be asked for."""
        registry = self.window.registry
        registry.refresh()
        able = [command.id for command in registry if registry[command.id].isEnabled()]
        registry[self.rng.choice(able)].trigger()

    def palette(self) -> None:
        """A command by some letters of it, or something that is none."""
        QTest.keyClick(self.window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
        letters = self.rng.choice(("th", "own", "lec", "gru", "pro", "re", "x", "zzz", "clip", ""))
        QTest.keyClicks(self.focused(), letters)
        for _ in range(self.rng.randrange(4)):
            QTest.keyClick(self.focused(), self.rng.choice((Qt.Key.Key_Down, Qt.Key.Key_Up)))
        ends = (Qt.Key.Key_Return, Qt.Key.Key_Escape, Qt.Key.Key_Tab)
        QTest.keyClick(self.focused(), self.rng.choice(ends))

    def pop_out(self) -> None:
        """A panel into a window of its own, or back."""
        _, panel = self.rng.choice(self.window.panel_windows.panels())
        self.window.panel_windows.toggle(panel)

    def lecture(self) -> None:
        """Into lecture mode or out of it."""
        QTest.keyClick(self.window, Qt.Key.Key_F11)

    def type_size(self) -> None:
        """All type larger, smaller or as designed."""
        self.window.appearance.step_type(self.rng.choice((-1, 0, 1, 1)))

    def hide_and_show(self) -> None:
        self.window.hide()
        QApplication.processEvents()
        self.window.show()

    def wait(self) -> None:
        """Lets frames arrive and be drawn."""
        for _ in range(self.rng.randint(1, 20)):
            QApplication.processEvents()


@pytest.fixture
def tamed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, qtbot: QtBot) -> Iterator[random.Random]:
    """Dialogs answer themselves, and nothing waits for a hand that is not there."""
    rng = random.Random(SEED)

    def opened(*_: object, **__: object) -> tuple[str, str]:
        names = ("", "sea.txt", "other.txt", "empty.txt", "bad.safetensors", "saved.safetensors")
        name = rng.choice(names)
        return (str(tmp_path / name) if name else "", "")

    def saved(*_: object, **__: object) -> tuple[str, str]:
        name = rng.choice(("", "saved.safetensors", "no folder/x.safetensors", "x.png", "x.csv"))
        return (str(tmp_path / name) if name else "", "")

    def answer(box: QMessageBox) -> int:
        rng.choice(box.buttons()).click()
        return 0

    def no_network(*_: object, **__: object) -> None:
        raise CorpusError("There is no network here.")

    monkeypatch.setattr("rnnviz.app.loader.download", no_network)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", opened)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", saved)
    monkeypatch.setattr(QMessageBox, "exec", answer)
    monkeypatch.setattr(unsaved, "ASK_AFTER", 5.0)
    # A menu button waits in an event loop of its own until its menu is closed, and text that is
    # dragged until a real button is released.
    closing = QTimer()
    closing.timeout.connect(close_popup)
    if QGuiApplication.platformName() != "offscreen":  # there nothing can be dragged
        closing.timeout.connect(QDrag.cancel)
    closing.start(100)
    yield rng
    closing.stop()


def close_popup() -> None:
    popup = QApplication.activePopupWidget()
    if popup is not None:
        popup.close()


def census(window: QObject) -> Counter[str]:
    """How many objects of each kind the window holds."""
    return Counter(
        f"{child.metaObject().className()} of {child.parent().metaObject().className()}"
        for child in window.findChildren(QObject)
        if not isinstance(child, QDrag)  # X11 keeps them for ten minutes
    )


def threads() -> list[str]:
    return sorted(t.name for t in threading.enumerate() if t.name.startswith("rnnviz-"))


def settle(qtbot: QtBot, window: MainWindow) -> None:
    """Nothing is loading, counting or about to be deleted."""
    close_popup()
    controller = window.controller

    def quiet() -> bool:
        return not controller.loader.is_loading() and controller.view is not None

    qtbot.waitUntil(quiet, timeout=30_000)
    qtbot.waitUntil(lambda: threads() == THREADS, timeout=60_000)
    controller.sweep()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QApplication.processEvents()


def close_others(window: MainWindow, monkey: Monkey) -> None:
    for other in monkey.windows():
        if other is not window:
            other.close()


# Without a window manager menus can neither be raised nor take the keyboard.
@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
def test_a_monkey_breaks_nothing_and_leaves_nothing_behind(
    qtbot: QtBot, tmp_path: Path, tamed: random.Random
) -> None:
    make_application()
    themes().set_mode("dark")
    (tmp_path / "sea.txt").write_text(TEXT)
    settings = Settings(tmp_path / "settings.ini")
    settings.set("config", SMALL.with_changes(corpus=str(tmp_path / "sea.txt")).to_dict())
    autosaves = tmp_path / "autosaves"
    window = MainWindow(settings, autosaves)
    window.controller.keeper.rhythm.gap = 0.5  # seconds: many, so that they cross what it does
    kept_runs: list[Saved] = []
    window.controller.keeper.saved.connect(kept_runs.append)
    qtbot.addWidget(window)
    window.show()
    window.begin()
    settle(qtbot, window)
    monkey = Monkey(window, tmp_path, tamed)
    for dialog in ("help.about", "help.shortcuts"):  # made once and kept
        window.registry[dialog].trigger()
    close_others(window, monkey)
    before, tops = census(window), len(QApplication.topLevelWidgets())
    window.registry["file.quit"].setEnabled(False)  # deleted later only
    window.registry.remove("file.quit")
    last: list[Any] = []
    for number in range(EVENTS):
        try:
            last = [*last[-30:], monkey.act()]
            QApplication.processEvents()
        except Exception as error:
            raise AssertionError(f"event {number} of seed {SEED}: {last[-5:]}") from error
        assert window.isVisible(), f"event {number} of seed {SEED} closed the window: {last[-5:]}"
    window.lecture.leave()
    window.appearance.step_type(0)
    close_others(window, monkey)
    settle(qtbot, window)
    QToolTip.hideText()
    assert len(monkey.done) == len(monkey.acts)
    view = window.controller.view
    assert view is not None
    if view.training:
        window.controller.toggle_play()
        qtbot.waitUntil(lambda: not view.training or window.controller.view is not view)
    grown = {kind: count - before[kind] for kind, count in census(window).items()}
    many = {kind: count for kind, count in grown.items() if count > 12}
    assert not many, f"{many} more than before"
    window.end()
    assert threads() == []
    assert [kept.problem for kept in kept_runs if kept.automatic and kept.problem] == []
    left = sorted(path.suffix for path in autosaves.iterdir()) if autosaves.exists() else []
    assert left in ([], [".lock", ".safetensors"])
    assert len(QApplication.topLevelWidgets()) <= tops + 2
