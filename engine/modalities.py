"""Which specialist reads which kind of item, imported on first use.

A laptop that only ranks coded phenotypes never imports spaCy or torch. A new modality is one line.
"""

from __future__ import annotations

from importlib import import_module
from typing import cast

from engine.protocols import Extractor

EXTRACTORS: dict[str, str] = {
    "documents": "nlp.extract:extract",
    "recordings": "signals.extract:extract",
    "observations": "engine.labs:extract",
}
"""Field of `PatientBundle` -> "module:function", in the order of reading: notes may state the age
and sex that laboratory ranges need. Fields not listed here have no reader yet."""


def extractor(kind: str) -> Extractor:
    """The extractor for a kind of item.

    Raises:
        LookupError: unknown kind; the message lists the known ones.
    """
    if kind not in EXTRACTORS:
        raise LookupError(f"no reader for {kind!r}; known kinds: {', '.join(sorted(EXTRACTORS))}")
    module, _, function = EXTRACTORS[kind].partition(":")
    return cast(Extractor, getattr(import_module(module), function))
