"""The catalogue file: the bundled one is sound, and every kind of mistake in one is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rnnviz import paths
from rnnviz.text.catalogue import CatalogueError, is_acceptable_address, load_catalogue

GOOD: dict[str, Any] = {
    "id": "a-book",
    "name": "A Book",
    "address": "https://example.org/book.txt",
    "bytes": 1000,
    "sha256": "0123456789abcdef" * 4,
    "licence": "public domain",
    "note": "a note",
}


def written(folder: Path, document: object) -> Path:
    path = folder / "catalogue.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def refusal(folder: Path, document: object) -> str:
    with pytest.raises(CatalogueError) as caught:
        load_catalogue(written(folder, document))
    return str(caught.value)


def test_the_bundled_catalogue_has_tiny_shakespeare_and_a_few_more() -> None:
    entries = load_catalogue()
    assert len(entries) >= 3
    first = entries[0]
    assert first.id == "tiny-shakespeare"
    assert first.bytes == 1_115_394
    assert first.sha256 == "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"
    assert first.licence == "public domain"
    for entry in entries:
        assert entry.address.startswith("https://")
        assert entry.licence.startswith("public domain")
        assert 100_000 <= entry.bytes <= 2_000_000


def test_a_good_entry(tmp_path: Path) -> None:
    (entry,) = load_catalogue(written(tmp_path, {"texts": [GOOD]}))
    assert vars(entry) == GOOD


@pytest.mark.parametrize("key", GOOD)
def test_a_missing_key_is_named(tmp_path: Path, key: str) -> None:
    entry = {k: v for k, v in GOOD.items() if k != key}
    assert repr(key) in refusal(tmp_path, {"texts": [entry]})


def test_an_unknown_key_is_named(tmp_path: Path) -> None:
    assert "'colour'" in refusal(tmp_path, {"texts": [{**GOOD, "colour": "red"}]})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("id", 7),
        ("id", "../../etc/passwd"),
        ("id", "Capital"),
        ("id", "a-"),
        ("id", "a\n"),
        ("name", None),
        ("name", "  "),
        ("address", ["https://example.org"]),
        ("address", "http://example.org/book.txt"),
        ("address", "file:///etc/passwd"),
        ("address", "https://"),
        ("bytes", "1000"),
        ("bytes", 1000.0),
        ("bytes", True),
        ("bytes", 1),
        ("bytes", 10**12),
        ("sha256", "abc"),
        ("sha256", "G" * 64),
        ("licence", ""),
        ("note", 3),
    ],
)
def test_a_wrong_value_is_named_with_its_key(tmp_path: Path, key: str, value: object) -> None:
    message = refusal(tmp_path, {"texts": [{**GOOD, key: value}]})
    assert f": {key} must be" in message
    assert repr(value) in message


@pytest.mark.parametrize(
    ("document", "part"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ([], '"texts"'),
        ({}, '"texts"'),
        ({"texts": [], "version": 1}, '"texts"'),
        ({"texts": {}}, "list"),
        ({"texts": ["a-book"]}, "entry 1 must be an object"),
        ({"texts": [GOOD, GOOD]}, "'a-book' twice"),
    ],
)
def test_a_wrong_document(tmp_path: Path, document: object, part: str) -> None:
    assert part in refusal(tmp_path, document)


def test_a_missing_catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CatalogueError, match="can't be read"):
        load_catalogue(tmp_path / "none.json")

    def missing() -> Path:
        raise FileNotFoundError("the resources folder is missing")

    monkeypatch.setattr(paths, "resources_folder", missing)
    with pytest.raises(CatalogueError, match="can't be read"):
        load_catalogue()


@pytest.mark.parametrize(
    ("address", "fine"),
    [
        ("https://example.org/a", True),
        ("http://127.0.0.1:8000/a", True),
        ("http://localhost/a", True),
        ("http://example.org/a", False),
        ("http://127.0.0.1.example.org/a", False),
        ("http://127.0.0.1@example.org/a", False),
        ("ftp://example.org/a", False),
        ("https://[broken", False),
        ("https://example.org:port/", False),
        ("", False),
    ],
)
def test_acceptable_addresses(address: str, fine: bool) -> None:
    assert is_acceptable_address(address) is fine
