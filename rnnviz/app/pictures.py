"""`rnnviz snapshot --all`: every page in every state, both themes and two sizes, as pictures."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rnnviz.app.application import make_application
from rnnviz.app.main_window import MainWindow
from rnnviz.app.pages import PERSPECTIVES, TRAIN
from rnnviz.app.settings import Settings
from rnnviz.app.snapshot import open_run, photograph, prepare, wait, wait_until
from rnnviz.panels.theme import themes
from rnnviz.session import commands
from rnnviz.session.presets import load_preset
from rnnviz.session.view import RunView

THEMES = ("dark", "light")
SIZES = ((1280, 720), (1600, 1000))
BEFORE, TRAINING, LECTURE, DIVERGED = "before", "training", "lecture", "diverged"
STATES = (BEFORE, TRAINING, LECTURE, DIVERGED)
_FIRST_LOOK = 4.0  # seconds in which a page answers what it asks when it is first seen
_SETTLE = 0.7  # seconds after a change of colours or size
_DIVERGING = "explode"  # the preset made for it


@dataclass(frozen=True)
class Shot:
    """One picture to take."""

    state: str
    page: str
    theme: str
    size: tuple[int, int]
    scale: int  # device pixels per pixel of the layout

    @property
    def file_name(self) -> str:
        """Such as `probe-light-1280x720@2x-lecture.png`; the usual state is not named."""
        width, height = self.size
        ratio = f"@{self.scale}x" if self.scale != 1 else ""
        state = f"-{self.state}" if self.state != TRAINING else ""
        return f"{self.page}-{self.theme}-{width}x{height}{ratio}{state}.png"


def all_shots(scale: int) -> list[Shot]:
    """What is photographed at a device pixel ratio, in the order of the run."""
    states: Sequence[str] = STATES
    sizes: Sequence[tuple[int, int]] = SIZES
    if scale != 1:  # only type and lines differ
        states, sizes = (TRAINING, LECTURE), SIZES[:1]
    return [
        Shot(state, page, theme, size, scale)
        for state in states
        for page, _ in PERSPECTIVES
        for theme in THEMES
        for size in sizes
    ]


def take_pictures(
    folder: Path,
    corpus: str | None,
    *,
    seconds: float,
    preset: str | None,
    shots: Sequence[Shot],
    on_picture: Callable[[Path], None],
) -> None:
    """Trains for `seconds` of wall-clock time on the way and writes the pictures into `folder`.

    `on_picture` is told each. Raises `ConfigError` when the text or preset cannot be used, OSError
    when a picture cannot be written. The user's own settings are neither read nor changed.
    """
    make_application()
    with tempfile.TemporaryDirectory() as own:
        themes().set_mode(THEMES[0])
        window = MainWindow(Settings(Path(own) / "settings.ini"))
        try:
            prepare(window, SIZES[-1])
            open_run(window, corpus, preset)
            for state, group in _by_state(shots):
                _bring_about(window, state, seconds)
                for shot in group:
                    _show(window, shot)
                    out = folder / shot.file_name
                    photograph(window, out)
                    on_picture(out)
        finally:
            window.end()


def _by_state(shots: Sequence[Shot]) -> Iterator[tuple[str, list[Shot]]]:
    for state in STATES:
        group = [shot for shot in shots if shot.state == state]
        if group:
            yield state, group


def _bring_about(window: MainWindow, state: str, seconds: float) -> None:
    """Has the run reach a state, from the one that comes before it."""
    controller = window.controller
    if state == BEFORE:
        wait_until(lambda: _counted(_view(window)))
        return
    if state == DIVERGED:
        window.lecture.leave()
        window.show_page(TRAIN)
        controller.start(load_preset(_DIVERGING).config())
        controller.send(commands.Play())
        wait_until(lambda: _view(window).state.phase == "diverged")
        return
    if not _view(window).training:
        controller.send(commands.Play())
        window.show_page(TRAIN)
        wait(seconds)
        for page, _ in PERSPECTIVES:
            window.show_page(page)
            wait(_FIRST_LOOK)
    if state == LECTURE:
        window.lecture.enter(full_screen=False)


def _view(window: MainWindow) -> RunView:
    view = window.controller.view
    assert view is not None
    return view


def _counted(view: RunView) -> bool:
    """Whether the reference lines are there."""
    return view.references is not None and bool(view.references.ngram)


def _show(window: MainWindow, shot: Shot) -> None:
    window.show_page(shot.page)
    if themes().mode != shot.theme:
        window.appearance.set_theme(shot.theme)
    window.resize(*shot.size)
    wait(_SETTLE)
