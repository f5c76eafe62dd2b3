"""A session: what is said and known between a customer and Kefu. Handing it to a person: ``cases.py``."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field, field_validator

from kefu.schema import Turn
from kefu.shop.part import Lang

KEPT_TURNS = 40
KEPT_FLOWS = 5  # flows that a customer may come back to

Script = Literal["simplified", "traditional"]
Status = Literal["bot", "waiting", "person", "closed"]


class SaidTurn(Turn):
    """A turn of a session, redacted, as what it was read and by whom it was said."""

    acts: tuple[str, ...] = Field((), description="of a customer's message (kefu/acts.py)")
    agent: str | None = Field(None, description="name of the person who said it")
    unasked: bool = Field(False, description="said by the shop without a message that it answers")


class FlowState(BaseModel):
    """Where a flow stands: it waits at ``step`` for the customer.

    reminders: how often its question was repeated after a digression. written: whether it has changed the shop.
    waited: messages since it was set aside for another. put_off: the customer will tell later what it waits for.
    incomplete: addresses whose rest was asked for, by slot; told again without more they are taken as they are.
    origin: the flow that the customer asked for and that went over to this one for its order; empty: this one.
    """

    flow: str
    step: str
    slots: dict[str, str] = {}
    results: dict[str, Any] = {}
    incomplete: dict[str, str] = {}
    reminders: int = 0
    written: bool = False
    put_off: bool = False
    waited: int = 0
    origin: str = ""


class Wish(BaseModel):
    """A flow that the customer asked for and that has not begun.

    needs_sign_in: a stranger asked for it; it begins with the first message after signing in.
    """

    flow: str
    slots: dict[str, str] = {}
    needs_sign_in: bool = False


class HandedOver(BaseModel):
    """What was under way when a person was asked for. ended: the flow itself led to a person, and is over."""

    flow: FlowState | None = None
    ended: bool = False
    paused: list[FlowState] = []
    wishes: list[Wish] = []
    asked: dict[str, dict[str, str]] = {}


class PastFlow(BaseModel):
    """A flow that is over, and what it knew: the customer may come back to it.

    written: it has changed the shop. said: how it told that.
    """

    flow: str
    slots: dict[str, str] = {}
    outcome: Literal["resolved", "refused", "abandoned", "handoff"]
    written: bool = False
    said: str = ""


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

    status: 'waiting' while a person is asked for, 'person' while one has the conversation, 'closed' when that is over;
        the bot speaks in 'bot' alone. The case decides, and outlives the session (``Sessions.load``).
    handed_over: what was under way before; the bot gets it back with the conversation.
    paused, wishes: flows that were interrupted, the last one last, and wishes that wait, the first one first.
    offered: values that the open question offers as a numbered list; questions: of the knowledge, offered so.
    offer: what the last answer offered to do, at its confirmation: open as soon as the customer says yes to it.
    wanted: what a product that the customer looks for has to be; basket: what a sum was told for, points: with points.
    open_sum: a question for a sum with a blank for one of sum_choices (SKUs), which the customer was asked to choose.
    denied: flows that the customer refused or left: only plain words begin one again, no guess.
    misses: messages not understood since the last answer.
    told: what the last answer told or began, in order; a question without a subject may be about the last of it.
    heard: what the answers before it told or began.
    answers: digests of what the last answer said to what was asked, sentence by sentence.
    rejections: messages in a row that said that the last answer missed.
    no_person: the customer has declined a person, and has not asked for one since.
    script: of the customer's Chinese, and of the answers; turns are kept in simplified characters.
    asked: queries (name → slots) of a stranger, answered once he has signed in.
    channel: of the shop, by which the customer came last; '': it is not known.
    identified: the customer has not signed in, a flow of the pack found out who he is. Whoever has the session id goes
        on as this customer.
    """

    id: str
    customer: str | None = None
    channel: str = ""
    identified: bool = False
    lang: Lang = "zh"
    script: Script = "simplified"
    turns: list[SaidTurn] = []
    vault: dict[str, str] = {}
    flow: FlowState | None = None
    handed_over: HandedOver | None = None
    paused: list[FlowState] = []
    wishes: list[Wish] = []
    asked: dict[str, dict[str, str]] = {}
    past: list[PastFlow] = []
    subject: Subject = Subject()
    offered: list[str] = []
    questions: list[str] = []
    offer: FlowState | None = None
    wanted: dict[str, Any] = {}
    basket: list[tuple[str, int]] = []
    points: bool = False
    open_sum: str = ""
    sum_choices: list[str] = []
    denied: list[str] = []
    told: list[Told] = []
    heard: list[Told] = []
    answers: list[str] = []
    rejections: int = 0
    misses: int = 0
    no_person: bool = False
    apologised: bool = False
    status: Status = "bot"

    @field_validator("told", mode="before")
    @classmethod
    def _of_an_older_release(cls, told: Any) -> Any:
        """A session that was kept by a release before this one has one name here."""
        return [{"name": told}] if told and isinstance(told, str) else told or []

    @field_validator("status", mode="before")
    @classmethod
    def _danger_is_the_cases(cls, status: Any) -> Any:
        """An older release kept here that there was danger, while a person was asked for."""
        return "waiting" if status == "danger" else status

    @property
    def log_id(self) -> str:
        """The session's id in the conversation log: what was said before signing in is a session of its own.

        It depends on nothing that is forgotten after ``session_ttl_s``, for the log of a day outlives that.
        """
        return self.id if self.customer else f"{self.id}.stranger"

    def reopened(self) -> Session:
        """The session of a conversation that begins anew: whose it is, how he writes, and his data stay."""
        kept = {"id", "customer", "channel", "identified", "lang", "script", "vault"}
        return Session.model_validate(self.model_dump(include=kept))

    def resume(self) -> None:
        """Gives the conversation back to the bot. What was under way goes on when the customer says so."""
        self.status, self.misses, self.rejections = "bot", 0, 0
        under, self.handed_over = self.handed_over, None
        if under:
            open_flow = [under.flow] if under.flow and not under.ended else []
            self.paused, self.wishes, self.asked = [*under.paused, *open_flow], under.wishes, under.asked
            for state in self.paused:
                state.waited = KEPT_TURNS  # too long to come back of itself

    def remember(self, *turns: SaidTurn) -> None:
        """Appends redacted turns; the oldest are forgotten."""
        self.turns = [*self.turns, *turns][-KEPT_TURNS:]

    def close_flow(self, outcome: Literal["resolved", "refused", "abandoned", "handoff"], said: str = "") -> None:
        """Ends the flow under way; the customer may come back to it. said: its last words."""
        if state := self.flow:
            said = said if state.written else ""
            past = PastFlow(flow=state.flow, slots=state.slots, outcome=outcome, written=state.written, said=said)
            self.past = [*self.past, past][-KEPT_FLOWS:]
        self.flow, self.offered = None, []

    def deny(self, *flows: str) -> None:
        """Takes flows from all that waits; none of them begins by a guess any more."""
        self.denied = list(dict.fromkeys([*self.denied, *flows]))
        self.wishes = [wish for wish in self.wishes if wish.flow not in flows]
        self.paused = [state for state in self.paused if state.flow not in flows]
