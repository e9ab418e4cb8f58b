"""The main window: its parts, how they are laid out, and what it does as a window."""

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
from rnnviz.app.appearance import Appearance
from rnnviz.app.best_weights import BestWeights
from rnnviz.app.caption_strip import CaptionStrip
from rnnviz.app.command_search import CommandSearch
from rnnviz.app.controller import Controller
from rnnviz.app.divergence_banner import DivergenceBanner
from rnnviz.app.fault_report import FaultReporter
from rnnviz.app.file_dialogs import ask_what_to_open
from rnnviz.app.first_tip import FirstTip
from rnnviz.app.focus import order_focus
from rnnviz.app.garbage import GarbageCollection
from rnnviz.app.gradients_page import GradientsPage
from rnnviz.app.icon import application_icon
from rnnviz.app.in_sight import anything_is_seen, tell_what_is_seen
from rnnviz.app.lecture import Lecture
from rnnviz.app.live_run import LiveRun
from rnnviz.app.menus import FILE, PRESETS, Menus
from rnnviz.app.notice import Notice
from rnnviz.app.pages import GRADIENTS, PROBE, TRAIN, Page, Pages
from rnnviz.app.panel_page import on_screen
from rnnviz.app.panel_window import PanelWindow, PanelWindows
from rnnviz.app.persistence import Persistence
from rnnviz.app.probe_page import ProbePage
from rnnviz.app.rail import Rail
from rnnviz.app.recent_files import RecentFiles
from rnnviz.app.recovery import Recovery
from rnnviz.app.run_control import RunControl
from rnnviz.app.run_display import RunDisplay
from rnnviz.app.run_files import RunFiles
from rnnviz.app.screens import ScreenWatch
from rnnviz.app.seed_text import SeedText
from rnnviz.app.settings import Settings
from rnnviz.app.setup_folding import SetupFolding
from rnnviz.app.shortcuts import ShortcutsBox
from rnnviz.app.text_intake import TextIntake
from rnnviz.app.top_bar import TopBar
from rnnviz.app.train_page import TrainPage
from rnnviz.app.undo import SettingsUndo
from rnnviz.app.undo_target import WindowTarget
from rnnviz.app.unsaved import Unsaved
from rnnviz.app.window_commands import window_commands
from rnnviz.panels.setup import SetupPanel
from rnnviz.panels.sizing import margins, spacing
from rnnviz.panels.theme import BODY_POINTS, LECTURE_POINTS, themes
from rnnviz.panels.time_cursor import time_cursor
from rnnviz.panels.transport import TransportBar
from rnnviz.session.presets import load_preset


