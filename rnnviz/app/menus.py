"""The menus: every group of commands is one, behind the logo and in the system's menu bar."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMainWindow, QMenu

from rnnviz.app.actions import Actions, Command

FILE, EDIT, RUN, VIEW, PRESETS, HELP = "file", "edit", "run", "view", "presets", "help"
MENUS = (FILE, EDIT, RUN, VIEW, PRESETS, HELP)


def titles(window: QMainWindow) -> dict[str, str]:
    """What the groups are called."""
    return {
        FILE: window.tr("File"),
        EDIT: window.tr("Edit"),
        RUN: window.tr("Run"),
        VIEW: window.tr("View"),
        PRESETS: window.tr("Presets"),
        HELP: window.tr("Help"),
    }


class Menus:
    """Made once, from the registry; `main` holds the menus, `by_group` gives each of them."""

    def __init__(self, window: QMainWindow, registry: Actions) -> None:
        self._registry = registry
        self.main = QMenu(window)
        self.by_group: dict[str, QMenu] = {}
        for group in MENUS:
            commands = [command for command in registry if command.group == group]
            if commands:
                menu = QMenu(titles(window)[group], window)
                menu.setToolTipsVisible(True)
                menu.aboutToShow.connect(registry.refresh)
                self._fill(menu, commands)
                self.main.addMenu(menu)
                self.by_group[group] = menu
        for command in registry:  # so that keys work while the menu is behind the logo
            window.addAction(registry[command.id])
        if sys.platform == "darwin":
            for menu in self.by_group.values():
                window.menuBar().addMenu(menu)

    def _fill(self, menu: QMenu, commands: Iterable[Command]) -> None:
        section: int | None = None
        within: dict[str, QMenu] = {}
        for command in commands:
            if section is not None and command.section != section:
                menu.addSeparator()
            section = command.section
            target = menu
            if command.submenu:
                if command.submenu not in within:
                    within[command.submenu] = menu.addMenu(command.submenu)
                    within[command.submenu].setToolTipsVisible(True)
                target = within[command.submenu]
            target.addAction(self._registry[command.id])

    def insert(self, group: str, menu: QMenu, before: QAction) -> None:
        """Hangs a menu that changes with time into one of the groups."""
        self.by_group[group].insertMenu(before, menu)
