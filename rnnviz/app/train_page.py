"""The Train perspective: the five live panels in nested splitters."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from rnnviz.panels.base import Panel
from rnnviz.panels.gradient_norm import GradientNormPanel
from rnnviz.panels.hidden_state import HiddenStatePanel
from rnnviz.panels.loss import LossPanel
from rnnviz.panels.next_character import NextCharacterPanel
from rnnviz.panels.samples import SamplesPanel
from rnnviz.session.view import RunView

# Sizes at 1600 x 1000; splitters scale them to the window.
_COLUMNS = (804, 500)
_LEFT_ROWS = (312, 336, 212)
_RIGHT_ROWS = (312, 556)
_HANDLE = 8  # pixels between panels
# Heights of this page (the window less its bars) below which panels give way.
_HIDE_SAMPLES_BELOW = 640
_HIDE_HIDDEN_STATE_BELOW = 440


_NAMES = ("loss", "gradient_norm", "hidden_state", "next_character", "samples")


class TrainPage(QWidget):
    """Lays the panels out, remembers sizes, and refreshes whichever is visible and due."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.loss = LossPanel()
        self.gradient_norm = GradientNormPanel()
        self.hidden_state = HiddenStatePanel()
        self.next_character = NextCharacterPanel()
        self.samples = SamplesPanel()
        self.panels: tuple[Panel, ...] = (
            self.loss,
            self.gradient_norm,
            self.hidden_state,
            self.next_character,
            self.samples,
        )
        self._left = self._splitter(
            Qt.Orientation.Vertical, (self.loss, self.hidden_state, self.samples)
        )
        self._right = self._splitter(
            Qt.Orientation.Vertical, (self.gradient_norm, self.next_character)
        )
        self._columns = self._splitter(Qt.Orientation.Horizontal, (self._left, self._right))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._columns)
        for name, panel in zip(_NAMES, self.panels, strict=True):
            panel.setObjectName(name)
        self._maximized: Panel | None = None
        self._due: dict[Panel, float] = dict.fromkeys(self.panels, 0.0)
        self._stale: set[Panel] = set()
        for panel in self.panels:
            panel.maximize_requested.connect(self._toggle_maximized_sender)
        self.reset_layout()

    def _splitter(self, orientation: Qt.Orientation, widgets: tuple[QWidget, ...]) -> QSplitter:
        splitter = QSplitter(orientation)
        splitter.setHandleWidth(_HANDLE)
        splitter.setChildrenCollapsible(False)
        for index, widget in enumerate(widgets):
            splitter.addWidget(widget)
            splitter.setStretchFactor(index, 1)
        return splitter

    # Layout.

    def reset_layout(self) -> None:
        """Sizes as designed."""
        self._restore_maximized()
        self._columns.setSizes(list(_COLUMNS))
        self._left.setSizes(list(_LEFT_ROWS))
        self._right.setSizes(list(_RIGHT_ROWS))

    def parts(self) -> tuple[str, ...]:
        """Names of the splitters."""
        return tuple(self._splitters())

    def save_layout(self) -> dict[str, QByteArray]:
        """Splitter states by name."""
        self._restore_maximized()
        return {
            "columns": self._columns.saveState(),
            "left": self._left.saveState(),
            "right": self._right.saveState(),
        }

    def restore_layout(self, states: dict[str, QByteArray]) -> None:
        """Takes back saved states; Qt ignores damaged ones."""
        for name, splitter in (
            ("columns", self._columns),
            ("left", self._left),
            ("right", self._right),
        ):
            if not states.get(name, QByteArray()).isEmpty():
                splitter.restoreState(states[name])
                # A state has more in it than sizes, and may be of another version's window.
                splitter.setHandleWidth(_HANDLE)
                splitter.setChildrenCollapsible(False)
                splitter.setOpaqueResize(True)
                splitter.setOrientation(
                    Qt.Orientation.Horizontal if name == "columns" else Qt.Orientation.Vertical
                )

    def choices(self) -> dict[str, Any]:
        """What is chosen in each panel and how large they are, as JSON values."""
        found: dict[str, Any] = {panel.objectName(): panel.choices() for panel in self.panels}
        if self._maximized is None:
            found["sizes"] = {name: s.sizes() for name, s in self._splitters().items()}
        return found

    def choose(self, choices: Mapping[str, Any]) -> None:
        """Takes back what `choices` gave, after `set_view`; nonsense changes nothing."""
        for panel in self.panels:
            chosen = choices.get(panel.objectName())
            if isinstance(chosen, dict):
                panel.choose(chosen)
        sizes = choices.get("sizes")
        for name, splitter in self._splitters().items():
            wanted = sizes.get(name) if isinstance(sizes, dict) else None
            if (
                isinstance(wanted, list)
                and len(wanted) == splitter.count()
                and all(type(size) is int and 0 <= size < 100_000 for size in wanted)
            ):
                splitter.setSizes(wanted)

    def _splitters(self) -> dict[str, QSplitter]:
        return {"columns": self._columns, "left": self._left, "right": self._right}

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a low window Samples gives way first, then Hidden state."""
        super().resizeEvent(event)
        self._give_way()

    def _give_way(self) -> None:
        if self._maximized is None:
            self.samples.setVisible(self.height() >= _HIDE_SAMPLES_BELOW)
            self.hidden_state.setVisible(self.height() >= _HIDE_HIDDEN_STATE_BELOW)

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
        for other in self.panels:
            other.setVisible(other is panel)
        self._left.setVisible(self._left.isAncestorOf(panel))
        self._right.setVisible(self._right.isAncestorOf(panel))
        self.setFocus()

    def _restore_maximized(self) -> None:
        if self._maximized is None:
            return
        self._maximized = None
        for panel in self.panels:
            panel.show()
        self._left.show()
        self._right.show()
        self._give_way()

    # Refreshing.

    def set_view(self, view: RunView) -> None:
        """Shows another run in every panel."""
        for panel in self.panels:
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
                panel.refresh()
                self._due[panel] = now + panel.interval
                self._stale.discard(panel)
