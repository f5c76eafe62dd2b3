"""The SFT set: what a model has to say in each exchange with a good answer, given or corrected.

An example is the prompt as serving would have built it, the answer to learn (``data/sets/exchanges.py``
says which are), and the proof of it. Corrected answers always fit in: a person has thought about each of them.
What such a correction replaces is not taught anywhere else either, word for word. All exchanges are offered
once, of which only 31 bytes each are remembered; the exchanges that were chosen are given once more.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from data.sets.dialogue_outcomes import ENDS, End
from data.sets.exchanges import Exchange
from data.sets.params import Build
from data.sets.prompts import Prompts
from data.sets.selection import Candidates, Rows
from kefu.llm.prompt import merged
from kefu.schema import Example, Proof, Split, Turn
from kefu.split import fraction


@dataclass(frozen=True)
class Pick:
    """A chosen exchange: number of its dialogue and first turn of the answer; a correction's number is negative."""

    number: int
    start: int
    split: Split
    end: End = ENDS[-1]


class Conversations:
    """Chooses exchanges and makes their examples.

    Args:
        prompts: what the model is asked.
        params: see ``data.sets.params.Build``.
        corrected: exchanges with a reviewer's answer.

    Attributes:
        left_over: distinct exchanges for which there was no room.
        replay: of those, at most ``max_replay`` to train on, of days before the newest of the set; no correction.
        ungrounded: chosen exchanges that were left out, because nothing supports what the answer claims.
    """

    def __init__(self, prompts: Prompts, params: Build, corrected: Sequence[Exchange] = ()) -> None:
        self._prompts, self._params, self._corrected = prompts, params, corrected
        self._wrong = {self._content(exchange, exchange.said) for exchange in corrected}
        self._replaced = {exchange.key for exchange in corrected}
        self.left_over = self.ungrounded = 0
        self.replay: list[Pick] = []
        self._candidates, self._contents, self._held_out = Candidates(), array("Q"), array("B")
        self._ends = array("B")  # places in ENDS

    def offer(self, number: int, exchanges: Iterable[Exchange]) -> None:
        """Trainable exchanges of the dialogue ``number``; dialogues come oldest first."""
        for exchange in exchanges:
            if exchange.key not in self._replaced and self._content(exchange, exchange.said) not in self._wrong:
                self._add(number, exchange)

    def _add(self, number: int, exchange: Exchange) -> None:
        draw = fraction(exchange.key, self._params.seed)
        self._candidates.add(exchange.dialogue.day, draw, number, exchange.start)
        self._contents.append(self._content(exchange, exchange.answer))
        self._held_out.append(self._prompts.split(exchange) == "eval")
        self._ends.append(ENDS.index(exchange.end))

    def select(self, other: int = 0) -> list[Pick]:
        """At most ``max_sft`` distinct exchanges for training and ``eval_share`` of that for evaluation. Once only.

        Args:
            other: rows of other kinds that take the place of as many exchanges in training.
        """
        first = len(self._candidates)
        for number, exchange in enumerate(self._corrected, -len(self._corrected)):
            self._add(number, exchange)
        rows = _distinct(np.array(self._contents, np.uint64))
        held_out = np.array(self._held_out, bool)[rows]
        self._contents = array("Q")
        limit = self._params.max_sft
        train = self._choose(rows[~held_out], first, limit - other)
        held = self._choose(rows[held_out], first, round(limit * self._params.eval_share))
        self.left_over = len(rows) - len(train) - len(held)
        without_room = np.setdiff1d(rows[~held_out & (rows < first)], train)
        older = self._candidates.of_earlier_days(without_room, train, self._params.max_replay)
        self.replay = self._picks(older, "train")
        return [*self._picks(train, "train"), *self._picks(held, "eval")]

    def _choose(self, rows: Rows, corrections: int, limit: int) -> Rows:
        share, newest = self._params.replay_share, self._candidates.newest
        corrected = newest(rows[rows >= corrections], limit, share)
        return np.concatenate([corrected, newest(rows[rows < corrections], limit - len(corrected), share)])

    def _picks(self, rows: Rows, split: Split) -> list[Pick]:
        places = zip(self._candidates.places(rows), rows.tolist(), strict=True)
        return [Pick(number, start, split, ENDS[self._ends[row]]) for (number, start), row in places]

    def examples(self, picks: Iterable[Pick], exchanges: Mapping[tuple[int, int], Exchange]) -> list[Example]:
        """Examples of the chosen exchanges, in their order; without those that are left out as not ``grounded``.

        Args:
            exchanges: by number and start, without corrections.
        """
        made = [self._example(self._place(pick, exchanges), pick) for pick in picks]
        kept = [example for example in made if example.split == "eval" or _is_proven(example)]
        self.ungrounded += len(made) - len(kept)
        return kept

    def _place(self, pick: Pick, exchanges: Mapping[tuple[int, int], Exchange]) -> Exchange:
        return self._corrected[pick.number] if pick.number < 0 else exchanges[pick.number, pick.start]

    def _content(self, exchange: Exchange, answer: tuple[Turn, ...]) -> int:
        """64 bits for the question and an answer. Who of the shop said it makes no difference to what is learned."""
        turns = (*self._prompts.history(exchange), *answer)
        said = "\0".join(f"{'customer' if turn.role == 'customer' else 'shop'} {turn.text}" for turn in turns)
        return int.from_bytes(blake2b(said.encode(), digest_size=8).digest(), "little")

    def _example(self, exchange: Exchange, pick: Pick) -> Example:
        return Example(
            id=exchange.key,
            messages=(*self._prompts.messages(exchange), *merged(exchange.answer)),
            split=pick.split,
            dialogue_id=exchange.dialogue.id,
            customer=exchange.dialogue.customer,
            intent=self._prompts.intent(exchange),
            proof=self._proof(exchange, pick.end),
        )

    def _proof(self, exchange: Exchange, end: End) -> Proof:
        by_people = all(turn.role == "agent" for turn in exchange.answer)
        return Proof(
            answered_by="reviewer" if exchange.corrected else "agent" if by_people else "bot",
            end_state=end.state,
            end_state_by=end.by,
            unsupported=self._prompts.unsupported(exchange) if self._params.grounded else None,
            flow=exchange.flow,
        )


def _is_proven(example: Example) -> bool:
    """Whether nothing was found against an answer; a reviewer has thought about theirs, and may know more."""
    proof = example.proof
    return proof is None or proof.answered_by == "reviewer" or not proof.unsupported


def _distinct(contents: np.ndarray) -> Rows:
    """Of rows with one content the newest, where the first one was. Rows are in order of time."""
    order = np.argsort(contents, kind="stable")
    ends = np.append(contents[order[1:]] != contents[order[:-1]], True)[: len(order)]
    last = np.flatnonzero(ends)
    first = np.concatenate([[0], last[:-1] + 1])[: len(last)]
    return order[last][np.argsort(order[first], kind="stable")]
