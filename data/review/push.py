"""From the queue to Label Studio: what is asked, what is new there, and which open tasks show an old proposal."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from data.review.label_studio.client import Studio
from data.review.label_studio.slot_labels import PageSlots
from data.review.label_studio.tasks import Ask, TaskMaker
from data.review.labels import Reviews
from data.review.params import Review
from data.review.task_id import FIRST, GOLDEN, PER_TASK, QUESTIONS, RESOLUTION, key, keys_of, question_key
from kefu.schema import Dialogue, ReviewTask, TurnKey
from kefu.shop.pack import Pack
from kefu.split import fraction

logger = logging.getLogger(__name__)
CHUNK = 200  # questions that the server is asked about at once


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
    """Refreshes open tasks, then pushes questions that are not there, until ``review.push_limit`` tasks lie open.

    ``dialogues`` is read once and may hold more than is needed. A share of the dialogues is for two people.
    """
    maker = TaskMaker(pack.taxonomy, PageSlots(pack), params)
    refreshed = _refresh(studio, asks, maker)
    looked_at, new = _missing(studio, asks, max(0, params.push_limit - studio.open_tasks()))
    wanted = {group[0].task.dialogue_id for group in new}
    found = {dialogue.id: dialogue for dialogue in dialogues if dialogue.id in wanted} if wanted else {}
    if missing := wanted - found.keys():
        logger.warning(
            "%d dialogues to ask about are not in the store, e.g. %s: run the autolabel stage again",
            len(missing),
            sorted(missing)[0],
        )
    new = [group for group in new if group[0].task.dialogue_id in found]
    studio.push([maker.task(group, found[group[0].task.dialogue_id]) for group in new])
    for_two = [ask for ask in looked_at if _for_two(ask, params)]
    studio.ask_two({ask.task.dialogue_id for ask in for_two}, {ask.key for ask in for_two})
    studio.show_tabs(_disputed(reviews))
    return Pushed(len(new), refreshed)


def _missing(studio: Studio, asks: Sequence[Ask], limit: int) -> tuple[Sequence[Ask], list[list[Ask]]]:
    """The first ``limit`` tasks of questions that the server does not have, and all that was looked up for them.

    A dialogue that is asked about brings its later questions along, wherever they stand: it is read once.
    """
    new: list[Ask] = []
    existing: set[str] = set()
    end = 0
    while end < len(asks) and len(by_task(new)) < limit:
        chunk = asks[end : end + CHUNK]
        existing |= studio.existing_keys({ask.task.dialogue_id for ask in chunk})
        new += [ask for ask in chunk if ask.key not in existing]
        end += len(chunk)
    opened = {_same_task(ask) for ask in new}
    along = [ask for ask in asks[end:] if _same_task(ask) in opened and ask.key not in existing]
    return [*asks[:end], *along], by_task([*new, *along])[:limit]


def _same_task(ask: Ask) -> tuple[str, str]:
    return ask.task.dialogue_id, ask.round


def by_task(asks: Iterable[Ask]) -> list[list[Ask]]:
    """Questions of one dialogue and round together, in the order of its turns, at most ``PER_TASK`` a task.

    A task stands where its dialogue came first. Rounds stay apart: golden questions and further opinions are for
    other people than the first ones.
    """
    together: dict[tuple[str, str], list[Ask]] = {}
    for ask in asks:
        together.setdefault(_same_task(ask), []).append(ask)
    ordered = (sorted(group, key=lambda ask: ask.task.turn) for group in together.values())
    return [group[start : start + PER_TASK] for group in ordered for start in range(0, len(group), PER_TASK)]


def _for_two(ask: Ask, params: Review) -> bool:
    """By dialogue, so that the share holds for tasks of several questions, too."""
    dialogue = f"{ask.task.dialogue_id}@{ask.version}"
    return ask.round == FIRST and fraction(dialogue, params.seed) < params.second_annotator_share


def _disputed(reviews: Reviews) -> list[str]:
    """Keys of the questions for which people chose different intents."""
    disputed = [verdict for verdict in reviews.verdicts.values() if len({vote.intent for vote in verdict.votes}) > 1]
    return sorted(question_key(verdict.votes[0].question, round_) for verdict in disputed for round_ in verdict.rounds)


def _refresh(studio: Studio, asks: Iterable[Ask], maker: TaskMaker) -> int:
    """Open tasks show what the machine says today; returns how many showed something else.

    A task that somebody has begun stays as they saw it, and so does one with a question that is no longer asked. One
    that a former Kefu pushed is removed, since its page is gone: its questions are pushed again.
    """
    by_key = {ask.key: ask for ask in asks}
    refreshed = 0
    for waiting in list(studio.waiting_tasks()):
        keys = keys_of(waiting.data)
        if waiting.begun:
            continue
        if not keys:
            studio.remove(waiting)
        elif by_key.keys() >= set(keys):
            texts = [asked["text"] for asked in waiting.data[QUESTIONS][: len(keys)]]
            data, prediction = maker.proposals([by_key[key] for key in keys], texts)
            if _meaning(waiting.data | data, prediction) != _meaning(waiting.data, waiting.prediction):
                studio.change(waiting, waiting.data | data, prediction)
                refreshed += 1
    return refreshed


def _meaning(data: Mapping[str, Any], prediction: Mapping[str, Any]) -> tuple[Any, ...]:
    """What is compared: the server adds fields of its own to each part of a result."""
    return data, prediction["score"], [(part["from_name"], part["value"]) for part in prediction["result"]]
