"""What people do who answer customers: take a case, write, give it back to the queue or to the bot, close it.

Each step holds the customer's session, like a message of his, and is one commit with all that it changes. So of two who
take a case at once one wins, and a person's words never stand in the middle of an answer.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field

from kefu.privacy.redact import Redactor
from kefu.shop.pack import Pack
from serving.conversation_log import ConversationLog, log_line
from serving.dialogue.expressions import render
from serving.dialogue.messages import ReusedId, check_text, digest
from serving.dialogue.people.packet import CaseSummary, Packet, PacketMaker, summary_of
from serving.dialogue.reading.script import in_script
from serving.sessions.cases import Handoff
from serving.sessions.session import KEPT_TURNS, SaidTurn, Session
from serving.sessions.store import Held, NoSuchCase, Sessions, owner


class CaseTaken(PermissionError):
    """Another person has the case."""

    def __init__(self, agent: str) -> None:
        super().__init__(f"{agent} has this case: take another, or take it over with `from`")


class NotClaimed(PermissionError):
    """Nobody has the case."""

    def __init__(self) -> None:
        super().__init__("nobody has this case: claim it first")


class CustomerGone(RuntimeError):
    """Whose session it was cannot be told: the case is of an older release."""

    def __init__(self) -> None:
        super().__init__("the customer's session is over and nothing reaches him: close the case")


class Sent(BaseModel):
    """A person's words, as they reached the customer's conversation."""

    turn: str = Field(description="id of the turn in the conversation's history")
    time: str = Field(description="ISO 8601")


class _Kept(BaseModel):
    """What the store keeps of a person's words, to know them when they come again."""

    digest: str
    time: str


class Desk:
    """See the module's description. Cases are named as ``CaseSummary.case``; each method raises NoSuchCase for one that
    is not open, and SessionBusy when the customer's message takes too long.

    Args:
        max_chars: of a person's message.
    """

    def __init__(
        self, pack: Pack, sessions: Sessions, redactor: Redactor, max_chars: int, log: ConversationLog | None
    ) -> None:
        self._pack, self._sessions, self._redactor = pack, sessions, redactor
        self._max_chars, self._log = max_chars, log
        self._zone, self._packets = ZoneInfo(pack.shop.timezone), PacketMaker(pack)

    def queue(self) -> list[CaseSummary]:
        """Open cases: danger first, then who waits longest, then those that a person has."""
        return [summary_of(handoff) for handoff in self._sessions.handoffs()]

    def packet(self, case: str) -> Packet:
        """All that is known of a case."""
        return self._packets.packet(*self._sessions.case(case))

    def claim(self, case: str, agent: str, taken_from: str | None = None) -> CaseSummary:
        """Takes a case; again changes nothing.

        Args:
            taken_from: name of the person who has it, from whom it is taken over.

        Raises CaseTaken.
        """
        with self._sessions.hold_case(case) as held:
            handoff = _case(held)
            if handoff.agent == agent:
                return summary_of(handoff)
            if handoff.agent not in (None, taken_from):
                raise CaseTaken(str(handoff.agent))
            return self._changed(held, handoff, agent=agent, since=self._now())

    def release(self, case: str, agent: str) -> CaseSummary:
        """Gives a case back to the queue, at its old place. Raises CaseTaken, NotClaimed."""
        with self._sessions.hold_case(case) as held:
            return self._changed(held, _own(held, agent), agent=None, since=None)

    def reply(self, case: str, agent: str, text: str, message: str | None = None) -> Sent:
        """Says something to the customer.

        Args:
            message: the client's id of the message; when it comes again, nothing is said twice.

        Raises:
            BadMessage, ReusedId, CaseTaken, NotClaimed, CustomerGone.
        """
        check_text(text, self._max_chars)
        with self._sessions.hold_case(case, None if message is None else f"agent:{agent}:{message}") as held:
            if held.answered is not None:
                first = _Kept.model_validate_json(held.answered)
                if first.digest != digest(text):
                    raise ReusedId
                return Sent(turn=held.turn, time=first.time)
            handoff, session, now = _own(held, agent), _reachable(held), self._now()
            redacted = self._redactor.redact(text, session.vault)
            said = SaidTurn(role="agent", text=redacted, time=now, agent=agent, unasked=True)
            session.remember(said)
            more = handoff.add([said]).model_copy(update={"suggested": None})
            kept = _Kept(digest=digest(text), time=now).model_dump_json()
            return Sent(turn=self._say(held, said, kept, more), time=now)

    def hand_back(self, case: str, agent: str) -> None:
        """Gives the conversation to the bot, which says so and knows again what was under way.

        Raises CaseTaken, NotClaimed, CustomerGone.
        """
        with self._sessions.hold_case(case) as held:
            handoff, session = _own(held, agent), _reachable(held)
            session.turns = session.turns or handoff.turns[-KEPT_TURNS:]  # the session was forgotten meanwhile
            session.resume()
            text = in_script(self._handed_back(session), session.script)
            said = SaidTurn(role="bot", text=text, time=self._now(), unasked=True)
            session.remember(said)
            self._say(held, said, "", None)

    def close(self, case: str, agent: str) -> None:
        """Ends a case: the customer's next message opens the conversation anew. Raises CaseTaken, NotClaimed."""
        with self._sessions.hold_case(case) as held:
            _own(held, agent)
            held.session.status = "closed"
            self._sessions.commit(held, "", "", withdrawn=True)

    def _changed(self, held: Held, handoff: Handoff, **changes: str | None) -> CaseSummary:
        changed = handoff.model_copy(update=changes)
        self._sessions.commit(held, "", "", changed)
        return summary_of(changed)

    def _say(self, held: Held, said: SaidTurn, kept: str, handoff: Handoff | None) -> str:
        """Commits and logs a turn that nobody asked for; without ``handoff`` the case is over. Returns its id."""
        session, line = held.session, ""
        if self._log:
            time = datetime.fromisoformat(said.time or "")
            route = {} if said.role == "agent" else {"route": "human", "release": self._log.release}
            of_all = {"message": held.key, "channel": session.channel}
            line = log_line(session.log_id, owner(session), time, said.role, said.text, **of_all, **route)
        last = self._sessions.commit(held, kept, line, handoff, withdrawn=handoff is None, turns=[said])
        if self._log:
            self._log.write_now(self._sessions, held.key, line)
        return last

    def _handed_back(self, session: Session) -> str:
        """That the bot is back, and what the customer may go on with."""
        words, lang = self._pack.conversation, session.lang
        titles = {flow.name: flow.title.in_(lang) for flow in self._pack.flows}
        paused = [titles[state.flow] for state in session.paused[-1:] if state.flow in titles]
        told = [render(words.set_aside.in_(lang), {"title": title}) for title in paused]
        return "\n".join([words.handed_back.in_(lang), *told])

    def _now(self) -> str:
        return datetime.now(self._zone).isoformat(timespec="milliseconds")


def _case(held: Held) -> Handoff:
    if held.waiting is None:
        raise NoSuchCase
    return held.waiting


def _own(held: Held, agent: str) -> Handoff:
    """The case, which this person has. Raises CaseTaken, NotClaimed."""
    handoff = _case(held)
    if handoff.agent is None:
        raise NotClaimed
    if handoff.agent != agent:
        raise CaseTaken(handoff.agent)
    return handoff


def _reachable(held: Held) -> Session:
    """The customer's session. Raises CustomerGone."""
    if owner(held.session) != _case(held).customer:
        raise CustomerGone
    return held.session
