"""The theme file: complete in both themes, legible, and the only place that names colours."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from rnnviz.app.application import make_application
from rnnviz.panels.theme import Theme, icon_pixmap, pixels, themes
from rnnviz.paths import resources_folder

CONTENT = json.loads((resources_folder() / "theme.json").read_text())
PACKAGE = Path(__file__).parent.parent.parent / "rnnviz"
TEXT = ("text", "text-2", "text-muted", "accent", "danger", "good", "warn", "clip", "train")
GRAPHICS = ("border-strong", "validation", "gradient", "ref")


def luminance(color: QColor) -> float:
    parts = [color.redF(), color.greenF(), color.blueF()]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: QColor, other: QColor) -> float:
    """WCAG 2.1 contrast ratio."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", ["dark", "light"])
@pytest.mark.parametrize("surface", ["bg", "surface", "surface-2"])
def test_text_and_graphics_stand_out(name: str, surface: str) -> None:
    colors = Theme(name)
    for token in TEXT:
        assert contrast(colors.color(token), colors.color(surface)) >= 4.5, token
    for token in GRAPHICS:
        assert contrast(colors.color(token), colors.color(surface)) >= 3.0, token


@pytest.mark.parametrize("name", ["dark", "light"])
def test_words_on_fills_stand_out(name: str) -> None:
    colors = Theme(name)
    for word, fill in (
        ("on-accent", "accent"),
        ("danger", "danger-soft"),
        ("warn", "warn-soft"),
        ("accent", "accent-soft"),
    ):
        assert contrast(colors.color(word), colors.color(fill)) >= 4.5, word


def test_both_themes_define_the_same_tokens() -> None:
    assert set(CONTENT["dark"]) == set(CONTENT["light"])


def test_nothing_is_written_smaller_than_eleven_pixels() -> None:
    assert min(pixels(role) for role in CONTENT["pixels"]) >= 11


def test_no_source_file_names_a_colour() -> None:
    for part in ("panels", "app"):
        for file in (PACKAGE / part).rglob("*.py"):
            found = re.findall(r"[\"']#[0-9A-Fa-f]{3,8}[\"']", file.read_text(encoding="utf-8"))
            assert not found, f"{file.name}: {found}"


@pytest.mark.parametrize("mode", ["dark", "light"])
def test_the_style_sheet_knows_every_token_it_uses(mode: str) -> None:
    application = make_application()
    themes().set_mode(mode)
    assert "@" not in application.styleSheet().partition("*/")[2]
    themes().set_mode("dark")


def test_every_icon_can_be_drawn(qtbot: QtBot) -> None:
    make_application()
    for file in (resources_folder() / "icons").glob("*.svg"):
        image = icon_pixmap(file.stem, QColor(255, 0, 0)).toImage()
        drawn = {
            image.pixelColor(x, y).alpha() > 0
            for x in range(image.width())
            for y in range(image.height())
        }
        assert drawn == {True, False}, file.name
