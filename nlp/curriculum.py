"""What is taught from which corpus, and what is left out so that it can be measured on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from nlp.corpora import Annotated, ade, brat, pubtator
from nlp.lessons import Cut, Example, related, retold, unrelated, windows
from nlp.pairs import relations
from nlp.reading import Read, Words, words_of
from nlp.schemes import Mention, schemes
from nlp.tagger import Tagger

Corpus = Callable[[Path], Iterator[Annotated]]

FIRST: dict[str, Corpus] = {
    "bc5cdr": lambda data: pubtator(data / "bc5cdr" / "train.PubTator.txt"),
    "ncbi_disease": lambda data: brat(data / "ncbi_disease" / "train"),
}
"""What is learned from first; the development splits are left for `konsil bench ner`.

BioRED is left out: it shares abstracts with every split of BC5CDR (44 of its 346 training documents
are in BC5CDR's development split), and what is tested on must not be learned from.
"""
THEN: dict[str, Corpus] = {
    "maccrobat2020": lambda data: brat(data / "maccrobat2020"),
    "ade_v2": lambda data: ade(data / "ade_v2"),
}
"""What is learned from then: whole corpora, so that only `--cv` measures on them."""


class Corpora:
    """What is taught, read once."""

    def __init__(
        self, data: Path, cut: Cut, *, without: Callable[[Annotated], bool] | None = None
    ) -> None:
        """data: folder of the corpora. without: documents of the second stage to leave out."""
        self.cut = cut
        abstracts = _identifiers(data / "bc5cdr")
        self.first = {name: list(read(data)) for name, read in FIRST.items()}
        self.then = {
            name: [
                document
                for document in read(data)
                if not (document.group in abstracts or (without and without(document)))
            ]
            for name, read in THEN.items()
        }

    @property
    def texts(self) -> set[str]:
        """All that was learned from."""
        both = (*self.first.values(), *self.then.values())
        return {document.text for documents in both for document in documents}

    def abstracts(self) -> list[Example]:
        """Of the first stage: every window."""
        known = schemes()
        return [
            example
            for scheme in (known["literature"], known["ncbi"])
            for corpus in scheme.corpora
            if corpus in self.first
            for example in windows(self.first[corpus], corpus, scheme, self.cut)
        ]

    def everything(self, tagger: Tagger) -> dict[str, list[Example]]:
        """Of the second stage, by what of it is told in an epoch: see `nlp.train.SHARES`.

        tagger: finds the drugs and diseases of the sentences in which none causes the other.
        """
        known, asked = schemes(), relations()
        ade_documents = self.then["ade_v2"]
        causing = [document for document in ade_documents if document.relations]
        silent = self._silent()
        found = tagger.read([(words.words, words.sentences) for words in silent])
        scheme = known["adverse"]
        beside = (
            unrelated(words, _as_effects(one), scheme, asked["causes"], self.cut)
            for words, one in zip(silent, found, strict=True)
        )
        clinical = known["clinical"], asked["modifies"]
        literature = known["literature"], asked["induces"]
        abstracts, reports = self.first["bc5cdr"], self.then["maccrobat2020"]
        ncbi = self.first["ncbi_disease"]
        return {
            "reports": list(related(reports, "maccrobat2020", *clinical, self.cut)),
            "abstracts": list(related(abstracts, "bc5cdr", *literature, self.cut)),
            "ncbi": list(windows(ncbi, "ncbi_disease", known["ncbi"], self.cut)),
            "causing": list(related(causing, "ade_v2", scheme, asked["causes"], self.cut)),
            "silent": [example for example in beside if example is not None],
        }

    def retold(self, tagger: Tagger) -> dict[str, list[Example]]:
        """What a tagger finds in sentences that nobody annotated, by scheme."""
        silent = self._silent()
        found = tagger.read([(words.words, words.sentences) for words in silent])
        return {
            f"retold {scheme.name}": [
                example
                for words, one in zip(silent, found, strict=True)
                for example in retold(words, one.mentions[scheme.name], scheme, self.cut)
            ]
            for scheme in tagger.schemes
            if scheme.name != "adverse"
        }

    def _silent(self) -> list[Words]:
        """Sentences in which no drug causes anything."""
        return [words_of(d.text) for d in self.then["ade_v2"] if not d.relations]


def _identifiers(folder: Path) -> frozenset[str]:
    """Of every abstract of a PubTator folder: the ADE corpus has sentences of thirteen of BC5CDR's,
    of which five are measured on.
    """
    return frozenset(
        document.id for file in folder.glob("*.PubTator*") for document in pubtator(file)
    )


def _as_effects(read: Read) -> list[Mention]:
    """Drugs and diseases as the adverse effects they would be."""
    return [
        (start, stop, "drug" if kind == "drug" else "effect")
        for start, stop, kind in read.mentions["literature"]
    ]
