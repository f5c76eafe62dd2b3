"""What a sentence claims, as records."""

from __future__ import annotations

from dataclasses import dataclass

ARTICLE = "article"
NUMBER, COUNT = "number", "count"  # units of a number without a unit, and of one with a classifier


@dataclass(frozen=True, slots=True)
class Claim:
    """One fact that a sentence states.

    Attributes:
        kind: name in the registry ``KINDS``.
        unit: what the value is measured in; claims of different units are not compared.
        value: normalised; a range is (low, high), a single number (number, number).
        text: the words of the sentence.
        start: offset of ``text`` in the sentence.
        raw: the numbers as written, before units were converted; empty for other claims.
        written: the unit as written (week for 一周), or ``ARTICLE``: "a day" in "ten times a day", 一张.
    """

    kind: str
    unit: str
    value: tuple[float | str | None, ...]
    text: str
    start: int
    raw: tuple[float, ...] = ()
    written: str = ""

    @property
    def end(self) -> int:
        return self.start + len(self.text)
