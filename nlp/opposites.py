"""Names that are nearly alike and mean the opposite: "incomplete heart block", "complete heart
block". Curated, unreferenced: pairs that were seen to be alike enough to be linked.
"""

from __future__ import annotations

from nlp.candidates import plain

_NOT = frozenset(("non", "no", "not", "without", "un"))
_LONG = 6  # letters; "none" and "nonan" deny nothing
_OPPOSITES = """
acute/chronic left/right congenital/acquired primary/secondary benign/malignant upper/lower
anterior/posterior male/female dominant/recessive proximal/distal increased/decreased high/low
elevated/reduced systolic/diastolic unilateral/bilateral internal/external superior/inferior
early/late infantile/adult juvenile/adult childhood/adult ruptured/unruptured stable/unstable
complete/incomplete typical/atypical motile/immotile mature/immature maternal/paternal
abduction/adduction excess/deficiency gain/loss open/closed wet/dry focal/diffuse major/minor
short/long small/large thin/thick medial/lateral central/peripheral mild/severe hot/cold
hyper-/hypo- brady-/tachy- intra-/extra- over-/under- macro-/micro- poly-/oligo-
"""
"""With a hyphen: how words begin."""
_PAIRS = [tuple(pair.split("/")) for pair in _OPPOSITES.split()]


def opposed(one: str, other: str) -> bool:
    """Does one name say what the other denies, or one side where the other says its opposite?"""
    mine, theirs = plain(one).split(), plain(other).split()
    if _denials(mine) != _denials(theirs):
        return True
    return any(
        (_has(mine, a), _has(mine, b), _has(theirs, a), _has(theirs, b))
        in ((True, False, False, True), (False, True, True, False))
        for a, b in _PAIRS
    )


def _denials(words: list[str]) -> int:
    return sum(word in _NOT or (word.startswith("non") and len(word) > _LONG) for word in words)


def _has(words: list[str], part: str) -> bool:
    if part.endswith("-"):
        return any(word.startswith(part[:-1]) for word in words)
    return part in words
