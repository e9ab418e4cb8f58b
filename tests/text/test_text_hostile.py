"""Files that are hard to take for a text: each is read or refused with one sentence, in bounds."""

from __future__ import annotations

import codecs
import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.text import corpus as corpus_module
from rnnviz.text.batching import Streams
from rnnviz.text.corpus import CorpusError, load_text_file
from rnnviz.text.splits import Split, split_indices
from rnnviz.text.vocabulary import Vocabulary


def written(folder: Path, data: bytes, name: str = "text.txt") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def sentence(path: Path, encoding: str | None = None) -> str:
    """The message of the refusal, checked to be one printable sentence on one line."""
    with pytest.raises(CorpusError) as caught:
        load_text_file(path, encoding)
    message = str(caught.value)
    assert message.isprintable()
    assert message.endswith(".")
    return message


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused_with_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = written(tmp_path_factory.mktemp("any"), data)
    for encoding in (None, "utf-16", "latin-1"):
        try:
            corpus = load_text_file(path, encoding)
        except CorpusError as error:
            message = str(error)
            assert message.startswith("text.txt ")
            assert message.endswith(".")
            assert "\n" not in message
        else:
            assert corpus.vocabulary.decode(corpus.indices) == corpus.text
            assert corpus.frequencies.sum() == len(corpus.text)


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF document"),
        (b"PK\x03\x04\x14\0\6\0\x08\0", "a zip archive"),
        (b"\x1f\x8b\x08\0", "compressed with gzip"),
        (b"{\\rtf1\\ansi hello}", "a rich text document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document"),
    ],
)
def test_documents_and_archives_are_called_what_they_are(
    tmp_path: Path, data: bytes, cause: str
) -> None:
    message = sentence(written(tmp_path, data))
    assert cause in message
    assert "plain text" in message


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf16_without_its_mark_is_told_apart_from_a_program(tmp_path: Path, codec: str) -> None:
    assert "UTF-16" in sentence(written(tmp_path, "plain words\n".encode(codec)))
    assert "UTF-16" not in sentence(written(tmp_path, b"\x7fELF\x02\x01\x01\0\0\0\0\0\x03\0>\0"))


def test_marks_emoji_and_right_to_left_come_through_whole(tmp_path: Path) -> None:
    text = "e\u0301 \u05e9\u05dc\u05d5\u05dd \u202e 👩‍👩‍👧 🇺🇳\u200d\ufe0f \u0600\n"
    corpus = load_text_file(written(tmp_path, text.encode()))
    assert corpus.text == text
    assert corpus.vocabulary.decode(corpus.indices) == text


def test_a_vocabulary_of_tens_of_thousands(tmp_path: Path) -> None:
    symbols = [chr(code) for code in (*range(0x4E00, 0x9FFF), *range(0x20000, 0x27000))]
    text = "".join(symbols) * 2
    corpus = load_text_file(written(tmp_path, text.encode()))
    assert corpus.vocabulary.characters == tuple(symbols)
    assert (corpus.frequencies == 2).all()


@given(st.text(max_size=200))
def test_the_vocabulary_is_that_of_a_set(text: str) -> None:
    if text:
        assert Vocabulary.from_text(text).characters == tuple(sorted(set(text)))


