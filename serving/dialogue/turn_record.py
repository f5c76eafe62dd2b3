"""Ends a turn: what is remembered and logged of it, the case, and the reply; one commit, all or nothing."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from kefu.acts import kind
from kefu.privacy.redact import restore
from serving.conversation_log import ConversationLog, log_line
from serving.dialogue.messages import ReusedId, digest
from serving.dialogue.people.hand_over import add_to_case, open_case
from serving.dialogue.reading.script import in_script
from serving.dialogue.reply import Reply
from serving.dialogue.session_texts import SessionTexts
from serving.dialogue.turn import TurnState
from serving.knowledge.static import StaticKnowledge
from serving.sessions.cases import Handoff
from serving.sessions.session import SaidTurn
from serving.sessions.store import Held, Sessions, owner


class _Answered(BaseModel):
    """What the store keeps of an answer."""

    digest: str
    reply: Reply


class TurnRecorder:
    """Records turns of one pack's sessions.

    Args:
        zone: of the shop, whose day a log line belongs to.
        flow_versions: of the pack's flows, by name.
        faq_min_probability: from which an entry is suggested to the person who takes a conversation over.
        log: the conversation log; None: nothing is logged.
    """

    def __init__(
        self,
        texts: SessionTexts,
        knowledge: StaticKnowledge,
        zone: ZoneInfo,
        flow_versions: Mapping[str, str],
        faq_min_probability: float,
        log: ConversationLog | None,
    ) -> None:
        self._texts, self._knowledge = texts, knowledge
        self._zone, self._faq_min_probability, self._log = zone, faq_min_probability, log
        self._flow_versions = flow_versions

    def clock(self) -> str:
        """The time as turns keep it."""
        return datetime.now(self._zone).isoformat(timespec="milliseconds")

    def finish(self, sessions: Sessions, held: Held, turn: TurnState, text: str) -> Reply:
        """Remembers, logs and gives the answer; personal data only in what the customer sees and the store keeps."""
        draft, session = turn.draft, turn.session
        redacted = self._texts.redacted_answer(draft.text, session)
        said = in_script(redacted, session.script)
        new, spoken = session.turns[-1:], [turn.said] if turn.said else []
        if redacted:
            answer = SaidTurn(role="bot", text=redacted, time=self.clock())
            session.remember(answer)
            new, spoken = [*new, answer], [*spoken, answer.model_copy(update={"text": said})]
        handoff = None
        draft.resumed = draft.resumed and draft.outcome != "handoff"  # what is asked instead needs a person, too
        if draft.outcome == "handoff" or session.status != "bot":
            handoff = self._hand_off(turn, held.waiting, new)
        took = (time.perf_counter() - turn.started) * 1000
        first = took if turn.first_ms is None else turn.first_ms
        reply = Reply(
            text=restore(said, session.vault),
            lang=session.lang,
            script=session.script,
            intent=turn.reading.top.intent,
            confidence=turn.reading.top.confidence,
            route=draft.route or "fallback",
            acts=[kind(act) for act in turn.reading.acts],
            options=[self._texts.shown(option, session) for option in draft.options],
            engine=draft.engine,
            flow=draft.flow,
            asks=draft.asks,
            slots={name: restore(value, session.vault) for name, value in draft.slots.items()},
            sources=draft.sources,
            outcome=draft.outcome,
            stopped=turn.stopped,
            latency_ms=took,
            first_token_ms=first,
        )
        line = self.line(
            held,
            "bot",
            said,
            route=draft.route,
            flow=draft.flow,
            flow_version=self._flow_versions.get(draft.flow or ""),
            asks=draft.asks,
            engine=draft.engine,
            sources=draft.sources,
            outcome=draft.outcome,
            stopped=turn.stopped or None,
            latency_ms=round(took, 1),
            first_token_ms=round(first, 1),
            release=self._log.release if self._log else None,
        )
        answers = bool(redacted) or turn.stopped  # what a person has to answer has no line of the bot's
        lines = turn.log_line + (line if answers else "")
        kept = _Answered(digest=digest(text), reply=reply).model_dump_json()
        last = sessions.commit(held, kept, lines, handoff, withdrawn=draft.resumed, turns=spoken)
        if self._log:
            self._log.write_now(sessions, held.key, lines)
        return reply.model_copy(update={"turn": last})

    def _hand_off(self, turn: TurnState, waiting: Handoff | None, new: Sequence[SaidTurn]) -> Handoff | None:
        """The conversation's case, with what is ``new``; None: the customer is back with the bot."""
        if turn.draft.resumed:
            return None
        if waiting and waiting.customer == owner(turn.session):
            return add_to_case(waiting, turn, new, self._suggested(turn))
        return open_case(turn, datetime.now(self._zone))

    def _suggested(self, turn: TurnState) -> str | None:
        """The FAQ's entry that the bot would have answered with."""
        hits = self._knowledge.search(turn.message.text, turn.session.lang)[:1]
        sure = (hit for hit in hits if hit.probability >= self._faq_min_probability)
        return next((hit.entry.id for hit in sure if hit.entry.kind == "faq"), None)

    def line(self, held: Held, role: str, text: str, **more: object) -> str:
        """A turn as a line of the conversation log; empty without a log."""
        if not self._log:
            return ""
        session, now = held.session, datetime.now(self._zone)
        of_all = {"message": held.key, "channel": session.channel}
        return log_line(session.log_id, owner(session), now, role, text, **of_all, **more)


def first_answer(answered: str, turn: str, text: str) -> Reply:
    """The answer that the message got when it came first, and its turn. Raises ReusedId."""
    first = _Answered.model_validate_json(answered)
    if first.digest != digest(text):
        raise ReusedId
    return first.reply.model_copy(update={"turn": turn})
