"""The router's set: customer turns with their intent, and what came before them.

People's word wins over the machine's. Whoever is held out is evaluated on what people said only: a
machine's label there would measure agreement with the machine, so it is left out on both sides. What
people said always fits in; of the machine's labels ``max_router`` do.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from data.labeling.join import LabelledTurn
from data.sets.params import Build
from data.sets.selection import Candidates
from kefu.schema import IntentExample
from kefu.split import fraction, split_of

NumberedTurn = tuple[int, int]  # number of the dialogue, turn


class MachineTurns:
    """Chooses among the turns that the machine labelled and people did not. Of each 20 bytes are remembered."""

    def __init__(self, params: Build) -> None:
        self._params, self._candidates = params, Candidates()

    def offer(self, number: int, labelled: LabelledTurn) -> None:
        """A labelled turn of the dialogue ``number``; one of a held-out customer is passed over."""
        dialogue, params = labelled.dialogue, self._params
        if split_of(dialogue.customer, params.eval_share, params.seed) == "train":
            draw = fraction(f"router:{dialogue.id}#{labelled.index}", params.seed)
            self._candidates.add(dialogue.day, draw, number, labelled.index)

    def __len__(self) -> int:
        return len(self._candidates)

    def select(self) -> set[NumberedTurn]:
        """At most ``max_router``, newest days first, with ``replay_share`` of older ones."""
        every, params = np.arange(len(self._candidates)), self._params
        return set(self._candidates.places(self._candidates.newest(every, params.max_router, params.replay_share)))


def review_wins(reviewed: Iterable[LabelledTurn], accepted: Iterable[LabelledTurn]) -> list[LabelledTurn]:
    """One label a turn, in the order of dialogue and turn."""
    best = {(turn.dialogue.id, turn.index): turn for turn in accepted}
    best |= {(turn.dialogue.id, turn.index): turn for turn in reviewed}
    return [best[place] for place in sorted(best)]


def intent_examples(turns: Iterable[LabelledTurn], params: Build) -> list[IntentExample]:
    """The examples of both sides; machine labels of held-out customers are left out."""
    examples = (_example(turn, params) for turn in turns)
    return [e for e in examples if e.split == "train" or e.source.startswith("review:")]


def _example(labelled: LabelledTurn, params: Build) -> IntentExample:
    dialogue, index, label = labelled.dialogue, labelled.index, labelled.label
    return IntentExample(
        dialogue_id=dialogue.id,
        turn=index,
        customer=dialogue.customer,
        text=labelled.turn.text,
        context=dialogue.turns[max(0, index - params.context_turns) : index],
        intent=label.value,
        source=label.source,
        confidence=label.confidence,
        split=split_of(dialogue.customer, params.eval_share, params.seed),
    )