class MainWindow(QMainWindow):
    """Makes the parts and joins them. The work is theirs."""

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
        self._closing = False
        # Told once a run has begun, which takes away the messages of the run before.
        self._to_say = [self.settings.notice] if self.settings.notice else []
        self.about: AboutBox | None = None
        self.shortcuts: ShortcutsBox | None = None
        self.controller = Controller(autosaves, self)
        self._make_widgets()
        self._lay_out()
        self._make_parts()
        self._make_menus()
        self._connect()
        order_focus(self)
        self._transport_timer = QTimer(self)
        self._transport_timer.setInterval(round(1000 * TransportBar.interval))
        self._transport_timer.timeout.connect(self._refresh_transport)
        self._transport_timer.start()
        self.transport.set_ready(False)
        self.persistence.restore()

    # Building.

    def _make_widgets(self) -> None:
        self.top_bar = TopBar()
        self.caption = CaptionStrip()
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
        self.screen_watch = ScreenWatch(self)
        self.screen_watch.watch(self)
        self.panel_windows = PanelWindows(self.settings, self.screen_watch, self)
        for name, page in ((TRAIN, self.page), (GRADIENTS, self.gradients), (PROBE, self.probe)):
            self.pages.addWidget(page)
            page.reported.connect(self._panel_reported)
            self.panel_windows.serve(name, page)
        self.notice = Notice(self.pages)
        self.pages.resized.connect(self.notice.place)
        self.diverged = DivergenceBanner()
        self.page.lent = self.diverged.taken
        self.transport = TransportBar()

    def _lay_out(self) -> None:
        middle = QWidget()
        line = QHBoxLayout(middle)
        margins(line, 8, 8, 8, 8)
        spacing(line, 8)
        line.addWidget(self.setup)
        line.addWidget(self.rail)
        column = QVBoxLayout()
        spacing(column, 8)
        column.addWidget(self.pages, 1)
        column.addWidget(self.diverged)
        line.addLayout(column, 1)
        central = QWidget()
        box = QVBoxLayout(central)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self.top_bar)
        box.addWidget(self.caption)
        box.addWidget(middle, 1)
        box.addWidget(self.transport)
        self.setCentralWidget(central)
        self.page.setFocus()  # nothing is about to be typed, and Space plays

    def _make_parts(self) -> None:
        """What is done, one part for each idea; they hear the widgets and the controller."""
        self.first_tip = FirstTip(self.transport.play, self)
        self.lecture = Lecture(self)
        self.faults = FaultReporter(self, self.notice, self._settings_of_run)
        self.recent = RecentFiles(self.settings, self)
        self.undo = SettingsUndo(WindowTarget(self), self)
        self.persistence = Persistence(self)
        self.appearance = Appearance(self)
        self.setup_folding = SetupFolding(self)
        self.runs = RunControl(self)
        self.run_display = RunDisplay(self)
        self.best_weights = BestWeights(self)
        self.seed_text = SeedText(self)
        self.recovery = Recovery(self)
        self.run_files = RunFiles(self)
        self.unsaved = Unsaved(self)
        self.garbage = GarbageCollection(self)
        self.intake = TextIntake(self)
        self.command_search = CommandSearch(self)

    def _make_menus(self) -> None:
        self.registry = Actions(self)
        self.registry.extend(window_commands(self))
        menus = Menus(self, self.registry)
        menus.insert(FILE, self.recent.menu, self.registry["file.recover"])
        self.undo.stack.undoTextChanged.connect(self._name_what_is_undone)
        self.undo.stack.redoTextChanged.connect(self._name_what_is_undone)
        self.registry.refresh()
        self.top_bar.set_menus(menus.main, menus.by_group[PRESETS])

    def _connect(self) -> None:
        controller, setup, page, probe = self.controller, self.setup, self.page, self.probe
        controller.wanted_config = self.intake.wanted
        controller.tell_looks = self._tell_looks
        controller.is_seen = lambda: anything_is_seen(self, (page, self.gradients, probe))
        frames = controller.frames
        self.transport.frame_rate = lambda: (frames.rate(), frames.dropped())
        self.intake.refused.connect(self.refused)
        for asking in (page, probe):
            asking.asked.connect(controller.ask_question)
            asking.withdrawn.connect(controller.withdraw_questions)
        self.gradients.compute_requested.connect(controller.ask_spectrum)
        page.hidden_state.training_wanted.connect(controller.follow_training)
        page.hidden_state.column_clicked.connect(page.next_character.show_column)
        page.hidden_state.unit_clicked.connect(self._open_unit)
        controller.loader.busy.connect(setup.set_busy)
        setup.source_chosen.connect(controller.loader.choose_source)
        setup.cancel_requested.connect(controller.loader.cancel)
        setup.open_requested.connect(self.ask_open)
        self.top_bar.open_requested.connect(self.ask_open)
        controller.file_opened.connect(self.recent.add)
        self.recent.chosen.connect(self.open_path)
        self.recent.changed.connect(self.persistence.sync)
        self.top_bar.perspective_chosen.connect(self.show_page)
        self.transport.lecture_left.connect(self.lecture.leave)
        self.panel_windows.opened.connect(self._panel_window_opened)
        self.first_tip.done.connect(self._welcomed)
        themes().changed.connect(self.registry.refresh)

    def _name_what_is_undone(self) -> None:
        """The menu says what would be undone and done again."""
        for id, verb, what in (
            ("edit.undo", self.tr("Undo"), self.undo.stack.undoText()),
            ("edit.redo", self.tr("Redo"), self.undo.stack.redoText()),
        ):
            self.registry[id].setText(f"{verb} {what}".rstrip().replace("&", "&&"))
        self.registry.refresh()

    def _settings_of_run(self) -> dict[str, Any]:
        view = self.controller.view
        return view.config.to_dict() if view is not None else {}

    def _tell_looks(self, live: LiveRun) -> None:
        tell_what_is_seen(live, self.page, self.gradients, self.probe)

    def _refresh_transport(self) -> None:
        view = self.controller.view
        if view is not None and view.training and on_screen(self):
            self.transport.refresh()

    # Messages.

    def say_later(self, sentence: str) -> None:
        """Tells it once a run has begun, which takes away the messages of the run before."""
        self._to_say.append(sentence)

    def say_waiting(self) -> None:
        """Tells what is no reason to stop, unless there is a message of something worse."""
        if self._to_say and self.controller.view is not None and self.notice.isHidden():
            words = " ".join(dict.fromkeys(self._to_say))
            self._to_say.clear()
            self.notice.say(words, "warn")

    @Slot(str, bool)
    def _panel_reported(self, sentence: str, wrong: bool) -> None:
        self.notice.say(sentence, "danger" if wrong else "info", passing=not wrong)

    # Beginning, and files.

    def begin(self, file: str | None = None, preset: str | None = None) -> None:
        """Loads the first text: a file, or the one used last, or the bundled play."""
        config = self.persistence.config()
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
                self.controller.loader.choose_source(file)
        else:
            self.controller.loader.choose_source(source)

    def welcome(self) -> None:
        """Tells a newcomer where to begin, unless that was done before."""
        if not self.settings.flag("welcomed", False):
            self.first_tip.begin()

    def _welcomed(self) -> None:
        self.settings.set("welcomed", True)
        self.persistence.sync()

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

    # Pages.

    def shown_page(self) -> str:
        """The name of the perspective in sight."""
        return tuple(self.perspectives)[self.pages.currentIndex()]

    def show_page(self, name: str) -> None:
        """Brings a perspective to the front; the others do nothing while they are hidden."""
        if name != self.shown_page():
            self.pages.setCurrentIndex(tuple(self.perspectives).index(name))
            self.setup_folding.place()
            self.notice.raise_()  # the page that comes is put above them
            self.pages.focus_page()  # nothing is about to be typed, and Space plays
            self.seed_text.ask_if_seen()
            self.controller.hurry()
        self.top_bar.show_perspective(name)

    def _open_unit(self, layer: int, signal: str, unit: int) -> None:
        """A unit picked out in Hidden state colours a text in Probe."""
        self.probe.pin(layer, signal, unit)
        self.show_page(PROBE)

    @Slot(object)
    def _panel_window_opened(self, window: PanelWindow) -> None:
        # The keys hold there as well, but for the one that fills the screen.
        window.addActions([a for a in self.actions() if a.objectName() != "view.lecture"])
        window.play_requested.connect(self.runs.toggle_play)
        window.shown.connect(self.seed_text.ask_if_seen)

    def reset_layout(self) -> None:
        """Panels and Setup as designed, on the page in sight."""
        self.setup_folding.forget()
        self.perspectives[self.shown_page()].reset_layout()

    # Boxes.

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

    # Size and keys.

    def sizeHint(self) -> QSize:
        """The size the window was designed at."""
        return QSize(1600, 1000)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Folds Setup in a narrow window unless the user has decided."""
        super().resizeEvent(event)
        self.lecture.fit()
        self.setup_folding.place()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space plays wherever no text field or button takes it; Escape ends lecture mode."""
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self.runs.toggle_play()
            return
        if time_cursor().take_key(event):
            return
        if event.key() == Qt.Key.Key_Escape and self.lecture.active:
            self.lecture.leave()
            return
        super().keyPressEvent(event)

    # The end.

    def closeEvent(self, event: QCloseEvent) -> None:
        """Asks when much would be lost, and ends every thread before the window goes.

        What is less is kept without a question and offered at the next start.
        """
        if self._closing or not self.unsaved.much():
            self._finish(keep=self.unsaved.some())
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
        self.lecture.leave()
        self.panel_windows.close_all()
        self.persistence.keep()
        self.controller.shutdown(keep)
        self.recovery.release()
        self.garbage.release()
