"""The conversation log: what the next day's loop learns from.

One line a turn in ``<raw>/dt=<day>/<replica>.jsonl``, written whole with one O_APPEND write, so that a
line is either there or not and replicas never mix. Texts are redacted and customers pseudonyms before
they come here; nobody but this user may read them. Nothing rotates: a day is a folder.
"""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

from kefu.io import private_dir


class ConversationLog:
    """Appends turns to the day's file of one replica."""

    def __init__(self, raw: Path, replica: str) -> None:
        self.raw, self._replica = raw, replica

    def write(self, session: str, customer: str, time: datetime, role: str, text: str, **more: Any) -> None:
        """Appends one turn, to the day of ``time`` in its own timezone.

        ``more``: intent, confidence, route, flow, outcome, where known.
        """
        turn = {"session": session, "customer": customer, "time": time.isoformat(timespec="milliseconds")}
        turn |= {"role": role, "text": text, **{key: value for key, value in more.items() if value is not None}}
        self._append(time.date().isoformat(), json.dumps(turn, ensure_ascii=False) + "\n")

    def _append(self, day: str, line: str) -> None:
        path = self.raw / f"dt={day}" / f"{self._replica}.jsonl"
        for folder in (self.raw, path.parent):
            if not folder.exists():
                private_dir(folder)
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, line.encode())
        finally:
            os.close(handle)
