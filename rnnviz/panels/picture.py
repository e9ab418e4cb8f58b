"""A panel as a picture for papers and slides: its words and drawings, without its buttons.

A PNG has two dots for each pixel of the screen. An SVG is made of lines and text: every widget is
painted once more, into a group that has its own corner and edges.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape, unescape

from PySide6.QtCore import QBuffer, QIODevice, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QImage, QPainter, QRegion
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QWidget

from rnnviz.panels.number_text import whole
from rnnviz.panels.painting import for_keeps
from rnnviz.panels.theme import theme, ui_font
from rnnviz.session.view import RunView

_DENSITY = 2.0  # dots of a PNG for each pixel
_HEAD, _EDGE = 36, 12
_HEADING = re.compile(r"^.*?</desc>", re.DOTALL)
_NOTHING = re.compile(r"<g\b[^>]*>\s*</g>\s*")
_UNUSED = re.compile(r' (?:vector-effect="none"|xml:space="preserve")')
_ID = re.compile(r'(id="|url\(#)')
_FAMILY = re.compile(r'font-family="([^"]*)"')
_TEXT = re.compile(
    r'<text (?P<start>[^>]*)font-family="(?P<family>[^"]*)" font-size="(?P<size>[\d.]+)"'
    r' font-weight="(?P<weight>\d+)"(?P<rest>[^>]*)>(?P<words>[^<]*)</text>'
)
# Between the values of an image nothing is made up.
_SMOOTH = 'image-rendering="optimizeQuality"'
_CRISP = 'image-rendering="optimizeSpeed" style="image-rendering:pixelated"'
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

Paint = Callable[[QPainter], None]


class Picture:
    """What there is to draw of a panel: `title`, `clause`, and the widgets below its header."""

    def __init__(
        self, panel: QWidget, header: QWidget, title: str, clause: str, view: RunView | None
    ) -> None:
        self.panel, self.title, self.clause = panel, title, clause
        self.origin = origin(view)
        self.widgets = [child for child in visible_children(panel) if child is not header]

    def size(self) -> QSize:
        """In pixels: the panel and a line that says where the numbers are from."""
        foot = self._foot() if self.origin else 0
        # There may be no room for a panel at all, but an image of nothing cannot be painted on.
        return QSize(max(self.panel.width(), 1), max(self.panel.height() + foot, 1))

    @staticmethod
    def _foot() -> int:
        return round(QFontMetricsF(ui_font("tick")).height()) + 10

    def paint_words(self, painter: QPainter) -> None:
        """Title and clause at the top, and below what run it was."""
        colors, room = theme(), float(self.panel.width() - 2 * _EDGE)
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        bold, label, tick = ui_font("body", bold=True), ui_font("label"), ui_font("tick")
        painter.setFont(bold)
        painter.setPen(colors.color("text"))
        painter.drawText(QRectF(_EDGE, 0, room, _HEAD), middle, self.title)
        used = QFontMetricsF(bold).horizontalAdvance(self.title) + 8
        for font, words, box in (
            (label, self.clause, QRectF(_EDGE + used, 0, max(room - used, 0.0), _HEAD)),
            (tick, self.origin, QRectF(_EDGE, self.panel.height() - 4, room, self._foot())),
        ):
            painter.setFont(font)
            painter.setPen(colors.color("text-muted"))
            fitting = QFontMetricsF(font).elidedText(
                words, Qt.TextElideMode.ElideRight, box.width()
            )
            painter.drawText(box, middle, fitting)


def origin(view: RunView | None) -> str:
    """What run it is, in one line; empty without a run."""
    if view is None:
        return ""
    config = view.config
    layers = f"{config.num_layers} × " if config.num_layers > 1 else ""
    size = f"{config.cell.upper()} {layers}{config.hidden_size}"
    return f"{size}  ·  {view.corpus_name}  ·  step {whole(view.step)}"


def visible_children(widget: QWidget) -> Iterator[QWidget]:
    """The widgets one sees in a widget (or would, were it on the screen), the lowest first."""
    for child in widget.children():
        if isinstance(child, QWidget) and not child.isWindow() and child.isVisibleTo(widget):
            yield child


def as_image(picture: Picture) -> QImage:
    """The picture in pixels, `_DENSITY` times as fine as on the screen."""
    image = QImage(picture.size() * _DENSITY, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(_DENSITY)
    image.fill(theme().color("surface"))
    painter = QPainter(image)
    with for_keeps():
        picture.paint_words(painter)
        for widget in picture.widgets:
            _render(widget, painter, widget.pos(), children=True)
    painter.end()
    return image


def as_png(image: QImage) -> bytes:
    """The bytes of a PNG file. Qt's own `save` would overwrite a good file on a full disk."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(buffer.data().data())