def test_a_long_line_is_a_text_like_any_other_and_memory_stays_in_proportion(
    tmp_path: Path,
) -> None:
    """A line of 100 MB is the same with more pieces; measured here on 8 MB."""
    size = 8_000_000
    path = written(tmp_path, b"all on a single line, and on, " * (size // 30))
    tracemalloc.start()
    try:
        corpus = load_text_file(path)
        split = split_indices(corpus.indices, Split(), 32, 50)
        Streams(split.train, 50).next_window()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "\n" not in corpus.text
    # The characters and their indices of one byte, and scratch of a fixed size.
    assert peak < 2 * size + 24_000_000


@pytest.mark.parametrize(
    ("data", "encoding", "characters"),
    [
        (b"ab" * 1000, "utf-8", 1000),
        ("é".encode() * 1000, "utf-8", 500),
        (b"a" + "é".encode() * 1000, "utf-8", 500),
        ("€".encode() * 1000, "utf-8", 333),
        (codecs.BOM_UTF16_LE + "a😀".encode("utf-16-le") * 500, "utf-16", 333),
    ],
)
def test_of_a_file_too_large_the_beginning_is_used_and_said_so(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    data: bytes,
    encoding: str,
    characters: int,
) -> None:
    monkeypatch.setattr(corpus_module, "MAX_FILE_BYTES", 1000)
    corpus = load_text_file(written(tmp_path, data + b"aa"), for_training=False)
    assert len(corpus.text) == characters
    assert corpus.encoding == encoding
    assert corpus.excerpt.startswith("text.txt has ")
    assert corpus.excerpt.endswith(" MB are used.")
    assert not load_text_file(written(tmp_path, b"ab" * 500)).excerpt


def test_bytes_wrong_within_the_beginning_are_still_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpus_module, "MAX_FILE_BYTES", 1000)
    assert "offset 2 " in sentence(written(tmp_path, b"ab\xff" + b"ab" * 1000))


@pytest.mark.skipif(os.name != "posix", reason="needs sparse files")
def test_of_several_gigabytes_only_the_beginning_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpus_module, "MAX_FILE_BYTES", 2_000_000)
    path = written(tmp_path, b"abc " * 500_000)
    os.truncate(path, 5_000_000_000)
    tracemalloc.start()
    try:
        corpus = load_text_file(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert corpus.excerpt == "text.txt has 5,000 MB; its first 2 MB are used."
    assert peak < 16_000_000


def test_a_text_in_memory_does_not_mind_what_becomes_of_its_file(tmp_path: Path) -> None:
    path = written(tmp_path, b"here today " * 100)
    corpus = load_text_file(path)
    path.write_bytes(b"")
    split = split_indices(corpus.indices, Split(), 4, 10)
    path.unlink()
    windows = Streams(split.train, 10)
    for _ in range(3 * windows.windows_per_epoch):
        assert windows.next_window()[0].shape == (10, 4)
    assert corpus.text == "here today " * 100


def test_a_file_cut_while_it_is_read_is_read_as_far_as_it_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, b"ab" * 1000)
    monkeypatch.setattr(corpus_module, "_PIECE", 500)
    checked = corpus_module._check_kind

    def cut(status: os.stat_result, shown: str) -> None:
        checked(status, shown)
        os.truncate(path, 700)

    monkeypatch.setattr(corpus_module, "_check_kind", cut)
    assert load_text_file(path).text == "ab" * 350


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_that_takes_the_place_of_a_file_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    usual = written(tmp_path, b"ab").stat()
    monkeypatch.setattr(Path, "stat", lambda self, **_: usual)
    assert "not a regular file" in sentence(pipe)


@pytest.mark.skipif(os.name != "posix", reason="needs odd file names")
@pytest.mark.parametrize("name", [b"two\nlines.txt", b"\xff\xfe.txt", b"\x1b[31m.txt"])
def test_odd_file_names_stay_on_one_line(tmp_path: Path, name: bytes) -> None:
    path = Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name)))  # noqa: PTH118
    try:
        path.write_bytes(b"")
    except OSError:
        pytest.skip("this file system takes no such names")
    assert "is empty" in sentence(path)
    path.write_bytes(b"abc")
    corpus = load_text_file(path)
    assert corpus.name.isprintable()
    assert corpus.origin == str(path)
    path.unlink()
    assert "There is no file" in sentence(path)


def test_indices_that_cannot_change_are_not_copied() -> None:
    text = np.arange(40, dtype=np.int32).reshape(4, 10)
    text.flags.writeable = False
    assert np.shares_memory(Streams(text, 3)._characters, text)
