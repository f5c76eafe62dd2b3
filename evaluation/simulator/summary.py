"""What many conversations say: success, pass^k, turns, wrong writes and misunderstandings, also by goal and habit.

pass^k is the chance that k customers with the same wish, in other words, are all served (tau-bench, arXiv 2406.12045).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import comb

from evaluation.simulator.play import Played, acts_read


@dataclass(frozen=True)
class Figures:
    """Shares in [0, 1]; wrong_writes counts conversations, misunderstandings are per 100 answers."""

    conversations: int
    success: float
    turns: float
    wrong_writes: int
    misunderstandings: float


def figures(played: Sequence[Played]) -> Figures:
    """Of at least one conversation."""
    answers = sum(len(p.turns) for p in played)
    return Figures(
        conversations=len(played),
        success=sum(p.success for p in played) / len(played),
        turns=answers / len(played),
        wrong_writes=sum(bool(p.wrong_writes) for p in played),
        misunderstandings=100 * sum(p.misunderstood for p in played) / answers,
    )


def pass_hat(played: Iterable[Played], k: int) -> float:
    """pass^k over the cases that were played at least k times."""
    trials: dict[int, list[bool]] = defaultdict(list)
    for one in played:
        trials[one.case.number].append(one.success)
    enough = [some for some in trials.values() if len(some) >= k]
    return sum(comb(sum(some), k) / comb(len(some), k) for some in enough) / len(enough) if enough else 0.0


def acts_share(played: Iterable[Played]) -> float:
    """Share of messages whose acts were read by their kinds, nothing more and nothing less."""
    read = [acts_read(said, reply) for one in played for said, reply in one.turns]
    return sum(read) / len(read)


def by_goal(played: Iterable[Played]) -> dict[str, list[Played]]:
    groups: dict[str, list[Played]] = defaultdict(list)
    for one in played:
        groups[one.case.goal].append(one)
    return dict(sorted(groups.items()))


def by_habit(played: Iterable[Played]) -> dict[str, list[Played]]:
    """A conversation is in the group of each of its habits; 'none' has those without."""
    groups: dict[str, list[Played]] = defaultdict(list)
    for one in played:
        for habit in one.case.habits or {"none"}:
            groups[habit].append(one)
    return dict(sorted(groups.items()))


def faults(played: Iterable[Played]) -> Counter[str]:
    """Conversations by kind of fault; one may have several."""
    return Counter(name for one in played for name in {name for name, _ in one.faults})
