"""Writes arrays into a safetensors file straight from where they lie.

The package's own writer first makes one string of bytes of all: for a network of hundreds of
megabytes that doubles the memory and takes longer than the disk does.
"""

import json
from collections.abc import Mapping
from typing import IO, Any

import numpy as np

from rnnviz.straight import StraightWriter

_NAMES = {
    **{f"f{size}": f"F{8 * size}" for size in (2, 4, 8)},
    **{f"i{size}": f"I{8 * size}" for size in (1, 2, 4, 8)},
    **{f"u{size}": f"U{8 * size}" for size in (1, 2, 4, 8)},
    "b1": "BOOL",
}
_ALIGNMENT = 8  # bytes: where the first array begins


def write_tensors(
    file: IO[bytes], tensors: Mapping[str, np.ndarray[Any, Any]], metadata: Mapping[str, str]
) -> None:
    """Write ``tensors``, which must be contiguous, and ``metadata``; OSError from the file."""
    # The widest first, so that each array lies aligned.
    ordered = sorted(tensors.items(), key=lambda item: (-item[1].itemsize, item[0]))
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    start = 0
    for name, array in ordered:
        stop = start + array.nbytes
        kind = _NAMES[f"{array.dtype.kind}{array.itemsize}"]
        header[name] = {"dtype": kind, "shape": array.shape, "data_offsets": [start, stop]}
        start = stop
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    out = StraightWriter(file)
    out.write(len(text).to_bytes(8, "little"))
    out.write(text)
    for _, array in ordered:
        if array.size:
            little = array.astype(array.dtype.newbyteorder("<"), copy=False)
            out.write(little.reshape(-1).view(np.uint8).data)
    out.finish()
