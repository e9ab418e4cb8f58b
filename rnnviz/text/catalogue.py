"""The public texts that can be downloaded: reads and checks ``resources/catalogue.json``."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, fields
from pathlib import Path
from urllib.parse import urlsplit

from rnnviz import paths
from rnnviz.text.corpus import MAX_FILE_BYTES, CorpusError

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LOOPBACK = ("127.0.0.1", "localhost")


class CatalogueError(CorpusError):
    """The catalogue file is wrong; the message is one sentence naming the entry and the key."""


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
        return CatalogueError(
            f"Catalogue entry {self.id!r}: {key} must be {wanted}, not {getattr(self, key)!r}."
        )


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
        document = json.loads(file.read_bytes())
    except OSError as error:
        raise CatalogueError(
            f"The catalogue of texts can't be read: {error.strerror or error}"
        ) from None
    except (ValueError, RecursionError) as error:
        raise CatalogueError(f"The catalogue of texts is not JSON: {error}.") from None
    if not isinstance(document, dict) or set(document) != {"texts"}:
        raise CatalogueError('The catalogue must be one object with the key "texts" alone.')
    texts = document["texts"]
    if not isinstance(texts, list):
        raise CatalogueError("The catalogue's texts must be a list.")
    entries = tuple(_entry(place, item) for place, item in enumerate(texts, 1))
    for place, entry in enumerate(entries):
        if any(entry.id == earlier.id for earlier in entries[:place]):
            raise CatalogueError(f"The catalogue has the id {entry.id!r} twice.")
    return entries


def _entry(place: int, item: object) -> CatalogueEntry:
    if not isinstance(item, dict):
        raise CatalogueError(f"Catalogue entry {place} must be an object, not {item!r}.")
    keys = [field.name for field in fields(CatalogueEntry)]
    for key in keys:
        if key not in item:
            raise CatalogueError(f"Catalogue entry {place} lacks the key {key!r}.")
    for key in item:
        if key not in keys:
            raise CatalogueError(f"Catalogue entry {place} has the unknown key {key!r}.")
    return CatalogueEntry(**item)
