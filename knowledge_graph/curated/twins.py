"""Findings that HPO keeps apart, neither implying the other, and that notes use for one another.

A profile that lists "Anorexia" also means the note's "loss of appetite" ("Poor appetite"). What a
profile lists stands for its twins in the same band, unless it lists them itself.
"""

from __future__ import annotations

from collections.abc import Mapping

TWINS: Mapping[str, tuple[str, ...]] = {
    "Anorexia": ("Poor appetite",),
    "Poor appetite": ("Anorexia",),
    "Neck stiffness": ("Nuchal rigidity",),
    "Nuchal rigidity": ("Neck stiffness",),
    "Lethargy": ("Drowsiness",),
    "Drowsiness": ("Lethargy",),
    "Paresthesia": ("Hypoesthesia",),
    "Hypoesthesia": ("Paresthesia",),
    "Hyposmia": ("Anosmia",),
    "Anosmia": ("Hyposmia",),
    "Dysarthria": ("Slurred speech",),
    "Slurred speech": ("Dysarthria",),
    "Pedal edema": ("Ankle swelling",),
    "Ankle swelling": ("Pedal edema",),
    "Jaundice": ("Conjunctival icterus",),
    "Pharyngitis": ("Pharyngalgia",),
    "Periorbital edema": ("Periorbital fullness",),
    "Excessively quiet speech": ("Weak voice",),
    "Swelling of the lips eyelids or tongue": ("Lip swelling",),
    "Fatigue": ("Asthenia",),
    "Muscle weakness": ("Asthenia",),
    "Reduced consciousness": ("Drowsiness",),
    "Dehydration": ("Decreased skin turgor",),
}
"""Name of a finding -> names of those it stands for."""
