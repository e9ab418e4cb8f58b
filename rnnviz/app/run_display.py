"""What the window shows of its run: when one begins, with each delivery, and when it fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Slot

from rnnviz.app.pages import GRADIENTS, PROBE
from rnnviz.panels.theme import themes
from rnnviz.session import commands
from rnnviz.session.mailbox import Delivery
from rnnviz.session.prober import Answer
from rnnviz.session.runfile import SavedRun
from rnnviz.session.view import RunView

if TYPE_CHECKING:
    from rnnviz.app.main_window import MainWindow


class RunDisplay(QObject):
    """Hears the controller and tells bars, Setup and pages."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._opened: SavedRun | None = None  # about to be shown
        self.choices: dict[str, dict[str, Any]] = {}  # of the last start, for the first run
        controller, page = window.controller, window.page
        controller.run_started.connect(self._run_started)
        controller.run_opened.connect(self._run_opened)
        controller.delivered.connect(self._delivered)
        controller.answered.connect(self._answered)
        controller.inspected.connect(window.gradients.show_inspection)
        controller.replied.connect(window.probe.show_reply)
        controller.replied.connect(page.show_reply)
        controller.references.ready.connect(page.mark_stale)
        controller.references.ready.connect(page.refresh_due)
        controller.hung.connect(self._hung)
        controller.keeper.panels = self.panels
        themes().changed.connect(self.show_title)

    # What the panels show besides the run, for its file.

    def panels(self) -> dict[str, Any]:
        """Seed text and what is chosen on every page, as JSON values."""
        page, seed = self._window.page, self._window.seed_text
        return {"seed": seed.own_words(), **page.choices(), **self.other_choices()}

    def other_choices(self) -> dict[str, dict[str, Any]]:
        """What is chosen on the pages beside Train."""
        window = self._window
        return {GRADIENTS: window.gradients.choices(), PROBE: window.probe.choices()}

    # A run begins.

    @Slot(object)
    def _run_opened(self, saved: SavedRun) -> None:
        self._opened = saved
        self._window.intake.run_opened()
        self._window.undo.clear()
        self._window.recovery.opened(saved.path)

    @Slot(object)
    def _run_started(self, view: RunView) -> None:
        window = self._window
        live = window.controller.live
        assert live is not None
        window.diverged.dismiss()
        fell_back = window.intake.run_begun()
        if not fell_back:
            window.notice.dismiss()
        window.setup.set_running(view.config, len(live.run.corpus.text))
        window.setup.set_corpus(live.run.corpus)
        window.setup.set_in_force(view.in_force)
        opened, self._opened = self._opened, None
        if opened is not None:
            window.seed_text.take(opened)
            if opened.trainer is not None and (departure := opened.departure(live.run)):
                window.say_later(departure)
        window.seed_text.suit(live.run.corpus.text)
        self._show_in_pages(view, live.run.corpus.text, opened)
        window.runs.undo_from_here()
        window.seed_text.begin()
        window.transport.set_view(view)
        window.transport.set_ready(True)
        self.show_title()
        if not window.page.next_character.edit.hasFocus():
            # The button that was pressed may be out of reach now.
            window.pages.focus_page()
        if window.runs.play_after_start:
            window.runs.play_after_start = False
            window.controller.send(commands.Play())
        window.registry.refresh()
        if not fell_back:
            window.recovery.offer_once()
        window.say_waiting()

    def _show_in_pages(self, view: RunView, corpus: str, opened: SavedRun | None) -> None:
        window = self._window
        window.page.set_view(view)
        window.gradients.set_view(view, view.history.norms)
        window.probe.set_corpus(corpus)
        window.probe.set_view(view)
        choices, self.choices = self.choices, {}
        if opened is not None:
            window.page.choose(opened.view)
            choices = opened.view
        for name, chooser in ((GRADIENTS, window.gradients), (PROBE, window.probe)):
            if isinstance(chosen := choices.get(name), dict):
                chooser.choose(chosen)

    def show_title(self) -> None:
        """Number, network and text in the top bar."""
        view = self._window.controller.view
        if view is None:
            return
        config = view.config
        network = f"{config.cell.upper()} {config.num_layers} × {config.hidden_size}"
        bad = view.state.phase in ("diverged", "failed")
        self._window.top_bar.show_run(view.number, network, view.corpus_name, view.training, bad)

    # It goes on.

    @Slot(object)
    def _delivered(self, delivery: Delivery) -> None:
        window = self._window
        view = window.controller.view
        assert view is not None
        if delivery.in_force is not None:
            window.setup.set_in_force(view.in_force)
            window.diverged.show_clipping(view)
        if delivery.state is not None:
            self._state_changed(view)
        for event in delivery.events:
            if event.kind == "weights":
                window.best_weights.exchanged(event)
        if delivery.rows:
            window.best_weights.step_taken(delivery.rows[-1].step)
        for page in window.perspectives.values():
            page.mark_stale()
            page.refresh_due()

    @Slot(object)
    def _answered(self, answer: Answer) -> None:
        page = self._window.page
        if not answer.followed:
            page.next_character.show_answer(answer)
        page.hidden_state.show_answer(answer)

    def _state_changed(self, view: RunView) -> None:
        window = self._window
        window.transport.refresh()
        self.show_title()
        if view.state.phase == "diverged":
            window.diverged.show_divergence(view)
        else:
            window.diverged.dismiss()
        if view.state.phase == "failed":
            self._show_failure(view.state.message)

    def _show_failure(self, message: str) -> None:
        window = self._window
        live = window.controller.live
        fault = live.fault if live is not None else None
        actions = [
            (self.tr("Try again"), window.runs.toggle_play),
            (self.tr("Reset"), window.runs.reset),
        ]
        if fault is not None:
            actions.append((self.tr("Show report"), lambda: window.faults.show_report(fault)))
        window.notice.say(message, actions=actions)

    @Slot(float)
    def _hung(self, seconds: float) -> None:
        words = self.tr(
            "No step for {0:.0f} s: this network is too large for this computer, or it hangs. "
            "Wait, or give the run up and choose a smaller one."
        )
        actions = [(self.tr("Give the run up"), self._window.runs.reset)]
        self._window.notice.say(words.format(seconds), "warn", actions)
