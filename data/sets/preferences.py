"""The preference set: what was said, and what a reviewer wrote instead, under the question that serving asks.

In the conversational form of TRL's DPO and ORPO trainers: ``load_dataset("json", …)`` and go. A
correction of nothing (nobody had answered) or that says the same teaches no preference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from data.sets.exchanges import Place
from data.sets.prompts import Prompts
from kefu.llm.prompt import merged
from kefu.schema import PreferenceExample


def preference_examples(corrected: Iterable[Place], prompts: Prompts) -> tuple[list[PreferenceExample], Counter[str]]:
    """The pairs, and why a correction gave none → how often."""
    pairs: list[PreferenceExample] = []
    refused: Counter[str] = Counter()
    for place in corrected:
        said, answer = ("\n".join(turn.text for turn in turns).split() for turns in (place.said, place.answer))
        if not said or said == answer:
            refused["identical" if said else "unanswered"] += 1
        else:
            pairs.append(_pair(place, prompts))
    return pairs, refused


def _pair(place: Place, prompts: Prompts) -> PreferenceExample:
    return PreferenceExample(
        id=place.key,
        prompt=tuple(prompts.messages(place)),
        chosen=tuple(merged(place.answer)),
        rejected=tuple(merged(place.said)),
        split=prompts.split(place),
        dialogue_id=place.dialogue.id,
        customer=place.dialogue.customer,
        intent=prompts.intent(place),
    )
