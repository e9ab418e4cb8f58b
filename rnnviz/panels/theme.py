"""Colours, fonts and style sheet of the whole window, read from `resources/theme.json`.

Widgets ask `theme()` when they paint and connect to `themes().changed`; nobody else names a colour.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache

from PySide6.QtCore import QByteArray, QObject, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontDatabase,
    QGuiApplication,
    QIcon,
    QPainter,
    QPalette,
    QPixmap,
)
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from rnnviz.paths import resources_folder

MODES = ("system", "dark", "light")


@cache
def _file() -> dict[str, dict[str, str | int | list[str]]]:
    return json.loads((resources_folder() / "theme.json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Theme:
    """One set of colours by semantic name."""

    name: str  # dark or light

    @property
    def is_dark(self) -> bool:
        """Whether the surfaces are dark."""
        return self.name == "dark"

    def hex(self, token: str) -> str:
        """A colour as `#RRGGBB`; an unknown token raises KeyError."""
        return str(_file()[self.name][token])

    def color(self, token: str, alpha: float = 1.0) -> QColor:
        """A colour with an opacity in [0, 1]."""
        color = QColor(self.hex(token))
        color.setAlphaF(alpha)
        return color

    def mixed(self, token: str, onto: str, share: float) -> QColor:
        """`share` of one colour over another, opaque: for tints that must not cost blending."""
        top, under = self.color(token), self.color(onto)
        return QColor(
            round(top.red() * share + under.red() * (1 - share)),
            round(top.green() * share + under.green() * (1 - share)),
            round(top.blue() * share + under.blue() * (1 - share)),
        )


class Themes(QObject):
    """Holds the theme in force and follows the system's colour scheme in mode `system`."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.mode = "system"
        self.current = Theme("dark")
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._system_changed)

    def set_mode(self, mode: str) -> None:
        """Chooses dark, light or system and restyles every widget."""
        self.mode = mode
        self._resolve()

    def _system_changed(self) -> None:
        if self.mode == "system":
            self._resolve()

    def _resolve(self) -> None:
        name = self.mode
        if name == "system":
            scheme = QGuiApplication.styleHints().colorScheme()
            name = "light" if scheme == Qt.ColorScheme.Light else "dark"
        self.current = Theme(name)
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.setFont(ui_font("body"))
            application.setPalette(_palette(self.current))
            application.setStyleSheet(_style_sheet(self.current))
        self.changed.emit()


_themes: Themes | None = None


def themes() -> Themes:
    """The one theme holder; made on first use, after the QApplication."""
    global _themes
    if _themes is None:
        _themes = Themes()
    return _themes


def theme() -> Theme:
    """The theme in force."""
    return themes().current


def pixels(role: str) -> int:
    """Font size of a role (tick, label, body, key, end-value, value, seed, sample) in pixels."""
    size = _file()["pixels"][role]
    assert isinstance(size, int)
    return size


@cache
def _families(kind: str) -> tuple[str, ...]:
    installed = set(QFontDatabase.families())
    wanted = _file()["fonts"][kind]
    assert isinstance(wanted, list)
    ui = [str(f) for f in _file()["fonts"]["ui"] if f in installed]  # type: ignore[union-attr]
    found = [str(family) for family in wanted if family in installed]
    which = (
        QFontDatabase.SystemFont.FixedFont
        if kind == "mono"
        else QFontDatabase.SystemFont.GeneralFont
    )
    system = QFontDatabase.systemFont(which).families()
    # JetBrains Mono has neither the open box nor the return sign: the UI font lends them.
    return tuple(dict.fromkeys([*found, *(ui if kind == "mono" and found else []), *system]))


def ui_font(role: str = "body", *, bold: bool = False) -> QFont:
    """The interface font at a role's size, with figures of equal width."""
    font = QFont()
    font.setFamilies(list(_families("ui")))
    font.setPixelSize(pixels(role))
    font.setFeature(QFont.Tag("tnum"), 1)
    if bold:
        font.setWeight(QFont.Weight.DemiBold)
    return font


def mono_font(role: str = "label", *, medium: bool = False) -> QFont:
    """The fixed-width font for characters, samples and changing numbers."""
    font = QFont()
    font.setFamilies(list(_families("mono")))
    font.setPixelSize(pixels(role))
    font.setStyleHint(QFont.StyleHint.Monospace)
    # Ligatures would join characters that are separate symbols to the network.
    font.setFeature(QFont.Tag("liga"), 0)
    font.setFeature(QFont.Tag("calt"), 0)
    if medium:
        font.setWeight(QFont.Weight.Medium)
    return font


