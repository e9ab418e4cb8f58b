"""Megabytes of real text on every machine: the standard library of the Python that runs rnnviz."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

from rnnviz.text.corpus import Corpus, CorpusError

ID = "python-source"
LIMIT = 2_000_000
"""Default length in characters: enough for an hour of training, read in a blink."""

# Not the library's own text: written by whoever built or installed this Python.
_LOCAL_MODULES = ("_sysconfigdata", "sitecustomize", "usercustomize")


def build_python_source(limit: int = LIMIT) -> Corpus:
    """The top modules of the standard library, one after the other, cut at `limit` characters.

    The order is by file name and only pure ASCII files are taken, which keeps the vocabulary at
    what a keyboard has; the same Python gives the same text every time. Raises CorpusError when
    this Python has no source files (some are packed into an archive) or `limit` is below 2.
    """
    if limit < 2:
        raise CorpusError(f"The Python source text needs a limit of at least 2, not {limit}.")
    folder = Path(sysconfig.get_path("stdlib"))
    pieces: list[str] = []
    length = 0
    for path in _modules(folder):
        try:
            text = path.read_bytes().decode("ascii")
        except (OSError, UnicodeDecodeError):
            continue
        pieces.append(text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", ""))
        length += len(pieces[-1])
        if length >= limit:
            break
    text = "".join(pieces)[:limit]
    if len(text) < 2:
        version = ".".join(map(str, sys.version_info[:3]))
        raise CorpusError(
            f"This Python ({version}) came without the source of its library; choose another text."
        )
    return Corpus(name="python source", text=text, origin=ID, encoding="ascii")


def _modules(folder: Path) -> list[Path]:
    try:
        found = sorted(folder.iterdir(), key=lambda path: path.name)
    except OSError:
        return []
    return [p for p in found if p.suffix == ".py" and not p.name.startswith(_LOCAL_MODULES)]
