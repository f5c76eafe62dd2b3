"""A part of a message, with what its words and the classifier say of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kefu.acts import SmallTalk
from kefu.intents.wishes import ScoredWish
from kefu.knowledge.index import Hit
from kefu.shop.flows import Flow
from kefu.shop.pack import Pack
from serving.dialogue.linking.records import ProductLink
from serving.dialogue.reading.message import Message
from serving.dialogue.reading.word_rules import evidence

NOTHING = ScoredWish("", 0.0)


@dataclass(frozen=True)
class Part:
    """A part of a message.

    words: its text as rules see it. links: products that it names, or points at. label: the guess's class when it is
    sure enough, else empty. question, person, talk: what the pack's words find. flows: those that its words ask for,
    looked for once. find: searches the knowledge, once. angry: whether it complains. topic: what it asks about, of the
    pack's topics; empty when of none. going_on: which query of the last answer's topic it may ask.
    """

    message: Message
    text: str
    words: str
    links: list[ProductLink]
    guess: ScoredWish
    label: str
    question: bool
    person: str | None
    talk: SmallTalk | None
    flows: Callable[[], list[Flow]]
    find: Callable[[], list[Hit]]
    angry: bool = False
    topic: str = ""
    going_on: ScoredWish = NOTHING


def small_talk(pack: Pack, words: str) -> SmallTalk | None:
    """The courtesy that words are, by the pack's kinds."""
    found = ((kind, evidence(words, talk)) for kind, talk in pack.acts.small_talk.items())
    return next((SmallTalk(kind=kind, evidence=said) for kind, said in found if said is not None), None)
