"""What every perspective is: panels in nested splitters, one of which can have the whole page."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QByteArray, Qt, Signal
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from rnnviz.panels.base import Panel
from rnnviz.panels.fault import guarded
from rnnviz.session.view import RunView

_HANDLE = 8  # pixels between panels


class PanelPage(QWidget):
    """Lays panels out, remembers sizes, and refreshes whichever is visible and due.

    A subclass makes its panels, hands them to `_hold`, nests them with `_split` from the inside out
    and ends with `_fill`.
    """

    reported = Signal(str, bool)  # a panel's sentence about a file; whether it went wrong

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.panels: tuple[Panel, ...] = ()
        self._splitters: dict[str, QSplitter] = {}  # by name, the innermost first
        self._designed: dict[str, tuple[Qt.Orientation, list[int]]] = {}
        self._maximized: Panel | None = None
        self._due: dict[Panel, float] = {}
        self._stale: set[Panel] = set()

    def _hold(self, *panels: Panel) -> None:
        """These are the page's panels."""
        self.panels = panels
        self._due = dict.fromkeys(panels, 0.0)
        for panel in panels:
            panel.maximize_requested.connect(self._toggle_maximized_sender)
            panel.reported.connect(self.reported)

    def _split(
        self,
        name: str,
        orientation: Qt.Orientation,
        widgets: Sequence[QWidget],
        sizes: Sequence[int],
    ) -> QSplitter:
        """Puts widgets side by side; `sizes` are those at 1600 x 1000, scaled to the window."""
        splitter = self._splitters[name] = QSplitter(orientation)
        self._designed[name] = orientation, list(sizes)
        self._set_up(splitter)
        for index, widget in enumerate(widgets):
            splitter.addWidget(widget)
            splitter.setStretchFactor(index, 1)
        return splitter

    @staticmethod
    def _set_up(splitter: QSplitter) -> None:
        splitter.setHandleWidth(_HANDLE)
        splitter.setChildrenCollapsible(False)
        splitter.setOpaqueResize(True)

    def _fill(self, splitter: QSplitter) -> None:
        """The outermost splitter becomes the page."""
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(splitter)
        self.reset_layout()

    # Layout.

    def _outside_in(self) -> dict[str, QSplitter]:
        return dict(reversed(self._splitters.items()))

    def reset_layout(self) -> None:
        """Sizes as designed."""
        self._restore_maximized()
        for name, splitter in self._outside_in().items():
            splitter.setSizes(self._designed[name][1])

    def parts(self) -> tuple[str, ...]:
        """Names of the splitters."""
        return tuple(self._splitters)

    def save_layout(self) -> dict[str, QByteArray]:
        """Splitter states by name."""
        self._restore_maximized()
        return {name: splitter.saveState() for name, splitter in self._splitters.items()}

    def restore_layout(self, states: dict[str, QByteArray]) -> None:
        """Takes back saved states; Qt ignores damaged ones."""
        for name, splitter in self._outside_in().items():
            if not states.get(name, QByteArray()).isEmpty():
                splitter.restoreState(states[name])
                # A state has more in it than sizes, and may be of another version's window.
                self._set_up(splitter)
                splitter.setOrientation(self._designed[name][0])

    def _choosers(self) -> tuple[Panel, ...]:
        """The panels in which there is something to choose."""
        return self.panels

    def choices(self) -> dict[str, Any]:
        """What is chosen in each panel and how large they are, as JSON values."""
        found: dict[str, Any] = {panel.objectName(): panel.choices() for panel in self._choosers()}
        if self._maximized is None:
            found["sizes"] = {name: s.sizes() for name, s in self._outside_in().items()}
        return found

    def choose(self, choices: Mapping[str, Any]) -> None:
        """Takes back what `choices` gave, after `set_view`; nonsense changes nothing."""
        for panel in self._choosers():
            chosen = choices.get(panel.objectName())
            if isinstance(chosen, dict):
                panel.choose(chosen)
        sizes = choices.get("sizes")
        for name, splitter in self._outside_in().items():
            wanted = sizes.get(name) if isinstance(sizes, dict) else None
            if (
                isinstance(wanted, list)
                and len(wanted) == splitter.count()
                and all(type(size) is int and 0 <= size < 100_000 for size in wanted)
            ):
                splitter.setSizes(wanted)

    def _places(self) -> tuple[QWidget, ...]:
        """What the innermost splitters hold: the panels, or what several of them share."""
        return self.panels

    def _inner_splitters(self) -> list[QSplitter]:
        return list(self._splitters.values())[:-1]

    def _toggle_maximized_sender(self) -> None:
        panel = self.sender()
        if isinstance(panel, Panel):
            self.toggle_maximized(panel)

    def toggle_maximized(self, panel: Panel) -> None:
        """Gives one panel the whole page, or gives it back."""
        if self._maximized is not None:
            self._restore_maximized()
            return
        self._maximized = panel
        for place in (*self._places(), *self._inner_splitters()):
            place.setVisible(place is panel or place.isAncestorOf(panel))
        self.setFocus()

    def is_maximized(self, panel: Panel) -> bool:
        """Whether a panel has the whole page."""
        return panel is self._maximized

    def _restore_maximized(self) -> None:
        if self._maximized is None:
            return
        self._maximized = None
        for place in (*self._places(), *self._inner_splitters()):
            place.show()

    # Refreshing.

    def _show_run(self, view: RunView) -> None:
        for panel in self.panels:
            with guarded(panel):
                panel.set_view(view)
        self._stale.clear()

    def mark_stale(self) -> None:
        """There is something new for every panel."""
        self._stale.update(self.panels)

    def refresh_due(self) -> None:
        """Redraws what is visible, has something new and was not drawn too recently.

        Hidden panels cost nothing: they catch up when they are shown.
        """
        now = time.monotonic()
        for panel in list(self._stale):
            if not panel.isVisible():
                self._stale.discard(panel)
            elif now >= self._due[panel]:
                panel.try_refresh()
                self._due[panel] = now + panel.interval
                self._stale.discard(panel)
