"""The shared vocabulary of Konsil. Read this first.

A patient bundle goes in (`PatientBundle`), every specialist turns its part into `Finding`s, the
ranking turns findings into `Diagnosis` objects made of `Contribution`s, and all of it leaves as one
`Result`. Everything is immutable. `None` always means "not stated" or "not known", never zero.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

Sex = Literal["female", "male"]
Status = Literal["present", "absent", "uncertain"]
Context = Literal["current", "historical", "family", "hypothetical"]
Level = Literal["error", "warning", "info"]
Match = Literal["exact", "ancestor", "descendant", "related", "risk", "none"]


@dataclass(frozen=True, slots=True)
class Code:
    """A concept of a named terminology.

    system: short name ("HPO", "OMIM", "ORPHA", "LOINC", "SNOMED", "ICD-10-CM") or the FHIR system
        URL where we have no short name. code: as the terminology writes it; ontologies as CURIE
        ("HP:0001250"). display: human-readable name, "" when the source gave none.
    """

    system: str
    code: str
    display: str = ""


@dataclass(frozen=True, slots=True)
class ModelRef:
    """What produced a finding. sha256: of weights or rule tables; None for code without any."""

    name: str
    version: str
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class SourceRef:
    """A source of knowledge: its name, its own release and the sha256 of the file as read."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Issue:
    """A fault in the input, kept as data so that nothing is lost silently.

    where: the place ("Observation/abc", "labs.csv:7", "note.txt"). fix: what the sender can do.
    """

    level: Level
    where: str
    message: str
    fix: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """An item that was read but not used, and why."""

    item: str
    reason: str


# ---- Citations: where a statement can be followed to ------------------------------------------


@dataclass(frozen=True, slots=True)
class TextSpan:
    """Characters [start, end) of a document; `quote` equals exactly that slice of its text."""

    document: str
    start: int
    end: int
    quote: str


@dataclass(frozen=True, slots=True)
class LabValue:
    """A measured value as reported. value: None for a result given only in words (see `text`).

    unit: as the sender wrote it. reference: the range the judgement used, with its origin, such as
    "3.5-5.1 mmol/L (observation's own)".
    """

    observation: str
    name: str
    value: float | None
    unit: str | None
    reference: str | None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class SignalInterval:
    """Seconds of a recorded signal, from its start. record: the recording's id; lead: None for all
    leads together."""

    record: str
    lead: str | None
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class CodedEntry:
    """An entry of the input that states the finding as a code ("phenotypicFeatures[3]")."""

    item: str
    code: Code


@dataclass(frozen=True, slots=True)
class GraphEdge:
    """A statement of the knowledge graph with its sources (PMID, ORPHA, OMIM or dataset row).

    frequency: share of patients with the disease who show the finding, 0 to 1, pooled over counts
    (else percentages); None when the sources give no number. stated: what they wrote, in the order
    of the rows ("7/13; HP:0040281").
    """

    subject: str
    predicate: str
    object: str
    sources: tuple[str, ...]
    frequency: float | None = None
    stated: str | None = None


Citation = TextSpan | LabValue | SignalInterval | CodedEntry


# ---- How a finding is obtained ------------------------------------------------------------------

Step = Literal["ask", "examine", "order"]
Cost = Literal["none", "low", "medium", "high"]
Invasiveness = Literal["none", "minimal", "invasive"]


@dataclass(frozen=True, slots=True)
class Acquisition:
    """How one learns whether a finding is there, at its usual and least burden.

    step: the patient (or who came along) tells it; it is seen, felt, heard or measured at the
        bedside; or a test is ordered.
    test: what to order, or the examination that shows it, in a clinician's words ("full blood
        count", "eye examination"); None when asking or a general examination is enough.
    cost: classes of money and effort, no prices. "none": talking and an ordinary examination;
        "low": dipstick, ECG, routine blood, a questionnaire; "medium": ultrasound, radiograph, EEG,
        special serology or hormones; "high": MRI, CT, PET, endoscopy, biopsy, genetic test.
    invasiveness: "none": nothing enters the body (ultrasound, MRI, urine); "minimal": a needle in a
        vein, a swab or ionising radiation; "invasive": endoscope, biopsy, catheter in an artery or
        organ, lumbar puncture, operation.
    source: who says so: "curated, unreferenced" is general medical training without a citation.
    """

    step: Step
    test: str | None
    cost: Cost
    invasiveness: Invasiveness
    source: str


