"""The choice of BLAS kernel and threads: respects the user, does nothing where it cannot help."""

import subprocess
import sys

import pytest

from rnnviz import blas_kernel
from rnnviz.engine.blas import blas_info, recommended_threads, thread_limit
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


def test_threads_follow_the_size_of_the_network(monkeypatch):
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.delenv(variable, raising=False)
    assert recommended_threads(ModelConfig(65, 100, cell="rnn"), 1) == 1
    assert 1 <= recommended_threads(ModelConfig(65, 512, 3, "lstm"), 50) <= 4
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert recommended_threads(ModelConfig(65, 100, cell="rnn"), 1) == 3
    monkeypatch.setenv("OMP_NUM_THREADS", "many")
    assert recommended_threads(ModelConfig(65, 100, cell="rnn"), 1) == 1
    with pytest.raises(EngineError, match="batch"):
        recommended_threads(ModelConfig(65), 0)


def test_the_limit_holds_within_its_block():
    before = blas_info()
    assert before.library
    assert before.kernel
    with thread_limit(1):
        assert blas_info().threads <= 1
    assert blas_info().threads == before.threads
    with pytest.raises(EngineError, match="threads"), thread_limit(0):
        pass
