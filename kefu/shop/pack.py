"""The shop pack: everything that is one business, read from YAML and checked, never written in Python.

A pack is a folder (``shop/`` is the demo's):

    pack.yaml           who the shop is, its languages, what its order numbers look like
    taxonomy.yaml       intents, with definitions and examples
    slots.yaml          what flows may ask for, and how to recognise it
    flows/*.yaml        one slot-filling flow a file: named steps, walked one after the other
    entities.yaml       how customers name orders and products: states, days, aliases (optional, entities.py)
    tools.yaml          what flows may do: parametrised SQL on the demo shop (REST in production)
    knowledge/faq.yaml  questions, variants and answers;  knowledge/policies/*.md: one policy a file
    promotions.yaml     what is on offer, from when to when, and by which rule (promotions.py)
    knowledge/unanswered.yaml   what customers write that no entry answers (optional)
    promotions.yaml     what is on offer, from when to when
    rules/*.yaml        labelling rules, one a file;  labels/*.yaml: patterns of other labels (label_patterns.py)
    words.yaml          groups of words of one meaning;  examples/*.yaml: what customers say (both: examples.py)
    prompts.yaml        system prompts of the models
    conversation.yaml   what is said around flows, and how yes, no and "never mind" sound
    danger.yaml         words of danger, by kind: a person is asked for at once (optional)
    queries.yaml        questions that tools answer exactly (optional: queries.py)
    catalogue.yaml      what products are for and made of (optional: catalogue.py)
    acts.yaml           words by which acts are read, and small talk with its replies (optional)
    wordings/*.yaml     labelled messages, for the wish classifier (optional: wordings/labelled.py)
    golden/*.yaml       conversations that must go well, with the expected end state
    db/                 schema.sql and one CSV a table of the demo shop
    sample/             templates of the bundled SAMPLE days

It does not run flows or tools (serving does) and does not read ``sample/`` (data/sample does).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, model_validator

from kefu.privacy.redact import Redactor
from kefu.shop.act_words import ActWords, WordRule
from kefu.shop.catalogue import Catalogue, load_catalogue
from kefu.shop.conversation import Conversation, Danger, OfficeHours
from kefu.shop.entities import Entities
from kefu.shop.flows import Flow, Slot, load_slots
from kefu.shop.part import LANGUAGES, Lang, PackError, Part, Text, describe_problems, read_part
from kefu.shop.promotions import Promotion, contradictions
from kefu.shop.queries import Query, load_queries
from kefu.shop.taxonomy import Taxonomy, load_taxonomy
from kefu.shop.tools import Tool


class Shop(Part):
    name: Text
    greeting: Text = Field(description="first message of every channel; has to say that an AI speaks")
    fallback: Text = Field(description="said when nothing else can be said")
    handoff: Text = Field(description="said when a person is asked for; Jinja2 with opens, closes and before")
    handoff_closed: Text | None = Field(None, description="the same outside office hours; None: as handoff")
    office_hours: OfficeHours | None = Field(None, description="when people answer; None: at any time")
    currency: str
    timezone: str
    pii: dict[str, str] = Field(description="placeholder type → regex, e.g. ORDER → KF\\d{10}")
    identify: str | None = Field(None, description="flow that finds out who a stranger is; None: strangers sign in")
    demo_customers: tuple[str, ...] = Field((), description="ids offered on the demo's chat page")
    demo_now: str | None = Field(None, description="ISO time at which the demo's database stands; None: the clock")


class Faq(Part):
    id: str
    intent: str
    question: Text
    variants: dict[Lang, tuple[str, ...]] = {}
    answer: Text
    again: Text | None = Field(None, description="told in its place where the last answer has told it; None: as answer")
    order_known: Text | None = Field(None, description="the answer where the order is known; None: as answer")
    asked_by: WordRule | None = Field(None, description="words that ask for it, whatever else they sound like")
    same_as: tuple[str, ...] = Field(
        (),
        description="query:NAME and faq:ID that answer the same: where one is right, so are they",
    )
    on_order: str | None = Field(
        None, description="flow that answers it instead where it is about something that the customer has ordered"
    )
    own_query: str | None = Field(
        None, description="query that tells it of what is the customer's own instead: of one order, of the coupons held"
    )
    others: WordRule | None = Field(
        None, description="words for somebody else; it is told only for them, and never about the customer's own order"
    )


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
    unanswered: tuple[str, ...] = Field((), description="what customers write that no knowledge answers")
    policies: tuple[Policy, ...]
    promotions: tuple[Promotion, ...]
    prompts: dict[str, Text]
    conversation: Conversation
    danger: dict[str, Danger] = Field({}, description="kind → its words, the gravest first")
    entities: Entities = Entities()
    queries: dict[str, Query] = Field({}, description="name → query")
    catalogue: Catalogue = Catalogue()
    acts: ActWords = ActWords()

    @model_validator(mode="after")
    def _refers_to_what_exists(self) -> Pack:
        problems = [f"faq {f.id}: unknown intent {f.intent}" for f in self.faq if f.intent not in self.taxonomy.names]
        known = {f"faq:{faq.id}" for faq in self.faq} | {f"query:{name}" for name in self.queries}
        problems += [
            f"knowledge/faq.yaml: {f.id}: same_as: no {name}"
            for f in self.faq
            for name in f.same_as
            if name not in known
        ]
        problems += contradictions(self.promotions)
        refused = self.acts.refuse.flows if self.acts.refuse else ()
        own = {flow.name for flow in self.flows}
        problems += [f"acts.yaml: refuse: unknown flow {name}" for name in refused if name not in own]
        for flow in self.flows:
            problems += [f"flow {flow.name}: unknown intent {i}" for i in flow.intents if i not in self.taxonomy.names]
            for step in flow.steps:
                if step.collect and step.collect not in self.slots:
                    problems.append(f"flow {flow.name}, step {step.id}: unknown slot {step.collect}")
                if step.then and step.then not in own:
                    problems.append(f"flow {flow.name}, step {step.id}: then: unknown flow {step.then}")
                if step.call and step.call not in self.tools:
                    problems.append(f"flow {flow.name}, step {step.id}: unknown tool {step.call}")
                elif step.call and set(step.args) != set(self.tools[step.call].args):
                    wanted = ", ".join(self.tools[step.call].args)
                    problems.append(f"flow {flow.name}, step {step.id}: {step.call} wants the arguments {wanted}")
        problems += self._identity_problems()
        problems += self._entity_problems()
        problems += self._query_problems()
        problems += self._meaning_problems()
        if (name := self.catalogue.tool) and not (name in self.tools and self.tools[name].public):
            problems.append(f"catalogue: {name} is no public tool of tools.yaml")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _identity_problems(self) -> list[str]:
        """Whoever a flow calls a customer may see that customer's orders: only the flow that is there for it does."""
        by_name = {flow.name: flow for flow in self.flows}
        name = self.shop.identify
        problems = [
            f"flow {flow.name}, step {step.id}: `customer` belongs to the flow that pack.yaml names under `identify`"
            for flow in self.flows
            for step in flow.steps
            if step.customer and flow.name != name
        ]
        if name is None:
            return problems
        if name not in by_name:
            return [*problems, f"pack.yaml: identify: no flow {name}"]
        steps = by_name[name].steps
        if not any(step.customer for step in steps):
            problems.append(f"flow {name}: identifies customers, but no step has `customer`")
        private = [step.id for step in steps if step.call in self.tools and not self.tools[step.call].public]
        return problems + [
            f"flow {name}, step {step}: calls a tool that is not public for a stranger" for step in private
        ]

    def _entity_problems(self) -> list[str]:
        order, product = self.entities.order, self.entities.product
        problems = []
        for what, entity in (("order", order), ("product", product)):
            tool = self.tools.get(entity.tool) if entity else None
            if entity and (tool is None or tool.args or tool.rows != "many" or tool.public != (what == "product")):
                public = "public" if what == "product" else "not public"
                problems.append(f"entities {what}: {entity.tool} has to be a tool without args, {public}, `rows: many`")
        if order and order.pii not in self.shop.pii:
            problems.append(f"entities order: unknown pii type {order.pii}: name it under `pii` of pack.yaml")
        offers = {promotion.id for promotion in self.promotions}
        named = order.day_words if order else ()
        return problems + [
            f"entities order: unknown promotion {d.promotion}" for d in named if d.promotion not in offers
        ]

    def _query_problems(self) -> Iterator[str]:
        twice = sorted(name for name, times in Counter(faq.id for faq in self.faq).items() if times > 1)
        yield from (f"knowledge/faq.yaml: two entries have the id {name}: rename or merge them" for name in twice)
        asked = {question for faq in self.faq for question in (faq.question.zh, faq.question.en)}
        asked |= {question for faq in self.faq for some in faq.variants.values() for question in some}
        for name, query in self.queries.items():
            tool = self.tools.get(query.tool or "")
            if query.tool and tool is None:
                yield f"query {name}: unknown tool {query.tool}"
            elif tool and set(query.args) != set(tool.args):
                yield f"query {name}: {query.tool} wants the arguments {', '.join(tool.args)}"
            elif tool and tool.write:
                yield f"query {name}: {query.tool} writes: a query only reads"
            yield from (
                f"query {name}: aspects: no {a} in catalogue.yaml"
                for a in query.aspects
                if a not in self.catalogue.aspects
            )
            yield from (
                f"query {name}: reads, may_read: no slot {slot} in slots.yaml"
                for slot in (*query.reads, *query.may_read)
                if slot not in self.slots
            )
            if query.topic and query.topic not in self.acts.topics:
                yield f"query {name}: topic: no {query.topic} among the topics of acts.yaml"
            if query.for_guests and query.for_guests not in {faq.id for faq in self.faq}:
                yield f"query {name}: for_guests: no FAQ {query.for_guests}"
            told = {f"faq:{faq.id}" for faq in self.faq} | {f"query:{name}" for name in self.queries} | {"sum"}
            told |= {f"flow:{flow.name}" for flow in self.flows}
            if unknown := sorted(set(query.follows) - told):
                yield f"query {name}: follows: {', '.join(unknown)}: no such query, FAQ or flow"
            if query.offer and (query.offer not in self.queries or not self.queries[query.offer].pick):
                yield f"query {name}: offer: {query.offer} is no query with a `pick`"
            if query.empty_then and query.empty_then not in self.queries:
                yield f"query {name}: empty_then: {query.empty_then} is no query"
            if query.on_product and (query.needs != "none" or query.on_product not in self.queries):
                yield f"query {name}: on_product: {query.on_product} is no query, or this one needs something already"
            examples = {example for some in query.examples.values() for example in some}
            yield from (f"query {name}: {example!r} is asked elsewhere, too" for example in sorted(examples & asked))
            asked |= examples

    def _meaning_problems(self) -> Iterator[str]:
        """What a question means in its place has to be there: a flow for what is on order; within a flow, or after it,
        a FAQ, or a query about its order."""
        flows = {flow.name for flow in self.flows}
        faqs = {faq.id for faq in self.faq}
        named = {f"faq {faq.id}: on_order": faq.on_order for faq in self.faq}
        named |= {f"query {name}: on_order": query.on_order for name, query in self.queries.items()}
        named |= {f"query {name}: offers": query.offers.flow for name, query in self.queries.items() if query.offers}
        yield from (f"{what}: no flow {flow}" for what, flow in named.items() if flow and flow not in flows)
        of_own = {name for name, query in self.queries.items() if query.needs != "product"}
        yield from (
            f"faq {faq.id}: own_query: no query of what is the customer's own {faq.own_query}"
            for faq in self.faq
            if faq.own_query and faq.own_query not in of_own
        )
        queries = {f"query:{name}" for name, query in self.queries.items() if query.needs != "product"}
        for flow in self.flows:
            meant = {*flow.asked_meanwhile.values(), *flow.asked_afterwards.values()}
            unknown = sorted(meant - faqs - queries)
            yield from (f"flow {flow.name}: no faq or query of its order {name}" for name in unknown)
            asked = [*flow.asked_meanwhile.items(), *flow.asked_afterwards.items()]
            itself = sorted({name for name, other in asked if name == f"faq:{other}"})
            yield from (f"flow {flow.name}: {name} means itself: leave it out" for name in itself)
            yield from (
                f"flow {flow.name}: own_answers: no FAQ {name}" for name in sorted(set(flow.own_answers) - faqs)
            )

    def product_names(self, lang: Lang | None = None) -> list[str]:
        """What customers call the products, in one language or all; those of one product follow each other."""
        product = self.entities.product
        return [n for one in ([lang] if lang else LANGUAGES) for n in product.names_in(one)] if product else []

    def redactor(self) -> Redactor:
        """Takes personal data out of what this shop's customers write."""
        return Redactor(self.shop.pii, self.product_names())

    def flow_for(self, intent: str) -> Flow | None:
        return next((flow for flow in self.flows if intent in flow.intents), None)


