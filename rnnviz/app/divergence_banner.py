"""The badge below the pages after a divergence: what happened, where it came from, what helps."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from rnnviz.app.notice import take_widgets_away
from rnnviz.panels.theme import icon_pixmap, px, theme, themes
from rnnviz.session.config import CLIP_RANGE
from rnnviz.session.view import RunView

_USUAL_CLIP = 5.0  # a gradient norm that most networks take without harm
_GAP = 8  # pixels to the page above


class DivergenceBanner(QFrame):
    """Hidden unless the run has diverged. Neither modal nor moving: training stands, all else goes.

    It has a row of its own between the page and the transport, so that it covers nothing that is
    to be looked at now.
    """

    go_on = Signal(str, float)  # with clipping of this kind at this threshold
    reset = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("banner", "danger")
        self._failed_with: tuple[str, float] | None = None  # clipping at the divergence shown
        self._clipping: tuple[str, float] | None = None  # to go on with
        self._changed = False  # by the user, since
        self._icon = QLabel()
        self._headline = QLabel()
        self._headline.setProperty("role", "diverged")
        self._cause = QLabel()
        self._cause.setProperty("role", "label")
        words = QVBoxLayout()
        words.setSpacing(2)
        for label in (self._headline, self._cause):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            words.addWidget(label)
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(8)
        line = QHBoxLayout(self)
        line.setContentsMargins(16, 8, 12, 8)
        line.setSpacing(12)
        line.addWidget(self._icon)
        line.addLayout(words, 1)
        line.addLayout(self._buttons)
        themes().changed.connect(self._apply_theme)
        self._apply_theme()
        self.hide()

    def show_divergence(self, view: RunView) -> None:
        """What happened to a run, and what to press: go on from before it, or begin again."""
        self._failed_with = (view.in_force.clip_kind, view.in_force.clip_threshold)
        self._show(view)

    def show_clipping(self, view: RunView) -> None:
        """Clipping may have been changed after the divergence: that is what to go on with."""
        if self._failed_with is not None:
            self._show(view)

    def chosen(self) -> tuple[str, float] | None:
        """The clipping that was chosen after the divergence shown, and should now do better."""
        return self._clipping if self._changed else None

    def _suggested(self) -> tuple[str, float]:
        """The user's own threshold, at most what is usual; a tenth of one that did not help."""
        assert self._failed_with is not None
        kind, threshold = self._failed_with
        if kind == "off":
            return "norm", min(threshold, _USUAL_CLIP)
        return "norm", max(threshold / 10, CLIP_RANGE[0])

    def _show(self, view: RunView) -> None:
        state, now = view.state, (view.in_force.clip_kind, view.in_force.clip_threshold)
        self._changed = now != self._failed_with and now[0] != "off"
        self._clipping = kind, threshold = now if self._changed else self._suggested()
        words = self.tr("Go on with clip {0:.2g}")
        tip = self.tr("Scale every gradient down to a norm of {0:.2g} and train on")
        if kind == "value":
            words = self.tr("Go on with clip ±{0:.2g}")
            tip = self.tr("Hold every entry of the gradient within ±{0:.2g} and train on")
        cause = state.message
        if state.back_to < view.step:
            earlier = self.tr("Going on takes those of step {0:,}, from before it ran away.")
            cause = f"{cause} {earlier.format(state.back_to)}"
        reset_tip = self.tr("Begin again with new weights")
        self._say(
            state.headline,
            cause,
            [
                (
                    words.format(threshold),
                    tip.format(threshold),
                    lambda: self.go_on.emit(kind, threshold),
                ),
                (self.tr("Reset"), reset_tip, self.reset.emit),
            ],
        )

    def say(
        self, headline: str, cause: str, actions: Sequence[tuple[str, str, Callable[[], None]]]
    ) -> None:
        """Shows what happened, and a button for each action: its words, its tooltip, what it does.

        The banner stays until `dismiss`: that is for whoever sees training go on.
        """
        self._forget()
        self._say(headline, cause, actions)

    def _say(
        self, headline: str, cause: str, actions: Sequence[tuple[str, str, Callable[[], None]]]
    ) -> None:
        take_widgets_away(self._buttons)
        self._headline.setText(headline)
        self._cause.setText(cause)
        self.setAccessibleName(headline)
        self.setAccessibleDescription(cause)
        for words, tip, act in actions:
            button = QPushButton(words)
            button.setToolTip(tip)
            button.clicked.connect(act)
            self._buttons.addWidget(button)
            button.show()  # at once, where the banner is in sight already
        self.show()

    def words(self) -> str:
        """What is shown; empty while hidden."""
        return "" if self.isHidden() else f"{self._headline.text()}. {self._cause.text()}"

    def buttons(self) -> list[QPushButton]:
        """The action buttons shown."""
        return [button for button in self.findChildren(QPushButton) if not button.isHidden()]

    def dismiss(self) -> None:
        """Training goes on, or another run has begun."""
        self._forget()
        self.hide()

    def _forget(self) -> None:
        self._failed_with = self._clipping = None
        self._changed = False

    def taken(self, width: int) -> int:
        """The height in pixels that a page of some width has less while this is shown."""
        layout = self.layout()
        if self.isHidden() or layout is None:
            return 0
        return layout.totalHeightForWidth(width) + _GAP

    def _apply_theme(self) -> None:
        self._icon.setPixmap(icon_pixmap("warning", theme().color("danger"), px(20)))
