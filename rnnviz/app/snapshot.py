"""`rnnviz snapshot`: the real window, without a display, trained for a while and photographed."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QSize, QTimer
from PySide6.QtGui import QCursor, QImage

from rnnviz.app.application import make_application
from rnnviz.app.main_window import MainWindow
from rnnviz.app.settings import Settings
from rnnviz.files import write_bytes
from rnnviz.panels.picture import as_png
from rnnviz.panels.theme import themes
from rnnviz.session import commands
from rnnviz.session.config import ConfigError

_LOADING_SECONDS = 60.0
_LOOK_SECONDS = 0.02


def take_snapshot(
    out: Path,
    corpus: str | None,
    *,
    seconds: float,
    size: tuple[int, int],
    theme: str,
    preset: str | None,
) -> None:
    """Trains for `seconds` of wall-clock time and writes the window's picture as PNG.

    Raises `ConfigError` when the text or preset cannot be used, OSError when the picture cannot be
    written. The user's own settings are neither read nor changed.
    """
    make_application()
    with tempfile.TemporaryDirectory() as folder:
        themes().set_mode(theme)
        window = MainWindow(Settings(Path(folder) / "settings.ini"))
        try:
            prepare(window, size)
            open_run(window, corpus, preset)
            window.controller.send(commands.Play())
            wait(seconds)
            photograph(window, out)
        finally:
            window.end()


def prepare(window: MainWindow, size: tuple[int, int]) -> None:
    """Shows it at a size, with the mouse out of the way."""
    window.setMinimumSize(1, 1)
    window.resize(QSize(*size))
    QCursor.setPos(window.rect().bottomRight())  # nothing should look pointed at
    window.show()


def open_run(window: MainWindow, corpus: str | None, preset: str | None) -> None:
    """Opens the text and waits for the run; what the window refuses is raised."""
    refused: list[str] = []
    loop = QEventLoop()

    def refuse(sentence: str) -> None:
        refused.append(sentence)
        loop.quit()

    window.refused.connect(refuse)
    window.controller.run_started.connect(lambda _: loop.quit())
    QTimer.singleShot(round(1000 * _LOADING_SECONDS), loop.quit)
    window.begin(corpus, preset)
    loop.exec()
    if refused:
        raise ConfigError(refused[0])
    if window.controller.view is None:
        raise ConfigError("the text could not be loaded in time")


def wait(seconds: float) -> None:
    """Lets the window live for so long."""
    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()


def wait_until(ready: Callable[[], bool], seconds: float = _LOADING_SECONDS) -> None:
    """Lets the window live until something holds; TimeoutError when it takes too long."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(f"nothing came of it within {seconds:g} seconds")
        wait(_LOOK_SECONDS)


def photograph(window: MainWindow, out: Path) -> None:
    """Writes the picture of the window as it is, with the newest of what it shows.

    Raises OSError when it cannot be written.
    """
    if window.page.isVisible():
        window.page.hidden_state.sort_again()
    page = window.perspectives[window.shown_page()]
    page.mark_stale()
    page.refresh_due()
    window.transport.refresh()
    # On a busy machine the loop may not have come to what a change of size asks for.
    QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)
    picture: QImage = window.grab().toImage()
    write_bytes(out, as_png(picture))
