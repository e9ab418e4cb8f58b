"""Kills real processes while they save, and looks at what is left; run by the tests.

`killing.py FOLDER TIMES SEED [naive]` prints a line of JSON: how many kills, how many of them in
the middle of writing, and what was wrong. With `naive` the file is written in place instead, as
programs do that lose work: then something must be wrong sooner or later, and the first such kill is
the last, or the kills prove nothing.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from rnnviz.engine.errors import EngineError
from rnnviz.files import write_bytes
from rnnviz.session.config import RunConfig
from rnnviz.session.history import History
from rnnviz.session.mailbox import Mailbox
from rnnviz.session.run import build_run
from rnnviz.session.runfile import Checkpoint, load_run, take_checkpoint, write_checkpoint
from rnnviz.session.runner import Budget, Runner
from rnnviz.text.corpus import Corpus

CORPUS = Corpus("fox", "the quick brown fox jumps over the lazy dog.\n" * 60, "fox")
CONFIG = RunConfig(hidden_size=160, seq_len=10, batch_size=4, cell="gru")


def states() -> dict[int, tuple[Checkpoint, History]]:
    """Two states of one run by their step: what may be found in the file."""
    runner = Runner(build_run(CONFIG, CORPUS), Mailbox())
    found = {}
    history = History()
    for steps in (3, 9):
        runner.train_until(Budget(steps=steps))
        history.extend(runner.mailbox.drain())
        copy = History.of(history.record())
        found[steps] = (
            take_checkpoint(runner.run, {"seconds": 1.0}, last_row=runner.last_row),
            copy,
        )
    return found


def save_forever(path: Path, write: Callable[[int], None], ready: int) -> None:
    """The child: saves one state after the other until it is killed."""
    first = True
    while True:
        for step in (3, 9):
            write(step)
            if first:
                os.write(ready, b"x")
                first = False


def main(folder: Path, times: int, seed: int, naive: bool) -> dict[str, object]:
    path = folder / "run.safetensors"
    found = states()
    weights = {step: checkpoint.network.parameters.flat for step, (checkpoint, _) in found.items()}

    def write(step: int) -> None:
        checkpoint, history = found[step]
        record = history.record()
        if not naive:
            write_checkpoint(path, checkpoint, record)
            return
        other = path.with_name("other")
        write_checkpoint(other, checkpoint, record)
        content = other.read_bytes()
        with path.open("wb", buffering=0) as file:
            for start in range(0, len(content), 4096):
                file.write(content[start : start + 4096])

    write(3)
    rng = random.Random(seed)
    wrong: list[str] = []
    in_the_middle = 0
    for kill in range(times):
        reading, ready = os.pipe()
        child = os.fork()
        if child == 0:
            save_forever(path, write, ready)
        os.close(ready)
        os.read(reading, 1)  # it is at it
        os.close(reading)
        time.sleep(rng.uniform(0.0, 0.03))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        in_the_middle += any(file.suffix == ".part" for file in folder.iterdir())
        try:
            saved = load_run(path)
            assert saved.record is not None
            step = saved.record.last.step if saved.record.last else 0
            assert np.array_equal(saved.model.network.parameters.flat, weights[step])
            assert len(saved.record) == step
        except (EngineError, AssertionError, KeyError) as error:
            wrong.append(f"kill {kill}: {type(error).__name__}: {error}")
        if naive and wrong:
            break
        write(3)  # a program after it has no trouble with what is left
        left = sorted(file.name for file in folder.iterdir())
        if left != ["run.safetensors"] and not naive:
            wrong.append(f"kill {kill}: {left} is left")
    write_bytes(path, b"")
    return {"kills": times, "in the middle": in_the_middle, "wrong": wrong}


if __name__ == "__main__":
    where, count, number, *rest = sys.argv[1:]
    sys.stdout.write(json.dumps(main(Path(where), int(count), int(number), bool(rest))) + "\n")
