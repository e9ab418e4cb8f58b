"""The Train perspective: the five live panels in nested splitters."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCursor, QHideEvent
from PySide6.QtWidgets import QToolTip, QWidget

from rnnviz.app.panel_page import PanelPage
from rnnviz.app.writer import Writer
from rnnviz.panels.base import Panel
from rnnviz.panels.gradient_norm import GradientNormPanel
from rnnviz.panels.hidden_state import HiddenStatePanel
from rnnviz.panels.loss import LossPanel
from rnnviz.panels.next_character import NextCharacterPanel
from rnnviz.panels.sample_text import heading
from rnnviz.panels.samples import SamplesPanel
from rnnviz.panels.theme import themes
from rnnviz.panels.widgets.plain_tip import plain_tip
from rnnviz.panels.widgets.writing_control import Writing
from rnnviz.session.frames import Sample
from rnnviz.session.questions import AskTyping, Reply
from rnnviz.session.view import RunView

_COLUMNS = (804, 500)  # pixels at 1600 x 1000
# Heights of this page (the window less its bars) below which panels give way.
_HIDE_SAMPLES_BELOW = 640
_HIDE_HIDDEN_STATE_BELOW = 440
_TIP_CHARACTERS = 400  # of a sample


class TrainPage(PanelPage):
    """What happens while it trains; in a low window some panels give way.

    `asked` carries the questions of `session.questions` to whoever has a network, `withdrawn` the
    kinds nobody wants answered any more; the replies come back through `show_reply`.
    """

    asked = Signal(object)
    withdrawn = Signal(object)  # tuple of kinds

    least_width = 740
    least_height = _HIDE_SAMPLES_BELOW
    captioned = True

    # Pixels of height that something else has for a while, of a page of some width: that is no
    # reason for panels to give way.
    lent: Callable[[int], int] = staticmethod(lambda _width: 0)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # In the order of reading; heights at 1600 x 1000, splitters scale them to the window.
        self.loss = self._add(LossPanel(), "left", 312, "loss")
        self.gradient_norm = self._add(GradientNormPanel(), "right", 312, "gradient_norm")
        self.hidden_state = self._add(HiddenStatePanel(), "left", 336, "hidden_state")
        self.next_character = self._add(NextCharacterPanel(), "right", 556, "next_character")
        self.samples = self._add(SamplesPanel(), "left", 212, "samples")
        self.lecture_panels = (self.gradient_norm, self.loss, self.samples)
        self.lecture_strip = self.samples
        self.lecture_mirrored = ("columns",)
        self.lecture_sizes = {"columns": (722, 522)}
        typing = self.next_character
        self.hidden_state.still_column_clicked.connect(typing.show_still)
        self.writer = Writer(AskTyping, typing.is_answered, self)
        typing.write_requested.connect(self._write)
        typing.stop_requested.connect(self.writer.stop)
        typing.seed_changed.connect(self._seed_changed)
        self.writer.asked.connect(self.asked)
        self.writer.withdrawn.connect(self.withdrawn)
        self.writer.wrote.connect(typing.append)
        self.writer.writing_changed.connect(typing.writing.set_writing)
        self.writer.said.connect(typing.say)
        rows, columns = Qt.Orientation.Vertical, Qt.Orientation.Horizontal
        sides = (self._split_added("left", rows), self._split_added("right", rows))
        self._fill(self._split("columns", columns, sides, _COLUMNS))
        self.loss.sample_asked.connect(self._show_sample)

    def _show_sample(self, sample: Sample) -> None:
        """In its panel; where that has given way, beside the mouse."""
        if self.samples.isVisible():
            self.samples.open_sample(sample)
        else:
            words = f"{heading(sample)}\n\n{sample.text[:_TIP_CHARACTERS] or sample.problem}"
            QToolTip.showText(QCursor.pos(), plain_tip(words), self.loss)

    def _gives_way(self, panel: Panel) -> bool:
        """Samples first, then Hidden state, in a low window; with large type the page scrolls."""
        if themes().scale() > 1:
            return False
        least = {self.samples: _HIDE_SAMPLES_BELOW, self.hidden_state: _HIDE_HIDDEN_STATE_BELOW}
        return self.height() + self.lent(self.width()) < least.get(panel, 0)

    def set_view(self, view: RunView) -> None:
        """Shows another run in every panel."""
        self.writer.stop()
        self._show_run(view)

    # Writing on.

    def show_reply(self, reply: Reply) -> None:
        """Passes an answer on, if it is to a question of this page's."""
        self.writer.take(reply)

    def _write(self, writing: Writing) -> None:
        if self.next_character.view is not None:
            self.writer.write(self.next_character.seed(), writing)

    def _seed_changed(self, _: str) -> None:
        """Whoever types writes himself."""
        if not self.writer.handing_out():
            self.writer.stop()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody sees what is written."""
        super().hideEvent(event)
        self.seen_changed()

    def seen_changed(self) -> None:
        """Writing ends when neither the page nor a window shows it."""
        if not self.isVisible() and not self.is_out(self.next_character):
            self.writer.stop()