def icon_pixmap(name: str, color: QColor, size: int = 16, ratio: float = 2.0) -> QPixmap:
    """`resources/icons/NAME.svg` drawn in one colour (its `currentColor`), `size` logical pixels."""
    source = (resources_folder() / "icons" / f"{name}.svg").read_text(encoding="utf-8")
    renderer = QSvgRenderer(QByteArray(source.replace("currentColor", color.name()).encode()))
    pixmap = QPixmap(round(size * ratio), round(size * ratio))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    renderer.render(painter, QRectF(0, 0, size * ratio, size * ratio))
    painter.end()
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def icon(name: str, token: str = "text-2", size: int = 16) -> QIcon:
    """An icon tinted with a colour token, paler while disabled."""
    result = QIcon(icon_pixmap(name, theme().color(token), size))
    result.addPixmap(
        icon_pixmap(name, theme().mixed("text-muted", "surface", 0.6), size), QIcon.Mode.Disabled
    )
    return result


def _palette(colors: Theme) -> QPalette:
    palette = QPalette()
    roles = QPalette.ColorRole
    for role, token in (
        (roles.Window, "bg"),
        (roles.WindowText, "text"),
        (roles.Base, "surface"),
        (roles.AlternateBase, "surface-2"),
        (roles.Text, "text"),
        (roles.Button, "surface-2"),
        (roles.ButtonText, "text"),
        (roles.ToolTipBase, "surface-2"),
        (roles.ToolTipText, "text"),
        (roles.PlaceholderText, "text-muted"),
        (roles.Highlight, "accent"),
        (roles.HighlightedText, "on-accent"),
        (roles.Link, "accent"),
    ):
        palette.setColor(role, colors.color(token))
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, colors.color("text-muted"))
    return palette


