"""What can be chosen in the Loss panel: in its header, as far as there is room, and in its menu."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPoint, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QToolButton

from rnnviz.panels.base import Panel
from rnnviz.panels.loss_units import loss_text
from rnnviz.panels.theme import px
from rnnviz.panels.widgets.segmented import Segmented
from rnnviz.panels.widgets.smoothing_control import SmoothingControl
from rnnviz.panels.widgets.toggle import Toggle
from rnnviz.session.history import ALONG
from rnnviz.session.reference_lines import Reference

# Widths of the panel below which a control is in the menu alone.
_UNITS_FROM, _LOG_Y_FROM, _SMOOTHING_FROM = 420, 640, 760


class LossControls(QObject):
    """Says what the user chose; what is in force it shows when told so."""

    unit_chosen = Signal(str)
    axis_chosen = Signal(str)  # one of `history.ALONG`
    log_x_chosen = Signal(bool)
    log_y_chosen = Signal(bool)
    smoothing_chosen = Signal(int)  # steps
    line_chosen = Signal(str, bool)  # id of a reference line, and whether to show it
    follow_asked = Signal()

    def __init__(self, panel: Panel) -> None:
        """Adds them to the panel's header and to its menu."""
        super().__init__(panel)
        self._fill_header(panel)
        self._fill_menu(panel.menu)

    def _fill_header(self, panel: Panel) -> None:
        self.follow_button = QToolButton()
        self.follow_button.setProperty("framed", True)
        self.follow_button.setText(self.tr("Follow"))
        self.follow_button.setToolTip(self.tr("Show the whole run and keep up with it again"))
        self.follow_button.setStyleSheet("padding: 0 8px;")
        self.follow_button.clicked.connect(self.follow_asked)
        self.follow_button.hide()
        self.units = Segmented(
            [
                ("nats", self.tr("nats")),
                ("bits", self.tr("bits")),
                ("perplexity", self.tr("perplexity")),
            ],
            self.tr("Unit of the loss"),
        )
        self.units.set_tips(
            {
                "nats": self.tr("Natural logarithm, per character"),
                "bits": self.tr("Base 2 logarithm, per character"),
                "perplexity": self.tr("e to the loss in nats: as unsure as among so many"),
            }
        )
        self.log_toggle = Toggle(self.tr("log x"), self.tr("Logarithmic x axis"))
        self.log_toggle.setToolTip(self.tr("Logarithmic x axis (Ctrl+L)"))
        self.log_toggle.setChecked(True)
        self.log_y_toggle = Toggle(self.tr("log y"), self.tr("Logarithmic loss axis"))
        self.smoothing = SmoothingControl(1)
        for widget in (
            self.follow_button,
            self.smoothing,
            self.units,
            self.log_toggle,
            self.log_y_toggle,
        ):
            panel.add_header_control(widget)
        self.units.changed.connect(self.unit_chosen)
        self.log_toggle.toggled.connect(self.log_x_chosen)
        self.log_y_toggle.toggled.connect(self.log_y_chosen)
        self.smoothing.edited.connect(self.smoothing_chosen)

    def _fill_menu(self, menu: QMenu) -> None:
        menu.addSeparator()
        self._unit_actions: dict[str, QAction] = {}
        units = menu.addMenu(self.tr("Unit"))
        for unit in self.units.options():
            action = units.addAction(unit)
            action.setCheckable(True)
            action.setChecked(unit == "nats")
            action.triggered.connect(lambda _=False, chosen=unit: self.unit_chosen.emit(chosen))
            self._unit_actions[unit] = action
        self.axis_menu = menu.addMenu(self.tr("The x axis counts"))
        self._axis_actions: dict[str, QAction] = {}
        group = QActionGroup(self)
        names = (self.tr("Steps"), self.tr("Characters read"), self.tr("Training time"))
        for kind, name in zip(ALONG, names, strict=True):
            action = self.axis_menu.addAction(name)
            action.setCheckable(True)
            action.setChecked(kind == "step")
            action.triggered.connect(lambda _=False, chosen=kind: self.axis_chosen.emit(chosen))
            group.addAction(action)
            self._axis_actions[kind] = action
        self._log_action = menu.addAction(self.tr("Logarithmic x axis"))
        self._log_action.setCheckable(True)
        self._log_action.setChecked(True)
        self._log_action.toggled.connect(self.log_x_chosen)
        self._log_y_action = menu.addAction(self.tr("Logarithmic loss axis"))
        self._log_y_action.setCheckable(True)
        self._log_y_action.toggled.connect(self.log_y_chosen)
        menu.addAction(self.tr("Smoothing…"), self._offer_smoothing)
        self.line_menu = QMenu(self.tr("Reference lines"), menu)
        menu.addMenu(self.line_menu)

    def fill_lines(self, lines: list[Reference], hidden: set[str], unit: str) -> None:
        """The reference lines there are, with their losses, in their menu."""
        self.line_menu.clear()
        for line in lines:
            action = self.line_menu.addAction(f"{line.name} {loss_text(line.nats, unit)}")
            action.setCheckable(True)
            action.setChecked(line.id not in hidden)
            action.toggled.connect(lambda on, key=line.id: self.line_chosen.emit(key, on))

    def offer_axes(self, at: QPoint) -> None:
        """Opens the menu of what the x axis counts, at a point of the screen."""
        self.axis_menu.popup(at)

    def _offer_smoothing(self) -> None:
        place = self.smoothing.parentWidget() or self.smoothing
        self.smoothing.popup.popup(place.mapToGlobal(place.rect().bottomLeft()))

    def show_unit(self, unit: str) -> None:
        """Says which unit is in force."""
        self.units.set_current(unit)
        for key, action in self._unit_actions.items():
            action.setChecked(key == unit)

    def show_axes(self, kind: str, log_x: bool, log_y: bool, unit: str) -> None:
        """Says what the x axis counts and which axes are logarithmic."""
        for control in (self.log_toggle, self._log_action):
            control.setChecked(log_x)
        self._axis_actions[kind].setChecked(True)
        already = unit == "perplexity"
        for control in (self.log_y_toggle, self._log_y_action):
            control.blockSignals(True)
            control.setChecked(log_y)
            control.setEnabled(not already)
            control.blockSignals(False)
        self.log_y_toggle.update()
        self.log_y_toggle.setToolTip(
            self.tr("The axis of perplexity is logarithmic as it is: perplexity is e to the loss")
            if already
            else self.tr("Logarithmic loss axis")
        )

    def arrange(self, width: int) -> None:
        """Shows in the header what a panel of so many pixels has room for."""
        for control, least in (
            (self.units, _UNITS_FROM),
            (self.log_y_toggle, _LOG_Y_FROM),
            (self.smoothing, _SMOOTHING_FROM),
        ):
            control.setVisible(width >= px(least))
