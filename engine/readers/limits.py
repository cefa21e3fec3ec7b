"""Bounds on what is read, so that no input can exhaust memory or time.

They are far above any real record and are checked before the work they bound.
"""

from __future__ import annotations

MIB = 1024 * 1024

MAX_FILE_BYTES = 64 * MIB
"""One JSON or text input, also after gunzip."""

MAX_SET_BYTES = 256 * MIB
"""A folder or zip: as received, and the sum of its files as inflated."""

MAX_MEMBERS = 5_000
"""Files of a folder or zip (a long CT study has about 2,000)."""

MAX_JSON_DEPTH = 64
"""Nesting of a JSON input; real FHIR stays below 20."""

MAX_JSON_VALUES = 3_000_000
"""Values of a JSON input, counted by its brackets and commas: at most about 400 MB as objects."""

MAX_ENTRIES = 50_000
"""Entries of a FHIR bundle, or items of a list of a phenopacket."""

MAX_ENTRY_VALUES = 100_000
"""Values inside one FHIR entry; a larger one is skipped with an issue."""

MAX_DOCUMENT_CHARS = 1_000_000
"""Characters of one document; a longer one is skipped with an issue, never cut silently."""

MAX_ROWS = 50_000
"""Rows of a labs.csv."""

MAX_LABEL_CHARS = 200
"""Characters of a sender's id when it is used to name an item."""
