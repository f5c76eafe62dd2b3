"""What the policy decides to do: typed moves, which ``serving/dialogue/responder`` carries out in order."""

from __future__ import annotations

from dataclasses import dataclass, field

from kefu.acts import Act
from serving.sessions.cases import Reason


@dataclass(frozen=True)
class HandOver:
    reason: Reason
    danger: str | None = None


@dataclass(frozen=True)
class KeepWaiting:
    """Says that a person is asked for."""


@dataclass(frozen=True)
class PassOn:
    """Says nothing: the message is for the person who has the conversation. danger: its kind, if there is some."""

    danger: str | None = None


@dataclass(frozen=True)
class BackToBot:
    """Takes the wish for a person back. asks_more: the same message asks something, which is answered next."""

    asks_more: bool = False


@dataclass(frozen=True)
class Apologise:
    """Says sorry for what made the customer angry. asks: and asks what went wrong, for he has not said it."""

    asks: bool = False


@dataclass(frozen=True)
class Leave:
    """Gives up the flow under way.

    replaced: another wish takes its place, so nothing is said about it. more: it is said, and another wish begins next.
    refused: it is refused at its confirmation, whose words to a no say it better.
    """

    replaced: bool = False
    more: bool = False
    refused: bool = False


@dataclass(frozen=True)
class Exclude:
    """Takes flows from what waits: the customer does not want them. No guess begins one of them again."""

    flows: tuple[str, ...]


@dataclass(frozen=True)
class Wait:
    """Gives the customer time; the question stays open. slots: told beside it, kept for later."""

    slots: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Put:
    slots: dict[str, str]


@dataclass(frozen=True)
class Revise:
    """Takes other values, or values told at a confirmation, and walks again from the earliest question for one.

    slots: None where a value is wrong and the right one was not told. agrees: beside a clear yes: where the values
    leave the question as it was, it is answered.
    """

    slots: dict[str, str | None]
    agrees: bool = False


@dataclass(frozen=True)
class Offer:
    """Offers values to choose from. slots: told beside it, kept for later."""

    slot: str
    candidates: tuple[str, ...]
    slots: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class AskWhatIsWrong:
    """Asks what is wrong; the question stays open."""


@dataclass(frozen=True)
class Confirm:
    yes: bool


@dataclass(frozen=True)
class Begin:
    """Begins a flow. candidates: values of the slot that it will ask for, to choose from. guessed: no word names it."""

    flow: str
    slots: dict[str, str] = field(default_factory=dict)
    resumes: bool = False
    candidates: tuple[str, ...] = ()
    guessed: bool = False


@dataclass(frozen=True)
class LookUp:
    """Tells what a flow looks up, beside a wish for a person; what it would ask is left to the person."""

    flow: str
    slots: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class AskWish:
    """An order was named without a wish: what is it about?"""

    slot: str
    candidates: tuple[str, ...]


@dataclass(frozen=True)
class AskWhichWish:
    """Asks which of two flows is wanted, in their titles: the message may mean either."""

    flows: tuple[str, ...]


@dataclass(frozen=True)
class GoOn:
    """Comes back to the open question, to the wish that waits, with what the message tells of it, or to the flow that
    was set aside last."""

    slots: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Tell:
    """Answers a question, or small talk."""

    act: Act


@dataclass(frozen=True)
class TellLikely:
    """Answers what a question beside something else, or inside a flow, likely asks, told as that: an entry's id."""

    entry: str


@dataclass(frozen=True)
class Retract:
    """Says sorry for the last answer, and that the flows which it began wrongly have submitted nothing.

    flows: they are taken from what waits, and the open one ends. alone: nothing else is answered.
    """

    flows: tuple[str, ...] = ()
    alone: bool = False


@dataclass(frozen=True)
class AdmitMiss:
    """Says that the last answer missed. candidates: ids of other entries that may be meant, best first."""

    candidates: tuple[str, ...] = ()


@dataclass(frozen=True)
class AdmitUnsure:
    """Says that a question beside a yes or no has no answer."""


@dataclass(frozen=True)
class Remind:
    """Asks the flow's open question again."""


@dataclass(frozen=True)
class SetAside:
    """Stops asking; the flow goes on when the customer says so."""


@dataclass(frozen=True)
class AskAgain:
    """Says that the message was not understood, and asks the open question again.

    unsure: the message was a question: Kefu says that it has no answer to it.
    """

    unsure: bool = False


@dataclass(frozen=True)
class Improvise:
    """No flow, query or entry answers: what may be meant is told as that, or a model answers, or a person is offered.

    asks: the message was a question. skus: products that it names.
    """

    candidates: tuple[str, ...] = ()
    asks: bool = False
    skus: tuple[str, ...] = ()


Move = (
    HandOver | KeepWaiting | PassOn | BackToBot | Apologise | Exclude | Leave | Wait | Put | Revise | Offer | Confirm
    | Begin | LookUp | AskWhatIsWrong | AskWish | AskWhichWish | GoOn | Tell | TellLikely | Retract | AdmitMiss
    | AdmitUnsure | Remind | SetAside | AskAgain | Improvise
)  # fmt: skip
