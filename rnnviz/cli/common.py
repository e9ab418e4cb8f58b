"""What the commands share: exit statuses, one-line errors, and the types of their arguments."""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from rnnviz.engine.checkpoint import LoadedModel
    from rnnviz.text.corpus import Corpus

BAD_INPUT = 2  # exit status for bad arguments and files
DIVERGED = 1  # exit status of a training that ended in NaN or infinity
INTERRUPTED = 130


class UsageError(Exception):
    """Ends the program with one line on stderr and status 2."""


class Parser(argparse.ArgumentParser):
    """argparse that answers a mistake in one line instead of a page of usage."""

    def error(self, message: str) -> NoReturn:
        """Raises `UsageError`."""
        raise UsageError(f"{message} (see {self.prog} --help)")


@contextlib.contextmanager
def one_line_errors(options: Mapping[str, str] | None = None) -> Iterator[None]:
    """Turns everything that is wrong with input, settings or files into a `UsageError`.

    `options` are the command's options by the setting they stand for, to name the one at fault.
    """
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
        option = (options or {}).get(error.field)
        if option:
            sentence = str(error).removeprefix(f"{error.field}: ")
            raise UsageError(f"{option}: {sentence}") from error
        raise UsageError(str(error)) from error
    except (EngineError, CorpusError, UnknownCharacterError) as error:
        raise UsageError(str(error)) from error
    except OSError as error:
        name = f"{error.filename}: " if error.filename else ""
        raise UsageError(f"{name}{error.strerror or error}") from error
    except MemoryError as error:
        raise UsageError(
            "there is not enough memory for a network of this size: choose fewer hidden units, a "
            "smaller batch or a shorter sequence"
        ) from error


def check_writable(path: Path) -> None:
    """Says before the work, not after it, that the result cannot be kept."""
    from rnnviz.files import is_replaceable

    if path.is_dir():
        raise UsageError(f"{path}: this is a folder, not a file to write")
    if not path.absolute().parent.is_dir():
        raise UsageError(f"{path.absolute().parent}: there is no such folder to write to")
    if not os.access(path.absolute().parent, os.W_OK):
        raise UsageError(f"{path.absolute().parent}: this folder cannot be written to")
    if not is_replaceable(path):
        raise UsageError(f"{path}: this is a device or a pipe, which a file would replace")


def check_apart(outputs: Mapping[str, Path | None], inputs: Mapping[str, Path]) -> None:
    """No output may be written over an input, nor two into the same file; by what they are called.

    An input need not exist.
    """
    taken = {_identity(path): (name, path) for name, path in inputs.items()}
    for name, path in outputs.items():
        if path is None:
            continue
        other = taken.setdefault(_identity(path), (name, path))
        if other[0] != name:
            raise UsageError(f"{name}: {path} is {other[0]} as well; choose another file")


def _identity(path: Path) -> object:
    try:
        found = path.stat()
    except (OSError, ValueError):
        return os.path.realpath(path)
    return found.st_dev, found.st_ino


def add_best(parser: argparse.ArgumentParser) -> None:
    """Adds the option that `load_weights` obeys."""
    parser.add_argument(
        "--best",
        action="store_true",
        help="the weights with the lowest validation loss instead of the last ones",
    )


def load_weights(path: Path, best: bool) -> LoadedModel:
    """The model in a file, with its best weights if that is what is asked for."""
    from rnnviz.engine.checkpoint import load_model, printable
    from rnnviz.engine.network import Network
    from rnnviz.session.runfile import load_run

    if not best:
        return load_model(path)
    saved = load_run(path)
    if saved.best is None:
        raise UsageError(
            f"--best: {printable(str(path))} has no best weights beside its last ones: they come "
            "with the validations of a training"
        )
    network = Network(saved.model.network.config, saved.best.parameters.copy())
    return replace(saved.model, network=network)


def add_value(
    to: argparse._ActionsContainer,
    name: str,
    kind: Callable[[str], Any],
    metavar: str,
    words: str,
) -> None:
    """Adds an option that takes one value of a kind; it is None unless given."""
    to.add_argument(name, type=kind, metavar=metavar, help=words)


def check_preset(name: str | None) -> None:
    """Says that there is no such preset, or that its file is damaged."""
    if name is None:
        return
    from rnnviz.session.presets import load_preset

    with one_line_errors():
        load_preset(name)


def say_excerpt(corpus: Corpus) -> None:
    """Tells when only the beginning of a very large text is used."""
    if corpus.excerpt:
        print(f"rnnviz: {corpus.excerpt}", file=sys.stderr)


def finite(value: float) -> float | None:
    """A number as JSON can hold it: None for NaN and infinity."""
    return value if math.isfinite(value) else None


# Types of arguments.


def _number_of(
    kind: Callable[[str], Any], what: str, fits: Callable[[Any], bool], limit: str
) -> Callable[[str], Any]:
    """An argument's type: `kind` of its text, which is `what` and within `limit`."""

    def parse(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not {what}") from None
        if not math.isfinite(value) or not fits(value):
            raise argparse.ArgumentTypeError(f"{text!r} is not {what}{limit}")
        return value

    return parse


whole_number = _number_of(int, "a whole number", lambda value: True, "")
count = _number_of(int, "a whole number", lambda value: value > 0, " above 0")
number = _number_of(float, "a number", lambda value: True, " that is finite")
real = _number_of(float, "a number", lambda value: value > 0, " above 0")
at_least_zero = _number_of(float, "a number", lambda value: value >= 0, " of at least 0")


def size(text: str) -> tuple[int, int]:
    """An argument's type: width and height of a window in pixels, such as 1600x1000."""
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 1600x1000")
    found = int(width), int(height)
    if not (640 <= found[0] <= 8192 and 480 <= found[1] <= 8192):
        raise argparse.ArgumentTypeError(f"{text!r} is not between 640x480 and 8192x8192")
    return found
