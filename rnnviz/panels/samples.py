"""The samples panel: text the network wrote while it learned, by decade of steps or as a stream."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFontMetrics,
    QFontMetricsF,
    QGuiApplication,
    QHelpEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextLayout,
    QTextOption,
)
from PySide6.QtWidgets import (
    QFileDialog,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QToolTip,
    QWidget,
)

from rnnviz.files import reason, write_text
from rnnviz.panels.base import Panel
from rnnviz.panels.theme import mono_font, pixels, theme, ui_font
from rnnviz.panels.widgets.segmented import Segmented
from rnnviz.session.frames import Sample
from rnnviz.session.view import RunView
from rnnviz.text.vocabulary import symbol

MOST_SAMPLES = 2_000  # kept in the stream
_NARROW = 600  # of the panel: below it the first and the newest only
_SLOTS = 3  # decades shown side by side
_GAP = 12  # pixels between a rule and the text beside it
_END_TRIES = 5
_LINE_SEPARATOR = "\u2028"


def decade_samples(samples: Sequence[Sample]) -> dict[int, Sample]:
    """Per decade (10, 100, 1,000, ...) the first sample from that step on and before the next."""
    found: dict[int, Sample] = {}
    for sample in samples:
        decade = _decade(sample.step)
        if decade >= 10:
            found.setdefault(decade, sample)
    return found


def _decade(step: int) -> int:
    return int(10 ** (len(str(step)) - 1)) if step > 0 else 0


def visible(text: str) -> str:
    """A sample as it is drawn: control characters but line ends and tabs become signs."""
    return "".join(c if c in "\n\t " or c.isprintable() else symbol(c) for c in text)


def heading(sample: Sample) -> str:
    """Where a sample stands: step, loss and temperature."""
    return f"step {sample.step:,} · {sample.loss:.2f} nats/char · T {sample.temperature:.2f}"


def as_text(samples: Sequence[Sample]) -> str:
    """Samples with their headings, for a text file."""
    parts = []
    for sample in samples:
        body = sample.text if not sample.problem else f"{sample.text}[{sample.problem}]"
        parts.append(f"--- {heading(sample)}\n{body.rstrip()}\n")
    return "\n".join(parts)


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
        self.slots = _SLOTS
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


class SampleStream(QPlainTextEdit):
    """All samples in order. Follows the end while the end is in sight, else stays where it is.

    A sample is two blocks: its heading, and its text with line separators for line ends.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setAccessibleName(self.tr("All samples in order"))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.document().setDocumentMargin(0)
        self._samples: list[Sample] = []  # in the document
        self._read = 0  # how many samples of the run were taken
        self._below = 0
        self.button = QPushButton(self)
        self.button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.button.setCursor(Qt.CursorShape.PointingHandCursor)
        self.button.hide()
        self.button.clicked.connect(self.jump_down)
        self.verticalScrollBar().valueChanged.connect(self._scrolled)
        self.restyle()

    def restyle(self) -> None:
        """Takes fonts and colours of the theme in force."""
        self.setFont(mono_font("sample"))
        self.setStyleSheet(
            f"QPlainTextEdit {{ border: 0; padding: 0; background: transparent; "
            f"font-size: {pixels('sample')}px; }} "
            f"QPlainTextEdit:focus {{ border: 0; padding: 0; }}"
        )
        if self._samples:
            self._rebuild()

    def clear_samples(self) -> None:
        """Forgets everything."""
        self.clear()
        self._samples, self._read = [], 0
        self._set_below(0)

    def show_samples(self, samples: Sequence[Sample]) -> None:
        """Appends the samples added since the last call."""
        new = list(samples[self._read :])
        if not new:
            return
        self._read = len(samples)
        follow = self.at_end()
        self._append(new[-MOST_SAMPLES:], follow)
        if follow:
            self.jump_down()
        else:
            self._set_below(self._below + len(new))

    def at_end(self) -> bool:
        """Whether the newest line is in sight."""
        bar = self.verticalScrollBar()
        return bar.value() >= bar.maximum()

    def below(self) -> int:
        """Samples that came since the user scrolled back."""
        return self._below

    def samples(self) -> list[Sample]:
        """What the document holds."""
        return self._samples

    def jump_down(self) -> None:
        """To the newest sample, and follows again."""
        # Qt breaks lines only when it first needs them, and till then counts a block as one line:
        # the end moves as it is approached.
        bar = self.verticalScrollBar()
        for _ in range(_END_TRIES):
            bar.setValue(bar.maximum())
            self._break_lines()
            if self.at_end():
                break
        self._set_below(0)

    def _break_lines(self) -> None:
        """Breaks the lines of all blocks from the first one in sight to the last."""
        block = self.firstVisibleBlock()
        while block.isValid():
            self.blockBoundingRect(block)
            block = block.next()

    def show_sample(self, sample: Sample) -> None:
        """Scrolls so that a sample's heading is the first line."""
        for place, held in enumerate(self._samples):
            if held is sample:
                # A heading begins with an empty line, but for the first.
                self._scroll_to(self.document().findBlockByNumber(2 * place), int(place > 0))
                return

    def _scroll_to(self, block: QTextBlock, line: int) -> None:
        self.blockBoundingRect(block)  # breaks its lines
        self.verticalScrollBar().setValue(block.firstLineNumber() + line)

    def _top(self) -> tuple[QTextCursor, int]:
        """The first line in sight: a cursor that moves with its block, and the line in that."""
        block = self.firstVisibleBlock()
        return QTextCursor(block), self.verticalScrollBar().value() - block.firstLineNumber()

    def _append(self, new: list[Sample], follow: bool) -> None:
        excess = max(len(self._samples) + len(new) - MOST_SAMPLES, 0)
        anchor, line = self._top()
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        if excess >= len(self._samples):
            cursor.select(QTextCursor.SelectionType.Document)
            cursor.removeSelectedText()
            self._samples = []
        elif excess:
            keep = self.document().findBlockByNumber(2 * excess)
            cursor.setPosition(keep.position(), QTextCursor.MoveMode.KeepAnchor)
            cursor.removeSelectedText()
            del self._samples[:excess]
        self._write(cursor, new)
        cursor.endEditBlock()
        self._samples += new
        if excess and not follow:
            self._scroll_to(anchor.block(), line if anchor.position() else 0)

    def _write(self, cursor: QTextCursor, new: list[Sample]) -> None:
        colors = theme()
        head, body, bad = QTextCharFormat(), QTextCharFormat(), QTextCharFormat()
        head.setFont(mono_font("sample"))
        head.setForeground(colors.color("text-muted"))
        body.setFont(mono_font("sample"))
        body.setForeground(colors.color("text"))
        bad.setFont(mono_font("sample"))
        bad.setForeground(colors.color("danger"))
        plain = QTextBlockFormat()
        cursor.movePosition(QTextCursor.MoveOperation.End)
        for sample in new:
            gap = ""
            if self._samples or sample is not new[0]:
                cursor.insertBlock(plain, head)
                gap = _LINE_SEPARATOR
            cursor.insertText(gap + heading(sample), head)
            cursor.insertBlock(plain, body)
            text = visible(sample.text).strip("\n").replace("\n", _LINE_SEPARATOR)
            if text:
                cursor.insertText(text + (_LINE_SEPARATOR if sample.problem else ""), body)
            if sample.problem:
                cursor.insertText(sample.problem, bad)

    def _rebuild(self) -> None:
        """Writes everything again, in place."""
        follow = self.at_end()
        anchor, line = self._top()
        number, below = anchor.blockNumber(), self._below
        held, self._samples = self._samples, []
        self.clear()
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        self._write(cursor, held)
        cursor.endEditBlock()
        self._samples = held
        if follow:
            self.jump_down()
        else:
            self._scroll_to(self.document().findBlockByNumber(number), line)
            self._set_below(below)

    def _scrolled(self) -> None:
        if self._below and self.at_end():
            self._set_below(0)

    def _set_below(self, count: int) -> None:
        self._below = count
        self.button.setVisible(count > 0)
        if count:
            self.button.setText(self.tr("{0} new below").format(f"{count:,}"))
            self._place_button()

    def _place_button(self) -> None:
        self.button.adjustSize()
        self.button.move(
            self.width() - self.button.width() - 18, self.height() - self.button.height() - 4
        )

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keeps following, and the button in its corner."""
        follow = self.at_end()
        super().resizeEvent(event)
        pitch = math.ceil(QFontMetricsF(mono_font("sample")).lineSpacing())
        # Whole lines only: what is left over is a margin. Qt wants a pixel more than they need.
        self.setViewportMargins(0, 0, 0, (self.height() - 1) % pitch)
        if follow:
            self.jump_down()
        self._place_button()


class SamplesPanel(Panel):
    """What the network wrote, early and late."""

    interval = 0.25

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Samples", "", parent)
        self.note = QLabel()
        self.note.setProperty("role", "muted")
        self.mode = Segmented(
            [("decade", self.tr("By decade")), ("stream", self.tr("Stream"))],
            self.tr("Arrangement of the samples"),
        )
        self.mode.set_tips(
            {
                "decade": self.tr("One sample per decade of steps, and the newest"),
                "stream": self.tr("Every sample in order"),
            }
        )
        self.add_header_control(self.note)
        self.add_header_control(self.mode)
        self.columns = DecadeColumns()
        self.stream = SampleStream()
        self._stack = QStackedWidget()
        self._stack.addWidget(self.columns)
        self._stack.addWidget(self.stream)
        self.body.setContentsMargins(12, 0, 12, 8)
        self.body.addWidget(self._stack, 1)
        self.menu.addSeparator()
        self._copy_action = self.menu.addAction(self.tr("Copy newest sample"), self.copy_newest)
        self._save_action = self.menu.addAction(self.tr("Save samples as text…"), self.save_text)
        self.mode.changed.connect(self._mode_chosen)
        self.columns.sample_opened.connect(self._open)
        self._show_words()

    # What the window calls.

    def set_view(self, view: RunView) -> None:
        """A new run: forgets the old one's samples."""
        self.columns.clear()
        self.stream.clear_samples()
        super().set_view(view)

    def refresh(self) -> None:
        """Takes the samples that are new, in the arrangement that is shown."""
        if self.view is not None:
            samples = self.view.history.samples
            if self.mode.current() == "stream":
                self.stream.show_samples(samples)
            else:
                self.columns.show_samples(samples)
        self._show_words()

    def apply_theme(self) -> None:
        """Colours of the theme in force."""
        self.columns.recolour()
        self.stream.restyle()

    def set_mode(self, mode: str) -> None:
        """`decade` or `stream`."""
        self.mode.set_current(mode)
        self._mode_chosen(mode)

    def choices(self) -> dict[str, Any]:
        """The arrangement."""
        return {"mode": self.mode.current()}

    def choose(self, choices: Mapping[str, Any]) -> None:
        """Takes it back."""
        mode = choices.get("mode")
        if mode in self.mode.options():
            self.set_mode(str(mode))

    # Actions.

    def copy_newest(self) -> None:
        """Puts the newest sample's text on the clipboard."""
        if self.view is not None and self.view.history.samples:
            QGuiApplication.clipboard().setText(self.view.history.samples[-1].text)

    def save_text(self) -> None:
        """Asks where, and writes all samples of the run there."""
        if self.view is None or not self.view.history.samples:
            return
        path, _ = QFileDialog.getSaveFileName(
            self, self.tr("Save samples"), "samples.txt", self.tr("Text (*.txt)")
        )
        if not path:
            return
        try:
            write_text(Path(path), as_text(self.view.history.samples))
        except OSError as problem:
            words = self.tr("could not write {0}: {1}")
            self.set_clause(words.format(Path(path).name, reason(problem)))

    def _mode_chosen(self, mode: str) -> None:
        self._stack.setCurrentWidget(self.stream if mode == "stream" else self.columns)
        self.refresh()

    def _open(self, sample: Sample) -> None:
        self.set_mode("stream")
        self.stream.show_sample(sample)

    # Words.

    def _show_words(self) -> None:
        samples = self.view.history.samples if self.view is not None else []
        self._copy_action.setEnabled(bool(samples))
        self._save_action.setEnabled(bool(samples))
        if self.view is not None:
            first = self.view.config.sample_every or 10
            self.columns.empty = self.tr("First sample at step {0}").format(f"{first:,}")
            if self.view.step > first:
                self.columns.empty = self.tr("The next sample comes while it trains")
            self.stream.setPlaceholderText(self.columns.empty)
            temperature = f"{self.view.in_force.temperature:.2f}"
            self.note.setText(self.tr("temperature {0}").format(temperature))
        if not samples:
            self.set_clause("")
        elif self.mode.current() == "decade":
            if self.columns.slots == 1:
                self.set_clause(self.tr("the first and the newest"))
            else:
                self.set_clause(self.tr("by decade of steps, newest on the right"))
        elif len(samples) > MOST_SAMPLES:
            self.set_clause(
                self.tr("the last {0} of {1}").format(f"{MOST_SAMPLES:,}", f"{len(samples):,}")
            )
        else:
            self.set_clause(self.tr("all of this run, newest at the bottom"))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A narrow panel shows the first and the newest only."""
        super().resizeEvent(event)
        self.columns.set_slots(1 if self.width() < _NARROW else _SLOTS)
        self._show_words()
