"""Reads a message's acts in milliseconds: the pack's words, the classifiers, the linker and the knowledge index.

A message is read whole first: an answer to the open question, and nothing else, is only that. What remains is cut
into parts, each with its own acts. A part that only fills a slot of what was begun before it starts nothing.
It does not understand irony, and no wish that stands in no word ("you know what to do").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from kefu.acts import (
    ACKNOWLEDGE,
    Act,
    Affirm,
    Ask,
    Cancel,
    Choose,
    Compare,
    Complaint,
    Correct,
    Danger,
    Deny,
    Fill,
    OutOfScope,
    Person,
    Query,
    Quote,
    Recommend,
    Refuse,
    Resume,
    SmallTalk,
    Start,
    Unclear,
)
from kefu.intents.router import Router, ScoredIntent
from kefu.intents.wishes import ScoredWish, WishClassifier
from kefu.knowledge.index import Hit
from kefu.shop.flows import Flow
from kefu.shop.pack import Pack
from kefu.shop.slots import extract, without_phrases
from serving.dialogue.linking.linker import Linker
from serving.dialogue.linking.ordinals import find_places
from serving.dialogue.linking.records import ProductLink
from serving.dialogue.reading.answers import AnswerReader
from serving.dialogue.reading.danger import danger_in
from serving.dialogue.reading.message import Message, Reading
from serving.dialogue.reading.segments import WORD, clauses, segments
from serving.dialogue.reading.typing_slips import mend_slips
from serving.dialogue.reading.wishes import WishReader
from serving.dialogue.reading.word_rules import evidence, is_idiom, plain
from serving.dialogue.reading.yes_no import wants_bot, yes_or_no

PICK_ENDS = re.compile(r"吧|[，,]\s*\D")  # what may follow a place that is picked: 1吧，我就想问这个
INTERRUPTS = 0.8  # probability from which a wish that no word names interrupts a flow
GREETED = re.compile(r"([^，,。!！?？~～]{1,24})[，,。!！?？~～]+\s*(.*\w.*)", re.DOTALL)
GREETING = "hello"  # the kind of small talk that opens a message and asks for nothing
COURTESY = ("thanks", "acknowledge", "praise")  # kinds that may stand before what a message is about
QUESTION = Ask | Query | Quote | Recommend | Compare
SECOND = 0.7  # probability from which a part without a word for "also" is a second wish


class FastReader:
    """Reads messages of one pack.

    Args:
        classifier: None for a release without one: then the router's intents tell what a part may wish for.
        router_confidence: below it, the router's intent tells nothing.
    """

    def __init__(
        self,
        pack: Pack,
        router: Router,
        classifier: WishClassifier | None,
        linker: Linker,
        answers: AnswerReader,
        wishes: WishReader,
        router_confidence: float,
    ) -> None:
        self._pack, self._router, self._classifier, self._linker = pack, router, classifier, linker
        self._answers, self._wishes, self._min_confidence = answers, wishes, router_confidence

    def read(self, message: Message) -> Reading:
        """All acts of a message, in the order of its words."""
        if question := self._picked(message):
            message = replace(message, text=question)
        message = replace(message, text=self._without_courtesy(message))
        asked = self._pack.slots[message.step.collect] if message.step and message.step.collect else None
        if not (asked and (asked.free_text or asked.pii)):
            message = replace(message, text=mend_slips(message.text, self._pack.acts.spelling))
        top = self._router.predict(message.text, message.session.turns)[0]
        if kind := danger_in(message.text, self._pack.danger):
            return Reading([Danger(kind=kind)], top)
        reading = Reading([], top)
        if message.session.status != "bot":
            reading.acts = self._back_to_bot(message, reading)
            return reading
        if message.step and (whole := self._answers.whole(message)):
            return Reading(whole, top)
        if message.step and (rest := self._answers.after_leave(message)):
            beside = self._beside(replace(message, text=rest), reading)
            reading.acts = [Cancel(evidence=message.text), *beside]
            return reading
        if refused := self._refused(message, reading):
            reading.acts = refused
            return reading
        if confirmed := self._confirmed(message, self._answers.after_clear_yes(message), reading):
            reading.acts = confirmed
            return reading
        if message.step and (likely := self._likely(message, reading)):
            reading.acts = likely
            return reading
        reading.acts = self._parts(message, reading)
        if rest := self._answers.after_no(message):
            reading.acts = self._denied(message, rest, reading)
        for act in reading.acts:
            if isinstance(act, Start):  # 三天能到吗？我周五要送人: the day stands in another part
                flow = self._flow(act.flow)
                act.slots.update({**self._answers.days(message, message.text, flow), **act.slots})
        self._tell_whole(message, reading.acts)
        reading.acts = self._without_covered(reading.acts)
        if self._asks_no_order(message):
            own = message.flow.name if message.flow else ""
            kept = [act for act in reading.acts if _asks(act) and not (isinstance(act, Start) and act.flow == own)]
            reading.acts = [Cancel(evidence=message.text), *kept]
        elif self._replaces(message, reading.acts):
            reading.acts.insert(0, Cancel(evidence=message.text))
        return reading

    def _back_to_bot(self, message: Message, reading: Reading) -> list[Act]:
        """A wish for a person taken back, with what the message asks beside it."""
        words = self._pack.conversation
        if wants_bot(message.text, words):
            return [Resume(evidence=message.text)]
        parts = clauses(message.text)
        taken_back = [part for part in parts if wants_bot(part.strip(" ，,。.!！?？"), words)]
        if not taken_back:
            return []
        rest = replace(message, text="".join(part for part in parts if part not in taken_back))
        acts = self._parts(rest, reading) if rest.text.strip() else []
        return [Resume(evidence=taken_back[0]), *(act for act in acts if _asks(act) and not isinstance(act, Person))]

    def _refused(self, message: Message, reading: Reading) -> list[Act]:
        """Flows that the customer does not want, and what else the message says."""
        flows, rest = self._answers.refused(message)
        if not flows:
            return []
        acts: list[Act] = [Refuse(flow=name, evidence=message.text) for name in flows]
        if not WORD.search(rest):
            return acts
        without = replace(message, text=rest)
        if message.flow and message.flow.name in flows:
            return [*acts, *self._beside(without, reading)]
        more = self.read(without)
        reading.hits.update(more.hits)
        reading.products, reading.latest = more.products, more.latest
        return [
            *acts,
            *(a for a in more.acts if not isinstance(a, SmallTalk) and not (isinstance(a, Unclear) and not a.asks)),
        ]

    def _likely(self, message: Message, reading: Reading) -> list[Act]:
        """What the answer classifier reads where no rule does, with what the message asks beside it."""
        scores = self._answers.scores(message)
        if found := self._answers.likely_yes(message, scores):
            rest, clear = found
            if confirmed := self._confirmed(message, rest, reading, clear, agreed=True):
                return confirmed
        if not (said := self._answers.likely(message, scores)):
            return []
        return [*said, *self._beside(message, reading)]

    def _beside(self, message: Message, reading: Reading) -> list[Act]:
        """Questions and other wishes beside an answer: of the answer's own words, only what is sure."""
        own = message.flow.name if message.flow else ""
        acts = self._parts(replace(message, flow=None), reading)
        asked = [act for act in acts if isinstance(act, QUESTION | Start | Person | Complaint)]
        sure: list[Act] = [
            a for a in asked if a.probability >= INTERRUPTS and not (isinstance(a, Start) and a.flow == own)
        ]
        return sure or [act for act in acts if isinstance(act, Unclear) and act.asks]

    def _confirmed(
        self, message: Message, rest: str | None, reading: Reading, clear: bool = True, agreed: bool = False
    ) -> list[Act]:
        """A yes with company that is understood: questions and other wishes, and no value for what is confirmed.

        What it leaves open (an order that waits already) is asked next by the wish that waits.

        Args:
            rest: what stands beside the yes; None: there is no yes.
            clear: whether the yes is in clear words.
            agreed: whether the classifier takes the message for a yes with company, too. Then a complaint may stand
                beside clear words, and a question that is not understood. A statement never: 好的，要蓝色的.
        """
        if rest is None:
            return []
        yes = Affirm(clear=True, evidence=message.text)
        if not rest.strip():
            return [yes]
        assert message.flow and message.session.flow
        here, rules, also = message.session.flow.slots, self._pack.acts, plain(rest)
        other = evidence(also, rules.same) is not None or evidence(also, rules.another) is not None
        told = self._answers.part(replace(message, text=rest), rest, evidence(also, rules.question) is not None)
        orders = self._answers.orders_of(message.flow)
        if any(isinstance(act, Fill | Correct) and not (other and act.slot in orders) for act in told):
            return []
        acts = self._parts(replace(message, text=rest, flow=None, step=None), reading)
        if other and any(wish.flow == message.flow.name for wish in message.session.wishes):
            return [yes, *(act for act in acts if isinstance(act, QUESTION))]  # it waits for its turn already
        named = [act for act in told if isinstance(act, Fill | Correct) and act.value != here.get(act.slot)]
        if named and other and not any(isinstance(act, Start) for act in acts):
            acts = [Start(flow=message.flow.name, slots={act.slot: str(act.value) for act in named}, evidence=rest)]
        again, asks = list[Act](), evidence(also, rules.question) is not None
        for act in acts:
            if isinstance(act, Start) and not other and self._contradicts(act, message):
                return []
            if isinstance(act, Start) and act.probability < 1 and not other:
                if not (agreed and clear and asks):
                    return []  # 确认，地址是…: a guess may be a correction
                again.append(act)
            elif isinstance(act, Start) and act.flow == message.flow.name:
                act.slots.update({value.slot: str(value.value) for value in named})
                if not any(act.slots.get(name, here.get(name)) != here.get(name) for name in orders):
                    if not asks:
                        return []
                    again.append(act)  # where is it? said with the flow's question already
                    continue
                alike = [n for n in here if n not in orders and not self._pack.slots[n].item]
                if evidence(also, rules.same) is not None:
                    act.slots.update({name: here[name] for name in alike if name not in act.slots})
        acts = [act for act in acts if act not in again] or ([Unclear(asks=True, evidence=rest)] if again else [])
        beside = QUESTION | (Start if clear or other else Query) | SmallTalk
        if agreed and clear:
            beside |= Complaint | Unclear
        if not acts or not all(isinstance(act, beside) for act in acts):
            return []
        answers_nothing = () if asks else (Ask, Query, Unclear)  # in a statement they are guesses: 确认，留着吧
        if any(isinstance(act, answers_nothing) for act in acts):
            return []
        if any(isinstance(act, SmallTalk) and act.kind == ACKNOWLEDGE for act in acts):  # 留着吧: what it means is open
            return []
        return [yes, *acts]

    def _contradicts(self, act: Start, message: Message) -> bool:
        """Whether a wish contradicts a yes to what is under way (退，换个新的)."""
        flow = next(flow for flow in self._pack.flows if flow.name == act.flow)
        return message.flow is not None and message.flow.name in flow.replaces

    def _denied(self, message: Message, rest: str, reading: Reading) -> list[Act]:
        """A no with company: what follows it was not asked for, so that it need not be understood."""
        assert message.step
        acts = self._parts(replace(message, text=rest), reading)
        if message.step.confirm:
            return [Deny(evidence=message.text), *(act for act in acts if not isinstance(act, Unclear | SmallTalk))]
        other = any(isinstance(act, Start) and message.flow and act.flow != message.flow.name for act in acts)
        return [Cancel(evidence=message.text), *acts] if other else list(reading.acts)

    def _replaces(self, message: Message, acts: Sequence[Act]) -> bool:
        """Whether a wish takes the place of what is under way (要不还是换货吧)."""
        begun = [act for act in acts if isinstance(act, Start) and message.flow and act.flow != message.flow.name]
        if any(self._takes_place(message, act) for act in begun):
            return True
        return bool(begun) and evidence(plain(message.text), self._pack.acts.instead) is not None

    def _takes_place(self, message: Message, act: Start) -> bool:
        """Whether a wish in plain words can only mean that the flow under way is not wanted: an exchange, no return."""
        assert message.flow and message.session.flow
        flow, known = next(flow for flow in self._pack.flows if flow.name == act.flow), message.session.flow.slots
        other = any(
            known.get(name, act.slots.get(name)) != act.slots.get(name) for name in self._answers.orders_of(flow)
        )
        return message.flow.name in flow.replaces and act.probability == 1 and not other

    def _asks_no_order(self, message: Message) -> bool:
        """Whether the customer asks in general, or says that no order is meant, when one was asked for."""
        asks_order = message.flow and message.step and message.step.collect in self._answers.orders_of(message.flow)
        return bool(asks_order) and evidence(plain(message.text), self._pack.acts.in_general) is not None

    def _picked(self, message: Message) -> str | None:
        """The question that a message picks by its place, or by a yes to a single one; offered for one message."""
        offered, message.session.questions = message.session.questions, []
        if len(offered) == 1 and not message.flow and yes_or_no(message.text, self._pack.conversation):
            return offered[0]
        words = plain(message.text)
        for start, end, picked in find_places(words, offered, offered) if offered else ():
            rest = words[end:].lstrip()
            alone = not WORD.search(words[:start]) and (not WORD.search(rest) or PICK_ENDS.match(rest))
            if len(picked) == 1 and alone:
                return picked[0]
        return None

    def _without_courtesy(self, message: Message) -> str:
        """The text after its greeting, and after thanks and the like, when something follows that.

        At an open question 好的 and 谢谢 stay: they may be the answer.
        """
        talks, text = self._pack.acts.small_talk, message.text
        leads = [talks[kind] for kind in (GREETING, *(() if message.step else COURTESY)) if kind in talks]
        while (found := GREETED.match(text)) and any(evidence(plain(found[1]), talk) for talk in leads):
            hello = GREETING in talks and evidence(plain(found[1]), talks[GREETING])
            if not hello and any(evidence(plain(t), talk) for t in (text, found[2]) for talk in talks.values()):
                break  # 好的，谢谢: courtesy as a whole
            text = found[2]
        return text

    def _parts(self, message: Message, reading: Reading) -> list[Act]:
        if resumed := self._resumed(message):
            return resumed
        parts = segments(message.text, self._pack.acts.another, self._pack.acts.question)
        if len(parts) == 1:
            return self._part(message, message.text, reading)
        read, subject = [], message.session.subject
        for part in parts:
            read.append(self._part(message, part, reading))
            subject.products = list(dict.fromkeys([*reading.products, *subject.products]))  # 毛巾有货吗，多少钱
            subject.latest = reading.latest or subject.latest
        told = self._without_idioms(message, self._joined(message, parts, read))
        if len({_subject(act) for act in told if _asks(act)}) > 1:
            self._link_products(message, message.text, reading)  # in the order of the whole message
            return told
        whole = self._part(message, message.text, reading)
        return whole if any(map(_asks, whole)) else told

    def _without_covered(self, acts: Sequence[Act]) -> list[Act]:
        """Without queries that another one of the message covers."""
        if any(isinstance(act, Quote) for act in acts):  # a total: of what is to be bought, of no order
            acts = [
                a
                for a in acts
                if not (isinstance(a, Query) and self._pack.queries[a.name].needs == "order" and a.probability < 1)
            ]
        asked = {act.name for act in acts if isinstance(act, Query)}
        covered = {name for query in asked for name in self._pack.queries[query].covers}
        return [act for act in acts if not (isinstance(act, Query) and act.name in covered)]

    def _without_idioms(self, message: Message, acts: list[Act]) -> list[Act]:
        """Without flows that one part seems to ask for and the whole message does not: 取件那天我不在，能改到后天吗."""
        words = plain(message.text)
        rules = {flow.name: flow.asked_by for flow in self._pack.flows if is_idiom(words, flow.asked_by)}
        denied = {name for name, rule in rules.items() if evidence(words, rule) is None}
        left = [act for act in acts if not (isinstance(act, Start) and act.flow in denied)]
        return left if any(map(_asks, left)) else acts

    def _part(self, message: Message, text: str, reading: Reading) -> list[Act]:
        question = evidence(plain(text), self._pack.acts.question) is not None
        links = self._link_products(message, text, reading)
        values = self._answers.part(message, text, question) if message.flow and message.session.flow else []
        wishes: list[Act] = []
        for found in self._wishes.read(message, text, self._guess(message, text), links):
            if isinstance(found, Hit):
                reading.hits[found.entry.id] = found
            else:
                wishes.append(found)
        return self._settled(message, text, values, wishes, question)

    def _link_products(self, message: Message, text: str, reading: Reading) -> list[ProductLink]:
        """The products that a text names or points at; those that it names are what the message speaks of."""
        subject = message.session.subject
        links = self._linker.link_products(message.original(text), focus=subject.products, latest=subject.latest)
        if not any(link.exact for link in links) and (one := self._wishes.one_of(message, text)):
            links = [one]
        if named := [link.sku for link in links if link.exact]:
            reading.products, reading.latest = [*named, *reading.products], list(dict.fromkeys(named))
        return links

    def _settled(self, message: Message, text: str, values: list[Act], wishes: list[Act], question: bool) -> list[Act]:
        """Values and wishes of one part, where the same words may be read as both."""
        flow = message.flow
        later = self._answers.hesitates(text) if flow and not question else []
        if not flow:
            return wishes
        # The router alone has to be sure to leave an open question for another flow.
        guessed = Start | Query | Quote | Recommend | Compare
        sure = [act for act in wishes if not (isinstance(act, guessed) and act.probability < INTERRUPTS)]
        own = [act for act in sure if not (isinstance(act, Start) and act.flow == flow.name)]
        again = next((act for act in wishes if isinstance(act, Start) and act.flow == flow.name), None)
        if again:  # what is named belongs to what is asked for, and is no other order of the same wish
            own = [act for act in own if not isinstance(act, Choose)]
        if not values and self._has_no_number(message, text):
            values = self._answers.all_orders(message)
        if question and self._asks_of_another(values, own, flow):
            return own
        if instead := [act for act in own if isinstance(act, Start) and self._is_told_apart(message, text, act)]:
            return [*instead, *(act for act in own if isinstance(act, Complaint | Person))]
        if values:
            # A reason may sound like another wish (不想要了: cancel) or question (尺寸); it answers what was asked.
            kept = Ask | Query | Complaint | Person if question else Complaint | Person
            own = [act for act in own if not (isinstance(act, Person) and act.evidence == text)]  # the router's guess
            pauses = self._answers.hesitates(clauses(text)[-1]) if later else []  # 不想要了，不过让我想想
            return [*values, *pauses, *(act for act in own if isinstance(act, kept))]
        if later and not any(isinstance(act, Start | Ask | Query) for act in own):
            return later
        open_words = not question and text == message.text and all(map(self._is_weak, own))
        if open_words and (free := self._answers.free(message)):
            return free  # words that are no wish by themselves (就换同款新的吧) are what was asked for
        worded = again is not None and again.probability == 1  # asks what the flow has just told (which city is it in)
        goes_on = again and (worded or not question) or evidence(plain(text), self._pack.acts.resume) is not None
        if goes_on and all(isinstance(act, Unclear | SmallTalk) for act in own):
            return [Resume(evidence=text)]
        return own or ([Unclear(asks=question, evidence=text)] if again or wishes else [])

    def _asks_of_another(self, values: list[Act], own: list[Act], flow: Flow) -> bool:
        """Whether an order is named in a question that another flow answers (where is my order …?), not told."""
        orders = {
            act.value for act in values if isinstance(act, Fill | Correct) and act.slot in self._answers.orders_of(flow)
        }
        starts = [act for act in own if isinstance(act, Start) and act.flow != flow.name and act.probability == 1]
        return len(orders) == len(values) == 1 and any(orders & set(act.slots.values()) for act in starts)

    def _is_told_apart(self, message: Message, text: str, act: Start) -> bool:
        """Whether a wish that takes the place of the flow under way stands in other words than the answer it asks for.

        "不想要了" is a reason for a return, whatever else it sounds like; 我要换，坏了 is a reason and an exchange.
        """
        if not self._takes_place(message, act):
            return False
        asked = self._pack.slots[message.step.collect] if message.step and message.step.collect else None
        words = plain(without_phrases(text, asked) if asked else text)
        return any(flow.name == act.flow for flow in self._wishes.named(words))

    def _is_weak(self, act: Act) -> bool:
        """Whether words that were asked for are rather that than this act: "a blue one", at "which one?", no query."""
        of_product = isinstance(act, Query) and self._pack.queries[act.name].needs == "product"
        return of_product or isinstance(act, Unclear | Ask) or (isinstance(act, Start) and act.probability < SECOND)

    def _has_no_number(self, message: Message, text: str) -> bool:
        """Whether the customer says that he does not know the number that was asked for."""
        return evidence(plain(text), self._pack.acts.no_number) is not None

    def _joined(self, message: Message, parts: Sequence[str], read: Sequence[list[Act]]) -> list[Act]:
        """The acts of all parts; a later part that tells a slot of an earlier wish belongs to it."""
        acts: list[Act] = []
        read = self._told_plainly(parts, read)
        for part, some in zip(parts, read, strict=True):
            also = evidence(part, self._pack.acts.another) is not None
            begun = next((act for act in reversed(acts) if isinstance(act, Start)), None)
            for act in some:
                if isinstance(act, Start) and begun and not also and not _differs(act, begun):
                    filled = self._fills(message, part, begun)
                    answers = filled.keys() & set(self._flow(begun.flow).asked_slots)
                    if act.flow == begun.flow or answers or act.probability < SECOND:
                        begun.slots.update({k: v for k, v in {**act.slots, **filled}.items() if k not in begun.slots})
                        continue
                if isinstance(act, Unclear) and begun:
                    begun.slots.update(
                        {k: v for k, v in self._fills(message, part, begun).items() if k not in begun.slots}
                    )
                acts.append(act)
        if any(isinstance(act, Compare) for act in acts):  # products that are named need no advice for others
            acts = [act for act in acts if not isinstance(act, Recommend)]
        if any(_asks(act) or isinstance(act, Fill | Choose) for act in acts):
            acts = [act for act in acts if not isinstance(act, Unclear | SmallTalk)]
        if any(_asks(act) and not isinstance(act, OutOfScope) for act in acts):  # the rest only sounds strange
            acts = [act for act in acts if not (isinstance(act, OutOfScope) and act.probability < 1)]
        self._share_order(acts)
        return list(_once(acts))

    def _tell_whole(self, message: Message, acts: Sequence[Act]) -> None:
        """Gives the only wish of a message what its other parts tell: the reason before it, the item after it."""
        starts = [act for act in acts if isinstance(act, Start)]
        if len(starts) != 1 or starts[0].resumes or starts[0].evidence == message.text:
            return
        flow = next(flow for flow in self._pack.flows if flow.name == starts[0].flow)
        orders = self._answers.orders_of(flow)
        told = self._wishes.slots_told(message, self._answers.statements(message.text), flow)
        several = {act.slot for act in acts if isinstance(act, Choose)}
        for name, values in told.items():
            if (
                len(values) == 1
                and name not in several
                and (name not in orders or not starts[0].slots.keys() & set(orders))
            ):
                starts[0].slots.setdefault(name, values[0])

    def _share_order(self, acts: Sequence[Act]) -> None:
        """Gives the only order that a message speaks of to its wishes that name none: can it ship today? else cancel"""
        starts = [act for act in acts if isinstance(act, Start)]
        slots = {flow.name: self._answers.orders_of(flow) for flow in self._pack.flows}
        orders = {act.slots[name] for act in starts for name in slots[act.flow] if name in act.slots}
        if len(orders) == 1 and not any(isinstance(act, Choose) for act in acts):
            for act in starts:
                act.slots.update({name: next(iter(orders)) for name in slots[act.flow][:1] if name not in act.slots})

    def _told_plainly(self, parts: Sequence[str], read: Sequence[list[Act]]) -> list[list[Act]]:
        """In a story with a wish in plain words, the other parts begin nothing: the router guesses (快递也很客气)."""
        plainly = [
            {f.name for f in self._pack.flows if evidence(plain(part), f.asked_by) is not None} for part in parts
        ]
        begun = [[act for act in some if isinstance(act, Start)] for some in read]
        shopping = Query | Quote | Recommend | Compare
        worded = any(act.flow in names for names, some in zip(plainly, begun, strict=True) for act in some)
        sure = (act.probability >= INTERRUPTS for some in read for act in some if isinstance(act, shopping))
        if not worded and not any(sure):
            return list(read)
        told: list[list[Act]] = []
        for part, names, some, starts in zip(parts, plainly, read, begun, strict=True):
            guessed = starts and not any(act.flow in names for act in starts)
            asks = evidence(plain(part), self._pack.acts.question) or evidence(part, self._pack.acts.another)
            some = [act for act in some if asks or act.probability == 1 or not isinstance(act, shopping)]
            told.append([act for act in some if not isinstance(act, Start | Choose)] if guessed and not asks else some)
        return told

    def _fills(self, message: Message, part: str, begun: Start) -> dict[str, str]:
        flow = self._flow(begun.flow)
        return extract(part, {name: self._pack.slots[name] for name in flow.slots}, message.lang)

    def _flow(self, name: str) -> Flow:
        return next(flow for flow in self._pack.flows if flow.name == name)

    def _resumed(self, message: Message) -> list[Act]:
        """还是取消吧, after a flow was left or refused: it goes on with what it knew."""
        session, found = message.session, evidence(plain(message.text), self._pack.acts.resume)
        if found is None or message.flow:
            return []
        guess = self._guess(message, message.text)
        named = self._wishes.flow_of(guess) if guess.probability >= self._min_confidence else None
        for past in reversed(session.past):
            if named and past.flow == named.name and past.outcome in ("refused", "abandoned"):
                return [Start(flow=past.flow, slots=dict(past.slots), resumes=True, evidence=found)]
        left = session.paused or session.wishes or session.asked or any(p.outcome == "abandoned" for p in session.past)
        if named is None and left:
            return [Resume(evidence=found)]
        return []

    def _guess(self, message: Message, part: str) -> ScoredWish:
        """What the classifier takes a part for; what it answers is told where a question is open."""
        if self._classifier is None:
            return self._routed(self._router.predict(part, message.session.turns)[0])
        last = message.session.turns[-1:] if message.step else []
        wish = self._classifier.predict(part, " ".join(turn.text for turn in last if turn.role == "bot"))
        if wish.probability < self._min_confidence and wish.label.startswith("flow:"):
            routed = self._routed(self._router.predict(part, message.session.turns)[0])
            return routed if routed.label == wish.label else wish  # two opinions that agree
        return wish

    def _routed(self, top: ScoredIntent) -> ScoredWish:
        """The class that an intent of the router comes to, if that is sure enough."""
        if top.confidence < self._min_confidence:
            return ScoredWish("", top.confidence)
        intent, flow = self._pack.taxonomy[top.intent], self._pack.flow_for(top.intent)
        talk = f"talk:{top.intent}" if intent.reply else ""
        labels = {"flow": f"flow:{flow.name}" if flow else "", "human": "person", "complaint": "complaint"}
        return ScoredWish((labels | {"chitchat": talk}).get(intent.route or "", ""), top.confidence)


def _differs(act: Start, begun: Start) -> bool:
    """Whether a wish is about something else than the one before it: another order."""
    return act.flow != begun.flow and any(begun.slots.get(name, value) != value for name, value in act.slots.items())


def _asks(act: Act) -> bool:
    return not isinstance(act, SmallTalk | Unclear | Fill)


def _subject(act: Act) -> tuple[str, str]:
    value = {Unclear: "asks", Start: "flow", Ask: "entry", Query: "name", SmallTalk: "kind", Person: ""}.get(
        type(act), ""
    )
    return type(act).__name__, str(getattr(act, value, ""))


def _once(acts: Sequence[Act]) -> Iterator[Act]:
    """Each act once: two parts may say the same."""
    seen: list[tuple[object, ...]] = []
    for act in acts:
        key = (*_subject(act), getattr(act, "slots", None) or getattr(act, "value", None))
        if key not in seen:
            seen.append(key)
            yield act
