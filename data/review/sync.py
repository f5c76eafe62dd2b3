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
from data.review.params import Review
from data.review.push import Pushed, open_asks, push
from data.review.task_id import CANNOT_TELL, GOLDEN, INTENT
from kefu.schema import Dialogue, Label, ReviewTask, TurnKey
from kefu.shop.pack import Pack

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ReviewResult:
    """All labels by people, one a fact, what they agree on, and the figures of this run."""

    labels: list[Label]
    agreement: dict[str, Any]
    metrics: dict[str, float]


def pull(studio: Studio, pack: Pack, folder: Path) -> Answers:
    """What people finished or deleted since the last pull into ``folder``.

    Personal data that they typed is taken out.
    """
    redactor, before = pack.redactor(), history.read(folder)
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
    pushed = Pushed()
    try:
        pushed = push(studio, asks, reviews, dialogues, pack, params) if studio else pushed
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
        "pushed": pushed.new,
        "refreshed": pushed.refreshed,
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
