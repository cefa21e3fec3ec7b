"""HL7 annotated ECG (aECG, XML): parsed without danger; who it is about and when it began.

The parser is expat as Python has it. A document type declaration is refused, and with it every
entity, so that nothing can be expanded or fetched.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

from engine.exceptions import InputError
from engine.readers import identity, limits
from engine.readers.identity import Identity
from engine.readers.tree import too_large
from engine.types import Sex

_ROOT = re.compile(rb"<(?:\w+:)?AnnotatedECG[\s>]")
_TIME = re.compile(r"(\d{8,14})(?:\.(\d{1,9}))?(?:([+-])(\d\d)(\d\d)?)?", re.ASCII)
_SEXES: dict[str, Sex] = {"F": "female", "M": "male"}
_FIX = "export the ECG as HL7 aECG (PORT_MT020001) again, or in another format"


def is_aecg(data: bytes) -> bool:
    """Whether the bytes look like an aECG document."""
    return _ROOT.search(data[:4096].replace(b"\0", b"")) is not None


def parse(data: bytes, *, where: str) -> Element:
    """The root element; tags are without namespace.

    Raises:
        InputError: not XML, a document type declaration, or too large.
    """
    if len(data) > limits.MAX_FILE_BYTES:
        raise too_large(where, limits.MAX_FILE_BYTES)
    parser = XMLParser(target=_Plain())
    try:
        parser.feed(data)
        root: Element = parser.close()
    except (ParseError, ValueError, LookupError) as error:
        message = f"no XML that is read: {error}"[:200]
        raise InputError(message, where=where, fix=_FIX) from error
    return root


def subject(root: Element, *, where: str) -> Identity:
    """The patient of an aECG (in trials under a number of the trial)."""
    person = next(root.iter("trialSubject"), None)
    if person is None:
        return Identity(where=where)
    number, called = person.find("id"), next(person.iter("name"), None)
    born, gender = _value(person, "birthTime", "value"), _value(person, "administrativeGenderCode")
    birth = moment(born)
    names = frozenset[identity.Name]()
    if called is not None and (written := " ".join("".join(called.itertext()).split())):
        family, given = called.findtext("family"), called.findtext("given")
        names = frozenset([identity.name(family or written, given or "" if family else "")])
    extension = number.get("extension") if number is not None else None
    return Identity(
        where=where,
        identifiers=frozenset([extension] if extension else []),
        names=names,
        birth=birth.date().isoformat() if birth else None,
        sex=_SEXES.get(gender),
    )


def start(root: Element) -> datetime | None:
    """When the recording began (UTC), as the document or its first series says."""
    for time in root.iter("effectiveTime"):
        for end in ("low", "center"):
            if begin := moment(_value(time, end, "value")):
                return begin
    return None


def moment(text: str) -> datetime | None:
    """An HL7 timestamp ("20021122091000.000", "200211220910+0100"), UTC where it states no zone."""
    parts = _TIME.fullmatch(text.strip())
    if parts is None:
        return None
    whole, fraction, sign, hours, minutes = parts.groups()
    try:
        at = datetime.strptime(whole.ljust(14, "0"), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        shift = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
        at += timedelta(seconds=float(f"0.{fraction or 0}"))
        return at + shift if sign == "-" else at - shift
    except (ValueError, OverflowError):
        return None


class _Plain(TreeBuilder):
    """Builds the tree without namespaces and refuses a document type."""

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        return super().start(tag.rpartition("}")[2], attrs)

    def end(self, tag: str, /) -> Element:
        return super().end(tag.rpartition("}")[2])

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise ValueError("it has a document type declaration")


def _value(element: Element, tag: str, attribute: str = "code") -> str:
    found = next(element.iter(tag), None)
    return "" if found is None else found.get(attribute, "")
