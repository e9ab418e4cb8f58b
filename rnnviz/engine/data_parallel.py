"""Data parallelism: the parallel texts of a window shared out among processes.

Used by ``trainer``. Each process reads its part of the batch with its own copy of the weights, and
the gradients are added up. Threads would not do: between the small products of a recurrent step
they would wait for each other and for the interpreter. Parts are computed by the same code here or
in a worker, so the result does not depend on where, and a worker that is not there yet, or no
longer, is no loss but one of time.
"""

import json
import os
import select
import subprocess
import sys
import tempfile
import weakref
from dataclasses import asdict, dataclass
from itertools import pairwise
from mmap import mmap
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from rnnviz.engine.errors import (
    require_choice,
    require_generator,
    require_indices,
    require_instance,
    require_integer,
)
from rnnviz.engine.loss import REDUCTIONS, unchecked_softmax_cross_entropy
from rnnviz.engine.network import ModelConfig, Network, State
from rnnviz.engine.parameters import Parameters

Indices = npt.NDArray[np.integer[Any]]

GO, DONE, READY = b"g", b"d", b"r"
_ALIGNMENT = 64  # bytes: a cache line
_WORKER_PROGRAM = "rnnviz.engine.data_parallel_worker"


@dataclass(frozen=True)
class PartPlan:
    """What a worker has to know: the network, its part of a window, and what the loss means.

    ``characters`` is what a mean is over: those of the whole window.
    """

    model: ModelConfig
    steps: int
    batch: int
    characters: int
    reduction: str

    def to_json(self) -> str:
        """As ``from_json`` takes it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "PartPlan":
        """The plan that ``to_json`` wrote."""
        values = json.loads(text)
        return cls(**{**values, "model": ModelConfig(**values["model"])})


class SharedPart:
    """One part's share of memory between two processes, as arrays over one buffer.

    ``parameters`` and ``gradients`` are ``Parameters``, ``state`` and ``final`` as ``State`` with
    ``(H, b)`` arrays, ``inputs`` and ``targets`` ``(T, b)``, ``nats`` and ``seed`` ``(1,)``.
    """

    def __init__(self, plan: PartPlan, memory: mmap | None) -> None:
        """Lay the arrays over ``memory``; without it only ``size`` is worked out."""
        self._memory = memory
        self.size = 0
        model, window = plan.model, (plan.steps, plan.batch)
        state_names = model.cell_type.state_names
        shapes = model.shapes()
        count = model.parameter_count
        flats = [self._array((count,), model.dtype) for _ in range(2)]
        rows = (model.num_layers, len(state_names), plan.batch, model.hidden_size)
        states = [self._array(rows, model.dtype) for _ in range(2)]
        self.inputs = self._array(window, "int32")
        self.targets = self._array(window, "int32")
        self.nats = self._array((1,), "float64")
        self.seed = self._array((1,), "int64")
        if memory is not None:
            self.parameters, self.gradients = (Parameters(flat, shapes) for flat in flats)
            self.state, self.final = (
                tuple(tuple(array.T for array in layer) for layer in state) for state in states
            )

    def _array(self, shape: tuple[int, ...], dtype: str) -> npt.NDArray[Any]:
        start = self.size
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        self.size += -(-size // _ALIGNMENT) * _ALIGNMENT
        if self._memory is None:
            return np.zeros(0, dtype)
        return np.ndarray(shape, dtype, self._memory, start)


def compute_part(
    network: Network,
    plan: PartPlan,
    seed: int,
    inputs: Indices,
    targets: Indices,
    state: State,
    out: Parameters | None = None,
) -> tuple[float, State, Parameters]:
    """Forward and backward over one part: summed loss in nats, final state and gradients.

    ``seed`` is that of what the part drops, if anything. The gradients are ``out``, or a buffer of
    ``network``.
    """
    rng = np.random.default_rng(seed) if plan.model.drops else None
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        forward = network.unchecked_forward(inputs, state, rng)
        window = forward.window
        weight = 1.0 / plan.characters if plan.reduction == "mean" else 1.0
        nats = unchecked_softmax_cross_entropy(
            window.scores, targets.reshape(-1), window.scores, weight
        )
        return nats, forward.state, network.unchecked_backward(window, window.scores, out=out)


class DataParallel:
    """Gradients of a window of ``steps`` by ``batch`` characters, computed in ``parts`` parts.

    The first part is computed here, each other one in a worker process, which is started with the
    first window and ends with this object, with ``close`` or with the program.
    """

    def __init__(
        self, network: Network, steps: int, batch: int, parts: int, reduction: str = "mean"
    ) -> None:
        """EngineError unless ``parts`` is from 1 to ``batch``."""
        require_instance("network", network, Network)
        require_integer("steps", steps, 1)
        require_integer("batch", batch, 1)
        require_integer("parts", parts, 1, batch)
        require_choice("reduction", reduction, REDUCTIONS)
        self.network = network
        self._window = steps, batch
        bounds = [batch * part // parts for part in range(parts + 1)]
        self._columns = [slice(*pair) for pair in pairwise(bounds)]
        self._plans = [
            PartPlan(network.config, steps, part.stop - part.start, steps * batch, reduction)
            for part in self._columns
        ]
        self._workers: list[_Worker | None] | None = None
        self._sum = network.parameters.zeros_like()

    def gradients(
        self,
        inputs: Indices,
        targets: Indices,
        state: State,
        rng: np.random.Generator | None = None,
    ) -> tuple[float, State, Parameters]:
        """Summed loss in nats, final state and gradients of the window ``(T, B)``.

        A network with dropout needs ``rng``, from which each part's own generator is seeded. The
        gradients are a buffer that the next call writes again. EngineError names a wrong argument.
        """
        size, window = self.network.config.vocabulary_size, self._window
        inputs = require_indices("inputs", inputs, size, window)
        targets = require_indices("targets", targets, size, window)
        self.network.check_state(state, window[1])
        seeds = [0] * len(self._plans)
        if self.network.config.drops:
            seeds = require_generator("rng", rng).integers(2**63, size=len(seeds)).tolist()
        if self._workers is None:
            self._workers = [_start(plan) for plan in self._plans[1:]]
        shares = [
            (
                *(seed, inputs[:, part], targets[:, part]),
                tuple(tuple(array[:, part] for array in layer) for layer in state),
            )
            for seed, part in zip(seeds, self._columns, strict=True)
        ]
        at_work = [
            worker is not None and worker.begin(self.network.parameters, *share)
            for worker, share in zip(self._workers, shares[1:], strict=True)
        ]
        nats, final, _ = compute_part(self.network, self._plans[0], *shares[0], out=self._sum)
        finals = [final]
        for index, share in enumerate(shares[1:]):
            worker = self._workers[index]
            if at_work[index] and worker is not None and worker.finish():
                part_nats = float(worker.shared.nats[0])
                part_final, part_gradients = worker.shared.final, worker.shared.gradients
            else:
                if worker is not None and not worker.alive:
                    self._workers[index] = None
                plan = self._plans[index + 1]
                part_nats, part_final, part_gradients = compute_part(self.network, plan, *share)
            nats += part_nats
            finals.append(part_final)
            np.add(self._sum.flat, part_gradients.flat, out=self._sum.flat)
        return nats, _side_by_side(finals), self._sum

    @property
    def workers(self) -> int:
        """How many worker processes are at hand."""
        return sum(worker is not None and worker.ready for worker in self._workers or ())

    def close(self) -> None:
        """End the workers at once, also in the middle of a window; from any thread."""
        for worker in self._workers or ():
            if worker is not None:
                worker.close()

    def reopen(self) -> None:
        """After ``close``: have workers again from the next window on."""
        self.close()
        self._workers = None


def _side_by_side(states: list[State]) -> State:
    """The states of parts of a batch as that of the whole one."""
    return tuple(
        tuple(
            np.concatenate([array.T for array in arrays], axis=0).T
            for arrays in zip(*layers, strict=True)
        )
        for layers in zip(*states, strict=True)
    )


class _Worker:
    """A process that computes one part whenever it is told to. OSError when it cannot be had."""

    def __init__(self, plan: PartPlan) -> None:
        descriptor = _memory(SharedPart(plan, None).size)
        try:
            self.shared = SharedPart(plan, mmap(descriptor, 0))
            self._process = subprocess.Popen(
                [sys.executable, "-m", _WORKER_PROGRAM, str(descriptor), plan.to_json()],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
                bufsize=0,
                pass_fds=(descriptor,),
            )
        finally:
            os.close(descriptor)  # the memory lasts as long as it is mapped somewhere
        self.ready = False
        self.alive = True
        self._busy = False
        self._end = weakref.finalize(self, _end, self._process)

    def begin(
        self, parameters: Parameters, seed: int, inputs: Indices, targets: Indices, state: State
    ) -> bool:
        """Hand over a part; False when the worker cannot take it."""
        if not self.alive or not self._is_ready() or (self._busy and not self.finish()):
            return False
        shared = self.shared
        np.copyto(shared.parameters.flat, parameters.flat)
        shared.seed[0] = seed
        shared.inputs[...] = inputs
        shared.targets[...] = targets
        for there, here in zip(shared.state, state, strict=True):
            for array, value in zip(there, here, strict=True):
                array[...] = value
        try:
            _pipe(self._process.stdin).write(GO)
        except OSError:
            self.alive = False
            return False
        self._busy = True
        return True

    def finish(self) -> bool:
        """Wait for the part's result in ``shared``; False when the worker has ended."""
        self._busy = False
        self.alive = self._answer() == DONE
        return self.alive

    def _is_ready(self) -> bool:
        """Whether the worker has loaded; it is not waited for."""
        if not self.ready and _can_read(_pipe(self._process.stdout)):
            self.ready = self.alive = self._answer() == READY
        return self.ready

    def _answer(self) -> bytes:
        try:
            return _pipe(self._process.stdout).read(1)
        except (OSError, ValueError):  # closed in the meantime
            return b""

    def close(self) -> None:
        """End the process."""
        self.alive = self.ready = False
        self._end()


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None  # opened with subprocess.PIPE
    return stream


def _can_read(stream: IO[bytes]) -> bool:
    """Whether there is something to read, or nothing ever more."""
    return bool(select.select([stream], [], [], 0)[0])


def _memory(size: int) -> int:
    """The descriptor of a nameless file of so many bytes, kept in memory where that can be asked.

    OSError when there is not enough room: it is taken now, because running out of it later, when
    it is first written, would end the process.
    """
    if sys.platform == "linux":
        descriptor = os.memfd_create("rnnviz")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    try:
        os.truncate(descriptor, size)
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(descriptor, 0, size)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _start(plan: PartPlan) -> _Worker | None:
    """A worker, or None where there is no room for one: its part is then computed here."""
    try:
        return _Worker(plan)
    except OSError:
        return None


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
