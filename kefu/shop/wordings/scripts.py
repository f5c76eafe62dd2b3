"""What scripted customers want and say: the pack's ``simulator/goals.yaml`` and ``simulator/wordings.yaml``.

Each wording belongs to one half by its hash: readers may learn from ``learn``, only ``measure`` measures them. A list
of fewer than four wordings is in both halves, as it holds values (an address), not ways to say something.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from kefu.shop.part import Lang, PackError, Part, Phrases, read_part
from kefu.split import Side, simulated_side

FEWEST = 4  # wordings from which a list is split


class GoalCall(Part):
    """A tool call that the goal leaves behind. args: argument → column or slot; free: slots kept in own words."""

    tool: str
    args: dict[str, str]
    free: tuple[str, ...] = ()


class Goal(Part):
    """One wish of a customer; flow, query or person says what serves it."""

    flow: str | None = None
    query: str | None = None
    person: bool = False
    draw: str = Field(description="SQL over the shop's database: customer_id, then what the wordings and calls name")
    values: dict[str, tuple[str, ...]] = Field({}, description="slot → values to draw from")
    calls: tuple[GoalCall, ...] = ()
    told: tuple[str, ...] = Field((), description="Jinja2 over the row: what the answers must hold")
    says_one: Phrases = Field({}, description="words of which the answers must hold one")
    shown: tuple[str, ...] = Field((), description="what a confirmation must show before the customer says yes")
    confirm: Literal["yes", "no"] = "yes"
    say: Phrases


class Wordings(Part):
    acts: dict[str, Phrases]
    frames: dict[str, Phrases]
    values: dict[str, dict[str, Phrases]]
    faq: dict[str, Phrases]


class Scripts:
    """Goals and wordings of one pack, of one half.

    Raises:
        PackError: a goal without wordings on a side, or whose values have no words.
    """

    def __init__(self, pack_folder: Path, side: Side) -> None:
        folder = pack_folder / "simulator"
        self.side = side
        self.goals = read_part(folder / "goals.yaml", dict[str, Goal])
        self._words = read_part(folder / "wordings.yaml", Wordings)
        for name, goal in self.goals.items():
            for lang in ("zh", "en"):
                if not of_side(goal.say.get(lang, ()), side):
                    raise PackError(f"{folder / 'goals.yaml'}: {name}: no {lang} wording on the side {side}: add some")

    def openings(self, goal: str, lang: Lang) -> list[str]:
        return of_side(self.goals[goal].say[lang], self.side)

    def act(self, name: str, lang: Lang) -> list[str]:
        return of_side(self._words.acts[name][lang], self.side)

    def has_act(self, name: str) -> bool:
        return name in self._words.acts

    def frame(self, slot: str, lang: Lang) -> list[str]:
        return of_side(self._words.frames.get(slot, self._words.frames["default"])[lang], self.side)

    def value(self, slot: str, value: str, lang: Lang) -> list[str]:
        """Words for a slot's value, all when its side has none; the value itself when the pack has no words for it."""
        words = self._words.values.get(slot, {}).get(value)
        return (of_side(words[lang], self.side) or list(words[lang])) if words else [value]

    def questions(self, entry: str, lang: Lang) -> list[str]:
        return of_side(self._words.faq[entry][lang], self.side)

    def entries(self, lang: Lang) -> list[str]:
        """Ids of the FAQ entries that this side has questions for."""
        return sorted(entry for entry in self._words.faq if self.questions(entry, lang))


def of_side(wordings: Sequence[str], side: Side) -> list[str]:
    """The wordings of a side, in their order."""
    if len(wordings) < FEWEST:
        return list(wordings)
    return [text for text in wordings if simulated_side(text) == side]
