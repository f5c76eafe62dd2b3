"""All sets of a run from the store and its labels, in two passes, so that a store of any size fits in memory.

The first pass reads every dialogue, a chunk at a time, and remembers a few bytes of each place that may be
learned from; then it is decided what fits in; the second pass reads the chosen dialogues once more and makes
their examples. People's labels, the dialogues that they speak of, and the chosen examples are in memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from data.labeling.join import LabelledTurn, join_intents
from data.sets.corrections import Corrections
from data.sets.dialogue_outcomes import Facts
from data.sets.exchanges import Exchange, TrainableFilter, exchanges
from data.sets.from_pack.acts import acts_examples
from data.sets.from_pack.answers import pack_answers
from data.sets.params import Build
from data.sets.preferences import preference_examples
from data.sets.prompts import Prompts
from data.sets.reading.chunks import Chunk, Chunks
from data.sets.reading.label_columns import LeftOut
from data.sets.retrieval import Questions
from data.sets.router import MachineTurns, NumberedTurn, intent_examples, review_wins
from data.sets.sft import Conversations
from kefu.io import write_jsonl
from kefu.progress import progress
from kefu.schema import Example, IntentExample, Label, PreferenceExample, RetrievalExample
from kefu.shop.pack import Pack
from kefu.shop.slots import language
from kefu.store import dialogues_by_id


@dataclass(frozen=True)
class Sets:
    """What models learn from, and the figures of the stage.

    replay: older conversations that did not fit in; the champion may be asked them (``data/sets/replay.py``).
    """

    intents: list[IntentExample]
    conversations: list[Example]
    replay: list[Example]
    preferences: list[PreferenceExample]
    questions: list[RetrievalExample]
    figures: dict[str, float]

    def write(self, folder: Path) -> None:
        """Writes each set as one JSONL file."""
        write_jsonl(folder / "router.jsonl", self.intents)
        write_jsonl(folder / "sft.jsonl", self.conversations)
        write_jsonl(folder / "replay.jsonl", self.replay)
        write_jsonl(folder / "preferences.jsonl", self.preferences)
        write_jsonl(folder / "retrieval.jsonl", self.questions)


class Builder:
    """Makes the sets of one store.

    Args:
        store: folder of the partitions.
        accepted: the machine's intents; its name stands in the log.
        signals: the machine's other labels.
        reviewed: labels by people.

    Raises Missing when ingest has not run, BadRecord for a line that is not a label.
    """

    def __init__(
        self, store: Path, accepted: Path, signals: Path, reviewed: Sequence[Label], pack: Pack, params: Build
    ) -> None:
        self._pack, self._params = pack, params
        known = dialogues_by_id(store, (label.dialogue_id for label in reviewed))
        joined = join_intents(reviewed, known, pack.taxonomy.names)
        joined.warn("labels.jsonl")
        self._reviewed = {turn.key: turn for turn in joined.turns}
        self._people: dict[str, list[Label]] = {}
        for label in reviewed:
            self._people.setdefault(label.dialogue_id, []).append(label)
        self._chunks = Chunks(store, accepted, signals)
        self._log = accepted.name
        self._corrections = Corrections(reviewed, known, pack.redactor())
        self._corrected = {place.dialogue.id: 0 for place in self._corrections.exchanges}  # → number
        self._intents = {key: turn.label.value for key, turn in self._reviewed.items()}
        self._prompts = Prompts(pack, self._intents, params)

    def sets(self) -> Sets:
        """Reads the store twice and returns the sets: once to choose, once to write what was chosen."""
        conversations = Conversations(self._prompts, self._params, self._corrections.exchanges)
        turns, questions = MachineTurns(self._params), Questions(self._pack, self._params)
        left_out = self._look(conversations, turns, questions)
        params = self._params
        acts = acts_examples(self._pack, round(params.max_sft * params.acts_share), params.seed)
        answers = pack_answers(
            self._pack, self._prompts.nearest, round(params.max_sft * params.pack_answers_share), params.seed
        )
        picks, machine = conversations.select(len(acts) + len(answers)), turns.select()
        intents, places = self._look_again(
            machine, {(pick.number, pick.start) for pick in [*picks, *conversations.replay]}
        )
        examples = conversations.examples(picks, places)
        preferences, without = preference_examples(self._corrections.exchanges, self._prompts)
        listed = questions.examples()
        corrected = {place.key for place in self._corrections.exchanges} & {example.id for example in examples}
        figures = {
            **set_counts(intents, examples, listed, preferences),
            "sft.acts": len(acts),
            "sft.pack_answers": len(answers),
            "router.left_over": len(turns) - len(machine),
            "sft.left_over": conversations.left_over,
            "sft.corrected": len(corrected),
            **left_out,
            "sft.left_out_ungrounded": conversations.ungrounded,
            "corrections.refused": self._corrections.refused.total(),
            "preferences.refused": without.total(),
        }
        replay = conversations.examples(conversations.replay, places)
        figures["sft.replay"] = len(replay)
        return Sets(intents, [*examples, *acts, *answers], replay, preferences, listed, figures)

    def _look(self, conversations: Conversations, turns: MachineTurns, questions: Questions) -> Counter[str]:
        """The first pass: offers everything. Returns how many answers were left out, by reason."""
        flows, left_out = {flow.version for flow in self._pack.flows}, self._chunks.accepted.left_out
        answers = Counter({f"sft.left_out_{why}": 0 for why in ("quality", "end_state", "old_flow")})
        for chunk in self._shown("choosing examples", self._chunks.all(), len(self._chunks)):
            for number, turn in self._machine(chunk, left_out):
                turns.offer(number, turn)
            people = chain.from_iterable(self._people.get(dialogue.id, ()) for dialogue in chunk.dialogues.values())
            trainable = TrainableFilter(Facts(people, chunk.signals), self._params.end_states, flows)
            for number, dialogue in chunk.dialogues.items():
                conversations.offer(number, trainable.keep([dialogue]))
                if dialogue.id in self._corrected:
                    self._corrected[dialogue.id] = number
            questions.add(chunk.dialogues.values())
            answers["sft.left_out_quality"] += trainable.bad
            answers["sft.left_out_end_state"] += trainable.badly_ended
            answers["sft.left_out_old_flow"] += trainable.old_flow
        left_out.warn(self._log)
        return answers

    def _look_again(
        self, machine: set[NumberedTurn], wanted: set[NumberedTurn]
    ) -> tuple[list[IntentExample], dict[NumberedTurn, Exchange]]:
        """The second pass: the router's set, and the wanted exchanges. Learns the intents of what is asked there."""
        examples = intent_examples(self._reviewed.values(), self._params)
        places: dict[NumberedTurn, Exchange] = {}
        numbers = {number for number, _ in machine | wanted if number >= 0} | set(self._corrected.values())
        for chunk in self._shown("making examples", self._chunks.some(sorted(numbers)), len(numbers)):
            for number, turn in self._machine(chunk, LeftOut()):
                self._intents[turn.key] = turn.label.value
                if (number, turn.index) in machine:
                    examples += intent_examples([turn], self._params)
            for number, dialogue in chunk.dialogues.items():
                found = {(number, place.start): place for place in exchanges(dialogue)}
                places |= {at: found[at] for at in found.keys() & wanted}
        return sorted(examples, key=lambda example: (example.dialogue_id, example.turn)), places

    @staticmethod
    def _shown(what: str, chunks: Iterable[Chunk], dialogues: int) -> Iterator[Chunk]:
        """The chunks, with a bar for whoever watches."""
        with progress(what, dialogues) as tick:
            for chunk in chunks:
                yield chunk
                tick(len(chunk.dialogues))

    def _machine(self, chunk: Chunk, left_out: LeftOut) -> Iterator[tuple[int, LabelledTurn]]:
        """Turns that the machine labelled and people did not, with the numbers of their dialogues."""
        joined = join_intents(chunk.accepted, chunk.by_id, self._pack.taxonomy.names)
        left_out.join(joined)
        numbers = {dialogue.id: number for number, dialogue in chunk.dialogues.items()}
        for turn in review_wins((), joined.turns):
            if turn.key not in self._reviewed:
                yield numbers[turn.dialogue.id], turn


def set_counts(
    intents: Sequence[IntentExample],
    conversations: Sequence[Example],
    questions: Sequence[RetrievalExample],
    preferences: Sequence[PreferenceExample] = (),
) -> dict[str, float]:
    """``<set>.<side>`` and ``<set>.<side>.<lang>`` → how many."""
    counts: Counter[str] = Counter()
    for name, rows in (
        ("router", [(e.split, e.text) for e in intents]),
        ("sft", [(e.split, e.messages[-2].content) for e in conversations]),
        ("retrieval", [(e.split, e.question) for e in questions]),
        ("preferences", [(e.split, e.prompt[-1].content) for e in preferences]),
    ):
        for split, text in rows:
            counts.update((f"{name}.{split}", f"{name}.{split}.{language(text)}"))
    reviewed = sum(e.source.startswith("review:") for e in intents)
    return {**counts, "router.reviewed": reviewed, "preferences.pairs": len(preferences)}
