"""The histogram of a parameter's values: its bars, and what one of them says."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter

from rnnviz.panels.number_text import two_figures, whole
from rnnviz.panels.readout import Entry
from rnnviz.panels.theme import theme
from rnnviz.panels.translate import tr
from rnnviz.probes.parameter_statistics import ArrayStatistics

_ABOVE = 4.0  # pixels free above the highest bar


def paint_bars(
    painter: QPainter, area: QRectF, found: ArrayStatistics, pointed: int = -1, gap: float = 0.0
) -> None:
    """Bars that stand on the lower edge of an area; the one pointed at stands out."""
    colors, counts = theme(), found.counts
    step = area.width() / len(counts)
    scale = (area.height() - _ABOVE) / max(int(counts.max()), 1)
    color = colors.color("gradient")
    if pointed >= 0:
        column = QRectF(area.left() + pointed * step, area.top(), step, area.height())
        painter.fillRect(column, colors.color("surface-3"))
    for index, count in enumerate(counts.tolist()):
        if count:
            bar = max(count * scale, 1.0)
            painter.fillRect(
                QRectF(area.left() + index * step, area.bottom() - bar, max(step - gap, 1.0), bar),
                colors.color("text") if index == pointed else color,
            )


def bin_under(area: QRectF, at: QPointF, bins: int) -> int:
    """The bin whose column is at a point; -1 outside of the area."""
    if not area.contains(at):
        return -1
    return min(int((at.x() - area.left()) * bins / area.width()), bins - 1)


def bin_entry(found: ArrayStatistics, index: int) -> Entry:
    """The range of a bin, and how many of the values lie in it."""
    low, high = (two_figures(float(edge)) for edge in found.edges[index : index + 2])
    words = tr("{0} to {1}").format(low, high).replace("-", "−")
    count, size = int(found.counts[index]), found.values.size
    share = f"{100 * count / size:.2g}%" if count else "0%"
    return Entry("", words, tr("{0} values, {1}").format(whole(count), share))
