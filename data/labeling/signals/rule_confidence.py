"""How sure a rule's label is: as often as the rule was right where somebody looked.

The counts of hand-labelled conversations in the pack (``right_of_seen`` in ``labels/*.yaml``) and those of
labels by people add up; smoothed as by Laplace, a rule that nobody ever checked says 0.5. The promise of
``data/labeling/guarantee/acceptance.py`` does not hold for these labels: they are signals with a measured confidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping


class RuleConfidence:
    """Maps each rule to its confidence: how often it was right, of the times it was seen.

    Args:
        right_of_seen: times right and times seen, by rule.
        seen: further (rule, was it right).
    """

    def __init__(self, right_of_seen: Mapping[str, tuple[int, int]], seen: Iterable[tuple[str, bool]] = ()) -> None:
        self._right = {rule: right for rule, (right, _) in right_of_seen.items()}
        self._total = {rule: total for rule, (_, total) in right_of_seen.items()}
        for rule, right in seen:
            self._right[rule] = self._right.get(rule, 0) + right
            self._total[rule] = self._total.get(rule, 0) + 1

    def get(self, rule: str) -> float:
        """Share of right labels, smoothed; 0.5 for a rule that nobody checked."""
        return round((self._right.get(rule, 0) + 1) / (self._total.get(rule, 0) + 2), 6)
