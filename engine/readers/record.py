"""What a reader collects, before the time of the question is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from engine.readers import limits
from engine.readers.identity import Identity
from engine.readers.members import Member
from engine.types import (
    Attachment,
    Document,
    Issue,
    Level,
    Observation,
    Phenotype,
    SignalSource,
    Skipped,
    Statement,
)


@dataclass(slots=True)
class Record:
    """Filled by the readers in the order of the input.

    events: moments (UTC) of entries that are not used but show how far the record goes.
    signal_files: set aside until all are known, as several make one recording.
    """

    identities: list[Identity] = field(default_factory=list[Identity])
    phenotypes: list[Phenotype] = field(default_factory=list[Phenotype])
    documents: list[Document] = field(default_factory=list[Document])
    observations: list[Observation] = field(default_factory=list[Observation])
    statements: list[Statement] = field(default_factory=list[Statement])
    recordings: list[SignalSource] = field(default_factory=list[SignalSource])
    attachments: list[Attachment] = field(default_factory=list[Attachment])
    issues: list[Issue] = field(default_factory=list[Issue])
    events: list[datetime] = field(default_factory=list[datetime])
    signal_files: list[Member] = field(default_factory=list[Member])
    _skipped: dict[tuple[str, str], list[str]] = field(
        default_factory=dict[tuple[str, str], list[str]]
    )

    def issue(self, level: Level, where: str, message: str, *, fix: str) -> None:
        """Notes a fault of the input."""
        self.issues.append(Issue(level, where, message, fix))

    def skip(self, item: str, reason: str, *, kind: str) -> None:
        """Notes an item left out; items of one kind and reason are reported together."""
        self._skipped.setdefault((kind, reason), []).append(item)

    def add_document(self, document: Document) -> None:
        """Keeps a document unless it is blank or too long to read."""
        if not document.text.strip():
            self.skip(document.id, "no text", kind="document")
        elif len(document.text) > limits.MAX_DOCUMENT_CHARS:
            self.issue(
                "error",
                document.id,
                f"longer than {limits.MAX_DOCUMENT_CHARS:,} characters, not read",
                fix="send it in parts",
            )
        else:
            self.documents.append(document)

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """One line per kind and reason: the item itself, or "Encounter x 37"."""
        return tuple(
            Skipped(items[0] if len(items) == 1 else f"{kind} x {len(items)}", reason)
            for (kind, reason), items in self._skipped.items()
        )
