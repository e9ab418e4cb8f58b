"""What every perspective is: panels in nested splitters, and the ways in which they make room.

One panel can have the whole page, any of them can be in a window of its own, and in lecture mode
only a few are there. With large type they stand below each other and the page scrolls.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from PySide6.QtCore import QByteArray, QCoreApplication, QEvent, Qt, Signal
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from rnnviz.panels.base import Panel
from rnnviz.panels.fault import guarded
from rnnviz.panels.sizing import sized, spacing
from rnnviz.panels.theme import gap, px, themes
from rnnviz.session.remark import Remark
from rnnviz.session.view import RunView

_Panel = TypeVar("_Panel", bound=Panel)
LAYOUT_VERSION = 1  # of saved splitter states; to be raised when a page gets other panels
_HANDLE = 8  # pixels between panels
_STRIP = 59  # height of the panel below the others in lecture mode,
_ABOVE_STRIP = 150  # and what they need above it
_STACKED = 230  # height of a panel then


def on_screen(widget: QWidget) -> bool:
    """Whether somebody may be looking at it."""
    return widget.isVisible() and not widget.window().isMinimized()


class PanelPage(QWidget):
    """Lays panels out, remembers sizes, and refreshes whichever is visible and due.

    A subclass adds its panels with `_add`, a line a panel, nests them with `_split` and
    `_split_added` from the inside out and ends with `_fill`.
    """

    window_requested = Signal(object)  # Panel: into a window of its own, or back from it
    lecture_panels: tuple[Panel, ...] = ()  # what is left of the page in lecture mode
    lecture_sizes: Mapping[str, Sequence[int]] = {}  # of the splitters there
    lecture_strip: Panel | None = None  # the one of them that lies below the others then
    lecture_mirrored: Sequence[str] = ()  # splitters whose two parts change places then
    captioned = False  # whether there is a caption over the page then
    least_width = 800  # pixels at the designed type; in less, panels go below each other
    least_stacked_width = 370  # pixels that they need then
    least_height = 560  # pixels that panels need at the designed type; scrolls with larger one
    reported = Signal(str, bool)  # a panel's sentence about a file; whether it went wrong

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.panels: tuple[Panel, ...] = ()
        self._splitters: dict[str, QSplitter] = {}  # by name, the innermost first
        self._designed: dict[str, tuple[Qt.Orientation, list[int]]] = {}
        self._maximized: Panel | None = None
        self._lecture = False
        self._stacked = False
        self._laid_out = False  # before that the size means nothing
        self._stands_in: dict[Panel, QWidget] = {}  # for panels that are not in their place
        self._out: set[Panel] = set()  # panels in windows of their own
        self._window_actions: dict[Panel, QAction] = {}
        self._chosen: dict[str, QByteArray] | None = None  # sizes at another size of type
        self._before: dict[str, QByteArray] | None = None  # sizes to go back to
        self._added: dict[str, list[tuple[Panel, int]]] = {}  # by splitter, with sizes
        self._due: dict[Panel, float] = {}
        self._stale: set[Panel] = set()

    def _add(self, panel: _Panel, splitter: str, size: int, name: str = "") -> _Panel:
        """Takes up one panel more, in the order of reading.

        `_split_added` puts it into its splitter, with a size at 1600 x 1000. `name` is that in
        files and commands, the class' own where there is none.
        """
        panel.setObjectName(name or panel.objectName())
        self.panels = (*self.panels, panel)
        self._added.setdefault(splitter, []).append((panel, size))
        self._due[panel] = 0.0
        panel.maximize_requested.connect(self._toggle_maximized_sender)
        panel.reported.connect(self.reported)
        panel.menu.addSeparator()
        action = panel.menu.addAction("")
        action.triggered.connect(lambda: self.window_requested.emit(panel))
        self._window_actions[panel] = action
        self._name_window_action(panel)
        return panel

    def _split_added(
        self, name: str, orientation: Qt.Orientation, *more: tuple[QWidget, int]
    ) -> QSplitter:
        """Puts the panels side by side that were added to this splitter, and more after them."""
        widgets, sizes = zip(*self._added[name], *more, strict=True)
        return self._split(name, orientation, widgets, sizes)

    def _name_window_action(self, panel: Panel) -> None:
        out = panel in self._out
        self._window_actions[panel].setText(
            self.tr("Return to the page") if out else self.tr("Show in its own window")
        )

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
        splitter.splitterMoved.connect(self._forget_chosen)
        sized(splitter, "handle", lambda s: s.setHandleWidth(gap(_HANDLE)))
        self._set_up(splitter)
        for index, widget in enumerate(widgets):
            splitter.addWidget(widget)
            splitter.setStretchFactor(index, 1)
        return splitter

    @staticmethod
    def _set_up(splitter: QSplitter) -> None:
        splitter.setHandleWidth(gap(_HANDLE))
        splitter.setChildrenCollapsible(False)
        splitter.setOpaqueResize(True)

    def _fill(self, splitter: QSplitter) -> None:
        """The outermost splitter becomes the page, which scrolls when that has no room."""
        self._whole = splitter
        self._scroll = QScrollArea()
        self._scroll.setWidget(splitter)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._nothing = QLabel(self.tr("The panels of this page are in windows of their own."))
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._nothing.setWordWrap(True)
        self._nothing.hide()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        spacing(self._column, _HANDLE)
        self._column.addWidget(self._nothing, 1)
        self._column.addWidget(self._scroll, 1)
        themes().changed.connect(self._type_changed)
        self.reset_layout()

    # Layout.

    def _outside_in(self) -> dict[str, QSplitter]:
        return dict(reversed(self._splitters.items()))

    def reset_layout(self) -> None:
        """Sizes as designed."""
        self._restore_maximized()
        if self._before is not None:
            self._before.clear()  # nothing to go back to but the design
        self._design()

    def _design(self) -> None:
        self._forget_chosen()
        for name, splitter in self._outside_in().items():
            splitter.setSizes(self._designed[name][1])

    def parts(self) -> tuple[str, ...]:
        """Names of the splitters."""
        return tuple(self._splitters)

    def save_layout(self) -> dict[str, QByteArray]:
        """Splitter states by name, those of the page with all its panels in it."""
        self._restore_maximized()
        if self._before is not None:
            return dict(self._before)
        return self._states()

    def _states(self) -> dict[str, QByteArray]:
        return {name: splitter.saveState() for name, splitter in self._splitters.items()}

    def restore_layout(self, states: dict[str, QByteArray]) -> None:
        """Takes back saved states; Qt ignores damaged ones."""
        if self._before is not None:
            self._before |= {name: state for name, state in states.items() if state}
        else:
            self._forget_chosen()
            self._set_states(states)

    def _set_states(self, states: dict[str, QByteArray]) -> None:
        for name, splitter in self._outside_in().items():
            if not states.get(name, QByteArray()).isEmpty():
                splitter.restoreState(states[name])
                # A state has more in it than sizes, and may be of another version's window.
                self._set_up(splitter)
                splitter.setOrientation(self._orientation(name))

    def _orientation(self, name: str) -> Qt.Orientation:
        return Qt.Orientation.Vertical if self._stacked else self._designed[name][0]

    def _choosers(self) -> tuple[Panel, ...]:
        """The panels in which there is something to choose."""
        return self.panels

    def choices(self) -> dict[str, Any]:
        """What is chosen in each panel and how large they are, as JSON values."""
        found: dict[str, Any] = {panel.objectName(): panel.choices() for panel in self._choosers()}
        if self._before is None and not self._out:
            found["sizes"] = {name: s.sizes() for name, s in self._outside_in().items()}
        return found

    def choose(self, choices: Mapping[str, Any]) -> None:
        """Takes back what `choices` gave, after `set_view`; nonsense changes nothing."""
        for panel in self._choosers():
            chosen = choices.get(panel.objectName())
            if isinstance(chosen, dict):
                panel.choose(chosen)
        sizes = choices.get("sizes") if self._before is None else None
        self._forget_chosen()
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

    # Which panels are there.

    def _gives_way(self, panel: Panel) -> bool:
        """Whether the page is too small for a panel to be shown; overridden."""
        return False

    def _wanted(self, panel: Panel) -> bool:
        """Whether a panel that is on the page is in sight there."""
        if panel in self._out:
            return False
        if self._maximized is not None:
            return panel is self._maximized
        if self._lecture:
            if panel is self.lecture_strip and self.height() < px(_STRIP + _ABOVE_STRIP):
                return False
            return panel in self.lecture_panels
        return not self._gives_way(panel)

    def _panels_in(self, place: QWidget) -> list[Panel]:
        return [panel for panel in self.panels if place is panel or place.isAncestorOf(panel)]

    def _arrange(self) -> None:
        """Shows the panels that are wanted, and the splitters that hold any."""
        for place in self._places():
            if place not in self._out:
                place.setVisible(any(self._wanted(panel) for panel in self._panels_in(place)))
        for splitter in self._splitters.values():
            held = (splitter.widget(index) for index in range(splitter.count()))
            splitter.setHidden(all(widget is None or widget.isHidden() for widget in held))
        strip = self.lecture_strip
        below = self._lecture and strip is not None and self._wanted(strip)
        self._scroll.setHidden(self._whole.isHidden())
        self._nothing.setHidden(not self._whole.isHidden() or below)
        for splitter in self._outside_in().values():  # at once, before anything is painted
            QCoreApplication.sendPostedEvents(splitter, QEvent.Type.LayoutRequest)

    def _leave_sizes(self) -> None:
        """Before panels go: what the sizes were."""
        if self._before is None:
            self._before = self._states()

    def _take_sizes_back(self) -> None:
        """Once all panels are there again, side by side."""
        if self._before is None or self._stacked:
            return
        if self._before:
            self._set_states(self._before)
        else:
            self._design()
        if self._maximized is None and not self._lecture:
            self._before = None

    def _toggle_maximized_sender(self) -> None:
        panel = self.sender()
        if isinstance(panel, Panel) and panel not in self._out:
            self.toggle_maximized(panel)

    def toggle_maximized(self, panel: Panel) -> None:
        """Gives one panel the whole page, or gives it back."""
        if self._maximized is not None:
            self._restore_maximized()
            return
        self._leave_sizes()
        self._maximized = panel
        self._arrange()
        self._fit()
        self.setFocus()

    def in_reading_order(self) -> tuple[Panel, ...]:
        """The panels from left to right and top to bottom, those of a lecture first in it."""
        first = self.lecture_panels if self._lecture else ()
        return (*first, *(panel for panel in self.panels if panel not in first))

    def is_maximized(self, panel: Panel) -> bool:
        """Whether a panel has the whole page."""
        return panel is self._maximized

    def _restore_maximized(self) -> None:
        if self._maximized is None:
            return
        self._maximized = None
        self._arrange()
        self._fit()
        self._take_sizes_back()

    def set_lecture(self, on: bool) -> None:
        """In lecture mode there are only `lecture_panels`; one that was maximised stays so."""
        if on == self._lecture:
            return
        if on:
            self._leave_sizes()
        self._lecture = on
        strip = self.lecture_strip
        if strip is not None and strip not in self._out:
            if on:
                self._lay_strip(strip)
            else:
                self._free_strip(strip)
                self._return(strip)
        for name in self.lecture_mirrored:
            splitter = self._splitters[name]
            last = splitter.widget(splitter.count() - 1)
            assert last is not None
            splitter.insertWidget(0, last)
        self._arrange()
        self._fit()
        if on:
            for name, sizes in self.lecture_sizes.items():
                self._splitters[name].setSizes(list(sizes))
        else:
            self._take_sizes_back()

    def _lay_strip(self, strip: Panel) -> None:
        self._vacate(strip)
        self._column.addWidget(strip)

    @staticmethod
    def _free_strip(strip: Panel) -> None:
        strip.set_strip(False)
        strip.setMaximumHeight(16777215)

    def remark(self) -> Remark | None:
        """What a lecture says of this page and no other; None where that is what the run does."""
        return None

    def put_spotlight(self, name: str) -> None:
        """A frame around the panel of this name, and around no other."""
        for panel in self.panels:
            panel.set_spotlit(panel.objectName() == name)

    # Windows of their own.

    def is_out(self, panel: Panel) -> bool:
        """Whether a panel is in a window of its own."""
        return panel in self._out

    def take_out(self, panel: Panel) -> None:
        """Gives a panel away, to be put into a window; the others take its room."""
        if panel in self._out:
            return
        if self._maximized is panel:
            self._restore_maximized()
        self._vacate(panel)
        if panel is self.lecture_strip:
            self._free_strip(panel)
        self._out.add(panel)
        self._name_window_action(panel)
        self._arrange()

    def put_back(self, panel: Panel) -> None:
        """Takes a panel back to where it was."""
        if panel not in self._out:
            return
        self._out.discard(panel)
        if self._lecture and panel is self.lecture_strip:
            self._column.addWidget(panel)
        else:
            self._return(panel)
        self._name_window_action(panel)
        self._arrange()
        self._fit()
        self.seen_changed()

    def _vacate(self, panel: Panel) -> None:
        """Puts a hidden widget into a panel's place, so that the place keeps its size."""
        if panel not in self._stands_in:
            stand_in = QWidget()
            stand_in.hide()
            self._swap(panel, stand_in)
            self._stands_in[panel] = stand_in

    def _return(self, panel: Panel) -> None:
        stand_in = self._stands_in.pop(panel, None)
        if stand_in is not None:
            self._swap(stand_in, panel)
            stand_in.deleteLater()

    @staticmethod
    def _swap(old: QWidget, new: QWidget) -> None:
        holder = old.parentWidget()
        new.setParent(None)  # PySide loses track of parents where Qt changes them by itself
        if isinstance(holder, QSplitter):
            holder.replaceWidget(holder.indexOf(old), new)  # which takes over size and visibility
        elif isinstance(holder, QStackedWidget):
            index, shown = holder.indexOf(old), holder.currentWidget() is old
            holder.removeWidget(old)
            holder.insertWidget(index, new)
            if shown:
                holder.setCurrentIndex(index)
        old.setParent(None)

    def is_seen(self) -> bool:
        """Whether the page or one of its panels' windows is on the screen."""
        return self.isVisible() or any(on_screen(panel) for panel in self._out)

    def seen_changed(self) -> None:
        """A panel got a window or came back from it; overridden."""

    # Room.

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a small page panels give way, or go below each other."""
        super().resizeEvent(event)
        self._laid_out = True
        self._fit()

    def _type_changed(self) -> None:
        """Larger type may push panels apart; smaller one lets them be as they were chosen."""
        if self._chosen is None and self._before is None:
            self._chosen = self._states()
        self._fit()
        if self._before is None and self._chosen is not None:
            self._set_states(self._chosen)

    def _forget_chosen(self) -> None:
        self._chosen = None

    def _fit(self) -> None:
        """Side by side or below each other, and as high as the type asks for."""
        narrow = self._laid_out and self.width() < px(self.least_width)
        stacked = narrow and not self._lecture
        if stacked != self._stacked and self._maximized is None:
            self._stack(stacked)
        self._arrange()
        strip = self.lecture_strip
        if self._lecture and strip is not None and strip not in self._out:
            if self._maximized is strip:
                self._free_strip(strip)
            else:
                strip.set_strip(True)
                strip.setMaximumHeight(px(_STRIP))
        alone = self._lecture or self._maximized is not None
        least = 0
        if self._stacked and not alone:
            shown = sum(not place.isHidden() for place in self._places() if place not in self._out)
            least = shown * min(px(_STACKED), max(self.height() - gap(_HANDLE), 1))
        elif themes().scale() > 1 and not alone:
            least = px(self.least_height)
        self._whole.setMinimumHeight(least)

    def _stack(self, stacked: bool) -> None:
        if stacked:
            self._leave_sizes()
        self._stacked = stacked
        for name, splitter in self._splitters.items():
            splitter.setOrientation(self._orientation(name))
            if stacked:
                splitter.setSizes([1000] * splitter.count())
        if not stacked:
            self._take_sizes_back()

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
            if not on_screen(panel):
                self._stale.discard(panel)
            elif now >= self._due[panel]:
                panel.try_refresh()
                self._due[panel] = now + panel.interval
                self._stale.discard(panel)
