"""What belongs to one message while it is answered."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from itertools import dropwhile

from kefu.schema import Outcome
from kefu.shop.conversation import Conversation
from serving.dialogue.flow import Visit
from serving.dialogue.messages import digest
from serving.dialogue.reading.message import Message, Reading
from serving.dialogue.reply import Route
from serving.sessions.cases import Reason
from serving.sessions.session import FlowState, SaidTurn, Session

FIGURE = re.compile(r"\d")
SENTENCE_ENDS = re.compile(r"(?<=[。！？!?\n])|(?<=\.)(?=\s)")


@dataclass
class Draft:
    """An answer in the making; ``text`` still carries placeholders.

    ended: the flow that has led to a person, and is over.
    options: what the customer may reply with, as quick replies. answers: texts that answer what was asked.
    asks_itself: what was told of the flow's proposal puts the open question, or takes its place.
    """

    route: Route | None = None
    text: str = ""
    engine: str | None = None
    flow: str | None = None
    asks: str | None = None
    slots: dict[str, str] = field(default_factory=dict)
    sources: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    outcome: Outcome | None = None
    danger: str | None = None
    reason: Reason = "asked"
    ended: FlowState | None = None
    resumed: bool = False
    asks_itself: bool = False


@dataclass
class TurnState:
    """A message, its session, and the answer so far.

    before: how many who wait for a person would come before this customer; None: it is not known.
    failed: the pack or the shop failed while the message was read.
    begins_more: a flow that the message asks for has yet to begin: what waits comes after it.
    in_danger: the conversation waits because of words of danger.
    repeats: a part was told by the last answer word for word. asks_on: that answer had nothing new to tell, either.
    stop: set when the customer wants no more of a model's words; None: nobody can. stopped: words were left out for it.
    """

    session: Session
    message: Message
    reading: Reading
    visit: Visit
    started: float
    interrupted: bool = False  # the flow under way is gone: the pack has changed
    log_line: str = ""  # the message's, for the conversation log
    said: SaidTurn | None = None  # the message as it was written, redacted
    before: int | None = None
    in_danger: bool = False
    failed: bool = False
    begins_more: bool = False
    candidates: tuple[str, ...] = ()  # what the next question for an order offers; (): the newest orders
    draft: Draft = field(default_factory=Draft)
    repeats: bool = False
    asks_on: bool = False
    stop: threading.Event | None = None
    stopped: bool = False
    first_ms: float | None = None

    def say(self, route: Route, text: str, before: str = "\n") -> str:
        """Adds a part to the answer and returns it as it is sent. The first part's route is the answer's."""
        piece = f"{before if self.draft.text else ''}{text}" if text else ""
        self.draft.route = self.draft.route or route
        self.draft.text += piece
        return piece

    def to_sign_in(self, words: Conversation, in_full: bool = False) -> str:
        """Why a stranger's orders are not looked up: not twice running in the same words.

        in_full: with what he can do meanwhile, as to who sends an order number alone.
        """
        texts = (words.sign_in, words.sign_in_again or words.sign_in)
        first, second = (text.in_(self.visit.lang) for text in (reversed(texts) if in_full else texts))
        return second if first in self.message.last_answer else first

    def was_told(self, text: str) -> bool:
        """Whether the last answer has told all sentences of a text word for word."""
        said = sentences(text)
        return bool(said) and all(digest(some) in self.session.answers for some in said)

    def tell(self, route: Route, text: str, answer: str = "", guessed: bool = True, again: str = "") -> str:
        """Adds what answers a question, once: no guess at what the last answer, or this one, has told already.

        Args:
            answer: the text without the words around it; empty: as ``text``.
            guessed: no word of the message asks for it; else it is told again, but to who asks on once more.
            again: told in its place where the last answer has told it.
        """
        answer, said = answer or text, self.draft.answers
        if again and self.was_told(answer):
            self.repeats |= self.was_told(again)
            said += [answer, again]
            return self.say(route, again)
        self.repeats |= self.was_told(answer)
        repeated = answer in said or ((guessed or self.asks_on) and self.was_told(answer))
        said.append(answer)
        return "" if repeated else self.say(route, text)

    def new_in(self, text: str) -> str:
        """A text without the beginning that the last answer has told, where the rest tells a figure."""
        cut = SENTENCE_ENDS.split(text)
        new = "".join(dropwhile(lambda some: not some.strip() or digest(some.strip()) in self.session.answers, cut))
        return new.strip() if FIGURE.search(new) else text

    def choose(self, lead: str, questions: list[str]) -> str:
        """Adds a numbered list of what may be meant; the customer's next message may pick from it."""
        self.session.questions = self.draft.options = questions
        return self.say("faq", "\n".join([lead, *(f"{n}. {question}" for n, question in enumerate(questions, 1))]))


def sentences(text: str) -> list[str]:
    """The sentences of an answer, by which it is known again."""
    return [some.strip() for some in SENTENCE_ENDS.split(text) if some.strip()]
