"""The bundled lesson "hell -> ello": small, learnable, and long enough to be split."""

from __future__ import annotations

import re

import pytest

from rnnviz import paths
from rnnviz.text.sources import load_source
from rnnviz.text.splits import Split, split_indices

TEXT = load_source("hello").text


def test_it_is_found_in_the_checkout() -> None:
    assert (paths.corpora_folder() / "hello.txt").is_file()
    assert paths.corpora_folder().name == "corpora"


def test_it_is_a_few_dozen_lines_of_five_symbols() -> None:
    assert 12 <= TEXT.count("\n") <= 48
    assert sorted(set(TEXT)) == ["\n", "e", "h", "l", "o"]
    assert TEXT.endswith("\n")


@pytest.mark.parametrize(
    ("prefix", "following"), [("h", "e"), ("he", "l"), ("hel", "l"), ("hell", "o"), ("hello", "\n")]
)
def test_every_prefix_of_the_word_has_one_answer(prefix: str, following: str) -> None:
    matches = list(re.finditer(rf"^{prefix}", TEXT, re.MULTILINE))
    assert matches
    assert {TEXT[match.end()] for match in matches} == {following}


def test_the_last_character_alone_is_not_enough() -> None:
    # What makes it a lesson about memory: after "l" come "l" and "o".
    assert set(re.findall(r"l(.)", TEXT)) | set(re.findall(r"(?<=l)l(.)", TEXT)) == {"l", "o"}


@pytest.mark.parametrize("seq_len", [4, 5])
@pytest.mark.parametrize("batch_size", [1, 4])
def test_it_is_long_enough_for_short_windows_with_a_part_held_out(
    seq_len: int, batch_size: int
) -> None:
    corpus = load_source("hello")
    parts = split_indices(corpus.indices, Split("contiguous", 0.1), batch_size, seq_len)
    assert parts.validation is not None
    assert parts.validation.shape[1] >= 12
    assert parts.train.shape[1] >= 8 * seq_len
