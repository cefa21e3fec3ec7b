"""What is said about a finding, on sentences of our own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.types import Context, Finding, Status, TextSpan
from nlp.assertion import Assertion, triggers
from nlp.concepts import KEY
from nlp.lexicon import Lexicon
from nlp.pipeline import build

Read = Callable[[str], list[Finding]]

P: Status = "present"
A: Status = "absent"
U: Status = "uncertain"

# (sentence, words of the finding, status, context)
SENTENCES: list[tuple[str, str, Status, Context]] = [
    # stated
    ("The patient has fever and cough.", "cough", P, "current"),
    ("She presents with seizures.", "seizures", P, "current"),
    ("Positive for fever, negative for cough.", "fever", P, "current"),
    ("Marked hepatomegaly on palpation.", "hepatomegaly", P, "current"),
    ("He complains of headache.", "headache", P, "current"),
    ("She is seen for seizures that began in infancy.", "seizures", P, "current"),
    # told by a relative, not of the relative
    ("Her daughter says that she has fever.", "fever", P, "current"),
    ("The mother gives a history of vomiting.", "vomiting", P, "current"),
    # the patient is a mother
    ("A 36-year-old mother has had vomiting since last night.", "vomiting", P, "current"),
    ("His 60-year-old mother had seizures.", "seizures", P, "family"),
    # began in the past and lasts
    ("Fever since 3 years ago.", "Fever", P, "current"),
    # negated, trigger before
    ("No fever.", "fever", A, "current"),
    ("No fever, chills, or cough.", "cough", A, "current"),
    ("She denies chest pain, dyspnea and syncope.", "syncope", A, "current"),
    ("He denied any headache.", "headache", A, "current"),
    ("Without hepatomegaly or splenomegaly.", "splenomegaly", A, "current"),
    ("Negative for fever, nausea or vomiting.", "vomiting", A, "current"),
    ("There is no evidence of pleural effusion.", "pleural effusion", A, "current"),
    ("There were no signs of jaundice.", "jaundice", A, "current"),
    ("No history of seizures.", "seizures", A, "current"),
    ("Absence of ataxia was noted.", "ataxia", A, "current"),
    ("The child does not have microcephaly.", "microcephaly", A, "current"),
    ("She didn't have diarrhea.", "diarrhea", A, "current"),
    ("He has never had seizures.", "seizures", A, "current"),
    ("Neither nystagmus nor ptosis was found.", "ptosis", A, "current"),
    ("The MRI ruled out hydrocephalus.", "hydrocephalus", A, "current"),
    ("The abdomen is soft w/o hepatomegaly.", "hepatomegaly", A, "current"),
    ("The scan failed to reveal hydrocephalus.", "hydrocephalus", A, "current"),
    ("GI - No nausea or vomiting.", "nausea", A, "current"),
    ("She is free of pain.", "pain", A, "current"),
    ("Lack of nystagmus.", "nystagmus", A, "current"),
    ("Renal ultrasound is negative for hydronephrosis.", "hydronephrosis", A, "current"),
    # ... as far as another clause begins
    ("Breathless without fever for four weeks, with severe cough.", "cough", P, "current"),
    ("She has no fever and feels tired.", "feels tired", P, "current"),
    # negated between the words of the name
    ("The spleen is not enlarged.", "spleen is not enlarged", A, "current"),
    ("Her eyes are never red.", "eyes are never red", A, "current"),
    # negated, trigger after
    ("Pneumonia was ruled out.", "Pneumonia", A, "current"),
    ("Pulmonary embolism is unlikely.", "Pulmonary embolism", A, "current"),
    ("Scoliosis was not seen.", "Scoliosis", A, "current"),
    ("Ataxia: none", "Ataxia", A, "current"),
    ("Fever: no. Cough: yes.", "Fever", A, "current"),
    ("Fever: no. Cough: yes.", "Cough", P, "current"),
    ("Nystagmus is absent.", "Nystagmus", A, "current"),
    # the scope ends
    ("No fever but cough.", "cough", P, "current"),
    ("He denies fever; he reports cough.", "cough", P, "current"),
    ("No ataxia. Nystagmus on left gaze.", "Nystagmus", P, "current"),
    ("Bruises without injury, bleeding gums and fever.", "fever", P, "current"),
    ("Blackouts without warning, plus dizziness.", "dizziness", P, "current"),
    ("He is on a weight loss diet.", "weight loss", P, "hypothetical"),
    ("Denies fever, however cough persists.", "cough", P, "current"),
    ("No complaints except headache.", "headache", P, "current"),
    ("No fever, presents with seizures.", "seizures", P, "current"),
    ("She denies cough and has fever.", "fever", P, "current"),
    ("No pallor although fatigue is marked.", "fatigue", P, "current"),
    # pseudo triggers
    ("Not only fever but also cough.", "fever", P, "current"),
    ("There is no increase in edema.", "edema", P, "current"),
    ("No change in hepatomegaly.", "hepatomegaly", P, "current"),
    ("Seizures are not well controlled.", "Seizures", P, "current"),
    ("No doubt about the ataxia.", "ataxia", P, "current"),
    ("She has had fever for the past week.", "fever", P, "current"),
    ("His mother reports fever.", "fever", P, "current"),
    ("Headache since childhood.", "Headache", P, "current"),
    # "not" in front of a passive, or behind a name
    ("He was not found to have splenomegaly.", "splenomegaly", A, "current"),
    ("She has never been noted to have a rash.", "rash", A, "current"),
    ("Not seen with jaundice.", "jaundice", A, "current"),
    ("She has not noticed any rash.", "rash", A, "current"),
    ("Nystagmus was not clearly seen.", "Nystagmus", A, "current"),
    ("Rash is not currently present.", "Rash", A, "current"),
    ("Rash has not been seen.", "Rash", A, "current"),
    ("Splenomegaly could not be palpated.", "Splenomegaly", A, "current"),
    ("Syncope has never occurred.", "Syncope", A, "current"),
    ("Ataxia was present and nystagmus was not.", "Ataxia", P, "current"),
    ("Ataxia was present and nystagmus was not.", "nystagmus", A, "current"),
    ("Fever was high and rash was not seen.", "Fever", P, "current"),
    ("No ataxia was seen, and dysarthria was mild.", "dysarthria", P, "current"),
    # "not" denies a property, not the finding
    ("Cough is not productive.", "Cough", P, "current"),
    ("The headache is not severe.", "headache", P, "current"),
    ("The chest pain was not pleuritic.", "chest pain", P, "current"),
    ("Seizures are not frequent but disabling.", "Seizures", P, "current"),
    ("Vomiting was not bilious.", "Vomiting", P, "current"),
    ("The tremor is not present at rest.", "tremor", P, "current"),
    ("Jaundice was not apparent until day 3.", "Jaundice", P, "current"),
    ("Seizures were not provoked by fever.", "Seizures", P, "current"),
    ("Seizures were not provoked by fever.", "fever", P, "hypothetical"),
    ("He is not taking medication for asthma.", "asthma", P, "current"),
    ("Vomiting was not associated with diarrhea.", "diarrhea", A, "current"),
    # answers and signs
    ("Ascites (-)", "Ascites", A, "current"),
    ("Fever (+), cough (-), rash (+)", "Fever", P, "current"),
    ("Fever (+), cough (-), rash (+)", "cough", A, "current"),
    ("(+) fever (-) cough (+) rash", "fever", P, "current"),
    ("(+) fever (-) cough (+) rash", "cough", A, "current"),
    ("Hepatomegaly +, splenomegaly -, ascites -", "splenomegaly", A, "current"),
    ("Hepatomegaly +, splenomegaly -, ascites -", "Hepatomegaly", P, "current"),
    ("Anemia: 0", "Anemia", A, "current"),
    ("Rash: N", "Rash", A, "current"),
    ("Pain 0/10.", "Pain", A, "current"),
    ("Hyperkalemia: 0.5 above the limit", "Hyperkalemia", P, "current"),
    ("Fever: yes, cough: no", "Fever", P, "current"),
    ("Fever: yes, cough: no", "cough", A, "current"),
    ("Fever: no\nCough: yes", "Cough", P, "current"),
    ("Fever: no Cough: yes Rash: no", "Fever", A, "current"),
    ("Fever: no Cough: yes Rash: no", "Cough", P, "current"),
    ("Limbs: no edema Neuro: intact", "edema", A, "current"),
    ("Fever? No. Cough? Yes.", "Fever", A, "current"),
    ("Fever? No. Cough? Yes.", "Cough", P, "current"),
    ("Cardiac: negative for chest pain.", "chest pain", A, "current"),
    ("Lungs: Denies cough, wheezing.", "cough", A, "current"),
    ("Rash: not assessed", "Rash", U, "current"),
    # uncertain
    ("Rule out pneumonia.", "pneumonia", U, "current"),
    ("R/O pulmonary embolism.", "pulmonary embolism", U, "current"),
    ("Possible hydrocephalus.", "hydrocephalus", U, "current"),
    ("Findings suggestive of cardiomyopathy.", "cardiomyopathy", U, "current"),
    ("Suspected hearing impairment.", "hearing impairment", U, "current"),
    ("Pneumonia cannot be excluded.", "Pneumonia", U, "current"),
    ("Stroke has not been ruled out.", "Stroke", U, "current"),
    ("This may represent hepatitis.", "hepatitis", U, "current"),
    ("Concern for meningitis.", "meningitis", U, "current"),
    ("Probable osteoporosis.", "osteoporosis", U, "current"),
    ("Questionable ptosis of the left lid.", "ptosis", U, "current"),
    ("Pancreatitis is suspected.", "Pancreatitis", U, "current"),
    # how long it has lasted says that it is there
    ("A 3-day history of fever.", "fever", P, "current"),
    ("Presents with several weeks history of back pain.", "back pain", P, "current"),
    # historical
    ("History of stroke.", "stroke", P, "historical"),
    ("He has a h/o migraine.", "migraine", P, "historical"),
    ("S/p stroke.", "stroke", P, "historical"),
    ("She had pneumonia two years ago.", "pneumonia", P, "historical"),
    ("The fever has resolved.", "fever", P, "historical"),
    ("He had seizures in the past.", "seizures", P, "historical"),
    ("Previous pancreatitis.", "pancreatitis", P, "historical"),
    ("A woman with a history of asthma presents with cough.", "asthma", P, "historical"),
    ("A woman with a history of asthma presents with cough.", "cough", P, "current"),
    ("PAST MEDICAL HISTORY: Asthma, migraine.", "migraine", P, "historical"),
    ("PMH:\nAsthma\nEXAM:\nNystagmus", "Asthma", P, "historical"),
    ("PMH:\nAsthma\nEXAM:\nNystagmus", "Nystagmus", P, "current"),
    ("PMH significant for asthma, now with jaundice.", "asthma", P, "historical"),
    ("Fever is no longer present.", "Fever", P, "historical"),
    ("Seizures have not recurred.", "Seizures", P, "historical"),
    # family
    ("Family history is notable for migraine.", "migraine", P, "family"),
    ("Her mother had epilepsy.", "epilepsy", P, "family"),
    ("Family history of deafness.", "deafness", P, "family"),
    ("There is cataract in his father.", "cataract", P, "family"),
    ("Two brothers died of cardiomyopathy.", "cardiomyopathy", P, "family"),
    ("No family history of deafness.", "deafness", A, "family"),
    ("His mother had epilepsy but he has ataxia.", "ataxia", P, "current"),
    ("FAMILY HISTORY:\nFather with stroke.\nEXAM:\nAtaxia.", "stroke", P, "family"),
    ("FAMILY HISTORY:\nFather with stroke.\nEXAM:\nAtaxia.", "Ataxia", P, "current"),
    ("FAMILY HISTORY:, Breast cancer.,SOCIAL HISTORY:, Insomnia.", "Insomnia", P, "current"),
    # hypothetical
    ("If fever occurs, call the clinic.", "fever", P, "hypothetical"),
    ("Return if vomiting develops.", "vomiting", P, "hypothetical"),
    ("Should she develop chest pain, go to the hospital.", "chest pain", P, "hypothetical"),
    ("Ibuprofen as needed for pain.", "pain", P, "hypothetical"),
    ("Risks including infection and stroke were discussed.", "stroke", P, "hypothetical"),
    ("Watch for jaundice.", "jaundice", P, "hypothetical"),
    ("DISCHARGE INSTRUCTIONS: Fever or cough need a call.", "cough", P, "hypothetical"),
    ("Come back if she has vomiting.", "vomiting", P, "hypothetical"),
    ("If you get diarrhea, drink more.", "diarrhea", P, "hypothetical"),
    ("Should seizures recur, call us.", "seizures", P, "hypothetical"),
    ("He should continue walking; cough is better.", "cough", P, "current"),
    ("Headache occurs every day.", "Headache", P, "current"),
    # one's own word is denied, not the next
    ("Non-bloody diarrhea.", "diarrhea", P, "current"),
    ("Absent reflexes, and ataxia.", "ataxia", P, "current"),
    # said in other ways
    ("Lungs are clear of wheezing.", "wheezing", A, "current"),
    ("The scan fails to show hydrocephalus.", "hydrocephalus", A, "current"),
    ("There is nothing to suggest pneumonia.", "pneumonia", A, "current"),
    ("Fever - nil.", "Fever", A, "current"),
    ("He could not sleep on account of cough.", "cough", P, "current"),
    ("No question that the jaundice is new.", "jaundice", P, "current"),
    # uncertain: a clause of its own, a cause, a list
    ("It is unclear whether she has pneumonia.", "pneumonia", U, "current"),
    ("Unable to exclude pneumonia.", "pneumonia", U, "current"),
    ("Cough, probably due to pneumonia.", "Cough", P, "current"),
    ("Cough, probably due to pneumonia.", "pneumonia", U, "current"),
    ("In all likelihood pneumonia.", "pneumonia", U, "current"),
    ("Meningitis remains a concern.", "Meningitis", U, "current"),
    (
        "The differential included pneumonia, pulmonary embolism, hepatitis, meningitis,"
        " stroke and pancreatitis.",
        "pancreatitis",
        U,
        "current",
    ),
    # over and done with
    ("He used to get migraine.", "migraine", P, "historical"),
    ("As a teenager he suffered from migraine.", "migraine", P, "historical"),
    ("Stroke in 2015.", "Stroke", P, "historical"),
    ("Stroke 2015.", "Stroke", P, "historical"),
    ("There was complete resolution of her jaundice.", "jaundice", P, "historical"),
    ("She has had cough for the last year.", "cough", P, "current"),
    ("Two years ago the patient developed ataxia.", "ataxia", P, "current"),
    # relatives, whatever the verb
    ("Son recently diagnosed with epilepsy.", "epilepsy", P, "family"),
    ("Migraine in mother and grandmother.", "Migraine", P, "family"),
    ("Her flatmate came down with meningitis.", "meningitis", P, "family"),
    ("The mother thinks that he has seizures.", "seizures", P, "current"),
]

CONDITIONS = [
    ("Chest pain on exertion.", True),
    ("He has chest pain when climbing stairs.", True),
    ("Whenever she walks uphill, she gets chest pain.", True),
    ("Chest pain brought on by cold wind.", True),
    ("Ergometry gives him chest pain.", True),
    ("Exertional chest pain.", True),
    ("Chest pain with minimal activity.", True),
    ("Chest pain, and cough on exertion.", False),
    ("Chest pain does not improve with exercise.", False),
    ("No chest pain on exertion.", False),
    ("Return if there is chest pain on exertion.", False),
    ("Chest pain on Monday.", False),
]
"""(sentence, is its chest pain there only under a condition?)"""


@pytest.mark.parametrize(("sentence", "words", "status", "context"), SENTENCES)
def test_what_is_said(
    read: Read, sentence: str, words: str, status: Status, context: Context
) -> None:
    said = {
        citation.quote: Assertion(finding.status, finding.context)
        for finding in read(sentence)
        for citation in finding.citations
        if isinstance(citation, TextSpan) and citation.quote == words
    }
    assert said == {words: Assertion(status, context)}


@pytest.mark.parametrize(("sentence", "conditional"), CONDITIONS)
def test_a_condition_is_said_and_changes_nothing_else(sentence: str, conditional: bool) -> None:
    pipeline = build(Lexicon())
    pipeline.remove_pipe("konsil_concepts")
    doc = pipeline.make_doc(sentence)
    start = sentence.lower().index("chest pain")
    span = doc.char_span(start, start + len("chest pain"), label="concept")
    assert span is not None
    doc.spans[KEY] = [span]
    said: Assertion = pipeline(doc).spans[KEY][0]._.assertion
    assert said.conditional is conditional
    if conditional:
        assert (said.status, said.context) == ("present", "current")


def test_a_condition_leaves_the_finding_present(read: Read) -> None:
    assert [(f.status, f.context) for f in read("Cough on exertion.")] == [("present", "current")]


def test_the_words_of_a_name_are_no_trigger(read: Read) -> None:
    findings = read("Absent speech and hypotonia.")
    assert [finding.status for finding in findings] == ["present", "present"]


def test_every_slot_is_filled() -> None:
    words = {word for phrase in triggers() for word in phrase}
    assert not words & {"{", "}", "|"}
    assert ("not", "been", "seen") in triggers()
