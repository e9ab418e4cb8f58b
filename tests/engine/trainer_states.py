"""States of a trainer, as `state_dict` gives them, compared."""

from __future__ import annotations

from typing import Any

import numpy as np


def assert_same_state(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    """The same values and, bit for bit, the same tensors."""
    assert found["values"] == wanted["values"]
    assert set(found["tensors"]) == set(wanted["tensors"])
    for name, tensor in wanted["tensors"].items():
        np.testing.assert_array_equal(found["tensors"][name], tensor, err_msg=name)
