"""Reads a message's acts by a language model, for what the fast reader is unsure of (``serving.model_reader``).

The model writes acts in the format of ``kefu/llm/acts_format.py``, inside the pack's grammar where the engine can keep
to one. What it writes is a proposal: names must be the pack's, orders the signed-in customer's own, values stand in the
customer's words, and an answer be among those that the customer's own words find. A yes is never taken from a model,
nor is a sum. What does not hold is left out; when nothing is left, the fast reading stands.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from kefu.acts import (
    Act,
    Affirm,
    Ask,
    Choose,
    Compare,
    Correct,
    Danger,
    Deny,
    Fill,
    Query,
    Quote,
    Recommend,
    Reject,
    SmallTalk,
    Start,
    Unclear,
    kind,
)
from kefu.errors import Unusable
from kefu.knowledge.index import Hit
from kefu.llm.acts_format import BadActs, acts_grammar, parse
from kefu.llm.engine import Engine, EngineError, GrammarEngine
from kefu.llm.prompt import CONFIRM, acts_messages
from kefu.llm.taught_acts import taught_languages, were_taught
from kefu.privacy.redact import restore
from kefu.schema import Message as ChatMessage
from kefu.shop.pack import Pack
from kefu.shop.part import LANGUAGES, Lang
from kefu.shop.queries import NEEDED_SLOT
from kefu.text.numbers import NUMBER, read_number
from kefu.text.placeholders import PLACEHOLDER
from serving.dialogue.linking.linker import Linker
from serving.dialogue.reading.message import Message, Reader, Reading
from serving.engines.stopping import Stopped, until_stopped
from serving.knowledge.static import StaticKnowledge
from serving.params import Serving

logger = logging.getLogger(__name__)


class CascadeReader:
    """Asks the fast reader, and the model where that one is unsure.

    A message is unsure when it was not understood, wholly or in part, or when an act is less probable than
    ``reader_min_probability``. What the fast reader was sure of stays; the model's acts replace the rest.
    A conversation that waits for a person is not read by a model.
    """

    def __init__(self, fast: Reader, model: ModelReader, params: Serving) -> None:
        self._fast, self._model, self._min_probability = fast, model, params.reader_min_probability

    def read(self, message: Message) -> Reading:
        """The fast reader's acts, those that it is unsure of replaced by the model's where these hold."""
        reading = self._fast.read(message)
        sure = [act for act in reading.acts if self._is_sure(act)]
        if message.session.status != "bot" or len(sure) == len(reading.acts):
            return reading
        read = self._model.read(message, reading)
        if read is None:
            return reading
        known = {_subject(act) for act in sure}
        read.acts = [*sure, *(act for act in read.acts if _subject(act) not in known)]
        return read

    def _is_sure(self, act: Act) -> bool:
        return not isinstance(act, Unclear) and act.probability >= self._min_probability


class ModelReader:
    """Asks the edge model when the router is sure of the topic, else the centre: one call a message.

    Args:
        engines: 'edge' and 'centre'.
        languages: of the messages that they read, see ``languages_read``.
    """

    def __init__(
        self,
        pack: Pack,
        params: Serving,
        engines: Mapping[str, Engine],
        knowledge: StaticKnowledge,
        linker: Linker,
        languages: Sequence[Lang],
    ) -> None:
        self._pack, self._params, self._engines, self._languages = pack, params, engines, languages
        self._knowledge, self._linker = knowledge, linker
        self._grammar = acts_grammar(pack)
        self._flows = {flow.name: flow for flow in pack.flows}
        self._order_slots = {name for name, slot in pack.slots.items() if slot.pii and slot.pii == self._order_pii}

    def read(self, message: Message, fast: Reading) -> Reading | None:
        """What the model makes of a message; None when it failed, nothing that it wrote holds, or it was not asked.

        Args:
            fast: what words and classifiers made of it: its topic, products and order are kept.
        """
        if message.lang not in self._languages:
            return None
        written = self._written(message, fast)
        if any(isinstance(act, Affirm) for act in written):
            return None  # the fast reader knows a yes by the pack's words; what it does not know is none
        reading = Reading([], fast.top, dict(fast.hits), fast.products, fast.latest, fast.order)
        reading.acts = [held for act in written for held in self._held(message, act, reading)]
        return reading if reading.acts else None

    @property
    def _order_pii(self) -> str | None:
        return self._pack.entities.order.pii if self._pack.entities.order else None

    def _written(self, message: Message, fast: Reading) -> list[Act]:
        engine = self._engines["edge" if fast.top.confidence >= self._params.edge_confidence else "centre"]
        asked, limit = acts_prompt(self._pack, message), self._params.max_new_tokens
        try:
            if isinstance(engine, GrammarEngine):
                pieces = engine.stream_in_grammar(asked, limit, self._grammar)
            else:
                pieces = engine.stream(asked, limit)
            return parse("".join(until_stopped(pieces, message.stop)))
        except Stopped:
            logger.info("the customer did not wait for a model's acts")
        except EngineError as error:
            logger.error("no acts from a model: %s", error)
        except BadActs as error:
            logger.warning("%s wrote no acts: %s", engine.name, error)
        return []

    def _held(self, message: Message, act: Act, reading: Reading) -> Iterator[Act]:
        """The act as the pack and the customer's data support it; nothing when they do not."""
        match act:
            case Start():
                yield from self._start(message, act)
            case Fill():
                if self._is_open(message, act.slot) and self._is_told(message, act.slot, act.value):
                    yield replace(act, evidence=message.text)
            case Correct():
                known = message.session.flow.slots if message.session.flow else {}
                told = act.value is None or self._is_told(message, act.slot, act.value)
                if act.slot in known and known[act.slot] != act.value and told:
                    yield replace(act, evidence=message.text)
            case Choose():
                some = tuple(dict.fromkeys(v for v in act.candidates if self._is_told(message, act.slot, v)))
                if self._is_open(message, act.slot) and len(some) > 1:
                    yield replace(act, candidates=some, evidence=message.text)
            case Ask():
                yield from self._entry(message, act.entry, reading)
            case Query():
                if act.name in self._pack.queries:
                    yield self._query(message, act.name)
            case Recommend():
                yield replace(act, words=message.text, evidence=message.text)
            case Compare():
                links = self._linker.link_products(
                    message.original(message.text), message.session.subject.products, message.session.subject.latest
                )
                skus = tuple(dict.fromkeys([link.sku for link in links] or message.session.subject.latest))
                if len(skus) > 1:
                    yield Compare(skus=skus[:3], evidence=message.text)
            case SmallTalk():
                if act.kind in self._pack.acts.small_talk:
                    yield replace(act, evidence=message.text)
            case Danger():
                if act.kind in self._pack.danger:
                    yield act
            case Deny():
                if message.step and message.step.confirm:
                    yield replace(act, evidence=message.text)
            case Affirm() | Quote() | Reject() | Unclear():
                return
            case _:
                yield replace(act, evidence=message.text)

    def _start(self, message: Message, act: Start) -> Iterator[Act]:
        flow = self._flows.get(act.flow)
        if flow is None:
            return
        slots = {k: v for k, v in act.slots.items() if k in flow.slots and self._is_told(message, k, v)}
        if message.session.flow and message.session.flow.flow == act.flow:  # begun already: what it tells is an answer
            known = message.session.flow.slots
            yield from (Fill(slot=k, value=v, evidence=message.text) for k, v in slots.items() if k not in known)
            return
        if subject := message.session.subject.order:
            slots |= {name: subject for name in flow.slots if name in self._order_slots and name not in slots}
        yield Start(flow=act.flow, slots=slots, resumes=act.resumes, evidence=message.text)

    def _entry(self, message: Message, words: str, reading: Reading) -> Iterator[Act]:
        """The entry that the model's question finds, when the customer's own words find it, too."""
        own = {hit.entry.id for hit in self._search(message, message.text)}
        hits = self._search(message, words)
        if not hits or hits[0].probability < self._params.faq_min_probability or hits[0].entry.id not in own:
            return
        best = hits[0]
        if best.entry.kind == "query":
            yield self._query(message, best.entry.id.split(":")[1])
        else:
            reading.hits[best.entry.id] = best
            yield Ask(entry=best.entry.id, probability=best.probability, evidence=best.entry.question)

    def _search(self, message: Message, words: str) -> list[Hit]:
        names = self._linker.product_names(message.lang)
        context = tuple(names[sku] for sku in message.session.subject.products[:1] if sku in names)
        return self._knowledge.search(words, message.lang, context)

    def _query(self, message: Message, name: str) -> Query:
        """Its order or product as the message and the conversation name it, not as the model writes it."""
        needs, subject = self._pack.queries[name].needs, message.session.subject
        slots: dict[str, str] = {}
        if needs == "order":
            named = [m[0] for m in PLACEHOLDER.finditer(message.text) if self._is_own_order(message, m[0])]
            if order := (named[-1] if named else subject.order):
                slots[NEEDED_SLOT["order"]] = order
        elif needs == "product":
            links = self._linker.link_products(
                message.original(message.text), focus=subject.products, latest=subject.latest
            )
            if skus := [link.sku for link in links] or subject.latest[:1] or subject.products[:1]:
                slots[NEEDED_SLOT["product"]] = ",".join(dict.fromkeys(skus))
        return Query(name=name, slots=slots, evidence=message.text)

    def _is_open(self, message: Message, slot: str) -> bool:
        """Whether the flow under way has the slot; without a flow, an order may still be named."""
        return slot in message.flow.slots if message.flow else slot in self._order_slots

    def _is_own_order(self, message: Message, value: str) -> bool:
        vault = message.session.vault
        return value in vault and restore(value, vault) in {order.id for order in message.orders}

    def _is_told(self, message: Message, name: str, value: str) -> bool:
        """Whether a slot can have the value, and the customer's data or words support it."""
        slot = self._pack.slots.get(name)
        if slot is None or not value.strip():
            return False
        if name in self._order_slots:
            return self._is_own_order(message, value)
        if slot.choices:
            return value in slot.choices
        if slot.number:
            text = PLACEHOLDER.sub("\n", unicodedata.normalize("NFKC", message.text))
            return value.isdecimal() and int(value) in {read_number(m[0]) for m in re.finditer(NUMBER, text)}
        if slot.pii and not slot.free_text:
            found = PLACEHOLDER.fullmatch(value)
            return found is not None and found[1] == slot.pii and value in message.text
        return value.casefold() in message.text.casefold()


