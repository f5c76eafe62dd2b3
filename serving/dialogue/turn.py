"""What belongs to one message while it is answered."""

from __future__ import annotations

from dataclasses import dataclass, field

from kefu.schema import Outcome
from serving.dialogue.decision import Understood
from serving.dialogue.flow import Visit
from serving.dialogue.reply import Route
from serving.sessions.session import Session


@dataclass
class Draft:
    """An answer in the making; ``text`` still carries placeholders."""

    route: Route
    text: str = ""
    engine: str | None = None
    flow: str | None = None
    asks: str | None = None
    slots: dict[str, str] = field(default_factory=dict)
    sources: list[str] = field(default_factory=list)
    outcome: Outcome | None = None
    danger: str | None = None
    resumed: bool = False


@dataclass
class TurnState:
    """A message, its session, and the answer so far."""

    session: Session
    seen: Understood
    visit: Visit
    started: float
    draft: Draft = field(default_factory=lambda: Draft("fallback"))
    first_ms: float | None = None
