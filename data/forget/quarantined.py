"""Rows of quarantine that are a person's, though they bear no pseudonym: a nested id, or one that the cut took.

Quarantine shows at most 2,000 characters of a record, redacted. What it shows of the person's records is
theirs, and is searched for like their words.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from data.forget.mentions import Named
from data.ingest.partition import QUARANTINE
from kefu.io import read_jsonl
from kefu.schema import Rejected

Place = tuple[str, str, str, int]  # source, day, file, line


def shown(store: Path, customer: str, places: Collection[Place]) -> Iterator[str]:
    """Texts of the person's rows.

    Args:
        store: folder of the stored days.
        places: where raw files hold something unreadable of the person.
    """
    for path in sorted(store.glob(f"dt=*/{QUARANTINE}")):
        day = path.parent.name.removeprefix("dt=")
        for row in read_jsonl(path, Rejected):
            if (row.source, day, row.file, row.line) in places or Named(customer, row.source).in_text(row.raw):
                yield row.raw
