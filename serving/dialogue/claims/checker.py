"""Which claims of a sentence the sources do not support.

A number is supported when a source has it in a compatible unit and no source speaks of the same subject with another
value. Polarity is judged likewise, promises and order states by what the sources say the shop does or the order is.
The customer's own words support a repeated number of which the sources say nothing. A paraphrase that adds a rule
without a number, and implications, are not judged: this reads surfaces, it does not infer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from serving.dialogue.claims import names, order_states, policies, promises
from serving.dialogue.claims.comparison import compare, in_its_unit
from serving.dialogue.claims.contexts import Vector, Weighted, cosine, idf, weighted
from serving.dialogue.claims.evidence import (
    NUMERIC,
    Evidence,
    Found,
    clause_words,
    clauses,
    find_claims,
    folded,
    moved,
    read_evidence,
    read_passage,
    sentences,
)
from serving.dialogue.claims.records import ARTICLE, COUNT, NUMBER, Claim

POLICY = ("policy",)
VALUE_MARGIN = 0.16  # by so much a source with another value must be nearer in its words
POLICY_MARGIN, POLICY_FLOOR = 0.15, 0.36  # cosine
CLAUSE_FLOOR, CLAUSE_MARGIN = 0.8, 0.15
CUSTOMER_FLOOR = 0.35
RENAMED, NAME_MARGIN = 0.7, 0.3
AS_LISTED = 2  # numbers of a sentence that are right when a source has them in the same order
COMPLEMENT = re.compile(
    r"(?:不到|不满|没到|没满|未满|不足|低于|少于|不够|超过)\s*$"
    r"|\b(?:below|under|less than|over|more than|above) (?:¥ ?)?$",
    re.I,
)
DEMONSTRATIVE = re.compile(r"(?:这|那|以下|下面|上面|上述|如下)\s*$|\b(?:these|those|the following|all) $", re.I)
COUNTED = re.compile(r"(?:有|共|包括|包含)\s*$|\b(?:there are|are|have|has|these) $", re.I)
LIMITS = frozenset("没未不无非前") | {"before", "until", "unless", "not", "no", "only"}  # of a subject
LIST_NOUN = re.compile(
    r"\s*(?:[^，。；\d]{1,3}的)?(?:得法|方式|方法|办法|途径|渠道|情况|原因|可能|选择|条件|步骤|方面|建议|技巧|小技巧)"
    r"|\s*(?:\w+ )?(?:things|ways|kinds|types|exceptions"
    r"|reasons|options|steps|points to|possibilities|conditions|cases|choices|tips)\b",
    re.I,
)
LISTED = re.compile(r"[^，。；：:;（）()\n]*、[^，。；：:;（）()\n]*|[^.;:()\n]*, [^.;:()\n]*\band [^.;:()\n]*")
LIST_MARK = re.compile(r"、|和|以及|,? and |, ")


class ClaimChecker:
    """Checks the sentences of one answer against the sources that the model was shown.

    Args:
        sources: passages and tool results, one text each.
        customer: the customer's last message; it supports repeated numbers and names only.
        names: names of products that may not be said unless a source or the customer has them.
    """

    def __init__(self, sources: Sequence[str], customer: str = "", names: Iterable[str] = ()) -> None:
        self._sources = [read_passage(source) for source in sources if source.strip()]
        self._customer = read_evidence(customer)
        self._everything = "\n".join([folded(s.text) for s in self._sources] + [folded(customer)])
        self._names = sorted(set(names), key=len, reverse=True)
        self._weights: dict[tuple[str, ...], Mapping[str, float]] = {}  # of the contexts of some kinds
        self._contexts: dict[tuple[str, ...], list[tuple[Evidence, Found, Weighted]]] = {}
        said = [clause for source in self._sources for clause in source.clauses]
        self._clause_weights = idf(vector for vector, _ in said)
        self._clauses = tuple(  # affirmed, negated
            [weighted(vector, self._clause_weights) for vector, negations in said if negations % 2 == odd]
            for odd in (0, 1)
        )

    def unsupported(self, sentence: str) -> list[Claim]:
        """Claims without support, in the order of the sentence."""
        said = [part for text, start in sentences(sentence) for part in self._of(text, start)]
        return sorted(set(said), key=lambda claim: (claim.start, claim.kind, claim.unit))

    def _of(self, sentence: str, offset: int) -> Iterator[Claim]:
        found = find_claims(sentence)
        asks = bool(policies.QUESTION.search(sentence))
        numbers = sorted((one.claim for one in found if one.claim.kind in NUMERIC), key=lambda claim: claim.start)
        numbers = [claim for claim in numbers if claim.written != ARTICLE and not self._counts_a_list(claim, sentence)]
        values = [
            claim.value for claim in numbers if not COMPLEMENT.search(sentence, max(claim.start - 20, 0), claim.start)
        ]
        as_listed = len(numbers) >= AS_LISTED and self._listed(numbers)
        for one in found:
            claim = one.claim
            if claim.kind in ("policy", "promise", "order state") and asks:
                continue
            if claim.kind in NUMERIC and (as_listed or claim not in numbers):
                continue
            often = claim.kind in NUMERIC and values.count(claim.value) > self._most(claim)
            if not self._supported(one, often, sentence):
                yield moved(claim, offset)
        if not asks:
            yield from (moved(claim, offset) for claim in self._inverted_clauses(sentence))
        for name in self._names:
            if name in sentence and name.lower() not in self._everything.lower():
                yield Claim("name", "name", (name,), name, offset + sentence.index(name))

    def _most(self, claim: Claim) -> int:
        """How often one source has a value."""
        counts = (sum(compare(claim, other.claim) is True for other in s.found) for s in self._sources)
        return max(counts, default=0)

    def _listed(self, said: Sequence[Claim]) -> bool:
        """Whether a source has the same numbers in the same order with none between: then each has its own subject."""
        for source in self._sources:
            known = sorted(
                (f.claim for f in source.found if f.claim.kind in NUMERIC and f.claim.written != ARTICLE),
                key=lambda claim: claim.start,
            )
            for at in range(len(known) - len(said) + 1):
                pairs = zip(said, known[at:], strict=False)
                if all(self._is_same(a, b, source) for a, b in pairs):
                    return True
        return False

    def _counts_a_list(self, claim: Claim, sentence: str) -> bool:
        """Whether a number only says how many things a list has: 这四款, or three ways."""
        if claim.kind != "count":
            return False
        if LIST_NOUN.match(sentence, claim.end):
            return True
        texts = [sentence]
        if DEMONSTRATIVE.search(sentence, max(claim.start - 20, 0), claim.start):
            texts += [source.text for source in self._sources]
        elif not COUNTED.search(sentence, max(claim.start - 20, 0), claim.start):
            return False
        return any(1 + len(LIST_MARK.findall(part[0])) == claim.value[0] for t in texts for part in LISTED.finditer(t))

    def _supported(self, one: Found, often: bool, sentence: str) -> bool:
        claim = one.claim
        if claim.kind == "policy":
            return not self._contradicted(one)
        if claim.kind == "promise":
            return self._backed(one)
        if claim.kind == "order state":
            return any(set(claim.value) <= set(other.claim.value) for other in self._all("order state"))
        if claim.kind == "name":
            name = str(claim.value[0])
            known = names.named(name, self._everything) or names.named_by_group(name, self._everything)
            return known and (names.in_a_list(claim, sentence) or not self._renamed(one, sentence))
        if claim.kind == "contact":
            plain = re.sub(r"[\s-]", "", self._everything).lower()
            return str(claim.value[0]) in plain
        return self._has_value(one, often, sentence)

    def _is_same(self, one: Claim, other: Claim, source: Evidence) -> bool:
        if compare(one, other) and self._unit_is_implied(one, other, source):
            return True
        converted = in_its_unit(one, other, source)
        return converted is not None and compare(one, converted) is True

    def _unit_is_implied(self, one: Claim, other: Claim, source: Evidence) -> bool:
        """A number without a unit stands for the unit of its source, or of the others when it has none of the kind."""
        if other.unit != NUMBER or one.unit in (NUMBER, COUNT) or one.kind == "percentage":
            return True
        for found in (source.found, tuple(self._all(one.kind))):
            units = {f.claim.written for f in found if f.claim.kind == one.kind}
            if units:
                return one.written in units
        return True

    def _renamed(self, one: Found, sentence: str) -> bool:
        """Whether a source has another name in nearly the same words: "from Shanghai" where it says Hangzhou."""
        context = self._weighted(one.context, NUMERIC)
        same = other_name = 0.0
        for _, other, vector in self._known(("name",), NUMERIC):
            near = cosine(context, vector)
            if other.claim.value == one.claim.value:
                same = max(same, near)
            elif not names.named(str(other.claim.value[0]), sentence):  # a list may be said in another order
                other_name = max(other_name, near)
        return other_name > max(RENAMED, same + NAME_MARGIN)

    def _has_value(self, one: Found, often: bool, sentence: str) -> bool:
        same, different = 0.0, 0.0
        found = False
        context = self._weighted(one.context, NUMERIC)
        for source, other, vector in self._known(NUMERIC, NUMERIC):
            if self._is_same(one.claim, other.claim, source):
                found, same = True, max(same, cosine(context, vector))
            elif other.asked or other.claim.written == ARTICLE:
                continue
            elif one.claim.unit == other.claim.unit and compare(one.claim, other.claim) is False:
                different = max(different, cosine(context, vector))
        if found:
            return different <= same + (0.0 if often else VALUE_MARGIN)
        if _says_a_deed(sentence, one.claim.start):
            return False  # what a customer was promised or hopes for is no fact
        repeated = any(compare(one.claim, other.claim) for other in self._customer.found)
        return repeated and different < CUSTOMER_FLOOR

    def _contradicted(self, one: Found) -> bool:
        """Whether a source says the opposite of the same: of the same subject and deed, or in nearer words."""
        context = self._weighted(one.context, POLICY)
        known = [
            (other, vector)
            for _, other, vector in self._known(POLICY, POLICY)
            if other.claim.unit == one.claim.unit and not other.asked
        ]
        same = [(other, vector) for other, vector in known if other.claim.value == one.claim.value]
        opposite = [
            (other, vector)
            for other, vector in known
            if other.claim.value != one.claim.value
            and (not one.before or not other.before or one.before & other.before)
            and one.before & LIMITS == other.before & LIMITS  # 发货前 and 发货后 are two subjects
        ]
        said_of_same = any(one.after & other.after for other, _ in same)
        said_of_opposite = any(one.after & other.after for other, _ in opposite)
        if one.claim.unit in policies.STRICT:
            return not same and (said_of_opposite or one.claim.unit == "payer")
        if said_of_same and not said_of_opposite:
            return False
        if not said_of_same and any(_of_the_same(one, other) for other, _ in opposite):
            return True
        nearest = max((cosine(context, vector) for _, vector in opposite), default=0.0)
        return nearest >= POLICY_FLOOR and nearest > POLICY_MARGIN + max(
            (cosine(context, vector) for _, vector in same), default=0.0
        )

    def _backed(self, one: Found) -> bool:
        claim = one.claim
        if claim.unit == "certain":
            return any(promises.has_certainty(str(claim.value[0]), source.text) for source in self._sources)
        deeds = set(claim.value)
        return any(deeds <= source.deeds[claim.unit == "done"] for source in self._sources)

    def _inverted_clauses(self, sentence: str) -> Iterator[Claim]:
        """Clauses that a source has almost word for word, with a negation more or less."""
        for text, start in clauses(sentence):
            vector, negations = clause_words(text)
            if len(vector) < 2 or policies.ANYONE.search(text):
                continue
            if len(vector) == 2 and policies.NEGATOR.search(sentence, 0, start):
                continue  # a member of a list that the negation before it denies
            said = weighted(vector, self._clause_weights, max(self._clause_weights.values(), default=1.0))
            alike, inverted = self._clauses[negations % 2], self._clauses[1 - negations % 2]
            opposite = max((cosine(said, other) for other in inverted), default=0.0)
            if opposite < CLAUSE_FLOOR:
                continue
            if opposite > CLAUSE_MARGIN + max((cosine(said, other) for other in alike), default=0.0):
                yield Claim("policy", "clause", ("negated" if negations % 2 else "affirmed",), text, start)

    def _all(self, *kinds: str) -> Iterator[Found]:
        return (one for source in self._sources for one in source.found if one.claim.kind in kinds)

    def _known(self, kinds: tuple[str, ...], by: tuple[str, ...]) -> list[tuple[Evidence, Found, Weighted]]:
        """The sources' claims of some kinds, their contexts weighted by those of the kinds ``by``."""
        if kinds not in self._contexts:
            self._contexts[kinds] = [
                (source, one, self._weighted(one.context, by))
                for source in self._sources
                for one in source.found
                if one.claim.kind in kinds
            ]
        return self._contexts[kinds]

    def _weighted(self, vector: Vector, by: tuple[str, ...]) -> Weighted:
        if by not in self._weights:
            self._weights[by] = idf(one.context for one in self._all(*by))
        return weighted(vector, self._weights[by])


def unsupported(sentence: str, sources: Sequence[str], customer: str = "", names: Iterable[str] = ()) -> list[Claim]:
    """Claims of a sentence that no source supports."""
    return ClaimChecker(sources, customer, names).unsupported(sentence)


def _of_the_same(one: Found, other: Found) -> bool:
    """Whether a policy word is said of the same subject and deed as a source's: 质量问题…退."""
    more = other.before - one.before
    return bool(one.before) and one.before <= other.before and bool(one.after & other.after) and not more & LIMITS


def _says_a_deed(sentence: str, offset: int) -> bool:
    """Whether an offset is in a clause of what the shop or the courier does, such as to refund, send or deliver."""
    return any(
        start <= offset < start + len(text) and (promises.actions_of(text) or order_states.states_of(text))
        for text, start in clauses(sentence)
    )
