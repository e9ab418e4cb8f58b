"""Choosing a text of the catalogue: downloaded beside the window, with progress and cancel."""

from __future__ import annotations

import hashlib
import http.server
import threading
from collections.abc import Iterator

import pytest
from opening import open_window
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from rnnviz.app.main_window import MainWindow
from rnnviz.app.settings import Settings
from rnnviz.text import sources
from rnnviz.text.catalogue import CatalogueEntry

BODY = b"From the library comes a text of some length.\n" * 4000


class Library(http.server.BaseHTTPRequestHandler):
    """Sends half of the text, then waits to be told to go on."""

    go_on = threading.Event()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        try:
            self.wfile.write(BODY[: len(BODY) // 2])
            self.wfile.flush()
            self.go_on.wait(20)
            self.wfile.write(BODY[len(BODY) // 2 :])
        except OSError:
            pass  # the reader has cancelled

    def log_message(self, *arguments: object) -> None:
        """Says nothing."""


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Library]]:
    Library.go_on.clear()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Library)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    entry = CatalogueEntry(
        id="library-text",
        name="Library text",
        address=f"http://127.0.0.1:{server.server_port}/text",
        bytes=len(BODY),
        sha256=hashlib.sha256(BODY).hexdigest(),
        licence="public domain",
        note="a text",
    )
    monkeypatch.setattr(sources, "load_catalogue", lambda *_: (entry,))
    yield Library
    Library.go_on.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def window(qtbot: QtBot, library: type[Library], tmp_path: object) -> Iterator[MainWindow]:
    opened = open_window(qtbot, Settings())
    yield opened
    library.go_on.set()
    opened.close()


def choose(window: MainWindow, title: str) -> None:
    box = window.setup.corpus.choice
    index = box.findText(title)
    assert index >= 0
    box.setCurrentIndex(index)
    box.activated.emit(index)


def test_a_catalogue_text_is_downloaded_with_progress(
    qtbot: QtBot, window: MainWindow, library: type[Library]
) -> None:
    choose(window, "Library text")
    qtbot.waitUntil(lambda: window.setup.corpus.progress.value() >= 400, timeout=20_000)
    assert window.setup.corpus.loading.isVisible()
    assert "of 0.2 MB" in window.setup.corpus.note.text()
    library.go_on.set()
    qtbot.waitUntil(lambda: window.controller.view.corpus_name == "Library text", timeout=20_000)
    assert not window.setup.corpus.loading.isVisible()


def test_a_download_can_be_cancelled(
    qtbot: QtBot, window: MainWindow, library: type[Library]
) -> None:
    before = window.controller.corpus
    choose(window, "Library text")
    qtbot.waitUntil(lambda: window.setup.corpus.progress.value() >= 400, timeout=20_000)
    QTest.mouseClick(window.setup.corpus.cancel, Qt.MouseButton.LeftButton)
    library.go_on.set()
    assert not window.setup.corpus.loading.isVisible()
    assert window.controller.corpus is before
    assert window.setup.corpus.choice.currentText() == "The Salt Crown"
