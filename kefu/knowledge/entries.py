"""The shop pack's lasting knowledge as entries, one for each piece and language.

Promotions are not among them: they come and go by date, so serving adds those of the day itself, and
an index that is built today cannot offer what has ended tomorrow.
"""

from __future__ import annotations

from collections.abc import Iterator

from kefu.knowledge.index import KnowledgeEntry
from kefu.shop.pack import Faq, Pack
from kefu.shop.part import LANGUAGES, Lang
from kefu.shop.slots import language


def faq_id(faq: Faq, lang: Lang) -> str:
    """Id of a FAQ's entry in one language."""
    return f"faq:{faq.id}:{lang}"


def query_id(name: str, lang: Lang) -> str:
    """Id of a query's entry in one language."""
    return f"query:{name}:{lang}"


def knowledge_entries(pack: Pack) -> list[KnowledgeEntry]:
    """Every FAQ and query in both languages, every policy section in the one it is written in."""
    return [*_faqs(pack), *_policies(pack), *_queries(pack)]


def questions(pack: Pack) -> dict[str, list[str]]:
    """Entry id → the questions that lead to it: a FAQ's own, then its variants; a query's examples."""
    faqs = {
        faq_id(faq, lang): [faq.question.in_(lang), *faq.variants.get(lang, ())]
        for faq in pack.faq
        for lang in LANGUAGES
    }
    queries = {
        query_id(name, lang): list(query.examples[lang]) for name, query in pack.queries.items() for lang in LANGUAGES
    }
    return faqs | queries


def same_answers(pack: Pack) -> dict[str, frozenset[str]]:
    """Entry id → the entries of its language that answer the same, itself included; only those that have such."""
    found: dict[str, frozenset[str]] = {}
    for faq in pack.faq:
        for lang in LANGUAGES if faq.same_as else ():
            group = frozenset(f"{name}:{lang}" for name in (f"faq:{faq.id}", *faq.same_as))
            found |= {name: found.get(name, frozenset()) | group for name in group}
    return found


def _faqs(pack: Pack) -> Iterator[KnowledgeEntry]:
    for faq in pack.faq:
        for lang in LANGUAGES:
            yield KnowledgeEntry(
                id=faq_id(faq, lang),
                kind="faq",
                intent=faq.intent,
                lang=lang,
                question=faq.question.in_(lang),
                answer=faq.answer.in_(lang),
            )


def _policies(pack: Pack) -> Iterator[KnowledgeEntry]:
    for policy in pack.policies:
        lang = language(policy.title + policy.text)
        yield KnowledgeEntry(
            id=f"policy:{policy.id}", kind="policy", intent=None, lang=lang, question=policy.title, answer=policy.text
        )


def _queries(pack: Pack) -> Iterator[KnowledgeEntry]:
    """What can be asked; the answer is not known before a tool was called."""
    for name, query in pack.queries.items():
        for lang in LANGUAGES:
            title = query.title.in_(lang)
            yield KnowledgeEntry(
                id=query_id(name, lang), kind="query", intent=None, lang=lang, question=title, answer=title
            )
