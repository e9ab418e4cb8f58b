"""A cell is one file and one line: whatever is in `CELLS` is offered, trained and shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from opening import a_window, settings_for
from panel_fixtures import SMALL, TEXT, train
from pytestqt.qtbot import QtBot

from rnnviz.app.main_window import MainWindow
from rnnviz.engine.cells import CELLS
from rnnviz.engine.cells.gru import GRU


class Twin(GRU):
    """A cell that nothing but `CELLS` knows."""

    name = "twin"


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MainWindow]:
    monkeypatch.setitem(CELLS, "twin", Twin)
    with a_window(qtbot, settings_for(tmp_path, SMALL.with_changes(cell="twin"), TEXT)) as opened:
        yield opened


def test_another_cell_is_offered_trained_and_shown(qtbot: QtBot, window: MainWindow) -> None:
    assert window.setup.network.cell.options() == ["rnn", "lstm", "gru", "twin"]
    assert window.setup.network.cell.current() == "twin"
    train(qtbot, window, 20)
    assert "TWIN 1 × 12" in window.top_bar.what()
    for name, page in window.perspectives.items():
        window.show_page(name)
        train(qtbot, window, 20)
        for panel in page.panels:
            panel.refresh()
            assert panel.cover is None, f"{panel.title()} has failed"
            assert not panel.picture().isNull()
    window.show_page("gradients")
    found = window.gradients.eigenvalues
    qtbot.waitUntil(lambda: found.plot.spectrum is not None)
    assert found.clause().startswith("one step of TWIN")
