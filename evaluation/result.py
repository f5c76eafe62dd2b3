"""What a suite gives back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from evaluation.bootstrap import Sample
from kefu.schema import Prediction, SpokenTurn
from kefu.shop.part import Text

FAULTS = {
    "ends": Text(zh="结束时查询", en="at the end, the query"),
    "is": Text(zh="答复的", en="the reply's"),
    "asks_model": Text(zh="应当问模型", en="has to ask a model"),
    "asks_no_model": Text(zh="不该问模型", en="must not ask a model"),
    "says": Text(zh="没有说", en="does not say"),
    "says_not": Text(zh="不该说", en="must not say"),
}


class Fault(NamedTuple):
    """What is not as a golden conversation expects.

    Attributes:
        kind: one of FAULTS.
        what: the field, the words or the query.
        want: the value that is expected; empty where ``what`` says it.
        got: what is there instead.
    """

    kind: str
    what: str
    want: str
    got: str

    @property
    def title(self) -> Text:
        return FAULTS[self.kind]

    def __str__(self) -> str:
        want = f" is not {self.want!r}" if self.want else ""
        return f"{self.title.en} {self.what!r}{want} but {self.got!r}"


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
    conversations, faults, titles: by name, of a suite that holds conversations; faults of each turn, then of the end.
    """

    samples: dict[str, Sample]
    predictions: list[Prediction]
    figures: dict[str, float] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)
    conversations: dict[str, list[SpokenTurn]] = field(default_factory=dict)
    faults: dict[str, list[list[Fault]]] = field(default_factory=dict)
    titles: dict[str, Text] = field(default_factory=dict)

    @property
    def metrics(self) -> dict[str, float]:
        means = {name: sample.mean for name, sample in self.samples.items()}
        return dict(sorted((means | self.figures).items()))
