"""Colour tables for activations: one place where values become colours, for every panel."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage

from rnnviz.panels.theme import Theme, theme, themes

LEVELS = 255  # steps of the scale; one more entry stands for what is not a number
GATES = frozenset("zrifo")  # sigmoids, 0 to 1; the other signals are signed
STRIP_OPACITY = 0.88
# By (dark, signed): as strong as text on it allows, which has a contrast of 4.5 to 1 at least.
_TEXT_OPACITY = {(True, True): 0.72, (False, True): 0.40, (True, False): 0.34, (False, False): 0.40}
_SAFE_TEXT_OPACITY = 0.66  # of the safe map that is brighter than the designed one
_MAPS = {
    # By (dark, signed), as designed and colour-blind safe; the sequential ones are safe anyway.
    False: {
        (True, True): "CET-D4",
        (False, True): "CET-D1",
        (True, False): "CET-CBL2",
        (False, False): "cividis",
    },
    True: {
        (True, True): "CET-D6",
        (False, True): "CET-CBD1",
        (True, False): "CET-CBL2",
        (False, False): "cividis",
    },
}
_DARK_INK_ABOVE = 0.179  # relative luminance; there black and white have the same contrast


_safe = False


def colour_blind_safe() -> bool:
    """Whether the maps are those that colour-blind people can read, in every panel."""
    return _safe


def set_colour_blind_safe(on: bool) -> None:
    """Chooses the maps; everything that is shown takes them at once."""
    global _safe
    if on != _safe:
        _safe = on
        themes().changed.emit()


def color_table(colors: Theme, signed: bool, opacity: float) -> NDArray[np.uint32]:
    """Colours 0xffRRGGBB (256,) over the panel's surface; the last one is of NaN."""
    return _color_table(colors, signed, opacity, _safe)


@lru_cache(maxsize=32)
def _color_table(colors: Theme, signed: bool, opacity: float, safe: bool) -> NDArray[np.uint32]:
    name = _MAPS[safe][colors.is_dark, signed]
    strip = pg.colormap.get(name).getLookupTable(0.0, 1.0, LEVELS)[:, :3].astype(np.float64)
    surface = colors.color("surface")
    under = np.array([surface.red(), surface.green(), surface.blue()])
    mixed = np.rint(opacity * strip + (1 - opacity) * under).astype(np.uint32)
    table = 0xFF000000 | mixed[:, 0] << 16 | mixed[:, 1] << 8 | mixed[:, 2]
    result = np.append(table, colors.color("danger").rgb()).astype(np.uint32)
    result.flags.writeable = False
    return result


def level_above(largest: float) -> float:
    """The smallest of ..., 0.5, 1, 2, 5, 10, ... that is not below `largest`; at least 1."""
    if not math.isfinite(largest) or largest <= 1:
        return 1.0
    decade = 10.0 ** math.floor(math.log10(largest))
    for factor in (1, 2, 5, 10):
        if largest <= factor * decade:
            return factor * decade
    return 10 * decade


def text_opacity(signed: bool) -> float:
    """How strong colours may be under text."""
    if _safe and theme().is_dark and signed:
        return _SAFE_TEXT_OPACITY
    return _TEXT_OPACITY[theme().is_dark, signed]


def color_image(values: NDArray[np.floating], level: float, signed: bool, opacity: float) -> QImage:
    """One pixel per entry of `values` (rows, columns), neither of which may be 0.

    Signed values go from -level to level, the others from 0 to level.
    """
    low = -level if signed else 0.0
    with np.errstate(invalid="ignore", over="ignore"):
        index = np.clip((values - low) * (LEVELS / (level - low)), 0, LEVELS - 1)
        index = np.where(np.isfinite(values), index, LEVELS).astype(np.intp)
    pixels = np.ascontiguousarray(color_table(theme(), signed, opacity)[index])
    rows, columns = pixels.shape
    image = QImage(pixels.tobytes(), columns, rows, 4 * columns, QImage.Format.Format_RGB32)
    return image.copy()  # which owns its pixels


def luminance(color: QColor) -> float:
    """Relative luminance after WCAG 2.1, 0 to 1."""
    parts = [color.redF(), color.greenF(), color.blueF()]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def ink_on(fill: QColor) -> QColor:
    """Black or white, whichever is easier to read on a fill of data: at least 4.5 to 1.

    No colours of the theme: its text colours fall short of that on fills of middle lightness.
    """
    black = luminance(fill) > _DARK_INK_ABOVE
    return QColor(Qt.GlobalColor.black if black else Qt.GlobalColor.white)
