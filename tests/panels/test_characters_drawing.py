"""Keycaps and the sentence about characters a text lacks."""

from __future__ import annotations

from PySide6.QtCore import QRect
from PySide6.QtGui import QImage, QPainter
from pytestqt.qtbot import QtBot

from rnnviz.panels.characters import draw_keycap, is_stand_in, unknown_sentence
from rnnviz.panels.theme import theme, themes


def keycap(character: str, hover: bool = False) -> QImage:
    image = QImage(40, 30, QImage.Format.Format_RGB32)
    image.fill(theme().color("surface"))
    painter = QPainter(image)
    draw_keycap(painter, QRect(5, 4, 29, 22), character, hover=hover)
    painter.end()
    return image


def test_keycaps_differ_by_character_state_and_theme(qtbot: QtBot) -> None:
    themes().set_mode("dark")
    plain = keycap("a")
    assert keycap("a") == plain
    assert keycap("b") != plain
    assert keycap(" ") != keycap("\n")
    assert keycap("a", hover=True) != plain
    assert plain.pixelColor(1, 1) == theme().color("surface")
    assert plain.pixelColor(8, 8) == theme().color("surface-2")
    themes().set_mode("light")
    assert keycap("a") != plain
    themes().set_mode("dark")


def test_stand_ins() -> None:
    assert [is_stand_in(c) for c in (" ", "\n", "\x07", "a", "é")] == [True] * 3 + [False] * 2


def test_sentences_about_unknown_characters() -> None:
    assert unknown_sentence([]) == ""
    assert unknown_sentence(["é"]) == "'é' is not in this text: left out"
    assert unknown_sentence(["\t", "é"]) == "tab and 'é' are not in this text: left out"
    assert unknown_sentence(["é", "ü", "ß", "ñ", "å"]) == (
        "'é', 'ü', 'ß' and 2 more are not in this text: left out"
    )
