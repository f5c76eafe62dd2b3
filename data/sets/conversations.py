"""The SFT set: what a model has to say at each place where a good answer was given or written.

An example is the prompt as serving would have built it and the answer to learn (``data/sets/places.py``
says which are). Corrected answers always fit in: a person has thought about each of them. What such a
correction replaces is not taught anywhere else either, word for word.
"""

from __future__ import annotations

from collections.abc import Iterable

from data.sets.places import Place
from data.sets.prompts import Prompts
from data.sets.selection import newest_with_replay
from kefu.params import Build
from kefu.prompt import merged
from kefu.schema import Example, Split, Turn

Content = tuple[tuple[str, str], ...]


class Conversations:
    """Makes the examples of one run.

    Args:
        prompts: what the model is asked.
        params: see ``kefu.params.Build``.
    """

    def __init__(self, prompts: Prompts, params: Build) -> None:
        self._prompts, self._params = prompts, params

    def examples(self, learnable: Iterable[Place], corrected: Iterable[Place] = ()) -> list[Example]:
        """Distinct examples, at most ``max_sft`` for training and ``eval_share`` of that for evaluation."""
        corrections = list(corrected)
        wrong = {self._content(place, place.said) for place in corrections}
        replaced = {place.key for place in corrections}
        good = (p for p in learnable if p.key not in replaced and self._content(p, p.said) not in wrong)
        distinct = {self._content(place, place.answer): place for place in (*good, *corrections)}  # the newest
        limits: dict[Split, int] = {
            "train": self._params.max_sft,
            "eval": round(self._params.max_sft * self._params.eval_share),
        }
        sides = ((s, [p for p in distinct.values() if self._prompts.split(p) == s], n) for s, n in limits.items())
        return [self._example(place, split) for split, own, limit in sides for place in self._chosen(own, limit)]

    def _chosen(self, own: list[Place], limit: int) -> list[Place]:
        corrected = self._newest([place for place in own if place.corrected], limit)
        return corrected + self._newest([place for place in own if not place.corrected], limit - len(corrected))

    def _newest(self, places: list[Place], limit: int) -> list[Place]:
        params = self._params
        return newest_with_replay(
            places, lambda p: p.dialogue.day, lambda p: p.key, limit, params.replay_share, params.seed
        )

    def _content(self, place: Place, answer: tuple[Turn, ...]) -> Content:
        # Who of the shop said it makes no difference to what is learned.
        turns = (*self._prompts.history(place), *answer)
        return tuple(("customer" if turn.role == "customer" else "shop", turn.text) for turn in turns)

    def _example(self, place: Place, split: Split) -> Example:
        return Example(
            id=place.key,
            messages=(*self._prompts.messages(place), *merged(place.answer)),
            split=split,
            dialogue_id=place.dialogue.id,
            customer=place.dialogue.customer,
            intent=self._prompts.intent(place),
        )
