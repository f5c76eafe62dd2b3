"""Slot labels by rule (``kefu/shop/slots.py``), with a confidence that was measured.

A turn is searched for the slots that the flow of its intent collects, as serving does: the same words
that are a reason in a return are none elsewhere. Beside them any turn may tell the pack's entities
(``entities.py``); where both find the same value, the flow's slot names it. The confidence is
the share of extracted values that agreed with what people wrote down for the same slot of the same turn
and with the pack's hand-labelled turns (``rule_confidence.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from data.labeling.signals.entities import EntityFinder
from data.labeling.signals.rule_confidence import RuleConfidence
from kefu.schema import Dialogue, Label
from kefu.shop.flows import Flow, Slot
from kefu.shop.label_patterns import LabelPatterns
from kefu.shop.pack import Pack
from kefu.shop.slots import extract, language

SOURCE, PREFIX = "rule:slots", "slot:"


class SlotLabels:
    """Labels the slots of turns.

    Args:
        pack: its slots and flows.
        wordings: its entities.
        reviewed: labels by people; a slot that they filled is not labelled again.
        dialogues: those of the reviewed labels, by id.
    """

    def __init__(
        self, pack: Pack, wordings: LabelPatterns, reviewed: Iterable[Label], dialogues: Mapping[str, Dialogue]
    ) -> None:
        self._version = pack.taxonomy.version
        self._entities = EntityFinder(wordings.entities, pack.folder)
        self._of_intent = {intent: _collected(flow, pack.slots) for flow in pack.flows for intent in flow.intents}
        self._all = pack.slots
        self._known = {
            (label.dialogue_id, label.turn, label.what): label.value
            for label in reviewed
            if label.what.startswith(PREFIX)
        }
        right_of_seen = wordings.slots.right_of_seen if wordings.slots else {}
        self._confidence = RuleConfidence(right_of_seen, self._compared(dialogues))

    def labels_for(self, dialogue: Dialogue, index: int, intent: str) -> list[Label]:
        """The slot values that a turn of this intent tells, as labels."""
        return [
            Label(
                dialogue_id=dialogue.id,
                turn=index,
                what=PREFIX + name,
                value=value,
                source=SOURCE,
                confidence=self._confidence.get(name),
                version=self._version,
            )
            for name, value in self.values(dialogue.turns[index].text, intent).items()
            if (dialogue.id, index, PREFIX + name) not in self._known
        ]

    def values(self, text: str, intent: str) -> dict[str, str]:
        """Slot name → value: of the intent's flow, then entities whose value no slot of the flow has."""
        slots = self._of_intent.get(intent)
        found = extract(text, slots, language(text)) if slots else {}
        taken = set(found.values())
        more = {name: value for name, value in self._entities.find(text, intent).items() if value not in taken}
        return more | found

    def _compared(self, dialogues: Mapping[str, Dialogue]) -> Iterator[tuple[str, bool]]:
        """(slot, whether the rule agrees) wherever people filled a slot and the rule finds a value."""
        for (dialogue_id, turn, what), value in self._known.items():
            dialogue, name = dialogues.get(dialogue_id), what.removeprefix(PREFIX)
            if dialogue is None or turn is None or not 0 <= turn < len(dialogue.turns):
                continue
            text = dialogue.turns[turn].text
            said = (self._entities.find(text, "") | extract(text, self._all, language(text))).get(name)
            if said is not None:
                yield name, said == value


def _collected(flow: Flow, slots: Mapping[str, Slot]) -> dict[str, Slot]:
    return {step.collect: slots[step.collect] for step in flow.steps if step.collect}
