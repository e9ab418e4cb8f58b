"""What is collected while the window is open is collected by the window's thread."""

from __future__ import annotations

import gc
import threading
import weakref
from pathlib import Path

from opening import open_window, settings_for
from pytestqt.qtbot import QtBot

from rnnviz.session.config import RunConfig

SMALL = RunConfig(hidden_size=8, seq_len=10, batch_size=4, corpus="hello")


class _Cycle:
    """What only the cyclic collector can free."""

    def __init__(self) -> None:
        self.itself = self


def test_the_collector_never_runs_in_a_thread_beside_the_window(
    qtbot: QtBot, tmp_path: Path
) -> None:
    window = open_window(qtbot, settings_for(tmp_path, SMALL))
    assert window.isVisible() and not gc.isenabled()
    freed_in: list[threading.Thread] = []
    weakref.finalize(_Cycle(), lambda: freed_in.append(threading.current_thread()))

    def allocate() -> None:
        kept = [[index] for index in range(5 * gc.get_threshold()[0])]
        assert kept

    worker = threading.Thread(target=allocate)
    worker.start()
    worker.join()
    assert not freed_in
    kept = [[index] for index in range(5 * gc.get_threshold()[0])]
    qtbot.waitUntil(lambda: bool(freed_in))
    assert freed_in == [threading.main_thread()] and kept


def test_it_runs_by_itself_again_after_the_last_window(qtbot: QtBot, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, SMALL)
    first, second = open_window(qtbot, settings), open_window(qtbot, settings)
    first.close()
    assert not gc.isenabled()
    second.close()
    assert gc.isenabled()
