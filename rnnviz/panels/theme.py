"""Colours, sizes, fonts and style sheet of the whole window, read from `resources/theme.json`.

Widgets ask `theme()` when they paint and connect to `themes().changed`; nobody else names a colour.
Sizes obey two things: the type scale, which the user sets, and lecture mode, in which everything
reads from the back row. Whatever holds text is measured with `px` or `row` and curves are drawn
with `stroke` and `marker`; all of them change when `themes().changed` says so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, ParamSpec, TypeVar

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

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_TOKEN = re.compile(r"@([a-z0-9-]+)@")
MODES = ("system", "dark", "light")

BODY_POINTS = 10.0  # body type as designed; 13 of the 96 pixels to an inch
LECTURE_POINTS = 16.5  # body type as designed for lectures, in a window of LECTURE_LINES
LECTURE_LINES = 720
POINTS = (10.0, 11.0, 12.0, 13.0, 14.0, 16.0, 18.0, 20.0, 22.0, 24.0, 28.0, 32.0)
_LECTURE_LAYOUT = 1.6  # of sizes that hold text, where body type grows by 1.7 and labels by 1.5
_LECTURE_STROKE = 1.8
_LECTURE_GAP = 1.4
_LECTURE_ICON = 1.25
_LECTURE_MARKER = 1.7
_CORNER, _LECTURE_CORNER = 6, 8  # radius of a panel's corners
_LINE = 1.25  # height of a line of text in font sizes
# From the back row muted and faint are the same as absent.
_LECTURE_TOKENS = {
    "text-muted": "text-2",
    "text-2": "text",
    "border": "border-strong",
    "grid": "border",
    "ref": "text-2",
}


@cache
def _file() -> dict[str, dict[str, str | int | list[str]]]:
    content: dict[str, dict[str, str | int | list[str]]] = json.loads(
        (resources_folder() / "theme.json").read_text(encoding="utf-8")
    )
    return content


@dataclass(frozen=True)
class Theme:
    """One set of colours by semantic name; for lectures its pale ones are stronger."""

    name: str  # dark or light
    lecture: bool = False

    @property
    def is_dark(self) -> bool:
        """Whether the surfaces are dark."""
        return self.name == "dark"

    @cache  # noqa: B019 - there are four, and they live as long as the program
    def hex(self, token: str) -> str:
        """A colour as `#RRGGBB`; an unknown token raises KeyError."""
        if self.lecture:
            token = _LECTURE_TOKENS.get(token, token)
        return str(_file()[self.name][token])

    def color(self, token: str, alpha: float = 1.0) -> QColor:
        """A colour with an opacity in [0, 1]."""
        color = QColor(self._opaque(token))  # a copy: a colour can be changed
        if alpha != 1.0:
            color.setAlphaF(alpha)
        return color

    @cache  # noqa: B019 - as above
    def _opaque(self, token: str) -> QColor:
        return QColor(self.hex(token))

    def mixed(self, token: str, onto: str, share: float) -> QColor:
        """`share` of one colour over another, opaque: for tints that must not cost blending."""
        return QColor(self._mix(token, onto, share))

    @lru_cache(maxsize=256)  # noqa: B019 - as above
    def _mix(self, token: str, onto: str, share: float) -> QColor:
        top, under = self.color(token), self.color(onto)
        return QColor(
            round(top.red() * share + under.red() * (1 - share)),
            round(top.green() * share + under.green() * (1 - share)),
            round(top.blue() * share + under.blue() * (1 - share)),
        )


class Themes(QObject):
    """Holds colours and sizes in force; follows the system's colour scheme in mode `system`."""

    changed = Signal()  # of colours, of the type scale or of lecture mode
    resizing = Signal()  # just before: for those who keep the sizes of others

    def __init__(self) -> None:
        super().__init__()
        self.mode = "system"
        self.current = Theme("dark")
        self.points = BODY_POINTS  # of body type on the desk
        self.lecture_points = LECTURE_POINTS  # of body type in lectures, at LECTURE_LINES
        self.lecture_lines = 0  # height of the window in lecture mode; 0 out of it
        self._looks: tuple[str, bool, float] | None = None  # what the widgets are styled for
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._system_changed)

    def set_mode(self, mode: str) -> None:
        """Chooses dark, light or system and restyles every widget."""
        self.mode = mode
        self._resolve()

    @property
    def lecture(self) -> bool:
        """Whether lecture mode is on."""
        return self.lecture_lines > 0

    def set_lecture(self, lines: int) -> None:
        """Lecture mode for a window of so many lines, as everything grows with it; 0 ends it."""
        if lines != self.lecture_lines:
            self.lecture_lines = lines
            self._resolve()

    def body_points(self) -> float:
        """The size of body type that is chosen for the mode in force."""
        return self.lecture_points if self.lecture else self.points

    def least_points(self) -> float:
        """The smallest size of body type there is in the mode in force: the one designed."""
        return LECTURE_POINTS if self.lecture else BODY_POINTS

    def set_points(self, points: float) -> None:
        """Body type of 10 to 32 pt, 16.5 to 32 in lecture mode; all other type goes with it."""
        points = min(max(points, self.least_points()), POINTS[-1])
        if points == self.body_points():
            return
        if self.lecture:
            self.lecture_points = points
        else:
            self.points = points
        self._resolve()

    def restore_points(self, points: float, lecture_points: float) -> None:
        """Takes back both sizes of body type, each brought into its limits."""
        sizes = (
            min(max(points, BODY_POINTS), POINTS[-1]),
            min(max(lecture_points, LECTURE_POINTS), POINTS[-1]),
        )
        if sizes != (self.points, self.lecture_points):
            self.points, self.lecture_points = sizes
            self._resolve()

    def step_points(self, direction: int) -> None:
        """The next larger or smaller size of type, as far as there is one; 0 as designed."""
        now = self.body_points()
        if direction > 0:
            self.set_points(min((p for p in POINTS if p > now), default=now))
        elif direction == 0:
            self.set_points(self.least_points())
        else:
            self.set_points(max((p for p in POINTS if p < now), default=now))

    def scale(self) -> float:
        """How much larger than designed the type is: for the desk, or for 720 lines in lectures."""
        if self.lecture:
            return self.lecture_points / LECTURE_POINTS * self.lecture_lines / LECTURE_LINES
        return round(self.points * 96 / 72) / round(BODY_POINTS * 96 / 72)

    def _system_changed(self) -> None:
        if self.mode == "system":
            self._resolve()

    def _resolve(self) -> None:
        name = self.mode
        if name == "system":
            scheme = QGuiApplication.styleHints().colorScheme()
            name = "light" if scheme == Qt.ColorScheme.Light else "dark"
        looks = name, self.lecture, self.scale()
        if looks == self._looks:
            return  # to style every widget anew takes a quarter of a second
        self._looks = looks
        self.current = Theme(name, self.lecture)
        ui_font.cache_clear()
        mono_font.cache_clear()
        for picture in _pictures:
            picture.cache_clear()
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.setFont(ui_font("body"))
            application.setPalette(_palette(self.current))
            application.setStyleSheet(_style_sheet(self.current))
        self.resizing.emit()
        self.changed.emit()


