"""The bar at the bottom: play, step, reset, where the run stands, and all of it at a glance."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from rnnviz.panels.sizing import icons, margins, sized, spacing, square, tall
from rnnviz.panels.theme import icon, mono_font, px, row, theme, themes, ui_font
from rnnviz.panels.time_cursor import time_cursor
from rnnviz.panels.translate import later
from rnnviz.panels.translate import tr as translate
from rnnviz.panels.widgets.key_button import KeyButton
from rnnviz.panels.widgets.timeline import Timeline
from rnnviz.session.view import RunView

_HIDE_ELAPSED_BELOW = 1100
_HIDE_EPOCH_BELOW = 1000
_HIDE_SPEED_BELOW = 760
_HIDE_STATE_BELOW = 600
_HIDE_LOSS_BELOW = 1240
_HIDE_DISPLAY_BELOW = 1500
_LECTURE_HEIGHT = 72  # pixels at the type designed for lectures


def _fit_height(bar: QWidget) -> None:
    lecture = themes().lecture
    bar.setFixedHeight(round(_LECTURE_HEIGHT * themes().scale()) if lecture else row(64, 2))


def clock(seconds: float) -> str:
    """mm:ss, with hours in front once there are any."""
    whole = int(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, second = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{second:02}" if hours else f"{minutes:02}:{second:02}"


def speed(characters_per_second: float) -> str:
    """Characters per second as people read them: 46.6 k, 912."""
    if characters_per_second >= 1e6:
        return f"{characters_per_second / 1e6:.2f} M"
    if characters_per_second >= 1e3:
        return f"{characters_per_second / 1e3:.1f} k"
    return f"{characters_per_second:.0f}"


class Readout(QWidget):
    """A number in fixed-width figures over its unit; as wide as the widest that is usual.

    It grows once when a longer one comes, and never shrinks: nothing beside it wavers.
    """

    def __init__(self, unit: str, widest: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._widest = widest
        self._value = QLabel("–")
        self._unit = QLabel(unit)
        self._unit.setProperty("role", "muted")
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(2)
        box.addStretch(1)
        box.addWidget(self._value)
        box.addWidget(self._unit)
        box.addStretch(1)
        self.setAccessibleName(unit)
        self.apply_theme()

    def apply_theme(self) -> None:
        """Takes the fonts and the width that goes with them."""
        font = mono_font("value", medium=True)
        self._value.setFont(font)
        self._value.setStyleSheet(f"font-size: {font.pixelSize()}px;")
        unit = QFontMetrics(ui_font("label")).horizontalAdvance(self._unit.text())
        width = max(QFontMetrics(font).horizontalAdvance(self._widest), unit) + 4
        self.setFixedWidth(width)
        # Of a fixed size, another number lays nothing out anew.
        self._value.setFixedSize(width, QFontMetrics(font).height())

    def show_value(self, text: str, unit: str | None = None) -> None:
        """Shows a value and, if it differs, another unit."""
        self._value.setText(text)
        self.setAccessibleDescription(text)
        if len(text) > len(self._widest):
            self._widest = "9" * len(text)
            self.apply_theme()
        if unit is not None:
            self._unit.setText(unit)

    def text(self) -> str:
        """The value shown."""
        return self._value.text()


class StatePill(QWidget):
    """A dot and a word: live, paused, diverged. Colour never stands alone."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._word, self._token = "", "text-muted"
        tall(self, 28)
        self.show_state(self.tr("No run"), "text-muted")

    def show_state(self, word: str, token: str) -> None:
        """Shows a word in a colour token."""
        if (word, token) != (self._word, self._token):
            self._word, self._token = word, token
            self.setAccessibleName(word)
            self.update()

    def word(self) -> str:
        """The word shown."""
        return self._word

    def sizeHint(self) -> QSize:
        """Wide enough for the longest word it shows, so that nothing beside it moves."""
        return QSize(
            QFontMetrics(ui_font("label", bold=True)).horizontalAdvance("Diverged") + px(42),
            self.height(),
        )

    minimumSizeHint = sizeHint

    def paintEvent(self, event: object) -> None:
        """Draws the pill."""
        colors = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        color = colors.color(self._token)
        soft = {"good": "accent-soft", "accent": "accent-soft", "danger": "danger-soft"}
        painter.setPen(QPen(color, 1))
        painter.setBrush(colors.color(soft.get(self._token, "surface-2")))
        painter.drawRoundedRect(area, 5, 5)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        dot = px(7)
        painter.drawEllipse(QRectF(px(12), (self.height() - dot) / 2, dot, dot))
        painter.setPen(colors.color("text") if self._token == "text-muted" else color)
        painter.setFont(ui_font("label", bold=True))
        painter.drawText(area.adjusted(px(26), 0, -4, 0), Qt.AlignmentFlag.AlignVCenter, self._word)


