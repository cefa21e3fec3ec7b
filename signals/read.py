"""Reads an electrocardiogram of any known format as a `Recording` in millivolts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from engine.types import SignalSource
from signals.recording import Recording

__all__ = ["read", "read_files", "read_source", "stream"]


def read(path: Path) -> Recording:
    """The recording in a file; of several files the path is that of their header."""
    raise NotImplementedError


def read_files(files: Mapping[str, bytes], name: str) -> Recording:
    """The recording `name` among the files of one folder, in memory."""
    raise NotImplementedError


def read_source(source: SignalSource) -> Recording:
    """The recording of a bundle, whose id it gets."""
    raise NotImplementedError


def stream(path: Path, *, seconds: float) -> Iterator[Recording]:
    """The recording in pieces of `seconds`, with constant memory."""
    raise NotImplementedError
