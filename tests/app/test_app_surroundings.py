"""Surroundings in which the program still has to start: other bindings, no home, no display."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import rnnviz

ROOT = Path(rnnviz.__file__).parent.parent
WINDOW = """
import sys
from PySide6.QtCore import QTimer
from rnnviz.app import main_window
from rnnviz.app.application import run_window

class Brief(main_window.MainWindow):
    def begin(self, file=None, preset=None):
        self.controller.run_started.connect(lambda _: QTimer.singleShot(0, self.close))
        super().begin(file, preset)

main_window.MainWindow = Brief
status = run_window("hello", None, "hello")
import pyqtgraph
print(pyqtgraph.Qt.QT_LIB, sorted(name for name in sys.modules if "PyQt" in name))
sys.exit(status)
"""


def run(*arguments: str, without: tuple[str, ...] = (), **environment: str) -> tuple[int, str, str]:
    """Exit status, output and errors of Python with these arguments."""
    kept = {name: value for name, value in os.environ.items() if name not in without}
    done = subprocess.run(
        [sys.executable, *arguments],
        env={**kept, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("asked_for", ["", "PyQt6"])
def test_pyqt6_beside_pyside6_is_left_alone(tmp_path: Path, asked_for: str) -> None:
    package = tmp_path / "PyQt6"
    package.mkdir()
    (package / "__init__.py").write_text("raise SystemExit('PyQt6 was imported')\n")
    found = {"PYQTGRAPH_QT_LIB": asked_for} if asked_for else {}
    status, out, errors = run(
        "-c",
        WINDOW,
        without=("PYQTGRAPH_QT_LIB",),
        QT_QPA_PLATFORM="offscreen",
        PYTHONPATH=f"{ROOT}{os.pathsep}{tmp_path}",
        **found,
    )
    assert (status, errors) == (0, "")
    assert out == "PySide6 []\n"


@pytest.mark.skipif(os.name != "posix", reason="folders of POSIX")
def test_without_a_home_or_a_folder_to_write_to_the_window_opens(tmp_path: Path) -> None:
    file = tmp_path / "no-folder"
    file.write_text("")  # nothing can be made below a file, not even by root
    status, _, errors = run(
        "-c",
        WINDOW,
        without=("RNNVIZ_CACHE", "RNNVIZ_DATA", "XDG_CACHE_HOME", "XDG_DATA_HOME"),
        HOME=str(file / "home"),
        XDG_CONFIG_HOME=str(file / "config"),
        QT_QPA_PLATFORM="offscreen",
    )
    assert (status, errors) == (0, "")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there always is a display")
def test_without_a_display_one_sentence_tells_it() -> None:
    status, out, errors = run(
        "-m", "rnnviz", without=("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    )
    assert (status, out) == (2, "")
    assert len(errors.splitlines()) == 1
    assert "no display" in errors
