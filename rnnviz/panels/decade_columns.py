"""The samples of a run side by side: one per decade of steps, and the newest."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFontMetrics,
    QHelpEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextLayout,
    QTextOption,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from rnnviz.panels.sample_text import decade_samples, heading, visible
from rnnviz.panels.theme import mono_font, theme, ui_font
from rnnviz.session.frames import Sample

SLOTS = 3  # decades shown side by side
_GAP = 12  # pixels between a rule and the text beside it
_LINE_SEPARATOR = "\u2028"


def column_text_height(height: int) -> int:
    """Pixels a column of this height has for text, below its heading."""
    return height - QFontMetrics(ui_font("label")).height() - 6


class DecadeColumns(QWidget):
    """One column per decade at a fixed place, and the newest sample in a wider one at the right."""

    sample_opened = Signal(object)  # the Sample of the column that was double-clicked

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("Samples by decade of steps"))
        self.slots = SLOTS
        self.empty = ""
        self._decades: dict[int, Sample] = {}
        self._read = 0  # how many samples of the run are in `_decades`
        self._newest: Sample | None = None
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
        elif self.slots == 1:
            reached = reached[:1]
        else:
            reached = [reached[0], *reached[-(self.slots - 1) :]]
        return [(decade, self._decades.get(decade)) for decade in reached]

    def newest(self) -> Sample | None:
        """The sample at the right."""
        return self._newest

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
        self._paint_column(painter, rects[-1], self._newest, 0, newest=True)

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
        if painter.fontMetrics().horizontalAdvance(loss) <= room.width():
            painter.drawText(room, align, loss)
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

    def _sample_at(self, point: QPointF) -> Sample | None:
        if self._newest is None:
            return None
        shown = [sample for _, sample in self.columns()] + [self._newest]
        for rect, sample in zip(self.column_rects(), shown, strict=True):
            if rect.contains(point.toPoint()):
                return sample
        return None

    def event(self, event: QEvent) -> bool:
        """The tooltip is the heading of the column under the mouse."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            sample = self._sample_at(QPointF(event.pos()))
            words = ""
            if sample is not None:
                words = heading(sample) + "\n" + self.tr("Double click: show it in the stream")
            QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().event(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Opens the sample in the stream."""
        sample = self._sample_at(event.position())
        if sample is not None:
            self.sample_opened.emit(sample)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lines break elsewhere."""
        super().resizeEvent(event)
        self._layouts.clear()
