"""Where rnnviz finds its own files and keeps the user's; used by the app, the texts and `info`.

Bundled folders are packed inside the package in a wheel and stand beside it in a checkout.
The user's folders are only named here; whoever writes into one creates it.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def resources_folder() -> Path:
    """The folder of icons, themes, presets, catalogue; FileNotFoundError if there is none."""
    return _bundled("resources")


def corpora_folder() -> Path:
    """The folder of the bundled texts; FileNotFoundError if there is none."""
    return _bundled("corpora")


def cache_folder() -> Path:
    """Where downloaded texts go: all of it can be had again.

    $RNNVIZ_CACHE, else $XDG_CACHE_HOME/rnnviz, else what the platform uses.
    """
    return _user_folder("RNNVIZ_CACHE", "XDG_CACHE_HOME", "cache")


def data_folder() -> Path:
    """Where runs and other things worth keeping go.

    $RNNVIZ_DATA, else $XDG_DATA_HOME/rnnviz, else what the platform uses.
    """
    return _user_folder("RNNVIZ_DATA", "XDG_DATA_HOME", "data")


def user_share_folder() -> Path:
    """Where a Linux desktop looks for the user's own menu entries, file types and icons."""
    xdg = os.environ.get("XDG_DATA_HOME")
    return Path(xdg) if xdg and Path(xdg).is_absolute() else _home() / ".local" / "share"


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError as error:  # no HOME and no account entry, as in some containers
        raise FileNotFoundError(2, "there is no home folder") from error


def _bundled(folder: str) -> Path:
    # The packed one first: beside an installed package may stand anybody's "resources".
    for candidate in (_PACKAGE / "_data" / folder, _PACKAGE.parent / folder):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(
        f"rnnviz's {folder} folder is missing from {_PACKAGE.parent}; install rnnviz again."
    )


def _user_folder(own_variable: str, xdg_variable: str, kind: str) -> Path:
    own = os.environ.get(own_variable)
    if own:
        return Path(os.path.expanduser(own))  # noqa: PTH111 - unlike Path's it can't fail
    xdg = os.environ.get(xdg_variable)
    # The XDG specification wants relative paths ignored.
    if xdg and Path(xdg).is_absolute():
        return Path(xdg) / "rnnviz"
    try:
        home = Path.home()
    except RuntimeError:  # no HOME and no account entry, as in some containers
        return Path(tempfile.gettempdir()) / "rnnviz" / kind
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return (Path(local) if local else home / "AppData" / "Local") / "rnnviz" / kind
    if sys.platform == "darwin":
        parent = "Caches" if kind == "cache" else "Application Support"
        return home / "Library" / parent / "rnnviz"
    return home / (".cache" if kind == "cache" else ".local/share") / "rnnviz"
