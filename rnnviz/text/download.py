"""Fetching a catalogue text safely; the app's download worker and the command line call it.

A download is only ever seen whole: it is written to a ``.part`` file and gets its name once its
size and SHA-256 are right. Encrypted connections only, except from this very machine.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from email.message import Message
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from rnnviz.files import sync_folder
from rnnviz.text.catalogue import CatalogueEntry, is_acceptable_address
from rnnviz.text.corpus import CorpusError

TIMEOUT = 10.0
"""Seconds without an answer or a single byte after which a download gives up."""

_BLOCK = 64 * 1024  # bytes read at a time: a progress report each, and cancelling waits for one


class DownloadError(CorpusError):
    """A text did not arrive as it should; the message is one sentence for the user."""


class DownloadCancelled(Exception):
    """The caller's `cancelled` said yes; nothing is left behind."""


class _RedirectRefused(Exception):
    """Carries the address of a redirect out of urllib, which would follow or reword it."""


class _SecureRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects to https only, wherever they come from."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: Message | http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if urlsplit(newurl).scheme != "https":
            fp.close()
            raise _RedirectRefused(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


def downloaded_path(entry: CatalogueEntry, folder: Path) -> Path:
    """Where `download` puts the text of `entry` inside the cache `folder`."""
    return folder / "texts" / f"{entry.id}.txt"


def is_downloaded(entry: CatalogueEntry, folder: Path) -> bool:
    """Whether the text of `entry` is in the cache `folder`, whole and unaltered."""
    path = downloaded_path(entry, folder)
    try:
        if path.stat().st_size != entry.bytes:
            return False
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == entry.sha256
    except OSError:
        return False


def download(
    entry: CatalogueEntry,
    folder: Path,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    opener: urllib.request.OpenerDirector | None = None,
    timeout: float = TIMEOUT,
) -> Path:
    """Bring the text of `entry` into the cache `folder` (created if need be); returns its path.

    `progress(received, total)` is called in bytes, from (0, total) to (total, total); `cancelled`
    is asked before the connection and between blocks. If the right file is already there the
    network is not touched. `opener` replaces urllib's, redirect rules included. Blocks, so call it
    off the GUI thread; a silent server holds it for at most `timeout` seconds.

    Raises DownloadError, or DownloadCancelled. In both cases no partial file remains and a file
    already there is untouched.
    """
    target = downloaded_path(entry, folder)
    report = progress or _ignore
    stop = cancelled or _never
    if is_downloaded(entry, folder):
        report(entry.bytes, entry.bytes)
        return target
    if not is_acceptable_address(entry.address):
        raise DownloadError(f"{entry.name} was not downloaded: its address is not https.")
    if stop():
        raise DownloadCancelled(entry.id)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # A name of its own, so that two running programs never write into one file.
        handle, name = tempfile.mkstemp(f".{entry.id}.part", dir=target.parent)
    except OSError as error:
        raise DownloadError(_unwritable(entry, target, error)) from None
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            _fetch(entry, stream, opener or _opener(entry.address), timeout, report, stop)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(target)
        sync_folder(target.parent)
    except OSError as error:  # a full disk, or a folder that went away
        raise DownloadError(_unwritable(entry, target, error)) from None
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    return target


def _fetch(
    entry: CatalogueEntry,
    stream: IO[bytes],
    opener: urllib.request.OpenerDirector,
    timeout: float,
    report: Callable[[int, int], None],
    stop: Callable[[], bool],
) -> None:
    """Copy the body of the answer into `stream`, checking size and SHA-256."""
    request = urllib.request.Request(entry.address, headers={"User-Agent": "rnnviz"})
    digest = hashlib.sha256()
    received = 0
    report(0, entry.bytes)
    with _open(entry, opener, request, timeout) as response:
        announced = response.headers.get("Content-Length", "")
        if announced.isdecimal() and int(announced) != entry.bytes:
            raise _size_error(entry, f"{int(announced):,} bytes were offered")
        while True:
            if stop():
                raise DownloadCancelled(entry.id)
            # The one byte over tells a text that is too long from one that ends in time.
            block = _read(entry, response, min(_BLOCK, entry.bytes - received + 1))
            if not block:
                break
            if received + len(block) > entry.bytes:
                raise _size_error(entry, "more came")
            stream.write(block)
            digest.update(block)
            received += len(block)
            report(received, entry.bytes)
    if received < entry.bytes:
        raise _size_error(entry, f"the connection ended after {received:,}")
    if digest.hexdigest() != entry.sha256:
        raise DownloadError(
            f"{entry.name} was not downloaded: what arrived is a different text "
            "(its SHA-256 is not the one expected)."
        )


def _open(
    entry: CatalogueEntry,
    opener: urllib.request.OpenerDirector,
    request: urllib.request.Request,
    timeout: float,
) -> Any:
    try:
        return opener.open(request, timeout=timeout)
    except _RedirectRefused as refused:
        raise DownloadError(
            f"{entry.name} was not downloaded: the server redirects to {refused}, "
            "which is not encrypted (https)."
        ) from None
    except urllib.error.HTTPError as error:
        error.close()
        raise DownloadError(
            f"{entry.name} was not downloaded: the server answered {error.code}"
            f" ({http.client.responses.get(error.code, 'unknown')})."
        ) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise DownloadError(_network_trouble(entry, error)) from None


def _read(entry: CatalogueEntry, response: Any, size: int) -> bytes:
    try:
        # read1 returns what has arrived; read would wait for `size` bytes and delay cancelling.
        block: bytes = response.read1(size)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise DownloadError(_network_trouble(entry, error)) from None
    return block


def _opener(address: str) -> urllib.request.OpenerDirector:
    """urllib's opener with our redirects; the user's proxy is used except for this machine."""
    handlers: list[urllib.request.BaseHandler] = [_SecureRedirects()]
    if urlsplit(address).scheme == "http":
        handlers.append(urllib.request.ProxyHandler({}))
    return urllib.request.build_opener(*handlers)


def _size_error(entry: CatalogueEntry, happened: str) -> DownloadError:
    return DownloadError(
        f"{entry.name} was not downloaded: {happened} where {entry.bytes:,} bytes are expected."
    )


def _network_trouble(entry: CatalogueEntry, error: Exception) -> str:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, TimeoutError):
        words = "the server stopped answering"
    elif isinstance(cause, http.client.HTTPException):
        # Its own message would quote the server's raw bytes.
        words = "what came was not an answer of a web server"
    else:
        words = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    return f"{entry.name} was not downloaded: {words}; check the connection and try again."


def _unwritable(entry: CatalogueEntry, target: Path, error: OSError) -> str:
    return f"{entry.name} can't be saved in {target.parent}: {error.strerror or error}."


def _ignore(_received: int, _total: int) -> None:
    """Progress that nobody asked for."""


def _never() -> bool:
    """The answer of a caller who never cancels."""
    return False
