"""The router's set: customer turns with their intent, and what came before them.

People's word wins over the machine's. Whoever is held out is evaluated on what people said only: a
machine's label there would measure agreement with the machine, so it is left out on both sides.
"""

from __future__ import annotations

from collections.abc import Iterable

from data.label.turns import LabelledTurn
from kefu.params import Build
from kefu.schema import IntentExample
from kefu.split import split_of


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
