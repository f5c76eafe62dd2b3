"""What to do with a message: a pure decision, made from what is understood of it.

Words of danger come before everything: a person is asked for at once. While one is asked for, Kefu says so
and nothing else, until the customer wants the bot back.

With a flow under way, in this order: leaving it, answering its question, a person, another flow, a
question in between (answered, then the flow's question comes again). Without one: a question that the
pack words just so, the route of the intent, knowledge, a model. A slot that takes any words is only
filled when the message is neither a known question nor a wish for a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kefu.intents.router import ScoredIntent
from kefu.knowledge.index import Hit
from kefu.shop.flows import Flow
from kefu.shop.pack import Pack
from kefu.shop.part import Lang
from kefu.shop.slots import extract
from kefu.shop.taxonomy import Intent
from serving.dialogue.danger import danger_in
from serving.dialogue.yes_no import leaves, wants_bot, yes_or_no
from serving.knowledge.static import EXACT
from serving.params import Serving
from serving.sessions.session import FlowState, Status

Kind = Literal[
    "danger", "waiting", "resume", "leave", "fill", "confirm", "human", "flow", "faq", "chitchat", "again", "model"
]

MAX_MISSES = 3  # questions in a row that got no answer: a person helps better


@dataclass(frozen=True)
class Understood:
    """A redacted message and what router, rules and knowledge see in it."""

    text: str
    lang: Lang
    top: ScoredIntent
    hits: list[Hit]


@dataclass(frozen=True)
class Decision:
    """``slots``: what the message tells the flow; ``yes``: the answer to a confirmation; ``danger``: its kind."""

    kind: Kind
    flow: Flow | None = None
    slots: dict[str, str] | None = None
    yes: bool = False
    danger: str | None = None


class Decider:
    """Decides for one pack."""

    def __init__(self, pack: Pack, params: Serving) -> None:
        self._pack, self._params = pack, params

    def decide(self, seen: Understood, state: FlowState | None, status: Status = "bot") -> Decision:
        if danger := danger_in(seen.text, self._pack.danger):
            return Decision("danger", danger=danger)
        if status != "bot":
            resumes = status == "waiting" and wants_bot(seen.text, self._pack.conversation)
            return Decision("resume" if resumes else "waiting")
        return self._in_flow(seen, state) if state else self._free(seen)

    def slots_of(self, flow: Flow, seen: Understood, asked: str | None = None) -> dict[str, str]:
        """What the message tells about the slots that a flow collects."""
        names = {step.collect for step in flow.steps if step.collect}
        return extract(seen.text, {n: self._pack.slots[n] for n in sorted(names)}, seen.lang, asked)

    def _free(self, seen: Understood) -> Decision:
        intent, flow = self._intent(seen), self._pack.flow_for(seen.top.intent)
        if self._written(seen):
            return Decision("faq")
        if self._sure(seen) and intent.route == "human":
            return Decision("human")
        if self._sure(seen) and flow:
            return Decision("flow", flow, self.slots_of(flow, seen))
        if self._sure(seen) and intent.route == "chitchat" and intent.reply:
            return Decision("chitchat")
        return Decision("faq" if self._known(seen) else "model")

    def _in_flow(self, seen: Understood, state: FlowState) -> Decision:
        if leaves(seen.text, self._pack.conversation):
            return Decision("leave")
        flow = next(flow for flow in self._pack.flows if flow.name == state.flow)
        return self._answer(seen, state, flow) or self._interruption(seen, state, flow)

    def _answer(self, seen: Understood, state: FlowState, flow: Flow) -> Decision | None:
        """The message as an answer to the open question, if it is one."""
        step = flow.step(state.step)
        if step.confirm:
            yes = yes_or_no(seen.text, self._pack.conversation, step)
            return None if yes is None else Decision("confirm", yes=yes)
        assert step.collect
        told = self.slots_of(flow, seen)
        any_words = self._pack.slots[step.collect].free_text
        if step.collect not in told and not (any_words and self._interrupts(seen)):
            told = self.slots_of(flow, seen, asked=step.collect)
        if step.collect not in told:
            return None
        return Decision("fill", slots={n: v for n, v in told.items() if n == step.collect or n not in state.slots})

    def _interruption(self, seen: Understood, state: FlowState, flow: Flow) -> Decision:
        other = self._pack.flow_for(seen.top.intent)
        if self._sure(seen) and self._intent(seen).route == "human":
            return Decision("human")
        if self._known(seen):
            return Decision("faq")
        if self._sure(seen) and other and other is not flow:
            return Decision("flow", other, self.slots_of(other, seen))
        if self._sure(seen) and self._intent(seen).route == "chitchat" and self._intent(seen).reply:
            return Decision("chitchat")
        return Decision("human" if state.misses + 1 >= MAX_MISSES else "again")

    def _interrupts(self, seen: Understood) -> bool:
        wants_person = self._sure(seen) and self._intent(seen).route == "human"
        return wants_person or self._known(seen)

    def _intent(self, seen: Understood) -> Intent:
        return self._pack.taxonomy[seen.top.intent]

    def _sure(self, seen: Understood) -> bool:
        return seen.top.confidence >= self._params.router_confidence

    def _written(self, seen: Understood) -> bool:
        """Whether the pack has this very question: then its answer is meant, not a flow or a person."""
        return self._known(seen) and seen.hits[0].score >= EXACT

    def _known(self, seen: Understood) -> bool:
        """Whether the FAQ answers this: the best entry is near, and clearly nearer than the next."""
        if not seen.hits or seen.hits[0].entry.kind != "faq":
            return False
        best, *others = (hit.score for hit in seen.hits)
        lead = best - others[0] if others else best
        return best >= EXACT or (best >= self._params.faq_score and lead >= self._params.faq_margin)
