"""The few exceptions of Konsil. Faults inside a bundle are `Issue`s, not exceptions."""

from __future__ import annotations


class KonsilError(Exception):
    """Base class. message: what went wrong; fix: what the user can do about it."""

    def __init__(self, message: str, *, fix: str) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix


class InputError(KonsilError):
    """The input as a whole cannot be used (unreadable, too large, hostile, two patients).

    where: the file or entry at fault.
    """

    def __init__(self, message: str, *, where: str, fix: str) -> None:
        super().__init__(message, fix=fix)
        self.where = where


class NotFoundError(KonsilError):
    """An identifier or name is not in the knowledge graph; suggestions holds close ones."""

    def __init__(self, message: str, *, fix: str, suggestions: tuple[str, ...] = ()) -> None:
        super().__init__(message, fix=fix)
        self.suggestions = suggestions


class SourceError(KonsilError):
    """A knowledge source or model file is missing or not what it should be."""


class MissingExtraError(KonsilError):
    """An optional part is asked for and not installed."""

    def __init__(self, part: str, *, extra: str) -> None:
        super().__init__(
            f"{part} is not installed",
            fix=f"install it with `uv sync --extra {extra}` or `pip install 'konsil[{extra}]'`",
        )
