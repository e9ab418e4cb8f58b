"""The `rnnviz` command: starts the window, or trains, judges and samples without one.

Only the standard library is imported at the top: the BLAS kernel has to be chosen before NumPy is
loaded, and `--help` should be instant.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from rnnviz import __version__, blas_kernel

if TYPE_CHECKING:
    from rnnviz.session.config import RunConfig
    from rnnviz.session.frames import Row
    from rnnviz.session.run import Run
    from rnnviz.session.runner import Budget, Runner
    from rnnviz.text.corpus import Corpus

BAD_INPUT = 2  # exit status for bad arguments and files
DIVERGED = 1  # exit status of a training that ended in NaN or infinity
INTERRUPTED = 130

# Written out, so that --help need not load the engine; the tests compare it with the registry.
_OPTIMIZERS = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw")

_PARTS_OF_RUN = {
    "cell": "cell",
    "layers": "num_layers",
    "hidden": "hidden_size",
    "seq_len": "seq_len",
    "batch": "batch_size",
    "optimizer": "optimizer",
    "lr": "learning_rate",
    "schedule": "schedule",
    "split": "split",
    "val_fraction": "val_fraction",
    "seed": "seed",
    "dtype": "dtype",
    "sample_every": "sample_every",
}


class UsageError(Exception):
    """Ends the program with one line on stderr and status 2."""


class _Parser(argparse.ArgumentParser):
    """argparse that answers a mistake in one line instead of a page of usage."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see {self.prog} --help)")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit status; never lets a traceback out for bad input."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    blas_kernel.prepare_environment()
    try:
        if arguments and arguments[0] in _COMMANDS:
            parser, command = _COMMANDS[arguments[0]]
            return command(parser().parse_args(arguments[1:]))
        return _window(_window_parser().parse_args(arguments))
    except UsageError as error:
        return _complain(str(error))
    except BrokenPipeError:  # the reader of a pipe has left; nothing more to say to it
        sys.stdout = None
        return 0
    except KeyboardInterrupt:
        return INTERRUPTED


def _complain(message: str) -> int:
    print(f"rnnviz: {' '.join(message.split())}", file=sys.stderr)
    return BAD_INPUT


@contextlib.contextmanager
def _one_line_errors() -> Iterator[None]:
    """Turns everything that is wrong with input, settings or files into a `UsageError`."""
    from rnnviz.engine.errors import EngineError
    from rnnviz.session.config import ConfigError
    from rnnviz.text.corpus import CorpusError, InvalidEncodingError
    from rnnviz.text.vocabulary import UnknownCharacterError

    try:
        yield
    except InvalidEncodingError as error:
        raise UsageError(
            f"{error.path}: not valid {error.encoding.upper()} at byte offset {error.offset}; "
            "convert it to UTF-8 (the window can also read it as Latin-1)"
        ) from error
    except ConfigError as error:
        option = next((o for o, name in _PARTS_OF_RUN.items() if name == error.field), "")
        if option:
            sentence = str(error).removeprefix(f"{error.field}: ")
            raise UsageError(f"--{option.replace('_', '-')}: {sentence}") from error
        raise UsageError(str(error)) from error
    except (EngineError, CorpusError, UnknownCharacterError) as error:
        raise UsageError(str(error)) from error
    except OSError as error:
        name = f"{error.filename}: " if error.filename else ""
        raise UsageError(f"{name}{error.strerror or error}") from error
    except MemoryError as error:
        raise UsageError("there is not enough memory for a network of this size") from error


# Arguments.


def _positive(kind: Callable[[str], Any], what: str) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not {what}") from None
        if not value > 0 or not math.isfinite(value):
            raise argparse.ArgumentTypeError(f"{text!r} is not {what} above 0")
        return value

    return parse


def _at_least_zero(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 0")
    return value


_count = _positive(int, "a whole number")
_real = _positive(float, "a number")


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 1600x1000")
    size = int(width), int(height)
    if not (640 <= size[0] <= 8192 and 480 <= size[1] <= 8192):
        raise argparse.ArgumentTypeError(f"{text!r} is not between 640x480 and 8192x8192")
    return size


def _window_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="rnnviz",
        description="Watch a character-level recurrent network learn.",
        epilog="Other commands: train, eval, sample, snapshot, info (rnnviz COMMAND --help).",
    )
    parser.add_argument("file", nargs="?", help="a text to learn, or a saved run to open")
    parser.add_argument("--theme", choices=("system", "dark", "light"), help="colours")
    parser.add_argument("--preset", metavar="NAME", help="settings to start with")
    parser.add_argument("--version", action="version", version=f"rnnviz {__version__}")
    return parser