_PHASES = {
    "training": (later("Live"), "accent"),
    "paused": (later("Paused"), "text-muted"),
    "diverged": (later("Diverged"), "danger"),
    "failed": (later("Stopped"), "danger"),
    "stopped": (later("Stopped"), "text-muted"),
}


class TransportBar(QFrame):
    """Reads the view at a few hertz; says by signals what the user pressed."""

    play_toggled = Signal()
    step_requested = Signal()
    reset_requested = Signal()
    lecture_left = Signal()
    interval = 0.25

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("bar", "bottom")
        self.setAccessibleName(self.tr("Transport"))
        sized(self, "height", _fit_height)
        self.view: RunView | None = None
        # Pictures drawn in a second, and the share in [0, 1] of those due that was not.
        self.frame_rate: Callable[[], tuple[float, float]] = lambda: (0.0, 0.0)
        self._button_shown: tuple[bool, str] | None = None
        line = QHBoxLayout(self)
        margins(line, 12, 4, 12, 4)
        spacing(line, 8)
        self.play = QPushButton(self.tr("Play"))
        self.play.setProperty("kind", "primary")
        sized(self.play, "width", lambda play: play.setFixedWidth(row(104, 3)))
        tall(self.play, 40)
        icons(self.play)
        self.play.clicked.connect(self.play_toggled)
        self.step = self._icon_button(self.tr("One step"), self.tr("One step (Ctrl+.)"))
        self.step.clicked.connect(self.step_requested)
        self.reset = self._icon_button(
            self.tr("Reset"), self.tr("Reset: begin again with new weights (Ctrl+Shift+R)")
        )
        self.reset.clicked.connect(self.reset_requested)
        self.steps = Readout(self.tr("step"), "999,999")
        self.epoch = Readout(self.tr("epoch"), "99 · 99%")
        self.speed = Readout(self.tr("chars / s"), "999.9 k")
        self.elapsed = Readout(self.tr("elapsed"), "59:59")
        self.loss = Readout(self.tr("nats/char"), "99.99")
        self.display = Readout(self.tr("frames/s · dropped"), "20 · 99%")
        self._explain()
        self.timeline = Timeline()
        self.pill = StatePill()
        for widget in (self.play, self.step, self.reset):
            line.addWidget(widget)
        line.addSpacing(12)
        for readout in self._readouts():
            line.addWidget(readout)
            line.addSpacing(8)
        line.addWidget(self.timeline, 1)
        line.addWidget(self.pill)
        self.leave = KeyButton(self.tr("Exit"), self.tr("Esc"), height=40, framed=True)
        self.leave.setToolTip(self.tr("Leave lecture mode (Esc)"))
        self.leave.setAccessibleName(self.tr("Leave lecture mode"))
        self.leave.clicked.connect(self.lecture_left)
        self.leave.hide()
        line.addWidget(self.leave)
        self._lecture = False
        for part in (self.pill, self.play):  # until there is one
            part.setToolTip(
                self.tr(
                    "A run begins as soon as a text is loaded:\n"
                    "choose one under Corpus in Setup, or open a file (Ctrl+O)"
                )
            )
        themes().changed.connect(self._apply_theme)
        self._apply_theme()

    def _readouts(self) -> tuple[Readout, ...]:
        return self.steps, self.epoch, self.loss, self.speed, self.elapsed, self.display

    def _explain(self) -> None:
        for readout, tip in (
            (self.steps, self.tr("Changes of the weights since the run began")),
            (
                self.epoch,
                self.tr("Which pass through the text this is, and how much of it is done"),
            ),
            (self.loss, self.tr("Smoothed training loss in nats per character")),
            (self.speed, self.tr("Characters the network learns from in a second")),
            (self.elapsed, self.tr("Time spent training, hours:minutes:seconds")),
            (
                self.display,
                self.tr(
                    "Pictures the window draws in a second: 2.5 to 20 while it trains, so paced\n"
                    "that training keeps its speed. Dropped are those that were due and could\n"
                    "not be drawn in time"
                ),
            ),
        ):
            readout.setToolTip(tip)

    def _icon_button(self, name: str, tip: str) -> QPushButton:
        button = QPushButton()
        button.setProperty("kind", "icon")
        square(button, 40)
        button.setAccessibleName(name)
        button.setToolTip(tip)
        return button

    def set_view(self, view: RunView) -> None:
        """Shows another run."""
        self.view = self.timeline.view = view
        time_cursor().clear()  # a step of another run
        self.refresh()

    def refresh(self) -> None:
        """Takes over the newest figures."""
        view = self.view
        if view is None:
            return
        last = view.history.last
        self.steps.show_value(f"{view.step:,}")
        epoch = last.epoch if last else view.start_epoch
        passes = int(epoch)
        share = f" · {100 * (epoch - passes):.0f}%" if passes < 999 else ""
        self.epoch.show_value(f"{passes + 1:,}{share}")
        if view.training and last:
            self.speed.show_value(speed(view.history.characters_per_second()), self.tr("chars / s"))
        elif view.training:
            self.speed.show_value("…", self.tr("chars / s"))
        else:
            word, _ = _PHASES[view.state.phase]
            self.speed.show_value(
                translate(word).lower() if view.step else self.tr("ready"), self.tr("training")
            )
        self.elapsed.show_value(clock(last.seconds if last else view.start_seconds))
        self._show_loss_and_display(view)
        self.timeline.refresh()
        self.refresh_state()

    def _show_loss_and_display(self, view: RunView) -> None:
        known = len(view.history.smoothed) > 0
        loss = view.history.smoothed.values[-1] if known else math.nan
        self.loss.show_value(f"{loss:.2f}" if math.isfinite(loss) else "–")
        rate, dropped = self.frame_rate()
        if view.training and rate:
            self.display.show_value(f"{rate:.0f} · {100 * dropped:.0f}%")
        else:
            self.display.show_value("–")
        self.pill.setToolTip(
            self.tr("Step {0}, loss {1} nats/char, {2}\nDisplay {3} frames/s, {4}% dropped").format(
                f"{view.step:,}",
                self.loss.text(),
                f"{self.speed.text()} {self.tr('chars/s')}" if view.training else self.pill.word(),
                f"{rate:.0f}",
                f"{100 * dropped:.0f}",
            )
        )

    def refresh_state(self) -> None:
        """Button and pill; also called at once when the state changes."""
        view = self.view
        if view is None:
            return
        word, token = _PHASES[view.state.phase]
        if view.state.phase == "paused" and not view.step:
            word = self.tr("Ready")
        self.pill.show_state(translate(word), token)
        shown = (view.training, theme().name)
        if shown == self._button_shown:
            return
        self._button_shown = shown
        self.play.setText(self.tr("Pause") if view.training else self.tr("Play"))
        self.play.setIcon(icon("pause" if view.training else "play", "on-accent"))
        self.play.setToolTip(
            self.tr("Pause training (Space)") if view.training else self.tr("Train (Space)")
        )
        self.play.setAccessibleName(self.play.text())

    def set_ready(self, ready: bool) -> None:
        """Whether there is a run to play; while a text loads there may be none."""
        for button in (self.play, self.step, self.reset):
            button.setEnabled(ready)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a narrow window some figures give way."""
        super().resizeEvent(event)
        self._fit()

    def set_lecture(self, on: bool) -> None:
        """Nothing but what the back row needs, and the way out."""
        self._lecture = on
        self.leave.setVisible(on)
        self._fit()

    def _fit(self) -> None:
        """The elapsed time goes first, then the epoch, and with large type the rest."""
        room, desk = self.width(), not self._lecture
        self.elapsed.setVisible(desk and room >= px(_HIDE_ELAPSED_BELOW))
        self.epoch.setVisible(desk and room >= px(_HIDE_EPOCH_BELOW))
        self.speed.setVisible(desk and room >= px(_HIDE_SPEED_BELOW))
        self.pill.setVisible(desk and room >= px(_HIDE_STATE_BELOW))
        self.loss.setVisible(desk and room >= px(_HIDE_LOSS_BELOW))
        self.display.setVisible(desk and room >= px(_HIDE_DISPLAY_BELOW))

    def _apply_theme(self) -> None:
        self.step.setIcon(icon("step", "text"))
        self.reset.setIcon(icon("reset", "text"))
        for readout in self._readouts():
            readout.apply_theme()
        self.pill.updateGeometry()
        self._button_shown = None  # its icon has another size or colour
        self._fit()
        self.refresh_state()
