"""The figures of a finished run on the JD conversations, on the fold of sessions that was kept out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kefu.intents.router import Router
from kefu.io import read_json, read_jsonl
from kefu.schema import Dialogue, Label
from kefu.store import read_dialogues

Truth = dict[tuple[str, int], str]


@dataclass(frozen=True)
class Day:
    """What ingest did with one day."""

    day: str
    counts: dict[str, object]


@dataclass(frozen=True)
class Share:
    """A share of something: how many of how many."""

    part: int
    whole: int

    @property
    def value(self) -> float:
        return self.part / self.whole if self.whole else float("nan")

    def __str__(self) -> str:
        return f"{self.value:.1%} ({self.part} of {self.whole})"


def days(store: Path) -> list[Day]:
    return [
        Day(path.parent.name.removeprefix("dt="), read_json(path))
        for path in sorted((store / "dialogues").glob("dt=*/partition.json"))
    ]


def router_accuracy(store: Path, truth: Truth, context_turns: int) -> tuple[Share, Share]:
    """Accuracy on all kept-out turns, and on the 80 % that the router is surest of."""
    router = Router.load(store / "router")
    judged: list[tuple[float, bool]] = []
    for dialogue in read_dialogues(store / "dialogues"):
        for index, turn in enumerate(dialogue.turns):
            intent = truth.get((dialogue.id, index))
            if intent is not None:
                context = dialogue.turns[max(0, index - context_turns) : index]
                best = router.predict(turn.text, context)[0]
                judged.append((best.confidence, best.intent == intent))
    judged.sort(reverse=True)
    surest = judged[: round(len(judged) * 0.8)]
    return Share(sum(ok for _, ok in judged), len(judged)), Share(sum(ok for _, ok in surest), len(surest))


def autolabel(store: Path, truth: Truth) -> tuple[Share, Share]:
    """Coverage and precision of accepted intent labels among the kept-out turns."""
    accepted = {
        (label.dialogue_id, label.turn): label.value
        for label in read_jsonl(store / "labels/accepted.jsonl", Label)
        if label.what == "intent" and (label.dialogue_id, label.turn) in truth
    }
    right = sum(truth[key] == value for key, value in accepted.items())  # type: ignore[index]
    return Share(len(accepted), len(truth)), Share(right, len(accepted))


def questions(dialogues: Iterable[Dialogue], truth: Truth, count: int) -> list[tuple[str, str]]:
    """(intent, text) of the first customer turn of kept-out sessions, one an intent."""
    found: dict[str, str] = {}
    for dialogue in dialogues:
        for index, turn in enumerate(dialogue.turns[:2]):
            intent = truth.get((dialogue.id, index))
            if turn.role == "customer" and intent and intent not in found and 6 <= len(turn.text) <= 60:
                found[intent] = turn.text
    return sorted(found.items())[:count]
