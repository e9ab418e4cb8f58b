"""A loaded text and how a text file becomes one; used by the sources list, the app and the tests.

Every way a file can be unfit ends in a `CorpusError` whose message is one sentence to show as is.
"""

from __future__ import annotations

import codecs
import os
import stat
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rnnviz.text.vocabulary import Vocabulary, describe

MAX_FILE_BYTES = 256 * 1024 * 1024
"""Largest file read, in bytes: text, indices and n-gram tables of more would not fit in memory."""

ENCODINGS = ("utf-8", "utf-16", "latin-1")
"""What `load_text_file` can be asked to read; None finds out between the first two."""


class CorpusError(ValueError):
    """A text that can't be used; the message is one sentence for the user."""


class InvalidEncodingError(CorpusError):
    """A file has bytes that are no text in its encoding.

    Attributes: ``path``, ``encoding`` that failed, byte ``offset`` in the file (from 0), and
    ``latin1_helps``: whether reading the file as Latin-1 is worth offering.
    """

    def __init__(self, path: Path, encoding: str, offset: int, byte: int) -> None:
        self.path = path
        self.encoding = encoding
        self.offset = offset
        self.latin1_helps = encoding == "utf-8"
        remedy = (
            "read it as Latin-1 instead, or save it as UTF-8"
            if self.latin1_helps
            else "save it as UTF-8 and try again"
        )
        super().__init__(
            f"{path.name} is not valid {encoding.upper()}: byte 0x{byte:02X} at offset {offset} "
            f"fits no character; {remedy}."
        )


@dataclass(frozen=True, eq=False)
class Corpus:
    """A text to learn from.

    `name` is short, for titles; `origin` is the path or the source id it came from; `encoding` is
    how its bytes were read. Newlines are always ``\\n``.
    """

    name: str
    text: str
    origin: str
    encoding: str = "utf-8"

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The distinct characters, sorted by code point."""
        return Vocabulary.from_text(self.text)

    @cached_property
    def indices(self) -> npt.NDArray[np.int32]:
        """The text as vocabulary indices, (N,) int32, read-only."""
        indices = self.vocabulary.encode(self.text)
        indices.flags.writeable = False
        return indices

    @cached_property
    def frequencies(self) -> npt.NDArray[np.int64]:
        """How often each vocabulary character occurs, (V,) int64, read-only; sums to N."""
        counts = np.bincount(self.indices, minlength=self.vocabulary.size).astype(np.int64)
        counts.flags.writeable = False
        return counts


def load_text_file(
    path: str | os.PathLike[str], encoding: str | None = None, *, for_training: bool = True
) -> Corpus:
    """Read a user's text file.

    `encoding` None takes UTF-16 when the file starts with its byte order mark and UTF-8 (with mark
    or without) otherwise; "latin-1" takes each byte as a character. A mark is dropped; ``\\r\\n``
    and ``\\r`` become ``\\n``. With `for_training`, a text that repeats one single character is
    refused too, as it leaves nothing to predict; evaluation may pass False.

    Raises InvalidEncodingError for bytes that are no text in that encoding and CorpusError for
    everything else that is wrong with the file.
    """
    if encoding is not None and encoding not in ENCODINGS:
        raise CorpusError(
            f"{encoding!r} is not an encoding rnnviz reads; choose one of {', '.join(ENCODINGS)}."
        )
    file = Path(path)
    data = _read(file)
    if not data:
        raise CorpusError(f"{file.name} is empty: there is nothing to learn from.")
    text, used = _decode(file, data, encoding)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    _check_text(file.name, text, for_training)
    return Corpus(name=file.name, text=text, origin=str(file), encoding=used)


def _read(file: Path) -> bytes:
    """The bytes of a regular file of bearable size, or a CorpusError saying why not."""
    shown = file.name or str(file)
    try:
        status = file.stat()
        if stat.S_ISDIR(status.st_mode):
            raise CorpusError(f"{shown} is a folder; choose a text file in it.")
        # Opening a pipe or a device could wait forever, so it is refused unopened.
        if not stat.S_ISREG(status.st_mode):
            raise CorpusError(f"{shown} is not a regular file; choose a text file.")
        with file.open("rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        raise CorpusError(f"There is no file {file}; check the name.") from None
    except PermissionError:
        raise CorpusError(f"{shown} can't be read: you have no permission to open it.") from None
    except OSError as error:
        raise CorpusError(f"{shown} can't be read: {error.strerror or error}.") from None
    except MemoryError:
        raise CorpusError(f"{shown} is too large for the memory of this machine.") from None
    except CorpusError:
        raise
    except ValueError:  # a NUL inside the path
        raise CorpusError(f"{shown!r} is not a usable file name.") from None
    if len(data) > MAX_FILE_BYTES:
        raise CorpusError(
            f"{shown} is larger than {MAX_FILE_BYTES // 2**20} MB, the most rnnviz reads; "
            "cut a part out of it."
        )
    return data


def _decode(file: Path, data: bytes, encoding: str | None) -> tuple[str, str]:
    """The text of `data` without its byte order mark, and the name of the encoding used."""
    if encoding == "latin-1":
        return data.decode("latin-1"), "latin-1"
    marks = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    if encoding == "utf-16" or (encoding is None and data.startswith(marks)):
        # Without a mark (only on request) little endian: what Windows writes.
        codec = "utf-16-be" if data.startswith(codecs.BOM_UTF16_BE) else "utf-16-le"
        skipped = 2 if data.startswith(marks) else 0
        used = "utf-16"
    else:
        codec = used = "utf-8"
        skipped = len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0
        # Before decoding: a program or picture deserves "binary", not "invalid UTF-8".
        zero = data.find(0)
        if zero >= 0:
            raise _binary_error(file, zero)
    try:
        return data[skipped:].decode(codec), used
    except UnicodeDecodeError as error:
        offset = skipped + error.start
        raise InvalidEncodingError(file, used, offset, data[offset]) from None


def _binary_error(file: Path, offset: int | None = None) -> CorpusError:
    where = "" if offset is None else f" (a NUL byte at offset {offset})"
    return CorpusError(f"{file.name} is not a text file{where}; choose a plain text.")


def _check_text(shown: str, text: str, for_training: bool) -> None:
    if not text:
        raise CorpusError(f"{shown} is empty: there is nothing to learn from.")
    if "\0" in text:
        raise CorpusError(
            f"{shown} is not a text file (it has NUL characters); choose a plain text."
        )
    if len(text) == 1:
        raise CorpusError(
            f"{shown} has a single character; predicting the next one needs at least two."
        )
    if for_training and text.count(text[0]) == len(text):
        raise CorpusError(
            f"{shown} repeats one character, {describe(text[0])}: there is nothing to predict."
        )
