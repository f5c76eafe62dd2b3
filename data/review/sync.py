"""The review stage's one function: push what waits, pull what is finished, go on without a server.

A server that is down or refuses the key costs nothing but today's answers: the stage says so and uses
the labels that the repository has. What was finished meanwhile is pulled the next time.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.review import history
from data.review import labels as reviewed
from data.review.agreement import agreement, figures
from data.review.label_studio import annotations as answers
from data.review.label_studio.annotations import Answers
from data.review.label_studio.client import Studio, StudioUnavailable
from data.review.label_studio.slot_labels import PageSlots
from data.review.label_studio.tasks import Ask, studio_task
from data.review.labels import Reviews
from data.review.params import Review
from data.review.task_id import CANNOT_TELL, FIRST, GOLDEN, INTENT, key
from kefu.privacy.redact import Redactor
from kefu.schema import Dialogue, Label, ReviewTask, TurnKey
from kefu.shop.pack import Pack
from kefu.split import fraction

logger = logging.getLogger(__name__)
CHUNK = 200  # questions that the server is asked about at once


@dataclass(frozen=True)
class ReviewResult:
    """All labels by people, one a fact, what they agree on, and the figures of this run."""

    labels: list[Label]
    agreement: dict[str, Any]
    metrics: dict[str, float]


def open_asks(queue: Iterable[ReviewTask], reviews: Reviews, version: str, drawn: Mapping[TurnKey, bool]) -> list[Ask]:
    """What is to be asked: again where people disagree, then the queue in its order, golden tasks in their places.

    ``drawn``: turns that chance drew for the audit, and whether the machine's label was accepted.
    """
    asks = [
        Ask.again(verdict.votes[-1], round_) for verdict in reviews.verdicts.values() if (round_ := verdict.next_round)
    ]
    measured = {a.question for a in reviews.annotations if a.round == GOLDEN}
    for task in queue:
        if task.why == "golden":
            if key(task.dialogue_id, task.turn, version) not in measured:
                asks.append(Ask(task, GOLDEN, version))
        elif reviews.is_open(task.dialogue_id, task.turn, version):
            asks.append(Ask(task, FIRST, version, drawn.get(TurnKey(task.dialogue_id, task.turn))))
    return asks


def push(studio: Studio, asks: Sequence[Ask], dialogues: Iterable[Dialogue], pack: Pack, params: Review) -> int:
    """Pushes questions that the server does not have yet, until ``review.push_limit`` lie open; returns how many.

    ``dialogues`` is read once and may hold more than is needed. A share of the first questions is for two.
    """
    looked_at, new = _missing(studio, asks, max(0, params.push_limit - studio.open_tasks()))
    wanted = {ask.task.dialogue_id for ask in new}
    found = {dialogue.id: dialogue for dialogue in dialogues if dialogue.id in wanted} if wanted else {}
    if missing := wanted - found.keys():
        logger.warning(
            "%d dialogues to ask about are not in the store, e.g. %s: run the autolabel stage again",
            len(missing),
            sorted(missing)[0],
        )
    new = [ask for ask in new if ask.task.dialogue_id in found]
    slots = PageSlots(pack)
    made = [studio_task(a, found[a.task.dialogue_id], pack.taxonomy, slots, params.language) for a in new]
    studio.push(made)
    studio.ask_two([ask.key for ask in looked_at if _for_two(ask, params)])
    return len(new)


def _missing(studio: Studio, asks: Sequence[Ask], limit: int) -> tuple[Sequence[Ask], list[Ask]]:
    """The first ``limit`` questions that the server does not have, and all that had to be looked up for them."""
    new: list[Ask] = []
    end = 0
    while end < len(asks) and len(new) < limit:
        chunk = asks[end : end + CHUNK]
        existing = studio.existing_keys([ask.key for ask in chunk])
        new += [ask for ask in chunk if ask.key not in existing]
        end += len(chunk)
    return asks[:end], new[:limit]


def _for_two(ask: Ask, params: Review) -> bool:
    return ask.round == FIRST and fraction(ask.question, params.seed) < params.second_annotator_share


def pull(studio: Studio, pack: Pack, folder: Path) -> Answers:
    """What people finished or deleted since the last pull into ``folder``.

    Personal data that they typed is taken out.
    """
    redactor, before = Redactor(pack.shop.pii), history.read(folder)
    own = any(said.server == studio.name for said in before)
    if before and not own:
        logger.warning("Label Studio: nothing was pulled from this project yet; what was said in others is kept")
    changed = studio.changed_tasks(reviewed.since(folder, studio.name), answered=not own)
    pulled = answers.read(changed, studio.name, lambda text: redactor.redact(text, {}), PageSlots(pack).value_of)
    if gone := list(history.withdrawals(before, pulled, studio.name, studio.has_annotation)):
        logger.warning(
            "%d annotations were deleted in Label Studio: they no longer count, the history keeps them", len(gone)
        )
        pulled.annotations += gone
    return pulled


def sync(
    queue: Sequence[ReviewTask],
    dialogues: Iterable[Dialogue],
    folder: Path,
    pack: Pack,
    params: Review,
    drawn: Mapping[TurnKey, bool],
) -> ReviewResult:
    """Pulls what is finished, pushes what waits, and gives all labels by people.

    Args:
        dialogues: the dialogue store, read only when something is pushed.
        folder: ``store/reviewed``; read, never written (`kefu review pull` writes it).
        drawn: see ``open_asks``.
    """
    version = pack.taxonomy.version
    studio, pulled = _reached(folder, pack, params)
    reviews = reviewed.load_reviews(folder, version, pulled.annotations)
    asks = open_asks(queue, reviews, version, drawn)
    pushed = 0
    try:
        pushed = push(studio, asks, dialogues, pack, params) if studio else 0
    except StudioUnavailable as error:
        studio = None
        logger.warning("%s. What waits is pushed the next time", error)
    refused = reviews.refused + pulled.refused
    if refused:
        logger.warning(
            "%d labels refused: not of taxonomy version %r, or annotated with another Kefu", refused, version
        )
    measured = agreement(reviews)
    counts = {
        "reviewed": sum(label.what == INTENT for label in reviews.labels.values()),
        "waiting": sum(ask.round != GOLDEN for ask in asks),
        "pushed": pushed,
        "annotations": len(reviews.annotations),
        "cannot_tell": sum(verdict.intent == CANNOT_TELL for verdict in reviews.verdicts.values()),
        "refused": refused,
        "server": studio is not None,
    }
    metrics = {name: float(value) for name, value in counts.items()}
    return ReviewResult(list(reviews.labels.values()), measured, metrics | figures(measured))


def _reached(folder: Path, pack: Pack, params: Review) -> tuple[Studio | None, Answers]:
    """The server and what is new there; none and nothing when it is away."""
    try:
        studio = Studio.from_environment(params, pack)
        return studio, pull(studio, pack, folder) if studio else Answers()
    except StudioUnavailable as error:
        logger.warning("%s. Going on with the labels in %s", error, folder)
        return None, Answers()
