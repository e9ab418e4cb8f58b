"""Simple things one can say of each position of a text, to compare a unit's course with.

Feature t is of the moment after character t was read, as the states are.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

OPENING, CLOSING = "([{", ")]}"
VOWELS = "aeiouAEIOU"
ENDS = ".!?"
APOSTROPHES = "'’"
DEEPEST = 8  # brackets that count: a text may open many and close none
LONGEST_NAME = 40  # characters of a line that ends in a colon and is still taken for a name

FEATURES = (
    "position in the line",
    "after a newline",
    "start of a line",
    "after an empty line",
    "indentation",
    "inside quotes",
    "inside brackets",
    "depth of brackets",
    "in a speaker's name",
    "position in the word",
    "start of a word",
    "inside a word",
    "after a space",
    "capital letter",
    "word in capitals",
    "vowel just read",
    "consonant just read",
    "doubled letter",
    "digit just read",
    "punctuation just read",
    "after a comma",
    "end of a sentence",
    "length of the sentence",
    "after an apostrophe",
)


def text_features(text: str) -> NDArray[np.float32]:
    """One row per entry of `FEATURES`, (24, N) float32; truth values are 0 and 1, the rest counts.

    A count starts at 0: the newline itself is at position 0, the first letter of a word at 1.
    """
    characters = np.array(list(text), dtype="U1") if text else np.zeros(0, "U1")
    letter = _each(characters, str.isalpha)
    upper = _each(characters, str.isupper)
    space = _each(characters, str.isspace)
    vowel = np.isin(characters, list(VOWELS))
    newline = characters == "\n"
    line = _since(newline)
    word = letter | np.isin(characters, list(APOSTROPHES))
    # An apostrophe belongs to a word only inside of one.
    word &= letter | _shifted(letter, 1)
    in_word = _since(~word)
    depth = _depth(text)
    name = _names(text)
    values: dict[str, NDArray[np.generic]] = {
        "position in the line": line,
        "after a newline": newline,
        "start of a line": (line > 0) & (line <= 3),
        "after an empty line": newline & _shifted(newline, 1),
        "indentation": _indentation(text),
        "inside quotes": _quotes(text),
        "inside brackets": depth > 0,
        "depth of brackets": depth,
        "in a speaker's name": name,
        "position in the word": in_word,
        "start of a word": in_word == 1,
        "inside a word": word,
        "after a space": characters == " ",
        "capital letter": upper,
        "word in capitals": upper & (_shifted(upper, 1) | _shifted(upper, -1)),
        "vowel just read": vowel,
        "consonant just read": letter & ~vowel,
        "doubled letter": letter & _repeated(characters),
        "digit just read": _each(characters, str.isdigit),
        "punctuation just read": ~letter & ~space & ~_each(characters, str.isdigit),
        "after a comma": characters == ",",
        "end of a sentence": np.isin(characters, list(ENDS)),
        "length of the sentence": _since(np.isin(characters, list(ENDS))),
        "after an apostrophe": np.isin(characters, list(APOSTROPHES)),
    }
    return np.array([values[name] for name in FEATURES], dtype=np.float32)


def _each(characters: NDArray[np.str_], test: Callable[[str], bool]) -> NDArray[np.bool_]:
    """A test of every character, made once for each that occurs."""
    found, where = np.unique(characters, return_inverse=True)
    answers = np.array([test(str(character)) for character in found], dtype=bool)
    result: NDArray[np.bool_] = answers[where] if len(found) else np.zeros(0, bool)
    return result


def _shifted(values: NDArray[np.bool_], by: int) -> NDArray[np.bool_]:
    """The neighbours before (by 1) or after (by -1); False beyond the ends."""
    result = np.zeros_like(values)
    if by > 0:
        result[by:] = values[:-by]
    else:
        result[:by] = values[-by:]
    return result


def _repeated(characters: NDArray[np.str_]) -> NDArray[np.bool_]:
    """Whether a character is the one before it."""
    result = np.zeros(len(characters), bool)
    result[1:] = characters[1:] == characters[:-1]
    return result


def _since(marks: NDArray[np.bool_]) -> NDArray[np.intp]:
    """How many characters ago the last mark was, 0 at a mark; the text begins after one."""
    here = np.arange(1, len(marks) + 1)
    last = np.maximum.accumulate(np.where(marks, here, 0))
    result: NDArray[np.intp] = here - last
    return result


def _depth(text: str) -> NDArray[np.intp]:
    """How many brackets are open, the closing one not counted any more."""
    depth, found = 0, []
    for character in text:
        if character in OPENING:
            depth = min(depth + 1, DEEPEST)
        elif character in CLOSING:
            depth = max(depth - 1, 0)
        found.append(depth)
    return np.array(found, dtype=np.intp)


def _quotes(text: str) -> NDArray[np.bool_]:
    """Inside double quotes; an empty line ends what was never closed."""
    inside, found, before = False, [], ""
    for character in text:
        if character == '"':
            inside = not inside
        elif character in "“«":
            inside = True
        elif character in "”»" or (character == "\n" and before == "\n"):
            inside = False
        found.append(inside)
        before = character
    return np.array(found, dtype=bool)


def _indentation(text: str) -> NDArray[np.intp]:
    """The white space at the beginning of the line, as far as it has been read."""
    found, indent, leading = [], 0, True
    for character in text:
        if character == "\n":
            indent, leading = 0, True
        elif leading and character in " \t":
            indent += 1
        else:
            leading = False
        found.append(indent)
    return np.array(found, dtype=np.intp)


def _names(text: str) -> NDArray[np.bool_]:
    """In a short line of its own that ends in a colon, as plays give their speakers."""
    inside = np.zeros(len(text), bool)
    start = 0
    for line in text.split("\n"):
        if line.endswith(":") and 1 < len(line) <= LONGEST_NAME:
            inside[start : start + len(line)] = True
        start += len(line) + 1
    return inside
