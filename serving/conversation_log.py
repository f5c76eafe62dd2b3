"""The conversation log: what the next day's loop learns from.

One line a turn, or a rating, in ``<raw>/dt=<day>/<replica>.jsonl``, written whole with one O_APPEND write, so that
a line is either there or not and replicas never mix. Texts are redacted and customers pseudonyms before
they come here; nobody but this user may read them. Nothing rotates: a day is a folder.

An answer's lines are first in the store's outbox, with the session that they belong to. What cannot be written now
(the disk is full, the process dies) is written later by ``recover``. That may be twice: the reader of the log keeps the
first line of a ``message`` and role.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import re
import threading
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from kefu.io import private_dir
from serving.sessions.store import Sessions

logger = logging.getLogger(__name__)
DAY = re.compile(r'"time": "(\d{4}-\d\d-\d\d)T')
ORPHAN_S = 30  # an answer's lines are in a file within a second or so, if its writer lives


def log_line(session: str, customer: str, time: datetime, role: str, text: str, **more: Any) -> str:
    """One turn as a line of the log, with its line break.

    Args:
        time: in the shop's timezone, whose day the line belongs to.
        more: message, channel, of each; of a customer's turn intent, confidence, acts; of an answer route, flow,
            flow_version (``Flow.version``), asks, engine, sources, outcome, stopped, latency_ms, first_token_ms,
            release. What is None or empty is left out.
    """
    told = {key: value for key, value in more.items() if value not in (None, "", [])}
    return _line(session, customer, time, {"role": role, "text": text, **told})


def rating_line(session: str, customer: str, time: datetime, csat: int) -> str:
    """A customer's rating of a session, 1 to 5, as a line of the log; arguments as for ``log_line``."""
    return _line(session, customer, time, {"csat": csat})


class ConversationLog:
    """Appends turns to the day's file of one replica.

    Args:
        raw: folder of the days.
        release: content hash of the release that answers.
    """

    def __init__(self, raw: Path, replica: str, release: str) -> None:
        self.raw, self._replica, self.release = raw, replica, release
        self._one_writer = threading.Lock()

    def append(self, lines: str) -> None:
        """Appends lines of ``log_line``, each to its own day. Raises OSError."""
        with self._one_writer:
            for day, some in groupby(_split(lines), key=_day):
                self._append(day, "".join(some))

    def write_now(self, sessions: Sessions, message: str, lines: str) -> None:
        """Writes what a commit has put into the outbox. A disk that is full stops no answer."""
        try:
            self.append(lines)
        except OSError:
            logger.exception("%s: the conversation log cannot be written; its lines wait in the store", self.raw)
        else:
            sessions.logged(message)

    def recover(self, sessions: Sessions) -> int:
        """Writes what stayed in the outbox; returns the number of answers. Raises OSError and redis.RedisError."""
        before, found = datetime.now(UTC) - timedelta(seconds=ORPHAN_S), 0
        for message, lines in sessions.unlogged().items():
            if _time(_split(lines)[-1]) < before:
                self.append(lines)
                sessions.logged(message)
                found += 1
        return found

    def _append(self, day: str, lines: str) -> None:
        path = self.raw / f"dt={day}" / f"{self._replica}.jsonl"
        for folder in (self.raw, path.parent):
            if not folder.exists():
                private_dir(folder)
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            size, data = os.fstat(handle).st_size, lines.encode()
            if os.write(handle, data) < len(data):  # the disk is full: no half of a line stays
                os.ftruncate(handle, size)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        finally:
            os.close(handle)


def _line(session: str, customer: str, time: datetime, more: dict[str, Any]) -> str:
    whose = {"session": session, "customer": customer, "time": time.isoformat(timespec="milliseconds")}
    return json.dumps(whose | more, ensure_ascii=False) + "\n"


def _split(lines: str) -> list[str]:
    """Lines with their breaks; a text may hold other signs that Python takes for line breaks."""
    return [f"{line}\n" for line in lines.split("\n") if line]


def _day(line: str) -> str:
    """The day of a line's time; no text in it has such a quotation mark."""
    return next(DAY.finditer(line))[1]


def _time(line: str) -> datetime:
    return datetime.fromisoformat(json.loads(line)["time"])
