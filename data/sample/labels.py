"""The truth about the SAMPLE dialogues, and what reviewers (who err now and then) made of some of them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from data.sample.dialogue import SampleDialogue
from data.sample.spec import Rates
from kefu.schema import Label
from kefu.shop.taxonomy import Taxonomy

REVIEWER = "review:sample"


def _labels(dialogue: str, written: SampleDialogue, source: str, version: str) -> Iterator[Label]:
    for index, turn in enumerate(written.turns):
        for what, value in (("intent", turn.intent), *((f"slot:{name}", value) for name, value in turn.slots)):
            if value is not None:
                yield Label(
                    dialogue_id=dialogue,
                    turn=index,
                    what=what,
                    value=value,
                    source=source,
                    confidence=1.0,
                    version=version,
                )


def truth(dialogues: Sequence[tuple[str, SampleDialogue]], version: str) -> list[Label]:
    """Intent and slots of every customer turn. For measuring only: nothing may be trained on it."""
    return [label for name, written in dialogues for label in _labels(name, written, "truth:sample", version)]


def review_labels(
    dialogues: Sequence[tuple[str, SampleDialogue]], taxonomy: Taxonomy, rates: Rates, seed: str
) -> list[Label]:
    """Labels of a random share of the dialogues, with a reviewer's errors in the intents."""
    rng = random.Random(f"{seed}:review")
    chosen = [pair for pair in dialogues if rng.random() < rates.reviewed]
    labels = [x for name, written in chosen for x in _labels(name, written, REVIEWER, taxonomy.version)]
    return [_erring(label, taxonomy.names, rates.human_error, rng) for label in labels]


def _erring(label: Label, intents: list[str], rate: float, rng: random.Random) -> Label:
    if label.what != "intent" or rng.random() >= rate:
        return label
    return label.model_copy(update={"value": rng.choice([name for name in intents if name != label.value])})
