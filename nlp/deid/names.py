"""Names of people by the words around them: titles, labels, relations, degrees, closings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache

from nlp.deid.lexicon import MONTHS, WEEKDAYS, credentials, eponyms, phrases, words
from nlp.deid.mentions import Mention
from nlp.deid.tokens import Token

IsWord = Callable[[str], bool]
"""Is this (in small letters) a common word, not a name?"""
_LONGEST = 5  # words of a name


@cache
def _stop() -> frozenset[str]:
    return words("names", "stop") | frozenset(WEEKDAYS) | words("names", "relations")


@cache
def _labels() -> re.Pattern[str]:
    every = "|".join(
        re.escape(label).replace(r"\ ", r"[ \t]+") for label in phrases("names", "labels")
    )
    return re.compile(
        rf"(?:^|(?<=[\s|,;(/-]))(?P<label>{every})\b(?:\(s\)|s\b)?(?P<colon>[ \t]*(?:[:#]|-(?="
        rf"[ \t])|[ ]{{2,}}))?[ \t]*\n?[ \t]*"
        r"(?=[^\W\d_])",
        re.IGNORECASE | re.MULTILINE,
    )


@cache
def _closings() -> re.Pattern[str]:
    every = "|".join(re.escape(c).replace(r"\ ", r"\s+") for c in phrases("names", "closings"))
    return re.compile(
        rf"^[ \t]*(?:{every})\b[ \t,.]*\n?\s*(?=[^\W\d_])", re.IGNORECASE | re.MULTILINE
    )


_WEAK = words("names", "weak")


def find(text: str, tokens: Sequence[Token], is_word: IsWord) -> Iterator[Mention]:
    """Every name beside a word that only stands beside names."""
    starts = {token.start: i for i, token in enumerate(tokens)}
    yield from _titled(text, tokens, is_word)
    yield from _patients(text, tokens, is_word)
    for match in _labels().finditer(text):
        colon = (match["colon"] or "").strip()
        if not colon and (
            match["label"].split()[0].lower() in _WEAK or not _sure_label(match["label"])
        ):
            continue
        i = starts.get(match.end())
        if i is not None:
            yield from _name(text, tokens, i, is_word, led=True)
    for match in _closings().finditer(text):
        i = starts.get(match.end())
        if i is not None and "\n" in match.group() and tokens[i].is_capitalised:
            yield from _name(text, tokens, i, is_word, led=False)
    yield from _related(text, tokens, is_word)
    yield from _initialled(tokens, is_word)
    yield from _spaced(text, is_word)
    yield from _persons(tokens, is_word)
    yield from _loud(tokens, is_word)
    for match in _SIGNED.finditer(text):
        group = match.lastgroup or 0
        yield Mention(match.start(group), match.end(group), "name")
    yield from _credentialed(text, tokens, is_word)


def closings(text: str) -> Iterator[tuple[int, int]]:
    """Where "Yours sincerely" and the like stand; their capitals make no name."""
    for match in _closings().finditer(text):
        yield match.start(), match.end()


def is_degree(words_: str) -> bool:
    """Is this nothing but degrees ("MD", "PA-C")?"""
    return all(_is_credential(word) for word in re.findall(r"[\w-]+", words_))


def _sure_label(label: str) -> bool:
    return " by" in label.lower() or label.lower() in ("dear", "patient name", "pcp", "gp")


def _patients(text: str, tokens: Sequence[Token], is_word: IsWord) -> Iterator[Mention]:
    """ "Pt Jane Doe", "Name Doe, Jane" at the beginning of a line: no colon, but a name follows."""
    for i, token in enumerate(tokens[:-2]):
        word = token.text.lower()
        begins = i == 0 or tokens[i - 1].text[0] == "\n"
        if not (word == "pt" or (begins and word in ("name", "patient", "resident", "client"))):
            continue
        following = tokens[i + 1]
        if following.start != token.end + 1 or not following.is_word:
            continue
        low = following.text.lower()
        both = tokens[i + 2].is_capitalised or tokens[i + 2].text == ","
        named = following.is_capitalised and both and low not in _stop()
        if (not is_word(low) and low not in _stop() and len(low) > 2) or (
            named and not text.isupper()
        ):
            yield from _name(text, tokens, i + 1, is_word, led=True)


def _titled(text: str, tokens: Sequence[Token], is_word: IsWord) -> Iterator[Mention]:
    titles = words("names", "titles")
    for i, token in enumerate(tokens):
        if token.text.lower() not in titles or (token.text.islower() and len(token.text) > 4):
            continue
        if token.text.lower() in ("fr", "col", "lt", "sir", "lady", "dame", "doctor", "miss") and (
            not token.is_capitalised
        ):
            continue
        following = i + 1
        if following < len(tokens) and tokens[following].text == ".":
            following += 1
        if following < len(tokens) and "\n\n" not in tokens[following].text:
            if tokens[following].text == "\n":
                following += 1
            yield from _name(text, tokens, following, is_word, led=True)


def _name(
    text: str, tokens: Sequence[Token], i: int, is_word: IsWord, *, led: bool
) -> Iterator[Mention]:
    """The name that begins at token i, if one does.

    led: a title or label stands before it, so that it may be in small letters or a common word.
    """
    titles = words("names", "titles")
    for _ in range(_LONGEST):
        if i + 1 >= len(tokens) or tokens[i].text.lower() not in titles:
            break
        i += 1 + (tokens[i + 1].text == ".")
    if i >= len(tokens):
        return
    end, count = i, 0
    small = led and tokens[i].text.islower()
    shouted = tokens[i].text.isupper() and len(tokens[i].text) > 1
    while end < len(tokens) and count < _LONGEST:
        token = tokens[end]
        if end > i and token.start - tokens[end - 1].end > 1:  # the next column of a form
            break
        if token.text in (".", "-", "'", "’", "‐") and count:
            if not _joins(text, tokens, end):
                break
            end += 1
            continue
        if token.text == "," and count and _surname_first(tokens, end, is_word, shouted):
            end += 1
            continue
        if not token.is_word or not _may_be_name(tokens, end, is_word, small, shouted, count, led):
            break
        end += 1
        count += 1
    while end > i and not tokens[end - 1].is_word:
        end -= 1
    if end > i and tokens[end - 1].text.lower() in words("names", "particles") and end - i > 1:
        end -= 1
    if end > i:
        yield Mention(tokens[i].start, tokens[end - 1].end, "name")


def _joins(text: str, tokens: Sequence[Token], i: int) -> bool:
    """Is this a full stop behind an initial, or a hyphen inside a name?"""
    if i + 1 >= len(tokens) or not tokens[i + 1].is_word:
        return False
    if tokens[i].text == ".":
        initial = len(tokens[i - 1].text) == 1 or tokens[i - 1].text.lower() == "st"
        return initial and tokens[i].start == tokens[i - 1].end
    close = tokens[i].start == tokens[i - 1].end and tokens[i].end == tokens[i + 1].start
    return close and tokens[i + 1].text[0].isalpha()


def _surname_first(tokens: Sequence[Token], i: int, is_word: IsWord, shouted: bool) -> bool:
    """Is the comma at i that of "SMITH, John"?"""
    if i + 1 >= len(tokens) or not tokens[i + 1].is_capitalised:
        return False
    following = tokens[i + 1].text
    if _is_credential(following) or following.lower() in _stop():
        return False
    if len(following) == 1:
        return False
    after = tokens[i + 2].text if i + 2 < len(tokens) else "\n"
    return not is_word(following.lower()) or after[0] in "\n|,;()" or shouted


def _may_be_name(
    tokens: Sequence[Token],
    i: int,
    is_word: IsWord,
    small: bool,
    shouted: bool,
    count: int,
    led: bool,
) -> bool:
    token = tokens[i]
    word = token.text.lower()
    following = tokens[i + 1].text if i + 1 < len(tokens) else "\n"
    if word in ("may", "will") and (count or led):
        return small or token.is_capitalised
    if word in _stop() or (_is_credential(token.text) and count):
        return len(token.text) == 1 and token.is_capitalised and count > 0
    if any(c.isdigit() for c in token.text) or (following == ":" and count):
        return False
    if word in words("names", "particles") and following[0].isalpha():
        return True
    if word in MONTHS and count == 0 and not led:
        return False
    if small:
        return not is_word(word) or count == 0
    if not token.is_capitalised:
        return False
    if shouted and count >= 2 and is_word(word):
        return False
    return not (count >= 3 and is_word(word))


def _is_credential(word: str) -> bool:
    return word.upper().replace("-", "") in credentials() and (
        word.isupper() or word in words("names", "credentials")
    )


def _related(text: str, tokens: Sequence[Token], is_word: IsWord) -> Iterator[Mention]:
    """ "his wife Anna", "daughter, Mary Smith,", "mom (Jane)"."""
    relations = words("names", "relations")
    for i, token in enumerate(tokens[:-2]):
        if token.text.lower() not in relations:
            continue
        j = i + 1
        while j < len(tokens) - 1 and j < i + 3 and tokens[j].text in (",", "(", "-", ":", "\n"):
            j += 1
        if j >= len(tokens) or not tokens[j].is_capitalised or len(tokens[j].text) < 2:
            continue
        if tokens[j].text.isupper() and not token.text.isupper():
            continue
        word = tokens[j].text.lower()
        shouted = tokens[j].text.isupper() and is_word(word)
        broken = tokens[i + 1].text in ("-", ":", "\n")
        if word in _both() or (
            word not in _stop() and not shouted and not (broken and is_word(word))
        ):
            yield from _name(text, tokens, j, is_word, led=False)
    yield from _apposed(tokens, is_word)


def _apposed(tokens: Sequence[Token], is_word: IsWord) -> Iterator[Mention]:
    """ "Anna, the patient's wife": a relation behind a name."""
    relations = words("names", "relations")
    for i, token in enumerate(tokens):
        if token.text.lower() not in relations or i < 3:
            continue
        j = i - 1
        while j > i - 5 and j > 0 and tokens[j].text.lower() in _WHOSE:
            j -= 1
        if tokens[j].text != "," or j == i - 1 or j == 0:
            continue
        last = first = j - 1
        while first > 0 and last - first < 3 and tokens[first - 1].is_capitalised:
            if is_word(tokens[first - 1].text.lower()):
                break
            first -= 1
        if tokens[last].is_capitalised and tokens[last].text.lower() not in _stop():
            yield Mention(tokens[first].start, tokens[last].end, "name")


_WHOSE = frozenset(("the", "patient", "'s", "’s", "his", "her", "their", "my", "your"))


def _both() -> tuple[str, ...]:
    """Names that are also words a name never holds."""
    return ("may", "will")


_SIGNED = re.compile(
    r"^[ \t]*(?:[-–—/~][ \t]?(?P<v>[A-Z]{2,4})[ \t]*$|(?P<last>[A-Z]{2,4})\s*\Z)", re.MULTILINE
)
_LETTERS = re.compile(
    r"(?<![\w.])[^\W\d_](?: [^\W\d_]){2,}(?:\.?  ?[^\W\d_](?: [^\W\d_]){1,}){0,4}(?!\w)"
)


def _spaced(text: str, is_word: IsWord) -> Iterator[Mention]:
    """J O H N  S M I T H, but not D I A G N O S I S."""
    for match in _LETTERS.finditer(text):
        joined = ["".join(part.split()) for part in re.split(r"\s{2,}", match.group())]
        known = [is_word(word.lower()) or word.lower() in _stop() for word in joined]
        if len(match.group()) > 6 and not all(known):
            yield Mention(match.start(), match.end(), "name")


def _loud(tokens: Sequence[Token], is_word: IsWord) -> Iterator[Mention]:
    """Two words in capitals inside a sentence that is not ("spoke with JANE DOE")."""
    for i in range(1, len(tokens) - 1):
        before, first, last = tokens[i - 1 : i + 2]
        loud = all(t.text.isupper() and t.text.isalpha() and len(t.text) > 2 for t in (first, last))
        named = any(len(t.text) > 3 and not is_word(t.text.lower()) for t in (first, last))
        if loud and named and before.text.islower() and first.text.lower() not in _stop():
            yield Mention(first.start, last.end, "name", sure=False)


def _persons(tokens: Sequence[Token], is_word: IsWord) -> Iterator[Mention]:
    """A word that is no other before what only people do ("Xy denies"), or after a greeting."""
    for i, token in enumerate(tokens[:-1]):
        word = token.text.lower()
        if not (token.is_word and token.is_capitalised and len(word) > 1) or token.text.isupper():
            continue
        if is_word(word) or word in _stop() or word in MONTHS:
            continue
        greeted = (
            i > 1
            and tokens[i - 1].text == ","
            and tokens[i - 2].text.lower() in (*("you", "thanks", "hi", "hello", "regards"),)
        )
        following = tokens[i + 1].text.lower()
        if following in words("names", "human") or greeted:
            yield Mention(_begin(tokens, i).start, token.end, "name")
        elif following in ("will", "has") and word not in eponyms():
            yield Mention(_begin(tokens, i).start, token.end, "name", sure=False)


def _begin(tokens: Sequence[Token], i: int) -> Token:
    """Where the surname begins that ends at token i: "van den Berg", "Smith-Jones"."""
    while i > 1 and tokens[i - 1].text == "-" and tokens[i - 2].is_capitalised:
        i -= 2
    while i > 0 and tokens[i - 1].text.lower() in words("names", "particles"):
        i -= 1
    return tokens[i]


def _initialled(tokens: Sequence[Token], is_word: IsWord) -> Iterator[Mention]:
    """ "J. Smith", "J.A. van den Berg": initials with full stops before a word that is no other."""
    for i in range(len(tokens) - 2):
        first = tokens[i]
        if not (len(first.text) == 1 and first.is_capitalised and first.is_word):
            continue
        if tokens[i + 1].text != "." or tokens[i + 1].start != first.end:
            continue
        if i and tokens[i - 1].text == "/":  # a unit: mg/L.
            continue
        j = i + 2
        while j + 1 < len(tokens) and len(tokens[j].text) == 1 and tokens[j + 1].text == ".":
            j += 2
        last = j
        while last < len(tokens) and tokens[last].text.lower() in words("names", "particles"):
            last += 1
        while last < len(tokens) and tokens[last].text == "\n" and last == j:
            last += 1
        if last >= len(tokens) or len(tokens[last].text) < 2 or not tokens[last].is_capitalised:
            continue
        sentence = i == 0 or tokens[i - 1].text[0] in ".\n"  # "Vitamin C. Then ..." is none
        common = is_word(tokens[last].text.lower()) or tokens[last].text.lower() in _stop()
        alone = tokens[last].start - tokens[last - 1].end > 1
        stops = _stops(tokens, last) and tokens[last].text.lower() not in _both()
        if not alone and (not common or (not sentence and not stops)):
            if (
                last + 2 < len(tokens)
                and tokens[last + 1].text == "-"
                and tokens[last + 2].is_capitalised
            ):
                last += 2
            yield Mention(first.start, tokens[last].end, "name")


def _stops(tokens: Sequence[Token], i: int) -> bool:
    """Is this a word that begins a sentence rather than ends a name?"""
    return tokens[i].text.lower() in _stop()


def _credentialed(text: str, tokens: Sequence[Token], is_word: IsWord) -> Iterator[Mention]:
    """ "Anna Kowalski, MD": up to four capitalised words before a degree."""
    for i, token in enumerate(tokens):
        dotted = _dotted(tokens, i)
        if i < 2 or not (token.text in words("names", "credentials") or dotted):
            continue
        last = i - 1
        while last >= 0 and tokens[last].text in (",", "(", "\n") and last > i - 4:
            last -= 1
        comma = last < i - 1
        first = last
        while first >= 0 and last - first < 6 and _before_degree(text, tokens, first):
            first -= 1
        first += 1
        while first <= last and not tokens[first].is_capitalised:
            first += 1
        names = [t for t in tokens[first : last + 1] if t.is_word]
        if not names or (len(names) == 1 and not comma):
            continue
        if (
            not comma
            and len(token.text) < 4
            and (len(token.text) < 2 or all(is_word(t.text.lower()) for t in names))
        ):
            continue
        if all(t.text.isupper() and len(t.text) <= 4 for t in names) and not _shouting(
            text, tokens[i]
        ):
            continue
        yield Mention(tokens[first].start, tokens[last].end, "name")


def _before_degree(text: str, tokens: Sequence[Token], i: int) -> bool:
    token = tokens[i]
    if token.text in (".", "-"):
        return i > 0 and _joins(text, tokens, i)
    if token.text.lower() in words("names", "particles"):
        return True
    return (
        token.is_word
        and token.is_capitalised
        and (token.text.lower() not in _stop() or token.text.lower() in _both())
        and token.text.lower() not in words("names", "titles")
        and not any(c.isdigit() for c in token.text)
    )


def _dotted(tokens: Sequence[Token], i: int) -> bool:
    """M.D., D.O., R.N.: single capitals with full stops."""
    if i + 2 >= len(tokens) or len(tokens[i].text) != 1 or tokens[i + 1].text != ".":
        return False
    return (tokens[i].text + tokens[i + 2].text).upper() in credentials() and tokens[
        i
    ].text.isupper()


def _shouting(text: str, token: Token) -> bool:
    line = text[text.rfind("\n", 0, token.start) + 1 : token.end]
    return line.isupper()
