"""Named settings from `resources/presets/*.json`: data that shares the schema of `RunConfig`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rnnviz.paths import resources_folder
from rnnviz.session.config import ConfigError, RunConfig

_KEYS = {"title", "description", "settings", "command_line"}
_BUDGET_KEYS = {"steps": int, "seconds": float, "epochs": float}
_ORDER = (
    *("gru-128", "lstm-128", "rnn-128", "best-10min", "char-rnn"),
    *("min-char-rnn", "rnn-3x512", "hello"),
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
    """Reads and checks a preset file."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"preset {path.name} could not be read: {error}") from error
    except json.JSONDecodeError as error:
        raise ConfigError(f"preset {path.name}, line {error.lineno}: {error.msg}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"preset {path.name} must hold a JSON object")
    for key in content:
        if key not in _KEYS:
            raise ConfigError(f"preset {path.name}: there is no key called {key!r}")
    for key in ("title", "description"):
        if not isinstance(content.get(key), str):
            raise ConfigError(f"preset {path.name}: {key} must be a text")
    for key in ("settings", "command_line"):
        if not isinstance(content.get(key, {}), dict):
            raise ConfigError(f"preset {path.name}: {key} must be an object")
    extra = content.get("command_line", {})
    for key, kind in _BUDGET_KEYS.items():
        allowed = (int, float) if kind is float else (int,)
        if key in extra and (type(extra[key]) not in allowed or extra[key] <= 0):
            raise ConfigError(f"preset {path.name}: {key} must be a number above 0")
    preset = Preset(path.stem, content["title"], content["description"], content["settings"], extra)
    preset.command_line_config("the-salt-crown")  # refuses unknown and unusable settings now
    return preset
