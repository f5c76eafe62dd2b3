"""Identity of what a reviewer is asked: which turn, under which taxonomy, and for the how-manieth time.

A task on the server carries ``task_key``, a hash: from a task's data nobody can read whether it is the
first question, a third opinion or a golden one. Whoever knows dialogue, turn and version can find the
round by trying them all, so nothing has to be remembered. The hash hides from looking, not from computing.
"""

from __future__ import annotations

import hashlib

SCHEMA = "2"  # of tasks and results; raise it when older annotations can no longer be read
OBJECT, INTENT, SLOTS, RESOLUTION, ANSWER = "dialogue", "intent", "slots", "resolved", "answer"  # names on the page
CANNOT_TELL = "cannot_tell"
RESOLVED = ("yes", "no", "unclear")
FIRST, GOLDEN = "first", "golden"
OPINIONS = ("opinion-2", "opinion-3")  # further rounds, when people disagreed
ROUNDS = (FIRST, *OPINIONS, GOLDEN)


def key(dialogue_id: str, turn: int, version: str) -> str:
    """Identity of a question: the same turn is a new question under another taxonomy."""
    return f"{dialogue_id}#{turn}@{version}"


def task_key(question: str, round_: str) -> str:
    """Identity of a task on the server: 16 hex digits."""
    return hashlib.blake2b(f"{question}~{round_}".encode(), digest_size=8).hexdigest()


def round_of(question: str, found: str) -> str | None:
    """The round that ``found`` is the task key of; None when it is of no round of this question."""
    return next((round_ for round_ in ROUNDS if task_key(question, round_) == found), None)
