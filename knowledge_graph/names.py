"""How two names are compared."""

from __future__ import annotations

import re


def plain_name(name: str) -> str:
    """Lower case, words and numbers only."""
    return re.sub(r"[^a-z0-9]+", " ", name.lower()).strip()
