"""Trains and saves on a small file system that fills up; run by the tests in a mount of its own.

`full_disk.py FOLDER` mounts a tmpfs there and prints a line of JSON with what happened.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from rnnviz.engine.errors import EngineError
from rnnviz.session.config import RunConfig
from rnnviz.session.history import History
from rnnviz.session.mailbox import Mailbox
from rnnviz.session.run import build_run
from rnnviz.session.runfile import load_run, write_checkpoint
from rnnviz.session.runner import Budget, Runner
from rnnviz.text.corpus import Corpus

CORPUS = Corpus("fox", "the quick brown fox jumps over the lazy dog.\n" * 60, "fox")


def main(folder: Path) -> dict[str, object]:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], check=True)
    runner = Runner(
        build_run(RunConfig(hidden_size=64, seq_len=10, batch_size=4), CORPUS), Mailbox()
    )
    history = History()
    path = folder / "run.safetensors"

    def train_and_save() -> str:
        runner.train_until(Budget(steps=runner.run.trainer.steps + 5))
        history.extend(runner.mailbox.drain())
        try:
            write_checkpoint(path, runner.checkpoint(), history.record(runner.last_row))
        except EngineError as error:
            return str(error)
        return ""

    def kept() -> dict[str, object]:
        saved = load_run(path)
        assert saved.trainer is not None
        names = sorted(file.name for file in folder.iterdir())
        return {"step": saved.trainer["values"]["step"], "files": names}

    found: dict[str, object] = {"first": train_and_save(), "kept first": kept()}
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError as error:
            found["filled"] = error.errno
    found |= {"full": train_and_save(), "kept full": kept()}
    filler.unlink()
    found |= {"again": train_and_save(), "kept again": kept()}
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    found |= {"read-only": train_and_save(), "kept read-only": kept()}
    found["steps"] = runner.run.trainer.steps
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]))) + "\n")
