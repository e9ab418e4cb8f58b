"""The real program on a real (virtual) X display, driven from outside by xdotool."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication, QImage
from pytestqt.qtbot import QtBot

from rnnviz.app.application import make_application

HERE = os.environ.get("DISPLAY") and os.environ.get("QT_QPA_PLATFORM") == "xcb"
pytestmark = pytest.mark.skipif(
    not (HERE and shutil.which("xdotool")), reason="needs an X display and xdotool"
)


def xdotool(*arguments: object) -> str:
    done = subprocess.run(
        ["xdotool", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


@pytest.fixture
def program(qtbot: QtBot, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The started program and the id of its window."""
    make_application()
    text = tmp_path / "lines.txt"
    text.write_text("one line after another, and then one more\n" * 200)
    started = subprocess.Popen(
        [sys.executable, "-m", "rnnviz", str(text), "--theme", "dark"], stderr=subprocess.PIPE
    )
    found: list[str] = []

    def visible() -> bool:
        found[:] = xdotool("search", "--onlyvisible", "--pid", started.pid).split()
        return bool(found)

    try:
        qtbot.waitUntil(visible, timeout=30_000)
        qtbot.waitUntil(lambda: ready(found[-1]), timeout=30_000)
        xdotool("windowfocus", "--sync", found[-1])
        yield started, found[-1]
    finally:
        started.kill()
        started.communicate()


def ready(window: str) -> bool:
    """Whether the window is in its place and its Play button is lit; puts it there until it is.

    The program may still be placing itself, so asking once is not enough.
    """
    xdotool("windowmove", window, 0, 0, "windowsize", window, 1280, 720)
    geometry = xdotool("getwindowgeometry", "--shell", window).split()
    placed = {"X=0", "Y=0", "WIDTH=1280", "HEIGHT=720"} <= set(geometry)
    return placed and picture(20, 690, 1, 1).pixelColor(0, 0).green() > 150


def ended_cleanly(process: subprocess.Popen[bytes]) -> None:
    _, printed = process.communicate(timeout=20)
    assert process.returncode == 0
    assert b"Traceback" not in printed


def picture(x: int, y: int, width: int, height: int) -> QImage:
    screen = QGuiApplication.primaryScreen()
    return screen.grabWindow(0, x, y, width, height).toImage()


def moved(x: int, y: int, width: int, height: int, since: QImage) -> bool:
    return picture(x, y, width, height) != since


def test_play_by_mouse_type_a_seed_and_quit(
    qtbot: QtBot, program: tuple[subprocess.Popen[bytes], str]
) -> None:
    process, window = program
    steps = (230, 665, 90, 26)  # where the transport shows the step
    bars = (900, 370, 370, 220)  # where the probabilities are
    before = picture(*steps)
    xdotool("mousemove", 60, 688, "click", 1)
    qtbot.waitUntil(lambda: moved(*steps, before), timeout=20_000)
    guesses = picture(*bars)
    xdotool("mousemove", 1080, 335, "click", 1, "key", "ctrl+a", "type", "one")
    qtbot.waitUntil(lambda: moved(*bars, guesses), timeout=20_000)
    still = picture(*steps)
    qtbot.waitUntil(lambda: moved(*steps, still), timeout=20_000)  # it trains on meanwhile
    xdotool("key", "--window", window, "ctrl+q")
    ended_cleanly(process)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_training_program_cleanly(
    qtbot: QtBot, program: tuple[subprocess.Popen[bytes], str], number: signal.Signals
) -> None:
    process, window = program
    before = picture(230, 665, 90, 26)
    xdotool("key", "--window", window, "space")
    qtbot.waitUntil(lambda: moved(230, 665, 90, 26, before), timeout=20_000)
    process.send_signal(number)
    ended_cleanly(process)
