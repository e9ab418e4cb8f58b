"""`rnnviz train`: a training without a window."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rnnviz.cli import run_options
from rnnviz.cli.common import (
    DIVERGED,
    Parser,
    add_value,
    check_apart,
    check_writable,
    count,
    finite,
    one_line_errors,
    real,
    say_excerpt,
)
from rnnviz.cli.signalled import signals_call

if TYPE_CHECKING:
    from rnnviz.engine.evaluation import Evaluation
    from rnnviz.session.config import RunConfig
    from rnnviz.session.frames import Row
    from rnnviz.session.history import History
    from rnnviz.session.run import Run
    from rnnviz.session.runner import Budget, Runner

_LONG = 1.0  # seconds: what takes longer shows how far it is


def parser() -> argparse.ArgumentParser:
    """The arguments."""
    parser = Parser(
        prog="rnnviz train",
        description="Trains without a window and writes the model. Settings that are not given "
        "come from the preset.",
    )
    parser.add_argument("corpus", metavar="CORPUS", help="a text file, or the name of a source")
    parser.add_argument("--out", required=True, metavar="RUN.safetensors", type=Path)
    parser.add_argument("--preset", metavar="NAME", default="gru-128", help="default: %(default)s")
    add_value(parser, "--threads", count, "N", "processor cores to train on")
    add_value(parser, "--log", Path, "METRICS.jsonl", "a line per step")
    add_value(
        parser,
        "--tensorboard",
        Path,
        "FOLDER",
        "an event file in it for TensorBoard, which has to be installed: "
        "pip install 'rnnviz[tensorboard]'",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object at the end")
    length = parser.add_argument_group("length, one of").add_mutually_exclusive_group()
    length.add_argument("--steps", type=count, metavar="N")
    length.add_argument("--seconds", type=real, metavar="S")
    length.add_argument("--epochs", type=real, metavar="E")
    run_options.add_to(parser)
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Trains, saves the run and prints its figures."""
    from rnnviz.engine.blas import thread_limit
    from rnnviz.paths import cache_folder
    from rnnviz.session.run import build_run
    from rnnviz.session.tensorboard import require_tensorboard
    from rnnviz.text.sources import load_source

    with one_line_errors(run_options.BY_FIELD):
        config, budget = _settings(arguments)
        check_writable(arguments.out)
        check_apart(
            {"--out": arguments.out, "--log": arguments.log}, {"CORPUS": Path(arguments.corpus)}
        )
        if arguments.tensorboard:
            require_tensorboard()
        corpus = load_source(arguments.corpus, cache_folder())
        say_excerpt(corpus)
        run = build_run(config, corpus, cores=arguments.threads)
        with thread_limit(run.parallelism.threads), contextlib.closing(run.trainer):
            return _train(arguments, run, budget)


def _settings(arguments: argparse.Namespace) -> tuple[RunConfig, Budget]:
    from rnnviz.session.presets import load_preset
    from rnnviz.session.runner import Budget

    config, limits = load_preset(arguments.preset).command_line_config(arguments.corpus)
    given = vars(arguments)
    config = run_options.changed(config, given)
    asked = {name: given[name] for name in ("steps", "seconds", "epochs") if given[name]}
    return config, Budget(**(asked or limits or {"seconds": 60.0}))


