"""What the README shows is what happens."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().splitlines()]


def test_the_example_output_is_real() -> None:
    command = re.search(r"^uv run (konsil diagnose .*)$", README, re.M)
    shown = re.search(r"```text\n(.*?)```", README, re.S)
    assert command
    assert shown
    done = subprocess.run(
        [sys.executable, "-m", "api.cli", *command[1].split()[1:]],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "80"},
    )
    expected = lines(shown[1])
    assert lines(done.stdout)[: len(expected)] == expected


def test_the_python_snippet_runs() -> None:
    snippet = re.search(r"```python\n(.*?)```", README, re.S)
    assert snippet
    done = subprocess.run(
        [sys.executable, "-c", snippet[1]], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "Wilson disease"


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", README):
        assert (ROOT / target).exists(), target
