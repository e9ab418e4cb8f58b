"""The main window: bars, Setup, the pages, menus, and what a person can do in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QKeyEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMainWindow,
    QVBoxLayout,
    QWidget,
)

from rnnviz.app.about import AboutBox
from rnnviz.app.actions import Actions
from rnnviz.app.controller import Controller
from rnnviz.app.default_seed import default_seed
from rnnviz.app.divergence_banner import DivergenceBanner
from rnnviz.app.fault_report import FaultReporter
from rnnviz.app.file_dialogs import ask_what_to_open
from rnnviz.app.first_tip import CLIPPED, PLAYED, TYPED, FirstTip
from rnnviz.app.focus import order_focus
from rnnviz.app.gradients_page import GradientsPage
from rnnviz.app.icon import application_icon
from rnnviz.app.lecture import Lecture
from rnnviz.app.live_run import LiveRun
from rnnviz.app.menus import FILE, PRESETS, Menus
from rnnviz.app.notice import Notice
from rnnviz.app.pages import GRADIENTS, PERSPECTIVES, PROBE, TRAIN, Page, Pages
from rnnviz.app.palette import Palette
from rnnviz.app.palette_items import palette_items
from rnnviz.app.panel_page import LAYOUT_VERSION, on_screen
from rnnviz.app.panel_window import PanelWindow, PanelWindows
from rnnviz.app.probe_page import ProbePage
from rnnviz.app.rail import Rail
from rnnviz.app.recent_files import RecentFiles
from rnnviz.app.recovery import Recovery
from rnnviz.app.run_files import RunFiles
from rnnviz.app.screens import ScreenWatch, bring_into_sight
from rnnviz.app.settings import Settings
from rnnviz.app.shortcuts import ShortcutsBox
from rnnviz.app.text_intake import TextIntake
from rnnviz.app.top_bar import TopBar
from rnnviz.app.train_page import TrainPage
from rnnviz.app.undo import SettingsUndo
from rnnviz.app.undo_target import WindowTarget
from rnnviz.app.unsaved import Unsaved
from rnnviz.app.window_commands import window_commands
from rnnviz.panels.activation_colors import colour_blind_safe, set_colour_blind_safe
from rnnviz.panels.setup import SetupPanel
from rnnviz.panels.sizing import margins, spacing
from rnnviz.panels.theme import BODY_POINTS, LECTURE_POINTS, px, theme, themes
from rnnviz.panels.time_cursor import time_cursor
from rnnviz.panels.transport import TransportBar
from rnnviz.session import commands
from rnnviz.session.config import ConfigError, RunConfig
from rnnviz.session.frames import Event
from rnnviz.session.mailbox import Delivery
from rnnviz.session.presets import load_preset
from rnnviz.session.prober import Answer
from rnnviz.session.runfile import Best, SavedRun
from rnnviz.session.view import RunView

_RAIL_BELOW = 1240  # window width, a frame's less than 1280, at which Setup folds itself away
_LAYOUT = f"layout-{LAYOUT_VERSION}"  # sizes saved by another version mean nothing to this one
_LAST_USED = 12  # commands that the palette shows first
_NAMES = tuple(name for name, _ in PERSPECTIVES)
_NOT_FOR_OTHER_RUNS = ("sizes", "unit", "units")  # kept apart, or of no meaning there


class MainWindow(QMainWindow):
    """Wires the controller to the panels. The work is theirs."""

    refused = Signal(str)  # one sentence: a file, text or run could not be used

    def __init__(self, settings: Settings | None = None, autosaves: Path | None = None) -> None:
        """`autosaves` is the folder where unsaved runs are kept; without one there are none."""
        super().__init__()
        self.setWindowTitle("rnnviz")
        self.setWindowIcon(application_icon())
        self.setMinimumSize(1024, 640)
        self.setAcceptDrops(True)
        self.settings = settings or Settings()
        themes().restore_points(
            self.settings.number("type-points", BODY_POINTS),
            self.settings.number("lecture-type-points", LECTURE_POINTS),
        )
        self.controller = Controller(autosaves, self)
        self.controller.keeper.panels = self._panels
        self.controller.onlookers = self._seed_is_seen
        self.controller.tell_looks = self._tell_looks
        # By the user, for each page; None where the window decides.
        self._setup_folded: dict[str, bool | None] = dict.fromkeys(_NAMES)
        self._choices: dict[str, dict[str, Any]] = {}  # of the last start, for the first run
        self._seed_to_ask = False  # whether the prober does not know the seed of the Probe page yet
        self._own_seed = False  # whether the seed text is the user's, not one made up for a text
        self.play_after_start = False
        self._closing = False
        # Step and words of the notice with which the best weights can be undone.
        self._undoable: tuple[int, str] | None = None
        self._opened: SavedRun | None = None  # about to be shown
        self._settings_problem = ""
        # Told once a run has begun, which takes away the messages of the run before.
        self._to_say = [self.settings.notice] if self.settings.notice else []

        self.top_bar = TopBar()
        self.setup = SetupPanel()
        self.rail = Rail()
        self.page = TrainPage()
        self.gradients = GradientsPage()
        self.probe = ProbePage()
        self.perspectives: dict[str, Page] = {
            TRAIN: self.page,
            GRADIENTS: self.gradients,
            PROBE: self.probe,
        }
        self.pages = Pages()
        for page in (self.page, self.gradients, self.probe):
            self.pages.addWidget(page)
            page.reported.connect(self._panel_reported)
        self.notice = Notice(self.pages)
        self.pages.resized.connect(self.notice.place)
        self.diverged = DivergenceBanner(self.pages, self.page.loss.plot)
        self.faults = FaultReporter(self, self.notice, self._settings_of_run)
        self.transport = TransportBar()
        self.screen_watch = ScreenWatch(self)
        self.screen_watch.watch(self)
        self.panel_windows = PanelWindows(self.settings, self.screen_watch, self)
        for name, served in ((TRAIN, self.page), (GRADIENTS, self.gradients), (PROBE, self.probe)):
            self.panel_windows.serve(name, served)
        self.lecture = Lecture(self)
        self.about: AboutBox | None = None
        self.shortcuts: ShortcutsBox | None = None
        self._build_layout()
        self.recovery = Recovery(self)
        self.run_files = RunFiles(self)
        self.unsaved = Unsaved(self)
        self.intake = TextIntake(self)
        self.intake.refused.connect(self.refused)
        self.controller.wanted_config = self.intake.wanted
        frames = self.controller.frames
        self.transport.frame_rate = lambda: (frames.rate(), frames.dropped())
        self.first_tip = FirstTip(self.transport.play, self)
        self._build_menus()
        self._connect()
        order_focus(self)
        self._transport_timer = QTimer(self)
        self._transport_timer.setInterval(round(1000 * TransportBar.interval))
        self._transport_timer.timeout.connect(self._refresh_transport)
        self._transport_timer.start()
        self.transport.set_ready(False)
        self._restore()

    # Building.

    def _build_layout(self) -> None:
        middle = QWidget()
        line = QHBoxLayout(middle)
        margins(line, 8, 8, 8, 8)
        spacing(line, 8)
        line.addWidget(self.setup)
        line.addWidget(self.rail)
        line.addWidget(self.pages, 1)
        central = QWidget()
        box = QVBoxLayout(central)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self.top_bar)
        box.addWidget(self.lecture.caption)
        box.addWidget(middle, 1)
        box.addWidget(self.transport)
        self.setCentralWidget(central)
        self.page.setFocus()  # nothing is about to be typed, and Space plays

    def _build_menus(self) -> None:
        self.recent = RecentFiles(self.settings, self)
        self.undo = SettingsUndo(WindowTarget(self), self)
        self.command_palette = Palette(self)
        self.registry = Actions(self)
        self.registry.extend(window_commands(self))
        menus = Menus(self, self.registry)
        self._recover = self.registry["file.recover"]
        menus.insert(FILE, self.recent.menu, self._recover)
        self.undo.stack.undoTextChanged.connect(self._name_what_is_undone)
        self.undo.stack.redoTextChanged.connect(self._name_what_is_undone)
        self.registry.refresh()
        self.top_bar.set_menus(menus.main, menus.by_group[PRESETS])

    def _name_what_is_undone(self) -> None:
        """The menu says what would be undone and done again."""
        for id, verb, what in (
            ("edit.undo", self.tr("Undo"), self.undo.stack.undoText()),
            ("edit.redo", self.tr("Redo"), self.undo.stack.redoText()),
        ):
            self.registry[id].setText(f"{verb} {what}".rstrip().replace("&", "&&"))
        self.registry.refresh()

    def find_command(self) -> None:
        """Opens the palette, or closes it."""
        if self.command_palette.is_open():
            self.command_palette.close_again()
        else:
            self.command_palette.open_with(palette_items(self), self._last_used())

    @Slot(str)
    def _command_used(self, id: str) -> None:
        used = [id, *(other for other in self._last_used() if other != id)][:_LAST_USED]
        self.settings.set("palette", {"used": used})

    def _last_used(self) -> list[str]:
        used = self.settings.record("palette").get("used", [])
        return [id for id in used if isinstance(id, str)] if isinstance(used, list) else []

    def edit_seed(self) -> None:
        """The keys go to the seed text of the page in sight, or of Train where there is none."""
        if self.shown_page() == PROBE:
            self.probe.expectations.edit.setFocus(Qt.FocusReason.ShortcutFocusReason)
            return
        self.show_page(TRAIN)
        self.page.next_character.edit.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def say_later(self, sentence: str) -> None:
        """Tells it once a run has begun, which takes away the messages of the run before."""
        self._to_say.append(sentence)

    def _connect(self) -> None:
        controller, setup, page = self.controller, self.setup, self.page
        controller.run_started.connect(self._run_started)
        controller.delivered.connect(self._delivered)
        controller.answered.connect(self._answered)
        controller.inspected.connect(self.gradients.show_inspection)
        controller.replied.connect(self.probe.show_reply)
        controller.replied.connect(page.show_reply)
        page.asked.connect(controller.ask_question)
        page.withdrawn.connect(controller.withdraw_questions)
        controller.references_ready.connect(page.mark_stale)
        controller.references_ready.connect(page.refresh_due)
        controller.busy.connect(setup.set_busy)
        controller.file_opened.connect(self.recent.add)
        controller.run_opened.connect(self._run_opened)
        controller.hung.connect(self._hung)
        self.diverged.go_on.connect(self._go_on)
        self.diverged.reset.connect(self.reset_run)
        self.recent.chosen.connect(self.open_path)
        self.recent.changed.connect(self._sync_settings)
        self.command_palette.used.connect(self._command_used)
        setup.command.connect(self._send)
        setup.edited.connect(self._setup_edited)
        setup.reverted.connect(self._text_reverted)
        setup.restart_requested.connect(self.restart)
        setup.source_chosen.connect(controller.choose_source)
        setup.open_requested.connect(self.ask_open)
        setup.cancel_requested.connect(controller.cancel_loading)
        setup.collapse_requested.connect(self.toggle_setup)
        self.rail.clicked.connect(self.toggle_setup)
        self.top_bar.theme_toggled.connect(self.flip_theme)
        self.top_bar.open_requested.connect(self.ask_open)
        self.top_bar.find_requested.connect(self.find_command)
        self.top_bar.lecture_requested.connect(self.lecture.enter)
        self.transport.play_toggled.connect(self.toggle_play)
        self.transport.step_requested.connect(self.one_step)
        self.transport.reset_requested.connect(self.reset_run)
        self.transport.lecture_left.connect(self.lecture.leave)
        self.panel_windows.opened.connect(self._panel_window_opened)
        for panel in (*page.panels, *self.gradients.panels, *self.probe.panels):
            panel.command.connect(self._send)
        self.gradients.compute_requested.connect(controller.ask_spectrum)
        self.probe.asked.connect(controller.ask_question)
        self.probe.withdrawn.connect(controller.withdraw_questions)
        self.probe.seed_changed.connect(self._probed_seed_changed)
        self.probe.temperature_changed.connect(self._probed_temperature_changed)
        self.top_bar.perspective_chosen.connect(self.show_page)
        page.next_character.seed_changed.connect(self._seed_changed)
        page.next_character.temperature_changed.connect(self._temperature_changed)
        page.hidden_state.column_clicked.connect(page.next_character.show_column)
        page.hidden_state.training_wanted.connect(controller.follow_training)
        page.hidden_state.unit_clicked.connect(self._open_unit)
        self.first_tip.done.connect(self._welcomed)
        themes().changed.connect(self._theme_changed)

    # Beginning.

    def begin(self, file: str | None = None, preset: str | None = None) -> None:
        """Loads the first text: a file, or the one used last, or the bundled play."""
        config = self._remembered_config()
        if preset is not None:
            config = load_preset(preset).config(config.corpus)
        self.intake.config = config
        source = config.corpus
        self.intake.fill_sources(source)
        self.recovery.look()
        if file is not None:
            if Path(file).exists():
                self.controller.open_path(file)
            else:
                self.controller.choose_source(file)
        else:
            self.controller.choose_source(source)

    def _remembered_config(self) -> RunConfig:
        try:
            return RunConfig.from_mapping(self.settings.record("config"))
        except ConfigError:
            return RunConfig()

    def say_waiting(self) -> None:
        """Tells what is no reason to stop, unless there is a message of something worse."""
        if self._to_say and self.controller.view is not None and self.notice.isHidden():
            words = " ".join(dict.fromkeys(self._to_say))
            self._to_say.clear()
            self.notice.say(words, "warn")

    # Runs.

    def is_untouched(self) -> bool:
        """Whether nothing would be lost by beginning again."""
        view = self.controller.view
        return view is None or (view.step == 0 and not view.training and view.history.last is None)

    def start_wanted(self) -> bool:
        """Begins a run with what Setup shows; False when it can't be."""
        if self.setup.problems():
            return False
        started = self.controller.start(self.setup.wanted)
        if not started:
            self.transport.set_ready(self.controller.view is not None)
        return started

    @Slot()
    def _setup_edited(self) -> None:
        view = self.controller.view
        self.undo.edited(self.setup.wanted)
        self.registry.refresh()
        if view is not None and self.is_untouched() and self.setup.pending():
            self.start_wanted()

    @Slot()
    def _text_reverted(self) -> None:
        """Revert takes back the text as well."""
        live = self.controller.live
        if live is not None and self.controller.corpus is not live.run.corpus:
            self.controller.corpus = live.run.corpus
            self.setup.set_corpus(live.run.corpus)
            self.undo.text_chosen(live.run.corpus.origin, live.run.corpus.name)

    def restart(self) -> None:
        """Begins a new run with what waits in Setup."""
        if self.setup.problems():
            return
        if self.unsaved.may_end_run(self.tr("Restart")):
            self.play_after_start = self._training()
            self.start_wanted()

    def _training(self) -> bool:
        return self.controller.playing

    def reset_run(self) -> None:
        """Begins again with new weights and the settings of the present run."""
        view = self.controller.view
        if view is None or not self.unsaved.may_end_run(self.tr("Reset")):
            return
        waiting = self.setup.wanted
        live = self.controller.live
        assert live is not None
        wanted_corpus, in_force = self.controller.corpus, view.in_force

        def keep_waiting() -> None:
            if wanted_corpus is not None and wanted_corpus is not live.run.corpus:
                self.setup.set_corpus(wanted_corpus)
            self.setup.set_wanted(waiting)
            self._undo_from_here()

        self.controller.start(
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

    def _undo_from_here(self) -> None:
        """What holds now is what the next change starts from."""
        view, seed = self.controller.view, self.page.next_character
        if view is not None:
            self.undo.begin(
                self.setup.wanted, view.in_force, seed.temperature(), seed.edit.raw_text()
            )

    def use_preset(self, name: str) -> None:
        """Begins a run with a preset's settings, on its own text or the present one."""
        try:
            config = load_preset(name).config(self.setup.wanted.corpus)
        except ConfigError as error:
            self.notice.say(f"{error}.")
            return
        config = config.with_changes(temperature=self.page.next_character.temperature())
        if not self.unsaved.may_end_run(self.tr("This preset")):
            return
        self.controller.cancel_loading()  # of the preset before: this one was asked for last
        self.intake.config = None
        self.play_after_start = self._training()
        self.undo.clear()
        if config.corpus != self.setup.wanted.corpus:
            self.intake.config = config
            self.controller.choose_source(config.corpus)
        else:
            self.setup.set_wanted(config)
            self.start_wanted()

    @Slot(object)
    def _run_started(self, view: RunView) -> None:
        live = self.controller.live
        assert live is not None
        self.diverged.dismiss()
        fell_back = self.intake.run_begun()
        if not fell_back:
            self.notice.dismiss()
        self.setup.set_running(view.config, len(live.run.corpus.text))
        self.setup.set_corpus(live.run.corpus)
        self.setup.set_in_force(view.in_force)
        opened, self._opened = self._opened, None
        if opened is not None:
            self._take_seed(opened)
            if opened.trainer is not None and (departure := opened.departure(live.run)):
                self.say_later(departure)
        if not self._own_seed:
            self.page.next_character.set_seed(default_seed(live.run.corpus.text))
        self.page.set_view(view)
        self.gradients.set_view(view, view.history.norms)
        self.probe.set_corpus(live.run.corpus.text)
        self.probe.set_view(view)
        choices, self._choices = self._choices, {}
        if opened is not None:
            self.page.choose(opened.view)
            choices = opened.view
        for name, chooser in ((GRADIENTS, self.gradients), (PROBE, self.probe)):
            if isinstance(chosen := choices.get(name), dict):
                chooser.choose(chosen)
        self._undo_from_here()
        self._seed_changed(self.page.next_character.seed(), typed=False)
        self._temperature_changed(self.page.next_character.temperature())
        self.transport.set_view(view)
        self.transport.set_ready(True)
        self._show_run()
        if not self.page.next_character.edit.hasFocus():
            # The button that was pressed may be out of reach now.
            self.pages.focus_page()
        if self.play_after_start:
            self.play_after_start = False
            self.controller.send(commands.Play())
        self.registry.refresh()
        if not fell_back:
            self.recovery.offer_once()
        self.say_waiting()

    def _show_run(self) -> None:
        view = self.controller.view
        if view is None:
            return
        config = view.config
        what = (
            f"{config.cell.upper()} {config.num_layers} × {config.hidden_size} "
            f"{self.tr('on')} {view.corpus_name}"
        )
        bad = view.state.phase in ("diverged", "failed")
        self.top_bar.show_run(view.number, what, view.training, bad)

    @Slot(object)
    def _delivered(self, delivery: Delivery) -> None:
        view = self.controller.view
        assert view is not None
        if delivery.in_force is not None:
            self.setup.set_in_force(view.in_force)
        if delivery.state is not None:
            self._state_changed(view)
        for event in delivery.events:
            if event.kind == "weights":
                self._weights_exchanged(event)
        if delivery.rows:
            self._step_taken(delivery.rows[-1].step)
        for page in self.perspectives.values():
            page.mark_stale()
            page.refresh_due()

    def _state_changed(self, view: RunView) -> None:
        self.transport.refresh()
        self._show_run()
        if view.state.phase == "diverged":
            self.diverged.show_divergence(view)
        else:
            self.diverged.dismiss()
        if view.state.phase == "failed":
            self._show_failure(view.state.message)

    def _show_failure(self, message: str) -> None:
        live = self.controller.live
        fault = live.fault if live is not None else None
        actions = [
            (self.tr("Try again"), self.toggle_play),
            (self.tr("Reset"), self.reset_run),
        ]
        if fault is not None:
            actions.append((self.tr("Show report"), lambda: self.faults.show_report(fault)))
        self.notice.say(message, actions=actions)

    @Slot(float)
    def _hung(self, seconds: float) -> None:
        words = self.tr(
            "No step for {0:.0f} s: this network is too large for this computer, or it hangs. "
            "Wait, or give the run up and choose a smaller one."
        )
        actions = [(self.tr("Give the run up"), self.reset_run)]
        self.notice.say(words.format(seconds), "warn", actions)

    def _settings_of_run(self) -> dict[str, Any]:
        view = self.controller.view
        return view.config.to_dict() if view is not None else {}

    def _go_on(self, threshold: float) -> None:
        """From before a divergence, with clipping."""
        self.controller.send(commands.GoBack())
        self._send(commands.SetClipping("norm", threshold))
        self._send(commands.Play())

    @Slot(object)
    def _answered(self, answer: Answer) -> None:
        if not answer.followed:
            self.page.next_character.show_answer(answer)
        self.page.hidden_state.show_answer(answer)

    @Slot(object)
    def _send(self, command: commands.Command) -> None:
        self.undo.sent(command)
        if isinstance(command, commands.SetClipping):
            self.first_tip.tried(CLIPPED)
        self.controller.send(command)
        self.controller.hurry()

    def toggle_play(self) -> None:
        """Trains, or pauses."""
        self.controller.toggle_play()
        self.first_tip.tried(PLAYED)
        self.controller.hurry()

    def one_step(self) -> None:
        """One step, then a pause."""
        self._send(commands.StepOnce())

    def _seed_is_seen(self) -> bool:
        """Whether a panel that shows what the network makes of the seed is on the screen."""
        page = self.page
        return on_screen(page.next_character) or on_screen(page.hidden_state)

    def _tell_looks(self, live: LiveRun) -> None:
        """Says what of the other pages is in sight, so that the rest costs nothing."""
        page = self.gradients
        if any(on_screen(panel) for panel in self.probe.panels):
            live.respondent.renew()
        if any(norm.sees_entries() for norm in (self.page.gradient_norm, page.gradient_norm)):
            live.gauge.want_entries()
        if looked_at := page.looked_at():
            live.inspector.look(looked_at, page.eigenvalues.layer())
        if page.norms_are_seen():
            live.gauge.want()

    def _seed_changed(self, seed: str, typed: bool = True) -> None:
        self._own_seed = self._own_seed or typed
        if typed:
            self.undo.seed_edited(self.page.next_character.edit.raw_text())
            self.first_tip.tried(TYPED)
        self.controller.ask(seed)
        self.probe.set_seed(self.page.next_character.edit.raw_text())

    def _probed_seed_changed(self, _: str) -> None:
        """The seed is one; what Train makes of it is asked for when that page comes back."""
        self._own_seed = self._seed_to_ask = True
        self.undo.seed_edited(self.probe.seed())
        self.page.next_character.set_seed(self.probe.seed())
        self._ask_seen_seed()

    def _ask_seen_seed(self) -> None:
        """Asks about a seed typed on the Probe page once a panel of Train is in sight."""
        if self._seed_to_ask and self._seed_is_seen():
            self._seed_to_ask = False
            self.controller.ask(self.page.next_character.seed())

    def write_on(self) -> None:
        """Lets the network write from the end of the seed, or stops it."""
        probing = self.shown_page() == PROBE
        (self.probe.expectations if probing else self.page.next_character).writing.toggle()

    def _open_unit(self, layer: int, signal: str, unit: int) -> None:
        """A unit picked out in Hidden state colours a text in Probe."""
        self.probe.pin(layer, signal, unit)
        self.show_page(PROBE)

    def _temperature_changed(self, temperature: float) -> None:
        self.probe.set_temperature(temperature)
        self._send(commands.SetTemperature(temperature))

    def _probed_temperature_changed(self, temperature: float) -> None:
        self.page.next_character.show_temperature(temperature)
        self._send(commands.SetTemperature(temperature))

    def _refresh_transport(self) -> None:
        view = self.controller.view
        if view is not None and view.training and self.isVisible():
            self.transport.refresh()

    # Best weights.

    def best(self) -> Best | None:
        """The weights with the lowest validation loss so far."""
        live = self.controller.live
        return live.runner.best if live is not None else None

    def use_best(self) -> None:
        """The network goes back to its best weights and pauses; until the next step it can undo."""
        self._send(commands.UseBest())

    def _weights_exchanged(self, event: Event) -> None:
        best = self.best()
        if event.replaces or best is None:
            words = self.tr("The network has its last weights again, those of step {0:,}.")
            self.notice.say(words.format(event.step), "info", passing=True)
            return
        words = self.tr(
            "The network has its best weights, those of step {0:,}: {1:.3f} nats/char on the "
            "held-out text. Training is paused."
        ).format(best.step, best.loss)
        self._undoable = (event.step, words)
        actions = [
            (self.tr("Train on"), lambda: self._send(commands.Play())),
            (self.tr("Undo"), lambda: self._send(commands.UseLast())),
        ]
        self.notice.say(words, "info", actions)

    def _step_taken(self, step: int) -> None:
        """After it the exchange of the weights can't be undone any more."""
        if self._undoable is None or step <= self._undoable[0]:
            return
        if self.notice.words() == self._undoable[1]:
            self.notice.dismiss()
        self._undoable = None

    # Keeping runs.

    def _panels(self) -> dict[str, Any]:
        """What the panels show, for the file of a run."""
        panels = self.page
        seed = panels.next_character.edit.raw_text() if self._own_seed else ""
        return {"seed": seed, **panels.choices(), **self._other_choices()}

    def _other_choices(self) -> dict[str, dict[str, Any]]:
        """What is chosen on the pages beside Train."""
        return {GRADIENTS: self.gradients.choices(), PROBE: self.probe.choices()}

    @Slot(object)
    def _run_opened(self, saved: SavedRun) -> None:
        self._opened = saved
        self.intake.run_opened()
        self.undo.clear()
        self.recovery.opened(saved.path)

    def _take_seed(self, opened: SavedRun) -> None:
        """Seed text and temperature are those of the run that was opened."""
        seed = opened.view.get("seed")
        if isinstance(seed, str) and seed:
            self._own_seed = True
            self.page.next_character.set_seed(seed)
        if opened.config is not None and opened.view:
            self.page.next_character.show_temperature(opened.config.temperature)

    @Slot(str, bool)
    def _panel_reported(self, sentence: str, wrong: bool) -> None:
        self.notice.say(sentence, "danger" if wrong else "info", passing=not wrong)

    # Files.

    def ask_open(self) -> None:
        """Asks for a text or a saved run and opens it."""
        path = ask_what_to_open(self, self.settings.text("folder"))
        if path:
            self.open_path(path)

    def open_path(self, path: str) -> None:
        """Opens a text or a saved run; what is wrong with it is told in the notice bar."""
        self.settings.set("folder", str(Path(path).absolute().parent))
        ends = Path(path).suffix == ".safetensors"
        if ends and not self.unsaved.may_end_run(self.tr("Opening a run")):
            return
        self.intake.asked_for = str(Path(path).absolute())
        self.controller.open_path(path)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """A file from this machine may be dropped anywhere."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Opens the first file dropped."""
        for url in event.mimeData().urls():
            if url.isLocalFile():
                event.acceptProposedAction()
                self.open_path(url.toLocalFile())
                return

    # Appearance.

    def set_theme(self, mode: str) -> None:
        """Chooses system, dark or light and keeps the choice."""
        self.settings.set("theme", mode)
        self._sync_settings()
        themes().set_mode(mode)

    def step_type(self, direction: int) -> None:
        """All type one size larger (1), smaller (-1) or as designed (0), and keeps the choice."""
        themes().step_points(direction)
        self.settings.set("type-points", themes().points)
        self.settings.set("lecture-type-points", themes().lecture_points)
        self._sync_settings()

    @Slot(object)
    def _panel_window_opened(self, window: PanelWindow) -> None:
        # The keys hold there as well, but for the one that fills the screen.
        window.addActions([a for a in self.actions() if a.objectName() != "view.lecture"])
        window.play_requested.connect(self.toggle_play)
        window.shown.connect(self._ask_seen_seed)

    def _sync_settings(self) -> None:
        """Writes them; that they cannot be kept is told once."""
        problem = self.settings.sync()
        if problem and problem != self._settings_problem:
            self.notice.say(problem, "warn")
        self._settings_problem = problem

    def flip_theme(self) -> None:
        """Dark becomes light, light dark."""
        self.set_theme("light" if theme().is_dark else "dark")

    def _theme_changed(self) -> None:
        self.registry.refresh()
        self._show_run()
        self.place_setup()  # it folds where type leaves it no room

    def next_unit(self) -> None:
        """Nats become bits, bits perplexity."""
        loss = self.page.loss
        loss.set_unit({"nats": "bits", "bits": "perplexity"}.get(loss.units.current(), "nats"))

    def toggle_log_x(self) -> None:
        """Logarithmic steps in Loss, or linear ones."""
        self.page.loss.set_log_x(not self.page.loss.log_toggle.isChecked())

    def shown_page(self) -> str:
        """The name of the perspective in sight."""
        return tuple(self.perspectives)[self.pages.currentIndex()]

    def show_page(self, name: str) -> None:
        """Brings a perspective to the front; the others do nothing while they are hidden."""
        if name != self.shown_page():
            self.pages.setCurrentIndex(tuple(self.perspectives).index(name))
            self.place_setup()
            self.notice.raise_()  # the page that comes is put above them
            self.diverged.raise_()
            self.diverged.place()
            self.pages.focus_page()  # nothing is about to be typed, and Space plays
            self._ask_seen_seed()
            self.controller.hurry()
        self.top_bar.show_perspective(name)

    def show_setup(self) -> None:
        """Unfolds Setup if it is folded away."""
        if self.setup.isHidden():
            self.toggle_setup()

    def toggle_setup(self) -> None:
        """Folds Setup away or unfolds it, and keeps it so whatever the window's width."""
        self._setup_folded[self.shown_page()] = not self.setup.isHidden()
        self.place_setup()

    def place_setup(self) -> None:
        """Setup, or the rail in its place; neither in a lecture."""
        if self.lecture.active:
            self.setup.hide()
            self.rail.hide()
            return
        name = self.shown_page()
        folded = self._setup_folded[name]
        if folded is None:
            folded = name != TRAIN or self.width() < px(_RAIL_BELOW)
        self.setup.setVisible(not folded)
        self.rail.setVisible(folded)

    def reset_layout(self) -> None:
        """Panels and Setup as designed, on the page in sight."""
        self._setup_folded[self.shown_page()] = None
        self.place_setup()
        self.perspectives[self.shown_page()].reset_layout()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Folds Setup in a narrow window unless the user has decided."""
        super().resizeEvent(event)
        self.lecture.fit()
        self.place_setup()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space plays wherever no text field or button takes it; Escape ends lecture mode."""
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self.toggle_play()
            return
        if time_cursor().take_key(event):
            return
        if event.key() == Qt.Key.Key_Escape and self.lecture.active:
            self.lecture.leave()
            return
        super().keyPressEvent(event)

    def show_about(self) -> None:
        """Versions, to copy into a report."""
        if self.about is None:
            self.about = AboutBox(self)
        self.about.show()
        self.about.raise_()

    def show_shortcuts(self) -> None:
        """Every key in one list."""
        if self.shortcuts is None:
            self.shortcuts = ShortcutsBox(self, self.registry)
        self.shortcuts.show()
        self.shortcuts.raise_()

    def welcome(self) -> None:
        """Tells a newcomer where to begin, unless that was done before."""
        if not self.settings.flag("welcomed", False):
            self.first_tip.begin()

    def _welcomed(self) -> None:
        self.settings.set("welcomed", True)
        self._sync_settings()

    # From one start to the next.

    def sizeHint(self) -> QSize:
        """The size the window was designed at."""
        return QSize(1600, 1000)

    def _restore(self) -> None:
        settings = self.settings
        if not self.restoreGeometry(settings.state("geometry")):
            screen = self.screen().availableSize()
            self.resize(QSize(1600, 1000).boundedTo(screen))
        bring_into_sight(self)
        for name, page in self.perspectives.items():
            page.restore_layout(
                {part: settings.state(f"{_key(name, _LAYOUT)}/{part}") for part in page.parts()}
            )
            folded = settings.text(_key(name, "setup-folded"))
            self._setup_folded[name] = {"True": True, "False": False}.get(folded)
            if name != TRAIN:
                self._choices[name] = settings.record(_key(name, "choices"))
        shown = settings.text("perspective", TRAIN)
        self.show_page(shown if shown in self.perspectives else TRAIN)
        self.place_setup()
        seed = settings.text("seed")
        if seed:
            self._own_seed = True
            self.page.next_character.set_seed(seed)
        self.page.next_character.show_temperature(settings.number("temperature", 0.8))
        self.page.loss.set_unit(settings.text("unit", "nats"))
        self.page.loss.set_log_x(settings.flag("log-x", True))
        set_colour_blind_safe(settings.flag("colour-blind-safe", False))
        self._theme_changed()

    def _keep(self) -> None:
        settings = self.settings
        self.lecture.leave()
        self.panel_windows.close_all()
        settings.set("geometry", self.saveGeometry())
        for name, page in self.perspectives.items():
            for part, state in page.save_layout().items():
                settings.set(f"{_key(name, _LAYOUT)}/{part}", state)
            folded = self._setup_folded[name]
            settings.set(_key(name, "setup-folded"), "" if folded is None else folded)
        if not self._choices:  # else no run has begun that could take them
            for name, chosen in self._other_choices().items():
                for part in _NOT_FOR_OTHER_RUNS:
                    chosen.pop(part, None)
                settings.set(_key(name, "choices"), chosen)
        settings.set("perspective", self.shown_page())
        settings.set("seed", self.page.next_character.edit.raw_text() if self._own_seed else "")
        settings.set("temperature", self.page.next_character.temperature())
        settings.set("unit", self.page.loss.units.current())
        settings.set("log-x", self.page.loss.log_toggle.isChecked())
        settings.set("colour-blind-safe", colour_blind_safe())
        if self.controller.view is not None:
            settings.set("config", self.setup.wanted.to_dict())
        settings.sync()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Asks when much would be lost, and ends every thread before the window goes."""
        if self._closing or not self.unsaved.much():
            self._finish(keep=False)
            super().closeEvent(event)
            return
        event.ignore()
        self.unsaved.ask_before_closing()

    def end(self) -> None:
        """Closes without a question; what is unsaved is offered at the next start."""
        self._end(keep=True)

    def discard_and_close(self) -> None:
        """Closes without a question; what is unsaved is gone."""
        self._end(keep=False)

    def _end(self, keep: bool) -> None:
        self._finish(keep)
        self.close()

    def _finish(self, keep: bool) -> None:
        """Ends every thread and keeps what is to be kept, once."""
        if self._closing:
            return
        self._closing = True
        if self.first_tip.was_used():
            self.settings.set("welcomed", True)
        self._transport_timer.stop()
        self._keep()
        self.controller.shutdown(keep)
        self.recovery.release()


def _key(page: str, key: str) -> str:
    """The settings key of something kept for each page."""
    return key if page == TRAIN else f"{page}/{key}"
