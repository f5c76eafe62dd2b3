"""The shop pack: everything that is one business, read from YAML and checked, never written in Python.

A pack is a folder (``shop/`` is the demo's):

    pack.yaml           who the shop is, its languages, what its order numbers look like
    taxonomy.yaml       intents, with definitions and examples
    slots.yaml          what flows may ask for, and how to recognise it
    flows/*.yaml        one slot-filling flow a file: named steps, walked one after the other
    tools.yaml          what flows may do: parametrised SQL on the demo shop (REST in production)
    knowledge/faq.yaml  questions, variants and answers;  knowledge/policies/*.md: one policy a file
    promotions.yaml     what is on offer, from when to when
    rules/*.yaml        labelling rules, one a file;  labels/*.yaml: wordings of other labels (label_patterns.py)
    words.yaml          groups of words of one meaning;  examples/*.yaml: what customers say (both: examples.py)
    prompts.yaml        system prompts of the models
    conversation.yaml   what is said around flows, and how yes, no and "never mind" sound
    danger.yaml         words of danger, by kind: a person is asked for at once (optional)
    golden/*.yaml       conversations that must go well, with the expected end state
    db/                 schema.sql and one CSV a table of the demo shop
    sample/             templates of the bundled SAMPLE days

It does not run flows or tools (serving does) and does not read ``sample/`` (data/sample does).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from kefu.errors import KefuError
from kefu.intents.word_groups import check

Lang = Literal["zh", "en"]
Phrases = dict[Lang, tuple[Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)], ...]]
T = TypeVar("T")


class PackError(KefuError, ValueError):
    """A file of the pack cannot be used; the message names file, field and what was expected."""


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Text(Part):
    """The same words in both languages; Jinja2 placeholders where a flow or prompt fills them."""

    zh: str
    en: str

    def in_(self, lang: str) -> str:
        return self.en if lang == "en" else self.zh


Clock = Annotated[str, StringConstraints(pattern=r"^(?:[01]\d|2[0-3]):[0-5]\d$|^24:00$")]


class OfficeHours(Part):
    """When people answer, every day, in the shop's time zone: HH:MM; 00:00 to 24:00 is always."""

    opens: Clock
    closes: Clock

    @model_validator(mode="after")
    def _is_some_time(self) -> OfficeHours:
        if self.opens == self.closes:
            raise ValueError(f"opens and closes are both {self.opens}: write 00:00 and 24:00 for the whole day")
        return self

    def include(self, clock: str) -> bool:
        """Whether HH:MM is within; hours may go past midnight."""
        if self.opens < self.closes:
            return self.opens <= clock < self.closes
        return clock >= self.opens or clock < self.closes


class Shop(Part):
    name: Text
    greeting: Text
    fallback: Text = Field(description="said when nothing else can be said")
    handoff: Text = Field(description="said when a person is asked for; Jinja2 with opens and closes")
    handoff_closed: Text | None = Field(None, description="the same outside office hours; None: as handoff")
    office_hours: OfficeHours | None = Field(None, description="when people answer; None: at any time")
    currency: str
    timezone: str
    pii: dict[str, str] = Field(description="placeholder type → regex, e.g. ORDER → KF\\d{10}")
    demo_customers: tuple[str, ...] = Field((), description="ids offered on the demo's chat page")
    demo_now: str | None = Field(None, description="ISO time at which the demo's database stands; None: the clock")


class Intent(Part):
    name: str
    title: Text
    definition: Text
    examples: dict[Lang, tuple[str, ...]]
    route: Literal["flow", "knowledge", "chitchat", "human"] = "knowledge"
    reply: Text | None = Field(None, description="fixed reply, for chitchat")


class Taxonomy(Part):
    version: str
    intents: tuple[Intent, ...]

    @property
    def names(self) -> list[str]:
        return [intent.name for intent in self.intents]

    def __getitem__(self, name: str) -> Intent:
        return next(intent for intent in self.intents if intent.name == name)


