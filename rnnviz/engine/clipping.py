"""Clipping of gradients by their global norm or by value; the trainer calls it every step."""

from dataclasses import dataclass
from math import isfinite
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rnnviz.engine.errors import require_choice, require_instance, require_number
from rnnviz.engine.parameters import Array, Parameters, l2_norm

Positions = npt.NDArray[np.intp]

CLIPPING_KINDS = ("off", "norm", "value")

_ROW = 32_768  # entries that are looked through together
_SHORT = 2 * _ROW  # a vector that is looked through as a whole
_NORM_MARGIN = 1e-6  # torch.nn.utils.clip_grad_norm_ adds it to the norm


@dataclass(frozen=True)
class Clipping:
    """How gradients are limited: ``threshold`` is the largest norm, or the largest |entry|.

    ``kind`` is one of ``CLIPPING_KINDS``.
    """

    kind: str = "off"
    threshold: float = 1.0

    def __post_init__(self) -> None:
        """EngineError for an unknown kind or a threshold that is not a finite number > 0."""
        require_choice("kind", self.kind, CLIPPING_KINDS)
        require_number("threshold", self.threshold, exclusive=True)


class ClipReport(NamedTuple):
    """What clipping found and did.

    ``total_norm`` and ``max_abs`` are those *before* clipping; ``scale`` is the factor applied by
    norm (1.0 otherwise); ``clipped_share`` the share of entries limited by value (by norm: 0 or 1);
    ``cosine`` that between the raw and the clipped gradient (less than 1 only by value).
    ``gradients`` is the buffer that was clipped, ``limited`` which entries of it were limited by
    value and what they had been.
    """

    total_norm: float
    max_abs: float
    scale: float = 1.0
    clipped: bool = False
    clipped_share: float = 0.0
    cosine: float = 1.0
    gradients: Parameters | None = None
    limited: "tuple[Positions, Array] | None" = None

    def norms(self) -> dict[str, float]:
        """The L2 norm of each parameter's gradient *before* clipping, worked out when asked.

        From the gradients that were clipped: to be asked before the network's next backward pass
        writes that buffer again. Empty for a report that was not made by ``clip``.
        """
        if self.gradients is None:
            return {}
        if self.limited is not None:
            raw = self.gradients.copy()
            positions, values = self.limited
            raw.flat[positions] = values
            return raw.norms()
        return {name: norm / self.scale for name, norm in self.gradients.norms().items()}

    @property
    def finite(self) -> bool:
        """Whether the norm was a number at all; if not, the gradients were left alone."""
        return isfinite(self.total_norm)


def clip(gradients: Parameters, clipping: Clipping) -> ClipReport:
    """Limit ``gradients`` in place.

    By norm: ``g *= threshold / (|g| + 1e-6)`` when that factor is below 1, with the L2 norm over
    all parameters (Pascanu et al. 2013, the small term as in PyTorch), so the direction stays. By
    value: each entry to ``+-threshold``. Gradients that are not finite are left alone. EngineError
    for arguments of another type.
    """
    require_instance("gradients", gradients, Parameters)
    require_instance("clipping", clipping, Clipping)
    flat, threshold = gradients.flat, clipping.threshold
    total_norm = l2_norm(flat)
    max_abs, sizes = _largest(flat)
    if not isfinite(total_norm):
        return ClipReport(total_norm, max_abs, gradients=gradients)
    scale = threshold / (total_norm + _NORM_MARGIN)
    if clipping.kind == "norm" and scale < 1.0:
        flat *= scale
        return ClipReport(total_norm, max_abs, scale, True, 1.0, gradients=gradients)
    if clipping.kind == "value" and max_abs > threshold:
        positions = _beyond(flat, threshold, sizes)
        raw = flat[positions]
        limited = np.copysign(threshold, raw)
        flat[positions] = limited
        # Unit vectors first: the products of huge gradients would overflow, even in float64.
        part, part_limited = raw / np.float64(total_norm), limited / np.float64(total_norm)
        clipped_norm = l2_norm(flat) / total_norm
        # raw . clipped is |clipped|^2 and what the limited entries lost: all of it positive.
        along = clipped_norm**2 + float(np.dot(part_limited, part - part_limited))
        cosine = min(along / clipped_norm, 1.0)
        share = positions.size / flat.size
        return ClipReport(
            total_norm, max_abs, 1.0, True, share, cosine, gradients, (positions, raw)
        )
    return ClipReport(total_norm, max_abs, gradients=gradients)


def _largest(vector: Array) -> tuple[float, Array | None]:
    """The largest size of an entry of ``vector (N,)``, and that of each row of a long one."""
    if vector.size <= _SHORT:
        return max(float(np.maximum.reduce(vector)), -float(np.minimum.reduce(vector))), None
    starts = range(0, vector.size, _ROW)
    sizes = np.maximum(np.maximum.reduceat(vector, starts), -np.minimum.reduceat(vector, starts))
    return float(np.maximum.reduce(sizes)), sizes


def _beyond(vector: Array, threshold: float, sizes: Array | None) -> Positions:
    """Where the entries of ``vector (N,)`` are that are larger than ``threshold`` in size.

    They tend to be together, in the decoder say, so only rows that have some are looked through:
    ``sizes`` is what ``_largest`` found.
    """
    if sizes is None:
        return np.flatnonzero(np.abs(vector) > threshold)
    found = np.flatnonzero(sizes > threshold)
    rows = vector[: vector.size - vector.size % _ROW].reshape(-1, _ROW)
    whole = found[found < len(rows)]
    row, column = np.nonzero(np.abs(rows[whole]) > threshold)
    positions = whole[row] * _ROW + column
    if len(whole) == len(found):
        return positions
    rest = np.flatnonzero(np.abs(vector[rows.size :]) > threshold)
    return np.concatenate([positions, rows.size + rest])
