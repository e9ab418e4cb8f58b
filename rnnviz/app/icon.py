"""The program's icon at every size a desktop asks for."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from rnnviz.paths import resources_folder

# Title bars, task bars, switchers and docks, at single and double density.
SIZES = (16, 20, 24, 32, 40, 48, 64, 96, 128, 256)
_SMALL = 32  # up to here the drawing has fewer and thicker lines


def application_icon() -> QIcon:
    """Each size drawn for itself: scaled pictures blur."""
    found = QIcon()
    for size in SIZES:
        found.addPixmap(drawn(size))
    return found


def drawn(size: int, ratio: float = 1.0) -> QPixmap:
    """The sign at a size in logical pixels, for screens of a density."""
    name = "icon-small.svg" if size <= _SMALL else "icon.svg"
    renderer = QSvgRenderer(str(resources_folder() / name))
    pixmap = QPixmap(round(size * ratio), round(size * ratio))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    renderer.render(painter)
    painter.end()
    pixmap.setDevicePixelRatio(ratio)
    return pixmap
