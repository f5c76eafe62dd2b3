"""Cases with which nobody goes on: a customer is not left with a person who is gone, and personal data do not stay.

A case is the person's who took it until that person gives it up. So who leaves a customer without a word for long loses
the case to the queue, at its old place, and a case in which nobody has said anything for days is closed. One in danger
that nobody has taken yet is never closed: it has to be seen. Each replica looks; the session's lease makes it once.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

from serving.params import Serving
from serving.sessions.cases import Handoff
from serving.sessions.session import SaidTurn
from serving.sessions.store import NoSuchCase, SessionBusy, Sessions

logger = logging.getLogger(__name__)


def end_silence(sessions: Sessions, params: Serving, now: datetime | None = None) -> None:
    """Gives cases back to the queue, or closes them, whose time is over. Raises redis.RedisError."""
    now = now or datetime.now(UTC)
    unanswered_s, silent_s = params.case_unanswered_s or float("inf"), params.case_silent_s or float("inf")
    for case in sessions.old_cases(now.timestamp(), min(unanswered_s, silent_s), silent_s):
        with suppress(NoSuchCase, SessionBusy), sessions.hold_case(case) as held:
            handoff = held.waiting
            assert handoff is not None
            if _seconds(_last_word(handoff), now) > silent_s and (handoff.agent or not handoff.danger):
                logger.warning("case %s: closed, nobody said anything for %g s", case, silent_s)
                held.session.status = "closed"
                sessions.commit(held, "", "", withdrawn=True)
            elif _seconds(_left_since(handoff), now) > unanswered_s:
                logger.warning("case %s: back in the queue, its customer got no word for %g s", case, unanswered_s)
                sessions.commit(held, "", "", handoff.model_copy(update={"agent": None, "since": None}))


def _last_word(handoff: Handoff) -> str:
    """When something was said or done in a case, the last time."""
    times = (handoff.time, handoff.since, *(turn.time for turn in handoff.turns[-1:]))
    return max((time for time in times if time), key=datetime.fromisoformat)


def _left_since(handoff: Handoff) -> str | None:
    """Since when the customer has waited for the person who has the case; None: he does not."""
    if handoff.agent is None or handoff.since is None:
        return None
    began = datetime.fromisoformat(handoff.since)
    since = [turn for turn in handoff.turns if turn.time and datetime.fromisoformat(turn.time) >= began]
    if not any(turn.role == "agent" for turn in since):
        return handoff.since
    return next((turn.time for turn in _after_the_agent(since)), None)


def _after_the_agent(turns: Sequence[SaidTurn]) -> Sequence[SaidTurn]:
    """What came after the person's last words."""
    last = max(number for number, turn in enumerate(turns) if turn.role == "agent")
    return turns[last + 1 :]


def _seconds(since: str | None, now: datetime) -> float:
    return (now - datetime.fromisoformat(since)).total_seconds() if since else 0.0
