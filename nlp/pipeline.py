"""The pipeline: sections, sentences, concepts, measurements, assertion; on a blank English.

With a tagger, `konsil_ner` reads entities too, before their assertion, and `konsil_relations` what
they have to do with each other.
"""

from __future__ import annotations

from typing import cast

import spacy
from spacy.language import Language
from spacy.vocab import Vocab

from nlp import (
    assertion,
    concepts,
    linking,
    measurements,
    ner,
    relations,
    sections,
    sentences,
)
from nlp.lexicon import Lexicon
from nlp.linking import Linker
from nlp.tokenizer import Tokenizer

COMPONENTS = (
    "konsil_sections",
    "konsil_sentences",
    "konsil_concepts",
    "konsil_measurements",
    "konsil_assertion",
)
FACTORIES = (sections, sentences, concepts, measurements, ner, relations, linking, assertion)
"""Importing these modules registers the factories above."""


def build(
    lexicon: Lexicon, *, tagger: ner.Reads | None = None, linker: Linker | None = None
) -> Language:
    """A ready pipeline: `doc.spans["concepts"]` and `["measurements"]`, with `span._.assertion`.

    tagger: what `doc.spans["entities"]` is read with; without one there are no entities, and no
    relations. linker: what entities are linked with; without one they are not.
    """
    # A bare vocabulary: no component reads lexical attributes (shape, is_url ...), and computing
    # them would take half of the time.
    pipeline = spacy.blank("en", vocab=Vocab())
    pipeline.tokenizer = Tokenizer(pipeline.vocab)
    pipeline.max_length = 1 << 31  # spaCy's limit guards its parser, which is not used here
    for name in COMPONENTS:
        component = pipeline.add_pipe(name)
        if name == "konsil_concepts":
            cast(concepts.ConceptRecogniser, component).lexicon = lexicon
    if tagger is not None:
        component = pipeline.add_pipe("konsil_ner", before="konsil_assertion")
        cast(ner.EntityRecogniser, component).tagger = tagger
        pipeline.add_pipe("konsil_relations", after="konsil_ner")
    if tagger is not None and linker is not None:
        component = pipeline.add_pipe("konsil_linker", after="konsil_relations")
        cast(linking.EntityLinker, component).linker = linker
    return pipeline
