"""DocumentReference, DiagnosticReport, Media and ImagingStudy: texts now, files for later."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from datetime import datetime

from engine.readers import attachment as files_for_later
from engine.readers import text, tree
from engine.readers.fhir import coding
from engine.readers.fhir.entry import Entry, status, when
from engine.readers.record import Record
from engine.readers.tree import Node
from engine.types import Attachment, Document, Phenotype

DOCUMENT_FIELDS = ("status", "subject", "date", "content", "type", "description", "context")
REPORT_FIELDS = (
    "status",
    "subject",
    "code",
    "effectiveDateTime",
    "effectivePeriod",
    "issued",
    "conclusion",
    "conclusionCode",
    "presentedForm",
    "language",
)
MEDIA_FIELDS = ("status", "subject", "content", "createdDateTime", "issued")
STUDY_FIELDS = ("status", "subject", "started")

_CHARSET = re.compile(r"charset\s*=\s*\"?([\w-]+)", re.IGNORECASE)
_VOID = ("entered-in-error", "cancelled", "superseded")


def read_document(entry: Entry, record: Record) -> None:
    """DocumentReference: each content is a document or a file."""
    if (said := status(entry.raw, "status")) in _VOID:
        return record.skip(entry.id, said, kind=entry.type)
    concept = tree.child(entry.raw, "type")
    title = tree.text(entry.raw, "description") or coding.label(concept)
    recorded = when(entry.raw, "date") or when(tree.child(entry.raw, "context"), "period")
    blank = _blank(entry, title, recorded)
    contents = tree.children(entry.raw, "content")
    for index, content in enumerate(contents):
        item = entry.id if len(contents) == 1 else f"{entry.id}.content[{index}]"
        _attach(tree.child(content, "attachment"), replace(blank, id=item), entry.type, record)
    return None


def read_report(entry: Entry, record: Record) -> None:
    """DiagnosticReport: conclusion, HPO-coded conclusions and presented forms.

    Its results are Observations of their own.
    """
    if (said := status(entry.raw, "status")) in _VOID:
        return record.skip(entry.id, said, kind=entry.type)
    title = coding.label(tree.child(entry.raw, "code"))
    recorded = when(entry.raw, "effectiveDateTime", "effectivePeriod", "issued")
    blank = _blank(entry, title, recorded)
    conclusion = tree.text(entry.raw, "conclusion")
    forms = tree.children(entry.raw, "presentedForm")
    concluded = tree.children(entry.raw, "conclusionCode")
    if conclusion:
        record.add_document(replace(blank, id=f"{entry.id}.conclusion", text=conclusion))
    for index, concept in enumerate(concluded):
        if term := coding.hpo(coding.codes(concept)):
            item = f"{entry.id}.conclusionCode[{index}]"
            record.phenotypes.append(Phenotype(item, term, recorded=recorded))
    for index, form in enumerate(forms):
        item = f"{entry.id}.presentedForm[{index}]"
        _attach(form, replace(blank, id=item), entry.type, record)
    if not conclusion and not forms and not concluded:
        record.skip(entry.id, "no text of its own; its results are read", kind=entry.type)
    return None


def read_media(entry: Entry, record: Record) -> None:
    """Media: one file."""
    if (said := status(entry.raw, "status")) in _VOID:
        return record.skip(entry.id, said, kind=entry.type)
    blank = _blank(entry, "", when(entry.raw, "createdDateTime", "issued"))
    return _attach(tree.child(entry.raw, "content"), blank, entry.type, record)


def read_study(entry: Entry, record: Record) -> None:
    """ImagingStudy: it only points to images, so its size is 0."""
    if (said := status(entry.raw, "status")) in _VOID:
        return record.skip(entry.id, said, kind=entry.type)
    record.attachments.append(Attachment(entry.id, "image", "application/dicom", 0))
    return None


def _blank(entry: Entry, title: str, recorded: datetime | None) -> Document:
    """A document of this entry, still to be given its text."""
    language = tree.text(entry.raw, "language")
    return Document(entry.id, title, text="", recorded=recorded, language=language)


def _attach(attachment: Node, blank: Document, kind: str, record: Record) -> None:
    """A text becomes a document, a file an attachment; a link is never followed."""
    encoded = tree.text(attachment, "data")
    if encoded is None:
        return record.skip(blank.id, "only a link, which is not followed", kind=kind)
    media_type = (tree.text(attachment, "contentType") or "").lower()
    try:
        data = base64.b64decode("".join(encoded.split()), validate=True)
        if media_type.startswith("text/") or "xhtml" in media_type:
            return _add_text(attachment, data, media_type, blank, record)
    except ValueError as fault:
        return record.issue("error", blank.id, f"not used: {fault}", fix="send text in base64")
    form = "image" if media_type.startswith("image/") else "other"
    return files_for_later.keep(
        data, item=blank.id, kind=form, media_type=media_type, record=record
    )


def _add_text(
    attachment: Node, data: bytes, media_type: str, blank: Document, record: Record
) -> None:
    charset = _CHARSET.search(media_type)
    written, remark = text.decode(data, charset=charset[1] if charset else None)
    if remark:
        record.issue("warning", blank.id, remark, fix="send UTF-8, or state the charset")
    document = replace(
        blank,
        title=tree.text(attachment, "title") or blank.title,
        text=text.from_html(written) if "html" in media_type else written,
        language=tree.text(attachment, "language") or blank.language,
    )
    record.add_document(document)
