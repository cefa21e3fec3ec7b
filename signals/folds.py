"""Networks that never saw what they are asked: `konsil bench ... --cv K` of the signals."""

from __future__ import annotations

from hashlib import sha256


def fold_of(group: str, folds: int) -> int:
    """Which fold a record (or patient) is in: by its name, whatever else there is."""
    return int.from_bytes(sha256(group.encode()).digest()[:4], "big") % folds
