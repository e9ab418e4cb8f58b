"""The samples of a run side by side: one per decade of steps, and the newest."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFontMetrics,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextLayout,
    QTextOption,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from rnnviz.panels.sample_text import decade_samples, heading, visible
from rnnviz.panels.theme import mono_font, theme, ui_font
from rnnviz.panels.tip_at_point import shows_tip
from rnnviz.session.frames import Sample

SLOTS = 3  # decades shown side by side
_GAP = 12  # pixels between a rule and the text beside it
_LINE_SEPARATOR = "\u2028"


def column_text_height(height: int) -> int:
    """Pixels a column of this height has for text, below its heading."""
    return height - QFontMetrics(ui_font("label")).height() - 6


class DecadeColumns(QWidget):
    """One column per decade at a fixed place, and the newest sample in a wider one at the right.

    A click pins a column: a decade stays in sight whatever comes, and at the right a sample stays
    although there are newer ones. Another click lets it go.
    """

    sample_opened = Signal(object)  # the Sample of the column that was double-clicked
    pins_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName(self.tr("Samples by decade of steps"))
        self.slots = SLOTS
        self.empty = self.tr("Load a text to see samples")
        self._decades: dict[int, Sample] = {}
        self._read = 0  # how many samples of the run are in `_decades`
        self._newest: Sample | None = None
        self._held: Sample | None = None  # at the right, although there are newer ones
        self._pinned_decade = 0
        self._before: tuple[Sample | None, int] = (None, 0)  # pins before the last click
        self._layouts: dict[tuple[int, bool, int], QTextLayout] = {}

    def sizeHint(self) -> QSize:
        """Roomy."""
        return QSize(700, 160)

    def minimumSizeHint(self) -> QSize:
        """A heading and two lines."""
        return QSize(240, 64)

    def clear(self) -> None:
        """Forgets everything."""
        self._decades, self._read, self._newest = {}, 0, None
        self.let_go()
        self._layouts.clear()
        self.update()

    def show_samples(self, samples: Sequence[Sample]) -> None:
        """Takes the samples added since the last call."""
        if len(samples) == self._read:
            return
        for decade, sample in decade_samples(samples[self._read :]).items():
            self._decades.setdefault(decade, sample)
        self._read = len(samples)
        self._newest = samples[-1]
        self.setAccessibleDescription(self._newest.text)
        self.update()

    def set_slots(self, slots: int) -> None:
        """How many decades are shown beside the newest sample."""
        if slots != self.slots:
            self.slots = slots
            self._layouts.clear()
            self.update()

    def recolour(self) -> None:
        """Takes fonts and colours of the theme in force."""
        self._layouts.clear()
        self.update()

    def columns(self) -> list[tuple[int, Sample | None]]:
        """The decade and sample of each place, without the newest; None is still to come.

        The first decade stays for the contrast; of the others the latest are shown.
        """
        reached = sorted(self._decades)
        if len(reached) <= self.slots:
            following = reached[-1] * 10 if reached else 10
            while len(reached) < self.slots:
                reached.append(following)
                following *= 10
        else:
            latest = reached[len(reached) - self.slots + 1 :]
            shown = [reached[0], *latest]
            if self._pinned_decade in reached and self._pinned_decade not in shown:
                # In the place of the oldest that would else be gone by now.
                shown = sorted([self._pinned_decade, *shown[:1], *shown[2:]])[-self.slots :]
            reached = shown
        return [(decade, self._decades.get(decade)) for decade in reached]

    def newest(self) -> Sample | None:
        """The last sample there is."""
        return self._newest

    def at_right(self) -> Sample | None:
        """The sample at the right: the newest, or the one that is held there."""
        return self._held or self._newest

    def held(self) -> Sample | None:
        """The sample that stays at the right whatever comes; None while the newest is followed."""
        return self._held

    def pinned_decade(self) -> int:
        """The decade that stays in sight; 0 when it is left to the time."""
        return self._pinned_decade

    def hold(self, sample: Sample | None) -> None:
        """Keeps a sample at the right; None follows the newest."""
        self._pin(sample, self._pinned_decade)

    def let_go(self) -> None:
        """Nothing is pinned any more."""
        self._pin(None, 0)

    def _pin(self, held: Sample | None, decade: int) -> None:
        if (held, decade) != (self._held, self._pinned_decade):
            self._held, self._pinned_decade = held, decade
            self.pins_changed.emit()
            self.update()

    def column_rects(self) -> list[QRect]:
        """The places from left to right; they depend on the size alone."""
        newest = round(self.width() * (0.39 if self.slots > 1 else 0.58))
        width = (self.width() - newest) / self.slots
        edges = [round(k * width) for k in range(self.slots)] + [
            self.width() - newest,
            self.width(),
        ]
        rects = []
        for k, left in enumerate(edges[:-1]):
            inset = _GAP if k else 0
            right = edges[k + 1] - (_GAP if k < self.slots else 0)
            rects.append(QRect(left + inset, 0, right - left - inset, self.height()))
        return rects

    def paintEvent(self, event: QPaintEvent) -> None:
        """Columns with thin rules between them."""
        painter = QPainter(self)
        colors = theme()
        painter.fillRect(event.rect(), colors.color("surface"))
        if self._newest is None:
            painter.setFont(ui_font("body"))
            painter.setPen(colors.color("text-muted"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.empty)
            return
        rects = self.column_rects()
        for rect in rects[1:]:
            painter.fillRect(rect.left() - _GAP, 0, 1, self.height(), colors.color("border"))
        for (decade, sample), rect in zip(self.columns(), rects[:-1], strict=True):
            self._paint_column(painter, rect, sample, decade, newest=False)
        self._paint_column(painter, rects[-1], self.at_right(), 0, newest=True)

    def _paint_column(
        self, painter: QPainter, rect: QRect, sample: Sample | None, decade: int, *, newest: bool
    ) -> None:
        colors = theme()
        height = QFontMetrics(ui_font("label")).height() + 2
        step = decade if sample is None else sample.step
        painter.setFont(ui_font("label", bold=newest))
        head = self.tr("step {0}").format(f"{step:,}")
        token = "text" if newest else "text-2" if sample is not None else "text-muted"
        painter.setPen(colors.color(token))
        align = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRect(rect.left(), 0, rect.width(), height), align, head)
        after = rect.left() + painter.fontMetrics().horizontalAdvance(head) + 9
        room = QRect(after, 0, rect.right() - after + 1, height)
        body = rect.adjusted(0, height + 4, 0, 0)
        if sample is None:
            painter.setFont(ui_font("label"))
            painter.drawText(body, Qt.AlignmentFlag.AlignLeft, self.tr("not reached yet"))
            return
        painter.setFont(mono_font("label"))
        painter.setPen(colors.color("train"))
        loss = f"{sample.loss:.2f}"
        wide = painter.fontMetrics().horizontalAdvance(loss)
        if wide <= room.width():
            painter.drawText(room, align, loss)
        if self._is_pinned(decade, newest):
            self._paint_pin(painter, room.adjusted(wide + 9, 0, 0, 0), newest)
        if sample.problem:
            painter.setFont(ui_font("label"))
            painter.setPen(colors.color("danger"))
            painter.drawText(
                body, Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap, sample.problem
            )
            return
        if sample is self._newest and not newest:
            painter.setFont(ui_font("label"))
            painter.setPen(colors.color("text-muted"))
            words = self.tr("the newest so far, at the right")
            flags = Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap
            painter.drawText(body, flags, words)
            return
        painter.setPen(colors.color("text" if newest else "text-2"))
        self._layout(sample, body.width(), newest).draw(
            painter, QPointF(body.topLeft()), [], QRectF(body)
        )

    def _is_pinned(self, decade: int, newest: bool) -> bool:
        return self._held is not None if newest else decade == self._pinned_decade

    def _paint_pin(self, painter: QPainter, room: QRect, newest: bool) -> None:
        """Says that a column is pinned, and at the right what it hides."""
        words = self.tr("pinned")
        if newest and self._newest is not None and self._newest is not self._held:
            words = self.tr("pinned, the newest is of step {0}").format(f"{self._newest.step:,}")
        painter.setFont(ui_font("label"))
        painter.setPen(theme().color("text"))
        words = painter.fontMetrics().elidedText(
            words, Qt.TextElideMode.ElideRight, max(room.width(), 0)
        )
        align = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(room, align, words)

    def _layout(self, sample: Sample, width: int, newest: bool) -> QTextLayout:
        """The lines of a sample that fit as a whole, laid out once."""
        room = column_text_height(self.height())
        key = (sample.step, newest, width * 10_000 + room)
        layout = self._layouts.get(key)
        if layout is not None:
            return layout
        if len(self._layouts) > 8:
            self._layouts.clear()
        text = visible(sample.text).strip("\n").replace("\n", _LINE_SEPARATOR)
        layout = QTextLayout(text, mono_font("sample"))
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        layout.setTextOption(option)
        layout.setCacheEnabled(True)
        pitch = QFontMetrics(mono_font("sample")).lineSpacing()
        y = 0
        layout.beginLayout()
        while y + pitch <= room:
            line = layout.createLine()
            if not line.isValid():
                break
            line.setLineWidth(width)
            line.setPosition(QPointF(0, y))
            y += pitch
        layout.endLayout()
        self._layouts[key] = layout
        return layout

    def _place_at(self, point: QPointF) -> int:
        """The number of the column at a point, from the left; -1 for none."""
        rects = self.column_rects() if self._newest is not None else []
        return next((k for k, rect in enumerate(rects) if rect.contains(point.toPoint())), -1)

    def _sample_at(self, point: QPointF) -> Sample | None:
        place = self._place_at(point)
        if place < 0:
            return None
        return [*(sample for _, sample in self.columns()), self.at_right()][place]

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Pins the column under the mouse, or lets it go."""
        self._before = self._held, self._pinned_decade
        sample, place = self._sample_at(event.position()), self._place_at(event.position())
        if event.button() != Qt.MouseButton.LeftButton or sample is None:
            return
        if place == self.slots:
            self.hold(sample if self._held is None else None)
        else:
            decade = self.columns()[place][0]
            self._pin(self._held, 0 if decade == self._pinned_decade else decade)

    def event(self, event: QEvent) -> bool:
        """The tooltip is the heading of the column under the mouse."""
        return shows_tip(event, self, self._tip_at) or super().event(event)

    def _tip_at(self, at: QPointF) -> str:
        sample = self._sample_at(at)
        if sample is None:
            return ""
        ways = self.tr("Click: pin it. Double click: all of it, in the stream")
        return f"{heading(sample)}\n{ways}"

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Opens the sample in the stream; the first of the two clicks has pinned nothing."""
        sample = self._sample_at(event.position())
        self._pin(*self._before)
        if sample is not None:
            self.sample_opened.emit(sample)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lines break elsewhere."""
        super().resizeEvent(event)
        self._layouts.clear()
