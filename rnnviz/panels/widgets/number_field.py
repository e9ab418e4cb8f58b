"""A number typed into a box, checked in place: the old value stays in force until a good one."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QLineEdit, QWidget

from rnnviz.panels.sizing import tall
from rnnviz.panels.theme import mono_font, px, theme, themes, ui_font
from rnnviz.panels.widgets.undo_keys import left_to_window

_ARROWS = 22  # pixels at the right that step up and down


class NumberField(QLineEdit):
    """Holds an int or a float within limits. Enter or leaving the field edits; Esc takes back.

    A refused text stays in the box, so that the sentence about it can be understood.
    """

    edited = Signal(float)  # a good value was typed or stepped to
    refused = Signal(str)  # one sentence about a bad one

    def __init__(
        self,
        low: float,
        high: float,
        value: float,
        name: str,
        *,
        integer: bool = True,
        unit: str = "",
        step: float = 1,
        form: str = "{:.2g}",
        about: str = "",  # a sentence for the tooltip
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._low, self._high = low, high
        self._integer = integer
        self._unit = unit
        self._step = step
        self._form = form
        self._value = value
        self._name = name
        self.setAccessibleName(name)
        tall(self, 28)
        self.setMaxLength(32)
        tip = self.tr("{0}: {1} to {2} {3}").format(name, _limit(low), _limit(high), unit).rstrip()
        self.setToolTip(f"{tip}\n{about}".rstrip())
        self.returnPressed.connect(self._commit)
        self.editingFinished.connect(self._commit)
        themes().changed.connect(self._restyle)
        self._restyle()
        self._show()

    def _restyle(self) -> None:
        self.setFont(mono_font("body"))
        self.update()

    def value(self) -> float:
        """The last good value."""
        return self._value

    def set_value(self, value: float) -> None:
        """Shows a value; what the user is typing is not overwritten by the value it had before."""
        if value == self._value:
            return
        self._value = value
        self._show()

    def reset_text(self) -> None:
        """Drops what was typed and shows the last good value."""
        self._show()

    def set_state(self, state: str) -> None:
        """`""`, `pending` (waits for a restart) or `bad`; decides the border."""
        if self.property("state") != state:
            self.setProperty("state", state)
            self.style().unpolish(self)
            self.style().polish(self)

    def _text_of(self, value: float) -> str:
        if self._integer:
            return str(int(value))
        text = self._form.format(value)
        if "e" in text:
            mantissa, exponent = text.split("e")
            text = f"{mantissa}e{int(exponent)}"
        return text

    def _show(self) -> None:
        self.setText(self._text_of(self._value))
        self.setModified(False)

    def _parse(self) -> tuple[float | None, str]:
        text = self.text().strip().replace(",", "") if self._integer else self.text().strip()
        try:
            value = int(text) if self._integer else float(text)
        except ValueError:
            words = self.tr("{0} must be a number")
            if self._integer:
                words = self.tr("{0} must be a whole number")
            return None, words.format(self._name)
        if not self._low <= value <= self._high:  # also refuses NaN
            words = self.tr("{0} must be {1} to {2}")
            return None, words.format(self._name, _limit(self._low), _limit(self._high))
        return value, ""

    def _commit(self) -> None:
        if not self.isModified():
            return
        value, sentence = self._parse()
        if value is None:
            self.refused.emit(sentence)
            return
        changed = value != self._value
        self._value = value
        self._show()
        self.refused.emit("")
        if changed:
            self.edited.emit(value)

    def nudge(self, steps: int) -> None:
        """So many steps up or down, as the arrow keys do; floats by 5 % each."""
        value = self._value + steps * self._step if self._integer else self._value * 1.05**steps
        value = min(max(value, self._low), self._high)
        if not self._integer:
            value = float(f"{value:.3g}")
        if value != self._value:
            self._value = value
            self._show()
            self.refused.emit("")
            self.edited.emit(value)

    def event(self, event: QEvent) -> bool:
        """Undo is the window's, except for what is being typed and not in force yet."""
        if not self.isModified() and left_to_window(event):
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and Down step, Esc takes back what was typed."""
        if event.key() == Qt.Key.Key_Up:
            self.nudge(1)
        elif event.key() == Qt.Key.Key_Down:
            self.nudge(-1)
        elif event.key() == Qt.Key.Key_Escape and self.isModified():
            self._show()
            self.refused.emit("")
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click on the arrows steps."""
        if self._integer and event.position().x() > self.width() - px(_ARROWS) and self.isEnabled():
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            self.nudge(1 if event.position().y() < self.height() / 2 else -1)
            return
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """An arrow cursor over the step arrows."""
        over = self._integer and event.position().x() > self.width() - px(_ARROWS)
        self.setCursor(Qt.CursorShape.ArrowCursor if over else Qt.CursorShape.IBeamCursor)
        super().mouseMoveEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The box, then the unit in small letters and the two arrows."""
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colors = theme()
        if self._unit:
            painter.setFont(ui_font("label"))
            painter.setPen(colors.color("text-muted"))
            left = 12 + self.fontMetrics().horizontalAdvance(self.text())
            room = QRect(left + 4, 0, self.width() - left - px(_ARROWS), self.height())
            if painter.fontMetrics().horizontalAdvance(self._unit) <= room.width():
                painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, self._unit)
        if self._integer:
            painter.setPen(QPen(colors.color("text-muted"), 1.3))
            x, middle, a = self.width() - px(13), self.height() / 2, px(3)
            for sign in (-1, 1):
                tip = middle + sign * 2 * a
                base = middle + sign * a
                painter.drawPolyline([QPointF(x - a, base), QPointF(x, tip), QPointF(x + a, base)])


def _limit(number: float) -> str:
    return f"{number:,.0f}" if 1 <= number < 1e9 or number == 0 else f"{number:g}"
