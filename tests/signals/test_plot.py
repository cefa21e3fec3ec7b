"""The same drawing as SVG and as PNG."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from engine.exceptions import InputError
from engine.types import Patient
from signals.paper import Line, Mark, paper
from signals.plot import PIXELS_PER_MM, marks, png, svg, write
from signals.reading import interpret
from signals.recording import Recording
from tests.signals.made import drawn, parts, waves

NS = {"svg": "http://www.w3.org/2000/svg"}
BEATS = waves(np.arange(1, 12) * 0.8, pr=0.26)
STRIP = drawn(BEATS, height={"II": 1.0})


def test_a_unit_of_the_svg_is_a_millimetre() -> None:
    root = ElementTree.fromstring(svg(paper(STRIP)))
    assert (root.get("width"), root.get("height")) == ("275mm", "60mm")
    assert root.get("viewBox") == "0 0 275 60"
    trace = max(
        root.iterfind("svg:polyline[@class='trace']", NS), key=lambda x: len(x.get("points", ""))
    )
    points = [tuple(map(float, pair.split(","))) for pair in trace.get("points", "").split()]
    top = min(points, key=lambda point: point[1])
    assert points[0][1] - top[1] == pytest.approx(10, abs=0.01)
    peaks = [x for x, y in points if y == top[1]]
    assert np.diff(peaks).tolist() == pytest.approx([20.0] * 10, abs=0.01)  # 0.8 s


@settings(max_examples=20)
@given(st.text(max_size=30))
def test_no_name_leaves_its_place(name: str) -> None:
    recording = Recording(name, np.zeros((1, 100), np.float32), 100, (name,))
    root = ElementTree.fromstring(svg(paper(recording, marks=[Mark(None, 0, 1, name)])))
    assert {x.tag.partition("}")[2] for x in root.iter()} == {"svg", "rect", "polyline", "text"}


def test_names_are_no_markup() -> None:
    evil = '"><script>alert(1)</script>&\x00'
    text = svg(paper(Recording(evil, np.zeros((1, 100), np.float32), 100, (evil,))))
    assert "<script" not in text
    assert "\x00" not in text


def test_the_png_shows_the_same() -> None:
    drawing = paper(STRIP)
    image = Image.open(BytesIO(png(drawing))).convert("RGB")
    assert image.size == (275 * PIXELS_PER_MM, 60 * PIXELS_PER_MM)
    trace = max(
        (x for x in drawing.items if isinstance(x, Line) and x.pen == "trace"),
        key=lambda x: len(x.points),
    )
    for x, y in trace.points[200:-200:97]:
        column, row = round(x * PIXELS_PER_MM), round(y * PIXELS_PER_MM)
        near = image.crop((column - 2, row - 2, column + 3, row + 3))
        assert np.asarray(near).min() < 100  # something dark


def test_signs_become_marks() -> None:
    found = marks(interpret(STRIP, Patient("male", 40), parts(BEATS)).signs)
    assert {x.label for x in found} == {"prolonged PR interval"}
    assert {x.lead for x in found} == {"II"}


def test_the_name_of_the_file_decides(tmp_path: Path) -> None:
    drawing = paper(STRIP)
    write(drawing, tmp_path / "a.svg")
    write(drawing, tmp_path / "a.PNG")
    assert (tmp_path / "a.svg").read_text("utf-8").startswith("<svg")
    assert (tmp_path / "a.PNG").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(InputError, match="neither"):
        write(drawing, tmp_path / "a.pdf")
    with pytest.raises(InputError, match="cannot be written"):
        write(drawing, tmp_path / "no" / "a.svg")
