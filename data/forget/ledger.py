"""The signed record of who was forgotten: ``store/forgotten.jsonl``.

A row holds the pseudonym, what was removed where, which models saw the person, and what could not be
reached. It is signed with a key derived from KEFU_SECRET, together with the signature of the row before it:
a row that was changed, moved, or taken out of the middle is noticed. Rows cut off at the end are not: keep
the last signature elsewhere. Whoever has the secret can sign anything.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kefu.io import BadRecord, write_text
from kefu.privacy.pseudonyms import signature

PURPOSE = "forgotten"


def rows(path: Path) -> list[dict[str, Any]]:
    """All rows, oldest first; none when there is no ledger. Raises BadRecord with file and line."""
    if not path.exists():
        return []
    found = []
    for number, line in enumerate(path.read_text(encoding="utf8").splitlines(), 1):
        try:
            found.append({**json.loads(line)})
        except (TypeError, ValueError) as error:
            raise BadRecord(f"{path}:{number}: not a row of the ledger ({error}): put a backup in its place") from error
    return found


def append(path: Path, row: Mapping[str, Any]) -> dict[str, Any]:
    """Signs a row and adds it, one process at a time; the file is replaced as a whole, so it is never torn."""
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        known = rows(path)
        linked = {**row, "previous": known[-1]["signature"] if known else ""}
        signed = {**linked, "signature": _signature(linked)}
        lines = (json.dumps(one, ensure_ascii=False, sort_keys=True) + "\n" for one in (*known, signed))
        write_text(path, "".join(lines))
    finally:
        os.close(folder)
    return signed


def _signature(row: Mapping[str, Any]) -> str:
    content = {key: value for key, value in row.items() if key != "signature"}
    return signature(PURPOSE, json.dumps(content, ensure_ascii=False, sort_keys=True))


def verify(path: Path) -> list[str]:
    """What is wrong with the ledger, row by row; nothing when it is as it was signed."""
    wrong, before = [], ""
    try:
        known = rows(path)
    except BadRecord as error:
        return [str(error)]
    for number, row in enumerate(known, 1):
        if row.get("signature") != _signature(row):
            wrong.append(f"{path}:{number}: was changed, or signed under another KEFU_SECRET")
        if row.get("previous") != before:
            wrong.append(f"{path}:{number}: does not follow the row before it: rows were removed or moved")
        before = str(row.get("signature"))
    return wrong
