"""Records as one page that needs nothing else: displaCy marks the mentions, a list below tells all
items and relations, with their characters.

Whoever reads the page sees what is denied (struck through), uncertain (dashed), or not of the
patient and now; the words say so too.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any, cast

from api.exports.lines import lines
from nlp.record import Assertion, Record

HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Konsil: notes</title>
<style>
body { font-family: sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
.entities { white-space: pre-wrap; overflow-wrap: anywhere; line-height: 2.2; }
mark { padding: .2em .3em; border-radius: .3em; }
mark small { font-weight: bold; margin-left: .4em; }
mark.absent { text-decoration: line-through; background: #e6e6e6 !important; }
mark.uncertain { outline: 2px dashed #a05a00; }
mark.aside { opacity: .75; font-style: italic; }
ul.items { font-family: monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
p.warning, p.error { color: #a00000; }
</style>
</head>
<body>
"""
FOOT = "</body>\n</html>\n"
_MARK = (
    '<mark class="{look}" style="background: {bg}" title="{told}">'
    "{text}<small>{label}</small></mark>"
)
_COLOURS = {
    "problem": "#ffd9b3",
    "medicine": "#cfe8ff",
    "test": "#d9f2d9",
    "procedure": "#e6d9f2",
    "date": "#fff2b3",
    "duration": "#fff2b3",
}


def article(record: Record) -> str:
    """One note: its text with marks, and what is to be said of its reading."""
    from spacy import displacy

    render = cast(Any, displacy).render  # its options are not typed
    marked: str = render(
        {"text": record.text.replace("\r\n", " \n"), "ents": list(_apart(record))},
        style="ent",
        manual=True,
        jupyter=False,
        options={"template": _MARK, "colors": _COLOURS},
    )
    issues = "".join(
        f'<p class="{issue.level}">'
        f"{escape(f'{issue.level}: {issue.message}. Fix: {issue.fix}.')}</p>\n"
        for issue in record.issues
    )
    told = "".join(f"<li>{escape(line)}</li>\n" for line in lines(record, modifying=True))
    items = f'<ul class="items">\n{told}</ul>\n' if told else ""
    title = f"<h2>{escape(record.document)}</h2>"
    return f"<article>\n{title}\n{issues}{marked}\n{items}</article>\n"


def _apart(record: Record) -> Iterator[dict[str, Any]]:
    """Marks that do not overlap, the longer first; displaCy's flat page cannot show the others,
    which stand in the list.
    """
    end = 0
    for mark in sorted(_marks(record), key=lambda mark: (mark["start"], -mark["end"])):
        if mark["start"] >= end:
            end = mark["end"]
            yield mark


def _marks(record: Record) -> Iterator[dict[str, Any]]:
    for problem in record.problems:
        linked = f"{problem.code.display} {problem.code.code}" if problem.code else "unlinked"
        yield _mark("problem", problem.span.start, problem.span.end, problem.said, linked)
    for drug in record.medications:
        told = ", ".join(" ".join(span.quote.split()) for span in drug.use)
        kind = {True: "allergy; ", None: "allergy or medicine; ", False: ""}[drug.allergy]
        told = f"{kind}{told}"
        yield _mark("medicine", drug.span.start, drug.span.end, drug.said, told)
    for test in record.tests:
        values = " to ".join(f"{value:g}" for value in test.values)
        results = zip(test.results, test.results_said, strict=True)
        values = values or "; ".join(_result(span.quote, said) for span, said in results)
        told = " ".join(filter(None, (test.name, test.comparator, values, test.unit)))
        yield _mark("test", test.span.start, test.span.end, test.said, told)
    for procedure in record.procedures:
        yield _mark("procedure", procedure.span.start, procedure.span.end, procedure.said, "")
    for moment in record.timeline:
        said = Assertion("present", "current", conditional=False)
        yield _mark(moment.kind, moment.span.start, moment.span.end, said, moment.date or "")


def _mark(kind: str, start: int, end: int, said: Assertion, told: str) -> dict[str, Any]:
    """displaCy escapes the text of a mark, but neither its label nor what a template adds."""
    remarks = _remarks(said)
    look = [said.status, *["aside"] * (said.context != "current")]
    params = {
        "look": " ".join(look),
        "told": escape("; ".join(filter(None, (told, *remarks)))),
        "label": escape(": ".join(filter(None, (kind, ", ".join(remarks))))),
    }
    return {"start": start, "end": end, "label": kind, "params": params}


def _remarks(said: Assertion) -> list[str]:
    remarks = [] if said.status == "present" else [said.status]
    remarks += [] if said.context == "current" else [said.context]
    return [*remarks, *["conditional"] * said.conditional]


def _result(quote: str, said: Assertion) -> str:
    remarks = ", ".join(_remarks(said))
    return " ".join(quote.split()) + (f" ({remarks})" if remarks else "")