class Slot(Part):
    """Recognised as a redacted entity (``pii``), one of ``choices``, a ``pattern``, or as said."""

    title: Text
    ask: Text
    pii: str | None = Field(None, description="placeholder type whose value fills the slot")
    choices: dict[str, dict[Lang, tuple[str, ...]]] = Field({}, description="value → phrases")
    pattern: str | None = Field(None, description="regex; group 1 if there is one, else the match")
    free_text: bool = Field(False, description="when just asked for, the whole message fills it")


class Branch(Part):
    when: str = Field(description="Jinja2 expression over slots and saved results")
    goto: str


class Step(Part):
    """One step of a flow: exactly one action, then ``goto`` (else the next step) or ``end``."""

    id: str
    collect: str | None = Field(None, description="slot to ask for unless it is known")
    call: str | None = Field(None, description="tool to run")
    args: dict[str, str] = Field({}, description="tool argument → Jinja2 expression")
    save: str | None = Field(None, description="name the tool's result gets")
    on_error: dict[str, str] = Field({}, description="tool error code → step id; '*' for any other")
    branch: tuple[Branch, ...] = ()
    confirm: Text | None = Field(None, description="yes/no question; 'no' goes to ``refused``")
    refused: str | None = None
    yes: Phrases = Field({}, description="a confirm's own words for yes, e.g. its verb: 催一下, hurry them")
    no: Phrases = Field({}, description="and for no: 先不退, keep the order")
    say: Text | None = None
    clear: tuple[str, ...] = Field((), description="slots forgotten when this step runs")
    goto: str | None = None
    end: Literal["resolved", "handoff", "abandoned"] | None = None

    @model_validator(mode="after")
    def _one_action(self) -> Step:
        actions = [a for a in ("collect", "call", "branch", "confirm", "say") if getattr(self, a)]
        if len(actions) != 1:
            raise ValueError(f"step {self.id}: exactly one of collect, call, branch, confirm, say; got {actions}")
        if self.confirm and not self.refused:
            raise ValueError(f"step {self.id}: confirm needs `refused`, the step after a no")
        if (self.yes or self.no) and not self.confirm:
            raise ValueError(f"step {self.id}: `yes` and `no` belong to a confirm")
        return self


class Flow(Part):
    name: str
    title: Text
    intents: tuple[str, ...]
    steps: tuple[Step, ...]

    @model_validator(mode="after")
    def _targets_exist(self) -> Flow:
        ids = [step.id for step in self.steps]
        if len(set(ids)) != len(ids):
            raise ValueError(f"flow {self.name}: step ids repeat")
        targets = {t for s in self.steps for t in (s.goto, s.refused, *s.on_error.values()) if t}
        targets |= {b.goto for s in self.steps for b in s.branch}
        if missing := targets - set(ids):
            raise ValueError(f"flow {self.name}: no such step: {', '.join(sorted(missing))}")
        return self

    def step(self, step_id: str) -> Step:
        return next(step for step in self.steps if step.id == step_id)


class Guard(Part):
    """A query that must return a row, or the tool refuses with ``error``."""

    sql: str
    error: str


class Tool(Part):
    """Parametrised SQL. ``:customer_id`` and ``:now`` are bound by the server, never by the chat."""

    description: str
    args: tuple[str, ...] = ()
    public: bool = Field(False, description="reads nothing that belongs to a customer")
    guards: tuple[Guard, ...] = ()
    write: tuple[str, ...] = Field((), description="statements of one transaction")
    read: str | None = Field(None, description="query whose rows are the result")
    rows: Literal["one", "many"] = Field("one", description="one: no row is the error 'not_found'")

    @model_validator(mode="after")
    def _scoped(self) -> Tool:
        statements = [*self.write, *([self.read] if self.read else []), *(g.sql for g in self.guards)]
        if not self.public and not all(":customer_id" in sql for sql in statements):
            raise ValueError("every statement of a tool that is not public must be limited by :customer_id")
        return self


class Faq(Part):
    id: str
    intent: str
    question: Text
    variants: dict[Lang, tuple[str, ...]] = {}
    answer: Text


