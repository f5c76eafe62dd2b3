"""Slot labels by rule (``kefu/slots.py``), with a confidence that was measured.

The confidence is the share of extracted values that agreed with what people wrote down for the same
slot of the same turn, smoothed as by Laplace, so that a rule that was never checked says 0.5.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kefu.pack import Slot
from kefu.schema import Dialogue, Label
from kefu.slots import extract, language

SOURCE, PREFIX = "rule:slots", "slot:"


class SlotLabels:
    """Labels the slots of turns.

    Args:
        slots: the pack's.
        reviewed: labels by people; a slot that they filled is not labelled again.
        dialogues: by id.
        version: of the taxonomy.
    """

    def __init__(
        self, slots: Mapping[str, Slot], reviewed: Iterable[Label], dialogues: Mapping[str, Dialogue], version: str
    ) -> None:
        self._slots, self._version = slots, version
        self._known = {
            (label.dialogue_id, label.turn, label.what): label.value
            for label in reviewed
            if label.what.startswith(PREFIX)
        }
        self._confidence = self._measured(dialogues)

    def of(self, dialogue: Dialogue, index: int) -> list[Label]:
        """The slot values that a turn tells, as labels."""
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
            for name, value in self._extracted(dialogue, index).items()
            if (dialogue.id, index, PREFIX + name) not in self._known
        ]

    def _extracted(self, dialogue: Dialogue, index: int) -> dict[str, str]:
        text = dialogue.turns[index].text
        return extract(text, self._slots, language(text))

    def _measured(self, dialogues: Mapping[str, Dialogue]) -> dict[str, float]:
        right: dict[str, int] = {}
        total: dict[str, int] = {}
        for (dialogue_id, turn, what), value in self._known.items():
            dialogue, name = dialogues.get(dialogue_id), what.removeprefix(PREFIX)
            if dialogue is None or turn is None or not 0 <= turn < len(dialogue.turns):
                continue
            said = self._extracted(dialogue, turn).get(name)
            if said is not None:
                total[name] = total.get(name, 0) + 1
                right[name] = right.get(name, 0) + (said == value)
        return {name: round((right[name] + 1) / (total[name] + 2), 6) for name in total}
