"""A row of joined segments of which one is chosen: nats | bits | perplexity."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from rnnviz.panels.sizing import tall
from rnnviz.panels.theme import px, theme, themes, ui_font
from rnnviz.panels.tip_at_point import shows_tip


class Segmented(QWidget):
    """Shows `(id, label)` options; arrow keys and clicks choose; options can be out of reach."""

    changed = Signal(str)  # the id chosen by the user

    def __init__(
        self,
        options: Sequence[tuple[str, str]],
        name: str,
        parent: QWidget | None = None,
        *,
        stretch: bool = False,
    ) -> None:
        super().__init__(parent)
        self._options = list(options)
        self._current = self._options[0][0]
        self._disabled: dict[str, str] = {}
        self._tips: dict[str, str] = {}
        self._pending = False
        self._hover = -1
        self._stretch = stretch
        self.setAccessibleName(name)
        self.setToolTip(name)  # where there is nothing to say about the option under the mouse
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        tall(self, 24 if not stretch else 28)
        policy = QSizePolicy.Policy.Expanding if stretch else QSizePolicy.Policy.Fixed
        self.setSizePolicy(policy, QSizePolicy.Policy.Fixed)
        themes().changed.connect(self._restyle)

    def _restyle(self) -> None:
        self.updateGeometry()
        self.update()

    # What it shows.

    def current(self) -> str:
        """The id of the chosen option."""
        return self._current

    def set_current(self, option: str) -> None:
        """Chooses an option without emitting `changed`."""
        if option != self._current and option in (key for key, _ in self._options):
            self._current = option
            self.setAccessibleDescription(dict(self._options)[option])
            self.update()

    def set_options(self, options: Sequence[tuple[str, str]]) -> None:
        """Replaces the options; keeps the choice if it is still among them."""
        self._options = list(options)
        if self._current not in (key for key, _ in self._options):
            self._current = self._options[0][0]
        self._disabled = {k: v for k, v in self._disabled.items() if k in dict(self._options)}
        self.updateGeometry()
        self.update()

    def options(self) -> list[str]:
        """The ids in order."""
        return [key for key, _ in self._options]

    def set_disabled(self, reasons: dict[str, str]) -> None:
        """Puts options out of reach; each reason is shown as their tooltip."""
        self._disabled = dict(reasons)
        self.update()

    def disabled(self) -> dict[str, str]:
        """The options out of reach and why."""
        return dict(self._disabled)

    def set_tips(self, tips: dict[str, str]) -> None:
        """Tooltips of single options."""
        self._tips = dict(tips)

    def tips(self) -> list[str]:
        """A line for each option about which there is something to say."""
        found = [
            (label, self._disabled.get(key) or self._tips.get(key)) for key, label in self._options
        ]
        return [f"{label}: {tip}" for label, tip in found if tip]

    def set_pending(self, pending: bool) -> None:
        """Marks the choice as waiting for a restart."""
        if pending != self._pending:
            self._pending = pending
            self.update()

    # Geometry.

    def sizeHint(self) -> QSize:
        """Wide enough for every label in bold."""
        return QSize(round(sum(self._widths())) + 2, self.height())

    def minimumSizeHint(self) -> QSize:
        """A stretched row may be narrower than its natural width."""
        return QSize(px(60), self.height()) if self._stretch else self.sizeHint()

    def _widths(self) -> list[float]:
        metrics = QFontMetricsF(ui_font("label", bold=True))
        natural = [metrics.horizontalAdvance(label) + px(20) for _, label in self._options]
        if self._stretch and self.width() > 0:
            return [(self.width() - 2) / len(natural)] * len(natural)
        return natural

    def _rects(self) -> list[QRectF]:
        x = 1.0
        found = []
        for width in self._widths():
            found.append(QRectF(x, 1, width, self.height() - 2))
            x += width
        return found

    def _at(self, position: QPointF) -> int:
        for index, rect in enumerate(self._rects()):
            if rect.contains(position):
                return index
        return -1

    def option_center(self, option: str) -> QPointF:
        """Where a click chooses this option, in widget coordinates."""
        return self._rects()[self.options().index(option)].center()

    # Painting and input.

    def paintEvent(self, event: object) -> None:
        """Draws the frame, the segments, the chosen one and the focus ring."""
        colors = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        whole = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QPen(colors.color("border"), 1))
        painter.setBrush(colors.color("surface-2"))
        painter.drawRoundedRect(whole, 5, 5)
        for index, ((key, label), rect) in enumerate(
            zip(self._options, self._rects(), strict=True)
        ):
            chosen = key == self._current
            if chosen:
                edge = "warn" if self._pending else "border-strong"
                painter.setPen(QPen(colors.color(edge), 2 if self._pending else 1))
                painter.setBrush(colors.color("surface-3"))
                painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)
            if key in self._disabled or not self.isEnabled():
                color = colors.mixed("text-2", "surface-2", 0.45)
            elif chosen or index == self._hover:
                color = colors.color("text")
            else:
                color = colors.color("text-2")
            painter.setPen(color)
            painter.setFont(ui_font("label", bold=chosen))
            painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, label)
        if self.hasFocus():
            painter.setPen(QPen(colors.color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(whole.adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Chooses the segment under the mouse."""
        index = self._at(event.position())
        if index >= 0:
            self._choose(self._options[index][0])

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Highlights the segment under the mouse."""
        hover = self._at(event.position())
        if hover != self._hover:
            self._hover = hover
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Ends the highlight."""
        self._hover = -1
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right choose the neighbour that is within reach."""
        moves = {Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Down: 1}
        move = moves.get(Qt.Key(event.key()))
        if move is None:
            super().keyPressEvent(event)
            return
        keys = self.options()
        index = keys.index(self._current) + move
        while 0 <= index < len(keys):
            if keys[index] not in self._disabled:
                self._choose(keys[index])
                return
            index += move

    def event(self, event: QEvent) -> bool:
        """Shows the tooltip of the segment under the mouse."""
        return shows_tip(event, self, self._tip_at) or super().event(event)

    def _tip_at(self, at: QPointF) -> str:
        index = self._at(at)
        key = self._options[index][0] if index >= 0 else ""
        return self._disabled.get(key) or self._tips.get(key) or self.toolTip()

    def _choose(self, key: str) -> None:
        if key in self._disabled or key == self._current:
            return
        self.set_current(key)
        self.changed.emit(key)