def _style_sheet(colors: Theme) -> str:
    c = colors.hex
    lighter = colors.color("accent").lighter(110).name()
    darker = colors.color("accent").darker(110).name()
    label, body, tick = pixels("label"), pixels("body"), pixels("tick")
    return f"""
    QMainWindow, QDialog, QSplitter {{ background: {c("bg")}; }}
    QSplitter::handle {{ background: transparent; }}
    QSplitter::handle:horizontal:hover {{ border-left: 2px solid {c("accent")}; margin: 0 3px; }}
    QSplitter::handle:vertical:hover {{ border-top: 2px solid {c("accent")}; margin: 3px 0; }}
    QLabel {{ color: {c("text")}; background: transparent; }}
    QLabel[role="muted"] {{ color: {c("text-muted")}; font-size: {label}px; }}
    QLabel[role="caption"] {{ color: {c("text-muted")}; font-size: {tick}px; }}
    QLabel[role="label"] {{ color: {c("text-2")}; font-size: {label}px; }}
    QLabel[role="error"] {{ color: {c("danger")}; font-size: {tick}px; }}
    QLabel[role="warn"] {{ color: {c("warn")}; font-size: {label}px; font-weight: 600; }}
    QLabel[role="live"] {{ color: {c("accent")}; font-size: {label}px; font-weight: 600; }}
    QLabel[role="title"] {{ font-size: {body}px; font-weight: 600; }}
    QFrame[panel="true"] {{
        background: {c("surface")}; border: 1px solid {c("border")}; border-radius: 6px; }}
    QFrame[bar="top"] {{ background: {c("surface")}; border: 0; border-bottom: 1px solid {c("border")}; }}
    QFrame[bar="bottom"] {{ background: {c("surface")}; border: 0; border-top: 1px solid {c("border")}; }}
    QFrame[group="restart"] {{ border: 1px solid {c("border")}; border-radius: 6px; background: transparent; }}
    QFrame[group="live"] {{ background: {c("surface-2")}; border: 1px solid {c("border")};
        border-left: 3px solid {c("accent")}; border-radius: 6px; }}
    QFrame[banner="danger"] {{ background: {c("danger-soft")}; border: 1px solid {c("danger")}; border-radius: 6px; }}
    QFrame[banner="info"] {{ background: {c("surface-2")}; border: 1px solid {c("border-strong")}; border-radius: 6px; }}
    QFrame[banner="warn"] {{ background: {c("warn-soft")}; border: 1px solid {c("warn")}; border-radius: 6px; }}
    QFrame[rule="true"] {{ background: {c("border")}; border: 0; }}
    QPushButton, QToolButton[framed="true"] {{ background: {c("surface-2")}; color: {c("text")};
        border: 1px solid {c("border-strong")}; border-radius: 5px; padding: 4px 12px; font-size: {label}px; }}
    QPushButton:hover, QToolButton[framed="true"]:hover {{ background: {c("surface-3")}; }}
    QPushButton:pressed {{ padding: 5px 12px 3px 12px; }}
    QPushButton:focus, QToolButton[framed="true"]:focus {{ border: 2px solid {c("accent")}; padding: 3px 11px; }}
    QPushButton:disabled {{ background: transparent; border-color: {c("border")}; color: {c("text-muted")}; }}
    QPushButton[kind="primary"] {{ background: {c("accent")}; color: {c("on-accent")};
        border: 2px solid {c("accent")}; font-weight: 600; font-size: {body}px; border-radius: 6px; }}
    QPushButton[kind="primary"]:hover {{ background: {lighter}; border-color: {lighter}; }}
    QPushButton[kind="primary"]:pressed {{ background: {darker}; border-color: {darker}; }}
    QPushButton[kind="primary"]:focus {{ border: 2px solid {c("text")}; padding: 4px 12px; }}
    QPushButton[kind="primary"]:disabled {{ background: {c("surface-2")}; color: {c("text-muted")};
        border-color: {c("border")}; }}
    QPushButton[kind="warn"] {{ background: {c("warn-soft")}; color: {c("warn")};
        border: 1px solid {c("warn")}; font-weight: 600; padding: 4px 7px; }}
    QPushButton[kind="warn"]:focus {{ border: 2px solid {c("warn")}; padding: 3px 6px; }}
    QPushButton[kind="warn"]:disabled {{ background: transparent; color: {c("text-muted")};
        border-color: {c("border")}; font-weight: 400; }}
    QPushButton[kind="icon"] {{ padding: 0; border-radius: 6px; }}
    QPushButton[kind="icon"]:focus {{ padding: 0; }}
    QToolButton {{ background: transparent; color: {c("text-2")}; border: 1px solid transparent;
        border-radius: 4px; padding: 2px; font-size: {label}px; }}
    QToolButton:hover {{ background: {c("surface-3")}; color: {c("text")}; }}
    QToolButton:focus {{ border: 1px solid {c("accent")}; }}
    QToolButton::menu-indicator {{ image: none; width: 0; }}
    QLineEdit, QPlainTextEdit, QComboBox {{ background: {c("surface")}; color: {c("text")};
        border: 1px solid {c("border-strong")}; border-radius: 5px; padding: 3px 8px;
        selection-background-color: {c("accent")}; selection-color: {c("on-accent")}; font-size: {body}px; }}
    QFrame[group="restart"] QLineEdit, QFrame[group="restart"] QComboBox {{ background: transparent; }}
    QLineEdit:hover, QComboBox:hover, QPlainTextEdit:hover {{ border-color: {c("text-2")}; }}
    QLineEdit:focus, QComboBox:focus, QPlainTextEdit:focus {{ border: 2px solid {c("accent")}; padding: 2px 7px; }}
    QLineEdit[state="pending"], QComboBox[state="pending"] {{ border: 2px solid {c("warn")}; padding: 2px 7px; }}
    QLineEdit[state="bad"], QComboBox[state="bad"], QPlainTextEdit[state="bad"] {{
        border: 2px solid {c("danger")}; padding: 2px 7px; }}
    QLineEdit:disabled, QComboBox:disabled {{ border-color: {c("border")}; color: {c("text-muted")}; }}
    QComboBox::drop-down {{ border: 0; width: 24px; }}
    QComboBox QAbstractItemView {{ background: {c("surface-2")}; color: {c("text")};
        border: 1px solid {c("border-strong")}; selection-background-color: {c("surface-3")};
        selection-color: {c("text")}; outline: 0; padding: 4px; }}
    QMenu {{ background: {c("surface-2")}; color: {c("text")}; border: 1px solid {c("border-strong")};
        padding: 4px; font-size: {label}px; }}
    QMenu::item {{ padding: 5px 24px 5px 24px; border-radius: 4px; }}
    QMenu::item:selected {{ background: {c("surface-3")}; }}
    QMenu::item:disabled {{ color: {c("text-muted")}; }}
    QMenu::separator {{ height: 1px; background: {c("border")}; margin: 4px 8px; }}
    QToolTip {{ background: {c("surface-2")}; color: {c("text")}; border: 1px solid {c("border-strong")};
        padding: 4px 6px; font-size: {label}px; }}
    QScrollArea, QScrollArea > QWidget > QWidget {{ background: transparent; border: 0; }}
    QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; }}
    QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 0; }}
    QScrollBar::handle {{ background: {c("surface-3")}; border-radius: 4px; margin: 1px; }}
    QScrollBar::handle:vertical {{ min-height: 24px; }}
    QScrollBar::handle:horizontal {{ min-width: 24px; }}
    QScrollBar::handle:hover {{ background: {c("border-strong")}; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
    QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
    QCheckBox {{ color: {c("text-2")}; font-size: {label}px; spacing: 8px; }}
    QProgressBar {{ background: {c("surface-3")}; border: 0; border-radius: 2px; height: 4px; }}
    QProgressBar::chunk {{ background: {c("accent")}; border-radius: 2px; }}
    """
