"""What a model is asked: the pack's system prompt with knowledge, then the conversation.

One function for training sets and for serving: a model is asked in production exactly as it was
taught. How the messages become tokens is ``kefu/llm/chat.py``'s business.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import groupby

from jinja2 import Environment, StrictUndefined, Template

from kefu.knowledge.index import KnowledgeEntry
from kefu.schema import Message, Turn
from kefu.shop.pack import Pack

LAST_ANSWER_CHARS = 60  # of the last answer, its end: there it asks; each token of a prompt costs a CPU time
CONFIRM = "confirm"  # stands for the slot where a yes or no is waited for
_TEMPLATES = Environment(undefined=StrictUndefined, autoescape=False)


def answer_messages(
    pack: Pack, lang: str, knowledge: Sequence[KnowledgeEntry], history: Sequence[Turn]
) -> list[Message]:
    """A system message, then user and assistant in turn.

    Args:
        pack: its prompt ``answer`` is filled with ``shop`` (the shop's name) and ``knowledge``.
        lang: language of the prompt.
        knowledge: what the model may rely on, best first.
        history: the conversation up to the turn to answer, oldest first.
    """
    shop = pack.shop.name.in_(lang)
    prompt = pack.prompts["answer"].in_(lang)
    system = _template(prompt).render(shop=shop, knowledge=_listed(knowledge)).strip()
    return [Message(role="system", content=system), *merged(history)]


def acts_messages(pack: Pack, lang: str, text: str, open_question: str = "", last_answer: str = "") -> list[Message]:
    """What a model is asked that writes a message's acts (``kefu/llm/acts_format.py``).

    The system message depends on the pack and the language alone, so that engines may keep it. What the message
    follows is the assistant's own message: a customer cannot write one.

    Args:
        pack, lang: see ``acts_system``.
        text: the redacted message.
        open_question: flow and slot that the conversation waits for, ``return return_reason``; empty: none.
        last_answer: what the customer was told last, redacted; its end is shown. Empty: nothing.
    """
    context = [last_answer.strip()[-LAST_ANSWER_CHARS:], f"open: {open_question}" if open_question else ""]
    follows = "\n".join(line for line in context if line)
    return [
        Message(role="system", content=acts_system(pack, lang)),
        *([Message(role="assistant", content=follows)] if follows else []),
        Message(role="user", content=text),
    ]


def acts_system(pack: Pack, lang: str) -> str:
    """The system message under which a model writes acts.

    Args:
        pack: its prompt ``acts`` is filled with ``flows``, ``slots`` and ``queries`` (name → title or choices), and
            the kinds of ``small_talk`` and ``danger``.
        lang: language of the prompt.
    """
    prompt = _template(pack.prompts["acts"].in_(lang))
    rendered: str = prompt.render(
        flows={flow.name: flow.title.in_(lang) for flow in pack.flows},
        slots={name: list(slot.choices) for name, slot in pack.slots.items()},
        queries={name: query.title.in_(lang) for name, query in pack.queries.items()},
        small_talk=list(pack.acts.small_talk),
        danger=list(pack.danger),
    )
    return rendered.strip()


@lru_cache(maxsize=32)  # compiling costs a millisecond, and training sets have thousands of rows
def _template(text: str) -> Template:
    return _TEMPLATES.from_string(text)


def merged(turns: Iterable[Turn]) -> list[Message]:
    """Turns as messages; what one side says in several turns is one message of several lines."""
    groups = groupby(turns, key=lambda turn: turn.role == "customer")
    return [
        Message(role="user" if customer else "assistant", content="\n".join(turn.text for turn in some))
        for customer, some in groups
    ]


def _listed(knowledge: Sequence[KnowledgeEntry]) -> str:
    return "\n".join(f"{entry.question} {entry.answer}" for entry in knowledge)
