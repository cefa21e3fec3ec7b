from __future__ import annotations

import pytest

from nlp.sections import headings


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PAST MEDICAL HISTORY: Asthma", [("PAST MEDICAL HISTORY:", "historical")]),
        ("Family history\nAsthma", [("Family history", "family")]),
        ("1. PMH: Asthma", [("PMH:", "historical")]),
        ("Assessment: ok\nFH: none", [("Assessment:", "current"), ("FH:", "family")]),
        # MTSamples: headings follow ".," without a line break
        ("well.,FAMILY HISTORY:, Stroke", [("FAMILY HISTORY:", "family")]),
        # unknown words in capitals end the section before them
        (
            "PMH: Asthma\nNEUROLOGIC STATUS: well",
            [("PMH:", "historical"), ("NEUROLOGIC STATUS:", "current")],
        ),
        ("He has a family history of asthma", []),
        ("history of asthma: mild", []),
    ],
)
def test_headings(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(text[start:end], kind) for start, end, kind in headings(text)] == expected
