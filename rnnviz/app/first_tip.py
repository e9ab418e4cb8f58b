"""What a newcomer is told once, above the Play button; closed or heeded, it never comes back."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QLabel, QToolButton, QWidget

from rnnviz.panels.sizing import square
from rnnviz.panels.theme import icon, theme, themes

PLAYED, CLIPPED, TYPED = "played", "clipped", "typed"
_ARROW = 8  # pixels of the tip that points down


class FirstTip(QFrame):
    """Three things to try; each is ticked when it was done, and after the last the tip leaves."""

    done = Signal()  # closed or all tried: not to be shown again

    def __init__(self, above: QWidget, parent: QWidget) -> None:
        """Stands over `above`, pointing at it."""
        super().__init__(parent)
        self._above, self._over = above, parent
        self._tried: set[str] = set()
        self._steps: dict[str, QLabel] = {}
        self._arrows: list[QLabel] = []
        self._words = {
            PLAYED: self.tr("Press Play"),
            CLIPPED: self.tr("drag the orange line"),
            TYPED: self.tr("type in Next character"),
        }
        self._line = line = QHBoxLayout(self)
        line.setContentsMargins(14, 8, 6, 8 + _ARROW)
        line.setSpacing(6)
        for number, (step, words) in enumerate(self._words.items()):
            if number:
                arrow = QLabel("→")
                arrow.setProperty("role", "muted")
                self._arrows.append(arrow)
                line.addWidget(arrow)
            label = self._steps[step] = QLabel(words)
            line.addWidget(label)
        self._close = QToolButton()
        square(self._close, 24)
        self._close.setToolTip(self.tr("Close this tip for good"))
        self._close.setAccessibleName(self.tr("Close this tip for good"))
        self._close.clicked.connect(self._end)
        line.addSpacing(8)
        line.addWidget(self._close)
        self.setAccessibleName(", ".join(self._words.values()))
        themes().changed.connect(self._apply_theme)
        parent.installEventFilter(self)
        above.installEventFilter(self)
        self._apply_theme()
        self.hide()

    def begin(self) -> None:
        """Shows it."""
        self.show()
        self._place()
        self.raise_()

    def tried(self, step: str) -> None:
        """The user did one of the things."""
        if self.isHidden() or step in self._tried:
            return
        self._tried.add(step)
        self._apply_theme()
        if self._tried == set(self._steps):
            self._end()

    def was_used(self) -> bool:
        """Whether anything of it was tried."""
        return bool(self._tried)

    def _end(self) -> None:
        self.hide()
        self.done.emit()

    def _place(self) -> None:
        """In one line, or in three where the type is too large for that."""
        self._set_in_one_line(True)
        if self._line.sizeHint().width() > self._over.width() - 16:
            self._set_in_one_line(False)
        self.adjustSize()
        corner = self._above.mapTo(self._over, self._above.rect().topLeft())
        self.move(8, max(corner.y() - self.height() - 4, 0))

    def _set_in_one_line(self, on: bool) -> None:
        directions = QBoxLayout.Direction
        self._line.setDirection(directions.LeftToRight if on else directions.TopToBottom)
        for arrow in self._arrows:
            arrow.setVisible(on)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keeps its place when the window changes."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Move) and not self.isHidden():
            self._place()
        return super().eventFilter(watched, event)

    def _apply_theme(self) -> None:
        colors = theme()
        for step, label in self._steps.items():
            tried = step in self._tried
            label.setText(f"✓ {self._words[step]}" if tried else self._words[step])
            color = colors.hex("good" if tried else "text")
            label.setStyleSheet(f"color: {color}; font-weight: {400 if tried else 600};")
        self._close.setIcon(icon("close"))
        if not self.isHidden():
            self._place()

    def paintEvent(self, event: QPaintEvent) -> None:
        """A bubble whose tip points at the button."""
        colors = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(1, 1, -1, -1 - _ARROW)
        middle = self._above.mapTo(self._over, self._above.rect().center()).x() - self.x()
        tip = QPolygonF(
            [
                QPointF(middle - _ARROW, box.bottom()),
                QPointF(middle, box.bottom() + _ARROW),
                QPointF(middle + _ARROW, box.bottom()),
            ]
        )
        painter.setPen(QPen(colors.color("accent"), 1.5))
        painter.setBrush(colors.color("accent-soft"))
        painter.drawRoundedRect(box, 6, 6)
        painter.drawPolyline(tip)
        painter.setPen(Qt.PenStyle.NoPen)  # the edge between box and tip goes
        painter.drawPolygon(tip.translated(0, -1.5))
