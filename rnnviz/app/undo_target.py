"""How undone settings come back into the window: as if the user's own hand had moved them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rnnviz.session import commands

if TYPE_CHECKING:
    from rnnviz.app.main_window import MainWindow


class WindowTarget:
    """An `undo.Target` made of the parts of the window."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    def send(self, command: commands.Command) -> None:
        """A live setting; its control follows when the engine has acknowledged it."""
        self._window.controller.send(command)
        self._window.controller.hurry()

    def edit(self, changes: Mapping[str, Any]) -> None:
        """Restart settings wait again, or no longer."""
        self._window.setup.change(changes)

    def choose_text(self, origin: str) -> None:
        """Loads it; a text that is gone is told as it always is."""
        self._window.controller.loader.choose_source(origin)

    def show_temperature(self, temperature: float) -> None:
        """In Next character, in Probe and for the samples."""
        self._window.page.next_character.show_temperature(temperature)
        self._window.probe.set_temperature(temperature)
        self.send(commands.SetTemperature(temperature))

    def show_seed(self, text: str) -> None:
        """In Next character and in Probe."""
        next_character = self._window.page.next_character
        next_character.set_seed(text)
        self._window.controller.ask(next_character.seed())
        self._window.probe.set_seed(next_character.edit.raw_text())
