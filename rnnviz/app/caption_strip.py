"""The caption over the pages in lecture mode: since which step, one sentence, and one fact."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QWidget

from rnnviz.panels.eigenvalue_plane import radius_text
from rnnviz.panels.flow_plot import LEVEL_FROM, halving_words
from rnnviz.panels.gradient_norm import share_text
from rnnviz.panels.loss_units import loss_text, unit_words
from rnnviz.panels.number_text import two_figures, whole
from rnnviz.panels.sizing import sized
from rnnviz.panels.theme import LECTURE_LINES, theme, themes, ui_font
from rnnviz.session.remark import FLOW, Remark, remark
from rnnviz.session.view import RunView

LONGEST_SENTENCE, LONGEST_FACT = 45, 70  # characters that the strip was designed for
_STOPPED = ("diverged", "failed")  # what is said of these on every page
_TALL, _LOW = 104, 58  # pixels at the designed type: with the fact and without it
_MOST_OF_WINDOW = 0.2  # of its height, above which the fact is left out
_LEAST_SHRINK = 0.6  # of the size of type, before words are cut
_BAR = 8  # pixels in the accent colour at the left
_LEFT = 30  # of the words
_BETWEEN = 3  # the lines


class CaptionStrip(QFrame):
    """What is worth saying of the run, in words for the back row; hidden out of lectures."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("bar", "top")
        self.setObjectName("caption")
        self.view: RunView | None = None
        self.unit = "nats"  # of losses
        self.remark: Remark | None = None
        self.of_page: Callable[[], Remark | None] = lambda: None  # where the page has one
        self.step = self.sentence = self.fact = ""
        sized(self, "height", _fit)
        self.hide()

    def set_view(self, view: RunView) -> None:
        """Another run."""
        self.view = view
        self.refresh()

    def refresh(self) -> None:
        """Says what is worth saying now; costs nothing while hidden."""
        if self.view is None or self.isHidden():
            return
        found = remark(self.view)
        if found.kind not in _STOPPED:
            found = self.of_page() or found
        self.remark = found
        self.step = self.tr("Step {0}").format(whole(found.step))
        self.sentence, self.fact = self.words_of(found)
        words = f"{self.step}. {self.sentence}. {self.fact}"
        if words != self.accessibleName():
            self.setAccessibleName(words)
            self.setToolTip(words)
            self.update()

    # Words.

    def words_of(self, found: Remark) -> tuple[str, str]:
        """A remark as sentence and fact."""
        words = {
            "diverged": self._diverged,
            "failed": self._failed,
            "begin": self._begin,
            "clip": self._clip,
            "lr": self._changed,
            "optimizer": self._changed,
            "resumed": self._changed,
            "weights": self._changed,
            "below": self._table,
            "ahead": self._table,
            "above": self._table,
            "rising": self._rising,
            "clipped": self._clipped,
            "best": self._best,
            "falling": self._falling,
            FLOW: self._flow,
        }
        return words[found.kind](found)

    def _loss(self, nats: float) -> str:
        return loss_text(nats, self.unit)

    def _with_unit(self, nats: float) -> str:
        if self.unit == "perplexity":
            return self.tr("perplexity {0}").format(self._loss(nats))
        return f"{self._loss(nats)} {unit_words(self.unit)}"

    def _diverged(self, found: Remark) -> tuple[str, str]:
        kept = whole(found.figures["kept"])
        return (
            self.tr("Diverged: {0}").format(found.names["what"]),
            self.tr("Stopped before the weights changed; those of step {0} are kept").format(kept),
        )

    def _failed(self, found: Remark) -> tuple[str, str]:
        return self.tr("Training has stopped"), found.names["why"]

    def _begin(self, found: Remark) -> tuple[str, str]:
        symbols = whole(found.figures["symbols"])
        if found.step:
            return self.tr("Press Play: training goes on from here"), ""
        return (
            self.tr("The weights are random: press Play"),
            self.tr("A blind guess among {0} symbols costs {1}").format(
                symbols, self._with_unit(found.figures["loss"])
            ),
        )

    def _clip(self, found: Remark) -> tuple[str, str]:
        before, after = found.names["before"], found.names["after"]
        if after == "off":
            sentence = self.tr("Clipping went off")
        elif before == "off":
            sentence = self.tr("Clipping went on, at {0}").format(after)
        else:
            sentence = self.tr("The clip line moved from {0} to {1}").format(before, after)
        figures = found.figures
        if not all(math.isfinite(figures[n]) for n in ("norm_before", "norm", "loss_before")):
            return sentence, self.tr("In force from the next step")
        fact = self.tr("Median norm {0} before, {1} since; loss {2} then, {3} now")
        norms = (two_figures(figures[name]) for name in ("norm_before", "norm"))
        losses = (self._loss(figures[name]) for name in ("loss_before", "loss"))
        return sentence, fact.format(*norms, *losses)

    def _changed(self, found: Remark) -> tuple[str, str]:
        names, figures = found.names, found.figures
        words = {
            "lr": self.tr("Learning rate {0} → {1}"),
            "optimizer": self.tr("Optimizer {0} → {1}"),
        }
        if found.kind in words:
            sentence = words[found.kind].format(names["before"], names["after"])
        else:  # "went back to the weights of step 1,200"
            sentence = names["text"][:1].upper() + names["text"][1:]
        if not figures["steps"] or not math.isfinite(figures["loss_before"]):
            return sentence, self.tr("In force from the next step")
        return sentence, self.tr("Training loss {0} then, {1} now, {2} steps later").format(
            self._loss(figures["loss_before"]),
            self._with_unit(figures["loss"]),
            whole(figures["steps"]),
        )

    def _table(self, found: Remark) -> tuple[str, str]:
        table = found.names["table"]
        sentences = {
            "below": self.tr("Below the {0} table"),
            "ahead": self.tr("Training loss below the {0} table"),
            "above": self.tr("Still above the {0} table"),
        }
        figures = found.figures
        if found.kind == "below":
            fact = self.tr("Validation {0}, counting {1} ({2})").format(
                self._with_unit(figures["loss"]), self._loss(figures["table"]), found.names["split"]
            )
        else:
            fact = self.tr("Training loss {0}, counting alone gives {1}").format(
                self._with_unit(figures["loss"]), self._loss(figures["table"])
            )
        return sentences[found.kind].format(table), fact

    def _rising(self, found: Remark) -> tuple[str, str]:
        return (
            self.tr("Validation rises while training falls"),
            self.tr("{0} at its best, {1} now: it learns the text by heart").format(
                self._loss(found.figures["best"]), self._with_unit(found.figures["loss"])
            ),
        )

    def _clipped(self, found: Remark) -> tuple[str, str]:
        figures = found.figures
        sentence = self.tr("{0} of the last {1} steps exceed the line").format(
            share_text(figures["share"]), whole(figures["steps"])
        )
        median, threshold = two_figures(figures["median"]), two_figures(figures["threshold"])
        if found.names["kind"] == "value":
            fact = self.tr("Largest entry, median {0}; the lines are at ±{1}")
        else:
            fact = self.tr("Median norm before clipping {0}, the line is at {1}")
        return sentence, fact.format(median, threshold)

    def _best(self, found: Remark) -> tuple[str, str]:
        return (
            self.tr("Best validation so far: {0}").format(self._with_unit(found.figures["best"])),
            self.tr("Training loss {0} ({1})").format(
                self._with_unit(found.figures["loss"]), found.names["split"]
            ),
        )

    def _falling(self, found: Remark) -> tuple[str, str]:
        figures = found.figures
        return (
            self.tr("Training loss {0}").format(self._with_unit(figures["loss"])),
            self.tr("A blind guess among {0} symbols costs {1}").format(
                whole(figures["symbols"]), self._with_unit(figures["blind"])
            ),
        )

    def _flow(self, found: Remark) -> tuple[str, str]:
        halving, radius = found.figures["halving"], found.figures.get("radius")
        words = halving_words(halving)
        if abs(halving) <= LEVEL_FROM:
            sentence = self.tr("The gradient {0} back").format(words)
        else:
            sentence = self.tr("The gradient {0}").format(words)
        fact = self.tr("At init it {0}").format(halving_words(found.figures["halving_at_init"]))
        if not found.step:
            fact = self.tr("Before any training")
        if radius is not None:
            fact = self.tr("{0}; spectral radius ρ(J) {1}").format(fact, radius_text(radius))
        return sentence, fact

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:
        """A bar in the accent colour, then the words in one line or two."""
        super().paintEvent(event)
        colors = theme()
        painter = QPainter(self)
        bad = self.remark is not None and self.remark.kind in _STOPPED
        token = "danger" if bad else "accent"
        painter.fillRect(QRectF(0, 0, _lines(_BAR), self.height()), colors.color(token))
        left = _lines(_LEFT)
        width = self.width() - 1.5 * left
        big, small = ui_font("caption", bold=True), ui_font("caption-fact")
        opening = f"{self.step}  "
        big = _shrunk(big, opening + self.sentence, width)
        small = _shrunk(small, self.fact, width)
        metrics, fact_metrics = QFontMetricsF(big), QFontMetricsF(small)
        two = bool(self.fact) and _has_room_for_fact()
        between = _lines(_BETWEEN)
        tall = metrics.height() + (between + fact_metrics.height() if two else 0.0)
        baseline = (self.height() - 1 - tall) / 2 + metrics.ascent()
        painter.setFont(big)
        painter.setPen(colors.color(token))
        painter.drawText(QPointF(left, baseline), opening)
        taken = metrics.horizontalAdvance(opening)
        painter.setPen(colors.color("text"))
        words = metrics.elidedText(self.sentence, Qt.TextElideMode.ElideRight, width - taken)
        painter.drawText(QPointF(left + taken, baseline), words)
        if two:
            painter.setFont(small)
            painter.setPen(colors.color("text-2"))
            words = fact_metrics.elidedText(self.fact, Qt.TextElideMode.ElideRight, width)
            baseline += metrics.descent() + between + fact_metrics.ascent()
            painter.drawText(QPointF(left, baseline), words)


def _lines(n: float) -> float:
    """Pixels in a window of any height, of those designed for 720 lines."""
    return n * themes().lecture_lines / LECTURE_LINES


def _has_room_for_fact() -> bool:
    """Very large type leaves the room to the panels."""
    return _TALL * themes().scale() <= _MOST_OF_WINDOW * themes().lecture_lines


def _fit(strip: QWidget) -> None:
    tall = _TALL if _has_room_for_fact() else _LOW
    strip.setFixedHeight(round(tall * themes().scale()))


def _shrunk(font: QFont, words: str, width: float) -> QFont:
    """The font, or a smaller one in which the words fit."""
    wanted = QFontMetricsF(font).horizontalAdvance(words)
    if wanted <= width:
        return font
    smaller = QFont(font)
    smaller.setPixelSize(math.floor(font.pixelSize() * max(width / wanted, _LEAST_SHRINK)))
    return smaller