def languages_read(release: Path, pack: Pack) -> tuple[Lang, ...]:
    """Languages in which models read messages: those of the prompts that they were taught; a warning tells of others.

    Args:
        release: whose models and pack they are.

    Raises:
        Unusable: the pack has no prompt for acts.
    """
    if "acts" not in pack.prompts:
        raise Unusable("prompts.yaml: no prompt `acts`: write one, or set serving.model_reader: false")
    taught = taught_languages(release, pack)
    if not were_taught(release):
        logger.warning(
            "%s: its models were not taught acts, so none reads messages, though serving.model_reader is true: set "
            "build.acts_share above 0 and run the loop",
            release,
        )
    elif others := ", ".join(lang for lang in LANGUAGES if lang not in taught):
        logger.warning(
            "%s: its models were taught acts under another prompt than the pack's `acts` (%s), so none reads messages "
            "in that language: run the loop, which teaches the pack's",
            *(release, others),
        )
    return taught


def acts_prompt(pack: Pack, message: Message) -> list[ChatMessage]:
    """What a model is asked about a message: it is taught under the same words (``data/sets/from_pack/acts.py``)."""
    last = next((turn.text for turn in reversed(message.session.turns) if turn.role != "customer"), "")
    flow, step = message.flow, message.step
    open_question = f"{flow.name} {step.collect or CONFIRM}" if flow and step else ""
    return acts_messages(pack, message.lang, message.text, open_question, last)


def _subject(act: Act) -> tuple[str, str]:
    """What an act is about: two acts of one subject say the same."""
    names = (getattr(act, name, None) for name in ("flow", "slot", "entry", "name"))
    return kind(act), next((name for name in names if name), "")
