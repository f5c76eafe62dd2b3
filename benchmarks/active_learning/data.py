"""The sets that the queue is measured on, as dialogues with a truth: JD (zh, real sessions), Banking77 (en).

Both are read where they lie. JD's masked lines are taken as they are: what ingest would do to them changes no label.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.jddc.workspace import SOURCE, truth
from kefu.paths import ROOT
from kefu.schema import Dialogue, Turn, TurnKey
from kefu.shop.taxonomy import Rule, load_rules


@dataclass(frozen=True)
class Set:
    """Dialogues by id, the intent of each annotated turn, the labelling rules of its pack, and how it is measured.

    start, step, stop: labels to begin with (random), a round, and in the end.
    copies: near-duplicates that a dialogue stands for.
    traffic: what a turn counts in the traffic-weighted accuracy; 1 where it is not named.
    """

    name: str
    dialogues: dict[str, Dialogue]
    truth: dict[TurnKey, str]
    rules: Sequence[Rule]
    start: int
    step: int
    stop: int
    copies: dict[str, int] = field(default_factory=dict)
    traffic: dict[TurnKey, float] = field(default_factory=dict)


def jd(data: Path) -> Set:
    """JD's sessions with their annotated intents."""
    dialogues: dict[str, Dialogue] = {}
    for chat in sorted(data.glob("dt=*/chat.tsv")):
        day, sessions = chat.parent.name.removeprefix("dt="), dict[str, list[list[str]]]()
        for line in chat.read_text(encoding="utf8").splitlines():
            cells = line.split("\t", 6)
            sessions.setdefault(cells[0], []).append(cells)
        for session, rows in sessions.items():
            turns = tuple(_turn(row[2] == "1", row[6]) for row in rows)
            name = f"{SOURCE}:{day}:{session}"
            dialogues[name] = _dialogue(name, day, rows[0][1], turns)
    labelled = {TurnKey(d, t): intent for d, t, intent in truth(data)}
    return Set("JD", dialogues, labelled, load_rules(ROOT / "shop"), start=200, step=100, stop=1500)


def banking(data: Path) -> Set:
    """Banking77's questions, each a dialogue of one turn."""
    dialogues, labelled = dict[str, Dialogue](), dict[TurnKey, str]()
    with (data / "train.csv").open(encoding="utf8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file)):
            name = f"banking77:{number:05d}"
            dialogues[name] = _dialogue(name, "2020-01-01", name, (_turn(False, row["text"]),))
            labelled[TurnKey(name, 0)] = row["category"]
    return Set("Banking77", dialogues, labelled, (), start=500, step=100, stop=1800)


def _turn(agent: bool, text: str) -> Turn:
    return Turn(role="agent" if agent else "customer", text="" if text == "nan" else text, time=None)


def _dialogue(name: str, day: str, customer: str, turns: tuple[Turn, ...]) -> Dialogue:
    return Dialogue(
        id=name, source=SOURCE, channel="jddc", day=day, customer=customer, turns=turns, outcome="unknown", csat=None
    )
