"""What the machine had said of audited turns before people answered, kept beside the reviews (see audit.py)."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from data.label.proposal import Proposal
from kefu.io import read_jsonl, write_jsonl
from kefu.schema import Record

AUDITED, LEDGER = "audited.jsonl", "audit/ledger.jsonl"
Turn = tuple[str, int]


class Audited(Record):
    """What the machine said of a drawn turn before anybody looked, and whether that was accepted."""

    dialogue_id: str
    turn: int
    day: str
    predicted: str
    confidence: float
    accepted: bool

    @classmethod
    def of(cls, proposal: Proposal, accepted: bool) -> Audited:
        return cls(
            dialogue_id=proposal.dialogue_id,
            turn=proposal.index,
            day=proposal.day,
            predicted=proposal.intent,
            confidence=proposal.confidence,
            accepted=accepted,
        )


def ledger(reviewed: Path) -> list[Audited]:
    path = reviewed / LEDGER
    return list(read_jsonl(path, Audited)) if path.exists() else []


def remember(labels: Path, reviewed: Path, answered: Collection[Turn]) -> int:
    """Copies what the machine said of the drawn turns that are answered now; returns how many are new."""
    path = labels / AUDITED
    old = ledger(reviewed)
    known = {(row.dialogue_id, row.turn) for row in old}
    said = read_jsonl(path, Audited) if path.exists() else iter(())
    new = [r for r in said if (r.dialogue_id, r.turn) in answered and (r.dialogue_id, r.turn) not in known]
    if new:
        rows = sorted([*old, *new], key=lambda r: (r.day, r.dialogue_id, r.turn))
        write_jsonl(reviewed / LEDGER, rows)
    return len(new)
