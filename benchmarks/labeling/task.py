"""What is to be labelled: turns to learn from, turns kept out, and the pack that names the intents.

JD: the kept-out fold of ``benchmarks.jddc`` (or another one), whole sessions. Banking77: a fifth of each
intent's questions, drawn by a hash; its pack is written here and is a taxonomy of 77 names, nothing else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from benchmarks.active_learning.data import Set
from benchmarks.jddc.workspace import FOLDS, SEED
from data.labeling.join import LabelledTurn, join_intents
from kefu.schema import Dialogue, Label
from kefu.shop.taxonomy import Intent, Rule, load_taxonomy
from kefu.shop.wordings.examples import PackExamples, load_pack_examples
from kefu.split import fold_of, fraction


@dataclass(frozen=True)
class Task:
    """rules, phrases, intents: the pack's. train, test: sorted by dialogue and turn, no dialogue in both."""

    name: str
    rules: Sequence[Rule]
    phrases: PackExamples
    intents: Sequence[Intent]
    train: list[LabelledTurn]
    test: list[LabelledTurn]

    @property
    def unlabelled(self) -> list[tuple[Dialogue, int]]:
        """Customer turns of the training dialogues that nobody labelled."""
        said = {(turn.dialogue.id, turn.index) for turn in self.train}
        dialogues = {turn.dialogue.id: turn.dialogue for turn in self.train}.values()
        spoken = ((d, i) for d in dialogues for i, turn in enumerate(d.turns) if turn.role == "customer")
        return [(d, i) for d, i in spoken if (d.id, i) not in said]


def of_jd(data: Set, pack: Path, fold: int) -> Task:
    """Sessions of one fold are kept out."""
    out = {name for name in data.dialogues if fold_of(name, FOLDS, SEED) == fold}
    return _task(f"JD, fold {fold} kept out", data, pack, out)


def of_banking(data: Set, folder: Path) -> Task:
    """``folder`` receives the pack."""
    by_intent: dict[str, list[str]] = defaultdict(list)
    for (name, _), intent in data.truth.items():
        by_intent[intent].append(name)
    intents = [_intent(name) for name in sorted(by_intent)]
    (folder / "taxonomy.yaml").write_text(yaml.safe_dump({"version": "1", "intents": intents}), encoding="utf8")
    out: set[str] = set()
    for names in by_intent.values():
        out.update(sorted(names, key=lambda name: fraction(name, SEED))[: round(len(names) / FOLDS)])
    return _task("Banking77, a fifth kept out", data, folder, out)


def _intent(name: str) -> dict[str, object]:
    words = name.replace("_", " ").strip("?").capitalize()
    both = {"en": words, "zh": words}
    return {"name": name, "title": both, "definition": dict(both), "examples": {"en": [words]}}


def _task(name: str, data: Set, pack: Path, out: set[str]) -> Task:
    taxonomy = load_taxonomy(pack)
    labels = [_label(place, intent, taxonomy.version) for place, intent in data.truth.items()]
    turns = join_intents(labels, data.dialogues, taxonomy.names).turns
    train, test = ([t for t in turns if (t.dialogue.id in out) == side] for side in (False, True))
    return Task(name, data.rules, load_pack_examples(pack), taxonomy.intents, train, test)


def _label(place: tuple[str, int], intent: str, version: str) -> Label:
    return Label(
        dialogue_id=place[0],
        turn=place[1],
        what="intent",
        value=intent,
        source="review:truth",
        confidence=1,
        version=version,
    )
