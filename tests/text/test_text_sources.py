"""The list of texts: what is offered, what loads, and what is said when something does not."""

from __future__ import annotations

import hashlib
import sysconfig
from pathlib import Path

import pytest

from rnnviz import paths
from rnnviz.text import python_source, sources
from rnnviz.text.catalogue import CatalogueEntry
from rnnviz.text.corpus import CorpusError
from rnnviz.text.download import downloaded_path
from rnnviz.text.python_source import build_python_source
from rnnviz.text.sources import NotDownloadedError, list_sources, load_source

BODY = b"a small book\nfor the tests\n"


@pytest.fixture
def entry(monkeypatch: pytest.MonkeyPatch) -> CatalogueEntry:
    book = CatalogueEntry(
        id="small-book",
        name="A Small Book",
        address="https://example.org/book.txt",
        bytes=len(BODY),
        sha256=hashlib.sha256(BODY).hexdigest(),
        licence="public domain",
        note="for the tests",
    )
    monkeypatch.setattr(sources, "load_catalogue", lambda: (book,))
    return book


def test_bundled_texts_come_first_then_python_then_the_catalogue(tmp_path: Path) -> None:
    listed = list_sources(tmp_path)
    assert [source.id for source in listed[:3]] == ["the-salt-crown", "hello", "python-source"]
    assert [source.kind for source in listed[:3]] == ["bundled", "bundled", "python"]
    assert {source.kind for source in listed[3:]} == {"catalogue"}
    assert listed[3].id == "tiny-shakespeare"
    assert [source.local for source in listed] == [True] * 3 + [False] * (len(listed) - 3)
    assert len({source.id for source in listed}) == len(listed)
    assert all(source.title and source.note for source in listed)


def test_a_catalogue_text_is_local_once_it_is_there(entry: CatalogueEntry, tmp_path: Path) -> None:
    with pytest.raises(NotDownloadedError, match="not on this machine yet") as caught:
        load_source("small-book", tmp_path)
    assert caught.value.entry is entry
    assert not list_sources(tmp_path)[-1].local

    path = downloaded_path(entry, tmp_path)
    path.parent.mkdir()
    path.write_bytes(BODY)
    assert list_sources(tmp_path)[-1].local
    corpus = load_source("small-book", tmp_path)
    assert corpus.text == BODY.decode()
    assert (corpus.name, corpus.origin) == ("A Small Book", "small-book")

    path.write_bytes(BODY[::-1])
    with pytest.raises(NotDownloadedError):
        load_source("small-book", tmp_path)


def test_the_usual_cache_folder_is_used_when_none_is_named(
    entry: CatalogueEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RNNVIZ_CACHE", str(tmp_path))
    path = downloaded_path(entry, tmp_path)
    path.parent.mkdir()
    path.write_bytes(BODY)
    assert load_source("small-book").name == "A Small Book"
    assert list_sources()[-1].local


def test_files_load_by_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hello").write_text("my own hello\n")
    (tmp_path / "mine.txt").write_bytes(b"caf\xe9\n")
    monkeypatch.chdir(tmp_path)
    assert load_source("hello").origin == "hello"
    assert load_source("./hello").text == "my own hello\n"
    assert load_source(Path("hello")).text == "my own hello\n"
    assert load_source(str(tmp_path / "mine.txt"), encoding="latin-1").text == "café\n"


def test_a_file_named_like_an_id_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "notes").write_text("my notes\n")
    monkeypatch.chdir(tmp_path)
    assert load_source("notes").text == "my notes\n"


def test_an_unknown_name_tells_the_known_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CorpusError, match=r"no text or file called helo; .*the-salt-crown, hello"):
        load_source("helo")
    with pytest.raises(CorpusError, match=r"no file .*helo\.txt"):
        load_source("helo.txt")


def test_a_missing_corpora_folder_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Path:
        raise FileNotFoundError("rnnviz's corpora folder is missing; install rnnviz again.")

    monkeypatch.setattr(paths, "corpora_folder", missing)
    with pytest.raises(CorpusError, match="install rnnviz again"):
        load_source("hello")


def test_python_source_is_the_same_every_time() -> None:
    first, second = build_python_source(), build_python_source()
    assert first.text == second.text
    assert load_source("python-source").text == first.text
    assert first.name == "python source"
    assert first.origin == "python-source"


def test_python_source_is_megabytes_of_plain_text() -> None:
    text = build_python_source().text
    assert len(text) == python_source.LIMIT
    assert text.isascii()
    assert "\r" not in text
    assert "\0" not in text
    assert build_python_source(1000).text == text[:1000]


def test_python_source_is_this_pythons_library_in_the_order_of_names() -> None:
    text = build_python_source().text
    folder = Path(sysconfig.get_path("stdlib"))
    modules = ("abc.py", "bisect.py", "calendar.py")
    places = [text.index((folder / module).read_text("ascii")) for module in modules]
    assert places == sorted(places)


def test_python_source_reads_a_folder_by_name_and_skips_what_is_not_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "b.py").write_bytes(b"b = 1\r\n")
    (tmp_path / "a.py").write_bytes(b"a = 1\n")
    (tmp_path / "c.py").write_bytes("ç = 1\n".encode())
    (tmp_path / "d.txt").write_bytes(b"d\n")
    (tmp_path / "e.py").mkdir()
    (tmp_path / "_sysconfigdata_x.py").write_bytes(b"built = 'here'\n")
    (tmp_path / "sitecustomize.py").write_bytes(b"site = 1\n")
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path))
    assert build_python_source().text == "a = 1\nb = 1\n"


def test_python_without_its_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in (tmp_path, tmp_path / "python311.zip"):
        monkeypatch.setattr(sysconfig, "get_path", lambda _, folder=folder: str(folder))
        with pytest.raises(CorpusError, match="without the source"):
            build_python_source()
    with pytest.raises(CorpusError, match="limit"):
        build_python_source(1)
