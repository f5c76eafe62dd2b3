"""What a flow consists of: slots (``slots.yaml``) and steps (``flows/*.yaml``).

Declarations only: serving runs flows, ``kefu.shop.slots`` finds slot values in a text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, Field, field_validator, model_validator

from kefu.shop.act_words import WordRule
from kefu.shop.part import Lang, Part, Phrases, Text, read_part
from kefu.text.regexes import check_re2, check_regex

Choices = dict[str, dict[Lang, tuple[str, ...]]]


class ChoicePhrase(NamedTuple):
    """A phrase that tells a choice, as written and casefolded."""

    value: str
    lang: Lang
    words: str
    folded: str


def _checked(patterns: tuple[str, ...]) -> tuple[str, ...]:
    for pattern in patterns:
        check_re2(pattern)
    return patterns


Regexes = Annotated[tuple[str, ...], AfterValidator(_checked)]  # of RE2


class OnFile(WordRule):
    """Words by which a customer means what the shop knows of him already: 账号里那个, my account's e-mail.

    When the value has just been asked for, a yes and the words of ``asked`` mean it, too: 之前那个.
    """

    value: str = Field(description="RESULT.COLUMN of the flow that asks")
    asked: Regexes = ()


class Slot(Part):
    """Recognised as a redacted entity (``pii``), one of ``choices``, a ``pattern``, or as said."""

    title: Text
    ask: Text
    pii: str | None = Field(None, description="placeholder type whose value fills the slot")
    choices: Choices = Field({}, description="value → phrases")
    choice_patterns: dict[str, tuple[str, ...]] = Field(
        {}, description="value → regexes of RE2, searched where no phrase of `choices` stands: 打开是条毛巾"
    )
    pattern: str | None = Field(None, description="regex; group 1 if there is one, else the match")
    called: tuple[str, ...] = Field(
        (), description="the name of an organisation or a person, and the words that lead to one: 抬头, made out to"
    )
    number: bool = Field(False, description="a count in digits or words; when just asked for, any number fills it")
    free_text: bool = Field(False, description="when just asked for, the whole message fills it")
    plausible: str | None = Field(None, description="regex that a message must match to fill it; None: any words do")
    item: bool = Field(False, description="one item of the order: its article number, wherever its name stands")
    day: bool = Field(False, description="a coming day that the message names (周五, the 20th), in ISO format")
    shared: bool = Field(False, description="kept for a further wish of the same flow: the title of an invoice")
    carried: bool = Field(
        False,
        description="a reason: read from what stands beside the wish as if it had been asked for, and kept by the flow"
        " that follows about the same order",
    )
    of_goods: Regexes = Field(
        (), description="regexes of RE2 that tell it of goods alone, never of money or papers: when will it ship"
    )
    opening: bool = Field(False, description="told only in the message that begins a flow or names its order")
    otherwise: str | None = Field(
        None,
        description="slot that takes a place in the list that this one's question shows, the flow's first: 2",
    )
    asked_choices: Choices = Field({}, description="phrases of an answer: 大了, 尺寸")
    trim: str | None = Field(None, description="regex taken off such a message: 就换…吧")
    ask_rest: Text | None = Field(
        None,
        description="the slot is a postal address, told in pieces: what is asked while it lacks one of the parts"
        " `missing` (region, street, door; kefu/text/postal_address.py); `region` is that of the order's own address",
    )
    if_insisted: str | None = Field(
        None, description="value taken where the customer says the wish once more, and does not tell this: cancel it"
    )
    as_it_is: str | None = Field(
        None, description="RESULT.COLUMN of the address that the order has: a room or a number alone changes it"
    )
    on_file: OnFile | None = Field(None, description="what the shop knows already, and the words that mean it")

    @field_validator("choice_patterns")
    @classmethod
    def _are_regexes(cls, patterns: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for some in patterns.values():
            for pattern in some:
                check_re2(pattern)
        return patterns

    @field_validator("pattern", "plausible", "trim")
    @classmethod
    def _is_a_regex(cls, pattern: str | None) -> str | None:
        if pattern:
            check_regex(pattern)
        return pattern

    @model_validator(mode="after")
    def _patterns_are_of_choices(self) -> Slot:
        if unknown := set(self.choice_patterns) - set(self.choices):
            raise ValueError(f"choice_patterns: no such choice: {', '.join(sorted(unknown))}")
        return self

    def now(self, results: Mapping[str, Any]) -> str:
        """The address as it is, by the results of the flow that asks; empty where it is not known."""
        result, _, column = (self.as_it_is or "").partition(".")
        return str((results.get(result) or {}).get(column) or "")

    @cached_property
    def choice_phrases(self) -> tuple[ChoicePhrase, ...]:
        """The phrases of ``choices``, the longest first."""
        return _longest_first(self.choices)

    @cached_property
    def asked_choice_phrases(self) -> tuple[ChoicePhrase, ...]:
        """The phrases of ``asked_choices``, the longest first."""
        return _longest_first(self.asked_choices)


def _longest_first(choices: Choices) -> tuple[ChoicePhrase, ...]:
    phrases = [
        ChoicePhrase(value, lang, words, words.casefold())
        for value, by_language in choices.items()
        for lang, some in by_language.items()
        for words in some
    ]
    return tuple(sorted(phrases, key=lambda phrase: (-len(phrase.words), phrase.value, phrase.words)))


class Branch(Part):
    when: str = Field(description="Jinja2 expression over slots and saved results")
    goto: str


class Likely(Part):
    """Which order is meant where none is named, or several.

    The only one with ``mark``, or in the first of ``states`` that any of the customer's orders is in; if there are
    several, they are offered first.
    """

    when: str = Field("", description="Jinja2 expression over the slots that were told; empty: in any case")
    states: tuple[str, ...] = Field((), description="states of orders, the likeliest first")
    mark: str | None = Field(None, description="mark of the orders, in place of states")

    @model_validator(mode="after")
    def _mark_or_states(self) -> Likely:
        if bool(self.mark) == bool(self.states):
            raise ValueError("likely: `mark` or `states`, and not both")
        return self


class Step(Part):
    """One step of a flow: exactly one action, then ``goto`` (else the next step) or ``end``."""

    id: str
    collect: str | None = Field(None, description="slot to ask for unless it is known")
    optional: bool = Field(False, description="a collect that never asks: the slot stays unknown unless it was told")
    later: Text | None = Field(
        None, description="a collect: until when it can be told; who has it not at hand is told that, and not asked on"
    )
    unless_told: str | None = Field(None, description="what such a slot is then taken for: a fault, of what is wrong")
    among: tuple[str, ...] = Field(
        (), description="states of the orders that a collect offers, if there are any, and takes unnamed; empty: all"
    )
    also: tuple[str, ...] = Field((), description="states of orders that a collect offers after those of `among`")
    spoken: tuple[str, ...] = Field(
        (),
        description="further states of the order spoken of, which a collect takes unnamed: the flow says why not",
    )
    likely: tuple[Likely, ...] = Field(
        (), description="which order a collect takes unnamed: the first that holds and finds orders"
    )
    within_days: int | None = Field(
        None, description="days since an order's last event after which it is offered only if there is no other"
    )
    only: tuple[str, ...] = Field(
        (),
        description="marks of the orders that a collect offers: those with the first that any has; the only one is"
        " taken unnamed",
    )
    call: str | None = Field(None, description="tool to run")
    args: dict[str, str] = Field({}, description="tool argument → Jinja2 expression")
    save: str | None = Field(None, description="name the tool's result gets")
    append: bool = Field(False, description="the result is added to what was saved under the name, as a list")
    customer: str | None = Field(
        None, description="Jinja2 expression over the result: the id of the customer whom a stranger proved to be"
    )
    on_error: dict[str, str] = Field({}, description="tool error code → step id; '*' for any other")
    branch: tuple[Branch, ...] = ()
    confirm: Text | None = Field(None, description="yes/no question; 'no' goes to ``refused``")
    refused: str | None = None
    yes: Phrases = Field({}, description="a confirm's own words for yes, e.g. its verb: 催一下, hurry them")
    no: Phrases = Field({}, description="and for no: 先不退, keep the order")
    say: Text | None = None
    again: Text | None = Field(
        None, description="said in place of ``say`` where the last answer told that, to a protest or a guess"
    )
    clear: tuple[str, ...] = Field((), description="slots forgotten when this step runs")
    goto: str | None = None
    end: Literal["resolved", "handoff", "abandoned"] | None = None
    then: str | None = Field(
        None, description="flow that begins where this one ends, with what is known: what has not shipped is cancelled"
    )

    @model_validator(mode="after")
    def _one_action(self) -> Step:
        actions = [a for a in ("collect", "call", "branch", "confirm", "say") if getattr(self, a)]
        if len(actions) != 1:
            raise ValueError(f"step {self.id}: exactly one of collect, call, branch, confirm, say; got {actions}")
        if self.confirm and not self.refused:
            raise ValueError(f"step {self.id}: confirm needs `refused`, the step after a no")
        if (self.append or self.customer) and not (self.call and self.save):
            raise ValueError(f"step {self.id}: `append` and `customer` belong to a call with `save`")
        if (self.optional or self.also or self.likely or self.within_days is not None) and not self.collect:
            raise ValueError(f"step {self.id}: `optional`, `also`, `likely` and `within_days` belong to a collect")
        if self.unless_told and not self.optional:
            raise ValueError(f"step {self.id}: `unless_told` belongs to a collect that is `optional`")
        if self.later and not self.collect:
            raise ValueError(f"step {self.id}: `later` belongs to a collect")
        if (self.yes or self.no) and not self.confirm:
            raise ValueError(f"step {self.id}: `yes` and `no` belong to a confirm")
        if self.then and self.end != "resolved":
            raise ValueError(f"step {self.id}: `then` belongs to a step with `end: resolved`")
        return self


class Flow(Part):
    name: str
    title: Text
    intents: tuple[str, ...]
    words: tuple[str, ...] = Field((), description="regexes of RE2 that ask for the flow whatever the router says")
    not_words: tuple[str, ...] = Field((), description="regexes taken out of the message first")
    item_words: tuple[str, ...] = Field((), description="regexes that ask for the flow beside an item that is on order")
    item_not_words: tuple[str, ...] = Field((), description="regexes taken out before; empty: not_words")
    item_among: tuple[str, ...] = Field((), description="states of orders whose items count as on order")
    follows: tuple[str, ...] = Field((), description="flows after whose end follow_up_words ask for this one")
    follow_up_words: tuple[str, ...] = Field(
        (), description="regexes that ask for the flow about the order just served"
    )
    follow_up_slots: tuple[str, ...] = Field(
        (), description="slots of which a question about the order just served asks for the flow: asked_arrival"
    )
    again_words: tuple[str, ...] = Field(
        (), description="regexes that ask for the flow once more, about another order: can that one go back?"
    )
    follow_up_not_words: tuple[str, ...] = Field((), description="regexes taken out of the message first")
    explains: tuple[str, ...] = Field(
        (),
        description="states or marks of orders of which it tells what there is to know: a question that describes such"
        " an order, and that nothing else answers, asks for it",
    )
    told_by: dict[str, tuple[str, ...]] = Field(
        {}, description="slot → choices that begin the flow where they are told and nothing is asked for: 拉链卡住了"
    )
    replaces: tuple[str, ...] = Field(
        (), description="flows under way whose place a wish in plain words for this one takes: return, by exchange"
    )
    asked_meanwhile: dict[str, str] = Field(
        {},
        description="what is asked of its order while it is under way (flow:NAME, query:NAME, faq:ID) → id of the FAQ,"
        " or query:NAME, that is meant: within an exchange, when will it come is asked of the new item",
    )
    asked_afterwards: dict[str, str] = Field(
        {},
        description="the same, after it has changed the shop, until another order or item is named (an invoice was"
        " asked for, how long will it take) → id of the FAQ, or query:NAME, that is meant",
    )
    own_answers: dict[str, Text] = Field(
        {},
        description="id of a FAQ → what is told in its place while the flow is under way, of what it is about:"
        " Jinja2 over its slots and results; empty: the FAQ's answer",
    )
    steps: tuple[Step, ...]

    @field_validator(
        "words", "not_words", "item_words", "item_not_words", "follow_up_words", "follow_up_not_words", "again_words"
    )
    @classmethod
    def _are_regexes(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            check_re2(pattern)
        return patterns

    @cached_property
    def asked_of_item(self) -> WordRule | None:
        """The rule whose words ask for the flow beside an item that is on order; None when it has none."""
        taken_out = self.item_not_words or self.not_words
        return WordRule(words=self.item_words, not_words=taken_out) if self.item_words else None

    @cached_property
    def asked_after(self) -> WordRule | None:
        """The rule whose words ask for the flow about the order that was just served; None when it has none."""
        taken_out = self.follow_up_not_words
        return WordRule(words=self.follow_up_words, not_words=taken_out) if self.follow_up_words else None

    @cached_property
    def asked_again(self) -> WordRule | None:
        """The rule whose words ask for the flow about another order than it has just refused; None: it has none."""
        return WordRule(words=self.again_words, not_words=self.not_words) if self.again_words else None

    @cached_property
    def asked_by(self) -> WordRule | None:
        """The rule whose words ask for the flow; None when it has none."""
        return WordRule(words=self.words, not_words=self.not_words) if self.words else None

    @model_validator(mode="after")
    def _targets_exist(self) -> Flow:
        ids = [step.id for step in self.steps]
        if len(set(ids)) != len(ids):
            raise ValueError(f"flow {self.name}: step ids repeat")
        targets = {t for s in self.steps for t in (s.goto, s.refused, *s.on_error.values()) if t}
        targets |= {b.goto for s in self.steps for b in s.branch}
        if missing := targets - set(ids):
            raise ValueError(f"flow {self.name}: no such step: {', '.join(sorted(missing))}")
        if unknown := set(self.follow_up_slots) - set(self.slots):
            raise ValueError(
                f"flow {self.name}: follow_up_slots that it does not collect: {', '.join(sorted(unknown))}"
            )
        return self

    @cached_property
    def slots(self) -> tuple[str, ...]:
        """Names of the slots that the flow collects, in order, each once."""
        return tuple(dict.fromkeys(step.collect for step in self.steps if step.collect))

    @cached_property
    def asked_slots(self) -> tuple[str, ...]:
        """Those that it asks for, when they are not told."""
        return tuple(dict.fromkeys(step.collect for step in self.steps if step.collect and not step.optional))

    @cached_property
    def version(self) -> str:
        """NAME@HASH of what the flow asks for, decides and calls; its words may change without another version."""
        words = {"say", "confirm", "yes", "no"}
        steps = [step.model_dump(exclude=words) | {"confirms": bool(step.confirm)} for step in self.steps]
        return f"{self.name}@{sha256(json.dumps(steps).encode()).hexdigest()[:8]}"

    def step(self, step_id: str) -> Step:
        return next(step for step in self.steps if step.id == step_id)

    def step_after(self, step_id: str) -> Step | None:
        """The step that follows one that does not branch; None after the last."""
        step, ids = self.step(step_id), [step.id for step in self.steps]
        following = self.steps[ids.index(step_id) + 1 :]
        return self.step(step.goto) if step.goto else next(iter(following), None)

    def calls_person(self, step_id: str) -> bool:
        """Whether a yes to a step only asks for a person, and changes nothing in the shop."""
        after = self.step_after(step_id) if self.step(step_id).confirm else None
        return after is not None and _only_calls_person(after)

    def calls_person_unless(self, step_id: str) -> bool:
        """Whether a no to a step only asks for a person, and a yes does nothing: have you found it?"""
        step, after = self.step(step_id), self.step_after(step_id)
        ends = step.refused is not None and after is not None and after.say is not None and after.end == "resolved"
        return ends and _only_calls_person(self.step(step.refused or ""))


def _only_calls_person(step: Step) -> bool:
    return step.say is not None and step.end == "handoff"


def load_slots(folder: Path) -> dict[str, Slot]:
    """The pack's slots alone. Raises PackError."""
    return read_part(folder / "slots.yaml", dict[str, Slot])
