"""The real loader against a real server on this machine: what arrives, what is refused and why."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rnnviz.text import download as download_module
from rnnviz.text.catalogue import CatalogueEntry
from rnnviz.text.download import (
    DownloadCancelled,
    DownloadError,
    download,
    downloaded_path,
    is_downloaded,
)

BODY = "".join(f"line {number} of a book\n" for number in range(20_000)).encode()

Answer = Callable[[http.server.BaseHTTPRequestHandler], None]


class BookServer(http.server.ThreadingHTTPServer):
    """Answers every request with `answer` and remembers the paths asked for."""

    answer: Answer
    asked: list[str]

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: BookServer

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        # The loader hangs up where a test wants it to.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.server.answer(self)

    def log_message(self, *_: object) -> None:
        """Keeps the test output clean."""


def whole(body: bytes, announce: int | None = -1) -> Answer:
    """An answer with `body`; `announce` is its Content-Length: -1 the true one, None no header."""

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        if announce is not None:
            handler.send_header("Content-Length", str(len(body) if announce < 0 else announce))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def redirect(to: str) -> Answer:
    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", to)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def status(code: int) -> Answer:
    return lambda handler: handler.send_error(code)


@pytest.fixture
def server() -> Iterator[BookServer]:
    with BookServer(("127.0.0.1", 0), _Handler) as running:
        running.answer = whole(BODY)
        running.asked = []
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def entry(server: BookServer) -> CatalogueEntry:
    return CatalogueEntry(
        id="book",
        name="A Book",
        address=f"{server.root}/book.txt",
        bytes=len(BODY),
        sha256=hashlib.sha256(BODY).hexdigest(),
        licence="public domain",
        note="for the tests",
    )


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def refused(entry: CatalogueEntry, folder: Path) -> str:
    """The sentence of a failed download, which must leave nothing behind."""
    with pytest.raises(DownloadError) as caught:
        download(entry, folder)
    message = str(caught.value)
    assert message.startswith("A Book ")
    assert "\n" not in message
    assert files(folder) == []
    return message


def test_a_text_arrives_whole(entry: CatalogueEntry, tmp_path: Path) -> None:
    folder = tmp_path / "made" / "on the way"
    path = download(entry, folder)
    assert path == downloaded_path(entry, folder)
    assert path.read_bytes() == BODY
    assert files(folder) == ["book.txt"]
    assert is_downloaded(entry, folder)


def test_without_an_announced_length(
    server: BookServer, entry: CatalogueEntry, tmp_path: Path
) -> None:
    server.answer = whole(BODY, announce=None)
    assert download(entry, tmp_path).read_bytes() == BODY


def test_progress_runs_from_nothing_to_all(entry: CatalogueEntry, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    download(entry, tmp_path, progress=lambda received, total: seen.append((received, total)))
    received = [step for step, _ in seen]
    assert received[0] == 0
    assert received[-1] == len(BODY)
    assert received == sorted(received)
    assert len(received) > 3
    assert {total for _, total in seen} == {len(BODY)}


def test_the_part_file_is_renamed_only_at_the_end(entry: CatalogueEntry, tmp_path: Path) -> None:
    seen: set[str] = set()

    def watch(received: int, total: int) -> None:
        seen.update(files(tmp_path))

    download(entry, tmp_path, progress=watch)
    assert len(seen) == 1
    assert seen.pop().endswith(".part")
    assert files(tmp_path) == ["book.txt"]


def test_already_there_asks_nobody(
    server: BookServer, entry: CatalogueEntry, tmp_path: Path
) -> None:
    download(entry, tmp_path)
    seen: list[tuple[int, int]] = []
    download(entry, tmp_path, progress=lambda *step: seen.append(step))
    assert server.asked == ["/book.txt"]
    assert seen == [(len(BODY), len(BODY))]


@pytest.mark.parametrize("damage", [BODY[:-1], BODY[:-1] + b"?", b""])
def test_a_damaged_file_is_fetched_again(
    server: BookServer, entry: CatalogueEntry, tmp_path: Path, damage: bytes
) -> None:
    path = download(entry, tmp_path)
    path.write_bytes(damage)
    assert not is_downloaded(entry, tmp_path)
    assert download(entry, tmp_path).read_bytes() == BODY
    assert len(server.asked) == 2


def test_a_failed_download_leaves_the_old_file_alone(
    server: BookServer, entry: CatalogueEntry, tmp_path: Path
) -> None:
    path = download(entry, tmp_path)
    path.write_bytes(b"an older edition")
    server.answer = status(404)
    with pytest.raises(DownloadError):
        download(entry, tmp_path)
    assert path.read_bytes() == b"an older edition"


def test_a_wrong_announced_size(server: BookServer, entry: CatalogueEntry, tmp_path: Path) -> None:
    server.answer = whole(BODY[:-10])
    assert f"{len(BODY) - 10:,} bytes were offered" in refused(entry, tmp_path)


@pytest.mark.parametrize("announce", [None, len(BODY)])
def test_a_truncated_text(
    server: BookServer, entry: CatalogueEntry, tmp_path: Path, announce: int | None
) -> None:
    server.answer = whole(BODY[:100_000], announce)
    assert "ended after 100,000" in refused(entry, tmp_path)


def test_a_text_too_long_is_not_read_to_its_end(
    server: BookServer, entry: CatalogueEntry, tmp_path: Path
) -> None:
    largest = 0

    def watch(received: int, total: int) -> None:
        nonlocal largest
        largest = max(largest, received)

    server.answer = whole(BODY * 20, announce=None)
    with pytest.raises(DownloadError, match="more came"):
        download(entry, tmp_path, progress=watch)
    assert largest <= len(BODY)
    assert files(tmp_path) == []


def test_a_different_text_of_the_same_size(
    server: BookServer, entry: CatalogueEntry, tmp_path: Path
) -> None:
    server.answer = whole(BODY[::-1])
    assert "SHA-256" in refused(entry, tmp_path)


@pytest.mark.parametrize("code", [403, 404, 500, 503])
def test_an_error_of_the_server(
    server: BookServer, entry: CatalogueEntry, tmp_path: Path, code: int
) -> None:
    server.answer = status(code)
    assert f"answered {code}" in refused(entry, tmp_path)


@pytest.mark.parametrize("to", ["http://example.org/book.txt", "//example.org/book.txt", "/other"])
def test_a_redirect_to_plain_http_is_refused(
    server: BookServer, entry: CatalogueEntry, tmp_path: Path, to: str
) -> None:
    server.answer = redirect(to)
    message = refused(entry, tmp_path)
    assert "not encrypted (https)" in message
    assert "redirects to http://" in message
    assert server.asked == ["/book.txt"]


@pytest.mark.parametrize("to", ["file:///etc/passwd", "ftp://example.org/a", "data:,hello"])
def test_a_redirect_to_no_web_address_is_refused(
    server: BookServer, entry: CatalogueEntry, tmp_path: Path, to: str
) -> None:
    server.answer = redirect(to)
    refused(entry, tmp_path)


def test_a_redirect_to_https_is_followed(
    server: BookServer, entry: CatalogueEntry, tmp_path: Path
) -> None:
    # Nothing listens with TLS here: that the loader tries, and fails at it, shows that it followed.
    server.answer = redirect(server.root.replace("http", "https") + "/moved")
    message = refused(entry, tmp_path)
    assert "redirects" not in message
    assert "check the connection" in message


def test_plain_http_is_refused_unasked(entry: CatalogueEntry, tmp_path: Path) -> None:
    object.__setattr__(entry, "address", "http://example.org/book.txt")
    assert "not https" in refused(entry, tmp_path)


def test_nobody_there(entry: CatalogueEntry, tmp_path: Path) -> None:
    with socket.socket() as unused:  # bound but not listening: connections are refused
        unused.bind(("127.0.0.1", 0))
        lost = replace(entry, address=f"http://127.0.0.1:{unused.getsockname()[1]}/book.txt")
        assert "check the connection" in refused(lost, tmp_path)


def test_a_silent_server_is_given_up(
    server: BookServer, entry: CatalogueEntry, tmp_path: Path
) -> None:
    released = threading.Event()

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(BODY)))
        handler.end_headers()
        handler.wfile.write(BODY[:1000])
        handler.wfile.flush()
        released.wait()

    server.answer = answer
    try:
        with pytest.raises(DownloadError, match="stopped answering"):
            download(entry, tmp_path, timeout=0.05)
    finally:
        released.set()
    assert files(tmp_path) == []


def test_a_server_that_talks_nonsense(
    server: BookServer, entry: CatalogueEntry, tmp_path: Path
) -> None:
    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"\x1b[2J no http at all\r\n\r\n")

    server.answer = answer
    assert "not an answer of a web server" in refused(entry, tmp_path)


def test_cancelling_before_the_start_asks_nobody(
    server: BookServer, entry: CatalogueEntry, tmp_path: Path
) -> None:
    with pytest.raises(DownloadCancelled):
        download(entry, tmp_path, cancelled=lambda: True)
    assert server.asked == []
    assert files(tmp_path) == []


def test_cancelling_on_the_way_leaves_nothing(
    server: BookServer, entry: CatalogueEntry, tmp_path: Path
) -> None:
    received = 0

    def watch(so_far: int, total: int) -> None:
        nonlocal received
        received = so_far

    with pytest.raises(DownloadCancelled):
        download(entry, tmp_path, progress=watch, cancelled=lambda: received > 0)
    assert 0 < received < len(BODY)
    assert files(tmp_path) == []
    assert download(entry, tmp_path).read_bytes() == BODY


def test_a_failing_progress_report_leaves_nothing(entry: CatalogueEntry, tmp_path: Path) -> None:
    def fail(received: int, total: int) -> None:
        raise RuntimeError("the window is gone")

    with pytest.raises(RuntimeError, match="window"):
        download(entry, tmp_path, progress=fail)
    assert files(tmp_path) == []


def test_a_folder_that_can_not_be_made(entry: CatalogueEntry, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(DownloadError, match="can't be saved"):
        download(entry, blocked)
    assert files(tmp_path) == ["file"]


def test_a_full_disk(
    entry: CatalogueEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(download_module.os, "fsync", full)
    assert "No space left on device" in refused(entry, tmp_path)


def test_a_proxy_is_not_asked_for_this_machine(
    entry: CatalogueEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert download(entry, tmp_path).read_bytes() == BODY
