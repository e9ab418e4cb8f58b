"""What the palette finds: commands, files, texts, panels with their menus, and fields of Setup."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from rnnviz.app.menus import PRESETS, titles
from rnnviz.app.pages import PERSPECTIVES
from rnnviz.app.palette import Item
from rnnviz.panels.base import Panel
from rnnviz.panels.translate import tr as translate

if TYPE_CHECKING:
    from rnnviz.app.main_window import MainWindow


def palette_items(window: MainWindow) -> Iterator[Item]:
    """Everything that can be had by name, in the order it is shown before anything is typed."""
    yield from _commands(window, presets=False)
    yield from _panels(window)
    yield from _fields(window)
    yield from _commands(window, presets=True)
    yield from _texts(window)
    yield from _files(window)


def _commands(window: MainWindow, presets: bool) -> Iterator[Item]:
    registry = window.registry
    registry.refresh()
    groups = titles(window)
    for command in registry:
        if (command.group == PRESETS) != presets or command.id == "edit.find-command":
            continue
        action = registry[command.id]
        words = action.text().split("\t")[0].replace("&&", "&")
        yield Item(
            command.id,
            words,
            action.trigger,
            where=(window.tr("Preset") if presets else command.submenu or groups[command.group]),
            tip=command.tip,
            key=registry.key(command.id),
            why_not=registry.why_not(command.id),
            ticked=action.isCheckable() and action.isChecked(),
        )


def _panels(window: MainWindow) -> Iterator[Item]:
    tr = window.tr
    for name, title in PERSPECTIVES:
        page = window.perspectives[name]
        for panel in page.panels:
            what = panel.accessibleName()
            where = translate(title)
            full = page.is_maximized(panel)
            yield Item(
                f"panel.maximise.{name}.{what}",
                (tr("Restore {0}") if full else tr("Maximise {0}")).format(what),
                partial(_maximise, window, name, panel),
                where,
                tr("Double click on its header"),
            )
            for action in panel.menu.actions():
                if action.isSeparator() or not action.text() or not action.isVisible():
                    continue
                words = action.text().split("\t")[0].replace("&&", "&")
                # The menu's own words without "…", which may come and go, name the line.
                yield Item(
                    f"panel.{name}.{what}.{words}",
                    f"{what}: {words}",
                    partial(_from_menu, window, name, action.trigger),
                    where,
                    why_not="" if action.isEnabled() else action.toolTip(),
                    ticked=action.isCheckable() and action.isChecked(),
                )


def _maximise(window: MainWindow, page: str, panel: Panel) -> None:
    window.show_page(page)
    window.perspectives[page].toggle_maximized(panel)


def _from_menu(window: MainWindow, page: str, trigger: object) -> None:
    window.show_page(page)
    assert callable(trigger)
    trigger()


def _fields(window: MainWindow) -> Iterator[Item]:
    tr = window.tr
    for label, control in window.setup.fields():
        yield Item(
            f"setup.{label}",
            tr("Set {0}").format(label[:1].lower() + label[1:]),
            partial(_focus_field, window, control),
            tr("Setup"),
            control.toolTip().split("\n")[0],
            why_not="" if control.isEnabled() else tr("Nothing to set at present."),
        )


def _focus_field(window: MainWindow, control: QWidget) -> None:
    window.setup_folding.unfold()
    window.setup.show_field(control)


def _texts(window: MainWindow) -> Iterator[Item]:
    tr = window.tr
    for title, origin, note in window.setup.sources():
        yield Item(
            f"text.{origin}",
            tr("Learn {0}").format(title),
            partial(window.controller.loader.choose_source, origin),
            tr("Text"),
            note,
            why_not=tr("It is the text at hand.") if origin == window.setup.wanted.corpus else "",
        )


def _files(window: MainWindow) -> Iterator[Item]:
    tr = window.tr
    for path in window.recent.files():
        yield Item(
            f"file.recent.{path}",
            tr("Open {0}").format(Path(path).name),
            partial(window.open_path, path),
            tr("Recent"),
            str(Path(path).parent),
        )
