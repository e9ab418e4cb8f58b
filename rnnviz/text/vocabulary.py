"""The characters of a text and their indices, both ways; used wherever text becomes numbers.

The character order is the model's output order: index i of the logits is ``characters[i]``.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt

Whole = TypeVar("Whole", bound=np.integer)

# Characters converted at a time: bounds the UTF-32 scratch to 4 MB for any text.
_CHUNK = 1_000_000

_NAMED = {" ": ("\u2423", "space"), "\n": ("\u23ce", "newline"), "\t": ("\u21e5", "tab")}
_DELETE = 0x7F
_NO_PICTURE = "\u25a1"  # white square: invisible characters Unicode has no picture for
_DOTTED_CIRCLE = "\u25cc"  # what Unicode's own charts put under a combining mark


class UnknownCharacterError(ValueError):
    """A text holds a character the vocabulary lacks.

    Attributes: ``character``, and ``position`` of its first occurrence in the text (from 0).
    """

    def __init__(self, character: str, position: int) -> None:
        super().__init__(
            f"The character {describe(character)} at position {position} is not in the vocabulary."
        )
        self.character = character
        self.position = position


@dataclass(frozen=True)
class Vocabulary:
    """The distinct characters of a text, in index order.

    `from_text` sorts them by code point; a model file may bring any order, so the constructor
    keeps the one it gets. Raises ValueError unless they are one or more different single
    characters.
    """

    characters: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.characters:
            raise ValueError("A vocabulary needs at least one character.")
        for entry in self.characters:
            if not isinstance(entry, str) or len(entry) != 1:
                raise ValueError(f"A vocabulary holds single characters, not {entry!r}.")
        if len(set(self.characters)) != len(self.characters):
            raise ValueError("A vocabulary holds each character once.")

    @classmethod
    def from_text(cls, text: str) -> Vocabulary:
        """The vocabulary of `text`: its distinct characters sorted by code point."""
        seen = np.zeros(sys.maxunicode + 1, np.bool_)
        # Not set(text), which would hold up every other thread for seconds on a long text.
        for start in range(0, len(text), _CHUNK):
            seen[_code_points(text[start : start + _CHUNK])] = True
        return cls(tuple(map(chr, np.flatnonzero(seen).tolist())))

    @property
    def size(self) -> int:
        """The number of characters, V."""
        return len(self.characters)

    def __len__(self) -> int:
        return len(self.characters)

    def __contains__(self, character: object) -> bool:
        return character in self._index

    def index(self, character: str) -> int:
        """The index of one character; UnknownCharacterError if there is none."""
        try:
            return self._index[character]
        except KeyError:
            raise UnknownCharacterError(character, 0) from None

    def encode(self, text: str) -> npt.NDArray[np.int32]:
        """The indices of the characters of `text`, (N,) int32.

        Raises UnknownCharacterError for the first character that has no index.
        """
        return self._encoded(text, np.empty(len(text), np.int32))

    def encode_narrow(self, text: str) -> npt.NDArray[np.integer]:
        """`encode` for texts of any length, (N,) of the narrowest type that holds V - 1.

        One or two bytes for each character, as a rule. Beware of overflows in sums and products.
        """
        narrow: type[np.integer] = np.int32
        if self.size <= 1 << 16:
            narrow = np.uint8 if self.size <= 1 << 8 else np.uint16
        return self._encoded(text, np.empty(len(text), narrow))

    def _encoded(self, text: str, indices: npt.NDArray[Whole]) -> npt.NDArray[Whole]:
        table = self._table
        for start in range(0, len(text), _CHUNK):
            codes = _code_points(text[start : start + _CHUNK])
            chunk = table[np.minimum(codes, len(table) - 1)]
            unknown = chunk < 0
            if unknown.any():
                position = start + int(unknown.argmax())
                raise UnknownCharacterError(text[position], position)
            indices[start : start + len(chunk)] = chunk
        return indices

    def decode(self, indices: Sequence[int] | npt.NDArray[np.integer]) -> str:
        """The text of `indices` (N,), inverse of `encode`; ValueError if one is not in 0..V-1."""
        array = np.asarray(indices)
        if array.size == 0:
            return ""
        if array.ndim != 1 or array.dtype.kind not in "iu":
            raise ValueError(
                "decode wants a one-dimensional sequence of whole numbers, "
                f"got shape {array.shape}, dtype {array.dtype}."
            )
        if array.min() < 0 or array.max() >= self.size:
            raise ValueError(
                f"decode wants indices from 0 to {self.size - 1}, "
                f"got {array.min()} to {array.max()}."
            )
        codes: npt.NDArray[np.uint32] = self._codes[array]
        return str(codes.tobytes(), "utf-32-le", "surrogatepass")

    @cached_property
    def _index(self) -> dict[str, int]:
        return {character: index for index, character in enumerate(self.characters)}

    @cached_property
    def _codes(self) -> npt.NDArray[np.uint32]:
        return _code_points("".join(self.characters))

    @cached_property
    def _table(self) -> npt.NDArray[np.int32]:
        """Index by code point, -1 for none; the last entry stands for all code points beyond."""
        table = np.full(int(self._codes.max()) + 2, -1, np.int32)
        table[self._codes] = np.arange(self.size, dtype=np.int32)
        return table


def symbol(character: str) -> str:
    """A visible stand-in for one character, one cell wide: for bars, heatmap axes and samples.

    Space, newline and tab get their keyboard signs, other control characters Unicode's control
    pictures (U+2400 + n), a combining mark its dotted circle; visible characters stay themselves.
    """
    if character in _NAMED:
        return _NAMED[character][0]
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == _DELETE:
        return "\u2421"
    if unicodedata.category(character).startswith("M"):
        return _DOTTED_CIRCLE + character
    return character if character.isprintable() else _NO_PICTURE


def name(character: str) -> str:
    """One character in words: "space", "newline", "tab", "U+0007", or the character itself."""
    if character in _NAMED:
        return _NAMED[character][1]
    if not character.isprintable() or unicodedata.category(character).startswith("M"):
        return f"U+{ord(character):04X}"
    return character


def describe(character: str) -> str:
    """`name` for use inside a sentence: visible characters in quotes, the others as words."""
    word = name(character)
    return f"'{word}'" if word == character else word


def _code_points(text: str) -> npt.NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.dtype("<u4"))
