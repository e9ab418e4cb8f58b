"""All that one painting of the columns of expectations needs to know."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize

from rnnviz.panels.expectation_layout import ColumnLayout
from rnnviz.probes.expectations import Expectations


@dataclass(frozen=True, slots=True)
class ColumnScene:
    """What is shown, and where; columns count from the beginning of the text read."""

    found: Expectations
    unit: str
    values: NDArray[np.float64]  # (T,) heights of the bars, in the unit
    expected: NDArray[np.float64]  # (T + 1,) entropies, in the unit
    mean: float
    level: float  # the end of the axis
    where: ColumnLayout
    size: QSize
    shown: range  # the columns in sight
    pointed: tuple[int, int] | None  # column and row

    @property
    def last(self) -> int:
        """The column of the character to come."""
        return len(self.found.text)

    def x(self, column: int) -> int:
        """The left edge of a column."""
        return self.where.x(column - self.shown.start)

    def y(self, value: float) -> float:
        """Of ranks on a logarithmic axis from 1; everything else from 0."""
        return self.where.y(value, self.level, self.unit == "rank")

    def bar(self, column: int, value: float) -> QRectF:
        """The bar of a value."""
        return self.where.bar(column - self.shown.start, self.y(value))

    def cell(self, column: int, row: int) -> QRectF:
        """A guess; the row after the last one is the cell of a character outside of them."""
        return self.where.cell(column - self.shown.start, row)

    def is_pointed(self, column: int) -> bool:
        """Whether a column is read out."""
        return self.pointed is not None and self.pointed[0] == column
