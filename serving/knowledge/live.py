"""Knowledge that changes by the hour: what is on offer today, what is in stock.

Promotions come from the pack by date; products from the pack's ``look_up`` tool, asked with words of
the message. Models see both in their prompt, so that they speak of today. Customer data never is part
of it: the tool has to be public.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kefu.pack import Lang, Pack, PackError
from kefu.retrieval import KnowledgeEntry
from serving.knowledge.shop_db import ToolBox

WORDS = re.compile(r"[A-Za-z]{4,}|[\u4e00-\u9fff]{2,}")
LONGEST, MOST_ROWS, MOST_PROMOTIONS = 6, 3, 2


class LiveKnowledge:
    """What holds right now."""

    def __init__(self, pack: Pack, tools: ToolBox) -> None:
        self._pack, self._tools, self._look_up = pack, tools, pack.conversation.look_up
        if self._look_up:
            tool = pack.tools.get(self._look_up)
            if tool is None or not tool.public or len(tool.args) != 1:
                raise PackError(f"conversation.yaml: look_up: {self._look_up} must be a public tool of one argument")

    def entries(self, text: str, lang: Lang, now: str) -> list[KnowledgeEntry]:
        """Promotions of the day that the message may be about, and products that it names."""
        return [*self._products(text, lang, now), *self._promotions(text, lang, now)]

    def _promotions(self, text: str, lang: Lang, now: str) -> list[KnowledgeEntry]:
        words = {word.lower() for word in _words(text)}
        running = [
            p
            for p in self._pack.promotions
            if p.starts <= now[:10] <= p.ends
            and any(word in f"{p.title.in_(lang)} {p.detail.in_(lang)}".lower() for word in words)
        ][:MOST_PROMOTIONS]
        return [
            KnowledgeEntry(
                id=p.id, kind="promotion", intent=None, lang=lang, question=p.title.in_(lang), answer=p.detail.in_(lang)
            )
            for p in running
        ]

    def _products(self, text: str, lang: Lang, now: str) -> list[KnowledgeEntry]:
        if self._look_up is None:
            return []
        argument = self._pack.tools[self._look_up].args[0]
        for word in _words(text):
            rows = self._tools.call(self._look_up, {argument: word}, None, now).rows
            if 0 < len(rows) <= MOST_ROWS:
                other = "_en" if lang == "zh" else "_zh"
                facts = ["; ".join(f"{k}: {v}" for k, v in r.items() if v and not k.endswith(other)) for r in rows]
                return [_entry(f"{self._look_up}:{word}", lang, word, " | ".join(facts))]
        return []


def _entry(name: str, lang: Lang, question: str, answer: str) -> KnowledgeEntry:
    return KnowledgeEntry(id=name, kind="promotion", intent=None, lang=lang, question=question, answer=answer)


def _words(text: str) -> Iterator[str]:
    """Words that may name a product, longest first; Chinese has no spaces, so every stretch is one."""
    runs = WORDS.findall(text)
    for size in range(LONGEST, 1, -1):
        for run in runs:
            if run.isascii():
                if size == LONGEST:
                    yield run
            else:
                yield from (run[i : i + size] for i in range(len(run) - size + 1))
