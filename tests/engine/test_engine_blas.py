"""The choice of BLAS kernel and threads: respects the user, does nothing where it cannot help."""

import subprocess
import sys

import pytest

from rnnviz import blas_kernel
from rnnviz.engine.blas import Parallelism, blas_info, recommended_parallelism, thread_limit
from rnnviz.engine.errors import EngineError
from rnnviz.engine.network import ModelConfig

FLAGS = "fpu avx2 avx512f avx512dq avx512bw avx512vl"
AMD = f"processor : 0\nvendor_id : AuthenticAMD\nflags : {FLAGS}\n"


def test_only_an_amd_with_avx512_wants_the_kernel():
    assert blas_kernel.wanted_kernel(AMD) == "SkylakeX"
    assert blas_kernel.wanted_kernel(AMD.replace("AuthenticAMD", "GenuineIntel")) is None
    assert blas_kernel.wanted_kernel(AMD.replace("avx512dq", "")) is None
    assert blas_kernel.wanted_kernel("") is None


@pytest.fixture
def linux_before_numpy(monkeypatch, tmp_path):
    monkeypatch.delitem(sys.modules, "numpy")
    monkeypatch.setattr(blas_kernel.sys, "platform", "linux")
    monkeypatch.setattr(blas_kernel.platform, "machine", lambda: "x86_64")
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(AMD)
    return cpuinfo


def test_the_kernel_is_set_before_numpy_is_imported(linux_before_numpy):
    environment: dict[str, str] = {}
    assert blas_kernel.prepare_environment(environment, linux_before_numpy)
    assert environment == {"OPENBLAS_CORETYPE": "SkylakeX"}


def test_what_the_user_has_set_stays(linux_before_numpy):
    environment = {"OPENBLAS_CORETYPE": "Haswell"}
    assert not blas_kernel.prepare_environment(environment, linux_before_numpy)
    assert environment == {"OPENBLAS_CORETYPE": "Haswell"}


def test_elsewhere_nothing_is_set(linux_before_numpy, monkeypatch, tmp_path):
    environment: dict[str, str] = {}
    assert not blas_kernel.prepare_environment(environment, tmp_path / "missing")
    monkeypatch.setattr(blas_kernel.platform, "machine", lambda: "aarch64")
    assert not blas_kernel.prepare_environment(environment, linux_before_numpy)
    monkeypatch.setattr(blas_kernel.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(blas_kernel.sys, "platform", "darwin")
    assert not blas_kernel.prepare_environment(environment, linux_before_numpy)
    assert environment == {}


def test_after_numpy_is_imported_nothing_is_set(tmp_path):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(AMD)
    environment: dict[str, str] = {}
    assert "numpy" in sys.modules
    assert not blas_kernel.prepare_environment(environment, cpuinfo)


def test_choosing_the_kernel_does_not_import_numpy():
    code = (
        "import sys, rnnviz.blas_kernel as b; b.prepare_environment(); "
        "sys.exit('numpy' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.fixture
def four_cores(monkeypatch):
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("rnnviz.engine.blas.available_cores", lambda: 4)


@pytest.mark.parametrize(
    ("settings", "batch", "steps", "expected"),
    [
        ({"hidden_size": 100, "cell": "rnn"}, 1, 25, (1, 1)),  # the classic 100 lines
        ({"hidden_size": 8, "cell": "rnn"}, 32, 50, (1, 1)),  # too small to share out
        ({"hidden_size": 128, "cell": "gru"}, 32, 50, (4, 1)),
        ({"hidden_size": 128, "cell": "gru"}, 26, 50, (3, 1)),  # eight texts each at least
        ({"hidden_size": 128, "cell": "gru"}, 7, 50, (1, 1)),
        ({"hidden_size": 512, "cell": "lstm", "num_layers": 3}, 7, 50, (1, 4)),
    ],
)
def test_cores_follow_the_size_of_the_work(four_cores, settings, batch, steps, expected):
    config = ModelConfig(65, **settings)
    assert recommended_parallelism(config, batch, steps) == Parallelism(*expected)


def test_cores_follow_the_user(four_cores, monkeypatch):
    config = ModelConfig(65, 128)
    assert recommended_parallelism(config, 32, 50, cores=2) == Parallelism(2, 1)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert recommended_parallelism(config, 32, 50) == Parallelism(3, 1)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    assert recommended_parallelism(config, 32, 50) == Parallelism(1, 1)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "many")
    assert recommended_parallelism(config, 32, 50) == Parallelism(3, 1)
    assert recommended_parallelism(config, 32, 50, shares=False) == Parallelism(1, 3)


@pytest.mark.parametrize(
    ("batch", "steps", "cores", "named"), [(0, 5, 1, "batch"), (1, 0, 1, "steps"), (1, 1, 0, "co")]
)
def test_cores_need_a_window(batch, steps, cores, named):
    with pytest.raises(EngineError, match=named):
        recommended_parallelism(ModelConfig(65), batch, steps, cores)


def test_the_limit_holds_within_its_block():
    before = blas_info()
    assert before.library
    assert before.kernel
    with thread_limit(1):
        assert blas_info().threads <= 1
    assert blas_info().threads == before.threads
    with pytest.raises(EngineError, match="threads"), thread_limit(0):
        pass
