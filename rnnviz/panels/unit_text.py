"""The unit panel: a text painted by the activation of one unit, and the strip of its trace."""

from __future__ import annotations

import bisect
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QEvent,
    QPoint,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QToolButton, QWidget

from rnnviz.panels.activation_colors import (
    GATES,
    STRIP_OPACITY,
    color_image,
    level_above,
    text_opacity,
)
from rnnviz.panels.base import Panel
from rnnviz.panels.painting import shows_focus
from rnnviz.panels.plot import polygon
from rnnviz.panels.sizing import margins, sized, spacing, square, tall
from rnnviz.panels.table import Table
from rnnviz.panels.theme import icon, mono_font, px, theme, ui_font
from rnnviz.panels.translate import later, tr
from rnnviz.panels.widgets.segmented import Segmented
from rnnviz.session.questions import SignalTrace
from rnnviz.session.view import RunView
from rnnviz.text.vocabulary import describe, symbol

SOURCES = ("corpus", "seed")
_STATES = {
    "h": later("hidden state h"),
    "c": later("cell state c"),
    "z": later("update gate z"),
    "r": later("reset gate r"),
    "n": later("candidate n"),
    "i": later("input gate i"),
    "f": later("forget gate f"),
    "g": later("candidate g"),
    "o": later("output gate o"),
}
_SCALE_WIDTH = 96  # pixels of the colour scale in the header
_STRIP = 44  # height of the trace
MARGIN = 2  # cells for the return signs after a full line
_PARAGRAPH = 10  # pixels after an empty line
_NARROW = 640


def signal_words(signal: str) -> str:
    """A signal by name and letter: `cell state c`."""
    return tr(_STATES[signal]) if signal in _STATES else signal


def unit_level(values: NDArray[np.floating]) -> float:
    """The end of the scale for one unit's values (T,) of a signed signal; at least 1."""
    finite = values[np.isfinite(values)]
    return level_above(float(np.abs(finite).max())) if finite.size else 1.0


def broken_lines(text: str, columns: int) -> list[tuple[int, int]]:
    """Start and end of each line when at most so many characters fit, broken after spaces.

    A newline is the last character of its line, and the one of an empty line after it stands with
    it; they may stand in the margin, up to `MARGIN` beyond the rest.
    """
    lines, start = [], 0
    columns = max(columns, 1)
    while start < len(text):
        newline = text.find("\n", start, start + columns + 1)
        if newline >= 0:
            end = newline + 1
            if newline > start and text[end : end + 1] == "\n":
                end += 1
        elif len(text) - start <= columns:
            end = len(text)
        else:
            space = text.rfind(" ", start, start + columns)
            end = space + 1 if space > start else start + columns
        lines.append((start, end))
        start = end
    return lines


