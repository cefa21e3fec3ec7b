"""A record as lines for a terminal: what, what is said of it, where.

Control characters of a note (colours, cursor moves) do not reach the terminal.
"""

from __future__ import annotations

from collections.abc import Iterator

from api.notes import one_line
from engine.types import TextSpan
from nlp.record import MODIFIES, Assertion, Medication, Record, Relation, Test


def lines(record: Record, *, modifying: bool = False) -> Iterator[str]:
    """One line an item, by kind. modifying: also relations that stand with what they modify."""
    for line in _lines(record, modifying=modifying):
        yield one_line(line)


def _lines(record: Record, *, modifying: bool) -> Iterator[str]:
    for problem in record.problems:
        code = problem.code
        name = f"{code.code}  {code.display}" if code else f"unlinked  {_words(problem.span)}"
        more = "".join(f"  {m.kind}: {_words(m.span)}" for m in problem.modifiers)
        yield f"{name}  {_said(problem.said)}{more}  {_where(problem.span)}"
    for drug in record.medications:
        yield f"{_medicine(drug)}  {_where(drug.span)}"
    for test in record.tests:
        yield f"{_test(test)}  {_where(test.span)}"
    for procedure in record.procedures:
        where = _where(procedure.span)
        yield f"procedure  {_words(procedure.span)}  {_said(procedure.said)}  {where}"
    for relation in record.relations:
        if modifying or relation.label != MODIFIES:
            yield _relation(relation)
    for moment in record.timeline:
        date = f" ({moment.date})" if moment.date else ""
        of = ", ".join(map(_words, moment.of))
        about = f"  of {of}" if of else ""
        yield f"{moment.kind}  {_words(moment.span)}{date}{about}  {_where(moment.span)}"


def _relation(relation: Relation) -> str:
    head = f"{_words(relation.head)}  {_said(relation.head_said)}"
    tail = f"{_words(relation.tail)}  {_said(relation.tail_said)}"
    where = f"{_where(relation.head)}, {_where(relation.tail)}"
    return f"relation  {head}  {relation.label}  {tail}  {where}"


def _medicine(drug: Medication) -> str:
    use = ", ".join(map(_words, drug.use))
    kind = {True: "allergy", None: "allergy or medicine", False: "medicine"}[drug.allergy]
    name = f"{drug.code.code}  {drug.code.display}" if drug.code else _words(drug.span)
    return "  ".join(filter(None, (kind, name, _said(drug.said), use)))


def _test(test: Test) -> str:
    values = " to ".join(f"{value:g}" for value in test.values)
    results = zip(test.results, test.results_said, strict=True)
    result = "; ".join(f"{_words(span)} {_said(said)}" for span, said in results) or values
    told = " ".join(filter(None, (test.comparator, result, test.unit)))
    judged = ", ".join(f"{j.status}: {j.code.display} {j.code.code}" for j in test.judged)
    return "  ".join(filter(None, ("test", test.name, told, _said(test.said), judged)))


def _said(said: Assertion) -> str:
    return f"[{said.status}, {said.context}{', conditional' if said.conditional else ''}]"


def _words(span: TextSpan) -> str:
    return " ".join(span.quote.split())


def _where(span: TextSpan) -> str:
    return f'<- {span.document}:{span.start}-{span.end} "{_words(span)}"'
