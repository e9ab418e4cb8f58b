"""The registry of everything that can be asked of the window.

Menus, shortcuts, the command palette and the list of shortcuts are made from it. What is in it says
`window_commands`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QActionGroup, QKeySequence

from rnnviz.panels.widgets.plain_tip import plain_tip

Key = str | QKeySequence.StandardKey


@dataclass(frozen=True)
class Command:
    """One thing to ask for: a line in a menu, a key, a line in the palette."""

    id: str  # group and name, "run.play": for tests, the palette's memory and other commands
    text: str  # translated; as in a menu, with "…" when a question follows
    act: Callable[[], object]
    keys: tuple[Key, ...] = ()  # the first is shown; a standard key stands for the platform's own
    tip: str = ""  # translated: one clause more than the text
    group: str = ""  # the menu, one of `menus.MENUS`; "" is in the palette alone
    section: int = 0  # a line is drawn between sections of a menu
    submenu: str = ""  # title of the menu within the menu, translated
    shown_key: str = ""  # of a key that the window handles itself, where text may be typed
    choice: str = ""  # commands of one choice exclude each other
    checked: Callable[[], bool] | None = None  # makes it a switch, or one of a choice
    why_not: Callable[[], str] | None = None  # translated reason why it cannot be had now, or ""


class Actions(QObject):
    """Commands by id, each with the action that carries text, keys and state."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._commands: dict[str, Command] = {}
        self._actions: dict[str, QAction] = {}
        self._choices: dict[str, QActionGroup] = {}

    def add(self, command: Command) -> QAction:
        """Takes a command up; a second one of the same id raises ValueError."""
        if command.id in self._commands:
            raise ValueError(f"there are two commands {command.id}")
        shown = f"\t{command.shown_key}" if command.shown_key else ""
        action = QAction(command.text.replace("&", "&&") + shown, self)
        action.setObjectName(command.id)
        action.setShortcuts(sequences(command.keys))
        action.setToolTip(plain_tip(command.tip or command.text))
        action.setStatusTip(command.tip)
        action.triggered.connect(lambda _=False: self._do(command))
        if command.checked is not None:
            action.setCheckable(True)
        if command.choice:
            if command.choice not in self._choices:
                self._choices[command.choice] = QActionGroup(self)
            self._choices[command.choice].addAction(action)
        self._commands[command.id] = command
        self._actions[command.id] = action
        return action

    def _do(self, command: Command) -> None:
        command.act()
        if command.checked is not None:
            self.refresh()

    def extend(self, commands: Iterable[Command]) -> None:
        """Takes several up."""
        for command in commands:
            self.add(command)

    def remove(self, id: str) -> None:
        """Forgets a command, with its line in the menu and its keys."""
        del self._commands[id]
        self._actions.pop(id).deleteLater()

    def __iter__(self) -> Iterator[Command]:
        return iter(list(self._commands.values()))

    def __contains__(self, id: str) -> bool:
        return id in self._commands

    def __getitem__(self, id: str) -> QAction:
        return self._actions[id]

    def command(self, id: str) -> Command:
        """The command of an id; KeyError when there is none."""
        return self._commands[id]

    def key(self, id: str) -> str:
        """The key to show for a command, as this platform writes it, or nothing."""
        command = self._commands[id]
        if command.shown_key:
            return command.shown_key
        found = self._actions[id].shortcut()
        return found.toString(QKeySequence.SequenceFormat.NativeText)

    def why_not(self, id: str) -> str:
        """Why a command cannot be had now, or nothing."""
        ask = self._commands[id].why_not
        return ask() if ask is not None else ""

    def refresh(self) -> None:
        """Brings ticks and greyed lines up to date; before menus and palette show themselves."""
        for id, command in self._commands.items():
            action = self._actions[id]
            if command.checked is not None:
                action.setChecked(command.checked())
            if command.why_not is not None:
                why = self.why_not(id)
                action.setEnabled(not why)
                action.setToolTip(plain_tip(why or command.tip or command.text))


def sequences(keys: Iterable[Key]) -> list[QKeySequence]:
    """Key sequences of names and standard keys, each once, the first first."""
    found: list[QKeySequence] = []
    for key in keys:
        bound = [QKeySequence(key)] if isinstance(key, str) else QKeySequence.keyBindings(key)
        found += [sequence for sequence in bound if sequence not in found]
    return found
