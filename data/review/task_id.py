"""Identity of what a reviewer is asked: which turn, under which taxonomy, and in which round.

A task on the server holds up to ``PER_TASK`` questions about one dialogue. Each carries ``question_key``, a hash: from
a task's data nobody can read whether it is the first question, a third opinion or a golden one. Whoever knows dialogue,
turn and version can find the round by trying them all, so nothing has to be remembered. The hash hides from looking,
not from computing.

A question also carries audit facts that are hidden from the annotator (``encode_mark``), as a keyed hash that comes
back with the answer: so the audit's ledger can be written whatever became of store/labels meanwhile.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from kefu.privacy.pseudonyms import signature

SCHEMA = "3"  # of tasks and results; raise it when older annotations can no longer be read
OBJECT, INTENT, SLOTS, RESOLUTION, ANSWER = "dialogue", "intent", "slots", "resolved", "answer"  # names on the page
CANNOT_TELL = "cannot_tell"
RESOLVED = ("yes", "no", "unclear")
FIRST, GOLDEN = "first", "golden"
OPINIONS = ("opinion-2", "opinion-3")  # further rounds, when people disagreed
ROUNDS = (FIRST, *OPINIONS, GOLDEN)
PER_TASK = 3  # questions about one dialogue that a task holds
QUESTIONS, RESOLUTIONS, ASKED_RESOLUTION = "questions", "resolutions", "asked_resolution"  # of a task's data
MARK, INTENTS = "mark", "intents"  # of each of its questions
_STATES = {None: "not drawn", True: "drawn, sure", False: "drawn, unsure"}


def key(dialogue_id: str, turn: int, version: str) -> str:
    """Identity of a question: the same turn is a new question under another taxonomy."""
    return f"{dialogue_id}#{turn}@{version}"


def question_key(question: str, round_: str) -> str:
    """Identity of a question on the server: 16 hex digits."""
    return hashlib.blake2b(f"{question}~{round_}".encode(), digest_size=8).hexdigest()


def round_of(question: str, found: str) -> str | None:
    """The round that ``found`` is the question key of; None when it is of no round of this question."""
    return next((round_ for round_ in ROUNDS if question_key(question, round_) == found), None)


def keys_of(data: Mapping[str, Any]) -> list[str]:
    """The keys of a task's questions, from its data; none of a task that Kefu did not make."""
    return str(data.get("key", "")).split() if data.get("schema") == SCHEMA else []


def control(name: str, number: int) -> str:
    """What a control of a task's question number ``number`` (0, 1 …) is called on the page."""
    return name if number == 0 else f"{name}_{number + 1}"


def encode_mark(asked: str, accepted: bool | None) -> str:
    """Whether the audit drew the turn of a question, and whether the machine's label was accepted: 16 hex digits.

    Args:
        asked: the question's key.
        accepted: None for a turn that was not drawn.
    """
    return signature("review task", f"{asked} {_STATES[accepted]}")[:16]


def decode_mark(asked: str, mark: str | None) -> bool | None:
    """What ``encode_mark`` encoded; None also when it cannot be read, as under another KEFU_SECRET."""
    return next((accepted for accepted in (True, False) if encode_mark(asked, accepted) == mark), None)
