"""JSON files people edit: every value knows its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.text.catalogue import CatalogueError, load_catalogue
from rnnviz.text.data_file import DataFile, DataFileError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


def read(folder: Path, text: str | bytes) -> DataFile:
    path = folder / "data.json"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return DataFile(path)


def test_values_stand_on_the_line_of_their_key_or_first_character(tmp_path: Path) -> None:
    file = read(
        tmp_path,
        '\n{\n "a": 1,\n "b": [\n  {"c": "x,\\"{["},\n  2\n ], "": {}, "d":\n null\n}',
    )
    assert file.line() == 2
    assert file.line("a") == 3
    assert file.line("b") == 4
    assert file.line("b", 0) == file.line("b", 0, "c") == 5
    assert file.line("b", 1) == 6
    assert file.line("") == file.line("d") == 7
    assert file.line("b", 0, "nothing") == 5
    assert file.line("nothing") == 2


@given(JSON)
def test_every_value_has_a_line_that_shows_it(
    tmp_path_factory: pytest.TempPathFactory, value: object
) -> None:
    text = json.dumps(value, indent=1)
    file = read(tmp_path_factory.mktemp("json"), text)
    assert file.content == value
    lines = text.split("\n")

    def check(part: object, *place: str | int) -> None:
        if isinstance(part, dict):
            for key, inner in part.items():
                assert lines[file.line(*place, key) - 1].strip().startswith(json.dumps(key))
                check(inner, *place, key)
        elif isinstance(part, list):
            for index, inner in enumerate(part):
                check(inner, *place, index)
        elif place and isinstance(place[-1], int):
            assert lines[file.line(*place) - 1].strip().rstrip(",") == json.dumps(part)

    check(value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "line 1"),
        ('{\n"a": 1,\n}', "line [23]"),  # Python 3.13 names the comma, older ones what follows
        ('{"a": 1,\n"a": 2}', "line 2: the key 'a' occurs twice"),
        ('[{"a": 1},\n{"b": 1, "b": 1}]', "line 2: the key 'b' occurs twice"),
        (b'{\n"a": "\xff"}', "line 2: byte 0xFF is not UTF-8"),
        ("[" * 100_000, "nested too deeply"),
        ("9" * 5000, "limit"),
        (" " * 1_000_001, "larger than 1 MB"),
    ],
)
def test_what_is_no_json_is_told_with_its_place(
    tmp_path: Path, text: str | bytes, told: str
) -> None:
    with pytest.raises(DataFileError, match=told):
        read(tmp_path, text)


def test_a_wrong_catalogue_entry_is_told_with_its_line(tmp_path: Path) -> None:
    good = {
        "id": "a-book",
        "name": "A book",
        "address": "https://example.org/book.txt",
        "bytes": 1000,
        "sha256": "0" * 64,
        "licence": "public domain",
        "note": "prose",
    }
    path = tmp_path / "catalogue.json"

    def refusal(*entries: object) -> str:
        path.write_text(json.dumps({"texts": entries}, indent=1))
        with pytest.raises(CatalogueError) as caught:
            load_catalogue(path)
        return str(caught.value)

    other = {**good, "id": "b-book"}
    assert "(catalogue.json, line 7)" in refusal({**good, "bytes": "many"})
    assert "(catalogue.json, line 20)" in refusal(good, {**other, "colour": "red"})
    assert "(catalogue.json, line 13)" in refusal(good, good)
    assert "(catalogue.json, line 12)" in refusal(good, "b-book")
    assert len(refusal({**good, "note": ["x" * 10_000]})) < 300
