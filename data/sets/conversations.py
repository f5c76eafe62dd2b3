"""The SFT set: what a model has to say at each point where a good answer was given.

An example is the prompt as serving would have built it (``kefu/prompt.py``, with the knowledge that is
nearest to the question) and the answer that people of the shop gave. What Kefu itself said is only
learned from when the problem was solved and the customer content: a model fed on its own mistakes
gets worse (model collapse: Shumailov et al. 2024, Nature 631:755).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from data.sets.nearest import NearestKnowledge
from data.sets.selection import newest_with_replay
from kefu.pack import Pack
from kefu.params import Build
from kefu.prompt import answer_messages, merged
from kefu.schema import Dialogue, Example, Split, Turn
from kefu.slots import language
from kefu.split import split_of

CONTENT = 4  # csat from which Kefu's own answers are worth learning
UNLABELLED = "unlabelled"


class Conversations:
    """Makes the examples of one run.

    Args:
        pack: prompts and knowledge.
        intents: (dialogue id, turn) → intent, as far as known.
        params: see ``kefu.params.Build``.
    """

    def __init__(self, pack: Pack, intents: Mapping[tuple[str, int], str], params: Build) -> None:
        self._pack, self._intents, self._params = pack, intents, params
        self._nearest = NearestKnowledge(pack)

    def examples(self, dialogues: Iterable[Dialogue]) -> list[Example]:
        """Distinct examples, at most ``max_sft`` for training and ``eval_share`` of that for evaluation."""
        places = [(dialogue, *span) for dialogue in dialogues for span in answers(dialogue)]
        limits: dict[Split, int] = {
            "train": self._params.max_sft,
            "eval": round(self._params.max_sft * self._params.eval_share),
        }
        return [example for split, limit in limits.items() for example in self._side(places, split, limit)]

    def _side(self, places: list[tuple[Dialogue, int, int]], split: Split, limit: int) -> list[Example]:
        params = self._params
        own = [p for p in places if split_of(p[0].customer, params.eval_share, params.seed) == split]
        distinct = {self._content(*place): place for place in own}  # of equal ones the newest
        chosen = newest_with_replay(
            list(distinct.values()),
            lambda place: place[0].day,
            lambda place: f"{place[0].id}#{place[1]}",
            limit,
            params.replay_share,
            params.seed,
        )
        return [self._example(*place, split) for place in chosen]

    def _history(self, dialogue: Dialogue, start: int) -> tuple[Turn, ...]:
        return dialogue.turns[max(0, start - self._params.context_turns) : start]

    def _content(self, dialogue: Dialogue, start: int, end: int) -> tuple[tuple[str, str], ...]:
        turns = (*self._history(dialogue, start), *dialogue.turns[start:end])
        return tuple((turn.role, turn.text) for turn in turns)

    def _example(self, dialogue: Dialogue, start: int, end: int, split: Split) -> Example:
        history = self._history(dialogue, start)
        question = history[-1].text
        lang = language(question)
        knowledge = self._nearest.find(question, lang)
        prompt = answer_messages(self._pack, lang, knowledge, history)
        return Example(
            id=f"{dialogue.id}#{start}",
            messages=(*prompt, *merged(dialogue.turns[start:end])),
            split=split,
            dialogue_id=dialogue.id,
            customer=dialogue.customer,
            intent=self._intents.get((dialogue.id, start - 1), UNLABELLED),
        )


def answers(dialogue: Dialogue) -> Iterator[tuple[int, int]]:
    """Spans [start, end) of turns that answer a customer and are worth learning."""
    good_bot = dialogue.outcome == "resolved" and (dialogue.csat or 0) >= CONTENT
    start = 0
    for index, turn in enumerate(dialogue.turns):
        if turn.role == "customer":
            start = index + 1
            continue
        last = index + 1 == len(dialogue.turns) or dialogue.turns[index + 1].role == "customer"
        said = dialogue.turns[start : index + 1]
        if last and start and all(t.text.strip() and (t.role == "agent" or good_bot) for t in said):
            yield start, index + 1
