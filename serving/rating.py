"""A customer rates the conversation: stars, which the log carries to the next day's loop.

Kefu's own answers are learned from only where they were rated well (``data/sets/exchanges.py``). The last rating
counts. One that comes on a later day than its conversation stands alone in that day's log, and ingest quarantines it.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from serving.conversation_log import ConversationLog, rating_line
from serving.sessions.store import Sessions, owner


class NothingToRate(RuntimeError):
    """Nothing was said in the session, or it was forgotten."""

    def __init__(self) -> None:
        super().__init__("nothing was said in this session yet: rate it after an answer")


class Ratings:
    """Takes ratings.

    Args:
        log: the conversation log; None: ratings are told to the shop's webhook alone.
    """

    def __init__(self, sessions: Sessions, zone: ZoneInfo, log: ConversationLog | None) -> None:
        self._sessions, self._zone, self._log = sessions, zone, log

    def rate(self, session_id: str, customer: str | None, csat: int, issued: float | None = None) -> None:
        """Keeps a rating of 1 (bad) to 5 stars.

        Args:
            issued: when the token was issued that names session and customer.

        Raises:
            NothingToRate, NotYourSession, SessionBusy, TokenRevoked.
        """
        with self._sessions.hold(session_id, customer, issued=issued) as held:
            session = held.session
            if not session.turns:
                raise NothingToRate
            line = rating_line(session.log_id, owner(session), datetime.now(self._zone), csat)
            self._sessions.commit(held, "", line if self._log else "", rated=csat)
            if self._log:
                self._log.write_now(self._sessions, held.key, line)
