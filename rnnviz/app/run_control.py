"""What a person does to a run: play, step, restart, reset, take a preset, change a setting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from rnnviz.app.first_tip import CLIPPED, PLAYED
from rnnviz.session import commands
from rnnviz.session.config import ConfigError
from rnnviz.session.presets import load_preset

if TYPE_CHECKING:
    from rnnviz.app.main_window import MainWindow


class RunControl(QObject):
    """Passes on what Setup, panels and buttons ask for; asks before much would be lost."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.play_after_start = False
        setup, transport = window.setup, window.transport
        setup.command.connect(self.send)
        setup.edited.connect(self._setup_edited)
        setup.reverted.connect(self._text_reverted)
        setup.restart_requested.connect(self.restart)
        transport.play_toggled.connect(self.toggle_play)
        transport.step_requested.connect(self.one_step)
        transport.reset_requested.connect(self.reset)
        window.diverged.go_on.connect(self._go_on)
        window.diverged.reset.connect(self.reset)
        for page in window.perspectives.values():
            for panel in page.panels:
                panel.command.connect(self.send)

    # The run at hand.

    @Slot(object)
    def send(self, command: commands.Command) -> None:
        """A command of the user's: it can be undone where it sets something."""
        window = self._window
        window.undo.sent(command)
        if isinstance(command, commands.SetClipping):
            window.first_tip.tried(CLIPPED)
        window.controller.send(command)
        window.controller.hurry()

    def toggle_play(self) -> None:
        """Trains, or pauses; after a divergence goes on with the clipping chosen since."""
        chosen = self._window.diverged.chosen()
        if chosen is not None:
            self._go_on(*chosen)
        else:
            self._window.controller.toggle_play()
        self._window.first_tip.tried(PLAYED)
        self._window.controller.hurry()

    def one_step(self) -> None:
        """One step, then a pause."""
        if self._window.diverged.chosen() is not None:
            self.send(commands.GoBack())
        self.send(commands.StepOnce())

    def _go_on(self, kind: str, threshold: float) -> None:
        """From before a divergence, with clipping."""
        self._window.controller.send(commands.GoBack())
        self.send(commands.SetClipping(kind, threshold))
        self.send(commands.Play())

    def is_untouched(self) -> bool:
        """Whether nothing would be lost by beginning again."""
        view = self._window.controller.view
        return view is None or (view.step == 0 and not view.training and view.history.last is None)

    # Another run.

    def start_wanted(self) -> bool:
        """Begins a run with what Setup shows; False when it can't be."""
        window = self._window
        if window.setup.problems():
            return False
        started = window.controller.start(window.setup.wanted)
        if not started:
            window.transport.set_ready(window.controller.view is not None)
        return started

    def restart(self) -> None:
        """Begins a new run with what waits in Setup."""
        window = self._window
        if window.setup.problems():
            return
        if window.unsaved.may_end_run(self.tr("Restart")):
            self.play_after_start = window.controller.playing
            self.start_wanted()

    def reset(self) -> None:
        """Begins again with new weights and the settings of the present run."""
        window = self._window
        view, live = window.controller.view, window.controller.live
        if view is None or not window.unsaved.may_end_run(self.tr("Reset")):
            return
        assert live is not None
        waiting = window.setup.wanted
        wanted_corpus, in_force = window.controller.corpus, view.in_force

        def keep_waiting() -> None:
            if wanted_corpus is not None and wanted_corpus is not live.run.corpus:
                window.setup.set_corpus(wanted_corpus)
            window.setup.set_wanted(waiting)
            self.undo_from_here()

        window.controller.start(
            view.config.with_changes(
                learning_rate=in_force.learning_rate,
                clip_kind=in_force.clip_kind,
                clip_threshold=in_force.clip_threshold,
                optimizer=in_force.optimizer,
                temperature=in_force.temperature,
            ),
            live.run.corpus,
            keep_waiting,
        )

    def use_preset(self, name: str) -> None:
        """Begins a run with a preset's settings, on its own text or the present one."""
        window = self._window
        try:
            config = load_preset(name).config(window.setup.wanted.corpus)
        except ConfigError as error:
            window.notice.say(f"{error}.")
            return
        config = config.with_changes(temperature=window.page.next_character.temperature())
        if not window.unsaved.may_end_run(self.tr("This preset")):
            return
        window.controller.loader.cancel()  # of the preset before: this one was asked for last
        window.intake.config = None
        self.play_after_start = window.controller.playing
        window.undo.clear()
        if config.corpus != window.setup.wanted.corpus:
            window.intake.config = config
            window.controller.loader.choose_source(config.corpus)
        else:
            window.setup.set_wanted(config)
            self.start_wanted()

    # What waits in Setup.

    @Slot()
    def _setup_edited(self) -> None:
        window = self._window
        window.undo.edited(window.setup.wanted)
        window.registry.refresh()
        if window.controller.view is not None and self.is_untouched() and window.setup.pending():
            self.start_wanted()

    @Slot()
    def _text_reverted(self) -> None:
        """Revert takes back the text as well."""
        window = self._window
        controller, live = window.controller, window.controller.live
        if live is not None and controller.corpus is not live.run.corpus:
            controller.corpus = live.run.corpus
            window.setup.set_corpus(live.run.corpus)
            window.undo.text_chosen(live.run.corpus.origin, live.run.corpus.name)

    def undo_from_here(self) -> None:
        """What holds now is what the next change starts from."""
        window = self._window
        view, seed = window.controller.view, window.page.next_character
        if view is not None:
            window.undo.begin(
                window.setup.wanted, view.in_force, seed.temperature(), seed.edit.raw_text()
            )
