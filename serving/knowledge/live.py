"""Knowledge that changes by the hour: what is on offer today, what is in stock.

Promotions come from the pack by date; products from the pack's ``look_up`` tool, asked with words of
the message. Models see both in their prompt, so that they speak of today. Customer data never is part
of it: the tools have to be public.

A message of 2,000 characters has 10,000 words that may name a product, so the names (``look_up_names``) are
read once and searched here; only a word that is in them is looked up, and at most ``MOST_LOOK_UPS`` are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from kefu.knowledge.index import KnowledgeEntry
from kefu.shop.pack import Pack
from kefu.shop.part import Lang, PackError
from serving.tools.shop_db import ToolBox

WORDS = re.compile(r"[A-Za-z]{4,}|[\u4e00-\u9fff]{2,}")
LONGEST, MOST_ROWS, MOST_PROMOTIONS, MOST_LOOK_UPS = 6, 3, 2, 3


class LiveKnowledge:
    """What holds right now."""

    def __init__(self, pack: Pack, tools: ToolBox) -> None:
        self._pack, self._tools, self._look_up = pack, tools, pack.conversation.look_up
        self._names = pack.conversation.look_up_names
        for field, name, args in (("look_up", self._look_up, 1), ("look_up_names", self._names, 0)):
            tool = pack.tools.get(name or "")
            if name and (tool is None or not tool.public or len(tool.args) != args):
                raise PackError(f"conversation.yaml: {field}: {name} must be a public tool, its number of args {args}")
        if bool(self._look_up) != bool(self._names):
            raise PackError("conversation.yaml: look_up and look_up_names need each other: name both tools or none")

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
        for word in islice(self._named(text, now), MOST_LOOK_UPS):
            rows = self._tools.call(self._look_up, {argument: word}, None, now).rows
            if 0 < len(rows) <= MOST_ROWS:
                other = "_en" if lang == "zh" else "_zh"
                facts = ["; ".join(f"{k}: {v}" for k, v in r.items() if v and not k.endswith(other)) for r in rows]
                return [_entry(f"{self._look_up}:{word}", lang, word, " | ".join(facts))]
        return []

    def _named(self, text: str, now: str) -> Iterator[str]:
        """Words of the text that are in the names of some products, but not of too many, longest first."""
        words = list(dict.fromkeys(_words(text)))
        if not words or self._names is None:
            return
        rows = self._tools.call(self._names, {}, None, now).rows
        names = [_plain("\n".join(str(value) for value in row.values() if value)) for row in rows]
        everything = "\n".join(names)
        for word in words:
            plain = _plain(word)
            if plain in everything and sum(plain in name for name in names) <= MOST_ROWS:
                yield word


def _plain(text: str) -> str:
    """As SQLite compares: the case of ASCII letters does not matter."""
    return "".join(c.lower() if c.isascii() else c for c in text)


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