# ---- Findings and what they say about diseases ------------------------------------------------


@dataclass(frozen=True, slots=True)
class Finding:
    """One coded statement about the patient: the only thing that crosses a package border.

    probability: calibrated probability (0 to 1) that the finding holds; None when a source simply
        asserts it (a coded entry, a sentence, a laboratory range) and nobody estimated it.
    context: only "current" counts in the ranking; family history, history and hypotheses are kept.
    onset_years: the patient's age when it began, in years. recorded: when written down (UTC).
    """

    code: Code
    status: Status
    citations: tuple[Citation, ...]
    produced_by: ModelRef
    probability: float | None = None
    context: Context = "current"
    onset_years: float | None = None
    recorded: datetime | None = None


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one finding says about one disease, and why: the score and its reason are one object.

    log_lr: natural logarithm of the likelihood ratio, after the overlap discount; 0 says nothing.
    match: how the finding meets the disease's own annotation. "exact": the same term; "ancestor":
        the disease lists something more general; "descendant": something more specific; "related":
        only a common ancestor; "risk": no sign, but it raises the risk; "none": nothing in the
        disease's profile.
    edge: the annotation used; None when there is none.
    """

    finding: Finding
    disease: str
    log_lr: float
    match: Match
    edge: GraphEdge | None


@dataclass(frozen=True, slots=True)
class Picture:
    """How much of a disease's usual picture the findings report.

    expected: findings of its own that a patient shows on average (sum of their shares). reported:
    the part of it that is reported. log_lr: what that says, as a natural logarithm, relative to the
    other diseases; only differences between diseases have a meaning.
    """

    expected: float
    reported: float
    log_lr: float


@dataclass(frozen=True, slots=True)
class Scale:
    """What turns the log odds of one result into calibrated probabilities (`engine.calibrate`).

    The same for all of its diagnoses: ln posterior = log odds / temperature - log_total.
    """

    temperature: float
    log_total: float


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A candidate disease. Every number is derived from the prior, picture and contributions.

    prior: probability before any finding, 0 to 1; 0 of what is no candidate. prior_because: what
    made the prior differ from that of a disease nothing is known about.
    """

    disease: Code
    prior: float
    prior_because: tuple[str, ...]
    picture: Picture
    contributions: tuple[Contribution, ...]
    scale: Scale | None = None

    @property
    def log_lr(self) -> float:
        """Weight of evidence: the sum of picture and contributions (natural logarithm)."""
        return math.fsum((self.picture.log_lr, *(c.log_lr for c in self.contributions)))

    @property
    def posterior(self) -> float | None:
        """Calibrated post-test probability, 0 to 1; None where nothing was calibrated."""
        if self.scale is None:
            return None
        if self.prior == 0:
            return 0.0
        log_odds = (math.log(self.prior) + self.log_lr) / self.scale.temperature
        return math.exp(min(log_odds - self.scale.log_total, 0.0))


# ---- The plan ---------------------------------------------------------------------------------

