"""How the characters under a picture share out its width."""

from __future__ import annotations

_FEWEST = 24  # columns that a very short text is given
_AHEAD = 8  # columns kept free for what is typed next


class SharedColumns:
    """Columns that take the whole width, to within the few kept free for what is being typed.

    A text that comes at once fills them. One that is typed or deleted key by key finds them where
    they were: they grow thinner, or wider, once in several keys.
    """

    def __init__(self) -> None:
        self._wanted = 0

    def fit(self, text: str) -> None:
        """As many as a text has characters."""
        self._wanted = len(text)

    def follow(self, before: str, text: str) -> None:
        """Another text; where it continues or shortens the one before, as few changes as may be."""
        if not before or not (text.startswith(before) or before.startswith(text)):
            self.fit(text)
        elif not self._wanted - 2 * _AHEAD <= len(text) <= self._wanted:
            self._wanted = len(text) + _AHEAD

    def count(self, most: int) -> int:
        """How many there are, where there is room for `most`."""
        return min(max(self._wanted, _FEWEST), most)


def edge(part: int, parts: int, pixels: int) -> int:
    """Where a part begins when so many share so many pixels.

    As a scaled picture has it: a pixel shows the part that its middle is in.
    """
    return -((parts - 2 * part * pixels) // (2 * parts))
