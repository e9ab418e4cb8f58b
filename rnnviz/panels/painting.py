"""Whether widgets paint for the screen, where speed counts, or for a picture that is kept."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget

_kept = [False]
_clicked: list[weakref.ref[QWidget] | None] = []  # has the focus from a click, if any; one entry


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
    """Whether a widget should mark that it has the keyboard's focus.

    Whoever has clicked on it knows; a frame around a whole plot would only distract.
    """
    if not _clicked:
        _clicked.append(None)
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.focusChanged.connect(_focus_changed)
    by_click = _clicked[0] is not None and _clicked[0]() is widget
    return widget.hasFocus() and not by_click and not _kept[0]


def _focus_changed(_: QWidget | None, now: QWidget | None) -> None:
    pressed = QApplication.mouseButtons() != Qt.MouseButton.NoButton
    _clicked[0] = weakref.ref(now) if now is not None and pressed else None
