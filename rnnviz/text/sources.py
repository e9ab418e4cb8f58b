"""Every text rnnviz can offer, each with an id; for the app's chooser and the command line."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rnnviz import paths
from rnnviz.text import python_source
from rnnviz.text.catalogue import CatalogueEntry, is_id, load_catalogue
from rnnviz.text.corpus import Corpus, CorpusError, load_text_file
from rnnviz.text.download import downloaded_path, is_downloaded

SourceKind = Literal["bundled", "python", "catalogue", "file"]

DEFAULT_ID = "the-salt-crown"


@dataclass(frozen=True)
class Source:
    """One text on offer: `id` for `load_source`, `title` and `note` for the list.

    `local` says whether it can be loaded without the network.
    """

    id: str
    title: str
    note: str
    kind: SourceKind
    local: bool


class NotDownloadedError(CorpusError):
    """A catalogue text is not on this machine; ``entry`` is what `download.download` needs."""

    def __init__(self, entry: CatalogueEntry) -> None:
        super().__init__(
            f"{entry.name} is not on this machine yet: choose it in the app's list of texts "
            f"to download it ({entry.bytes / 1e6:.1f} MB)."
        )
        self.entry = entry


_BUNDLED = (
    Source(DEFAULT_ID, "The Salt Crown", "a verse play written for rnnviz", "bundled", True),
    Source("hello", "hello", "one word over and over: hell is followed by ello", "bundled", True),
)
_PYTHON = Source(
    python_source.ID, "python source", "the standard library of this Python", "python", True
)


def list_sources(cache_folder: Path | None = None) -> list[Source]:
    """What there is: bundled texts first, then this Python's source, then the catalogue.

    `cache_folder` is where downloads are kept, None for the usual one. Raises CatalogueError when
    the catalogue file is damaged.
    """
    cache = paths.cache_folder() if cache_folder is None else cache_folder
    downloads = [
        Source(
            entry.id,
            entry.name,
            f"{entry.note} ({entry.bytes / 1e6:.1f} MB, {entry.licence})",
            "catalogue",
            is_downloaded(entry, cache),
        )
        for entry in load_catalogue()
    ]
    return [*list_local_sources(), *downloads]


def list_local_sources() -> list[Source]:
    """What there is without the catalogue: the bundled texts and this Python's source."""
    return [*_BUNDLED, _PYTHON]


def load_source(
    id_or_path: str | os.PathLike[str],
    cache_folder: Path | None = None,
    encoding: str | None = None,
    *,
    for_training: bool = True,
) -> Corpus:
    """Load a text by source id, or else by path; never touches the network.

    An id wins over a file of the same name in the current folder (write ``./hello`` for the file);
    a Path is always a file. `encoding` and `for_training` are those of `load_text_file` and concern
    files alone. Raises CorpusError, and NotDownloadedError for a catalogue text not yet there.
    """
    if not isinstance(id_or_path, str):
        return load_text_file(id_or_path, encoding, for_training=for_training)
    if id_or_path == python_source.ID:
        return python_source.build_python_source()
    for source in _BUNDLED:
        if id_or_path == source.id:
            return _titled(_corpora_folder() / f"{source.id}.txt", source.title, source.id)
    entry = find_entry(id_or_path) if is_id(id_or_path) else None
    if entry is None:
        if is_id(id_or_path) and not Path(id_or_path).exists():
            known = ", ".join(source.id for source in list_sources(cache_folder))
            raise CorpusError(
                f"There is no text or file called {id_or_path}; the texts are {known}."
            )
        return load_text_file(id_or_path, encoding, for_training=for_training)
    cache = paths.cache_folder() if cache_folder is None else cache_folder
    if not is_downloaded(entry, cache):
        raise NotDownloadedError(entry)
    return _titled(downloaded_path(entry, cache), entry.name, entry.id)


def find_entry(source_id: str) -> CatalogueEntry | None:
    """The catalogue entry of that id, if there is one."""
    return next((entry for entry in load_catalogue() if entry.id == source_id), None)


def _corpora_folder() -> Path:
    try:
        return paths.corpora_folder()
    except FileNotFoundError as error:
        raise CorpusError(str(error)) from None


def _titled(path: Path, title: str, source_id: str) -> Corpus:
    corpus = load_text_file(path)
    return Corpus(name=title, text=corpus.text, origin=source_id, encoding=corpus.encoding)
