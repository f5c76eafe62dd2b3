"""One message as readers see it, and what they make of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from kefu.acts import Act
from kefu.intents.router import ScoredIntent
from kefu.knowledge.index import Hit
from kefu.privacy.redact import restore
from kefu.shop.flows import Flow, Step
from kefu.shop.part import Lang
from serving.dialogue.linking.records import Order, OrderLink
from serving.dialogue.reading.word_rules import evidence, plain
from serving.sessions.session import Session

MOST_LATEST = 3  # of more products than these, a question without a name means the first


@dataclass
class Message:
    """A normalised, redacted message in its conversation.

    placeholder: gives a value of the shop (an order number) its placeholder in the session's vault.
    open_orders: asks the shop for the customer's orders, once a message and customer.
    forget_orders: has it asked anew, for one of them was changed.
    question: the open question of the flow under way in full, which the last answer may only have put briefly.
    rejected: names (``kefu.acts.target_of``) of what the customer does not mean; nothing is read as that.
    topic: such a name of what an earlier part of the message asks, which this one may lean on.
    stop: set when the customer waits no more for a model; None: nobody can.
    order_links: which orders its texts mean, by text and by the order that "it" means (``OrderReader``).
    """

    text: str
    lang: Lang
    now: str
    session: Session
    placeholder: Callable[[str], str]
    open_orders: Callable[[], list[Order]]
    flow: Flow | None = None
    step: Step | None = None
    question: str = ""
    rejected: frozenset[str] = frozenset()
    topic: str = ""
    stop: threading.Event | None = None
    forget_orders: Callable[[], None] = lambda: None
    order_links: dict[tuple[str, str | None], OrderLink] = field(default_factory=dict)

    @property
    def orders(self) -> list[Order]:
        return self.open_orders()

    def original(self, text: str) -> str:
        """The words that the customer wrote: for the linker's eyes only."""
        return restore(text, self.session.vault)

    @property
    def last_answer(self) -> str:
        """What was said last, with the open question in full; empty at the beginning."""
        last = next((turn.text for turn in reversed(self.session.turns) if turn.role == "bot"), "")
        return last if self.question in last else f"{last}\n{self.question}"

    @property
    def spoken_of(self) -> list[str]:
        """What a product's query without a name is about (有货吗): what was spoken of last, when that is few."""
        subject = self.session.subject
        return subject.latest if 0 < len(subject.latest) <= MOST_LATEST else subject.products[:1]

    @property
    def may_cancel(self) -> bool:
        """Whether a bare "cancel" means what is under way: not where that flow is what it asks for."""
        return self.flow is not None and evidence(plain(self.text), self.flow.asked_by) is None


def said_before(message: Message) -> str:
    """What the assistant said right before a message; empty where it opens the chat."""
    return " ".join(turn.text for turn in message.session.turns[-1:] if turn.role == "bot")


@dataclass
class Reading:
    """What a message does.

    top: the router's first intent of the whole message. hits: entries that acts name, by id.
    products, order: what the message speaks of, remembered as the conversation's subject; latest: the products of its
        last part that names some.
    """

    acts: Sequence[Act]
    top: ScoredIntent
    hits: dict[str, Hit] = field(default_factory=dict)
    products: list[str] = field(default_factory=list)
    latest: list[str] = field(default_factory=list)
    order: str | None = None


class Reader(Protocol):
    """What reads messages: words and classifiers in milliseconds, or a model."""

    def read(self, message: Message) -> Reading:
        """All acts of a message, in the order of its words."""
        ...
