"""From what several people said to one label: the majority of them decides, one vote a person.

Where two disagree there is no label until a further opinion (``task_id.OPINIONS``) makes a majority; when
all rounds are over without one, there will be none. Somebody who answers twice has changed their mind: the
newest counts. Golden rounds measure the reviewer and never decide (``agreement``).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from data.review.label_studio.annotations import Annotation
from data.review.task_id import ANSWER, CANNOT_TELL, GOLDEN, INTENT, OPINIONS, RESOLUTION
from kefu.schema import Label


@dataclass(frozen=True)
class Verdict:
    """What people say of one question: the newest of each, and the rounds that were answered."""

    votes: tuple[Annotation, ...]
    rounds: frozenset[str]

    @property
    def intent(self) -> str | None:
        """What most of them chose (an intent or CANNOT_TELL); None when there is no majority."""
        return majority([vote.intent for vote in self.votes if vote.intent])

    @property
    def next_round(self) -> str | None:
        """The round in which to ask again; None when it is decided, or was asked often enough."""
        left = [round_ for round_ in OPINIONS if round_ not in self.rounds]
        return left[0] if self.intent is None and left else None

    @property
    def without_label(self) -> bool:
        """Most of them cannot tell, or there is no majority."""
        return self.intent in (None, CANNOT_TELL)


def majority(values: Sequence[str]) -> str | None:
    """The value that more than half of them have."""
    value, count = Counter(values).most_common(1)[0]
    return value if 2 * count > len(values) else None


def standing(annotations: Iterable[Annotation]) -> list[Annotation]:
    """Each annotation as it stands now, without those that were skipped or withdrawn; oldest first."""
    newest = {(a.server, a.id, a.question): a for a in sorted(annotations, key=lambda a: a.time)}
    return sorted(
        (a for a in newest.values() if a.intent and not (a.skipped or a.withdrawn)),
        key=lambda a: (a.time, a.id, a.turn),
    )


def verdicts(annotations: Iterable[Annotation]) -> dict[str, Verdict]:
    """By key of the question, from standing annotations, oldest first."""
    said: defaultdict[str, list[Annotation]] = defaultdict(list)
    for annotation in annotations:
        if annotation.round != GOLDEN:
            said[annotation.question].append(annotation)
    return {question: Verdict(tuple(newest(all_)), frozenset(a.round for a in all_)) for question, all_ in said.items()}


def newest(annotations: Iterable[Annotation]) -> list[Annotation]:
    """The last annotation of each person."""
    return list({(a.server, a.who): a for a in annotations}.values())


def labels(verdicts: Iterable[Verdict]) -> Iterator[Label]:
    """The labels that follow: intents, slots and corrected answers of turns, resolutions of dialogues."""
    spoken: defaultdict[str, list[Annotation]] = defaultdict(list)
    for verdict in verdicts:
        yield from _of_turn(verdict)
        for vote in verdict.votes:
            if vote.resolved:
                spoken[vote.dialogue_id].append(vote)
    for votes in spoken.values():
        last = newest(sorted(votes, key=lambda vote: vote.time))
        if resolved := majority([vote.resolved for vote in last if vote.resolved]):
            yield _label([vote for vote in last if vote.resolved == resolved], None, RESOLUTION, resolved)


def _of_turn(verdict: Verdict) -> Iterator[Label]:
    if verdict.intent is None or verdict.intent == CANNOT_TELL:
        return
    agreed = [vote for vote in verdict.votes if vote.intent == verdict.intent]
    last = max(agreed, key=lambda vote: vote.time)
    yield _label(agreed, last.turn, INTENT, verdict.intent)
    for (turn, slot), value in {(span.turn, span.slot): span.value for span in last.slots}.items():
        yield _label([last], turn, f"slot:{slot}", value)
    if written := [vote for vote in agreed if vote.answer]:
        best = max(written, key=lambda vote: vote.time)
        yield _label([best], best.turn, ANSWER, best.answer or "")


def _label(votes: Sequence[Annotation], turn: int | None, what: str, value: str) -> Label:
    return Label(
        dialogue_id=votes[0].dialogue_id,
        turn=turn,
        what=what,
        value=value,
        source=f"review:{'+'.join(sorted({vote.who for vote in votes}))}",
        confidence=1.0,
        version=votes[0].version,
    )
