"""Folders: bundled ones from a checkout and from a wheel, the user's on every platform."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from rnnviz import paths


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("RNNVIZ_CACHE", "RNNVIZ_DATA", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.delenv("LOCALAPPDATA", raising=False)


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(Path, "home", lambda: Path("/home/ada"))
    return Path("/home/ada")


def test_a_checkout_has_its_folders_at_the_top() -> None:
    root = Path(paths.__file__).resolve().parents[1]
    assert paths.resources_folder() == root / "resources"
    assert paths.corpora_folder() == root / "corpora"
    assert (paths.resources_folder() / "catalogue.json").is_file()


def test_a_wheel_has_them_inside_the_package_whatever_lies_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site-packages" / "rnnviz"
    for folder in ("resources", "corpora"):
        (package / "_data" / folder).mkdir(parents=True)
        (tmp_path / "site-packages" / folder).mkdir()
    monkeypatch.setattr(paths, "_PACKAGE", package)
    assert paths.resources_folder() == package / "_data" / "resources"
    assert paths.corpora_folder() == package / "_data" / "corpora"


def test_missing_folders_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "_PACKAGE", tmp_path / "rnnviz")
    for find in (paths.resources_folder, paths.corpora_folder):
        with pytest.raises(FileNotFoundError, match="install rnnviz again"):
            find()


@pytest.mark.parametrize(
    ("platform", "cache", "data"),
    [
        ("linux", ".cache/rnnviz", ".local/share/rnnviz"),
        ("darwin", "Library/Caches/rnnviz", "Library/Application Support/rnnviz"),
        ("win32", "AppData/Local/rnnviz/cache", "AppData/Local/rnnviz/data"),
    ],
)
def test_the_platforms_own_places(
    home: Path, monkeypatch: pytest.MonkeyPatch, platform: str, cache: str, data: str
) -> None:
    monkeypatch.setattr(paths.sys, "platform", platform)
    assert paths.cache_folder() == home / cache
    assert paths.data_folder() == home / data


def test_windows_says_where_by_a_variable(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths.sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", "/local")
    assert paths.cache_folder() == Path("/local/rnnviz/cache")
    assert paths.data_folder() == Path("/local/rnnviz/data")


def test_variables_win_our_own_first(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths.sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg/cache")
    monkeypatch.setenv("XDG_DATA_HOME", "/xdg/data")
    assert paths.cache_folder() == Path("/xdg/cache/rnnviz")
    assert paths.data_folder() == Path("/xdg/data/rnnviz")
    monkeypatch.setenv("RNNVIZ_CACHE", "/own/cache")
    monkeypatch.setenv("RNNVIZ_DATA", "/own/data")
    assert paths.cache_folder() == Path("/own/cache")
    assert paths.data_folder() == Path("/own/data")


def test_empty_and_relative_variables_count_as_unset(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths.sys, "platform", "linux")
    monkeypatch.setenv("RNNVIZ_CACHE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert paths.cache_folder() == home / ".cache" / "rnnviz"


def test_a_tilde_is_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.setenv("USERPROFILE", "/home/ada")
    monkeypatch.setenv("RNNVIZ_CACHE", "~/texts")
    assert paths.cache_folder() == Path("/home/ada/texts")


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_no_home_folder_is_no_crash(monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(paths.sys, "platform", platform)
    monkeypatch.setattr(Path, "home", homeless)
    temporary = Path(tempfile.gettempdir())
    assert paths.cache_folder() == temporary / "rnnviz" / "cache"
    assert paths.data_folder() == temporary / "rnnviz" / "data"