_themes: Themes | None = None
_pictures: list[Any] = []  # functions made by `drawn_once`


def drawn_once(most: int) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]:
    """Like `lru_cache`, for pictures and sizes of text: forgotten when colours or type change."""

    def decorate(draw: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
        cached = lru_cache(maxsize=most)(draw)
        _pictures.append(cached)
        return cached  # type: ignore[return-value]

    return decorate


def themes() -> Themes:
    """The one theme holder; made on first use, after the QApplication."""
    global _themes
    if _themes is None:
        _themes = Themes()
    return _themes


def theme() -> Theme:
    """The theme in force."""
    return themes().current


@drawn_once(64)
def pixels(role: str) -> int:
    """Font size of a role (tick, label, body, key, end-value, value, seed, sample) in pixels."""
    size = _file()["lecture-pixels" if themes().lecture else "pixels"][role]
    assert isinstance(size, int)
    return round(size * themes().scale())


@drawn_once(512)  # a frame asks some hundred times
def px(n: float) -> int:
    """A layout size in pixels that must grow with the type in it; `n` is the one designed."""
    return max(round(scaled(n)), 1) if n > 0 else round(scaled(n))


def scaled(n: float) -> float:
    """The same, not rounded, for what is painted."""
    return n * _layout_scale()


def row(n: float, lines: int = 1) -> int:
    """The height of a bar or control that holds lines of text, `n` as designed.

    It grows by what its text grows by, which leaves more of a window with large type than `px`.
    """
    return round(n + lines * _LINE * (pixels("body") - _designed_body()))


def stroke(width: float = 2.2) -> float:
    """The pen width of a curve in pixels; `plot.draw_curve` avoids the slow way to paint it."""
    return width * _LECTURE_STROKE * _lecture_lines() if themes().lecture else width


def marker(size: float) -> float:
    """The size of a dot or handle in pixels."""
    return size * _LECTURE_MARKER * _lecture_lines() if themes().lecture else size


def corner() -> int:
    """The radius of a panel's corners in pixels."""
    return round(_LECTURE_CORNER * _lecture_lines()) if themes().lecture else _CORNER


def gap(n: float) -> int:
    """Empty space in pixels: as designed at every size of type, wider in lectures."""
    return round(n * _LECTURE_GAP * _lecture_lines()) if themes().lecture else round(n)


def icon_pixels(size: float = 16) -> int:
    """The size of an icon that is as large as designed beside the designed type."""
    return round(size * themes().scale() * (_LECTURE_ICON if themes().lecture else 1.0))


@drawn_once(1)
def _layout_scale() -> float:
    return themes().scale() * (_LECTURE_LAYOUT if themes().lecture else 1.0)


def _lecture_lines() -> float:
    return themes().lecture_lines / LECTURE_LINES


def _designed_body() -> int:
    size = _file()["pixels"]["body"]
    assert isinstance(size, int)
    return size


@cache
def _families(kind: str) -> tuple[str, ...]:
    installed = set(QFontDatabase.families())
    wanted = _file()["fonts"][kind]
    assert isinstance(wanted, list)
    ui = [str(f) for f in _file()["fonts"]["ui"] if f in installed]  # type: ignore[union-attr]
    found = [str(family) for family in wanted if family in installed]
    fonts = QFontDatabase.SystemFont
    which = fonts.FixedFont if kind == "mono" else fonts.GeneralFont
    system = QFontDatabase.systemFont(which).families()
    # JetBrains Mono has neither the open box nor the return sign: the UI font lends them.
    return tuple(dict.fromkeys([*found, *(ui if kind == "mono" and found else []), *system]))


@cache
def ui_font(role: str = "body", *, bold: bool = False) -> QFont:
    """The interface font at a role's size, figures of equal width; shared, so not to change.

    Ask again after `themes().changed`.
    """
    font = QFont()
    font.setFamilies(list(_families("ui")))
    font.setPixelSize(pixels(role))
    font.setFeature(QFont.Tag("tnum"), 1)
    if bold:
        font.setWeight(QFont.Weight.DemiBold)
    return font


@cache
def mono_font(role: str = "label", *, medium: bool = False, bold: bool = False) -> QFont:
    """The fixed-width font for characters, samples and changing numbers; shared like `ui_font`."""
    font = QFont()
    font.setFamilies(list(_families("mono")))
    font.setPixelSize(pixels(role))
    font.setStyleHint(QFont.StyleHint.Monospace)
    # Ligatures would join characters that are separate symbols to the network.
    font.setFeature(QFont.Tag("liga"), 0)
    font.setFeature(QFont.Tag("calt"), 0)
    if medium:
        font.setWeight(QFont.Weight.Medium)
    if bold:
        font.setBold(True)
    return font


def icon_pixmap(name: str, color: QColor, size: int | None = None, ratio: float = 2.0) -> QPixmap:
    """`resources/icons/NAME.svg` in one colour (its `currentColor`).

    `size` is in logical pixels; without it, that of icons beside the type in force.
    """
    size = icon_pixels() if size is None else size
    source = (resources_folder() / "icons" / f"{name}.svg").read_text(encoding="utf-8")
    renderer = QSvgRenderer(QByteArray(source.replace("currentColor", color.name()).encode()))
    pixmap = QPixmap(round(size * ratio), round(size * ratio))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    renderer.render(painter, QRectF(0, 0, size * ratio, size * ratio))
    painter.end()
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def icon(name: str, token: str = "text-2", size: int | None = None) -> QIcon:
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
    """`resources/style.qss` with its tokens filled in."""
    accent = colors.color("accent")
    values = {
        "accent-lighter": accent.lighter(110).name(),
        "accent-darker": accent.darker(110).name(),
    }
    values["px-corner"] = str(corner())
    values |= {f"px-{role}": str(pixels(role)) for role in ("tick", "label", "body")}
    source = (resources_folder() / "style.qss").read_text(encoding="utf-8")
    return _TOKEN.sub(lambda found: values.get(found[1]) or colors.hex(found[1]), source)
