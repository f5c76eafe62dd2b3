"""Labels beside intents and slots: how a customer sounds, how a dialogue ended, what its answers did wrong.

They come from the pack's wordings, each with the confidence that was measured for the rule that spoke
(``rule_confidence.py``). What people labelled is not labelled again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from data.labeling.signals.answer_quality import QualityRules
from data.labeling.signals.handover import HandoverRules
from data.labeling.signals.resolution import OutcomeRules
from data.labeling.signals.rule_confidence import RuleConfidence
from data.labeling.signals.sentiment import SentimentRules
from kefu.schema import Dialogue, Label
from kefu.shop.label_patterns import LabelPatterns, PatternPart
from kefu.shop.pack import Pack

Key = tuple[str, int | None, str]
SOURCE = "rule:"


class Signals:
    """Says what the pack's wordings say of a dialogue.

    Args:
        reviewed: labels by people: not labelled again, and measures of the rules.
        dialogues: those of the reviewed labels, by id.
    """

    def __init__(
        self, pack: Pack, wordings: LabelPatterns, reviewed: Iterable[Label], dialogues: Mapping[str, Dialogue]
    ) -> None:
        w = wordings
        self._version = pack.taxonomy.version
        self._sentiment = SentimentRules(w.sentiment) if w.sentiment else None
        self._outcome = OutcomeRules(w.outcome, self._sentiment) if w.outcome else None
        self._handover = HandoverRules(w.handover) if w.handover else None
        self._quality = QualityRules(w.quality, pack) if w.quality else None
        known: dict[Key, Label] = {(x.dialogue_id, x.turn, x.what): x for x in reviewed}
        right_of_seen = {
            f"{what}:{rule}": counts for what, part in _parts(w) for rule, counts in part.right_of_seen.items()
        }
        self._known = {key for key in known if key[2] not in ("intent",)}
        self._confidence = RuleConfidence(right_of_seen, self._compared(known, dialogues))

    def labels_for(self, dialogue: Dialogue, intents: Mapping[int, str]) -> Iterator[Label]:
        """Args: intents: what is known or proposed of the dialogue's customer turns, by turn."""
        for turn, what, value, rule in self._found(dialogue, intents):
            if (dialogue.id, turn, what) not in self._known:
                yield Label(
                    dialogue_id=dialogue.id,
                    turn=turn,
                    what=what,
                    value=value,
                    source=SOURCE + what.partition(":")[0],
                    confidence=self._confidence.get(rule),
                    version=self._version,
                )

    def _found(self, dialogue: Dialogue, intents: Mapping[int, str]) -> Iterator[tuple[int | None, str, str, str]]:
        """Turn, what, value and rule."""
        if self._sentiment:
            for index, turn in enumerate(dialogue.turns):
                if turn.role == "customer":
                    heard = self._sentiment.classify(turn.text)
                    yield index, "sentiment", heard.value, f"sentiment:{heard.rule}"
        handed = self._handover.classify(dialogue, intents) if self._handover else None
        if handed:
            yield None, "handover", handed.value, f"handover:{handed.rule}"
        if self._outcome:
            ended = self._outcome.classify(dialogue, handed.turn if handed else None)
            yield None, "resolved", ended.value, f"resolved:{ended.rule}"
        for problem in self._quality.problems(dialogue.turns) if self._quality else ():
            yield None, f"quality:{problem.problem}", "yes", f"quality:{problem.rule}"

    def _compared(self, known: Mapping[Key, Label], dialogues: Mapping[str, Dialogue]) -> Iterator[tuple[str, bool]]:
        """(rule, whether people said the same) wherever they labelled what a rule labels."""
        intents: dict[str, dict[int, str]] = {}
        for (dialogue_id, turn, what), label in known.items():
            if what == "intent" and turn is not None:
                intents.setdefault(dialogue_id, {})[turn] = label.value
        judged = {key[0] for key in known if key[2] == "sentiment" or key[1] is None}
        for dialogue_id in sorted(judged & dialogues.keys()):
            for turn, what, value, rule in self._found(dialogues[dialogue_id], intents.get(dialogue_id, {})):
                if (label_ := known.get((dialogue_id, turn, what))) is not None:
                    yield rule, label_.value == value


def _parts(wordings: LabelPatterns) -> Iterator[tuple[str, PatternPart]]:
    named = (
        ("sentiment", wordings.sentiment),
        ("resolved", wordings.outcome),
        ("handover", wordings.handover),
        ("quality", wordings.quality),
    )
    return ((what, part) for what, part in named if part is not None)
