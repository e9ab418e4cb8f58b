"""A labelled control of the Setup panel, with the value it had before and what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetrics, QMouseEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from rnnviz.panels.sizing import sized
from rnnviz.panels.theme import px, ui_font
from rnnviz.panels.widgets.choice import Choice
from rnnviz.panels.widgets.number_field import NumberField

_SCRUB = 5  # pixels of a drag for one step
_LABEL_WIDTH = 80  # least pixels of the label beside the control in compact rows
_LEAST_CHOICE = 90  # pixels of a list beside it; longer titles end in an ellipsis there
_LABEL_GAP = 6  # least pixels after the longest label, besides those between the two


class _Label(QLabel):
    """Dragged sideways it changes the number beside it, double-clicked it asks for the default."""

    double_clicked = Signal()
    scrubbed = Signal(int)  # steps more, or less than zero

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._scrubs = False
        self._from: float | None = None  # where the drag is in force up to

    def set_scrubs(self) -> None:
        """There is a number to change."""
        self._scrubs = True
        self.setCursor(Qt.CursorShape.SizeHorCursor)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A drag may begin."""
        if self._scrubs and event.button() == Qt.MouseButton.LeftButton:
            self._from = event.position().x()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """A step for every few pixels."""
        if self._from is None:
            return
        steps = int((event.position().x() - self._from) / _SCRUB)
        if steps:
            self._from += steps * _SCRUB
            self.scrubbed.emit(steps)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Ends the drag."""
        self._from = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Asks for the default value."""
        self.double_clicked.emit()


class FieldRow(QWidget):
    """Label above its control, or beside it when compact; `was 128` and the error below."""

    default_requested = Signal()  # the label was double-clicked

    def __init__(
        self,
        label: str,
        *controls: QWidget,
        outer_error: bool = False,  # the owner places `error_label` elsewhere
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._column: tuple[str, ...] = (label,)  # labels whose controls begin at the same place
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(3)
        self._box = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._box.setSpacing(3)
        self._head = QWidget()
        head = QHBoxLayout(self._head)
        head.setContentsMargins(0, 0, 0, 0)
        head.setSpacing(4)
        self.caption = _Label(label)
        self.caption.setProperty("role", "label")
        self.caption.double_clicked.connect(self.default_requested)
        self._was = QLabel()
        self._was.setProperty("role", "warn")
        self._was.hide()
        self._line_of_head = head
        head.addWidget(self.caption)
        head.addStretch(1)
        head.addWidget(self._was)
        line = QHBoxLayout()
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        for control in controls:
            line.addWidget(control)
            if isinstance(control, Choice):
                # Its own idea of the least grows with the font, and would widen the panel.
                sized(control, "least", lambda c: c.setMinimumWidth(px(_LEAST_CHOICE)))
        # Where there is a slider too, the field takes every value.
        self._control = next((c for c in controls if isinstance(c, QLineEdit)), controls[0])
        self.caption.setBuddy(self._control)
        ways = [self.tr("Double click: the default")]
        if isinstance(self._control, NumberField) and self._control.isEnabled():
            self.caption.set_scrubs()
            self.caption.scrubbed.connect(self._control.nudge)
            ways.append(self.tr("drag sideways: more or less"))
        self.caption.setToolTip("; ".join(ways))
        self._box.addWidget(self._head)
        self._box.addLayout(line, 1)
        outer.addLayout(self._box)
        self.error_label = QLabel()
        self.error_label.setProperty("role", "error")
        self.error_label.setTextFormat(Qt.TextFormat.PlainText)
        self.error_label.setWordWrap(True)
        self.error_label.hide()
        if not outer_error:
            outer.addWidget(self.error_label)

    def label(self) -> str:
        """The words beside the control."""
        return self.caption.text()

    def control(self) -> QWidget:
        """What the label belongs to."""
        return self._control

    def set_column(self, labels: Sequence[str]) -> None:
        """The labels of all rows whose controls begin at the same place when compact.

        It holds from the next `set_compact`.
        """
        self._column = tuple(labels)

    def set_compact(self, compact: bool) -> None:
        """Label beside the control instead of above it."""
        directions = QBoxLayout.Direction
        self._box.setDirection(directions.LeftToRight if compact else directions.TopToBottom)
        if compact:
            column = self._column
            sized(self._head, "width", lambda head: head.setFixedWidth(_label_width(column)))
        else:
            sized(self._head, "width", _any_width)

    def put_beside_label(self, note: QWidget) -> None:
        """Words that take what the label leaves of its line; for a row that is not compact."""
        self._line_of_head.insertWidget(1, note, 1000)

    def set_was(self, text: str) -> None:
        """The value in force, shown while another one waits for a restart; empty hides it."""
        self._was.setText(text)
        self._was.setVisible(bool(text))

    def was(self) -> str:
        """What `set_was` shows."""
        return self._was.text()

    def set_error(self, sentence: str) -> None:
        """One sentence below the control; empty hides it."""
        self.error_label.setText(sentence)
        self.error_label.setVisible(bool(sentence))

    def error(self) -> str:
        """The sentence shown below the control."""
        return self.error_label.text()


def _any_width(head: QWidget) -> None:
    """As wide as there is room."""
    head.setMinimumWidth(0)
    head.setMaximumWidth(16777215)


def _label_width(labels: Sequence[str]) -> int:
    """Pixels that hold each of the labels: fonts other than ours may be wider."""
    metrics = QFontMetrics(ui_font("label"))
    longest, least = max(map(metrics.horizontalAdvance, labels)), px(_LABEL_WIDTH)
    return max(longest + _LABEL_GAP, least)