def load_pack(folder: Path) -> Pack:
    """Reads and checks a whole pack. Raises PackError naming file and field at fault."""
    knowledge = folder / "knowledge"
    parts: dict[str, Any] = {
        "shop": read_part(folder / "pack.yaml", Shop),
        "taxonomy": load_taxonomy(folder),
        "slots": load_slots(folder),
        "flows": tuple(read_part(path, Flow) for path in sorted((folder / "flows").glob("*.yaml"))),
        "tools": read_part(folder / "tools.yaml", dict[str, Tool]),
        "faq": read_part(knowledge / "faq.yaml", tuple[Faq, ...]),
        "unanswered": _unanswered(knowledge / "unanswered.yaml"),
        "policies": tuple(s for path in sorted((knowledge / "policies").glob("*.md")) for s in policy_sections(path)),
        "promotions": read_part(folder / "promotions.yaml", tuple[Promotion, ...]),
        "prompts": read_part(folder / "prompts.yaml", dict[str, Text]),
        "conversation": read_part(folder / "conversation.yaml", Conversation),
        "queries": load_queries(folder),
        "catalogue": load_catalogue(folder),
    }
    optional: dict[str, Any] = {"acts": ActWords, "danger": dict[str, Danger], "entities": Entities}
    for name, kind in optional.items():
        if (folder / f"{name}.yaml").is_file():
            parts[name] = read_part(folder / f"{name}.yaml", kind)
    try:
        return Pack(folder=folder, **parts)
    except ValidationError as error:
        raise PackError(f"{folder}: {describe_problems(error)}") from error


def _unanswered(path: Path) -> tuple[str, ...]:
    return read_part(path, tuple[str, ...]) if path.is_file() else ()


def policy_sections(path: Path) -> list[Policy]:
    """Cuts a Markdown file at its ``## `` headings; ids are ``<file>#<number>``."""
    title, *sections = path.read_text(encoding="utf8").split("\n## ")
    name = title.lstrip("# ").split("\n", 1)[0].strip()
    parts = [section.split("\n", 1) for section in sections]
    return [
        Policy(id=f"{path.stem}#{i}", title=f"{name} · {part[0].strip()}", text=part[-1].strip())
        for i, part in enumerate(parts, 1)
    ]
