"""Writes ECG paper as SVG, in millimetres, or as PNG; both from the same drawing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from io import BytesIO
from pathlib import Path

from engine.exceptions import InputError
from signals.paper import Item, Line, Mark, Paper, Pen, Points, Words
from signals.signs import Sign

PENS: dict[Pen, tuple[str, float]] = {
    "fine": ("#f6d5d5", 0.1),
    "coarse": ("#e59a9a", 0.2),
    "trace": ("#101010", 0.3),
    "mark": ("#2f6fde", 0.0),
    "text": ("#101010", 0.0),
}
"""Colour and width in mm."""
PIXELS_PER_MM = 6
_FINER = 2  # drawn larger and shrunk: smooth lines
_UNWRITABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def marks(signs: Iterable[Sign]) -> list[Mark]:
    """The cited seconds of signs, each with what it shows."""
    return [
        Mark(place.lead, place.start_s, place.end_s, sign.statement.says)
        for sign in signs
        for place in sign.seconds
    ]


def svg(paper: Paper) -> str:
    """One unit of the viewBox is a millimetre."""
    size = f'width="{paper.width:g}mm" height="{paper.height:g}mm"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size}'
    view = f'viewBox="0 0 {paper.width:g} {paper.height:g}"><rect width="100%" height="100%"'
    body = "\n".join(map(_element, paper.items))
    return f'{head} {view} fill="#fffdfa"/>\n{body}\n</svg>\n'


def _element(item: Item) -> str:
    if isinstance(item, Line):
        colour, width = PENS[item.pen]
        points = " ".join(f"{x:.3f},{y:.3f}" for x, y in item.points)
        style = f'fill="none" stroke="{colour}" stroke-width="{width}" stroke-linejoin="round"'
        return f'<polyline class="{item.pen}" {style} points="{points}"/>'
    if isinstance(item, Words):
        place = f'x="{item.x:.3f}" y="{item.y:.3f}" font-size="{item.size:g}"'
        style = f'font-family="sans-serif" fill="{PENS["text"][0]}"'
        return f"<text {place} {style}>{escape(writable(item.text))}</text>"
    x, y, wide, high = item.x, item.y, item.width, item.height
    size = f'x="{x:.3f}" y="{y:.3f}" width="{wide:.3f}" height="{high:.3f}"'
    return f'<rect class="{item.pen}" {size} fill="{PENS[item.pen][0]}"/>'


def writable(text: str) -> str:
    """U+FFFD for what no XML may hold."""
    return _UNWRITABLE.sub("\ufffd", text)


def png(paper: Paper) -> bytes:
    """`PIXELS_PER_MM` pixels are a millimetre."""
    from PIL import Image, ImageDraw, ImageFont

    scale = PIXELS_PER_MM * _FINER
    size = (round(paper.width * scale), round(paper.height * scale))
    image = Image.new("RGB", size, "#fffdfa")
    draw = ImageDraw.Draw(image)
    for item in paper.items:
        if isinstance(item, Line):
            colour, width = PENS[item.pen]
            draw.line(_scaled(item.points, scale), fill=colour, width=max(round(width * scale), 1))
        elif isinstance(item, Words):
            font = ImageFont.load_default(item.size * scale)
            place = (item.x * scale, item.y * scale)
            draw.text(place, writable(item.text), fill=PENS["text"][0], font=font, anchor="ls")
        else:
            corners = ((item.x, item.y), (item.x + item.width, item.y + item.height))
            draw.rectangle(_scaled(corners, scale), fill=PENS[item.pen][0])
    image = image.resize((size[0] // _FINER, size[1] // _FINER), Image.Resampling.BOX)
    out = BytesIO()
    image.save(out, "PNG", dpi=(PIXELS_PER_MM * 25.4, PIXELS_PER_MM * 25.4))
    return out.getvalue()


def _scaled(points: Points, scale: float) -> list[tuple[float, float]]:
    return [(x * scale, y * scale) for x, y in points]


def write(paper: Paper, out: Path) -> None:
    """As the name of the file says: .svg or .png.

    Raises:
        InputError: another name, or it cannot be written.
    """
    kind = out.suffix.lower()
    if kind not in (".svg", ".png"):
        raise InputError("neither .svg nor .png", where=str(out), fix="name an .svg or .png file")
    data = svg(paper).encode() if kind == ".svg" else png(paper)
    try:
        out.write_bytes(data)
    except OSError as error:
        raise InputError(
            f"cannot be written: {error.strerror}", where=str(out), fix="name a file of yours"
        ) from error
