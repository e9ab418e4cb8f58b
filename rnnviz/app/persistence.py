"""What the window keeps from one start to the next: sizes, pages, choices, seed and settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from rnnviz.app.pages import TRAIN
from rnnviz.app.panel_page import LAYOUT_VERSION
from rnnviz.app.screens import bring_into_sight
from rnnviz.panels.activation_colors import colour_blind_safe, set_colour_blind_safe
from rnnviz.session.config import ConfigError, RunConfig

if TYPE_CHECKING:
    from rnnviz.app.main_window import MainWindow

_LAYOUT = f"layout-{LAYOUT_VERSION}"  # sizes saved by another version mean nothing to this one
_NOT_FOR_OTHER_RUNS = ("sizes", "unit", "units")  # kept apart, or of no meaning there


class Persistence(QObject):
    """Between the window's parts and the settings file."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._problem = ""

    def config(self) -> RunConfig:
        """The settings of the last run, or the default ones."""
        try:
            return RunConfig.from_mapping(self._window.settings.record("config"))
        except ConfigError:
            return RunConfig()

    def restore(self) -> None:
        """Gives the window what it had."""
        window, settings = self._window, self._window.settings
        if not window.restoreGeometry(settings.state("geometry")):
            window.resize(window.sizeHint().boundedTo(window.screen().availableSize()))
        bring_into_sight(window)
        for name, page in window.perspectives.items():
            page.restore_layout(
                {part: settings.state(f"{_key(name, _LAYOUT)}/{part}") for part in page.parts()}
            )
            folded = settings.text(_key(name, "setup-folded"))
            window.setup_folding.chosen[name] = {"True": True, "False": False}.get(folded)
            if name != TRAIN:
                window.run_display.choices[name] = settings.record(_key(name, "choices"))
        shown = settings.text("perspective", TRAIN)
        window.show_page(shown if shown in window.perspectives else TRAIN)
        window.setup_folding.place()
        window.seed_text.restore(settings.text("seed"))
        window.page.next_character.show_temperature(settings.number("temperature", 0.8))
        window.page.loss.set_unit(settings.text("unit", "nats"))
        window.page.loss.set_log_x(settings.flag("log-x", True))
        set_colour_blind_safe(settings.flag("colour-blind-safe", False))
        window.registry.refresh()

    def keep(self) -> None:
        """Writes what it has."""
        window, settings = self._window, self._window.settings
        settings.set("geometry", window.saveGeometry())
        for name, page in window.perspectives.items():
            for part, state in page.save_layout().items():
                settings.set(f"{_key(name, _LAYOUT)}/{part}", state)
            folded = window.setup_folding.chosen[name]
            settings.set(_key(name, "setup-folded"), "" if folded is None else folded)
        if not window.run_display.choices:  # else no run has begun that could take them
            for name, chosen in window.run_display.other_choices().items():
                for part in _NOT_FOR_OTHER_RUNS:
                    chosen.pop(part, None)
                settings.set(_key(name, "choices"), chosen)
        settings.set("perspective", window.shown_page())
        settings.set("seed", window.seed_text.own_words())
        settings.set("temperature", window.page.next_character.temperature())
        settings.set("unit", window.page.loss.unit())
        settings.set("log-x", window.page.loss.controls.log_toggle.isChecked())
        settings.set("colour-blind-safe", colour_blind_safe())
        if window.controller.view is not None:
            settings.set("config", window.setup.wanted.to_dict())
        settings.sync()

    def sync(self) -> None:
        """Writes the settings; that they cannot be kept is told once."""
        problem = self._window.settings.sync()
        if problem and problem != self._problem:
            self._window.notice.say(problem, "warn")
        self._problem = problem


def _key(page: str, key: str) -> str:
    """The settings key of something kept for each page."""
    return key if page == TRAIN else f"{page}/{key}"
