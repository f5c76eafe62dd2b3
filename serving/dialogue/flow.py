"""Walks a pack's flows: slot filling, tools, branches, confirmations, one named step after the other.

The state is a small JSON object kept in the session, so any replica can go on where another stopped.
The engine decides nothing about meaning: the assistant hands it slots and a yes or no
(``serving/dialogue/decision.py``). Texts keep placeholders; the assistant restores them for the customer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from kefu.errors import KefuError
from kefu.privacy.redact import restore
from kefu.shop.flows import Flow, Step
from kefu.shop.pack import Pack
from kefu.shop.part import Lang
from kefu.shop.slots import ON_FILE
from kefu.text.postal_address import missing_parts, regions_of
from serving.dialogue.expressions import ExpressionError, evaluate, render
from serving.sessions.session import FlowState
from serving.tools.shop_db import SIGN_IN, ToolBox

MAX_STEPS = 64  # more without asking the customer anything is a loop in the pack


class FlowError(KefuError, RuntimeError):
    """A flow of the pack is wrong; the message names flow and step."""


@dataclass
class Visit:
    """Who walks the flow, and when. ``vault``: placeholder → what the customer really wrote.

    A stranger becomes a customer on the way when the pack's flow for it says who he is (``Step.customer``).
    """

    customer: str | None
    vault: Mapping[str, str]
    lang: Lang
    now: str


@dataclass
class Progress:
    """What came of walking on: texts to say, and either a question or an outcome. then: flow that begins next.

    again: what is said in place of a text that was just told.
    """

    says: list[str] = field(default_factory=list)
    again: dict[str, str] = field(default_factory=dict)
    asks: str | None = None
    outcome: Literal["resolved", "handoff", "abandoned"] | None = None
    signed_out: bool = False
    then: str | None = None


@dataclass(frozen=True)
class Go:
    """Where an action leads: to a step (None: the next one), or it waits for the customer."""

    to: str | None = None
    wait: bool = False
    outcome: Literal["handoff", "abandoned"] | None = None


class FlowEngine:
    """Runs the flows of one pack with one tool box."""

    def __init__(self, pack: Pack, tools: ToolBox) -> None:
        self._pack, self._tools = pack, tools
        self.flows = {flow.name: flow for flow in pack.flows}
        self._unknown = {flow.name: _unknown_values(flow) for flow in pack.flows}
        self._actions: dict[str, Callable[[Step, FlowState, Visit, Progress], Go]] = {
            "branch": self._branch,
            "call": self._call,
            "collect": self._collect,
            "confirm": self._confirm,
            "say": self._say,
        }

    def start(self, flow: Flow, slots: Mapping[str, str], visit: Visit) -> tuple[FlowState, Progress]:
        """Enters a flow with what is known already. A stranger is asked to sign in before anything else."""
        state = FlowState(flow=flow.name, step=flow.steps[0].id, slots=dict(slots))
        private = any(step.call and not self._pack.tools[step.call].public for step in flow.steps)
        if private and visit.customer is None:
            return state, self._stranger(Progress(), visit)
        return state, self._walk(state, visit, Go(to=state.step))

    def fill(self, state: FlowState, slots: Mapping[str, str], visit: Visit) -> Progress:
        """Goes on with more slots known, the asked one among them."""
        state.slots.update(slots)
        state.reminders, state.put_off = 0, False
        step = self.waiting_at(state)
        if self._missing(step, state, visit):
            return self._walk(state, visit, Go(to=step.id))  # a piece of an address: asked for the rest
        return self._walk(state, visit, Go())  # past the question: its step must not `clear` the answer

    def correct(self, state: FlowState, slots: Mapping[str, str | None], visit: Visit) -> Progress:
        """Runs again from the earliest step that asks for one of the slots, with other values or none.

        Raises FlowError when the flow has changed the shop already: then a person has to look.
        """
        if state.written:
            raise FlowError(f"flow {state.flow}: {', '.join(slots)}: no correction, the shop was changed already")
        flow = self.flows[state.flow]
        first = next((at for at, step in enumerate(flow.steps) if step.collect in slots), 0)
        if any(step.save and step.save not in state.results for step in flow.steps[:first]):
            first = 0  # it has come another way: what the step needs is not known
        for step in flow.steps[first:]:
            state.results.pop(step.save or "", None)
        for slot, value in slots.items():
            state.slots.pop(slot, None)
            if value is not None:
                state.slots[slot] = value
        state.reminders = 0
        return self._walk(state, visit, Go(to=flow.steps[first].id))

    def is_behind(self, state: FlowState, slots: Iterable[str]) -> bool:
        """Whether a step that asks for one of the slots was passed, and nothing was written since."""
        steps = self.flows[state.flow].steps
        passed = steps[: next(at for at, step in enumerate(steps) if step.id == state.step)]
        return not state.written and any(step.collect in slots for step in passed if step.collect)

    def is_known(self, state: FlowState) -> bool:
        """Whether the pack still has the flow and its step: a session may outlive a change of the pack."""
        return state.flow in self.flows and any(step.id == state.step for step in self.flows[state.flow].steps)

    def confirm(self, state: FlowState, yes: bool, visit: Visit) -> Progress:
        """Goes on after the customer's yes or no."""
        state.reminders = 0
        return self._walk(state, visit, Go(to=None if yes else self.waiting_at(state).refused))

    def hands_over(self, state: FlowState) -> bool:
        """Whether a yes to the open question only asks for a person, and changes nothing in the shop."""
        return self.flows[state.flow].calls_person(state.step)

    def waiting_at(self, state: FlowState) -> Step:
        """The step whose question the customer has to answer."""
        return self.flows[state.flow].step(state.step)

    def question(self, state: FlowState, visit: Visit) -> str:
        """The question that is open, worded anew."""
        step = self.waiting_at(state)
        if missing := self._missing(step, state, visit):
            text = self._pack.slots[step.collect or ""].ask_rest
        else:
            text = self._pack.slots[step.collect].ask if step.collect else step.confirm
        assert text is not None
        region = regions_of(self._pack.slots[step.collect].now(state.results)) if step.collect and missing else ""
        return self._render(text.in_(visit.lang), step, state, visit, missing=missing, region=region)

    def put_off(self, state: FlowState, visit: Visit) -> str:
        """What is told who has not at hand what the open question asks for; empty: the question stays open."""
        step = self.waiting_at(state)
        return self._render(step.later.in_(visit.lang), step, state, visit) if step.later else ""

    def told_no(self, state: FlowState, visit: Visit) -> str:
        """What a flow says to a no at its confirmation, where that is all that follows from one; else empty."""
        step = self.waiting_at(state)
        after = self.flows[state.flow].step(step.refused) if step.refused else None
        if after is None or after.say is None or after.end != "resolved" or after.then:
            return ""
        return self._render(after.say.in_(visit.lang), after, state, visit)

    def own_answer(self, state: FlowState, faq: str, visit: Visit) -> str:
        """What a flow tells of what it is about in place of a FAQ; empty: nothing of its own."""
        step, text = self.waiting_at(state), self.flows[state.flow].own_answers.get(faq)
        return self._render(text.in_(visit.lang), step, state, visit).strip() if text else ""

    def _walk(self, state: FlowState, visit: Visit, go: Go) -> Progress:
        """Steps on until the customer has to say something or the flow ends."""
        flow, progress = self.flows[state.flow], Progress()
        for _ in range(MAX_STEPS):
            after = flow.step_after(state.step)
            target = go.to or (after.id if after else None)
            if target is None:
                progress.outcome = progress.outcome or "resolved"
                return progress
            state.step = target
            go = self._act(flow.step(target), state, visit, progress)
            if go.wait or progress.outcome or progress.signed_out:
                return progress
        raise FlowError(f"flow {flow.name}: {MAX_STEPS} steps without a question, last at {state.step}: a loop?")

    def _act(self, step: Step, state: FlowState, visit: Visit, progress: Progress) -> Go:
        name = next(name for name in self._actions if getattr(step, name))
        if name == "collect":
            self._clear(step, state)  # what is asked anew
        go = self._actions[name](step, state, visit, progress)
        if name != "collect":
            self._clear(step, state)  # what this step may still speak of
        if go.outcome or (step.end and not go.wait and not go.to):
            progress.outcome, progress.then = go.outcome or step.end, step.then
        return go

    def _clear(self, step: Step, state: FlowState) -> None:
        for slot in step.clear:
            state.slots.pop(slot, None)

    def _collect(self, step: Step, state: FlowState, visit: Visit, progress: Progress) -> Go:
        if step.collect and self._on_file(state).get(step.collect, "") is None and not step.optional:
            del state.slots[step.collect]  # the shop knows none: asked for
        if step.collect and step.unless_told:
            state.slots.setdefault(step.collect, step.unless_told)
        missing = self._missing(step, state, visit)
        asked_before = (
            step.collect in state.incomplete and state.slots.get(step.collect) == state.incomplete[step.collect]
        )
        if step.optional or (step.collect in state.slots and (not missing or asked_before)):
            return Go()
        assert step.collect
        if missing:
            state.incomplete[step.collect] = state.slots[step.collect]
        progress.asks = step.collect
        progress.says.append(self.question(state, visit))
        return Go(wait=True)

    def _missing(self, step: Step, state: FlowState, visit: Visit) -> list[str]:
        """What an address that was told in part still lacks; empty for any other slot."""
        told = state.slots.get(step.collect or "")
        if step.collect is None or told is None or self._pack.slots[step.collect].ask_rest is None:
            return []
        return missing_parts(restore(told, visit.vault))

    def _confirm(self, step: Step, state: FlowState, visit: Visit, progress: Progress) -> Go:
        progress.asks = "confirm"
        progress.says.append(self.question(state, visit))
        return Go(wait=True)

    def _say(self, step: Step, state: FlowState, visit: Visit, progress: Progress) -> Go:
        assert step.say
        progress.says.append(self._render(step.say.in_(visit.lang), step, state, visit))
        if step.again:
            progress.again[progress.says[-1]] = self._render(step.again.in_(visit.lang), step, state, visit)
        return Go()

    def _branch(self, step: Step, state: FlowState, visit: Visit, progress: Progress) -> Go:
        for branch in step.branch:
            if self._evaluate(branch.when, step, state, visit):
                return Go(to=branch.goto)
        return Go()

    def _call(self, step: Step, state: FlowState, visit: Visit, progress: Progress) -> Go:
        assert step.call
        args = {name: self._evaluate(source, step, state, visit) for name, source in step.args.items()}
        result = self._tools.call(step.call, args, visit.customer, visit.now)
        if result.error is None:
            state.written = state.written or bool(self._pack.tools[step.call].write)
            if step.save:
                self._save(step, state, result.rows)
            if step.customer and visit.customer is None:
                visit.customer = str(self._evaluate(step.customer, step, state, visit))
            return Go()
        if target := step.on_error.get(result.error, step.on_error.get("*")):
            return Go(to=target)
        if result.error == SIGN_IN:
            self._stranger(progress, visit)
            return Go()
        return Go(outcome="handoff")  # the pack does not foresee it: a person has to look

    def _save(self, step: Step, state: FlowState, rows: list[dict[str, Any]]) -> None:
        assert step.call and step.save
        one = self._pack.tools[step.call].rows == "one"
        if step.append:
            state.results[step.save] = [*(state.results.get(step.save) or []), *rows]
        else:
            state.results[step.save] = (rows[0] if rows else None) if one else rows

    def _stranger(self, progress: Progress, visit: Visit) -> Progress:
        progress.says.append(self._pack.conversation.sign_in.in_(visit.lang))
        progress.signed_out = True
        return progress

    def _values(self, state: FlowState, visit: Visit) -> dict[str, Any]:
        """Names that the pack's expressions see: every slot and result of the flow, None while unknown."""
        known = {**self._unknown[state.flow], **state.slots, **self._on_file(state), **state.results}
        return {**known, "lang": visit.lang, "now": visit.now}

    def _on_file(self, state: FlowState) -> dict[str, str | None]:
        """Values of the slots for which the customer means what the shop knows already; None: it knows none."""
        values: dict[str, str | None] = {}
        for name, value in state.slots.items():
            if value == ON_FILE and (rule := self._pack.slots[name].on_file):
                result, _, column = rule.value.partition(".")
                values[name] = (state.results.get(result) or {}).get(column) or None
        return values

    def _render(self, source: str, step: Step, state: FlowState, visit: Visit, **more: Any) -> str:
        try:
            return render(source, self._values(state, visit) | more)
        except ExpressionError as error:
            raise FlowError(f"flow {state.flow}, step {step.id}: {error}") from error

    def _evaluate(self, source: str, step: Step, state: FlowState, visit: Visit) -> Any:
        values = self._values(state, visit)
        values |= {name: restore(value, visit.vault) for name, value in state.slots.items() if value != ON_FILE}
        try:
            return evaluate(source, values)
        except ExpressionError as error:
            raise FlowError(f"flow {state.flow}, step {step.id}: {error}") from error


def _unknown_values(flow: Flow) -> dict[str, None]:
    """Names of a flow's slots and results."""
    return {name: None for step in flow.steps for name in (step.collect, step.save) if name}
