"""Labelling rules of the pack: the intents that each votes for, as one more text field of the labeler.

So a rule's worth is learned from reviewed turns and calibrated with everything else: a bad rule costs little, a good
one helps where words are rare. A new rule is a file in the pack's ``rules/``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from kefu.intents.views import labeler_view
from kefu.schema import Turn
from kefu.shop.taxonomy import Rule

FIELD = "rules"
WEIGHT = 0.3  # length of the votes' vector, beside 1.0 of the turn's own words


def votes(rules: Sequence[Rule], view: Mapping[str, str]) -> str:
    """The intents that rules vote for, given the labeler's view of a turn; one word each."""
    return " ".join(rule.intent for rule in rules if _matches(rule, view))


def view_with_rules(rules: Sequence[Rule], turns: Sequence[Turn], index: int, context_turns: int) -> dict[str, str]:
    """The labeler's fields of ``turns[index]``, and the rules' votes beside them."""
    view = labeler_view(turns, index, context_turns)
    return view | {FIELD: votes(rules, view)}


def run_with_rules(
    rules: Sequence[Rule], turns: Sequence[Turn], context_turns: int
) -> tuple[list[int], list[dict[str, str]]]:
    """Where the customer speaks, and the labeler's view of each of these turns."""
    places = [index for index, turn in enumerate(turns) if turn.role == "customer"]
    return places, [view_with_rules(rules, turns, index, context_turns) for index in places]


def _matches(rule: Rule, view: Mapping[str, str]) -> bool:
    wanted = ((rule.text, view["text"]), (rule.before, view["previous"]), (rule.after, view["answer"]))
    return all(re.search(pattern, text, re.IGNORECASE) for pattern, text in wanted if pattern is not None)
