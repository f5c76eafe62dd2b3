"""The review stage's one function: push what waits, pull what is finished, go on without a server.

A server that is down or refuses the key costs nothing but today's answers: the stage says so and uses
the labels that the repository has. What was finished meanwhile is pulled the next time.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from data.review import answers, reviewed
from data.review.answers import Answers
from data.review.interface import key, studio_task
from data.review.studio import Studio, StudioUnavailable
from kefu.pack import Taxonomy
from kefu.params import Review
from kefu.schema import Dialogue, Label, ReviewTask

log = logging.getLogger("kefu.review")


@dataclass(frozen=True)
class Reviewed:
    """All labels by people, one a fact, and the figures of this run."""

    labels: list[Label]
    metrics: dict[str, float]


def open_tasks(queue: Iterable[ReviewTask], known: reviewed.Known, version: str) -> list[ReviewTask]:
    """Tasks of the queue that nobody answered yet, in the queue's order."""
    return [
        task
        for task in queue
        if (task.dialogue_id, task.turn, "intent") not in known.labels and key(task, version) not in known.undecided
    ]


def push(
    studio: Studio, tasks: Sequence[ReviewTask], dialogues: Iterable[Dialogue], taxonomy: Taxonomy, limit: int
) -> int:
    """Pushes at most ``limit`` tasks that the server does not have yet; returns how many.

    ``dialogues`` is read once and may hold more than is needed.
    """
    there = studio.keys()
    new = [task for task in tasks if key(task, taxonomy.version) not in there][:limit]
    wanted = {task.dialogue_id for task in new}
    found = {dialogue.id: dialogue for dialogue in dialogues if dialogue.id in wanted} if wanted else {}
    if missing := wanted - found.keys():
        raise ValueError(f"review queue: no such dialogue: {sorted(missing)[0]}; run the autolabel stage again")
    return studio.push([studio_task(task, found[task.dialogue_id], taxonomy) for task in new])


def pull(studio: Studio, taxonomy: Taxonomy, since: str | None) -> Answers:
    """What people finished at or after ``since``."""
    return answers.read(studio.changed(since), taxonomy)


def sync(
    queue: Sequence[ReviewTask], dialogues: Iterable[Dialogue], folder: Path, taxonomy: Taxonomy, params: Review
) -> Reviewed:
    """Pushes the queue, pulls what is finished, and gives all labels by people.

    Args:
        dialogues: the dialogue store, read only when something is pushed.
        folder: ``data/reviewed``; read, never written (`kefu review pull` writes it).
    """
    known = reviewed.known(folder, taxonomy.version)
    waiting = open_tasks(queue, known, taxonomy.version)
    pulled, pushed, up = Answers(), 0, 0.0
    try:
        if studio := Studio.from_environment(params, taxonomy):
            pulled = pull(studio, taxonomy, reviewed.since(folder, studio.name))
            waiting = [task for task in waiting if key(task, taxonomy.version) not in pulled.decided]
            pushed, up = push(studio, waiting, dialogues, taxonomy, params.push_limit), 1.0
    except StudioUnavailable as error:
        log.warning("%s. Going on with the labels in %s", error, folder)
    labels = reviewed.combined(known, pulled)
    metrics = {
        "reviewed": len(labels),
        "waiting": len(waiting),
        "pushed": pushed,
        "pulled": len(pulled.labels),
        "cannot_tell": len(known.undecided | pulled.undecided),
        "refused": known.refused + pulled.refused,
        "server": up,
    }
    return Reviewed(labels, {name: float(value) for name, value in metrics.items()})
