"""The type scale and lecture mode: what grows, what gets stronger, and that all are told."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from rnnviz.panels.curves import draw_curve, polygon
from rnnviz.panels.theme import (
    POINTS,
    Theme,
    marker,
    mono_font,
    pixels,
    px,
    row,
    stroke,
    theme,
    themes,
    ui_font,
)
from rnnviz.paths import resources_folder

ROLES = json.loads((resources_folder() / "theme.json").read_text())["pixels"]


@pytest.fixture(autouse=True)
def as_designed(qtbot: QtBot) -> Iterator[None]:
    themes().set_mode("dark")
    yield
    themes().set_lecture(0)
    themes().lecture_points = 16.5
    themes().set_points(10)
    themes().set_mode("dark")


def test_every_size_of_body_type_from_10_to_32_points_can_be_reached() -> None:
    found = [pixels("body")]
    for _ in range(20):
        themes().step_points(1)
        found.append(pixels("body"))
    assert found[0] == 13 and found[-1] == 43  # 10 and 32 points of 1/72 inch
    assert sorted(set(found)) == [round(points * 96 / 72) for points in POINTS]
    for _ in range(20):
        themes().step_points(-1)
    assert {role: pixels(role) for role in ROLES} == ROLES


def test_fonts_layout_and_style_sheet_follow_and_all_are_told(qtbot: QtBot) -> None:
    label = QLabel("0.12")
    label.setProperty("role", "muted")
    qtbot.addWidget(label)
    label.show()
    small = label.sizeHint()
    before = ui_font("tick"), mono_font("seed")
    with qtbot.waitSignal(themes().changed):
        themes().set_points(20)
    assert ui_font("tick").pixelSize() == pixels("tick") == 23 and before[0].pixelSize() == 11
    assert mono_font("seed").pixelSize() == pixels("seed") == 29
    assert px(100) == 208 and px(0) == 0 and px(-8) == -17
    assert row(36) == 36 + round(1.25 * 14) and row(64, 2) == 64 + 35
    app = QApplication.instance()
    assert isinstance(app, QApplication) and app.font().pixelSize() == 27
    assert label.font().pixelSize() == pixels("label") and label.sizeHint().width() > small.width()
    assert stroke() == 2.2 and marker(8) == 8  # type, not curves


def test_what_is_asked_for_twice_restyles_once(qtbot: QtBot) -> None:
    themes().set_points(12)
    with qtbot.assertNotEmitted(themes().changed):
        themes().set_points(12)
        themes().set_lecture(0)


@pytest.mark.parametrize("lines", [720, 1080, 2160])
def test_lecture_type_grows_with_the_window(lines: int) -> None:
    themes().set_lecture(lines)
    assert min(pixels(role) for role in ROLES) >= 17 * lines / 720
    assert pixels("body") == round(22 * lines / 720)
    assert pixels("end-value") == round(28 * lines / 720)
    assert stroke() == pytest.approx(4.0 * lines / 720, rel=0.02)
    assert marker(10) == pytest.approx(17 * lines / 720)


def test_lectures_have_a_size_of_their_own_and_never_a_smaller_one() -> None:
    themes().set_points(14)
    themes().set_lecture(720)
    for _ in range(5):
        themes().step_points(-1)
    assert pixels("tick") == 18
    themes().step_points(1)
    assert themes().lecture_points == 18 and pixels("tick") == 20
    themes().set_lecture(0)
    assert themes().points == 14 and pixels("body") == 19


def test_pale_colours_are_stronger_in_lectures() -> None:
    for name in ("dark", "light"):
        desk, lecture = Theme(name), Theme(name, lecture=True)
        for pale, strong in (
            ("text-muted", "text-2"),
            ("text-2", "text"),
            ("border", "border-strong"),
            ("grid", "border"),
        ):
            assert lecture.hex(pale) == desk.hex(strong)
        assert lecture.hex("train") == desk.hex("train")
    themes().set_lecture(720)
    assert theme().color("text-muted") == Theme("dark").color("text-2")
    themes().set_mode("light")
    assert theme().color("text-muted") == Theme("light").color("text-2")


def test_a_curve_drawn_the_fast_way_looks_as_if_drawn_the_slow_one() -> None:
    x = np.linspace(10, 390, 300)
    y = 100 + 60 * np.sin(x / 25) + 8 * np.sin(x / 3)
    images = []
    for fast in (True, False):
        image = QImage(400, 200, QImage.Format.Format_RGB32)
        image.fill(QColor("black"))
        painter = QPainter(image)
        if fast:
            draw_curve(painter, x, y, QColor("white"), 4.0)
            assert not painter.renderHints() & QPainter.RenderHint.Antialiasing  # left as it was
        else:
            pen = painter.pen()
            pen.setColor(QColor("white"))
            pen.setWidthF(4.0)
            painter.setPen(pen)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.drawPolyline(polygon(x, y))
        painter.end()
        raw = np.frombuffer(image.constBits(), np.uint8).reshape(200, 400, 4)[..., 0]
        images.append(raw.astype(float) / 255)
    fast_image, slow_image = images
    assert slow_image.sum() > 2000
    assert np.abs(fast_image - slow_image).sum() < 0.08 * slow_image.sum()


def test_a_curve_of_one_point_or_none_draws_nothing() -> None:
    image = QImage(20, 20, QImage.Format.Format_RGB32)
    image.fill(0)
    painter = QPainter(image)
    for count in (0, 1):
        draw_curve(painter, np.zeros(count), np.zeros(count), QColor("white"))
    painter.end()
    assert not np.frombuffer(image.constBits(), np.uint8).reshape(-1, 4)[:, :3].any()
