"""The SFT set of dialogues that are in memory."""

from __future__ import annotations

from collections.abc import Sequence

from data.sets.exchanges import Exchange, TrainableFilter, exchanges
from data.sets.params import Build
from data.sets.prompts import Prompts
from data.sets.sft import Conversations
from kefu.schema import Dialogue, Example


def conversations(
    dialogues: Sequence[Dialogue],
    trainable: TrainableFilter,
    prompts: Prompts,
    params: Build,
    corrected: Sequence[Exchange] = (),
) -> list[Example]:
    """As ``data.sets.builder`` makes it of a store."""
    made = Conversations(prompts, params, corrected)
    for number, dialogue in enumerate(dialogues):
        made.offer(number, trainable.keep([dialogue]))
    places = {(n, place.start): place for n, dialogue in enumerate(dialogues) for place in exchanges(dialogue)}
    return made.examples(made.select(), places)
