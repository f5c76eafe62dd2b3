"""What a model is asked in an exchange: what serving would ask (``kefu/llm/prompt.py``), with the nearest knowledge.

One class for the SFT set and the preference pairs, so that both teach under the same question.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from data.sets.exchanges import Exchange
from data.sets.params import Build
from kefu.knowledge.entries import knowledge_entries, questions
from kefu.knowledge.index import KnowledgeEntry
from kefu.llm.prompt import answer_messages
from kefu.schema import Message, Split, Turn, TurnKey
from kefu.shop.pack import Pack
from kefu.shop.part import Lang
from kefu.shop.slots import language
from kefu.split import split_of
from kefu.text.ngrams import count_ngrams, inverse_frequency, weigh
from serving.dialogue.claims.checker import ClaimChecker

UNLABELLED = "unlabelled"
NGRAMS, FEATURES, TOP = (1, 4), 65536, 3


class NearestKnowledge:
    """Finds the knowledge that a prompt of the SFT set shows, before there is a retriever.

    Exact tf-idf, without the retriever's projection: the sets must not depend on a model that is trained
    on them. Like serving, it gives the nearest entries of the language, the right one among them or not:
    a model has to learn that too.
    """

    def __init__(self, pack: Pack) -> None:
        entries = {entry.id: entry for entry in knowledge_entries(pack) if entry.kind != "query"}  # no text to show
        asked = questions(pack)
        rows = [(entry, text) for entry in entries.values() for text in asked.get(entry.id, [entry.question])]
        self._owners = [entry for entry, _ in rows]
        self._languages = np.array([entry.lang for entry in self._owners])
        counts = count_ngrams([text for _, text in rows], NGRAMS, FEATURES)
        self._idf = inverse_frequency(counts, least=1)
        self._vectors = weigh(counts, self._idf)
        self._cache: dict[tuple[str, Lang], list[KnowledgeEntry]] = {}

    def find(self, question: str, lang: Lang) -> list[KnowledgeEntry]:
        """The ``TOP`` nearest entries of a language, best first."""
        if (question, lang) not in self._cache:
            self._cache[question, lang] = self._search(question, lang)
        return self._cache[question, lang]

    def _search(self, question: str, lang: Lang) -> list[KnowledgeEntry]:
        vector = weigh(count_ngrams([question], NGRAMS, FEATURES), self._idf)
        similarity = np.asarray(self._vectors @ vector.toarray()[0])
        similarity[self._languages != lang] = -1
        found: dict[str, KnowledgeEntry] = {}
        for row in np.argsort(-similarity, kind="stable"):
            found.setdefault(self._owners[row].id, self._owners[row])
            if len(found) == TOP or similarity[row] < 0:
                break
        return [entry for entry in found.values() if entry.lang == lang]


class Prompts:
    """Renders exchanges of one run.

    Args:
        pack: prompts and knowledge.
        intents: (dialogue id, turn) → intent, as far as known.
        params: see ``data.sets.params.Build``.

    Attributes:
        nearest: finds the knowledge that they show.
    """

    def __init__(self, pack: Pack, intents: Mapping[TurnKey, str], params: Build) -> None:
        self._pack, self._intents, self._params = pack, intents, params
        self.nearest = NearestKnowledge(pack)
        self._always = (pack.shop.name, pack.shop.greeting)

    def history(self, exchange: Exchange) -> tuple[Turn, ...]:
        """The turns that the model sees, oldest first; the last one is the question."""
        return exchange.dialogue.turns[max(0, exchange.start - self._params.context_turns) : exchange.start]

    def messages(self, exchange: Exchange) -> list[Message]:
        """A system message with knowledge, then the history."""
        history = self.history(exchange)
        question = history[-1].text
        lang = language(question)
        return answer_messages(self._pack, lang, self.nearest.find(question, lang), history)

    def unsupported(self, exchange: Exchange) -> tuple[str, ...]:
        """Kinds of the claims of the answer that nothing supports, judged as serving judges a model's own words.

        What tools told an agent is not in the prompt: learned, it would be made up.
        """
        history = self.history(exchange)
        question = history[-1].text
        lang = language(question)
        shown = [f"{entry.question}\n{entry.answer}" for entry in self.nearest.find(question, lang)]
        shown += [turn.text for turn in history if turn.role != "customer"]
        shown += [text.in_(any_lang) for text in self._always for any_lang in ("zh", "en")]
        checker = ClaimChecker(shown, "\n".join(turn.text for turn in history if turn.role == "customer"))
        claims = (claim for turn in exchange.answer for claim in checker.unsupported(turn.text))
        return tuple(sorted({claim.kind for claim in claims}))

    def intent(self, exchange: Exchange) -> str:
        """Returns the intent of the exchange's question; UNLABELLED when it has none."""
        return self._intents.get(TurnKey(exchange.dialogue.id, exchange.start - 1), UNLABELLED)

    def split(self, exchange: Exchange) -> Split:
        """Returns the split that the exchange's customer belongs to."""
        return split_of(exchange.dialogue.customer, self._params.eval_share, self._params.seed)
