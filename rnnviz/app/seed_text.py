"""The seed text and the temperature, which Train and Probe share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt

from rnnviz.app.default_seed import default_seed
from rnnviz.app.first_tip import TYPED
from rnnviz.app.in_sight import seed_is_seen
from rnnviz.app.pages import PROBE, TRAIN
from rnnviz.session import commands
from rnnviz.session.runfile import SavedRun

if TYPE_CHECKING:
    from rnnviz.app.main_window import MainWindow


class SeedText(QObject):
    """Keeps both pages alike, and asks what the network makes of the seed where that is seen."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._to_ask = False  # whether the prober does not know the seed of the Probe page yet
        self._own = False  # whether it is the user's, not one made up for a text
        typing, probe = window.page.next_character, window.probe
        typing.seed_changed.connect(self._typed)
        typing.temperature_changed.connect(self._temperature_changed)
        probe.seed_changed.connect(self._typed_in_probe)
        probe.temperature_changed.connect(self._temperature_changed_in_probe)
        window.controller.onlookers = lambda: seed_is_seen(window.page)

    # Where it comes from.

    def own_words(self) -> str:
        """The seed as the user typed it; empty while it was made up for the text."""
        return self._window.page.next_character.edit.raw_text() if self._own else ""

    def restore(self, text: str) -> None:
        """The user's seed of another time; an empty one changes nothing."""
        if text:
            self._own = True
            self._window.page.next_character.set_seed(text)

    def take(self, opened: SavedRun) -> None:
        """Seed text and temperature are those of the run that was opened."""
        seed = opened.view.get("seed")
        if isinstance(seed, str):
            self.restore(seed)
        if opened.config is not None and opened.view:
            self._window.page.next_character.show_temperature(opened.config.temperature)

    def suit(self, corpus: str) -> None:
        """Makes one up of a text, unless the user has written one."""
        if not self._own:
            self._window.page.next_character.set_seed(default_seed(corpus))

    def begin(self) -> None:
        """A run has begun: seed and temperature as they stand are for it."""
        typing = self._window.page.next_character
        self._pass_on(typing.seed())
        self._temperature_changed(typing.temperature())

    # It changes.

    def _typed(self, seed: str) -> None:
        self._own = True
        self._window.undo.seed_edited(self._window.page.next_character.edit.raw_text())
        self._window.first_tip.tried(TYPED)
        self._pass_on(seed)

    def _pass_on(self, seed: str) -> None:
        self._window.controller.ask(seed)
        self._window.probe.set_seed(self._window.page.next_character.edit.raw_text())

    def _typed_in_probe(self, _: str) -> None:
        """What Train makes of it is asked for when that page comes back."""
        window = self._window
        self._own = self._to_ask = True
        window.undo.seed_edited(window.probe.seed())
        window.page.next_character.set_seed(window.probe.seed())
        self.ask_if_seen()

    def ask_if_seen(self) -> None:
        """Asks about a seed typed on the Probe page once a panel of Train is in sight."""
        if self._to_ask and seed_is_seen(self._window.page):
            self._to_ask = False
            self._window.controller.ask(self._window.page.next_character.seed())

    def _temperature_changed(self, temperature: float) -> None:
        self._window.probe.set_temperature(temperature)
        self._window.runs.send(commands.SetTemperature(temperature))

    def _temperature_changed_in_probe(self, temperature: float) -> None:
        self._window.page.next_character.show_temperature(temperature)
        self._window.runs.send(commands.SetTemperature(temperature))

    # Commands.

    def edit(self) -> None:
        """The keys go to the seed text of the page in sight, or of Train where there is none."""
        window = self._window
        if window.shown_page() == PROBE:
            window.probe.expectations.edit.setFocus(Qt.FocusReason.ShortcutFocusReason)
            return
        window.show_page(TRAIN)
        window.page.next_character.edit.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def write_on(self) -> None:
        """Lets the network write from the end of the seed, or stops it."""
        window = self._window
        probing = window.shown_page() == PROBE
        (window.probe.expectations if probing else window.page.next_character).writing.toggle()
