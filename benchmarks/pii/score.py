"""Recall and precision of spans.

A labelled value is found when the predicted spans, of whatever type, cover all its letters and digits:
half a phone number left over is a phone number told. A predicted span is right when it touches a labelled
one, and is not counted when it touches only what may be either. Strict counts ask for the same borders
and type.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from benchmarks.pii.items import Item

Span = tuple[int, int, str]


@dataclass
class Score:
    """Counts of expected (labelled) and predicted spans; ratios of nothing are 1."""

    expected: int = 0
    found: int = 0
    predicted: int = 0
    right: int = 0
    exact: int = 0

    @property
    def recall(self) -> float:
        """Share of labelled values that are covered whole."""
        return self.found / self.expected if self.expected else 1.0

    @property
    def precision(self) -> float:
        """Share of predicted spans that touch a labelled value."""
        return self.right / self.predicted if self.predicted else 1.0

    @property
    def strict(self) -> float:
        """F1 of spans with exact borders and type."""
        both = self.expected + self.predicted
        return 2 * self.exact / both if both else 1.0


@dataclass
class Scores:
    """Scores by language and type, ``all`` being every type, and what went wrong."""

    by: defaultdict[tuple[str, str], Score] = field(default_factory=lambda: defaultdict(Score))
    missed: list[tuple[Item, Span]] = field(default_factory=list)
    wrong: list[tuple[Item, Span]] = field(default_factory=list)

    def add(self, item: Item, predicted: Sequence[Span]) -> None:
        """Counts one text."""
        covered = bytearray(len(item.text))
        for start, end, _ in predicted:
            covered[start:end] = b"\1" * (end - start)
        for span in item.spans:
            start, end, kind = span
            whole = all(covered[i] for i in range(start, end) if item.text[i].isalnum())
            if not whole:
                self.missed.append((item, span))
            for score in self._of(item, kind):
                score.expected += 1
                score.found += whole
        labels = set(item.spans)
        for span in predicted:
            right = any(span[0] < end and start < span[1] for start, end, _ in item.spans)
            if not right and any(span[0] < end and start < span[1] for start, end in item.either):
                continue
            if not right:
                self.wrong.append((item, span))
            for score in self._of(item, span[2]):
                score.predicted += 1
                score.right += right
                score.exact += tuple(span) in labels

    def _of(self, item: Item, kind: str) -> Iterable[Score]:
        return (self.by[lang, which] for lang in (item.lang, "all") for which in (kind, "all"))


def score_set(items: Sequence[Item], predicted: Iterable[Sequence[Span]]) -> Scores:
    """The scores of a whole set."""
    scores = Scores()
    for item, spans in zip(items, predicted, strict=True):
        scores.add(item, spans)
    return scores