def _train_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="rnnviz train",
        description="Trains without a window and writes the model. Settings that are not given "
        "come from the preset.",
    )
    parser.add_argument("corpus", metavar="CORPUS", help="a text file, or the name of a source")
    parser.add_argument("--out", required=True, metavar="RUN.safetensors", type=Path)
    parser.add_argument("--preset", metavar="NAME", default="gru-128", help="default: %(default)s")
    parser.add_argument("--cell", choices=("rnn", "lstm", "gru"))
    parser.add_argument("--layers", type=_count, metavar="N")
    parser.add_argument("--hidden", type=_count, metavar="N", help="units in each layer")
    parser.add_argument("--seq-len", type=_count, metavar="N", help="characters per window")
    parser.add_argument("--batch", type=_count, metavar="N", help="parallel streams")
    parser.add_argument("--optimizer", metavar="NAME", help=f"one of {', '.join(_OPTIMIZERS)}")
    parser.add_argument("--lr", type=_real, metavar="X", help="learning rate")
    parser.add_argument("--schedule", choices=("constant", "cosine", "step"))
    clip = parser.add_mutually_exclusive_group()
    clip.add_argument("--clip-norm", type=_real, metavar="X", help="by global L2 norm")
    clip.add_argument("--clip-value", type=_real, metavar="X", help="each entry to [-X, X]")
    clip.add_argument("--no-clip", action="store_true")
    parser.add_argument("--split", choices=("contiguous", "interleaved"))
    parser.add_argument(
        "--val-fraction", type=_at_least_zero, metavar="X", help="share held out, 0 to 0.5"
    )
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--steps", type=_count, metavar="N")
    length.add_argument("--seconds", type=_real, metavar="S")
    length.add_argument("--epochs", type=_real, metavar="E")
    parser.add_argument("--seed", type=int, metavar="N", help="of the initial weights and samples")
    parser.add_argument("--dtype", choices=("float32", "float64"))
    parser.add_argument("--threads", type=_count, metavar="N", help="of the BLAS library")
    parser.add_argument("--log", type=Path, metavar="METRICS.jsonl", help="a line per step")
    parser.add_argument(
        "--sample-every", type=_count, metavar="N", help="write a sample to stderr every N steps"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object at the end")
    return parser


def _eval_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="rnnviz eval",
        description="Reads a whole text statefully from a zero state and predicts characters 2..N.",
    )
    parser.add_argument("run", metavar="RUN", type=Path, help="a saved model")
    parser.add_argument("text", metavar="TEXT", help="a text file, or the name of a source")
    parser.add_argument("--json", action="store_true")
    return parser


def _sample_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="rnnviz sample", description="Prints the prompt and the text a saved model adds to it."
    )
    parser.add_argument("run", metavar="RUN", type=Path, help="a saved model")
    parser.add_argument("--prompt", default="\n", metavar="TEXT", help="default: a newline")
    parser.add_argument("--length", type=_count, default=200, metavar="N", help="default: 200")
    parser.add_argument(
        "--temperature", type=_at_least_zero, default=0.8, metavar="X", help="0 is greedy"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    return parser


def _snapshot_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="rnnviz snapshot",
        description="Trains in the real window without a display and saves its picture.",
    )
    parser.add_argument("out", metavar="OUT.png", type=Path)
    parser.add_argument("corpus", nargs="?", metavar="CORPUS", help="a text, a source or a run")
    parser.add_argument("--seconds", type=_real, default=20.0, metavar="S", help="default: 20")
    parser.add_argument("--size", type=_size, default=(1600, 1000), metavar="1600x1000")
    parser.add_argument("--theme", choices=("dark", "light"), default="dark")
    parser.add_argument("--preset", metavar="NAME")
    return parser


def _info_parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="rnnviz info", description="Versions, paths, BLAS kernel and threads.")
    parser.add_argument("--json", action="store_true")
    return parser


# Commands.


def _window(arguments: argparse.Namespace) -> int:
    problem = _no_display()
    if problem:
        raise UsageError(problem)
    if arguments.file is not None and not Path(arguments.file).exists():
        from rnnviz.text.sources import list_sources

        with _one_line_errors():
            if arguments.file not in [source.id for source in list_sources()]:
                raise UsageError(f"{arguments.file}: there is no such file")
    _check_preset(arguments.preset)
    from rnnviz.app.application import run_window

    return run_window(arguments.file, theme=arguments.theme, preset=arguments.preset)


