"""Held-out questions of a month that never change once they are written: what a later model may have forgotten.

The held-out side of ``store/sets`` moves with the days, so a model that unlearns last month is never asked about it.
``kefu day`` freezes each month once, before the loop starts: ``store/frozen/<month>.<hash of the content>/`` holds
``answers.jsonl`` (Example) and ``turns.jsonl`` (IntentExample). A folder whose content is not its name is refused. The
loop never writes there, and ``build`` refuses a split that would teach one of these customers. ``kefu forget`` alone
takes lines out, and gives the folder the name of what is left.

Not covered: the same words said by another customer, which training may hold ('seen' in the reports).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluation.params import Evaluate
from kefu.errors import Unusable
from kefu.io import check_content_name, content_named_dir, read_jsonl, write_jsonl
from kefu.schema import Example, IntentExample
from kefu.split import fraction, sample_by_customer, split_of

ANSWERS, TURNS = "answers.jsonl", "turns.jsonl"
SUITE = "frozen_"
_MONTH = slice(0, len("YYYY-MM"))


@dataclass(frozen=True)
class FrozenSet:
    """The frozen questions of one month (YYYY-MM)."""

    month: str
    answers: list[Example]
    turns: list[IntentExample]

    @property
    def suite(self) -> str:
        """Its name in reports and in the gate."""
        return f"{SUITE}{self.month}"

    @property
    def customers(self) -> set[str]:
        return {e.customer for e in self.answers} | {e.customer for e in self.turns}


def read_frozen(folder: Path) -> list[FrozenSet]:
    """The frozen sets of a store, oldest month first.

    Raises:
        BadRecord: one is not what was frozen.
        Unusable: a month has two, which an interrupted `kefu forget` leaves.
    """
    found: dict[str, FrozenSet] = {}
    for path in _folders(folder):
        check_content_name(path)
        month = path.name[_MONTH]
        if month in found:
            raise Unusable(f"{folder}: two frozen sets of {month}: `kefu forget` was interrupted: run it again")
        answers = list(read_jsonl(path / ANSWERS, Example))
        found[month] = FrozenSet(month, answers, list(read_jsonl(path / TURNS, IntentExample)))
    return list(found.values())


def freeze_months(sets: Path, folder: Path, params: Evaluate) -> list[str]:
    """Freezes the months of ``sets`` that are not frozen yet, and returns them.

    A month is frozen when it has ``frozen_answers`` held-out answers, or when a later month has begun.

    Args:
        sets: folder of sft.jsonl and router.jsonl; when they are missing there is nothing to freeze.
    """
    if not (sets / "sft.jsonl").exists():
        return []
    answers = [e for e in read_jsonl(sets / "sft.jsonl", Example) if e.split == "eval"]
    turns = [e for e in read_jsonl(sets / "router.jsonl", IntentExample) if e.split == "eval"]
    frozen = {path.name[_MONTH] for path in _folders(folder)}
    months = sorted({month_of(e) for e in answers} - frozen)
    latest = max((month_of(e) for e in answers), default="")
    done = []
    for month in months:
        own = [e for e in answers if month_of(e) == month]
        if month < latest or len(own) >= params.frozen_answers:
            with content_named_dir(folder, month, private=True) as new:
                write_jsonl(new / ANSWERS, sample_by_customer(own, params.frozen_answers, params.seed))
                write_jsonl(new / TURNS, _sample_turns([e for e in turns if month_of(e) == month], params))
            done.append(month)
    return done


def check_held_out(frozen: Iterable[FrozenSet], eval_share: float, seed: int) -> None:
    """Raises Unusable when a split would put a customer of a frozen set on the training side."""
    for one in frozen:
        if taught := sum(split_of(name, eval_share, seed) == "train" for name in one.customers):
            raise Unusable(
                f"build.eval_share, build.seed: {taught} customers of the frozen set of {one.month} would be trained "
                "on, and it would no longer tell what was forgotten: put the old values back, or remove its folder "
                "from store/frozen"
            )


def month_of(example: Example | IntentExample) -> str:
    """YYYY-MM of the day that stands in a dialogue's id (``<source>:<day>:<session>``)."""
    return example.dialogue_id.split(":")[1][_MONTH]


def _sample_turns(turns: Sequence[IntentExample], params: Evaluate) -> list[IntentExample]:
    drawn = sorted(turns, key=lambda e: fraction(f"{e.dialogue_id}#{e.turn}", params.seed))
    return drawn[: params.frozen_turns]


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("????-??.*") if path.is_dir())
