"""A session: what is said and known between a customer and Kefu, and how it is handed to a person."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, field_validator

from kefu.schema import Turn
from kefu.shop.part import Lang

KEPT_TURNS = 40
KEPT_WAITING = 400  # turns of a conversation that waits for a person; who writes more loses the oldest

Script = Literal["simplified", "traditional"]
Status = Literal["bot", "waiting", "danger"]
KEPT_FLOWS = 5  # flows that a customer may come back to

Reason = Literal["asked", "supervisor", "danger", "flow", "lost"]


class FlowState(BaseModel):
    """Where a flow stands: it waits at ``step`` for the customer.

    reminders: how often its question was repeated after a digression. written: whether it has changed the shop.
    incomplete: addresses whose rest was asked for, by slot; told again without more they are taken as they are.
    """

    flow: str
    step: str
    slots: dict[str, str] = {}
    results: dict[str, Any] = {}
    incomplete: dict[str, str] = {}
    reminders: int = 0
    written: bool = False


class Wish(BaseModel):
    """A flow that the customer asked for and that has not begun.

    needs_sign_in: a stranger asked for it; it begins with the first message after signing in.
    """

    flow: str
    slots: dict[str, str] = {}
    needs_sign_in: bool = False


class PastFlow(BaseModel):
    """A flow that is over, and what it knew: the customer may come back to it. written: it has changed the shop."""

    flow: str
    slots: dict[str, str] = {}
    outcome: Literal["resolved", "refused", "abandoned", "handoff"]
    written: bool = False


class Told(BaseModel):
    """Something that an answer told or began. name: as ``kefu.acts.target_of``. slots: for which order, product …

    guessed: a flow that began without a word for it.
    """

    name: str
    slots: dict[str, str] = {}
    guessed: bool = False


class Subject(BaseModel):
    """What the conversation is about: an order (its placeholder) and products (SKUs), the last named first.

    latest: the products that were named, offered or chosen last: "it" means these, and none that was spoken of before.
    """

    order: str | None = None
    products: list[str] = []
    latest: list[str] = []


class Session(BaseModel):
    """Kept in Redis for ``session_ttl_s``. Only ``vault`` and a flow's tool results hold personal data.

    status: 'waiting' while a person is asked for ('danger': and the bot cannot take over again). The queue of
    hand-offs is what counts, and outlives the session: ``Sessions.load`` looks there.
    paused, wishes: flows that were interrupted, the last one last, and wishes that wait, the first one first.
    offered: values that the open question offers as a numbered list; questions: of the knowledge, offered so.
    wanted: what a product that the customer looks for has to be; basket: what a sum was told for, points: with points.
    open_sum: a question for a sum with a blank for one of sum_choices (SKUs), which the customer was asked to choose.
    denied: flows that the customer refused or left: only plain words begin one again, no guess.
    misses: messages not understood since the last answer.
    told: what the last answer told or began, in order; a question without a subject may be about the last of it.
    answers: digests of what the last answer said to what was asked, part by part.
    rejections: messages in a row that said that the last answer missed.
    script: of the customer's Chinese, and of the answers; turns are kept in simplified characters.
    asked: queries (name → slots) of a stranger, answered once he has signed in.
    identified: the customer has not signed in, a flow of the pack found out who he is. Whoever has the session id goes
        on as this customer.
    """

    id: str
    customer: str | None = None
    identified: bool = False
    lang: Lang = "zh"
    script: Script = "simplified"
    turns: list[Turn] = []
    vault: dict[str, str] = {}
    flow: FlowState | None = None
    paused: list[FlowState] = []
    wishes: list[Wish] = []
    asked: dict[str, dict[str, str]] = {}
    past: list[PastFlow] = []
    subject: Subject = Subject()
    offered: list[str] = []
    questions: list[str] = []
    wanted: dict[str, Any] = {}
    basket: list[tuple[str, int]] = []
    points: bool = False
    open_sum: str = ""
    sum_choices: list[str] = []
    denied: list[str] = []
    told: list[Told] = []
    answers: list[str] = []
    rejections: int = 0
    misses: int = 0
    apologised: bool = False
    status: Status = "bot"

    @field_validator("told", mode="before")
    @classmethod
    def _of_an_older_release(cls, told: Any) -> Any:
        """A session that was kept by a release before this one has one name here."""
        return [{"name": told}] if told and isinstance(told, str) else told or []

    @property
    def log_id(self) -> str:
        """The session's id in the conversation log: what was said before signing in is a session of its own.

        It depends on nothing that is forgotten after ``session_ttl_s``, for the log of a day outlives that.
        """
        return self.id if self.customer else f"{self.id}.stranger"

    def remember(self, *turns: Turn) -> None:
        """Appends redacted turns; the oldest are forgotten."""
        self.turns = [*self.turns, *turns][-KEPT_TURNS:]

    def close_flow(self, outcome: Literal["resolved", "refused", "abandoned", "handoff"]) -> None:
        """Ends the flow under way; the customer may come back to it."""
        if state := self.flow:
            past = PastFlow(flow=state.flow, slots=state.slots, outcome=outcome, written=state.written)
            self.past = [*self.past, past][-KEPT_FLOWS:]
        self.flow, self.offered = None, []

    def deny(self, *flows: str) -> None:
        """Takes flows from all that waits; none of them begins by a guess any more."""
        self.denied = list(dict.fromkeys([*self.denied, *flows]))
        self.wishes = [wish for wish in self.wishes if wish.flow not in flows]
        self.paused = [state for state in self.paused if state.flow not in flows]


class Handoff(BaseModel):
    """Everything a person needs to go on, without personal data: one a session, kept up to date while it waits.

    reason: what led to a person: the customer's wish (asked; for somebody above the agents: supervisor), a bot that
        understands nothing (lost), words of danger, a flow's end.
    danger: the kind of the pack's ``danger.yaml``. time: when the person was asked for.
    """

    session: str
    customer: str
    time: str
    lang: Lang
    intent: str
    flow: str | None
    slots: dict[str, str]
    turns: list[Turn]
    reason: Reason = "asked"
    danger: str | None = None

    def add(self, turns: list[Turn], reason: Reason, danger: str | None) -> Handoff:
        """The same conversation with what was said since. Danger stays what it is once it was spoken of."""
        more: dict[str, str] = {}
        if danger and not self.danger:
            more = {"reason": "danger", "danger": danger}
        elif reason == "supervisor" and self.reason != "danger":
            more = {"reason": reason}
        return self.model_copy(update={"turns": [*self.turns, *turns][-KEPT_WAITING:], **more})
