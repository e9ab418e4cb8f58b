"""The window most tests of the app look at: dark, 1600 by 1000, with a small run in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from opening import a_window
from panel_fixtures import small_settings
from pytestqt.qtbot import QtBot

from rnnviz.app.main_window import MainWindow
from rnnviz.app.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """What the window begins with."""
    return small_settings(tmp_path)


@pytest.fixture
def window(qtbot: QtBot, settings: Settings) -> Iterator[MainWindow]:
    """The window; closed at the end, with no thread left."""
    with a_window(qtbot, settings) as opened:
        yield opened
