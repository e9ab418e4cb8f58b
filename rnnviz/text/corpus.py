"""A loaded text and how a text file becomes one; used by the sources list, the app and the tests.

Every way a file can be unfit ends in a `CorpusError` whose message is one sentence to show as is.
"""

from __future__ import annotations

import codecs
import io
import os
import stat
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rnnviz.text.vocabulary import Vocabulary, describe

MAX_FILE_BYTES = 128_000_000
"""The most of a file that is read, in bytes: characters and their indices take two to six times as
much memory. Of a larger file the beginning is used, and `Corpus.excerpt` says so."""

_PIECE = 1 << 20  # bytes read, or characters counted, at a time
# How files begin that people take for texts, and what they are.
_KINDS = (
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a zip archive, as .docx, .odt and .epub files are"),
    (b"\x1f\x8b", "compressed with gzip"),
    (b"BZh", "compressed with bzip2"),
    (b"\xfd7zXZ\0", "compressed with xz"),
    (b"{\\rtf", "a rich text document"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
)

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
            f"{shown_name(path)} is not valid {encoding.upper()}: "
            f"byte 0x{byte:02X} at offset {offset} fits no character; {remedy}."
        )


@dataclass(frozen=True, eq=False)
class Corpus:
    """A text to learn from.

    `name` is short, for titles; `origin` is the path or the source id it came from; `encoding` is
    how its bytes were read. Newlines are always ``\\n``. `excerpt` is empty, or one sentence when
    only the beginning of a very large file was read.
    """

    name: str
    text: str
    origin: str
    encoding: str = "utf-8"
    excerpt: str = ""

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The distinct characters, sorted by code point."""
        return Vocabulary.from_text(self.text)

    @cached_property
    def indices(self) -> npt.NDArray[np.integer]:
        """The text as vocabulary indices, (N,) of a type just wide enough, read-only."""
        indices = self.vocabulary.encode_narrow(self.text)
        indices.flags.writeable = False
        return indices

    @cached_property
    def frequencies(self) -> npt.NDArray[np.int64]:
        """How often each vocabulary character occurs, (V,) int64, read-only; sums to N."""
        counts = np.zeros(self.vocabulary.size, np.int64)
        for start in range(0, len(self.indices), _PIECE):  # in pieces, as bincount makes a copy
            piece = self.indices[start : start + _PIECE]
            counts += np.bincount(piece, minlength=self.vocabulary.size)
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
    shown = shown_name(file)
    data, size = _read(file, shown)
    if not data:
        raise CorpusError(f"{shown} is empty: there is nothing to learn from.")
    text, used = _decode(file, data, encoding, cut=size > len(data))
    del data
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    _check_text(shown, text, for_training)
    excerpt = ""
    if size > MAX_FILE_BYTES:
        excerpt = (
            f"{shown} has {size / 1e6:,.0f} MB; its first {MAX_FILE_BYTES / 1e6:,.0f} MB are used."
        )
    return Corpus(name=shown, text=text, origin=str(file), encoding=used, excerpt=excerpt)


def shown_name(path: Path) -> str:
    """A file's name for a sentence: on one line and of printable characters, whatever it is."""
    name = path.name or str(path)
    return "".join(c if c.isprintable() else "\ufffd" for c in name)


def _read(file: Path, shown: str) -> tuple[bytes, int]:
    """The beginning of a regular file, and the size of the whole, or a CorpusError saying why not.

    A pipe or a device could keep its reader waiting for ever, so it is refused unopened; and should
    one take the file's place just then, it is opened without waiting and looked at again.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        _check_kind(file.stat(), shown)
        with open(os.open(file, flags), "rb", buffering=0) as stream:  # noqa: PTH123
            _check_kind(os.fstat(stream.fileno()), shown)
            data = _read_beginning(stream, shown)
            return data, max(os.fstat(stream.fileno()).st_size, len(data))
    except FileNotFoundError:
        raise CorpusError(f"There is no file {_printable(file)}; check the name.") from None
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


def _check_kind(status: os.stat_result, shown: str) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise CorpusError(f"{shown} is a folder; choose a text file in it.")
    if not stat.S_ISREG(status.st_mode):
        raise CorpusError(f"{shown} is not a regular file; choose a text file.")


def _printable(file: Path) -> str:
    return str(file.parent / shown_name(file)) if str(file).isprintable() else shown_name(file)


def _read_beginning(stream: io.FileIO, shown: str) -> bytes:
    """At most MAX_FILE_BYTES; documents and archives are refused after the first piece."""
    pieces: list[bytes] = []
    room = MAX_FILE_BYTES
    while room > 0:
        piece = stream.read(min(_PIECE, room))
        if not piece:  # the end; None from what is no ordinary file after all
            break
        if not pieces:
            for mark, kind in _KINDS:
                if piece.startswith(mark):
                    raise CorpusError(f"{shown} is {kind}; save its text as plain text.")
        pieces.append(piece)
        room -= len(piece)
    return b"".join(pieces)


def _decode(file: Path, data: bytes, encoding: str | None, cut: bool) -> tuple[str, str]:
    """The text of `data` without its byte order mark, and the name of the encoding used.

    With `cut`, half a character at the end is no error.
    """
    if encoding == "latin-1":
        return data.decode("latin-1"), "latin-1"
    marks = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    if encoding == "utf-16" or (encoding is None and data.startswith(marks)):
        # Without a mark (only on request) little endian: what Windows writes.
        big = data.startswith(codecs.BOM_UTF16_BE)
        decode = codecs.utf_16_be_decode if big else codecs.utf_16_le_decode
        skipped = 2 if data.startswith(marks) else 0
        used = "utf-16"
    else:
        decode = codecs.utf_8_decode
        used = "utf-8"
        skipped = len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0
        # Before decoding: a program or picture deserves "binary", not "invalid UTF-8".
        zero = data.find(0)
        if zero >= 0:
            raise _binary_error(file, data, zero)
    try:
        return decode(memoryview(data)[skipped:], "strict", not cut)[0], used
    except UnicodeDecodeError as error:
        offset = skipped + error.start
        raise InvalidEncodingError(file, used, offset, data[offset]) from None


def _binary_error(file: Path, data: bytes, offset: int) -> CorpusError:
    shown = shown_name(file)
    head = data[:4096]
    halves = sorted((head[0::2].count(0), head[1::2].count(0)))
    # Most of Latin script has a zero in one half of each UTF-16 unit, and none in the other.
    if halves[0] == 0 and halves[1] > len(head) / 5:
        return CorpusError(
            f"{shown} is not a text file in UTF-8, but seems to be UTF-16 without the byte order "
            "mark; save it as UTF-8."
        )
    return CorpusError(
        f"{shown} is not a text file (a NUL byte at offset {offset}); choose a plain text."
    )


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
