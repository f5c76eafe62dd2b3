"""What went in and where it went, for a day: every record goes exactly one way, or the stage stops."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field


class LostRecords(RuntimeError):
    """Records went in and came out nowhere: a defect of this code, never of the data."""


@dataclass
class Counts:
    """Records of a day (a dialogue, or a piece that could not be read as one), and of those kept, what is in them.

    Attributes:
        seen_before: kept dialogues whose session came on an earlier day too, with other turns.
        clock_backwards: kept dialogues in which a turn is older than one before it.
    """

    read: int = 0
    kept: int = 0
    duplicates: int = 0
    near_duplicates: int = 0
    forgotten: int = 0
    quarantined: int = 0
    turns: int = 0
    seen_before: int = 0
    clock_backwards: int = 0
    redacted: Counter[str] = field(default_factory=Counter)
    encodings: dict[str, str] = field(default_factory=dict)

    def check(self, where: str) -> None:
        """Raises LostRecords unless every record that was read has gone exactly one way."""
        ways = self.kept + self.duplicates + self.near_duplicates + self.forgotten + self.quarantined
        if self.read != ways:
            raise LostRecords(
                f"{where}: in ≠ out + duplicates + near-duplicates + forgotten + quarantined: {asdict(self)}"
            )


def count(redacted: Mapping[str, int]) -> Counter[str]:
    """Values replaced, by type, from how often each ``Row.redacted`` occurs."""
    total = Counter[str]()
    for kinds, times in redacted.items():
        for kind in kinds.split():
            total[kind] += times
    return total
