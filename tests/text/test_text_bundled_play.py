"""The bundled play: long, plain, various, and nowhere repeating itself."""

from __future__ import annotations

import re

import pytest

from rnnviz import paths
from rnnviz.text.sources import DEFAULT_ID, load_source

_PLAY = paths.corpora_folder() / "the-salt-crown.txt"

pytestmark = pytest.mark.skipif(not _PLAY.exists(), reason="the play is not written yet")


@pytest.fixture(scope="module")
def text() -> str:
    return load_source(DEFAULT_ID).text


def test_it_is_at_least_120_000_characters(text: str) -> None:
    assert len(text) >= 120_000


def test_it_is_ascii_with_no_control_character_but_the_newline(text: str) -> None:
    assert text.isascii()
    assert all(character.isprintable() or character == "\n" for character in set(text))


def test_no_60_characters_occur_twice(text: str) -> None:
    windows = {text[start : start + 60] for start in range(len(text) - 59)}
    if len(windows) != len(text) - 59:
        first: dict[str, int] = {}
        for start in range(len(text) - 59):
            window = text[start : start + 60]
            if window in first:
                pytest.fail(f"at {first[window]} and {start}: {window!r}")
            first[window] = start


def test_at_least_20_speakers(text: str) -> None:
    speakers = set(re.findall(r"^([A-Z][A-Z' .-]*):", text, re.MULTILINE))
    assert len(speakers) >= 20, sorted(speakers)
