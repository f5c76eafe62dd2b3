"""Whether the pack supports an answer: claims of the nearest knowledge entries, quotes, and the texts of flows.

A claim is supported when one of the entries nearest to its sentence holds it: "15 days" is right of price protection
and wrong of a return. Nearness is the cosine of character n-grams, so it needs no trained retriever.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import numpy as np
from jinja2 import Environment, nodes

from data.labeling.signals.claims import Claim, ClaimFinder
from kefu.shop.label_patterns import Table
from kefu.shop.pack import Pack
from kefu.text.ngrams import count_ngrams, inverse_frequency, weigh

NEAREST = 6  # knowledge entries that may support a sentence
NGRAMS, FEATURES = (2, 4), 1 << 14
CACHED = 1 << 14  # sentences
_PLAIN = re.compile(r"[\W_]+")


class KnowledgeSupport:
    """The knowledge of a pack, ready to be asked."""

    def __init__(self, pack: Pack, tables: Sequence[Table], finder: ClaimFinder) -> None:
        entries = sorted({*_entries(pack), *_rows(pack, tables)})
        self._claims = [finder.find(entry) for entry in entries]
        counts = count_ngrams(entries, NGRAMS, FEATURES)
        self._idf = inverse_frequency(counts, least=1)
        self._vectors = weigh(counts, self._idf)
        self._plain = "\n".join(_PLAIN.sub("", text).casefold() for text in [*entries, *_fixed_texts(pack)])
        self.claims = lru_cache(maxsize=CACHED)(self._nearest)  # agents say the same sentences every day
        self._flows = re.compile("|".join(_template(say) for say in _flow_texts(pack)) or r"(?!)", re.DOTALL)

    def _nearest(self, sentence: str) -> frozenset[Claim]:
        """The claims of the entries nearest to a sentence."""
        vector = weigh(count_ngrams([sentence], NGRAMS, FEATURES), self._idf)
        near = np.asarray((self._vectors @ vector.T).todense()).ravel()
        best = np.argsort(-near, kind="stable")[:NEAREST]
        return frozenset().union(*(self._claims[i] for i in best if near[i] > 0))

    def quotes(self, sentence: str) -> bool:
        """Whether a sentence stands in the knowledge, whatever its punctuation."""
        plain = _PLAIN.sub("", sentence).casefold()
        return not plain or plain in self._plain

    def is_flow(self, text: str) -> bool:
        """Whether a whole turn is a flow's own wording, filled in with what tools said."""
        return self._flows.fullmatch(text.strip()) is not None


def _entries(pack: Pack) -> Iterator[str]:
    for entry in pack.faq:
        yield from (f"{entry.question.zh} {entry.answer.zh}", f"{entry.question.en} {entry.answer.en}")
    for policy in pack.policies:
        yield f"{policy.title} {policy.text}"
    for promotion in pack.promotions:
        yield from (f"{promotion.title.zh} {promotion.detail.zh}", f"{promotion.title.en} {promotion.detail.en}")


def _rows(pack: Pack, tables: Sequence[Table]) -> Iterator[str]:
    for table in tables:
        with (pack.folder / table.file).open(encoding="utf8", newline="") as file:
            yield from (table.say.format(**row) for row in csv.DictReader(file))


def _flow_texts(pack: Pack) -> Iterator[str]:
    for flow in pack.flows:
        for step in flow.steps:
            for text in (step.say, step.confirm):
                if text is not None:
                    yield from (text.zh, text.en)
    yield from _fixed_texts(pack)


def _fixed_texts(pack: Pack) -> Iterator[str]:
    """What is said around flows: greeting, hand-over, fixed replies."""
    around = (pack.shop.greeting, pack.shop.fallback, pack.shop.handoff, pack.conversation.sign_in)
    words = pack.conversation
    later = (pack.shop.handoff_closed, words.waiting, words.waiting_closed, words.resumed, words.handed_back)
    waits = [text for text in later if text is not None] + [danger.reply for danger in pack.danger.values()]
    replies = [intent.reply for intent in pack.taxonomy.intents if intent.reply is not None]
    for text in (
        *around,
        *(text for text in waits if text is not None),
        *replies,
        *(slot.ask for slot in pack.slots.values()),
    ):
        yield from (text.zh, text.en)


def _template(say: str) -> str:
    """A Jinja2 text as a regex: what stands in braces, or is repeated, may be anything; of a condition either branch is
    told. No quantifier stands in another one, which would take time that grows exponentially with the text.
    """
    return f"(?:{_pattern(Environment().parse(say.strip()).body, {})})"


def _pattern(parts: Iterable[nodes.Node], blocks: dict[str, str]) -> str:
    """Parts of a text as a regex.

    Args:
        blocks: texts that were set aside under a name ({% set late %}…{% endset %}), as regexes.
    """
    return "".join(_part(part, blocks) for part in parts)


def _part(part: nodes.Node, blocks: dict[str, str]) -> str:
    match part:
        case nodes.TemplateData():
            return re.escape(part.data)
        case nodes.Output():
            return _pattern(part.nodes, blocks)
        case nodes.If():
            branches = [part.body, *(other.body for other in part.elif_), part.else_]
            return f"(?:{'|'.join(_pattern(branch, blocks) for branch in branches)})"
        case nodes.AssignBlock(target=nodes.Name(name=name)):
            blocks[name] = _pattern(part.body, blocks)
            return ""
        case nodes.Stmt() if not isinstance(part, nodes.For):
            return ""
        case nodes.Name():
            return blocks.get(part.name, ".*?")
    return ".*?"