class Promotion(Part):
    id: str
    title: Text
    detail: Text
    starts: str = Field(description="YYYY-MM-DD")
    ends: str
    products: tuple[str, ...] = Field((), description="SKUs; empty: the whole shop")


class Conversation(Part):
    """Words around flows: what Kefu says, and the phrases by which a customer answers it.

    Phrases are plain words, read by ``serving/dialogue/yes_no.py``: case, punctuation and emoji's colours do
    not matter, and a whole message has to be made of them.
    """

    sign_in: Text = Field(description="said when a stranger asks for what belongs to a customer")
    left: Text = Field(description="said when the customer leaves a flow unfinished")
    again: Text = Field(description="said before a question is repeated that was not answered")
    back: Text = Field(description="said before a question is repeated after a digression")
    yes: Phrases
    no: Phrases
    leave: Phrases
    go_ahead: Phrases = Field({}, description="verbs that mean yes at any confirmation; steps add their own")
    please: Phrases = Field({}, description="words before such a verb, and only there")
    around: Phrases = Field({}, description="words around an answer that mean nothing by themselves: thanks")
    before_no: Phrases = Field({}, description="words that may come before a no as well: 好的，不用了")
    doubt: Phrases = Field({}, description="made of the words above, yet no answer: 要是, yeah right")
    look_up: str | None = Field(None, description="public tool of one argument, a word; models see its rows")
    look_up_names: str | None = Field(
        None, description="public tool without arguments: the names that look_up searches, a row a product"
    )
    waiting: Text | None = Field(
        None, description="said to what the customer adds while waiting for a person; None: shop.handoff"
    )
    waiting_closed: Text | None = Field(None, description="the same outside office hours; None: as waiting")
    to_bot: Phrases = Field({}, description="whole messages that take back the wish for a person")
    resumed: Text | None = Field(None, description="said when the customer took it back; None: shop.greeting")


class Danger(Part):
    """One kind of danger: a message with one of its words goes to a person at once, before everything else.

    words, not_words: regexes of RE2 (``kefu/intents/word_groups.py``), searched in the message without regard to case.
    What ``not_words`` match is taken out first: idioms (气炸了) and names (空气炸锅).
    """

    words: tuple[str, ...] = Field(min_length=1)
    not_words: tuple[str, ...] = ()
    reply: Text = Field(description="said at once; what shop.handoff says follows")

    @field_validator("words", "not_words")
    @classmethod
    def _are_regexes(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            check(pattern)
        return patterns


class Rule(Part):
    """A labelling rule: votes for ``intent`` where its regexes match. Evidence for the labeler, not a verdict.

    text: searched in the redacted turn; before, after: in the other side's words around it.
    """

    name: str
    intent: str
    text: str | None = None
    before: str | None = None
    after: str | None = None

    @model_validator(mode="after")
    def _can_match(self) -> Rule:
        patterns = [pattern for pattern in (self.text, self.before, self.after) if pattern is not None]
        if not patterns:
            raise ValueError(f"rule {self.name}: needs a regex in text, before or after")
        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"rule {self.name}: {pattern!r} is no regex: {error}") from error
        return self


class Policy(Part):
    """A section of a policy file: knowledge for the models, cited by id."""

    id: str
    title: str
    text: str


class Pack(Part):
    folder: Path
    shop: Shop
    taxonomy: Taxonomy
    slots: dict[str, Slot]
    flows: tuple[Flow, ...]
    tools: dict[str, Tool]
    faq: tuple[Faq, ...]
    policies: tuple[Policy, ...]
    promotions: tuple[Promotion, ...]
    prompts: dict[str, Text]
    conversation: Conversation
    danger: dict[str, Danger] = Field({}, description="kind → its words, the gravest first")

    @model_validator(mode="after")
    def _refers_to_what_exists(self) -> Pack:
        problems = [f"faq {f.id}: unknown intent {f.intent}" for f in self.faq if f.intent not in self.taxonomy.names]
        for flow in self.flows:
            problems += [f"flow {flow.name}: unknown intent {i}" for i in flow.intents if i not in self.taxonomy.names]
            for step in flow.steps:
                if step.collect and step.collect not in self.slots:
                    problems.append(f"flow {flow.name}, step {step.id}: unknown slot {step.collect}")
                if step.call and step.call not in self.tools:
                    problems.append(f"flow {flow.name}, step {step.id}: unknown tool {step.call}")
                elif step.call and set(step.args) != set(self.tools[step.call].args):
                    wanted = ", ".join(self.tools[step.call].args)
                    problems.append(f"flow {flow.name}, step {step.id}: {step.call} wants the arguments {wanted}")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def flow_for(self, intent: str) -> Flow | None:
        return next((flow for flow in self.flows if intent in flow.intents), None)