def _no_display() -> str:
    """Why no window can be shown, or nothing. Qt itself would abort the process."""
    if sys.platform in ("win32", "darwin") or os.environ.get("QT_QPA_PLATFORM"):
        return ""
    if os.environ.get("WAYLAND_DISPLAY") or _x_display_answers(os.environ.get("DISPLAY", "")):
        return ""
    return (
        "there is no display to show a window on; `rnnviz snapshot` draws it into a picture "
        "and `rnnviz train` trains without it"
    )


def _x_display_answers(display: str) -> bool:
    """Whether an X server can be reached; a remote one (HOST:N) is taken at its word."""
    if not display:
        return False
    host, _, number = display.rpartition(":")
    number = number.split(".")[0]
    if host not in ("", "unix") or not number.isdigit():
        return bool(number.isdigit())
    import socket

    for name in (f"\0/tmp/.X11-unix/X{number}", f"/tmp/.X11-unix/X{number}"):
        with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
            probe.connect(name)
            return True
    return False


def _check_preset(name: str | None) -> None:
    if name is None:
        return
    from rnnviz.session.presets import load_preset

    with _one_line_errors():
        load_preset(name)


def _train(arguments: argparse.Namespace) -> int:
    from rnnviz.engine.blas import recommended_threads, thread_limit
    from rnnviz.paths import cache_folder
    from rnnviz.session.run import build_run
    from rnnviz.text.sources import load_source

    with _one_line_errors():
        config, budget = _train_settings(arguments)
        _check_writable(arguments.out)
        corpus = load_source(arguments.corpus, cache_folder())
        _say_excerpt(corpus)
        run = build_run(config, corpus)
        threads = arguments.threads or recommended_threads(run.network.config, config.batch_size)
        with thread_limit(threads):
            return _train_run(arguments, run, budget)


def _say_excerpt(corpus: Corpus) -> None:
    """Tells when only the beginning of a very large text is used."""
    if corpus.excerpt:
        print(f"rnnviz: {corpus.excerpt}", file=sys.stderr)


def _train_settings(arguments: argparse.Namespace) -> tuple[RunConfig, Budget]:
    from rnnviz.session.config import ConfigError, problems
    from rnnviz.session.presets import load_preset
    from rnnviz.session.runner import Budget

    config, limits = load_preset(arguments.preset).command_line_config(arguments.corpus)
    given = vars(arguments)
    changes = {
        field: given[option] for option, field in _PARTS_OF_RUN.items() if given[option] is not None
    }
    for kind in ("norm", "value"):
        if given[f"clip_{kind}"] is not None:
            changes |= {"clip_kind": kind, "clip_threshold": given[f"clip_{kind}"]}
    if arguments.no_clip:
        changes["clip_kind"] = "off"
    config = config.with_changes(**changes)
    for field, sentence in problems(config).items():
        raise ConfigError(sentence, field)
    asked = {name: given[name] for name in ("steps", "seconds", "epochs") if given[name]}
    return config, Budget(**(asked or limits or {"seconds": 60.0}))


def _check_writable(path: Path) -> None:
    """Says before the training, not after it, that the result cannot be kept."""
    if path.is_dir():
        raise UsageError(f"{path}: this is a folder, not a file to write")
    if not path.absolute().parent.is_dir():
        raise UsageError(f"{path.absolute().parent}: there is no such folder to write to")
    if not os.access(path.absolute().parent, os.W_OK):
        raise UsageError(f"{path.absolute().parent}: this folder cannot be written to")


