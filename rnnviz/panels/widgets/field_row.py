"""A labelled control of the Setup panel, with the value it had before and what is wrong with it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

_LABEL_WIDTH = 80  # pixels of the label beside the control in compact rows


class _Label(QLabel):
    double_clicked = Signal()

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
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(3)
        self._box = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._box.setSpacing(3)
        self._head = QWidget()
        head = QHBoxLayout(self._head)
        head.setContentsMargins(0, 0, 0, 0)
        head.setSpacing(4)
        self._label = _Label(label)
        self._label.setProperty("role", "label")
        self._label.double_clicked.connect(self.default_requested)
        self._was = QLabel()
        self._was.setProperty("role", "warn")
        self._was.hide()
        head.addWidget(self._label)
        head.addStretch(1)
        head.addWidget(self._was)
        line = QHBoxLayout()
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        for control in controls:
            line.addWidget(control)
        # Where there is a slider too, the field takes every value.
        self._control = next((c for c in controls if isinstance(c, QLineEdit)), controls[0])
        self._label.setBuddy(self._control)
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
        return self._label.text()

    def control(self) -> QWidget:
        """What the label belongs to."""
        return self._control

    def set_compact(self, compact: bool) -> None:
        """Label beside the control instead of above it."""
        directions = QBoxLayout.Direction
        self._box.setDirection(directions.LeftToRight if compact else directions.TopToBottom)
        self._head.setFixedWidth(_LABEL_WIDTH if compact else 16777215)
        if not compact:
            self._head.setMinimumWidth(0)

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
