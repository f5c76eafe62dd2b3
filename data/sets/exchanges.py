"""Exchanges: a customer's question, the shop's answer to it, and what a model should learn to say there.

Mostly that is what people of the shop said. What Kefu itself said is only learned from when the
problem was solved and the customer content: a model fed on its own mistakes gets worse (model collapse:
Shumailov et al. 2024, Nature 631:755). An answer with a quality problem (a false promise, an unsupported
claim, rude) is never learned. A reviewer's correction stands in place of what was said, whoever said it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from data.sets.dialogue_outcomes import Facts
from kefu.schema import Dialogue, Turn

CONTENT = 4  # csat from which Kefu's own answers are worth learning


@dataclass(frozen=True)
class Exchange:
    """A customer's question that ends before turn ``start``, and its answers.

    said: what the dialogue has there; nothing where nobody answered.
    answer: what to learn.
    corrected: ``answer`` was written by a reviewer.
    """

    dialogue: Dialogue
    start: int
    said: tuple[Turn, ...]
    answer: tuple[Turn, ...]
    corrected: bool = False

    @property
    def key(self) -> str:
        return f"{self.dialogue.id}#{self.start}"


def answer_after(dialogue: Dialogue, turn: int) -> tuple[int, tuple[Turn, ...]]:
    """Where the customer's ``turn`` was answered, and by which turns; none at the end when nobody did."""
    turns = dialogue.turns
    start = next((i for i in range(turn + 1, len(turns)) if turns[i].role != "customer"), len(turns))
    end = next((i for i in range(start, len(turns)) if turns[i].role == "customer"), len(turns))
    return start, turns[start:end]


def exchanges(dialogue: Dialogue) -> Iterator[Exchange]:
    """Every exchange in which a customer was answered."""
    before = "agent"
    for index, turn in enumerate(dialogue.turns):
        if before == "customer" and turn.role != "customer":
            _, said = answer_after(dialogue, index - 1)
            yield Exchange(dialogue, index, said, said)
        before = turn.role


class TrainableFilter:
    """Chooses the answers worth learning.

    Args:
        facts: of all dialogues.

    Attributes:
        bad: how many answers were left out because of a quality problem.
    """

    def __init__(self, facts: Facts) -> None:
        self._facts, self.bad = facts, 0

    def keep(self, dialogues: Iterable[Dialogue]) -> Iterator[Exchange]:
        """The places of all dialogues whose answer was good, as far as is known."""
        for dialogue in dialogues:
            good_bot = self._facts.is_resolved(dialogue) and (dialogue.csat or 0) >= CONTENT
            for exchange in exchanges(dialogue):
                if all(turn.text.strip() and (turn.role == "agent" or good_bot) for turn in exchange.said):
                    if self._facts.bad(dialogue, exchange.start, exchange.start + len(exchange.said)):
                        self.bad += 1
                    else:
                        yield exchange