class PaintedText(QWidget):
    """A text in cells of equal width, each filled with the colour of a value."""

    pointed = Signal(int)  # the position under the mouse or the keys, -1 for none
    reveal = Signal(int, int)  # a point that should be in sight

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.MinimumExpanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName(self.tr("The text, coloured by the unit"))
        self.empty = self.tr("No unit yet")
        self._text = ""
        self._values: NDArray[np.floating] = np.zeros(0)
        self._level, self._signed = 1.0, True
        self._lines: list[tuple[int, int]] = []
        self._tops: list[int] = []  # of each line, and where the next one would be
        self._at = -1

    def show_values(
        self, text: str, values: NDArray[np.floating], level: float, signed: bool
    ) -> None:
        """Paints `text` with `values` (T,), one per character."""
        if text != self._text:
            self._at = -1
        self._text, self._values = text, values
        self._level, self._signed = level, signed
        self._break()
        self.update()

    def text(self) -> str:
        """What is painted."""
        return self._text

    def at(self) -> int:
        """The position pointed at, -1 for none."""
        return self._at

    def point(self, position: int) -> None:
        """Points at a position without `pointed`."""
        if position != self._at:
            self._at = position
            self.update()

    def _cell(self) -> tuple[float, int, int]:
        """Width of a cell, height of its colour, and the pitch of lines."""
        metrics = QFontMetricsF(mono_font("value"))
        width = metrics.horizontalAdvance("m")
        # Signs from other fonts can be wider; then all cells are.
        wide = [metrics.horizontalAdvance(c) for c in set(self._text) if ord(c) > 0x2FF]
        width = max([width, *wide])
        height = math.ceil(metrics.height())
        return width, height, height + 4

    def _break(self) -> None:
        width, _, pitch = self._cell()
        self._lines = broken_lines(self._text, int(self.width() // width) - MARGIN)
        self._tops = [0]
        for _, end in self._lines:
            gap = _PARAGRAPH if self._text[end - 2 : end] == "\n\n" else 0
            self._tops.append(self._tops[-1] + pitch + gap)
        self.setMinimumHeight(self._tops[-1])

    def cell_rect(self, position: int) -> QRectF:
        """Where a character is."""
        width, height, _ = self._cell()
        for (start, end), top in zip(self._lines, self._tops, strict=False):
            if start <= position < end:
                return QRectF((position - start) * width, top, width, height)
        return QRectF()

    def _position(self, point: QPointF) -> int:
        width, _, _ = self._cell()
        number = bisect.bisect_right(self._tops, point.y()) - 1
        column = int(point.x() // width)
        if not 0 <= number < len(self._lines) or column < 0:
            return -1
        start, end = self._lines[number]
        return start + column if start + column < end else -1

    def paintEvent(self, event: QPaintEvent) -> None:
        """Colours first, then the text, line by line; only what is to be painted."""
        painter = QPainter(self)
        colors = theme()
        if not self._text:
            painter.setFont(ui_font("body"))
            painter.setPen(colors.color("text-muted"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.empty)
            return
        width, height, pitch = self._cell()
        font = mono_font("value")
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        ascent = metrics.ascent()
        fixed = metrics.horizontalAdvance("i") == metrics.horizontalAdvance("m") == width
        for (start, end), top in zip(self._lines, self._tops, strict=False):
            if top > event.rect().bottom() or top + pitch < event.rect().top():
                continue
            values = self._values[np.newaxis, start:end]
            image = color_image(values, self._level, self._signed, text_opacity(self._signed))
            painter.drawImage(QRectF(0, top, (end - start) * width, height), image)
            line = self._text[start:end]
            painter.setPen(colors.color("text"))
            body = line.rstrip("\n")
            if body.isascii() and fixed:
                painter.drawText(QPointF(0, top + ascent), body)
            else:
                for column, character in enumerate(body):
                    if character != " ":
                        place = QPointF(column * width, top + ascent)
                        painter.drawText(place, symbol(character))
            if body != line:
                painter.setPen(colors.color("text-2"))
                painter.setFont(mono_font("tick"))
                for column in range(len(body), len(line)):
                    cell = QRectF(column * width, top, width, height)
                    painter.drawText(
                        cell, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextDontClip, "⏎"
                    )
                painter.setFont(font)
        if self._at >= 0:
            painter.setPen(QPen(colors.color("accent"), 2))
            painter.drawRect(self.cell_rect(self._at).adjusted(-1, 0, 0, 0))
        if shows_focus(self):
            painter.setPen(QPen(colors.color("accent"), 1))
            painter.drawRect(self.visibleRegion().boundingRect().adjusted(0, 0, -1, -1))

    def _point(self, position: int) -> None:
        if position != self._at:
            self._at = position
            self.update()
            self.pointed.emit(position)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Reads out the character under the mouse."""
        self._point(self._position(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        """Ends the read-out."""
        self._point(-1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and Right go from character to character, Home and End to the ends, Esc away."""
        last = len(self._text) - 1
        targets = {
            Qt.Key.Key_Left: max(self._at - 1, 0),
            Qt.Key.Key_Right: min(self._at + 1, last),
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        if self._at >= 0:
            targets[Qt.Key.Key_Escape] = -1
        target = targets.get(Qt.Key(event.key()))
        if target is None or last < 0:
            super().keyPressEvent(event)
            return
        self._point(target)
        if target >= 0:
            place = self.cell_rect(target).center()
            self.reveal.emit(round(place.x()), round(place.y()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lines break elsewhere."""
        super().resizeEvent(event)
        self._break()


class TraceStrip(QWidget):
    """The course of the unit over the whole text: values upwards, characters to the right."""

    pointed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        sized(self, "height", lambda strip: strip.setFixedHeight(px(_STRIP)))
        self.setMouseTracking(True)
        self.setAccessibleName(self.tr("Course of the unit over the text"))
        self._values: NDArray[np.floating] = np.zeros(0)
        self._level, self._signed = 1.0, True
        self._at = -1

    def show_values(self, values: NDArray[np.floating], level: float, signed: bool) -> None:
        """Draws `values` (T,)."""
        self._values, self._level, self._signed = values, level, signed
        self.update()

    def point(self, position: int) -> None:
        """Marks a position."""
        if position != self._at:
            self._at = position
            self.update()

    def plot_rect(self) -> QRectF:
        """Where the curve is."""
        metrics = QFontMetricsF(ui_font("label"))
        wide = max(metrics.horizontalAdvance(text) for text in ("−20", *self._ends())) + 8
        return QRectF(wide, 6, max(self.width() - wide - 1, 1), self.height() - 12)

    def _words(self, value: float) -> str:
        return (f"{value:+g}" if self._signed else f"{value:g}").replace("-", "−", 1)

    def _ends(self) -> tuple[str, str]:
        return self._words(-self._level if self._signed else 0.0), self._words(self._level)

    def _y(self, value: float) -> float:
        area = self.plot_rect()
        low = -self._level if self._signed else 0.0
        share = (value - low) / (self._level - low)
        return area.bottom() - min(max(share, 0.0), 1.0) * area.height()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Axis, curve and the position pointed at."""
        painter = QPainter(self)
        colors, area, count = theme(), self.plot_rect(), len(self._values)
        if not count:
            return
        low = -self._level if self._signed else 0.0
        painter.setFont(ui_font("label"))
        high = painter.fontMetrics().height()
        for value in (low, self._level):
            y = self._y(value)
            painter.fillRect(QRectF(area.left(), round(y), area.width(), 1), colors.color("grid"))
            painter.setPen(colors.color("text-muted"))
            words = self._words(value)
            painter.drawText(
                QRectF(0, y - high / 2, area.left() - 6, high),
                Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
                words,
            )
        if self._signed:
            zero = QRectF(area.left(), round(self._y(0.0)), area.width(), 1)
            painter.fillRect(zero, colors.color("border"))
        finite = np.nan_to_num(self._values.astype(np.float64), posinf=0.0, neginf=0.0)
        x = area.left() + (np.arange(count) + 0.5) * area.width() / count
        if self._at >= 0:
            at = round(x[min(self._at, count - 1)])
            painter.fillRect(QRectF(at, 0, 1, self.height()), colors.color("accent"))
        share = np.clip((finite - low) / (self._level - low), 0.0, 1.0)
        painter.setPen(QPen(colors.color("text-2"), 1))
        painter.drawPolyline(polygon(x, area.bottom() - share * area.height()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Reads out the character below the mouse."""
        area, count = self.plot_rect(), len(self._values)
        share = (event.position().x() - area.left()) / area.width()
        self.pointed.emit(int(share * count) if count and 0 <= share < 1 else -1)

    def leaveEvent(self, event: QEvent) -> None:
        """Ends the read-out."""
        self.pointed.emit(-1)


class _Scale(QWidget):
    """The colour scale with its ends."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        tall(self, 24)
        self.setAccessibleName(self.tr("Colour scale"))
        self._level, self._signed = 1.0, True

    def show_level(self, level: float, signed: bool) -> None:
        """From -level, or from 0, to level."""
        if (level, signed) != (self._level, self._signed):
            self._level, self._signed = level, signed
            self.updateGeometry()
        self.update()

    def _ends(self) -> tuple[str, str]:
        if self._signed:
            return f"−{self._level:g}", f"+{self._level:g}"
        return "0", f"{self._level:g}"

    def sizeHint(self) -> QSize:
        """Words and bar."""
        metrics = QFontMetricsF(ui_font("label"))
        words = sum(metrics.horizontalAdvance(end) for end in self._ends())
        return QSize(round(words) + _SCALE_WIDTH + 14, 24)

    def minimumSizeHint(self) -> QSize:
        """As small as its hint."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Low end, colours, high end."""
        painter = QPainter(self)
        painter.setFont(ui_font("label"))
        painter.setPen(theme().color("text-2"))
        low, high = self._ends()
        wide = round(QFontMetricsF(ui_font("label")).horizontalAdvance(low))
        bar = QRect(wide + 5, 7, _SCALE_WIDTH, 10)
        align = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRect(0, 0, wide + 2, 24), align, low)
        painter.drawText(QRect(bar.right() + 6, 0, 60, 24), align, high)
        start = -self._level if self._signed else 0.0
        ramp = np.linspace(start, self._level, _SCALE_WIDTH)[np.newaxis]
        painter.drawImage(bar, color_image(ramp, self._level, self._signed, STRIP_OPACITY))


class UnitTextPanel(Panel):
    """Which unit it is, its colours on the text, and its trace."""

    step_requested = Signal(int)  # -1 or 1: the unit before or after in the list
    source_chosen = Signal(str)  # `corpus` or `seed`

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Unit"), "", parent)
        self._trace: SignalTrace | None = None
        self._unit: int | None = None
        self._name = ""
        self._level = 1.0
        self._level_of: tuple[int | None, str, int] | None = None
        self._units = 0
        self.scale = _Scale()
        self.sources = Segmented(
            [("corpus", self.tr("corpus")), ("seed", self.tr("seed text"))],
            self.tr("Which text is painted"),
        )
        self.sources.set_tips(
            {
                "corpus": self.tr("The beginning of the text the network learns"),
                "seed": self.tr("What you have typed"),
            }
        )
        self.before = self._arrow(self.tr("Unit before in the list"))
        self.after = self._arrow(self.tr("Next unit in the list"))
        for control in (self.scale, self.sources, self.before, self.after):
            self.add_header_control(control)
        self.painted = PaintedText()
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setWidget(self.painted)
        self.strip = TraceStrip()
        margins(self.body, 12, 4, 8, 6)
        spacing(self.body, 6)
        self.body.addWidget(self.area, 1)
        self.body.addWidget(self.strip)
        self.before.clicked.connect(lambda: self.step_requested.emit(-1))
        self.after.clicked.connect(lambda: self.step_requested.emit(1))
        self.sources.changed.connect(self.source_chosen)
        self.painted.pointed.connect(self._pointed)
        self.painted.reveal.connect(lambda x, y: self.area.ensureVisible(x, y, 20, 40))
        self.strip.pointed.connect(self._pointed_strip)
        self.apply_theme()
        self._draw()

    def _arrow(self, words: str) -> QToolButton:
        button = QToolButton()
        square(button, 24)
        button.setToolTip(words)
        button.setAccessibleName(words)
        return button

    # What the page calls.

    def set_view(self, view: RunView) -> None:
        """A new run: forgets unit and trace."""
        self._trace = None
        self._unit, self._name = None, ""
        self._units = view.config.hidden_size
        super().set_view(view)
        self._draw()

    def show_unit(self, unit: int | None, name: str = "") -> None:
        """Paints the text with another unit (from 0); `name` is what it looks like."""
        self._unit, self._name = unit, name
        self._draw()

    def unit(self) -> int | None:
        """The unit shown, from 0."""
        return self._unit

    def show_trace(self, trace: SignalTrace | None) -> None:
        """Takes another signal, or the same with newer weights; None while one is awaited."""
        self._trace = trace
        self._draw()

    def source(self) -> str:
        """`corpus` or `seed`."""
        return self.sources.current()

    def help_text(self) -> str:
        """What it shows and how to read it."""
        return self.tr(
            "The text, coloured by the value of one unit at each character, and below it the same "
            "values as a curve. Long stretches of one colour mean that the unit remembers "
            "something, such as being inside a name; flicker means that it follows single letters."
        )

    def table(self) -> Table | None:
        """The unit's value at every character of the text read, also of those out of sight."""
        trace, unit = self._trace, self._unit
        if trace is None or unit is None or unit >= len(trace.values) or not trace.text:
            return None
        name = f"{trace.signal} of unit {unit + 1}, layer {trace.layer + 1}"
        positions = np.arange(1, len(trace.text) + 1)
        return Table(
            ("position", "character", name), (positions, list(trace.text), trace.values[unit])
        )

    def reset_view(self) -> None:
        """Scrolls to the beginning of the text and ends the read-out."""
        self._pointed(-1)
        self.painted.point(-1)
        self.area.verticalScrollBar().setValue(0)
        self._update_clause()

    def choices(self) -> dict[str, Any]:
        """Which text is painted."""
        return {"source": self.sources.current()}

    def choose(self, choices: Mapping[str, Any]) -> None:
        """Takes it back."""
        if choices.get("source") in self.sources.options():
            self.sources.set_current(str(choices["source"]))

    def apply_theme(self) -> None:
        """Colours of the theme in force."""
        self.before.setIcon(icon("chevron-left"))
        self.after.setIcon(icon("chevron-right"))
        for widget in (self.scale, self.painted, self.strip):
            widget.update()

    # Drawing.

    def _draw(self) -> None:
        trace, unit = self._trace, self._unit
        key = (unit, trace.signal, trace.layer) if trace is not None else None
        if key is not None and key != self._level_of:
            self._level_of, self._level = key, 1.0
        self._title.setText(
            self.tr("Unit") if unit is None else self.tr("Unit {0}").format(f"{unit + 1:,}")
        )
        for button in (self.before, self.after):
            button.setEnabled(unit is not None and self._units > 1)
        if trace is None or unit is None or unit >= len(trace.values) or not trace.text:
            if unit is None:
                self.painted.empty = self.tr(
                    "Waiting for the unit that is easiest to explain; or choose one at the right"
                )
            elif trace is not None and not trace.text:
                self.painted.empty = self.tr("Type a few words above")
            else:
                self.painted.empty = self.tr("Reading the text…")
            self.painted.show_values("", np.zeros(0), 1.0, True)
            self.strip.show_values(np.zeros(0), 1.0, True)
            self._update_clause()
            return
        signed = trace.signal not in GATES
        values = trace.values[unit]
        # The scale is the unit's own; it grows in steps and does not shrink while one watches.
        self._level = max(self._level, unit_level(values)) if signed else 1.0
        self.painted.show_values(trace.text, values, self._level, signed)
        self.strip.show_values(values, self._level, signed)
        self.scale.show_level(self._level, signed)
        self._update_clause()

    def readout(self) -> str:
        """The character pointed at, in words; empty without one."""
        trace, at = self._trace, self.painted.at()
        if trace is None or self._unit is None or not 0 <= at < len(trace.text):
            return ""
        number = f"{float(trace.values[self._unit, at]):+.2f}".replace("-", "−")
        if trace.signal in GATES:
            number = number.lstrip("+")
        return self.tr("{0} at {1}: {2}").format(describe(trace.text[at]), f"{at + 1:,}", number)

    def _update_clause(self) -> None:
        readout = self.readout()
        if readout:
            self.set_clause(readout)
            return
        if self._unit is None:
            self.set_clause("")
            return
        parts = [self._name] if self._name else []
        if self._trace is not None:
            parts.append(self.tr("layer {0}").format(self._trace.layer + 1))
            parts.append(signal_words(self._trace.signal))
        self.set_clause(", ".join(parts))

    def _pointed(self, position: int) -> None:
        self.strip.point(position)
        self._update_clause()

    def _pointed_strip(self, position: int) -> None:
        self.painted.point(position)
        self.strip.point(position)
        self._update_clause()
        if position >= 0:
            place: QPoint = self.painted.cell_rect(position).center().toPoint()
            self.area.ensureVisible(place.x(), place.y(), 20, 40)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A narrow header does without the scale, a low panel without the trace."""
        super().resizeEvent(event)
        self.scale.setVisible(self.width() >= px(_NARROW))
        self.strip.setVisible(self.height() >= px(250))
