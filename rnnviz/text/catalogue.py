"""The public texts that can be downloaded: reads and checks ``resources/catalogue.json``."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from pathlib import Path
from urllib.parse import urlsplit

from rnnviz import paths
from rnnviz.text.corpus import MAX_FILE_BYTES, CorpusError
from rnnviz.text.data_file import DataFile, DataFileError

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LONGEST_CITED = 100  # characters of a wrong value in a message
_LOOPBACK = ("127.0.0.1", "localhost")


class CatalogueError(CorpusError):
    """The catalogue file is wrong; the message is one sentence naming entry, key and line.

    `key` is the one that is wrong, empty when it is no single one.
    """

    def __init__(self, sentence: str, key: str = "") -> None:
        super().__init__(sentence)
        self.key = key


@dataclass(frozen=True)
class CatalogueEntry:
    """One text on offer.

    `id` names it on the command line and as a file, `name` is its title, `address` where it is,
    `bytes` and `sha256` what must arrive, `licence` and `note` what to tell the user. Raises
    CatalogueError when a value is unusable.
    """

    id: str
    name: str
    address: str
    bytes: int
    sha256: str
    licence: str
    note: str

    def __post_init__(self) -> None:
        for field in fields(self):
            wanted: type = int if field.name == "bytes" else str
            value = getattr(self, field.name)
            if type(value) is not wanted:
                raise self._wrong(field.name, "a whole number" if wanted is int else "a text")
        # Becomes a file name, so nothing that could lead out of the folder.
        if not is_id(self.id):
            raise self._wrong("id", "lower-case words joined by hyphens")
        for key in ("name", "licence", "note"):
            if not getattr(self, key).strip():
                raise self._wrong(key, "not empty")
        if not is_acceptable_address(self.address):
            raise self._wrong("address", "an https address")
        if not 2 <= self.bytes <= MAX_FILE_BYTES:
            raise self._wrong("bytes", f"from 2 to {MAX_FILE_BYTES}")
        if not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            raise self._wrong("sha256", "64 lower-case hexadecimal digits")

    def _wrong(self, key: str, wanted: str) -> CatalogueError:
        value, name = _cited(getattr(self, key)), _cited(self.id)
        return CatalogueError(f"Catalogue entry {name}: {key} must be {wanted}, not {value}.", key)


def _cited(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_CITED else f"{text[: _LONGEST_CITED - 1]}…"


def is_id(text: str) -> bool:
    """Whether `text` has the form of a source id: lower-case words joined by hyphens."""
    return _ID.fullmatch(text) is not None


def is_acceptable_address(address: str) -> bool:
    """Whether texts may be fetched there: by https, or by plain http from this very machine."""
    try:
        parts = urlsplit(address)
        host = parts.hostname
        _ = parts.port  # raises for a port that is no number
    except ValueError:
        return False
    if parts.scheme == "https":
        return bool(host)
    return parts.scheme == "http" and host in _LOOPBACK


def load_catalogue(path: Path | None = None) -> tuple[CatalogueEntry, ...]:
    """The entries of the catalogue file, in its order; None reads the bundled one.

    The file is ``{"texts": [{id, name, address, bytes, sha256, licence, note}, ...]}``. Raises
    CatalogueError for anything missing, unknown, mistyped or there twice.
    """
    try:
        file = path or paths.resources_folder() / "catalogue.json"
        document = DataFile(file)
    except OSError as error:
        raise CatalogueError(
            f"The catalogue of texts can't be read: {error.strerror or error}."
        ) from None
    except DataFileError as error:
        raise CatalogueError(f"The catalogue of texts is not JSON: {file.name}, {error}.") from None
    content = document.content
    if not isinstance(content, dict) or set(content) != {"texts"}:
        raise CatalogueError(
            f'The catalogue {file.name} must be one object with the key "texts" alone.'
        )
    texts = content["texts"]
    if not isinstance(texts, list):
        raise CatalogueError(
            f"The catalogue's texts must be a list ({file.name}, line {document.line('texts')})."
        )
    entries: list[CatalogueEntry] = []
    for index, item in enumerate(texts):
        try:
            entry = _entry(index + 1, item)
            if any(entry.id == earlier.id for earlier in entries):
                raise CatalogueError(f"The catalogue has the id {entry.id!r} twice.", "id")
        except CatalogueError as error:
            line = document.line("texts", index, *([error.key] if error.key else ()))
            sentence = str(error).removesuffix(".")
            raise CatalogueError(f"{sentence} ({file.name}, line {line}).", error.key) from None
        entries.append(entry)
    return tuple(entries)


def _entry(place: int, item: object) -> CatalogueEntry:
    if not isinstance(item, dict):
        raise CatalogueError(f"Catalogue entry {place} must be an object, not {_cited(item)}.")
    keys = [field.name for field in fields(CatalogueEntry)]
    for key in keys:
        if key not in item:
            raise CatalogueError(f"Catalogue entry {place} lacks the key {key!r}.")
    for key in item:
        if key not in keys:
            raise CatalogueError(f"Catalogue entry {place} has the unknown key {_cited(key)}.", key)
    return CatalogueEntry(**item)
