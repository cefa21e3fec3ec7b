"""Onset and inheritance: what age and sex of the patient say about a disease."""

from __future__ import annotations

from collections.abc import Iterable

# Youngest age in years, from the definitions of the onset terms in hp.obo. Antenatal, congenital,
# neonatal and infantile onset allow every age. "Adult" is stated from 16 years.
YOUNGEST = {
    "HP:0003581": 16.0,  # Adult onset: at the age of 16 years or later
    "HP:0011462": 16.0,  # Young adult onset: between 16 and 40 years
    "HP:0025708": 16.0,  # Early young adult onset
    "HP:0025709": 19.0,  # Intermediate young adult onset
    "HP:0025710": 25.0,  # Late young adult onset
    "HP:0003596": 40.0,  # Middle age onset: 40 to 60 years
    "HP:0003584": 60.0,  # Late onset: after the age of 60 years
    "HP:0003621": 5.0,  # Juvenile onset: between 5 and 15 years
    "HP:0011463": 1.0,  # Childhood onset: between 1 and 5 years
}
ANY_AGE = frozenset(
    {
        "HP:0003577",  # Congenital onset
        "HP:0003593",  # Infantile onset
        "HP:0003623",  # Neonatal onset
        "HP:0030674",  # Antenatal onset
        "HP:0011460",  # Embryonal onset
        "HP:0011461",  # Fetal onset
        "HP:0034197",  # Third trimester onset
        "HP:0034198",  # Second trimester onset
        "HP:0034199",  # Late first trimester onset
        "HP:0410280",  # Pediatric onset
    }
)
Y_LINKED = "HP:0001450"
X_LINKED_RECESSIVE = "HP:0001419"


def youngest_onset(terms: Iterable[str]) -> float | None:
    """The youngest age in years at which a disease is stated to begin; None when not stated."""
    ages = [
        0.0 if term in ANY_AGE else YOUNGEST[term]
        for term in terms
        if term in ANY_AGE or term in YOUNGEST
    ]
    return min(ages, default=None)
