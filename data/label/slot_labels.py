"""Slot labels by rule (``kefu/slots.py``), with a confidence that was measured.

A turn is searched for the slots that the flow of its intent collects, as serving does: the same words
that are a reason in a return are none elsewhere. The confidence is the share of extracted values that
agreed with what people wrote down for the same slot of the same turn, smoothed as by Laplace, so that a
rule that was never checked says 0.5.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kefu.pack import Flow, Pack, Slot
from kefu.schema import Dialogue, Label
from kefu.slots import extract, language

SOURCE, PREFIX = "rule:slots", "slot:"


class SlotLabels:
    """Labels the slots of turns.

    Args:
        pack: its slots and flows.
        reviewed: labels by people; a slot that they filled is not labelled again.
        dialogues: by id.
        version: of the taxonomy.
    """

    def __init__(self, pack: Pack, reviewed: Iterable[Label], dialogues: Mapping[str, Dialogue], version: str) -> None:
        self._version = version
        self._of_intent = {intent: _collected(flow, pack.slots) for flow in pack.flows for intent in flow.intents}
        self._all = pack.slots
        self._known = {
            (label.dialogue_id, label.turn, label.what): label.value
            for label in reviewed
            if label.what.startswith(PREFIX)
        }
        self._confidence = self._measured(dialogues)

    def of(self, dialogue: Dialogue, index: int, intent: str) -> list[Label]:
        """The slot values that a turn of this intent tells, as labels."""
        return [
            Label(
                dialogue_id=dialogue.id,
                turn=index,
                what=PREFIX + name,
                value=value,
                source=SOURCE,
                confidence=self._confidence.get(name, 0.5),
                version=self._version,
            )
            for name, value in self._extracted(dialogue, index, self._of_intent.get(intent, {})).items()
            if (dialogue.id, index, PREFIX + name) not in self._known
        ]

    def _extracted(self, dialogue: Dialogue, index: int, slots: Mapping[str, Slot]) -> dict[str, str]:
        text = dialogue.turns[index].text
        return extract(text, slots, language(text))

    def _measured(self, dialogues: Mapping[str, Dialogue]) -> dict[str, float]:
        right: dict[str, int] = {}
        total: dict[str, int] = {}
        for (dialogue_id, turn, what), value in self._known.items():
            dialogue, name = dialogues.get(dialogue_id), what.removeprefix(PREFIX)
            if dialogue is None or turn is None or not 0 <= turn < len(dialogue.turns):
                continue
            said = self._extracted(dialogue, turn, self._all).get(name)
            if said is not None:
                total[name] = total.get(name, 0) + 1
                right[name] = right.get(name, 0) + (said == value)
        return {name: round((right[name] + 1) / (total[name] + 2), 6) for name in total}


def _collected(flow: Flow, slots: Mapping[str, Slot]) -> dict[str, Slot]:
    return {step.collect: slots[step.collect] for step in flow.steps if step.collect}
