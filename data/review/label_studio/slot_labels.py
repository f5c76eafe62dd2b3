"""Slots on the page: which there are, what the machine found of them in a turn, and what marked words mean.

A person marks words ("质量问题"), a label says a value ("quality"): the rules that label slots say what the
words mean, so that people's labels and the machine's can be compared. Words without a rule mean themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from data.labeling.signals.entities import EntityFinder
from kefu.shop.flows import Slot
from kefu.shop.label_patterns import load_label_patterns, matcher
from kefu.shop.pack import Pack
from kefu.shop.part import Text
from kefu.shop.slots import extract, language


class PageSlots:
    """The slots of a pack: those that its flows collect, and those that any turn may tell."""

    def __init__(self, pack: Pack) -> None:
        self._pack = pack
        self._entities = load_label_patterns(pack.folder).entities
        self._finder = EntityFinder(self._entities, pack.folder)

    @property
    def titles(self) -> dict[str, Text]:
        """Name → title of every slot, those of the flows first."""
        collected = {name: slot.title for name, slot in self._pack.slots.items()}
        return collected | {name: part.title for name, part in self._entities.items() if name not in collected}

    def value_of(self, name: str, words: str) -> str:
        """Returns the slot's value that marked words mean; the words themselves when they name none."""
        slots = {name: self._pack.slots[name]} if name in self._pack.slots else {}
        return (self._finder.find(words, "") | extract(words, slots, language(words))).get(name, words)

    def find_words(self, text: str, intent: str) -> dict[str, str]:
        """Name → words of the slots that the machine finds in a turn of this intent."""
        flow = self._pack.flow_for(intent)
        slots = {step.collect: self._pack.slots[step.collect] for step in flow.steps if step.collect} if flow else {}
        collected = extract(text, slots, language(text))
        said = {name: _words(value, _phrases(slots[name], value), text) for name, value in collected.items()}
        marked = {name: words for name, words in said.items() if words}
        for name, value in self._finder.find(text, intent).items():
            wording = matcher(self._entities[name].choices.get(value, {}))
            words = _words(value, (match[0] for match in wording.finditer(text)), text)
            if words and not any(words in others for others in marked.values()):
                marked[name] = words
        return marked


def _phrases(slot: Slot, value: str) -> list[str]:
    return [phrase for some in slot.choices.get(value, {}).values() for phrase in some]


def _words(value: str, phrases: Iterable[str], text: str) -> str | None:
    """The words that tell a value: itself, or the longest of its phrases."""
    said = [words for words in (value, *phrases) if words and re.search(re.escape(words), text, re.IGNORECASE)]
    return max(said, key=len, default=None)
