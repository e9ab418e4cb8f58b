"""How well what was typed into the palette fits a line of it, and at which letters."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Match:
    """`rank` is 0 for the best; `letters` are the places in the text that were asked for."""

    rank: int
    letters: tuple[int, ...]


def match(query: str, text: str, more: str = "") -> Match | None:
    """Looks for the beginning of the text, of words, for parts, and for scattered letters.

    `more` are words that belong to the text unseen. Upper and lower case are one; an empty query
    fits everything.
    """
    asked, line = _lower(query.strip()), _lower(text)
    if not asked:
        return Match(0, ())
    place = line.find(asked)
    if place == 0:
        return Match(0, tuple(range(len(asked))))
    starts = _starts(line)
    found = next((start for start in starts if line.startswith(asked, start)), -1)
    if found >= 0:
        return Match(1, tuple(range(found, found + len(asked))))
    if place > 0:
        return Match(2, tuple(range(place, place + len(asked))))
    words = asked.split()
    if letters := _each(words, line, starts):
        return Match(3, letters)
    if letters := _initials(asked.replace(" ", ""), line, starts):
        return Match(4, letters)
    hidden = _lower(more)
    if all(word in line or word in hidden for word in words):
        return Match(5, _each([word for word in words if word in line], line, starts))
    if len(asked) > 2 and (letters := _scattered(asked.replace(" ", ""), line)):
        return Match(6, letters)
    return None


def _lower(text: str) -> str:
    """Lower case of the same length, whatever the language."""
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def _starts(line: str) -> list[int]:
    """Where words begin."""
    return [i for i, c in enumerate(line) if c.isalnum() and (not i or not line[i - 1].isalnum())]


def _each(words: list[str], line: str, starts: list[int]) -> tuple[int, ...]:
    """Every word somewhere, in whatever order; those at the beginning of a word are preferred."""
    letters: set[int] = set()
    for word in words:
        at = next((start for start in starts if line.startswith(word, start)), line.find(word))
        if at < 0:
            return ()
        letters.update(range(at, at + len(word)))
    return tuple(sorted(letters))


def _initials(asked: str, line: str, starts: list[int]) -> tuple[int, ...]:
    """Letters that begin words or follow on one taken before: "mlo" in "Maximise Loss"."""
    heads = set(starts)

    def rest(index: int, after: int) -> tuple[int, ...] | None:
        if index == len(asked):
            return ()
        for place in range(after + 1, len(line)):
            if line[place] == asked[index] and (place in heads or (index and place == after + 1)):
                more = rest(index + 1, place)
                if more is not None:
                    return (place, *more)
        return None

    return rest(0, -1) or ()


def _scattered(asked: str, line: str) -> tuple[int, ...]:
    """The letters in this order, with at most twice as many between them."""
    letters: list[int] = []
    place = -1
    for letter in asked:
        place = line.find(letter, place + 1)
        if place < 0:
            return ()
        letters.append(place)
    return tuple(letters) if letters[-1] - letters[0] < 3 * len(asked) else ()
