"""Acts: what a customer's message does. A message has several, and none of them decides anything.

A reader writes them (``serving/dialogue/reading``), the policy answers them (``serving/dialogue/policy``).
Values are redacted text or names of the pack; ``evidence`` quotes the words that an act was read from.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

ACKNOWLEDGE = "acknowledge"  # the kind of small talk that is a yes or no to nothing
GOODBYE = "bye"  # the kind that ends the conversation


@dataclass(frozen=True, kw_only=True)
class Act:
    """probability: that the customer means it, in [0, 1]."""

    probability: float = 1.0
    evidence: str = ""


@dataclass(frozen=True, kw_only=True)
class Start(Act):
    """A wish that a flow serves. resumes: the customer comes back to it (还是取消吧)."""

    flow: str
    slots: dict[str, str] = field(default_factory=dict)
    resumes: bool = False


@dataclass(frozen=True, kw_only=True)
class Fill(Act):
    """A value for a slot that was asked for, or that the open flow collects."""

    slot: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Correct(Act):
    """Another value for a slot that has one; None: the value is wrong, the right one is not told."""

    slot: str
    value: str | None


@dataclass(frozen=True, kw_only=True)
class Choose(Act):
    """Several values are possible: the customer has to pick. candidates: values of the slot.

    unlike: the one of them that the customer gave by number, though it holds nothing that he names.
    """

    slot: str
    candidates: tuple[str, ...]
    unlike: str = ""


@dataclass(frozen=True, kw_only=True)
class Affirm(Act):
    """A yes to the open confirmation. clear: in words that confirm whatever question or wish stands beside them."""

    clear: bool = False


@dataclass(frozen=True, kw_only=True)
class Deny(Act):
    """A no to the open question. corrects: it says that something is wrong and not yet what (不对, that's wrong)."""

    corrects: bool = False


@dataclass(frozen=True, kw_only=True)
class Hesitate(Act):
    """The customer needs time."""


@dataclass(frozen=True, kw_only=True)
class Cancel(Act):
    """The customer gives up what is being done. replaced: only because another wish of the message takes its place."""

    replaced: bool = False


@dataclass(frozen=True, kw_only=True)
class Refuse(Act):
    """The customer does not want what a flow does, whether it is under way or not (我没要退货, do not cancel it)."""

    flow: str


@dataclass(frozen=True, kw_only=True)
class Reject(Act):
    """The last answer missed what the customer asked (不是问库存, still not clear).

    targets: names (``target_of``) of what he does not mean: none of these is the answer to this message.
    """

    targets: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Resume(Act):
    """The customer goes on with what was interrupted, or takes back the wish for a person."""


@dataclass(frozen=True, kw_only=True)
class Ask(Act):
    """A question that an entry of the knowledge answers; ``entry`` is its id."""

    entry: str


@dataclass(frozen=True, kw_only=True)
class Query(Act):
    """A question that a query of the pack answers from the shop's data."""

    name: str
    slots: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Quote(Act):
    """A question for a sum: (sku, quantity) each.

    choices: SKUs among which the customer has to choose first; words: his message with a blank in their place.
    points: whether his points are to be used. coupons: whether he speaks of coupons. check: what he wants confirmed,
    the total (``amount``, in yuan, is what he thinks it is, ``roughly`` or exactly) or that a coupon of his applies.
    told: the sum of this basket was told before; of another one the customer may have something else in mind, and is
    not contradicted.
    """

    basket: tuple[tuple[str, int], ...]
    choices: tuple[str, ...] = ()
    words: str = ""
    points: bool = False
    coupons: bool = False
    check: Literal["total", "coupon"] | None = None
    amount: int | None = None
    roughly: bool = False
    told: bool = False


@dataclass(frozen=True, kw_only=True)
class Recommend(Act):
    """A wish for advice on what to buy; the words carry the constraints.

    words: the part of the message. anew: it does not go on with what was wanted before.
    than: the products than which something lighter, bigger and the like is wanted.
    """

    words: str = ""
    anew: bool = False
    than: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Compare(Act):
    """Which of some products suits better. aspect: in what, by the catalogue's names; None: in everything."""

    skus: tuple[str, ...]
    aspect: str | None = None


@dataclass(frozen=True, kw_only=True)
class SmallTalk(Act):
    """Words that ask for nothing: greeting, thanks, goodbye …, by the kinds of the pack's acts.yaml."""

    kind: str


@dataclass(frozen=True, kw_only=True)
class Person(Act):
    """A wish for a person."""


@dataclass(frozen=True, kw_only=True)
class Complaint(Act):
    """Anger, abuse or a complaint about the shop."""


@dataclass(frozen=True, kw_only=True)
class Danger(Act):
    """Words of danger, by the pack's kinds."""

    kind: str


@dataclass(frozen=True, kw_only=True)
class OutOfScope(Act):
    """Something that no shop does."""


@dataclass(frozen=True, kw_only=True)
class Unclear(Act):
    """Words that were not understood.

    candidates: ids of the entries that may be meant, best first. asks: whether they are a question.
    skus: products that they name. flows: that they may wish for, the likelier first.
    """

    candidates: tuple[str, ...] = ()
    asks: bool = False
    skus: tuple[str, ...] = ()
    flows: tuple[str, ...] = ()


def target_of(act: Act) -> str | None:
    """The name of what an act asks for, by which an answer to it is remembered and rejected; None: it asks nothing.

    An entry is the same in every language: faq:NAME.
    """
    match act:
        case Start():
            return f"flow:{act.flow}"
        case Query():
            return f"query:{act.name}"
        case Ask():
            return entry_target(act.entry)
        case Quote():
            return "sum"
        case Recommend() | Compare():
            return kind(act)
    return None


def entry_target(entry: str) -> str:
    """The name of an entry of the knowledge, without its language."""
    return entry.rpartition(":")[0]


def kind(act: Act) -> str:
    """The act's name in logs and in the models' format."""
    return type(act).__name__.lower()
