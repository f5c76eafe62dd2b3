"""What is wrong with answers: a false promise, an unsupported claim, rudeness; one label a dialogue and problem.

- ``false_promise``: a sentence commits the shop by a wording of the pack ("guaranteed", 一定) to what the
  knowledge does not hold, or gives money or a period that is not in it.
- ``unsupported_claim``: a sentence states a number with a unit that is found neither in the knowledge
  entries nearest to it, nor in a flow's own words (its numbers come from tools), nor earlier in the dialogue.
- ``rude``: a wording of the pack.

A sentence that stands in the knowledge word for word is right by definition. The knowledge is that of
today: an offer that has ended since looks supported. What is wrong without a number or a wording ("yes,
you can wash it") is not found; tool results of agents at other systems are not in the dialogue, so what
they read there may look unsupported. Only numbers that knowledge could hold are claims: the pack's units.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from data.labeling.signals.claims import Claim, ClaimFinder
from data.labeling.signals.knowledge_support import KnowledgeSupport
from kefu.schema import Turn
from kefu.shop.label_patterns import Quality, matcher
from kefu.shop.pack import Pack

FALSE_PROMISE, UNSUPPORTED, RUDE = "false_promise", "unsupported_claim", "rude"
PROBLEMS = (FALSE_PROMISE, RUDE, UNSUPPORTED)
CACHED = 1 << 14  # sentences
_ASKING = ("?", "？", "吗", "吗。")
_SENTENCE = re.compile(r"[^。！？!?\n；;]+[。！？!?；;]?")


class Problem(NamedTuple):
    """``turn``: where it is first seen; ``rule``: key of its measured confidence."""

    problem: str
    turn: int
    rule: str


class QualityRules:
    """The wordings and the knowledge of a pack, made ready."""

    def __init__(self, words: Quality, pack: Pack) -> None:
        self._promise, self._gives = matcher(words.promise), matcher(words.gives)
        self._no_promise, self._rude = matcher(words.no_promise), matcher(words.rude)
        self._words = lru_cache(maxsize=CACHED)(self._wordings)  # agents say the same sentences every day
        self._claims = ClaimFinder(words.units)
        self._support = KnowledgeSupport(pack, words.tables, self._claims)

    def problems(self, turns: Sequence[Turn]) -> list[Problem]:
        """The problems of a dialogue's answers, at most one of a kind: the first."""
        found: dict[str, Problem] = {}
        for index, turn in enumerate(turns):
            if turn.role == "customer" or index == 0:
                continue
            for problem, rule in self._problems(turns, index):
                found.setdefault(problem, Problem(problem, index, rule))
        return sorted(found.values())

    def _problems(self, turns: Sequence[Turn], index: int) -> list[tuple[str, str]]:
        text, before = turns[index].text, turns[index - 1].text
        found = [pair for sentence in _SENTENCE.findall(text) for pair in self._of_sentence(sentence, before)]
        if not found or self._support.is_flow(text):
            return []
        said = {claim for turn in turns[:index] for claim in self._claims.find(turn.text)}
        return [(problem, rule) for problem, rule, claims in found if not claims or claims - said]

    def _wordings(self, sentence: str) -> tuple[bool, bool, bool]:
        """Whether a sentence promises, gives, is rude, by its words alone."""
        plain = self._no_promise.sub("", sentence)
        heard = (self._promise.search(plain), self._gives.search(plain), self._rude.search(sentence))
        return heard[0] is not None, heard[1] is not None, heard[2] is not None

    def _of_sentence(self, sentence: str, before: str) -> list[tuple[str, str, set[Claim]]]:
        """Problem, rule and the unsupported claims that it rests on (none: it rests on words)."""
        claims = self._claims.find(sentence)
        unsupported = claims - self._support.claims(f"{before} {sentence}") if claims else claims
        promises, gives, rude = self._words(sentence)
        found: list[tuple[str, str, set[Claim]]] = []
        if promises and (unsupported or not claims) and not sentence.endswith(_ASKING):
            found.append((FALSE_PROMISE, "commits", set()))
        elif unsupported and gives:
            found.append((FALSE_PROMISE, "gives", unsupported))
        if unsupported:
            found.append((UNSUPPORTED, "claims", unsupported))
        if rude:
            found.append((RUDE, RUDE, set()))
        return [] if found and self._support.quotes(sentence) else found
