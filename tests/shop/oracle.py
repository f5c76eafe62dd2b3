"""The real flow engine, decider and shop database, with an oracle in place of the trained router.

A golden conversation names the flow it expects; the oracle answers with that flow's intent. So the pack
is proven by itself: a failure here is the pack's, not the router's.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from evaluation.golden import GoldenTurn
from kefu.intents.router import ScoredIntent
from kefu.privacy.redact import Redactor, restore
from kefu.shop.pack import Pack
from kefu.shop.slots import language
from pipelines.params import load_params
from serving.dialogue.decision import Decider, Understood
from serving.dialogue.flow import FlowEngine, Progress, Visit
from serving.sessions.session import FlowState
from serving.tools.shop_db import ToolBox

KNOWN = {"faq": "other", "human": "human_agent", "chitchat": "chitchat"}


@dataclass(frozen=True)
class Said:
    text: str
    intent: str
    route: str
    flow: str | None = None
    asks: str | None = None
    outcome: str | None = None
    slots: dict[str, str] = field(default_factory=dict)


class Oracle:
    """One conversation of one customer; ``say`` understands only what flows need."""

    def __init__(self, pack: Pack, db: Path, customer: str | None) -> None:
        self._pack, self._db, self._customer = pack, db, customer
        self._flows, self._decider = FlowEngine(pack, ToolBox(pack, db)), Decider(pack, load_params().serving)
        self._redactor, self._vault, self._lang = Redactor(pack.shop.pii), dict[str, str](), "zh"
        self._state: FlowState | None = None

    def say(self, turn: GoldenTurn) -> Said:
        expect, text = turn.expect, self._redactor.redact(turn.say, self._vault)
        if any(c.isalpha() for c in restore(text, dict.fromkeys(self._vault, ""))):
            self._lang = language(text)
        flow = next((f for f in self._pack.flows if f.name == expect.flow), None)
        intent = flow.intents[0] if flow else KNOWN.get(expect.route or "", "other")
        seen = Understood(text, self._lang, ScoredIntent(intent, 1.0), [])
        decision = self._decider.decide(seen, self._state)
        visit = Visit(self._customer, self._vault, language(text), self._pack.shop.demo_now or "")
        visit.lang = "en" if self._lang == "en" else "zh"
        if decision.kind == "flow" and decision.flow:
            self._state, progress = self._flows.start(decision.flow, decision.slots or {}, visit)
        elif decision.kind == "fill" and self._state:
            progress = self._flows.fill(self._state, decision.slots or {}, visit)
        elif decision.kind == "confirm" and self._state:
            progress = self._flows.confirm(self._state, decision.yes, visit)
        else:
            return Said("", intent, decision.kind)
        return self._flow(intent, progress)

    def query(self, sql: str) -> list[dict[str, object]]:
        with closing(sqlite3.connect(self._db)) as shop:
            shop.row_factory = sqlite3.Row
            return [dict(row) for row in shop.execute(sql)]

    def _flow(self, intent: str, progress: Progress) -> Said:
        assert self._state
        name, slots = self._state.flow, dict(self._state.slots)
        if progress.outcome or progress.signed_out:
            self._state = None
        text = restore("\n".join(progress.says), self._vault)
        return Said(text, intent, "flow", name, progress.asks, progress.outcome, slots)
