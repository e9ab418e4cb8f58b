"""The Setup column: what holds after the next restart, and what holds from the next step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from rnnviz.panels.setup_corpus import CorpusField
from rnnviz.panels.setup_live import LiveSettings
from rnnviz.panels.setup_network import NetworkFields
from rnnviz.panels.sizing import margins, spacing, square, tall, wide
from rnnviz.panels.theme import icon, icon_pixels, icon_pixmap, px, theme, themes
from rnnviz.panels.widgets.field_row import FieldRow
from rnnviz.panels.widgets.number_field import NumberField
from rnnviz.session.config import RESTART_FIELDS, RunConfig, problems, restart_changes
from rnnviz.session.frames import InForce
from rnnviz.text.corpus import Corpus
from rnnviz.text.sources import Source

WIDTH = 264
_COMPACT_BELOW = 800  # pixels of height: labels go beside their controls


class SetupPanel(QFrame):
    """Edits a wanted config beside the one in force. The window decides what comes of it."""

    command = Signal(object)  # a live setting, for the runner
    restart_requested = Signal()  # with `wanted`
    edited = Signal()  # `wanted` changed by the user
    reverted = Signal()  # what waited was taken back, the text included
    source_chosen = Signal(str)  # id of a source
    open_requested = Signal()
    cancel_requested = Signal()  # of a download or of loading
    collapse_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("panel", True)
        self.setAccessibleName(self.tr("Setup"))
        wide(self, WIDTH)
        self.running = RunConfig()
        self.wanted = RunConfig()
        self._text_length: int | None = None
        self._compact: bool | None = None
        self._refused: dict[str, str] = {}
        self._busy = False
        self._symbols = 0
        self.corpus = CorpusField()
        self.network = NetworkFields()
        self.live = LiveSettings()

        outer = QVBoxLayout(self)
        outer.setContentsMargins(1, 1, 1, 1)
        outer.setSpacing(0)
        outer.addWidget(self._build_header())
        content = QWidget()
        self._column = QVBoxLayout(content)
        margins(self._column, 8, 0, 8, 8)
        spacing(self._column, 8)
        self._column.addWidget(self._build_restart_group())
        self._column.addWidget(self.live)
        self._column.addStretch(1)
        self._scroll = scroll = QScrollArea()
        scroll.setWidget(content)
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the field with the focus is in sight
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        outer.addWidget(scroll, 1)
        self._rows = self.findChildren(FieldRow)
        beside = [*self.network.rows_beside(), *self.live.rows]
        for row in beside:
            row.set_column([other.label() for other in beside])
        self._connect()
        themes().changed.connect(self._apply_theme)
        self._apply_theme()
        self._set_compact(False)
        self._show_wanted()
        self._show_live(self.wanted)  # what a first run begins with

    # Building.

    def _build_header(self) -> QWidget:
        header = QWidget()
        tall(header, 36)
        line = QHBoxLayout(header)
        margins(line, 12, 6, 8, 6)
        title = QLabel(self.tr("Setup"))
        title.setProperty("role", "title")
        self._collapse = QToolButton()
        square(self._collapse, 24)
        self._collapse.setToolTip(self.tr("Fold Setup away (Ctrl+B)"))
        self._collapse.setAccessibleName(self.tr("Fold Setup away"))
        self._collapse.clicked.connect(self.collapse_requested)
        line.addWidget(title)
        line.addStretch(1)
        line.addWidget(self._collapse)
        return header

    def _build_restart_group(self) -> QWidget:
        group = QFrame()
        group.setProperty("group", "restart")
        self._restart_layout = box = QVBoxLayout(group)
        heading = QHBoxLayout()
        heading.setSpacing(8)
        self._restart_icon = QLabel()
        words = QLabel(self.tr("Applies on restart"))
        words.setProperty("role", "label")
        heading.addWidget(self._restart_icon)
        heading.addWidget(words, 1)
        box.addLayout(heading)
        box.addWidget(self.corpus)
        box.addWidget(self.network)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        self.restart_button = QPushButton(self.tr("Restart"))
        self.restart_button.setProperty("kind", "warn")
        tall(self.restart_button, 28)
        self.restart_button.clicked.connect(self.restart_requested)
        self.revert_button = QPushButton(self.tr("Revert"))
        tall(self.revert_button, 28)
        self.revert_button.setProperty("kind", "small")
        self.revert_button.setToolTip(self.tr("Take back what waits for a restart"))
        self.revert_button.clicked.connect(self.revert)
        buttons.addWidget(self.restart_button, 1)
        buttons.addWidget(self.revert_button)
        box.addLayout(buttons)
        return group

    def _connect(self) -> None:
        self.corpus.source_chosen.connect(self.source_chosen)
        self.corpus.open_requested.connect(self.open_requested)
        self.corpus.cancel_requested.connect(self.cancel_requested)
        self.network.edited.connect(self._edit)
        self.network.refused.connect(self._refuse)
        self.live.command.connect(self.command)

    # What holds.

    def set_in_force(self, in_force: InForce) -> None:
        """Shows the live settings the engine has acknowledged."""
        self.live.set_in_force(in_force)
        self.wanted = self.wanted.with_changes(
            learning_rate=in_force.learning_rate,
            clip_kind=in_force.clip_kind,
            clip_threshold=in_force.clip_threshold,
            optimizer=in_force.optimizer,
        )

    def _show_live(self, config: RunConfig) -> None:
        self.live.set_in_force(
            InForce(
                config.learning_rate,
                config.clip_kind,
                config.clip_threshold,
                config.optimizer,
                config.temperature,
            )
        )

    def set_running(self, config: RunConfig, text_length: int) -> None:
        """A run with this config has begun on a text of so many characters."""
        self.running = self.wanted = config
        self._text_length = text_length
        self._refused.clear()
        self.network.reset_texts()
        self.live.set_start(config)
        self._show_wanted()

    # What waits.

    def set_wanted(self, config: RunConfig) -> None:
        """Proposes settings, as choosing a preset does; they wait for the restart."""
        self.wanted = config
        self._refused.clear()
        self._show_wanted()

    def revert(self) -> None:
        """Takes back every restart setting that waits."""
        changes = {name: getattr(self.running, name) for name in RESTART_FIELDS}
        self.wanted = self.wanted.with_changes(**changes)
        self._refused.clear()
        self.network.reset_texts()
        self._show_wanted()
        self.reverted.emit()
        self.edited.emit()

    def change(self, changes: Mapping[str, Any]) -> None:
        """Proposes restart settings by field, as if they had been edited one after the other."""
        for name in changes:
            self._refused.pop(name, None)
            if name in self.network.numbers:
                self.network.numbers[name].reset_text()
        self.wanted = self.wanted.with_changes(**changes)
        self._show_wanted()
        self.edited.emit()

    def pending(self) -> tuple[str, ...]:
        """The settings that wait for a restart."""
        return restart_changes(self.running, self.wanted)

    def problems(self) -> dict[str, str]:
        """What is wrong with the wanted settings, by field."""
        return {**problems(self.wanted, self._text_length), **self._refused}

    def _edit(self, name: str, value: object) -> None:
        self._refused.pop(name, None)
        self.wanted = self.wanted.with_changes(**{name: value})
        self._show_wanted()
        self.edited.emit()

    def _refuse(self, name: str, sentence: str) -> None:
        if sentence:
            self._refused[name] = sentence
        else:
            self._refused.pop(name, None)
        self._show_wanted()

    def _show_wanted(self) -> None:
        pending, found = self.pending(), self.problems()
        self.network.show_settings(self.wanted, self.running, pending, found)
        self.network.show_size(self.wanted, 0 if found else self._symbols)
        self.corpus.set_wanted(self.wanted.corpus, "corpus" in pending)
        self._show_buttons(len(pending), bool(found))

    def _show_buttons(self, changes: int, bad: bool) -> None:
        if changes == 1:
            text = self.tr("Restart with 1 change")
        elif changes:
            text = self.tr("Restart with {0} changes").format(changes)
        else:
            text = self.tr("Restart")
        self.restart_button.setText(text)
        self.restart_button.setEnabled(bool(changes) and not bad and not self._busy)
        self.restart_button.setToolTip(
            self.tr("Mend the marked settings first")
            if bad
            else self.tr("Begins a new run; the present one ends")
        )
        self.revert_button.setEnabled(bool(changes) or bool(self._refused))

    # The text.

    def set_sources(self, sources: list[Source], current: str) -> None:
        """Fills the list of texts; `current` is an id, or the path of a file of the user's."""
        self.corpus.set_sources(sources, current)

    def sources(self) -> list[tuple[str, str, str]]:
        """Title, id or path, and note of every text in the list."""
        return self.corpus.sources()

    def set_corpus(self, corpus: Corpus) -> None:
        """The wanted text has been loaded."""
        self.wanted = self.wanted.with_changes(corpus=corpus.origin)
        self._text_length = len(corpus.text)
        self._symbols = corpus.vocabulary.size
        self._busy = False
        self.corpus.show_corpus(corpus)
        self._show_wanted()

    def set_busy(self, words: str, share: float | None = None) -> None:
        """Loading or downloading: `share` in [0, 1], None while unknown; empty words end it."""
        self._busy = bool(words)
        self.corpus.set_busy(words, share)

    # To be found.

    def fields(self) -> list[tuple[str, QWidget]]:
        """Label and control of every setting, from top to bottom."""
        return [(row.label(), row.control()) for row in self._rows]

    def show_field(self, control: QWidget) -> None:
        """Brings the control of a setting into sight and gives it the keys."""
        self._scroll.ensureWidgetVisible(control)
        control.setFocus(Qt.FocusReason.ShortcutFocusReason)
        if isinstance(control, NumberField):
            control.selectAll()

    # Appearance.

    def _set_compact(self, compact: bool) -> None:
        if compact == self._compact:
            return
        self._compact = compact
        margin, spacing = (8, 5) if compact else (12, 8)
        self.corpus.set_compact(compact, spacing)
        self.network.set_compact(compact, spacing)
        self.live.set_compact(compact, margin, spacing)
        self._restart_layout.setContentsMargins(margin + 2, margin, margin + 2, margin)
        self._restart_layout.setSpacing(spacing)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Sets rows closer in a low window."""
        super().resizeEvent(event)
        self._set_compact(event.size().height() < px(_COMPACT_BELOW))

    def _apply_theme(self) -> None:
        self._collapse.setIcon(icon("chevron-left"))
        self._restart_icon.setPixmap(icon_pixmap("reset", theme().color("text-2"), icon_pixels(14)))
        self._set_compact(self.height() < px(_COMPACT_BELOW))
