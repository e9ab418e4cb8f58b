"""Entries of a menu, found as a user finds them: by their words."""

from __future__ import annotations

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu


def menu_entry(menu: QMenu, *path: str) -> QAction:
    """The only entry whose text is the last of these words or begins with them.

    The words before name the menus to go through; each is filled as it is when it opens.
    """
    menu.aboutToShow.emit()
    words, *further = path
    entries = [action for action in menu.actions() if action.text() == words]
    if not entries:
        entries = [action for action in menu.actions() if action.text().startswith(words)]
    [entry] = entries
    if not further:
        return entry
    inner = entry.menu()
    assert isinstance(inner, QMenu), f"{words} is no menu"
    return menu_entry(inner, *further)
