"""Hypothesis strategies shared by the tests."""

from __future__ import annotations

from hypothesis import strategies as st

from engine.types import Code, CodedEntry, Finding, ModelRef

PHENOTYPES = (
    "HP:0001083", "HP:0002616", "HP:0001166", "HP:0001250", "HP:0001263", "HP:0000118",
    "HP:0001252", "HP:0000707", "HP:0002197", "HP:0002133", "HP:0001627", "HP:0001629",
    "HP:0000365", "HP:0000407", "HP:0001945", "HP:0012735", "HP:0001903", "HP:0002240",
)  # fmt: skip
"""Some general, some specific, some implying others."""


def finding(term: str, status: str = "present", *, context: str = "current") -> Finding:
    """A coded finding as a phenopacket would give it."""
    code = Code("HPO", term)
    return Finding(
        code=code,
        status=status,  # pyright: ignore[reportArgumentType]
        citations=(CodedEntry(f"test[{term}]", code),),
        produced_by=ModelRef("test", "1"),
        context=context,  # pyright: ignore[reportArgumentType]
    )


findings = st.lists(
    st.builds(
        finding,
        st.sampled_from(PHENOTYPES),
        st.sampled_from(["present", "present", "absent", "uncertain"]),
        context=st.sampled_from(["current", "current", "current", "historical", "family"]),
    ),
    max_size=8,
)
