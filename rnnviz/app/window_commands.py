"""What can be asked of the window: one entry for each command, in the order of the menus."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtGui import QKeySequence

from rnnviz.app.actions import Command
from rnnviz.app.focus import go_to_area
from rnnviz.app.menus import EDIT, FILE, HELP, PRESETS, RUN, VIEW
from rnnviz.app.pages import PERSPECTIVES
from rnnviz.app.whats_this import ask_whats_this
from rnnviz.panels.activation_colors import colour_blind_safe, set_colour_blind_safe
from rnnviz.panels.loss import LossPanel
from rnnviz.panels.theme import MODES, POINTS, themes
from rnnviz.panels.translate import tr as translate
from rnnviz.session.config import ConfigError
from rnnviz.session.presets import load_preset, preset_ids

if TYPE_CHECKING:
    from rnnviz.app.main_window import MainWindow

_Standard = QKeySequence.StandardKey


def window_commands(window: MainWindow) -> Iterator[Command]:
    """Every command of the window."""
    yield from _file(window)
    yield from _edit(window)
    yield from _run(window)
    yield from _view(window)
    yield from _type(window)
    yield from _windows(window)
    yield from _presets(window)
    yield from _help(window)


def _file(window: MainWindow) -> Iterator[Command]:
    tr = window.tr

    def no_run() -> str:
        return "" if window.controller.view is not None else tr("There is no run yet.")

    yield Command(
        "file.open",
        tr("Open text or run…"),
        window.ask_open,
        (_Standard.Open, "Ctrl+O"),
        tip=tr("A text to learn, a saved run or a model"),
        group=FILE,
    )
    yield Command(
        "file.recover",
        tr("Recover an unsaved run"),
        window.recovery.recover,
        tip=tr("Goes on with the newest run that a crash left unsaved"),
        group=FILE,
        why_not=lambda: (
            no_run() or ("" if window.recovery.any() else tr("No run was left unsaved."))
        ),
    )
    yield Command(
        "file.save",
        tr("Save run"),
        window.run_files.save,
        (_Standard.Save, "Ctrl+S"),
        tip=tr("The whole run in one file, to go on with bit for bit"),
        group=FILE,
        section=1,
        why_not=no_run,
    )
    yield Command(
        "file.save-as",
        tr("Save run as…"),
        window.run_files.save_as,
        (_Standard.SaveAs, "Ctrl+Shift+S"),
        tip=tr("The whole run in another file"),
        group=FILE,
        section=1,
        why_not=no_run,
    )
    exports = {
        "csv": (tr("Metrics as CSV…"), tr("Loss, norms and speed of every step as a table")),
        "jsonl": (tr("Metrics as JSON lines…"), tr("Loss, norms and speed, one object a line")),
        "events": (tr("Metrics for TensorBoard…"), tr("Figures and samples as an event file")),
        "samples": (tr("Samples as text…"), tr("What the network wrote, with the steps")),
        "best": (
            tr("Best weights as a model…"),
            tr("The weights with the lowest validation loss, under PyTorch's names"),
        ),
    }
    for kind, (text, tip) in exports.items():
        yield Command(
            f"file.export-{kind}",
            text,
            partial(window.run_files.export, kind),
            tip=tip,
            group=FILE,
            section=1,
            submenu=tr("Export"),
            why_not=no_run,
        )
    yield Command(
        "file.quit",
        tr("Quit"),
        window.close,
        (_Standard.Quit, "Ctrl+Q"),
        tip=tr("Asks first when more than a minute of training is in no file"),
        group=FILE,
        section=2,
    )


def _edit(window: MainWindow) -> Iterator[Command]:
    tr, stack = window.tr, window.undo.stack
    yield Command(
        "edit.undo",
        tr("Undo"),
        stack.undo,
        ("Ctrl+Z", _Standard.Undo),
        tip=tr("Takes back a setting or what was typed as seed text"),
        group=EDIT,
        why_not=lambda: "" if stack.canUndo() else tr("Nothing was changed yet."),
    )
    yield Command(
        "edit.redo",
        tr("Redo"),
        stack.redo,
        ("Ctrl+Shift+Z", "Ctrl+Y", _Standard.Redo),
        tip=tr("Brings back what was undone"),
        group=EDIT,
        why_not=lambda: "" if stack.canRedo() else tr("Nothing was undone."),
    )
    yield Command(
        "edit.seed",
        tr("Type seed text"),
        window.seed_text.edit,
        ("Ctrl+E",),
        tip=tr("The keys go to the seed text"),
        group=EDIT,
        section=1,
    )
    yield Command(
        "edit.find-command",
        tr("Find a command…"),
        window.command_search.toggle,
        ("Ctrl+K", "Ctrl+Shift+P"),
        tip=tr("Commands, presets, texts, panels and settings by name"),
        group=EDIT,
        section=1,
    )


def _run(window: MainWindow) -> Iterator[Command]:
    tr = window.tr

    def no_run() -> str:
        return "" if window.controller.view is not None else tr("There is no run yet.")

    def no_best() -> str:
        found = window.best_weights.found()
        return "" if found else tr("There are none before the first validation.")

    yield Command(
        "run.play",
        tr("Play or pause"),
        window.runs.toggle_play,
        tip=tr("Trains until told otherwise"),
        group=RUN,
        shown_key=tr("Space"),
        why_not=no_run,
    )
    yield Command(
        "run.step",
        tr("One step"),
        window.runs.one_step,
        ("Ctrl+.",),
        tip=tr("One window of the text, one change of the weights"),
        group=RUN,
        why_not=no_run,
    )
    yield Command(
        "run.best",
        tr("Go back to the best weights"),
        window.best_weights.use,
        tip=tr("Those with the lowest validation loss, to look at or to train on from"),
        group=RUN,
        why_not=lambda: no_run() or no_best(),
    )
    yield Command(
        "run.reset",
        tr("Reset…"),
        window.runs.reset,
        ("Ctrl+Shift+R",),
        tip=tr("Begins again with new weights and the present settings"),
        group=RUN,
        why_not=no_run,
    )
    yield Command(
        "run.write",
        tr("Let the network write, or stop it"),
        window.seed_text.write_on,
        ("Ctrl+Return",),
        tip=tr("From the end of the seed text, in Train or Probe"),
        group=RUN,
        section=1,
        why_not=no_run,
    )
    yield Command(
        "run.freeze",
        tr("Freeze the hidden state"),
        window.page.hidden_state.freeze_button.click,
        tip=tr("Its picture stands still while training goes on"),
        group=RUN,
        section=1,
        checked=window.page.hidden_state.frozen,
        why_not=no_run,
    )

    def nothing_waits() -> str:
        if window.setup.problems():
            return tr("Mend the marked settings first.")
        return "" if window.setup.pending() else tr("Nothing waits in Setup.")

    yield Command(
        "run.restart",
        tr("Restart with changes…"),
        window.runs.restart,
        ("Ctrl+R",),
        tip=tr("Begins a new run with what waits in Setup"),
        group=RUN,
        section=2,
        why_not=nothing_waits,
    )
    yield Command(
        "run.revert",
        tr("Revert changes"),
        window.setup.revert,
        tip=tr("Takes back what waits in Setup"),
        group=RUN,
        section=2,
        why_not=lambda: "" if window.setup.pending() else tr("Nothing waits in Setup."),
    )


def _view(window: MainWindow) -> Iterator[Command]:
    tr = window.tr
    for number, (name, title) in enumerate(PERSPECTIVES, 1):
        yield Command(
            f"view.{name}",
            translate(title),
            partial(window.show_page, name),
            (f"Ctrl+{number}",),
            tip=tr("The perspective {0}").format(translate(title)),
            group=VIEW,
        )
    colours = {
        "system": tr("Colours of the system"),
        "dark": tr("Dark colours"),
        "light": tr("Light colours"),
    }
    for mode in MODES:
        yield Command(
            f"view.colours-{mode}",
            colours[mode],
            partial(window.appearance.set_theme, mode),
            group=VIEW,
            section=1,
            choice="colours",
            checked=partial(_colours_are, mode),
        )
    yield Command(
        "view.colour-blind-safe",
        tr("Colour-blind safe maps"),
        lambda: set_colour_blind_safe(not colour_blind_safe()),
        tip=tr("Of the values of units, in every panel"),
        group=VIEW,
        section=2,
        checked=colour_blind_safe,
    )
    yield Command(
        "view.flip-colours",
        tr("Switch dark and light"),
        window.appearance.flip_theme,
        ("Ctrl+T",),
        group=VIEW,
        section=2,
    )
    yield Command(
        "view.setup",
        tr("Fold or unfold Setup"),
        window.setup_folding.toggle,
        ("Ctrl+B",),
        tip=tr("The column of settings at the left"),
        group=VIEW,
        section=2,
    )
    yield Command(
        "view.unit",
        tr("Unit of the loss"),
        partial(_next_unit, window.page.loss),
        ("Ctrl+U",),
        tip=tr("Nats, bits or perplexity per character"),
        group=VIEW,
        section=2,
    )
    yield Command(
        "view.log-steps",
        tr("Logarithmic steps"),
        window.page.loss.controls.log_toggle.toggle,
        ("Ctrl+L",),
        tip=tr("The first steps get as much room as all others"),
        group=VIEW,
        section=2,
        checked=window.page.loss.controls.log_toggle.isChecked,
    )
    yield Command(
        "view.reset-layout",
        tr("Reset layout"),
        window.reset_layout,
        tip=tr("Panels and Setup as designed, on the page in sight"),
        group=VIEW,
        section=2,
    )
    for direction, id, text, keys in (
        (1, "view.next-area", tr("Next part of the window"), ("F6",)),
        (-1, "view.previous-area", tr("Previous part of the window"), ("Shift+F6",)),
    ):
        yield Command(
            id,
            text,
            partial(go_to_area, window, direction),
            keys,
            tip=tr("The keys go to Setup, a panel or the transport"),
            group=VIEW,
            section=3,
        )


def _type(window: MainWindow) -> Iterator[Command]:
    tr = window.tr

    def largest() -> str:
        at_end = themes().body_points() >= POINTS[-1]
        return tr("There is no larger type.") if at_end else ""

    def smallest() -> str:
        at_end = themes().body_points() <= themes().least_points()
        return tr("There is no smaller type.") if at_end else ""

    yield Command(
        "view.type-larger",
        tr("Larger type"),
        partial(window.appearance.step_type, 1),
        ("Ctrl++", "Ctrl+="),
        tip=tr("All type, 10 to 32 pt; the layout goes with it"),
        group=VIEW,
        section=3,
        why_not=largest,
    )
    yield Command(
        "view.type-smaller",
        tr("Smaller type"),
        partial(window.appearance.step_type, -1),
        ("Ctrl+-",),
        tip=tr("All type, 10 to 32 pt; the layout goes with it"),
        group=VIEW,
        section=3,
        why_not=smallest,
    )
    yield Command(
        "view.type-designed",
        tr("Type as designed"),
        partial(window.appearance.step_type, 0),
        tip=tr("10 pt, in lecture mode 16.5 pt"),
        group=VIEW,
        section=3,
        why_not=smallest,
    )


def _windows(window: MainWindow) -> Iterator[Command]:
    tr = window.tr
    yield Command(
        "view.lecture",
        tr("Lecture mode"),
        window.lecture.toggle,
        ("F11",),
        tip=tr("Few panels, large type and the whole screen; Esc ends it"),
        group=VIEW,
        section=4,
        checked=lambda: window.lecture.active,
    )
    yield Command(
        "view.own-window",
        tr("Panel in its own window"),
        window.panel_windows.toggle_pointed_at,
        ("Ctrl+Shift+N",),
        tip=tr("The panel that has the focus, or else the one under the mouse"),
        group=VIEW,
        section=4,
    )
    titles = dict(PERSPECTIVES)
    for name, panel in window.panel_windows.panels():
        title = f"{translate(titles[name])}: {panel.accessibleName()}"
        yield Command(
            f"view.window-{name}-{panel.objectName()}",
            tr("{0} in its own window").format(title),
            partial(window.panel_windows.toggle, panel),
            tip=tr("On another screen, say; it returns when that window is closed"),
            group=VIEW,
            section=4,
            submenu=tr("Panels in windows"),
            checked=partial(window.panel_windows.is_open, panel),
        )


def _colours_are(mode: str) -> bool:
    return themes().mode == mode


def _next_unit(loss: LossPanel) -> None:
    """Nats become bits, bits perplexity."""
    loss.set_unit({"nats": "bits", "bits": "perplexity"}.get(loss.unit(), "nats"))


def _presets(window: MainWindow) -> Iterator[Command]:
    for name in preset_ids():
        try:
            preset = load_preset(name)
        except ConfigError as error:
            window.say_later(window.tr("A preset is left out: {0}.").format(error))
            continue
        yield Command(
            f"preset.{name}",
            preset.title,
            partial(window.runs.use_preset, name),
            tip=preset.description,
            group=PRESETS,
        )


def _help(window: MainWindow) -> Iterator[Command]:
    tr = window.tr
    yield Command(
        "help.shortcuts",
        tr("Keyboard shortcuts"),
        window.show_shortcuts,
        (_Standard.HelpContents, "F1"),
        tip=tr("Every key in one list"),
        group=HELP,
    )
    yield Command(
        "help.whats-this",
        tr("What's this?"),
        partial(ask_whats_this, window),
        (_Standard.WhatsThis, "Shift+F1"),
        tip=tr("Then click a control or a panel"),
        group=HELP,
    )
    yield Command(
        "help.about",
        tr("About rnnviz"),
        window.show_about,
        tip=tr("Versions of everything, to copy into a report"),
        group=HELP,
        section=1,
    )
