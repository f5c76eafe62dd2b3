"""What the tiny models are pretrained on: the shop's texts, rendered as chats.

Two kinds: the pack's knowledge (FAQ, policies, promotions, examples of intents) and the dialogues of the
oldest ``base.days`` days. Only the oldest, so that a new day leaves this file, and with it the base
models, as they are. Customers whom ``kefu.split`` keeps for evaluation are left out: the base must not
have read what the models are tested on.

Models of the hub need none of this; the file is then written all the same and read by nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kefu.pack import Pack
from kefu.schema import Dialogue, Message, Record

LANGS = ("zh", "en")


class Chat(Record):
    """One text to pretrain on."""

    id: str
    messages: tuple[Message, ...]


def _pair(chat_id: str, question: str, answer: str) -> Chat:
    return Chat(
        id=chat_id, messages=(Message(role="user", content=question), Message(role="assistant", content=answer))
    )


def pack_chats(pack: Pack) -> Iterator[Chat]:
    """The pack's knowledge as question and answer, in both languages."""
    for lang in LANGS:
        for faq in pack.faq:
            for i, question in enumerate((faq.question.in_(lang), *faq.variants.get(lang, ()))):
                yield _pair(f"faq:{faq.id}:{lang}:{i}", question, faq.answer.in_(lang))
        for promotion in pack.promotions:
            yield _pair(f"promotion:{promotion.id}:{lang}", promotion.title.in_(lang), promotion.detail.in_(lang))
        for intent in pack.taxonomy.intents:
            if intent.reply:
                for i, example in enumerate(intent.examples.get(lang, ())):
                    yield _pair(f"intent:{intent.name}:{lang}:{i}", example, intent.reply.in_(lang))
    for policy in pack.policies:
        yield _pair(f"policy:{policy.id}", policy.title, policy.text)


def dialogue_chat(dialogue: Dialogue) -> Chat:
    """A dialogue with the turns of one side in a row joined, as chat templates want them."""
    messages: list[Message] = []
    for turn in dialogue.turns:
        role = "user" if turn.role == "customer" else "assistant"
        if messages and messages[-1].role == role:
            messages[-1] = Message(role=role, content=f"{messages[-1].content}\n{turn.text}")
        else:
            messages.append(Message(role=role, content=turn.text))
    return Chat(id=dialogue.id, messages=tuple(messages))


def chats(pack: Pack, dialogues: Iterable[Dialogue]) -> Iterator[Chat]:
    """All chats, pack first. The caller gives only dialogues that may be learned from."""
    yield from pack_chats(pack)
    yield from (dialogue_chat(dialogue) for dialogue in dialogues)
