"""What a text claims, with the words around each claim: of a sentence to check, and of a source (``Evidence``)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from serving.dialogue.claims import amounts, contacts, names, order_states, policies, promises, times
from serving.dialogue.claims.contexts import CLAUSE, Vector, Words, words_after, words_before
from serving.dialogue.claims.records import Claim

Find = Callable[[str], Iterator[Claim]]
KINDS: dict[str, Find] = {
    "contact": contacts.find,
    "count": amounts.find_counts,
    "date": times.find_dates,
    "duration": times.find_durations,
    "money": amounts.find_money,
    "name": names.find,
    "order state": order_states.find,
    "percentage": amounts.find_percentages,
    "policy": policies.find,
    "promise": promises.find,
    "time": times.find_times,
}
# Of overlapping ones the longest counts.
NUMERIC = ("contact", "count", "date", "duration", "money", "percentage", "time")
BEFORE_A_MODAL = 0.6  # weight of the words before "can": they belong to it less than those after
QUESTION_WEIGHT = 0.3  # words of an entry's question, in the context of its answer
LONGEST = 400  # characters of a sentence
_WIDE = {code: code - 0xFEE0 for code in range(0xFF10, 0xFF5B) if code != ord("：")} | {0x3000: 0x20, 0xFF05: ord("%")}
_SENTENCE = re.compile(r"(?:[^。！？!?\n.]|\.(?!\s|$))+(?:[。！？!?\n.]+[”\"')）」』]*|$)")
_PLACEHOLDER = re.compile(r"\[[A-Z]+_\d+\]")


class Found(NamedTuple):
    """A claim with the words around it."""

    claim: Claim
    context: Vector
    asked: bool  # it stands in a question
    before: frozenset[str]  # words of its clause before it
    after: frozenset[str]


class Evidence(NamedTuple):
    """What one source says."""

    text: str
    found: tuple[Found, ...]
    clauses: tuple[tuple[Vector, int], ...]  # words of an assertion, number of its negations
    deeds: tuple[frozenset[str], frozenset[str]]  # actions of the shop; those it has done


def folded(text: str) -> str:
    """Full-width digits, letters and signs as ASCII; offsets stay."""
    return text.translate(_WIDE)


def sentences(text: str) -> list[tuple[str, int]]:
    """Sentences with their offsets; one without an end is cut, so that the work grows with the text and no faster."""
    whole = [(match[0], match.start()) for match in _SENTENCE.finditer(text) if match[0].strip()]
    return [(part[at : at + LONGEST], start + at) for part, start in whole for at in range(0, len(part), LONGEST)]


def clauses(text: str) -> Iterator[tuple[str, int]]:
    start = 0
    for mark in [*CLAUSE.finditer(text), None]:
        end = mark.start() if mark else len(text)
        if text[start:end].strip():
            yield text[start:end], start
        start = mark.end() if mark else end


def clause_words(text: str) -> tuple[Vector, int]:
    plain = policies.AUXILIARY.sub(" ", policies.NEGATOR.sub(" ", text))
    return Words(plain).all(), len(policies.NEGATOR.findall(text))


def find_claims(sentence: str, question: Vector | None = None) -> list[Found]:
    text = _PLACEHOLDER.sub(lambda match: "□" * len(match[0]), folded(sentence))
    claims = [claim for find in KINDS.values() for claim in find(text)]
    numeric: list[Claim] = []
    for claim in sorted((c for c in claims if c.kind in NUMERIC), key=lambda c: (-len(c.text), c.kind != "date")):
        if not any(claim.start < other.end and other.start < claim.end for other in numeric):
            numeric.append(claim)
    spans = [(claim.start, claim.end) for claim in numeric]
    tokens = [f"#{claim.raw or claim.value}" for claim in numeric]
    asked = bool(policies.QUESTION.search(text))
    kept = [claim for claim in claims if claim.kind not in NUMERIC and not _is_condition(claim, text)] + numeric
    words = Words(text, spans, tokens)
    return [
        Found(
            claim,
            _with(_context(words, claim), question),
            asked,
            words_before(text, claim.start),
            words_after(text, claim.end),
        )
        for claim in kept
    ]


def _is_condition(claim: Claim, text: str) -> bool:
    """Whether a claim only says when something holds: if, unless, 没有…的话."""
    return claim.unit in policies.CONDITIONAL and any(
        start <= claim.start < start + len(clause) and policies.CONDITION.search(clause) is not None
        for clause, start in clauses(text)
    )


def _context(words: Words, claim: Claim) -> Vector:
    if claim.kind in ("promise", "order state", "contact"):
        return {}
    return words.around(claim.start, claim.end, BEFORE_A_MODAL if claim.unit == "ability" else 1.0)


def _with(vector: Vector, question: Vector | None) -> Vector:
    if not question:
        return vector
    return {**dict.fromkeys(question, QUESTION_WEIGHT), **vector}


@lru_cache(maxsize=512)
def read_passage(source: str) -> Evidence:
    """A passage comes again and again; what customers write is not remembered here."""
    return read_evidence(source)


def read_evidence(source: str) -> Evidence:
    found: list[Found] = []
    said: list[tuple[Vector, int]] = []
    question: Vector | None = None
    asked = ""
    for text, start in sentences(source):
        found += [one._replace(claim=moved(one.claim, start)) for one in find_claims(text, question)]
        if policies.QUESTION.search(text):
            question, asked = Words(text).all(), text
            continue
        said += [clause_words(clause) for clause, _ in clauses(folded(text))]
        refused = bool(policies.REFUSED.search(text))
        if asked and (refused or policies.AFFIRMED.search(text)):
            found += _answered(asked, refused)
            said += [(vector, number + refused) for vector, number in map(clause_words, (asked,))]
        asked = ""
    done = [a for f in found if (f.claim.kind, f.claim.unit) == ("promise", "done") for a in f.claim.value]
    deeds = frozenset(promises.deeds_of(folded(source)))
    return Evidence(source, tuple(found), tuple(said), (deeds, frozenset(map(str, done))))


def _answered(question: str, refused: bool) -> list[Found]:
    """What a question says when the answer to it is a plain yes or no."""
    answered = []
    for found in find_claims(question):
        if found.claim.kind == "policy":
            value = "no" if refused != (found.claim.value == ("no",)) else "yes"
            answered.append(Found(replace(found.claim, value=(value,)), found.context, False, frozenset(), found.after))
    return answered


def moved(claim: Claim, offset: int) -> Claim:
    return replace(claim, start=claim.start + offset)
