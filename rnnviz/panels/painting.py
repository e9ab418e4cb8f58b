"""Whether widgets paint for the screen, where speed counts, or for a picture that is kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtWidgets import QWidget

_kept = [False]


@contextmanager
def for_keeps() -> Iterator[None]:
    """While a picture is taken: no marks of the keyboard's focus, text as text."""
    before, _kept[0] = _kept[0], True
    try:
        yield
    finally:
        _kept[0] = before


def is_for_keeps() -> bool:
    """Whether what is drawn ready-made for the screen should be drawn anew."""
    return _kept[0]


def shows_focus(widget: QWidget) -> bool:
    """Whether a widget should mark that it has the keyboard's focus."""
    return widget.hasFocus() and not _kept[0]
