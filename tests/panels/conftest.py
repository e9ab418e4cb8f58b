"""Dark colours for every panel under test, and two panels that several tests look at."""

from __future__ import annotations

from collections.abc import Iterator

import gradient_fixtures as fixtures
import pytest
from gradient_panels import shown
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from rnnviz.panels.eigenvalues import EigenvaluesPanel
from rnnviz.panels.gradient_flow import GradientFlowPanel
from rnnviz.panels.theme import themes


@pytest.fixture(autouse=True)
def dark(qapp: QApplication) -> Iterator[None]:
    themes().set_mode("dark")
    yield
    themes().set_mode("dark")


@pytest.fixture
def flow(qtbot: QtBot) -> GradientFlowPanel:
    panel = GradientFlowPanel()
    shown(qtbot, panel)
    view = fixtures.make_view()
    panel.set_view(view)
    for found in fixtures.inspect(view):
        panel.show_inspection(found)
    return panel


@pytest.fixture
def eigenvalues(qtbot: QtBot) -> EigenvaluesPanel:
    panel = EigenvaluesPanel()
    shown(qtbot, panel, 592, 452)
    view = fixtures.make_view()
    panel.set_view(view)
    for found in fixtures.inspect(view):
        panel.show_inspection(found)
    return panel