Purpose = Literal["confirm", "exclude"]
AlertKind = Literal[
    "urgency", "red_flag", "allergy", "contraindication", "interaction", "duplicate"
]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The calibrated posterior (0 to 1) from which a diagnosis is acted upon.

    alerts: its urgency, its red flags, and what the patient takes that is to be avoided in it.
    """

    alerts: float
    tests: float
    treatments: float


@dataclass(frozen=True, slots=True)
class PlannedTest:
    """A test that would confirm or exclude a leading diagnosis. sources: of the graph's edge."""

    test: Code
    purpose: Purpose
    disease: Code
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that must be seen before anybody acts.

    severity: of an urgency or red flag "emergency", "urgent", "soon" or "routine"; of an
        interaction "contraindicated", "major" or "moderate"; of a contraindication "stated", or
        "conditional" when it holds only under a condition that the message quotes; of an allergy
        "same ingredient" or "same class"; None where nothing grades it.
    about: ids of statements; of a red flag the terms of the findings that show it, none when it is
        only to be watched for.
    disease: the diagnosis or condition it comes from; None when from none.
    """

    kind: AlertKind
    severity: str | None
    message: str
    about: tuple[str, ...]
    sources: tuple[str, ...]
    disease: Code | None = None


@dataclass(frozen=True, slots=True)
class Treatment:
    """What the graph lists for a leading diagnosis, in its words.

    checked: the medicines and classes recognised in it; only these were held against allergies,
    conditions and medicines, and without any it is NOT CHECKED.
    """

    treatment: Code
    disease: Code
    sources: tuple[str, ...]
    checked: tuple[Code, ...]
    warnings: tuple[Alert, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What follows from the ranking and the record, each item with its sources.

    alerts: gravest first. not_checked: entries of the record that could not be held against the
    tables: in no way cleared. withheld: why there is nothing for any diagnosis; None when there is.
    """

    tests: tuple[PlannedTest, ...]
    treatments: tuple[Treatment, ...]
    alerts: tuple[Alert, ...]
    not_checked: tuple[Skipped, ...]
    above: Thresholds
    withheld: str | None


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """How the ranking would change without one finding.

    top_without: the first disease then; None when nothing could be ranked. rank_of_top: the place
    then of the disease that is first now, from 1; None as before. change: of its lead over the
    best of the others, ln odds; below 0 the finding speaks for it, above 0 for another.
    """

    finding: Code
    top_without: Code | None
    rank_of_top: int | None
    change: float


@dataclass(frozen=True, slots=True)
class NextStep:
    """A finding worth asking about, examining for, or ordering a test for.

    how, test, cost, invasiveness, source: as in `Acquisition`. information: bits by which the
    ranking is expected to move towards the right disease. yes, no: leading diseases that the answer
    would speak for, the most favoured first; empty when it would hardly change the ranking.
    """

    finding: Code
    how: Step
    test: str | None
    information: float
    yes: tuple[Code, ...]
    no: tuple[Code, ...]
    cost: Cost
    invasiveness: Invasiveness
    source: str


@dataclass(frozen=True, slots=True)
class PredictionSet:
    """The diseases that hold the right one in a stated share of patients whose disease is known.

    coverage: that share, aimed at on average over diseases. size: how many. diseases: the first of
    them, best first; a large set means that the findings do not decide.
    """

    coverage: float
    size: int
    diseases: tuple[Code, ...]


@dataclass(frozen=True, slots=True)
class Provenance:
    """Everything needed to get the same bytes again."""

    software: str
    models: tuple[ModelRef, ...]
    sources: tuple[SourceRef, ...]
    bundle_sha256: str
    as_of: datetime | None


@dataclass(frozen=True, slots=True)
class Result:
    """The answer. `abstained` holds the reason when no ranking could be given, else None.

    calibration: how posteriors were calibrated; None means they are not and must not be shown.
    elsewhere: probability that none of the graph's diseases is right, 0 to 1: a disease it does not
    know, or none. prediction_set: None, as elsewhere, where nothing was ranked or calibrated.
    findings: everything read, also what was not counted; `skipped` says why it was not.
    counterfactuals: the findings the ranking rests on most; see `engine.counterfactual`.
    next_steps: what to find out next, the most worthwhile first; empty when nothing was ranked.
    plan: None when nothing was at hand to plan with.
    """

    ranked: tuple[Diagnosis, ...]
    counterfactuals: tuple[Counterfactual, ...]
    next_steps: tuple[NextStep, ...]
    findings: tuple[Finding, ...]
    abstained: str | None
    calibration: str | None
    elsewhere: float | None
    prediction_set: PredictionSet | None
    assumptions: tuple[str, ...]
    plan: Plan | None
    issues: tuple[Issue, ...]
    skipped: tuple[Skipped, ...]
    provenance: Provenance


