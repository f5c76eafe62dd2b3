"""What a task may not tell whoever answers it: whether chance drew the turn for the audit, and if the machine was sure.

It goes with the task as a keyed hash that every task has, and comes back with the answer: so the audit's ledger
can be written whatever became of store/labels meanwhile. Under another KEFU_SECRET it cannot be read.
"""

from __future__ import annotations

from kefu.privacy.pseudonyms import signature

FIELD = "mark"  # of a task's data
_STATES = {None: "not drawn", True: "drawn, sure", False: "drawn, unsure"}


def sealed(key: str, accepted: bool | None) -> str:
    """The mark of the task with this key: 16 hex digits. ``accepted``: None for a turn that was not drawn."""
    return signature("review task", f"{key} {_STATES[accepted]}")[:16]


def opened(key: str, mark: str | None) -> bool | None:
    """What was sealed; None also when it cannot be read."""
    return next((accepted for accepted in (True, False) if sealed(key, accepted) == mark), None)
