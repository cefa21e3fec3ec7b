"""What importing the text specialist costs, and leaves alone."""

from __future__ import annotations

import subprocess
import sys

import pytest

_PROGRAM = "import sys; {}; import nlp.pipeline; import thinc.compat; assert {}"


@pytest.mark.parametrize(
    ("before", "holds"),
    [
        ("pass", "not thinc.compat.has_torch and 'torch' not in sys.modules"),
        ("import torch", "thinc.compat.has_torch"),
        ("import spacy", "thinc.compat.has_torch"),
    ],
)
def test_torch_is_left_out_unless_somebody_asked_for_it(before: str, holds: str) -> None:
    pytest.importorskip("torch", reason="the extra train is not installed")
    program = _PROGRAM.format(before, holds)
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
