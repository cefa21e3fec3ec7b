"""The same question without something: "would you still say so without the second letter?".

A selector names what is left out:

    modality:notes        everything of one kind (`KINDS` lists the words)
    note:2, lab:o17       one item, by its id or by its number from 1 in the order of the bundle
    finding:HP:0001250    one finding, however it was seen: every status, context and citation

Leaving out is the same as never having had: findings, contributions and ranking are those of a
record without these items. What stays is the moment of the question (`PatientBundle.as_of`), so
that ages and recency do not shift, the sha256 of the bytes received, and what reading them
reported. Every item left out is in `skipped`, with `LEFT_OUT`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.exceptions import InputError
from engine.protocols import Vocabulary
from engine.types import Finding, PatientBundle, Skipped

LEFT_OUT = "left out on request"
SHOWN = 20
"""Items an error lists."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of item. field: of `PatientBundle`; of: the item's own `kind` where one differs.

    words: what a user may call it; the first is ours.
    """

    field: str
    words: tuple[str, ...]
    of: str | None = None

    def items(self, bundle: PatientBundle) -> tuple[Any, ...]:
        """All items of this kind, in the order of the bundle."""
        items: tuple[Any, ...] = getattr(bundle, self.field)
        return tuple(item for item in items if self.of in (None, getattr(item, "kind", None)))


KINDS = (
    Kind("documents", ("notes", "note", "documents", "document", "text")),
    Kind("observations", ("labs", "lab", "laboratory", "observations", "observation")),
    Kind("phenotypes", ("phenotypes", "phenotype", "codes")),
    Kind("recordings", ("signals", "ecg", "signal")),
    Kind("attachments", ("imaging", "images", "image"), "image"),
    Kind("attachments", ("files", "file", "other"), "other"),
    Kind("statements", ("conditions", "condition", "problems", "problem"), "condition"),
    Kind("statements", ("medications", "medication", "drugs", "drug"), "medication"),
    Kind("statements", ("allergies", "allergy"), "allergy"),
    Kind("statements", ("family", "relatives"), "family"),
)
_FINDING = "finding"


def leave_out(bundle: PatientBundle, selectors: Iterable[str]) -> PatientBundle:
    """The bundle without the items these selectors name; numbers count in the whole bundle.

    Selectors of findings are passed over: `leave_out_findings` is for them.

    Raises:
        InputError: a selector is not understood or meets nothing; the message lists what there is.
    """
    left = [item for text in selectors if not _is_finding(text) for item in _selected(text, bundle)]
    if not left:
        return bundle
    gone = {id(item) for item in left}
    kept = {
        field: tuple(item for item in getattr(bundle, field) if id(item) not in gone)
        for field in {kind.field for kind in KINDS}
    }
    once = {id(item): Skipped(item.id, LEFT_OUT) for item in left}
    return replace(bundle, **kept, skipped=(*bundle.skipped, *once.values()))


def leave_out_findings(
    findings: Sequence[Finding], selectors: Iterable[str], vocabulary: Vocabulary
) -> tuple[tuple[Finding, ...], tuple[Skipped, ...]]:
    """The findings without those that "finding:<term>" selectors name, and a note on each.

    Outdated term ids are followed, case does not matter. Other selectors are passed over.

    Raises:
        InputError: there is no such finding (left); the message lists those there are.
    """
    gone: set[str] = set()
    for text in filter(_is_finding, selectors):
        term = _split(text)[1]
        current = vocabulary.code(term.upper())
        code = (term if current is None else current.code).lower()
        met = {f.code.code for f in findings if f.code.code.lower() == code}
        if not met:
            listed = [f"{_FINDING}:{_named(finding)}" for finding in findings]
            raise _nothing(text, "no such finding was seen (in what is not left out)", listed)
        gone |= met
    left = dict.fromkeys(_named(f) for f in findings if f.code.code in gone)
    kept = tuple(f for f in findings if f.code.code not in gone)
    return kept, tuple(Skipped(name, LEFT_OUT) for name in left)


def _selected(text: str, bundle: PatientBundle) -> tuple[Any, ...]:
    """The items a selector names, at least one."""
    word, item = _split(text)
    whole = word == "modality"
    kind = next((k for k in KINDS if (item.lower() if whole else word) in k.words), None)
    if kind is None:
        raise _unknown(text)
    items = kind.items(bundle)
    if not items:
        raise _nothing(text, f"this record holds no {kind.words[0]}", list(_held(bundle)))
    if whole:
        return items
    called = tuple(i for i in items if i.id == item) or _numbered(items, item)
    if not called:
        listed = [f"{word}:{number} ({i.id})" for number, i in enumerate(items, 1)]
        raise _nothing(text, f"no {word} has the id or number {item!r}", listed)
    return called


def _numbered(items: tuple[Any, ...], item: str) -> tuple[Any, ...]:
    number = int(item) if item.isascii() and item.isdigit() and len(item) < 10 else 0
    return items[number - 1 : number] if number else ()


def _split(text: str) -> tuple[str, str]:
    word, _, item = text.strip().partition(":")
    return word.strip().lower(), item.strip()


def _is_finding(text: str) -> bool:
    return _split(text)[0] == _FINDING


def _held(bundle: PatientBundle) -> Iterator[str]:
    for kind in KINDS:
        if count := len(kind.items(bundle)):
            yield f"modality:{kind.words[0]} ({count})"


def _named(finding: Finding) -> str:
    return f"{finding.code.code} {finding.code.display}".strip()


def _unknown(text: str) -> InputError:
    kinds = ", ".join(" or ".join(kind.words[:2]) for kind in KINDS)
    return InputError(
        "this does not say what to leave out",
        where=f"without {text!r}",
        fix=f"write modality:KIND, KIND:NUMBER, KIND:ID or finding:HP:...; kinds are {kinds}",
    )


def _nothing(text: str, message: str, there: Sequence[str]) -> InputError:
    listed = list(dict.fromkeys(there))
    more = f" and {len(listed) - SHOWN} more" if len(listed) > SHOWN else ""
    return InputError(
        message,
        where=f"without {text!r}",
        fix=f"choose from: {', '.join(listed[:SHOWN])}{more}" if listed else "leave this out",
    )
