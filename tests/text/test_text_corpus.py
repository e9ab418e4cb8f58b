"""Reading text files: encodings, newlines, and one sentence for each thing that can be wrong."""

from __future__ import annotations

import codecs
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from rnnviz.text.corpus import Corpus, CorpusError, InvalidEncodingError, load_text_file

TEXT = "naïve café\nsecond line €\n"


def written(folder: Path, data: bytes, name: str = "text.txt") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def sentence(path: Path | str, encoding: str | None = None) -> str:
    """The message of the refusal, checked to be one sentence on one line."""
    with pytest.raises(CorpusError) as caught:
        load_text_file(path, encoding)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    assert not message.endswith("..")
    return message


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (codecs.BOM_UTF8 + TEXT.encode(), "utf-8"),
        (codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"), "utf-16"),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "utf-16"),
    ],
)
def test_unicode_encodings_are_found_out_and_the_mark_dropped(
    tmp_path: Path, data: bytes, encoding: str
) -> None:
    corpus = load_text_file(written(tmp_path, data))
    assert corpus.text == TEXT
    assert corpus.encoding == encoding
    assert corpus.name == "text.txt"
    assert corpus.origin == str(tmp_path / "text.txt")


def test_utf16_without_a_mark_on_request(tmp_path: Path) -> None:
    path = written(tmp_path, TEXT.encode("utf-16-le"))
    assert load_text_file(path, "utf-16").text == TEXT
    assert "not a text file" in sentence(path)


def test_latin1_on_request(tmp_path: Path) -> None:
    path = written(tmp_path, "naïve\n".encode("latin-1"))
    corpus = load_text_file(path, "latin-1")
    assert corpus.text == "naïve\n"
    assert corpus.encoding == "latin-1"


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_invalid_utf8_tells_the_byte_offset_and_offers_latin1(tmp_path: Path, mark: bytes) -> None:
    path = written(tmp_path, mark + "né".encode() + b"caf\xe9 au lait")
    with pytest.raises(InvalidEncodingError) as caught:
        load_text_file(path)
    error = caught.value
    assert error.path == path
    assert error.offset == len(mark) + 6
    assert error.latin1_helps
    assert f"offset {error.offset}" in str(error)
    assert "0xE9" in str(error)
    assert "Latin-1" in str(error)
    assert load_text_file(path, "latin-1").text.endswith("café au lait")


def test_a_cut_off_utf8_character_is_told_where_it_begins(tmp_path: Path) -> None:
    with pytest.raises(InvalidEncodingError) as caught:
        load_text_file(written(tmp_path, b"abc" + "€".encode()[:2]))
    assert caught.value.offset == 3


def test_invalid_utf16_tells_the_byte_offset_in_the_file(tmp_path: Path) -> None:
    data = codecs.BOM_UTF16_LE + "ab".encode("utf-16-le") + b"\x00\xdcc\x00"
    with pytest.raises(InvalidEncodingError) as caught:
        load_text_file(written(tmp_path, data))
    assert caught.value.offset == 6
    assert not caught.value.latin1_helps
    assert "Latin-1" not in str(caught.value)


def test_odd_utf16_is_invalid_at_its_last_byte(tmp_path: Path) -> None:
    data = codecs.BOM_UTF16_LE + "abc".encode("utf-16-le") + b"d"
    with pytest.raises(InvalidEncodingError) as caught:
        load_text_file(written(tmp_path, data))
    assert caught.value.offset == len(data) - 1


def test_newlines_are_normalised(tmp_path: Path) -> None:
    assert load_text_file(written(tmp_path, b"a\r\nb\rc\n\r\n")).text == "a\nb\nc\n\n"


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (b"", "empty"),
        (codecs.BOM_UTF8, "empty"),
        (codecs.BOM_UTF16_LE, "empty"),
        (b"a", "single character"),
        (codecs.BOM_UTF8 + "é".encode(), "single character"),
        (b"\r\n", "single character"),
        (b"aaaa", "repeats one character, 'a'"),
        (b"\n\n\n", "repeats one character, newline"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "not a text file"),
        (b"text with a \0 in it", "offset 12"),
        (codecs.BOM_UTF16_LE + "a\0b".encode("utf-16-le"), "not a text file"),
    ],
)
def test_unfit_contents_get_one_sentence(tmp_path: Path, data: bytes, part: str) -> None:
    message = sentence(written(tmp_path, data))
    assert part in message
    assert "text.txt" in message


def test_latin1_does_not_make_a_binary_file_a_text(tmp_path: Path) -> None:
    assert "not a text file" in sentence(written(tmp_path, b"\xff\0\xfe"), "latin-1")


def test_one_repeated_character_can_still_be_evaluated(tmp_path: Path) -> None:
    path = written(tmp_path, b"aaaa")
    assert load_text_file(path, for_training=False).text == "aaaa"


def test_a_folder(tmp_path: Path) -> None:
    assert "is a folder" in sentence(tmp_path)


def test_a_missing_file(tmp_path: Path) -> None:
    assert "nowhere.txt" in sentence(tmp_path / "nowhere.txt")


def test_a_path_through_a_file(tmp_path: Path) -> None:
    assert "can't be read" in sentence(written(tmp_path, b"ab") / "deeper.txt")


def test_a_name_that_can_be_no_file() -> None:
    assert "not a usable file name" in sentence("a\0b")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert "not a regular file" in sentence(pipe)


@pytest.mark.skipif(sys.platform == "win32", reason="needs device files")
def test_an_endless_device_is_refused() -> None:
    assert "not a regular file" in sentence("/dev/zero")


def test_an_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, b"secret")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    # Root may read everything, so the refusal is played.
    monkeypatch.setattr(os, "open", refuse)
    assert "permission" in sentence(path)


def test_an_unknown_encoding_is_refused(tmp_path: Path) -> None:
    message = sentence(written(tmp_path, b"ab"), "ebcdic")
    assert "ebcdic" in message
    assert "latin-1" in message


def test_indices_and_frequencies_agree_with_the_text() -> None:
    corpus = Corpus("hello", "hello\n", "hello")
    assert corpus.vocabulary.characters == ("\n", "e", "h", "l", "o")
    assert corpus.indices.tolist() == [2, 1, 3, 3, 4, 0]
    assert corpus.frequencies.tolist() == [1, 1, 1, 2, 1]
    assert corpus.indices is corpus.indices
    with pytest.raises(ValueError, match="read-only"):
        corpus.indices[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        corpus.frequencies[0] = np.int64(1)
