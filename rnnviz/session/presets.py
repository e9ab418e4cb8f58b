"""Named settings from `resources/presets/*.json`: data that shares the schema of `RunConfig`."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rnnviz.paths import resources_folder
from rnnviz.session.config import ConfigError, RunConfig
from rnnviz.text.data_file import DataFile, DataFileError

_KEYS = {"title", "description", "settings", "command_line"}
_BUDGET_KEYS = {"steps": int, "seconds": float, "epochs": float}
_ORDER = (
    *("gru-128", "lstm-128", "rnn-128", "best-10min", "char-rnn"),
    *("min-char-rnn", "rnn-3x512", "hello", "explode"),
)


@dataclass(frozen=True)
class Preset:
    """One preset. `command_line` holds for `rnnviz train` only: there the length is known ahead."""

    id: str
    title: str
    description: str
    settings: Mapping[str, Any]
    command_line: Mapping[str, Any] = field(default_factory=dict)

    def config(self, corpus: str | None = None) -> RunConfig:
        """The settings as the window uses them; `corpus` unless the preset brings its own."""
        values = dict(self.settings)
        if corpus is not None:
            values.setdefault("corpus", corpus)
        return RunConfig.from_mapping(values, f"preset {self.id}")

    def command_line_config(self, corpus: str) -> tuple[RunConfig, dict[str, float]]:
        """The settings of `rnnviz train --preset` and the budget: steps, seconds or epochs."""
        values = {**self.settings, **self.command_line, "corpus": corpus}
        budget = {name: values.pop(name) for name in _BUDGET_KEYS if name in values}
        return RunConfig.from_mapping(values, f"preset {self.id}"), budget


def preset_ids() -> list[str]:
    """All preset names, the usual ones first."""
    found = sorted(path.stem for path in (resources_folder() / "presets").glob("*.json"))
    return [name for name in _ORDER if name in found] + [n for n in found if n not in _ORDER]


def load_preset(name: str) -> Preset:
    """Reads one preset; raises `ConfigError` naming the file, the key and what is wrong."""
    if name not in preset_ids():
        raise ConfigError(f"there is no preset {name!r}; there are {', '.join(preset_ids())}")
    return read_preset(resources_folder() / "presets" / f"{name}.json")


def read_preset(path: Path) -> Preset:
    """Reads and checks a preset file; the message names file and line."""
    name = f"preset {path.name}"
    try:
        file = DataFile(path)
    except OSError as error:
        raise ConfigError(f"{name} could not be read: {error.strerror or error}") from error
    except DataFileError as error:
        raise ConfigError(f"{name}, {error}") from error
    content = file.content
    if not isinstance(content, dict):
        raise ConfigError(f"{name} must hold a JSON object")

    def wrong(sentence: str, *place: str) -> ConfigError:
        return ConfigError(f"{name}, line {file.line(*place)}: {sentence}")

    for key in content:
        if key not in _KEYS:
            raise wrong(f"there is no key called {reprlib.repr(key)}", key)
    for key in ("title", "description"):
        if not isinstance(content.get(key), str):
            raise wrong(f"{key} must be a text", key)
    sections = {key: content.get(key, {}) for key in ("settings", "command_line")}
    for key, section in sections.items():
        if not isinstance(section, dict):
            raise wrong(f"{key} must be an object", key)
    extra = sections["command_line"]
    for key, kind in _BUDGET_KEYS.items():
        allowed = (int, float) if kind is float else (int,)
        if key in extra and not (type(extra[key]) in allowed and 0 < extra[key] < 1e15):
            raise wrong(f"{key} must be a number above 0", "command_line", key)
    preset = Preset(
        path.stem, content["title"], content["description"], sections["settings"], extra
    )
    try:
        preset.config("the-salt-crown")
        preset.command_line_config("the-salt-crown")
    except ConfigError as error:
        section = "command_line" if error.field in extra else "settings"
        sentence = str(error).removeprefix(f"preset {preset.id}: ")
        raise wrong(sentence, section, error.field) from error
    return preset
