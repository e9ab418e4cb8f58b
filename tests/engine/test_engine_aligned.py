"""The engine's arrays: where they begin, that they are zero, and that their memory goes back."""

import mmap
import weakref

import numpy as np
import pytest

from rnnviz.engine import aligned

SHAPES = [(), (3,), (7, 5), (2, 70_000), (3, 500, 1_000)]  # the last two are large


@pytest.mark.parametrize("dtype", ["float32", "float64", np.intp])
@pytest.mark.parametrize("shape", SHAPES)
def test_arrays_are_zero_contiguous_and_begin_at_a_cache_line(shape, dtype):
    for _ in range(3):
        array = aligned.zeros(shape, dtype)
        assert array.shape == shape and array.dtype == dtype
        assert array.ctypes.data % 64 == 0
        assert array.flags.c_contiguous and array.flags.writeable
        assert not array.any()
        array[...] = 1


linux = pytest.mark.skipif(not hasattr(mmap, "MADV_HUGEPAGE"), reason="Linux has huge pages")


@linux
def test_large_arrays_begin_at_different_places_of_a_page():
    arrays = [aligned.zeros(200_000, "float32") for _ in range(8)]
    assert len({array.ctypes.data % (1 << 21) for array in arrays}) == len(arrays)


def test_memory_of_a_large_array_goes_with_the_last_view_of_it():
    array = aligned.zeros(1_000_000, "float64")
    view, whole = array[5:].reshape(-1, 5), array
    while whole.base is not None and isinstance(whole.base, np.ndarray):
        whole = whole.base
    gone = weakref.ref(whole)
    del array, whole
    assert gone() is not None
    view[:] = 2.0
    del view
    assert gone() is None


@linux
@pytest.mark.parametrize("size", [1 << 45, 1 << 62])
def test_more_than_there_is_is_a_memory_error(size):
    with pytest.raises(MemoryError):
        aligned.zeros(size, "float32")


def test_without_huge_pages_arrays_are_the_same(monkeypatch):
    monkeypatch.delattr(mmap, "MADV_HUGEPAGE", raising=False)
    array = aligned.zeros((3, 500, 1_000), "float32")
    assert array.ctypes.data % 64 == 0 and not array.any()