def _yaml(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf8"))
    except (OSError, yaml.YAMLError) as error:
        raise PackError(f"{path}: cannot be read: {error}") from error


def read_part(path: Path, kind: type[T]) -> T:
    """The file as ``kind``. Raises PackError naming file and field."""
    try:
        return TypeAdapter(kind).validate_python(_yaml(path))
    except ValidationError as error:
        raise PackError(f"{path}: {_problems(error)}") from error


def _problems(error: ValidationError) -> str:
    """Field and fault of each, without the rules' own prefix."""
    rows = [(".".join(map(str, e["loc"])), e["msg"].removeprefix("Value error, ")) for e in error.errors()]
    return "; ".join(f"{field}: {fault}" if field else fault for field, fault in rows)


def load_taxonomy(folder: Path) -> Taxonomy:
    """The pack's intents alone, for stages that need nothing else of it. Raises PackError."""
    return read_part(folder / "taxonomy.yaml", Taxonomy)


def load_slots(folder: Path) -> dict[str, Slot]:
    """The pack's slots alone. Raises PackError."""
    return read_part(folder / "slots.yaml", dict[str, Slot])


def load_rules(folder: Path) -> tuple[Rule, ...]:
    """The pack's labelling rules, one file each, in order of file name; a pack may have none. Raises PackError."""
    rules = tuple(read_part(path, Rule) for path in sorted((folder / "rules").glob("*.yaml")))
    intents = set(load_taxonomy(folder).names)
    if unknown := [f"{rule.name}: unknown intent {rule.intent}" for rule in rules if rule.intent not in intents]:
        raise PackError(f"{folder / 'rules'}: {'; '.join(unknown)}")
    return rules


def policy_sections(path: Path) -> list[Policy]:
    """Cuts a Markdown file at its ``## `` headings; ids are ``<file>#<number>``."""
    title, *sections = path.read_text(encoding="utf8").split("\n## ")
    name = title.lstrip("# ").split("\n", 1)[0].strip()
    parts = [section.split("\n", 1) for section in sections]
    return [
        Policy(id=f"{path.stem}#{i}", title=f"{name} · {part[0].strip()}", text=part[-1].strip())
        for i, part in enumerate(parts, 1)
    ]


def load(folder: Path) -> Pack:
    """Reads and checks a whole pack. Raises PackError naming file and field at fault."""
    knowledge = folder / "knowledge"
    parts: dict[str, Any] = {
        "shop": read_part(folder / "pack.yaml", Shop),
        "taxonomy": load_taxonomy(folder),
        "slots": load_slots(folder),
        "flows": tuple(read_part(path, Flow) for path in sorted((folder / "flows").glob("*.yaml"))),
        "tools": read_part(folder / "tools.yaml", dict[str, Tool]),
        "faq": read_part(knowledge / "faq.yaml", tuple[Faq, ...]),
        "policies": tuple(s for path in sorted((knowledge / "policies").glob("*.md")) for s in policy_sections(path)),
        "promotions": read_part(folder / "promotions.yaml", tuple[Promotion, ...]),
        "prompts": read_part(folder / "prompts.yaml", dict[str, Text]),
        "conversation": read_part(folder / "conversation.yaml", Conversation),
    }
    if (folder / "danger.yaml").is_file():
        parts["danger"] = read_part(folder / "danger.yaml", dict[str, Danger])
    try:
        return Pack(folder=folder, **parts)
    except ValidationError as error:
        raise PackError(f"{folder}: {_problems(error)}") from error