# ---- The patient bundle, as read --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Patient:
    """Who it is about. age_years: at `PatientBundle.as_of`, from the birth date or as stated.

    identifiers: what the sender used to identify the patient; compared, never shown in logs.
    """

    sex: Sex | None = None
    age_years: float | None = None
    identifiers: tuple[str, ...] = ()

    def completed(self, stated: Patient) -> Patient:
        """With the sex and age that another statement has, where this one has none."""
        return replace(
            self,
            sex=self.sex or stated.sex,
            age_years=stated.age_years if self.age_years is None else self.age_years,
        )


@dataclass(frozen=True, slots=True)
class Phenotype:
    """A finding that arrives already coded. excluded: looked for and not found."""

    id: str
    code: Code
    excluded: bool = False
    onset_years: float | None = None
    recorded: datetime | None = None
    historical: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """A text of the record. language: BCP-47 as stated by the sender, None when not stated."""

    id: str
    title: str
    text: str
    recorded: datetime | None = None
    language: str | None = None
    historical: bool = False


@dataclass(frozen=True, slots=True)
class Observation:
    """One measurement or observed value.

    codes: every coding given. value: number as reported, in `unit` (as the sender wrote it, UCUM
    preferred). comparator: "<", "<=", ">=", ">" when the value is only a bound. text: a result in
    words ("positive", "trace"). low, high: the observation's own reference range in `unit`.
    interpretation: HL7 codes ("H", "LL", "N", "A", "POS", ...) as sent. specimen: as sent.
    age_years: the patient's age when it was taken.
    """

    id: str
    name: str
    codes: tuple[Code, ...] = ()
    value: float | None = None
    unit: str | None = None
    comparator: str | None = None
    text: str | None = None
    low: float | None = None
    high: float | None = None
    interpretation: tuple[str, ...] = ()
    specimen: str | None = None
    recorded: datetime | None = None
    age_years: float | None = None
    historical: bool = False


StatementKind = Literal["condition", "medication", "allergy", "family"]


@dataclass(frozen=True, slots=True)
class Statement:
    """An entry of a list of the record: problem, drug, allergy or relative's condition.

    active: True when the record says it still holds; None when it does not say.
    """

    id: str
    kind: StatementKind
    codes: tuple[Code, ...]
    text: str
    active: bool | None = None
    recorded: datetime | None = None


@dataclass(frozen=True, slots=True)
class SignalSource:
    """A recording as it arrived, still to be read: the files of one record, or where they are.

    id: the file that names it ("ecg/rec.hea"; of several files their header) or the FHIR entry.
    path: on disk; its other files lie beside it. files: name -> content, where there is no path;
    the name that `id` ends with comes first. recorded: when it began (UTC), where its header says.
    """

    id: str
    path: Path | None = None
    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes], repr=False)
    recorded: datetime | None = None
    historical: bool = False


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file or payload that a later specialist reads. path: None when it was inside a document."""

    id: str
    kind: Literal["image", "other"]
    media_type: str
    size: int
    path: str | None = None


@dataclass(frozen=True, slots=True)
class PatientBundle:
    """One patient's record as read and checked by `engine.bundle`.

    format: "fhir", "phenopacket", "folder", "zip", "text" or "findings". as_of: the moment of the
    question (UTC); the newest dated entry unless the caller set it; None when nothing is dated.
    sha256: of the bytes received (for folders, of names and contents in sorted order).
    """

    format: str
    sha256: str
    patient: Patient = Patient()
    as_of: datetime | None = None
    phenotypes: tuple[Phenotype, ...] = ()
    documents: tuple[Document, ...] = ()
    observations: tuple[Observation, ...] = ()
    statements: tuple[Statement, ...] = ()
    recordings: tuple[SignalSource, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    issues: tuple[Issue, ...] = ()
    skipped: tuple[Skipped, ...] = ()