def _train_run(arguments: argparse.Namespace, run: Run, budget: Budget) -> int:
    from rnnviz.session.mailbox import Mailbox
    from rnnviz.session.runfile import save_run
    from rnnviz.session.runner import Runner

    runner = Runner(run, Mailbox())
    status = 0
    try:
        _train_with_progress(arguments, runner, budget)
    except KeyboardInterrupt:
        print("rnnviz: interrupted; what was learned so far is kept", file=sys.stderr)
        status = INTERRUPTED
    if runner.diverged:
        status = DIVERGED
        step = run.trainer.steps
        print(
            f"rnnviz: diverged after step {step:,}: the loss or the gradient is no finite number; "
            "the last finite weights are kept",
            file=sys.stderr,
        )
    # Saved before it is judged: a long validation must not stand between the work and the disk.
    save_run(arguments.out, run, seconds=runner.seconds)
    measured = run.final_validation()
    row = runner.last_row
    result = {
        "steps": run.trainer.steps,
        "characters": row.characters if row else 0,
        "seconds": round(runner.seconds, 3),
        "characters_per_second": round(row.characters / runner.seconds) if row else 0,
        "train_nats": _finite(row.smoothed) if row else None,
        "val_nats": _finite(measured.nats) if measured else None,
    }
    if arguments.json:
        print(json.dumps(result))
    else:
        held_out = (
            f"validation {measured.nats:.4f} nats/char ({run.split.label})"
            if measured
            else "nothing held out"
        )
        print(
            f"{result['steps']:,} steps, {result['characters']:,} characters in "
            f"{runner.seconds:.1f} s ({result['characters_per_second']:,} per second); "
            f"training {result['train_nats']} nats/char, {held_out}; saved to {arguments.out}"
        )
    return status


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _train_with_progress(arguments: argparse.Namespace, runner: Runner, budget: Budget) -> None:
    """The training loop with its three listeners: progress bar, metrics file, samples."""
    from tqdm import tqdm

    from rnnviz.session.metrics import MetricsWriter

    bar = tqdm(total=1000, file=sys.stderr, unit="‰", bar_format="{l_bar}{bar}| {postfix}")
    metrics = MetricsWriter(arguments.log) if arguments.log else None
    measured: list[str] = []  # the newest validation, in words

    def on_row(row: Row) -> None:
        delivery = runner.mailbox.drain()
        val_loss = delivery.validations[-1].loss if delivery.validations else None
        if metrics:
            metrics.write(row, val_loss)
        for sample in delivery.samples if arguments.sample_every else ():
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
    finally:
        bar.close()
        if metrics:
            metrics.close()


def _eval(arguments: argparse.Namespace) -> int:
    from rnnviz.engine.checkpoint import load_model
    from rnnviz.engine.evaluation import evaluate
    from rnnviz.paths import cache_folder
    from rnnviz.text.sources import load_source
    from rnnviz.text.vocabulary import Vocabulary

    with _one_line_errors():
        model = load_model(arguments.run)
        corpus: Corpus = load_source(arguments.text, cache_folder())
        _say_excerpt(corpus)
        indices = Vocabulary(model.vocabulary).encode(corpus.text)
        measured = evaluate(model.network, indices)
    result = {
        "nats_per_character": measured.nats,
        "bits_per_character": measured.bits,
        "perplexity": measured.perplexity,
        "characters": measured.characters,
    }
    if arguments.json:
        print(json.dumps(result))
    else:
        print(
            f"{measured.nats:.4f} nats/char, {measured.bits:.4f} bits/char, "
            f"perplexity {measured.perplexity:.3f} over {measured.characters:,} characters"
        )
    return 0


def _sample(arguments: argparse.Namespace) -> int:
    import numpy as np

    from rnnviz.engine.checkpoint import load_model
    from rnnviz.engine.decoding import generate
    from rnnviz.text.vocabulary import Vocabulary

    if not arguments.prompt:
        raise UsageError("--prompt: at least one character is needed to start from")
    if arguments.seed < 0:
        raise UsageError("--seed: must be 0 or above")
    with _one_line_errors():
        model = load_model(arguments.run)
        vocabulary = Vocabulary(model.vocabulary)
        prompt = vocabulary.encode(arguments.prompt)
        rng = np.random.default_rng(arguments.seed)
        sys.stdout.write(arguments.prompt)
        for index in generate(model.network, prompt, arguments.length, arguments.temperature, rng):
            sys.stdout.write(model.vocabulary[index])
    sys.stdout.write("\n")
    return 0


def _snapshot(arguments: argparse.Namespace) -> int:
    _check_writable(arguments.out)
    if arguments.out.suffix.lower() != ".png":
        raise UsageError(f"{arguments.out}: the picture's name must end in .png")
    _check_preset(arguments.preset)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from rnnviz.app.snapshot import take_snapshot

    with _one_line_errors():
        take_snapshot(
            arguments.out,
            arguments.corpus,
            seconds=arguments.seconds,
            size=arguments.size,
            theme=arguments.theme,
            preset=arguments.preset,
        )
    print(arguments.out)
    return 0


def _info(arguments: argparse.Namespace) -> int:
    from rnnviz.session.information import gather

    found = gather()
    if arguments.json:
        print(json.dumps(found, indent=2))
    else:
        width = max(map(len, found))
        for name, value in found.items():
            print(f"{name:{width}}  {value}")
    return 0


_COMMANDS: dict[
    str, tuple[Callable[[], argparse.ArgumentParser], Callable[[argparse.Namespace], int]]
] = {
    "train": (_train_parser, _train),
    "eval": (_eval_parser, _eval),
    "sample": (_sample_parser, _sample),
    "snapshot": (_snapshot_parser, _snapshot),
    "info": (_info_parser, _info),
}
