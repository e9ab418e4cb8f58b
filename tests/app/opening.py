"""Opening the real window in a test, and what must be gone after it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pytestqt.qtbot import QtBot
from showing import activate

import rnnviz
from rnnviz.app.application import make_application
from rnnviz.app.main_window import MainWindow
from rnnviz.app.settings import Settings
from rnnviz.panels.theme import BODY_POINTS, LECTURE_POINTS, themes
from rnnviz.session.config import RunConfig


def settings_for(folder: Path, config: RunConfig, text: str | None = None) -> Settings:
    """Settings of a window that begins with `config`, on `text` where that is given."""
    if text is not None:
        path = folder / "sea.txt"
        path.write_text(text)
        config = config.with_changes(corpus=str(path))
    kept = Settings(folder / "settings.ini")
    kept.set("config", config.to_dict())
    return kept


def open_window(
    qtbot: QtBot,
    settings: Settings,
    size: tuple[int, int] = (1600, 1000),
    *,
    autosaves: Path | None = None,
    file: Path | None = None,
) -> MainWindow:
    """The window in front, with its first run: of `file`, or of the settings."""
    make_application()
    opened = MainWindow(settings, autosaves)
    opened.resize(*size)
    qtbot.addWidget(opened)
    activate(qtbot, opened)
    opened.begin(None if file is None else str(file))
    qtbot.waitUntil(lambda: opened.controller.view is not None, timeout=20_000)
    return opened


@contextmanager
def a_window(
    qtbot: QtBot, settings: Settings, size: tuple[int, int] = (1600, 1000), colours: str = "dark"
) -> Iterator[MainWindow]:
    """A window that is closed at the end and leaves no thread, colours or size of type behind."""
    make_application()
    themes().set_mode(colours)
    opened = open_window(qtbot, settings, size)
    yield opened
    opened.close()
    wait_for_threads_to_end(qtbot)
    themes().restore_points(BODY_POINTS, LECTURE_POINTS)
    themes().set_mode("dark")


def program_threads() -> list[str]:
    """Names of rnnviz's threads that are alive."""
    return sorted(t.name for t in threading.enumerate() if t.name.startswith("rnnviz-"))


def wait_for_threads_to_end(qtbot: QtBot) -> None:
    """After the last window has gone; on a busy machine some end later than it waits for them."""
    qtbot.waitUntil(lambda: program_threads() == [])


def program_environment(data: Path) -> dict[str, str]:
    """For the program in a process of its own: this very code, no screen, its files in `data`."""
    return os.environ | {
        "RNNVIZ_DATA": str(data),
        "QT_QPA_PLATFORM": "offscreen",
        "PYTHONPATH": str(Path(rnnviz.__file__).parent.parent),
    }
