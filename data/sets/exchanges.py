"""Exchanges: a customer's question, the shop's answer to it, and what a model should learn to say there.

Mostly that is what people of the shop said. What Kefu itself said is only learned from when the
problem was solved and the customer content: a model fed on its own mistakes gets worse (model collapse:
Shumailov et al. 2024, Nature 631:755). An answer with a quality problem (a false promise, an unsupported
claim, rude) is never learned, nor one of a dialogue that ended badly, or of a flow that the pack has changed since. A
reviewer's correction stands in place of what was said, whoever said it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from data.sets.dialogue_outcomes import ENDS, End, Facts
from kefu.schema import Dialogue, EndState, Turn

CONTENT = 4  # csat from which Kefu's own answers are worth learning


@dataclass(frozen=True)
class Exchange:
    """A customer's question that ends before turn ``start``, and its answers.

    said: what the dialogue has there; nothing where nobody answered.
    answer: what to learn.
    corrected: ``answer`` was written by a reviewer.
    end: how the dialogue ended, as far as is known; what nobody asked for is unknown.
    """

    dialogue: Dialogue
    start: int
    said: tuple[Turn, ...]
    answer: tuple[Turn, ...]
    corrected: bool = False
    end: End = ENDS[-1]

    @property
    def key(self) -> str:
        return f"{self.dialogue.id}#{self.start}"

    @property
    def flow(self) -> str | None:
        """Version of the flow that Kefu answered in, if it did and the log tells."""
        return next((turn.flow for turn in self.said if turn.flow), None)


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
        end_states: how a dialogue may have ended for the answers of its agents to be learned.
        flows: versions of the pack's flows.

    Attributes:
        bad: how many answers were left out because of a quality problem.
        badly_ended: how many because of how their dialogue ended.
        old_flow: how many because the pack no longer has the flow that gave them, or has another version of it.
    """

    def __init__(self, facts: Facts, end_states: Collection[EndState], flows: Collection[str]) -> None:
        self._facts, self._end_states, self._flows = facts, end_states, flows
        self.bad = self.badly_ended = self.old_flow = 0

    def keep(self, dialogues: Iterable[Dialogue]) -> Iterator[Exchange]:
        """The places of all dialogues whose answer was good, as far as is known."""
        for dialogue in dialogues:
            end = self._facts.end(dialogue)
            good_bot = end.state == "resolved" and (dialogue.csat or 0) >= CONTENT
            for exchange in exchanges(dialogue):
                if not all(turn.text.strip() and (turn.role == "agent" or good_bot) for turn in exchange.said):
                    continue
                if end.state not in self._end_states:
                    self.badly_ended += 1
                elif self._facts.bad(dialogue, exchange.start, exchange.start + len(exchange.said)):
                    self.bad += 1
                elif exchange.flow and exchange.flow not in self._flows:
                    self.old_flow += 1
                else:
                    yield replace(exchange, end=end)
