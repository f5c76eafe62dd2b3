"""Values that any customer turn may tell, by the pack's ``labels/slots.yaml``.

Beside flows' slots (``kefu/shop/slots.py``), which serving acts on: these are for statistics, search and
training. Redacted values are their placeholders; a product is its key in the pack's table, or a common
noun where several products could be meant; sums and times stay as written. Several values of one kind: the
longest name, the first of several as long, else the first pattern that matches. Negation ("not the red
one") is not understood; beyond 2,000 characters of a turn only placeholders are found.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from pathlib import Path

from kefu.shop.label_patterns import Entity, Names, matcher
from kefu.text.placeholders import PLACEHOLDER

LONGEST = 2000  # characters of a turn that are searched: patterns of numbers take time by a number's length squared


class _Finder:
    """One entity, compiled: placeholder, then names and choices, then patterns."""

    def __init__(self, entity: Entity, folder: Path) -> None:
        self.intents = frozenset(entity.intents)
        self.pii = entity.pii
        self._names = _names(entity.names, folder) if entity.names else {}
        longest_first = sorted(self._names, key=lambda name: (-len(name), name))
        self._name = matcher({"zh": tuple(re.escape(name) for name in longest_first)})
        self._choices = [(value, matcher(wording)) for value, wording in entity.choices.items()]
        self._pattern = matcher(entity.patterns)

    def value(self, text: str) -> str | None:
        """Returns the slot's value in a text without placeholders; None when there is none."""
        if (name := self._name.search(text)) and (key := self._names.get(name[0].casefold())):
            return key  # a regex takes ı for i, as casefold does not: such a name is passed over
        found = [(-len(m[0]), m.start(), value) for value, words in self._choices if (m := words.search(text))]
        if found:
            return min(found)[2]
        match = self._pattern.search(text)
        return match[0].strip() if match else None


class EntityFinder:
    """Finds the entities of a turn.

    Args:
        entities: name → entity.
        folder: the pack's, for tables of names.
    """

    def __init__(self, entities: Mapping[str, Entity], folder: Path) -> None:
        finders = {name: _Finder(entity, folder) for name, entity in entities.items()}
        self._by_type = {finder.pii: name for name, finder in finders.items() if finder.pii}
        self._others = [(name, finder) for name, finder in finders.items() if not finder.pii]

    def find(self, text: str, intent: str) -> dict[str, str]:
        """Name → value in one redacted turn of this intent."""
        placeholders = {m[1]: m[0] for m in PLACEHOLDER.finditer(text)}  # the last of a type corrects the others
        found = {self._by_type[kind]: value for kind, value in placeholders.items() if kind in self._by_type}
        plain = PLACEHOLDER.sub("\n", text)[:LONGEST]
        for name, finder in self._others:
            if (not finder.intents or intent in finder.intents) and (value := finder.value(plain)):
                found[name] = value
        return found


def _names(names: Names, folder: Path) -> dict[str, str]:
    """Casefolded name → key, for every row of the table."""
    with (folder / names.file).open(encoding="utf8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {row[column].casefold(): row[names.key] for row in rows for column in names.columns.values()}