def _train(arguments: argparse.Namespace, run: Run, budget: Budget) -> int:
    from rnnviz.session.history import History
    from rnnviz.session.mailbox import Mailbox
    from rnnviz.session.runfile import write_checkpoint
    from rnnviz.session.runner import Runner

    runner, history = Runner(run, Mailbox()), History()
    status = 0
    with signals_call(runner.interrupt) as signalled:
        try:
            _train_with_progress(arguments, runner, budget, history)
        except MemoryError:  # in a step, which has changed nothing
            status = 2
            print(
                "rnnviz: there is not enough memory to train on; what was learned so far is kept: "
                "choose a smaller batch or a shorter sequence, or close other programs",
                file=sys.stderr,
            )
        if signalled:
            print("rnnviz: interrupted; what was learned so far is kept", file=sys.stderr)
            status = 128 + signalled[0]  # what a shell makes of a signal
        if runner.divergence is not None:
            status = DIVERGED
            print(f"rnnviz: {runner.divergence.sentence()}", file=sys.stderr)
        # Saved before it is judged: a long validation must not stand between the work and the disk.
        history.extend(runner.mailbox.drain())
        checkpoint = runner.checkpoint(copied=False)
        write_checkpoint(arguments.out, checkpoint, history.record(runner.last_row))
    # Whoever interrupts does not want to wait for one.
    measured = None if signalled or status == 2 else _validated(run)
    row = runner.last_row
    result = {
        "steps": run.trainer.steps,
        "characters": row.characters if row else 0,
        "seconds": round(runner.seconds, 3),
        "characters_per_second": round(row.characters / runner.seconds) if row else 0,
        "train_nats": finite(row.smoothed) if row else None,
        "val_nats": finite(measured.nats) if measured else None,
    }
    if arguments.json:
        print(json.dumps(result))
    else:
        learned = f"training {row.smoothed:.4f} nats/char, " if row else ""
        held_out = (
            f"validation {measured.nats:.4f} nats/char ({run.split.label})"
            if measured
            else "validation left out"
            if signalled or status == 2
            else "nothing held out"
        )
        print(
            f"{result['steps']:,} steps, {result['characters']:,} characters in "
            f"{runner.seconds:.1f} s ({result['characters_per_second']:,} per second); "
            f"{learned}{held_out}; saved to {arguments.out}"
        )
    return status


def _validated(run: Run) -> Evaluation | None:
    """The loss on the whole held-out part, with a bar when that takes its time."""
    from tqdm import tqdm

    with tqdm(
        total=run.held_out_characters(),
        file=sys.stderr,
        delay=_LONG,
        leave=False,
        bar_format="validation {percentage:3.0f}%|{bar}| {n_fmt} of {total_fmt} characters",
    ) as bar:

        def show(done: int, _: int) -> None:
            bar.update(done - bar.n)

        return run.final_validation(show)


def _train_with_progress(
    arguments: argparse.Namespace, runner: Runner, budget: Budget, history: History
) -> None:
    """The training loop with its listeners: progress bar, metrics and event files, samples."""
    from tqdm import tqdm

    from rnnviz.engine.errors import Interrupted
    from rnnviz.session.metrics import MetricsWriter
    from rnnviz.session.tensorboard import EventWriter

    metrics = MetricsWriter(arguments.log) if arguments.log else None
    events = EventWriter(arguments.tensorboard) if arguments.tensorboard else None
    bar = tqdm(total=1000, file=sys.stderr, unit="‰", bar_format="{l_bar}{bar}| {postfix}")
    measured: list[str] = []  # the newest validation, in words

    told = 0  # the newest step

    def on_row(row: Row) -> None:
        nonlocal told
        told = row.step
        delivery = runner.mailbox.drain()
        history.extend(delivery)
        val_loss = delivery.validations[-1].loss if delivery.validations else None
        if metrics:
            metrics.write(row, val_loss)
        if events:
            events.write(row, val_loss, delivery.samples)
        for sample in delivery.samples if runner.run.config.sample_every else ():
            tqdm.write(
                f"--- step {sample.step:,}, {sample.loss:.3f} nats/char\n{sample.text}\n",
                file=sys.stderr,
            )
        if val_loss is not None:
            measured[:] = [f"  val {val_loss:.3f}"]
        share = int(1000 * budget.progress(row.step, runner.seconds, row.epoch))
        if share > bar.n:
            words = f"step {row.step:,}  train {row.smoothed:.3f}{''.join(measured)}"
            bar.set_postfix_str(words, refresh=False)
            bar.update(share - bar.n)

    try:
        runner.train_until(budget, on_row)
    except Interrupted:
        row = runner.last_row
        if row is not None and row.step > told:  # it was made, and the sample after it given up
            on_row(row)
    finally:
        bar.close()
        for file in filter(None, (metrics, events)):
            file.close()
            if file.problem:
                print(f"rnnviz: {file.problem}", file=sys.stderr)
