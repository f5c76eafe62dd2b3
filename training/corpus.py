"""What the tiny models are pretrained on: the shop's texts, rendered as chats.

Two kinds: the pack's knowledge (FAQ, policies, promotions, fixed replies), and the dialogues of the oldest
``base.days`` days. Only the oldest, so that a new day leaves this file, and with it the base models, as
they are; and real dialogues rather than the pack alone, because the pack has a few thousand words and a
model that knows nothing else cannot follow a customer. Customers whom ``kefu.split`` keeps for evaluation
are left out: the base must not have read what the models are tested on.

FAQ answers appear bare and below the system prompt that serving uses, with the entry as knowledge: the
model learns to answer from what it is given. Only ``base.wordings`` questions of an entry are taken: a pack
that gains ways to ask must not crowd out the dialogues (the steps are fixed; with all 4,022 wordings the
held-out loss was 0.92 instead of 0.60, and the edge no better than one constant sentence).

Models of the hub need none of this; the file is then written all the same and read by nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kefu.knowledge.entries import knowledge_entries, questions
from kefu.knowledge.index import KnowledgeEntry
from kefu.llm.prompt import answer_messages, merged
from kefu.schema import Dialogue, Message, Record, Turn
from kefu.shop.pack import Pack
from kefu.shop.part import LANGUAGES


class Chat(Record):
    """One text to pretrain on."""

    id: str
    messages: tuple[Message, ...]


def _pair(chat_id: str, question: str, answer: str) -> Chat:
    return Chat(
        id=chat_id, messages=(Message(role="user", content=question), Message(role="assistant", content=answer))
    )


def _grounded(chat_id: str, pack: Pack, question: str, entry: KnowledgeEntry, other: KnowledgeEntry) -> Chat:
    """The question below the system prompt, with the right entry and a wrong one as knowledge."""
    known = (entry, other) if len(question) % 2 else (other, entry)
    asked = answer_messages(pack, entry.lang, known, [Turn(role="customer", text=question, time=None)])
    return Chat(id=chat_id, messages=(*asked, Message(role="assistant", content=entry.answer)))


def faq_chats(pack: Pack, wordings: int) -> Iterator[Chat]:
    """The first ``wordings`` questions of every FAQ entry, bare and grounded."""
    entries = {entry.id: entry for entry in knowledge_entries(pack) if entry.kind != "query"}  # tools answer those
    of_lang = {lang: [entry for entry in entries.values() if entry.lang == lang] for lang in LANGUAGES}
    written = {entry_id: asked for entry_id, asked in questions(pack).items() if entry_id in entries}
    for number, (entry_id, asked) in enumerate(written.items()):
        entry = entries[entry_id]
        others = [other for other in of_lang[entry.lang] if other.id != entry_id] or [entry]
        for i, question in enumerate(asked[:wordings]):
            yield _pair(f"{entry_id}:{i}", question, entry.answer)
            other = others[(number * 7 + i * 31) % len(others)]
            yield _grounded(f"{entry_id}:{i}:grounded", pack, question, entry, other)


def pack_chats(pack: Pack, wordings: int) -> Iterator[Chat]:
    """The pack's knowledge as question and answer, in both languages."""
    yield from faq_chats(pack, wordings)
    for policy in pack.policies:
        yield _pair(f"policy:{policy.id}", policy.title, policy.text)
    for lang in LANGUAGES:
        for promotion in pack.promotions:
            yield _pair(f"promotion:{promotion.id}:{lang}", promotion.title.in_(lang), promotion.detail.in_(lang))
        for intent in pack.taxonomy.intents:
            if intent.reply:
                for i, example in enumerate(intent.examples.get(lang, ())):
                    yield _pair(f"intent:{intent.name}:{lang}:{i}", example, intent.reply.in_(lang))


def chats(pack: Pack, wordings: int, dialogues: Iterable[Dialogue]) -> Iterator[Chat]:
    """All chats, pack first. The caller gives only dialogues that may be learned from."""
    yield from pack_chats(pack, wordings)
    for dialogue in dialogues:
        yield Chat(id=dialogue.id, messages=tuple(merged(dialogue.turns)))