def as_svg(picture: Picture) -> bytes:
    """The picture as an SVG file of lines and text; images stay images."""
    size = picture.size()
    parts = _Parts()
    with for_keeps():
        body = parts.drawn(QRect(QPoint(), size), picture.paint_words)
        body += "".join(parts.widget(widget) for widget in picture.widgets)
    words = "  ·  ".join(part for part in (picture.clause, picture.origin) if part)
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
        f' width="{size.width()}" height="{size.height()}"'
        f' viewBox="0 0 {size.width()} {size.height()}">\n'
        f"<title>{escape(picture.title)}</title>\n<desc>{escape(words)}</desc>\n"
        f'<rect width="{size.width()}" height="{size.height()}"'
        f' fill="{theme().hex("surface")}"/>\n{body}</svg>\n'
    )
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text).encode()


class _Parts:
    """Makes the parts of one file, and sees that no two use the same name for a clip."""

    def __init__(self) -> None:
        self._count = 0

    def widget(self, widget: QWidget) -> str:
        """A widget and those in it."""
        inside = self._content(
            widget.size(), lambda painter: _render(widget, painter, QPoint(), children=False)
        )
        inside += "".join(self.widget(child) for child in visible_children(widget))
        return self._placed(widget.geometry(), inside)

    def drawn(self, area: QRect, paint: Paint) -> str:
        """Whatever `paint` draws."""
        return self._placed(area, self._content(area.size(), paint))

    def _content(self, size: QSize, paint: Paint) -> str:
        if size.isEmpty():
            return ""
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        # The smaller version of SVG, which is the default, cannot cut off curves at the axes.
        generator = QSvgGenerator(QSvgGenerator.SvgVersion.Svg11)
        generator.setOutputDevice(buffer)
        generator.setSize(size)
        generator.setViewBox(QRect(QPoint(), size))
        painter = QPainter(generator)
        paint(painter)
        painter.end()
        text = bytes(buffer.data().data()).decode("utf-8", "replace")
        text = _HEADING.sub("", text, count=1).removesuffix("</svg>\n")
        self._count += 1
        text = _ID.sub(rf"\g<1>part{self._count}-", _UNUSED.sub("", text))
        while (shorter := _NOTHING.sub("", text)) != text:
            text = shorter
        text = _TEXT.sub(_with_length, text.replace(_SMOOTH, _CRISP))
        return _FAMILY.sub(_with_generic, text)

    def _placed(self, area: QRect, inside: str) -> str:
        if not inside.strip():
            return ""
        self._count += 1
        edge = f"edge{self._count}"
        return (
            f'<g transform="translate({area.x()},{area.y()})" clip-path="url(#{edge})">\n'
            f'<clipPath id="{edge}"><rect width="{area.width()}" height="{area.height()}"/>'
            f"</clipPath>\n{inside}</g>\n"
        )


def _with_length(found: re.Match[str]) -> str:
    """Says how long a text is here, so that it covers nothing where the font is another one."""
    font = QFont(found["family"])
    font.setPixelSize(max(round(float(found["size"])), 1))
    font.setWeight(QFont.Weight(int(found["weight"])))
    font.setFeature(QFont.Tag("tnum"), 1)
    length = QFontMetricsF(font).horizontalAdvance(unescape(found["words"]))
    if len(found["words"]) < 2 or not length:
        return found[0]
    extra = f'textLength="{length:.1f}" lengthAdjust="spacingAndGlyphs" '
    return found[0].replace("<text ", f"<text {extra}", 1)


def _with_generic(found: re.Match[str]) -> str:
    """A family that every program knows behind the one that may not be installed elsewhere."""
    kind = "monospace" if "Mono" in found[1] else "sans-serif"
    return f'font-family="{found[1]}, {kind}"'


def _render(widget: QWidget, painter: QPainter, at: QPoint, *, children: bool) -> None:
    flags = QWidget.RenderFlag.DrawChildren if children else QWidget.RenderFlag(0)
    widget.render(painter, at, QRegion(), flags)
