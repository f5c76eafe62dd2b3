"""The preference set: what was said, and what a reviewer wrote instead, under the question that serving asks.

In the conversational form of TRL's DPO and ORPO trainers: ``load_dataset("json", …)`` and go. A
correction of nothing (nobody had answered) or that says the same teaches no preference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from data.sets.exchanges import Exchange
from data.sets.prompts import Prompts
from kefu.llm.prompt import merged
from kefu.schema import PreferenceExample


def preference_examples(
    corrected: Iterable[Exchange], prompts: Prompts
) -> tuple[list[PreferenceExample], Counter[str]]:
    """The pairs, and why a correction gave none → how often."""
    pairs: list[PreferenceExample] = []
    refused: Counter[str] = Counter()
    for exchange in corrected:
        said, answer = ("\n".join(turn.text for turn in turns).split() for turns in (exchange.said, exchange.answer))
        if not said or said == answer:
            refused["identical" if said else "unanswered"] += 1
        else:
            pairs.append(_pair(exchange, prompts))
    return pairs, refused


def _pair(exchange: Exchange, prompts: Prompts) -> PreferenceExample:
    return PreferenceExample(
        id=exchange.key,
        prompt=tuple(prompts.messages(exchange)),
        chosen=tuple(merged(exchange.answer)),
        rejected=tuple(merged(exchange.said)),
        split=prompts.split(exchange),
        dialogue_id=exchange.dialogue.id,
        customer=exchange.dialogue.customer,
        intent=prompts.intent(exchange),
    )
