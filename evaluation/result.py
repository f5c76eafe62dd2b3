"""What a suite gives back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from evaluation.bootstrap import Sample
from kefu.schema import Prediction, SpokenTurn


@dataclass(frozen=True)
class Table:
    """Points of a plot, as DVC and the report draw it."""

    header: Sequence[str]
    rows: Sequence[Sequence[object]]


@dataclass
class Result:
    """One suite, one model.

    samples: metrics that are means, item by item (they are compared by bootstrap).
    figures: metrics that only exist over all items.
    conversations: by name, of a suite that holds some.
    """

    samples: dict[str, Sample]
    predictions: list[Prediction]
    figures: dict[str, float] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)
    conversations: dict[str, list[SpokenTurn]] = field(default_factory=dict)

    @property
    def metrics(self) -> dict[str, float]:
        means = {name: sample.mean for name, sample in self.samples.items()}
        return dict(sorted((means | self.figures).items()))
