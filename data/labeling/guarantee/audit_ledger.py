"""What the machine had said of audited turns before people answered, kept beside the reviews (see audit.py)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from pydantic import Field

from data.labeling.proposal import Proposal
from kefu.io import private_dir, read_jsonl, write_jsonl
from kefu.schema import Record, TurnKey

AUDITED, LEDGER = "audited.jsonl", "audit/ledger.jsonl"


class AuditEntry(Record):
    """What the machine said of a drawn turn before anybody looked, and whether that was accepted."""

    dialogue_id: str
    turn: int
    day: str
    predicted: str
    confidence: float
    accepted: bool
    version: str = Field(description="of the taxonomy: an intent of another one is neither right nor wrong")

    @property
    def key(self) -> TurnKey:
        return TurnKey(self.dialogue_id, self.turn)

    @classmethod
    def from_proposal(cls, proposal: Proposal, accepted: bool, version: str) -> AuditEntry:
        return cls(
            dialogue_id=proposal.dialogue_id,
            turn=proposal.index,
            day=proposal.day,
            predicted=proposal.intent,
            confidence=proposal.confidence,
            accepted=accepted,
            version=version,
        )


def load_ledger(reviewed: Path, version: str) -> list[AuditEntry]:
    """The rows of one taxonomy version."""
    return [row for row in _rows(reviewed / LEDGER) if row.version == version]


def _rows(path: Path) -> list[AuditEntry]:
    return list(read_jsonl(path, AuditEntry)) if path.exists() else []


def drawn_turns(labels: Path, version: str) -> dict[TurnKey, bool]:
    """The turns that chance drew, and whether the machine's label of each was accepted."""
    return {row.key: row.accepted for row in _rows(labels / AUDITED) if row.version == version}


def remember(
    labels: Path, reviewed: Path, answered: Collection[tuple[str, int]], shown: Iterable[AuditEntry] = ()
) -> int:
    """Adds what the machine said of the drawn turns that are answered now; returns how many are new.

    Args:
        labels: folder with ``audited.jsonl``; it may be missing.
        shown: what the tasks themselves tell of answered turns; it goes before what the file says.
    """
    old = _rows(reviewed / LEDGER)
    known = {(row.dialogue_id, row.turn, row.version) for row in old}
    said = [*shown, *(row for row in _rows(labels / AUDITED) if row.key in answered)]
    first = {(row.dialogue_id, row.turn, row.version): row for row in reversed(said)}
    new = [row for at, row in first.items() if at not in known]
    if new:
        rows = sorted([*old, *new], key=lambda r: (r.day, r.dialogue_id, r.turn, r.version))
        write_jsonl(private_dir(reviewed) / LEDGER, rows, private=True)
    return len(new)
