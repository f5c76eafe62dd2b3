"""Reads the ledger of forgotten people, `store/forgotten.jsonl`: who has to stay out, and until when.

Raw data may come back from a backup, and a source may send a day again. So whoever was forgotten is
remembered, as a pseudonym only, and ingest drops their dialogues up to the day of the request. What
they say afterwards is a new conversation, and stays. `kefu forget` writes the ledger (data/forget).
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from kefu.io import BadRecord


def read(path: Path) -> dict[str, str]:
    """Pseudonym → last day to drop (YYYY-MM-DD, the newest request counts); empty when there is no ledger.

    Raises BadRecord with file and line for a row that is not one: a ledger that cannot be read must
    stop ingest, or the people in it would come back.
    """
    days: dict[str, str] = {}
    if not path.exists():
        return days
    for number, line in enumerate(path.read_text(encoding="utf8").splitlines(), 1):
        if line.strip():
            customer, day = _row(path, number, line)
            days[customer] = max(day, days.get(customer, ""))
    return days


def _row(path: Path, number: int, line: str) -> tuple[str, str]:
    try:
        row = json.loads(line)
        customer, day = str(row["customer"]), date.fromisoformat(row["day"]).isoformat()
    except (ValueError, KeyError, TypeError) as error:
        raise BadRecord(
            f"{path}:{number}: no ledger row with customer and day ({error}); see docs/guides/forget.md"
        ) from error
    return customer, day
