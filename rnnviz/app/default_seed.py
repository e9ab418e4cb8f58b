"""The seed text made up for a text while the user has typed none."""

from __future__ import annotations

import re

_LINE = 38  # characters of a line
_SEARCHED = 1_000_000  # characters in which a paragraph is looked for
_PARAGRAPH = re.compile(r"\n\n(?=\S)")


def default_seed(text: str) -> str:
    """Two short lines of a text to begin with, from the start of a paragraph in its middle."""
    middle = len(text) // 2
    found = _PARAGRAPH.search(text, middle, middle + _SEARCHED)
    found = found or _PARAGRAPH.search(text, 0, _SEARCHED)
    start = found.end() if found else 0
    lines = text[start : start + 4 * _LINE].split("\n")[:2]
    short = [_to_a_word(line) for line in lines]
    # Lines after a shortened one would not follow from it.
    return short[0] if short[0] != lines[0] else "\n".join(short)


def _to_a_word(line: str) -> str:
    """As much of a line as fits, to the end of a word."""
    if len(line) <= _LINE:
        return line
    cut = line[:_LINE]
    return cut[: cut.rfind(" ")] if " " in cut.strip() else cut
