"""From the queue to Label Studio: what is asked, what is new there, and which open tasks show an old proposal."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from data.review.label_studio.annotations import proposed
from data.review.label_studio.client import OpenQuestion, Studio
from data.review.label_studio.slot_labels import PageSlots
from data.review.label_studio.tasks import Ask, TaskMaker
from data.review.labels import Reviews
from data.review.params import Review
from data.review.task_id import FIRST, GOLDEN, INTENTS, RESOLUTION, SCHEMA, key, task_key
from kefu.schema import Dialogue, ReviewTask, TurnKey
from kefu.shop.pack import Pack
from kefu.split import fraction

logger = logging.getLogger(__name__)
CHUNK = 200  # questions that the server is asked about at once
Shown = tuple[dict[str, Any], dict[str, Any]]  # data of a task, and score and result of its prediction


class Pushed(NamedTuple):
    """How many tasks were new, and how many open ones got a newer proposal."""

    new: int = 0
    refreshed: int = 0


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
    return list(_asking_resolution_once(asks, reviews))


def _asking_resolution_once(asks: Iterable[Ask], reviews: Reviews) -> Iterator[Ask]:
    """Only the first question of a dialogue asks whether its problem was solved, and none when that is known.

    Golden ones always do: what they are told about a dialogue counts for nothing.
    """
    asked = {dialogue_id for dialogue_id, _, what in reviews.labels if what == RESOLUTION}
    for ask in asks:
        if ask.round == GOLDEN:
            yield ask
        else:
            yield replace(ask, asks_resolution=ask.task.dialogue_id not in asked)
            asked.add(ask.task.dialogue_id)


def push(
    studio: Studio, asks: Sequence[Ask], reviews: Reviews, dialogues: Iterable[Dialogue], pack: Pack, params: Review
) -> Pushed:
    """Refreshes open tasks, then pushes questions that are not there, until ``review.push_limit`` lie open.

    ``dialogues`` is read once and may hold more than is needed. A share of the first questions is for two.
    """
    maker = TaskMaker(pack.taxonomy, PageSlots(pack), params)
    refreshed = _refresh(studio, asks, maker)
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
    studio.push([maker.task(ask, found[ask.task.dialogue_id]) for ask in new])
    studio.ask_two([ask.key for ask in looked_at if _for_two(ask, params)])
    studio.show_tabs(_disputed(reviews))
    return Pushed(len(new), refreshed)


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


def _disputed(reviews: Reviews) -> list[str]:
    """Keys of the tasks on which people chose different intents."""
    disputed = [verdict for verdict in reviews.verdicts.values() if len({vote.intent for vote in verdict.votes}) > 1]
    return sorted(task_key(verdict.votes[0].question, round_) for verdict in disputed for round_ in verdict.rounds)


def _refresh(studio: Studio, asks: Iterable[Ask], maker: TaskMaker) -> int:
    """Open tasks show what the machine says today; returns how many showed something else.

    A task that somebody has begun stays as they saw it, and so does one that is no longer asked for.
    """
    by_key = {ask.key: ask for ask in asks}
    refreshed = 0
    for question in list(studio.open_questions()):
        ask = by_key.get(question.data.get("key", ""))
        wanted = _without_choices(question, maker) if ask is None or question.begun else _today(question, ask, maker)
        if wanted is not None and _meaning(*wanted) != _meaning(question.data, question.prediction):
            studio.change(question, *wanted)
            refreshed += 1
    return refreshed


def _today(question: OpenQuestion, ask: Ask, maker: TaskMaker) -> Shown:
    data, prediction = maker.proposal(ask, question.data["question"])
    return question.data | data, prediction


def _without_choices(question: OpenQuestion, maker: TaskMaker) -> Shown | None:
    """The same proposal for a task that a former Kefu pushed without choices: its page cannot be answered else."""
    data = question.data
    said = proposed(data, question.prediction)
    if data.get("schema") != SCHEMA or INTENTS in data or said["proposal"] is None:
        return None
    task = ReviewTask(dialogue_id=data["dialogue_id"], turn=data["turn"], why="unsure", **said)
    filled, prediction = maker.proposal(Ask(task, FIRST, data["version"]), data["question"])
    return filled | data, prediction  # the mark stays


def _meaning(data: Mapping[str, Any], prediction: Mapping[str, Any]) -> tuple[Any, ...]:
    """What is compared: the server adds fields of its own to each part of a result."""
    return data, prediction["score"], [(part["from_name"], part["value"]) for part in prediction["result"]]
