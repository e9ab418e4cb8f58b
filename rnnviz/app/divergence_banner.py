"""The badge over the pages after a divergence: what happened, where it came from, what to press."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QPushButton, QWidget

from rnnviz.panels.loss_plot import LossPlot
from rnnviz.panels.theme import icon_pixmap, px, theme, themes
from rnnviz.session.config import CLIP_RANGE
from rnnviz.session.view import RunView

_WIDEST = 560  # pixels at normal scale
_USUAL_CLIP = 5.0  # a gradient norm that most networks take without harm


class DivergenceBanner(QFrame):
    """Hidden unless the run has diverged. Neither modal nor moving: training stands, all else goes.

    It lies over the lower left corner of `anchor`, the loss plot, where a curve that has fallen
    leaves room, or else over that of the page in sight.
    """

    go_on = Signal(float)  # with clipping by norm at this threshold
    reset = Signal()

    def __init__(self, parent: QWidget, anchor: LossPlot) -> None:
        super().__init__(parent)
        self._anchor = anchor
        self.setProperty("banner", "danger")
        self._icon = QLabel()
        self._headline = QLabel()
        self._headline.setProperty("role", "diverged")
        self._cause = QLabel()
        self._cause.setProperty("role", "label")
        for label in (self._headline, self._cause):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(8)
        grid = QGridLayout(self)
        grid.setContentsMargins(16, 12, 16, 12)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(6)
        grid.addWidget(self._icon, 0, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(self._headline, 0, 1)
        grid.addWidget(self._cause, 1, 1)
        grid.addLayout(self._buttons, 2, 1)
        grid.setColumnStretch(1, 1)
        themes().changed.connect(self._apply_theme)
        # The plot gets its size only after the page around it has.
        self._settled = QTimer(self)
        self._settled.setSingleShot(True)
        self._settled.timeout.connect(self.place)
        for around in (parent, anchor):
            around.installEventFilter(self)
        self._apply_theme()
        self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follows the page and the plot when their size changes, or the plot comes and goes."""
        kinds = (QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.Hide)
        if not self.isHidden() and event.type() in kinds:
            self._settled.start(0)
        return super().eventFilter(watched, event)

    def show_divergence(self, view: RunView) -> None:
        """What happened to a run, and what to press: go on from before it, or begin again.

        The threshold is the user's own, at most what is usual, and a tenth of one that was in
        force and did not help.
        """
        clipping, state = view.in_force, view.state
        threshold = min(clipping.clip_threshold, _USUAL_CLIP)
        if clipping.clip_kind != "off":
            threshold = max(clipping.clip_threshold / 10, CLIP_RANGE[0])
        words = self.tr("Go on with clip {0:.2g}").format(threshold)
        tip = self.tr("Scale every gradient down to a norm of {0:.2g} and train on")
        cause = state.message
        if state.back_to < view.step:
            earlier = self.tr("Going on takes those of step {0:,}, from before it ran away.")
            cause = f"{cause} {earlier.format(state.back_to)}"
        reset_tip = self.tr("Begin again with new weights")
        self.say(
            state.headline,
            cause,
            [
                (words, tip.format(threshold), lambda: self.go_on.emit(threshold)),
                (self.tr("Reset"), reset_tip, self.reset.emit),
            ],
        )

    def say(
        self, headline: str, cause: str, actions: Sequence[tuple[str, str, Callable[[], None]]]
    ) -> None:
        """Shows what happened, and a button for each action: its words, its tooltip, what it does.

        The banner stays until `dismiss`: that is for whoever sees training go on.
        """
        while self._buttons.count():
            item = self._buttons.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self._headline.setText(headline)
        self._cause.setText(cause)
        self.setAccessibleName(headline)
        self.setAccessibleDescription(cause)
        for words, tip, act in actions:
            button = QPushButton(words)
            button.setToolTip(tip)
            button.clicked.connect(act)
            self._buttons.addWidget(button)
        self._buttons.addStretch(1)
        self.show()
        self.place()
        self.raise_()

    def words(self) -> str:
        """What is shown; empty while hidden."""
        return "" if self.isHidden() else f"{self._headline.text()}. {self._cause.text()}"

    def buttons(self) -> list[QPushButton]:
        """The action buttons shown."""
        return [button for button in self.findChildren(QPushButton) if not button.isHidden()]

    def dismiss(self) -> None:
        """Training goes on, or another run has begun."""
        self.hide()
        self._anchor.set_covered(QRectF())

    def place(self) -> None:
        """Finds its place again: the window, the page or the size of type has changed."""
        parent = self.parentWidget()
        if parent is None or self.isHidden():
            return
        around = parent.rect().adjusted(8, 8, -8, -8)
        plot = self._anchor
        over = plot.isVisible() and plot.window() is self.window()
        if over:
            # Right of the numbers of the y axis, above those of the x axis.
            place = QRect(plot.mapTo(parent, plot.rect().topLeft()), plot.size())
            around = place.adjusted(px(64), 8, -16, -px(48)).intersected(around)
        width = max(min(self._widest(), around.width()), min(px(320), parent.width()))
        layout = self.layout()
        assert layout is not None
        height = min(layout.totalHeightForWidth(width), parent.height())
        left = min(around.left(), parent.width() - width)
        top = max(around.bottom() - height, 0)
        self.setGeometry(max(left, 0), top, width, height)
        corner = plot.mapFrom(parent, self.pos()) if over else None
        plot.set_covered(QRectF() if corner is None else QRectF(corner, self.size()))

    def _widest(self) -> int:
        """As wide as the longer of the two lines, and the buttons, would like."""
        lines = [
            label.fontMetrics().horizontalAdvance(label.text()) + 8
            for label in (self._headline, self._cause)
        ]
        taken = 16 + px(20) + 12 + 16
        return min(max(*lines, self._buttons.sizeHint().width()) + taken, px(_WIDEST))

    def _apply_theme(self) -> None:
        self._icon.setPixmap(icon_pixmap("warning", theme().color("danger"), px(20)))
        self.place()
