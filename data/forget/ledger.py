"""The signed record of who was forgotten: ``data/forgotten.jsonl``.

A row holds the pseudonym, what was removed where, which models saw the person, and what could not be
reached. It is signed with a key derived from KEFU_SECRET, together with the signature of the row before it:
a row that was changed, moved, or taken out of the middle is noticed. Rows cut off at the end are not: keep
the last signature elsewhere. Whoever has the secret can sign anything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kefu.io import write_text
from kefu.secret import signature

PURPOSE = "forgotten"


def rows(path: Path) -> list[dict[str, Any]]:
    """All rows, oldest first; none when there is no ledger."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf8").splitlines() if line.strip()]


def append(path: Path, row: Mapping[str, Any]) -> dict[str, Any]:
    """Signs a row and adds it; the file is replaced as a whole, so it is never torn."""
    known = rows(path)
    linked = {**row, "previous": known[-1]["signature"] if known else ""}
    signed = {**linked, "signature": _signature(linked)}
    write_text(path, "".join(json.dumps(one, ensure_ascii=False, sort_keys=True) + "\n" for one in (*known, signed)))
    return signed


def _signature(row: Mapping[str, Any]) -> str:
    content = {key: value for key, value in row.items() if key != "signature"}
    return signature(PURPOSE, json.dumps(content, ensure_ascii=False, sort_keys=True))


def verify(path: Path) -> list[str]:
    """What is wrong with the ledger, row by row; nothing when it is as it was signed."""
    wrong, before = [], ""
    for number, row in enumerate(rows(path), 1):
        if row.get("signature") != _signature(row):
            wrong.append(f"{path}:{number}: was changed, or signed under another KEFU_SECRET")
        if row.get("previous") != before:
            wrong.append(f"{path}:{number}: does not follow the row before it: rows were removed or moved")
        before = str(row.get("signature"))
    return wrong
