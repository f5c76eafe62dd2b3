"""What a message says to the open question of a flow: yes, no, later, a value, another value.

A yes or no is a whole message (``serving/dialogue/reading/yes_no.py``), or what the answer classifier is sure of: a yes
changes the shop, so it needs more than a no, and words beside it that take nothing back. A value comes from the pack's
slots or from the customer's orders. Words of any kind fill a slot of free text only when they are nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from kefu.acts import Act, Affirm, Cancel, Choose, Correct, Deny, Fill, Hesitate, Person, Resume, Start
from kefu.intents.answers import CORRECT, HESITATE, LEAVE, NO, PERSON, YES, YES_TOO, AnswerClassifier
from kefu.privacy.redact import restore
from kefu.shop.flows import Flow
from kefu.shop.pack import Pack
from kefu.shop.slots import CJK, extract, free_value
from kefu.text.numbers import read_number
from kefu.text.placeholders import PLACEHOLDER
from serving.dialogue.linking.linker import Linker
from serving.dialogue.linking.records import Order
from serving.dialogue.order_choice import likely_orders
from serving.dialogue.reading.items import named_item, pieces, told_pieces
from serving.dialogue.reading.message import Message
from serving.dialogue.reading.segments import affirmed, clauses
from serving.dialogue.reading.word_rules import evidence, is_idiom, plain
from serving.dialogue.reading.yes_no import after_clear_yes, is_clear_yes, leaves, yes_or_no

PART = "part"  # the choice of a slot for all or a part of an order that means a part
SUBJECT = "the conversation's order"

# Probabilities of the answer classifier, by benchmarks/wordings/answers.py. A false stop costs a message, a false yes
# is a wrong write: that bound left none on wordings that it had not learned from.
STOP, STOP_BESIDE_VALUE, PAUSE, TO_PERSON = 0.6, 0.9, 0.5, 0.4
YES_IN_PLAIN_WORDS, AGAINST = 0.4, 0.3  # AGAINST: of no, leave, wait and correct together

# 是200号，不是100号 / 不是100号，是200号 / it's 200, not 100: which part of a value is wrong.
NOT_BUT = (
    re.compile(r"不是\s*(?P<old>[^，,。！!]{1,40}?)\s*[，,]?\s*(?:而)?(?:是|应该是)\s*(?P<new>[^，,。！!]{1,40})"),
    re.compile(r"(?:应该)?是\s*(?P<new>[^，,。！!]{1,40}?)\s*[，,]\s*不是\s*(?P<old>[^，,。！!]{1,40})"),
    re.compile(r"(?:it'?s|is)\s+(?P<new>[^,.]{1,40}?),?\s+not\s+(?P<old>[^,.]{1,40})", re.IGNORECASE),
    re.compile(r"\bnot\s+(?P<old>[^,.]{1,40}?),?\s+but\s+(?P<new>[^,.]{1,40})", re.IGNORECASE),
)
NEW_VALUE = re.compile(
    r"(?:应该是|应为|改成|改为|换成|是|\bshould be|\bto|\bis)\s*(?P<new>[^，,。！!？?]{2,60})[。.！!]?\s*$",
    re.IGNORECASE,
)
SHORT = 4  # characters of a clause that is nothing but a choice: 个人发票
NAME_ENDS = 2  # characters by which a Chinese name is said in short: 抬头 of 发票抬头
ALL_OF = re.compile(
    r"都(?:要|开|退|换|查|取消|可以|行|给|帮|$)|\d\s*(?:和|跟|与|、|,|，|&|and)\s*\d|\bboth\b|\ball (?:of|two|three)\b"
    r"|单(?:和|跟|与|、).{1,16}单|\borders? and (?:the |my )?[\w -]{2,24} (?:one|order)\b",
    re.IGNORECASE,
)
COUNTED = re.compile(r"(?<!第)([两二三四2-4])\s*(?:个|笔)?(?:单|订单|笔)|\b(two|three) orders\b", re.IGNORECASE)
ENDS = (".", "。", "!", "！")
BUT = re.compile(r"^\s*(?:but\b|但是?|不过|可是)[，,\s]*", re.IGNORECASE)
REPEATED = re.compile(
    r"\b(?:the|returning|return(?: of)?|exchang(?:e|ing)(?: of)?|of)\b|[\W_]+|[的吧了把]", re.IGNORECASE
)
AMOUNT = re.compile(r"(?<![\d.\-])\d{2,6}(?:\.\d{1,2})?(?![\d\-])")
# A number beside a yes may be another quantity or address; a time of waiting (都等了3天) is none.
NUMBER = re.compile(
    r"\d+(?![\d\s]*(?:个?(?:天|周|小时|星期|礼拜|月|年)|次|遍|\s*(?:day|week|hour|month|time|minute)))", re.IGNORECASE
)
TWICE_DENIED = re.compile(
    r"(?:不是|并非|没说)不|\bnot that i (?:don'?t|do not)\b", re.IGNORECASE
)  # 不是不想退: no refusal
CHINESE_BLANK = re.compile(rf"(?<={CJK.pattern})(?=\s+{CJK.pattern})")  # stands for a comma
PLACE = re.compile(
    r"\W*(?:第|就|只?退|the |no\.? ?|number )*(?P<place>[1-9一二三四五六七八九])\s*(?:个|种|项|样|号|st|nd|rd|th)?"
    r"\W*(?:吧|的|please)?\W*",
    re.IGNORECASE,
)
NONE_OF = re.compile(r"都(?:不|没)|\b(?:neither|none)\b", re.IGNORECASE)
NO_FIRST = re.compile(r"\s*([^，,。.!！;；\n]{1,24})[，,。.!！;；\n…~]+\s*(.*\w.*)", re.DOTALL)


class AnswerReader:
    """Reads answers to questions of one pack's flows."""

    def __init__(self, pack: Pack, linker: Linker, classifier: AnswerClassifier | None = None) -> None:
        self._pack, self._linker, self._classifier = pack, linker, classifier
        entity = pack.entities.order
        self.order_pii = entity.pii if entity else None
        refuse = pack.acts.refuse
        self._refusals = {flow.name: refuse.of(flow.name) if refuse else None for flow in pack.flows}

    def whole(self, message: Message) -> list[Act]:
        """A message that is an answer and nothing else."""
        words, step = self._pack.conversation, message.step
        assert step
        if step.confirm:
            yes = yes_or_no(message.text, words, step)
            if yes is not None:
                return [Affirm(evidence=message.text) if yes else Deny(evidence=message.text)]
        told = self.slots(message, message.text) if step.collect else {}
        if (
            leaves(message.text, words, self._may_cancel(message)) and step.collect not in told
        ):  # "changed my mind" may be the reason asked for
            return [Cancel(evidence=message.text)]
        if step.collect and yes_or_no(message.text, words) is False and not told:
            return [Cancel(evidence=message.text)]
        return []

    def _may_cancel(self, message: Message) -> bool:
        """Whether a bare "cancel" means what is under way: not where that flow is what it asks for."""
        return message.flow is not None and evidence(plain(message.text), message.flow.asked_by) is None

    def refused(self, message: Message) -> tuple[tuple[str, ...], str]:
        """The flows that a message refuses, and the rest of its clauses.

        A question refuses nothing, nor does a clause that names one item of several, or stands beside a plain wish for
        the same flow (不退枕头，退毯子): that tells what of it is meant. What this conversation has done is undone, not
        refused.
        """
        parts, session = clauses(message.text), message.session
        stated = [part for part in parts if evidence(plain(part), self._pack.acts.question) is None]
        found, spent = list[str](), set[str]()
        begun = [*(wish.flow for wish in session.wishes), *(state.flow for state in session.paused)]
        known = {*session.denied, *begun, *(past.flow for past in session.past)}
        done = {past.flow for past in session.past if past.written}
        for flow in self._pack.flows:
            open_now, refusal = message.flow is flow, self._refusals[flow.name]
            saying = [part for part in stated if evidence(plain(part), refusal) and not self._names_item(message, part)]
            if not saying or (flow.name in done and not open_now):
                continue
            wishes = [part for part in parts if part not in saying and evidence(plain(part), flow.asked_by) is not None]
            wishes = [part for part in wishes if part in stated]
            spoken = bool(session.turns) or any(evidence(plain(part), flow.asked_by) is None for part in saying)
            if not wishes and (message.flow is not None or flow.name in known or spoken):
                found.append(flow.name)
                spent |= set(saying)
        words, open_too = self._pack.conversation, self._may_cancel(message)
        left = [part for part in parts if part not in spent and not (found and leaves(part, words, open_too))]
        return tuple(found), "".join(left)

    def after_leave(self, message: Message) -> str | None:
        """What stands beside clauses that give up the open flow (算了，取消。什么时候发货？); None: there are none."""
        words, parts = self._pack.conversation, clauses(message.text)
        for count in range(len(parts) - 1, 0, -1):
            if leaves("".join(parts[:count]), words, self._may_cancel(message)):
                return "".join(parts[count:])
        return None

    def _names_item(self, message: Message, text: str) -> bool:
        """Whether a text names a product, where more than one may be meant."""
        state = message.session.flow
        number = next((state.slots[n] for n in self.order_slots_of(state.slots)), None) if state else None
        own = next((some for some in message.orders if number and some.id == message.original(number)), None)
        one_item = own is not None and len(own.skus) == 1
        return not one_item and any(link.exact for link in self._linker.link_products(message.original(text)))

    def scores(self, message: Message) -> dict[str, float]:
        """What the classifier takes the message for at the open question; empty without one."""
        last = next((turn for turn in reversed(message.session.turns) if turn.role == "bot"), None)
        if self._classifier is None or message.step is None or last is None:
            return {}
        return self._classifier.predict(message.text, last.text)

    def likely(self, message: Message, scores: Mapping[str, float]) -> list[Act]:
        """A wish for a person, a no, "leave it" or "wait" that no rule reads and the classifier is sure of.

        A no stops what is under way as "leave it" does, but a question about a fact (did it arrive?) has an answer.
        """
        step, no, leave = message.step, scores.get(NO, 0.0), scores.get(LEAVE, 0.0)
        assert step
        if scores.get(PERSON, 0.0) >= TO_PERSON and not is_idiom(plain(message.text), self._pack.acts.person):
            return [Person(probability=scores[PERSON], evidence=message.text)]
        told = bool(step.collect) and (step.collect in self.slots(message, message.text) or NUMBER.search(message.text))
        if told and leaves(message.text, self._pack.conversation):
            return []  # "changed my mind" is the reason that was asked for
        told = told or self._names_item(message, message.text)  # No, I'm keeping the mug: of an order of several
        if no + leave >= (STOP_BESIDE_VALUE if told else STOP) and not TWICE_DENIED.search(plain(message.text)):
            if waits := self.hesitates(message.text):  # 先别急，退了的话券还在吗: nothing is given up yet
                return waits
            deny = step.confirm and no > leave
            return [(Deny if deny else Cancel)(probability=no + leave, evidence=message.text)]
        if scores.get(HESITATE, 0.0) >= PAUSE and not told:
            return [Hesitate(probability=scores[HESITATE], evidence=message.text)]
        return []

    def likely_yes(self, message: Message, scores: Mapping[str, float]) -> tuple[str, bool] | None:
        """What stands beside a yes in the pack's words that begins a message, and whether these are clear words.

        None where there is no such yes, the classifier does not agree, or words beside it take it back, ask what it
        depends on, or tell a number. Without such words nothing is a yes, however probable: 要高的 looks like 要的.
        """
        words, step = self._pack.conversation, message.step
        if not scores or step is None or not step.confirm or PLACEHOLDER.search(message.text):
            return None
        yes = scores.get(YES, 0.0) + scores.get(YES_TOO, 0.0)
        against = sum(scores.get(name, 0.0) for name in (NO, LEAVE, HESITATE, CORRECT))
        parts = [piece for clause in clauses(message.text) for piece in CHINESE_BLANK.split(clause)]
        for count in range(len(parts) - 1, 0, -1):
            said, rest = "".join(parts[:count]), "".join(parts[count:])
            if not yes_or_no(said, words, step):
                continue
            clear = is_clear_yes(said, words, step)
            if not clear and yes < YES_IN_PLAIN_WORDS or against > AGAINST:
                return None
            if self._reserves(said, rest) or NUMBER.search(rest):
                return None
            left = [part for part in clauses(rest) if not yes_or_no(part, words, step)]  # yes. I said yes. do it
            return "".join(left), clear
        return None

    def after_no(self, message: Message) -> str | None:
        """What follows a no that begins a message (没有啊，门口也看了); None when nothing of this kind does."""
        found = NO_FIRST.match(message.text)
        if found is None or message.step is None:
            return None
        step = message.step if message.step.confirm else None
        refused = yes_or_no(found[1], self._pack.conversation, step) is False and not self.hesitates(found[1])
        return found[2] if refused else None

    def after_clear_yes(self, message: Message) -> str | None:
        """What stands beside a clear yes that begins a message at a confirmation; empty when it only repeats what was
        asked (行吧，那确认退枕头). None when no clear yes begins it, or the rest may take it back.
        """
        words, step = self._pack.conversation, message.step
        if step is None or not step.confirm:
            return None
        parts = clauses(message.text)
        for count in range(len(parts) - 1, 0, -1):
            yes, rest = "".join(parts[:count]), "".join(parts[count:])
            if is_clear_yes(yes, words, step):
                return None if self._reserves(yes, rest) else rest
        said = "".join(parts[:-1])
        if not said or yes_or_no(said, words, step):
            rest = after_clear_yes(parts[-1], words)
            if rest and not self._reserves("", rest) and self._repeats(message, rest):
                return ""
        return None

    def _reserves(self, yes: str, rest: str) -> bool:
        """Whether words beside a yes take it back, hesitate, correct, or put a condition on it.

        A "but" that begins a sentence of its own asks about what was agreed (Yes please. But where …?).
        """
        rules, after = self._pack.acts, plain(rest)
        if yes.rstrip().endswith(ENDS):
            after = BUT.sub("", after)
        return any(evidence(after, rule) is not None for rule in (rules.reserve, rules.hesitate, rules.correct))

    def _repeats(self, message: Message, rest: str) -> bool:
        """Whether words after a clear yes name the item under way, and hardly anything else."""
        assert message.flow and message.session.flow
        known = {message.original(value) for value in message.session.flow.slots.values()}
        if evidence(plain(rest), self._pack.acts.question) is not None or PLACEHOLDER.search(rest):
            return False
        links = self._linker.link_products(message.original(rest))
        named = {link.evidence: {other.sku for other in links if other.evidence == link.evidence} for link in links}
        if not named or any(not skus & known for skus in named.values()):
            return False  # the pillow and the bathrobe: more than what is under way
        left = rest
        for link in links:
            left = left.replace(link.evidence, "")
        return len(REPEATED.sub("", left)) <= len("退掉那")

    def part(self, message: Message, text: str, question: bool) -> list[Act]:
        """Values that a part of the message gives.

        Args:
            question: whether the part asks something: then its values are an order, and what the other clauses tell.
        """
        assert message.flow and message.session.flow
        known, asked = message.session.flow.slots, message.step.collect if message.step else None
        corrects = evidence(plain(text), self._pack.acts.correct) is not None
        if corrects and (changed := self._part_of_value(message, text)):
            return changed
        values = self.slots(message, text)
        if question:  # what its other clauses tell: 大一号，要另付运费吗
            told = self.slots(message, self.statements(text))
            asked_for = [*self._order_slots(message), *(n for n in values if self._pack.slots[n].day)]
            values = {n: v for n, v in values.items() if n in asked_for} | {
                n: v for n, v in told.items() if n not in asked_for
            }
        if corrects and any(name in values and name != asked for name in self._order_slots(message)):
            # 发错了，是QM…: what was sent wrongly is the number, no goods; so words of the correction are no value.
            without = self.slots(message, self._without_correction(text))
            values = {
                name: some for name, some in values.items() if name in {*without, asked, *self._order_slots(message)}
            }
        acts: list[Act] = []
        for name, candidates in values.items():
            if len(candidates) > 1:
                if name == asked and name in self._order_slots(message) and self.means_all(text, len(candidates)):
                    acts.append(Fill(slot=name, value=candidates[0], evidence=text))
                    others = [Start(flow=message.flow.name, slots={name: other}) for other in candidates[1:]]
                    acts += others  # one after the other
                elif name == asked:
                    acts.append(Choose(slot=name, candidates=candidates, evidence=text))
            elif name not in known:
                acts.append(Fill(slot=name, value=candidates[0], evidence=text))
            elif known[name] != candidates[0] and (corrects or name != asked):
                acts.append(Correct(slot=name, value=candidates[0], evidence=text))
            elif asked and name != asked and candidates[0] == message.text.strip():
                acts.append(Fill(slot=name, value=candidates[0], evidence=text))  # told again: nothing new, no mistake
        if (
            asked is None
            and not acts
            and not question
            and any(known.get(name) == some[0] for name, some in values.items())
        ):
            return [Resume(evidence=text)]  # told again: nothing new, and no mistake
        return acts

    def statements(self, text: str) -> str:
        """A text without the clauses that ask something; "one?" tells how many."""
        asks = self._pack.acts.question
        return "".join(c for c in clauses(text) if evidence(plain(c), asks) is None or pieces(c, ()))

    def _without_correction(self, text: str) -> str:
        found = evidence(plain(text), self._pack.acts.correct)
        return text.replace(found, " ", 1) if found else text

    def free(self, message: Message) -> list[Act]:
        """The whole message as the value of a slot of free text, or a place in its list, when it can be one."""
        asked = message.step.collect if message.step else None
        if asked is None:
            return []
        if (other := self._pack.slots[asked].otherwise) and (place := PLACE.fullmatch(plain(message.text))):
            return [Fill(slot=other, value=place["place"], evidence=message.text)]
        if not self._pack.slots[asked].free_text:
            return []
        value = free_value(message.text, self._pack.slots[asked])
        return [Fill(slot=asked, value=value, evidence=message.text)] if value else []

    def hesitates(self, text: str) -> list[Act]:
        found = evidence(plain(text), self._pack.acts.hesitate)
        return [Hesitate(evidence=found)] if found else []

    def slots(self, message: Message, text: str) -> dict[str, tuple[str, ...]]:
        """Values of the flow's slots that a text tells; several where an order may be one of some."""
        assert message.flow
        asked = message.step.collect if message.step else None
        # "I do not want to return the mug" while a return is being arranged withdraws none that was filed before.
        opens = asked in self._order_slots(message)
        names = [name for name in message.flow.slots if opens or not self._pack.slots[name].opening]
        found: dict[str, tuple[str, ...]] = {
            name: (value,)
            for name, value in extract(
                affirmed(text), {n: self._pack.slots[n] for n in names}, message.lang, asked
            ).items()
            if not (name == asked and self._is_whole(value, text, name))
        }
        if asked and asked not in found and (value := self._beside(text, asked, found)):
            found[asked] = (value,)
        for name in self._order_slots(message):
            corrects = evidence(plain(text), self._pack.acts.correct) is not None
            if linked := self.order(message, text, asked=name == asked, by_product=name == asked or corrects):
                found[name] = self.fitting(message, message.flow, linked)
        known = {**(message.session.flow.slots if message.session.flow else {}), **{n: v[0] for n, v in found.items()}}
        order = next((known[name] for name in self._order_slots(message) if name in known), None)
        found |= {name: (value,) for name, value in self.items(message, text, message.flow, order).items()}
        return found

    def _is_whole(self, value: str, text: str, name: str) -> bool:
        """Whether a value of free text is the whole message: then it may be something else (那退了吧)."""
        slot = self._pack.slots[name]
        if not slot.free_text or value not in (text.strip(), free_value(text, slot)):
            return False
        if any(found[1] == slot.pii for found in PLACEHOLDER.finditer(value)):
            return False  # an address, with a name and a number
        return value == text.strip() or not extract(text, {name: slot}, "")

    def _beside(self, text: str, asked: str, found: Mapping[str, tuple[str, ...]]) -> str | None:
        """The clause of free text that was asked for, beside personal data: the title before its tax number."""
        slot, rules = self._pack.slots[asked], self._pack.acts
        if not slot.free_text or not any(self._pack.slots[name].pii for name in found):
            return None
        left = [clause.strip(" ，,。;；\n") for clause in clauses(text) if not PLACEHOLDER.search(clause)]
        left = [
            c for c in left if not any(evidence(plain(c), r) for r in (rules.question, rules.correct, rules.hesitate))
        ]
        kinds = {name: some for name, some in self._pack.slots.items() if some.choices}
        left = [c for c in left if len(c) > SHORT or not extract(c, kinds, "")]  # 个人, 公司
        return free_value(left[0], slot) if len(left) == 1 else None

    def days(self, message: Message, text: str, flow: Flow) -> dict[str, str]:
        """The coming day that a text names, for the flow's slots for one."""
        names = [name for name in flow.slots if self._pack.slots[name].day]
        day = self._linker.coming_day(text, message.now) if names else None
        return dict.fromkeys(names, day.isoformat()) if day else {}

    def items(self, message: Message, text: str, flow: Flow, order: str | None) -> dict[str, str]:
        """The item of the order that a text means, at a confirmation how many pieces, and a coming day, for the flow.

        Args:
            order: its placeholder; None: not known yet, and the item is told in the customer's word for it.
        """
        days = self.days(message, text, flow)
        slots = [name for name in flow.slots if self._pack.slots[name].item]
        asked = message.step.collect if message.step and message.flow is flow else None
        words, keep = message.original(text), self._pack.acts.keep
        # "The order with the box" names an order, not what is to be returned of it.
        part = evidence(plain(text), keep) is not None or bool(slots and self._pieces(flow, words))
        if not slots or not message.session.customer or (asked in self.orders_of(flow) and not part):
            return days
        links = self._linker.link_products(words)
        found = dict(days)
        if order is None:
            names = list(dict.fromkeys(link.evidence for link in links if link.exact))
            return found | (dict.fromkeys(slots, names[0]) if len(names) == 1 else {}) | self._pieces(flow, words)
        own = self.own_order(message, order)
        if own is None:
            return found
        sku = own.skus[0] if len(own.skus) == 1 else None
        if sku is None:
            names_of = [self._linker.product_names(lang) for lang in ("zh", "en")]
            if sku := named_item(words, own.skus, names_of, links, keep):
                found |= dict.fromkeys(slots, sku)
        known = message.session.flow.slots if message.flow is flow and message.session.flow else {}
        sku = sku or next((known[name] for name in slots if known.get(name) in own.skus), None)
        of_each = dict(zip(own.skus, own.quantities, strict=False))
        several = [one for one, count in of_each.items() if count > 1]
        left_over = sku is None and len(several) == 1 and not told_pieces(words, keep)
        if left_over and told_pieces(words, keep, of_each[several[0]]):  # one is enough
            sku = several[0]
            found |= dict.fromkeys(slots, sku)
        found |= self._pieces(flow, words, of_each.get(sku or ""))
        if found.keys() - days.keys():  # an item named after "all of it": no longer all of it
            found |= {
                name: PART
                for name in flow.slots
                if self._pack.slots[name].otherwise in slots and known.get(name, PART) != PART
            }
        if message.step and message.step.confirm and (count := pieces(words, links)):
            found |= {name: count for name in flow.slots if self._pack.slots[name].number}
        return found

    def _pieces(self, flow: Flow, words: str, bought: int | None = None) -> dict[str, str]:
        """The count of pieces that a text tells, for the flow's slots for one. bought: how many of the item."""
        count = told_pieces(self.statements(affirmed(words)), self._pack.acts.keep, bought)
        return {name: str(count) for name in flow.slots if self._pack.slots[name].number} if count else {}

    def own_order(self, message: Message, placeholder: str) -> Order | None:
        """The customer's order that a placeholder stands for."""
        number = restore(placeholder, message.session.vault)
        return next((order for order in message.orders if order.id == number), None)

    def order(
        self, message: Message, text: str, asked: bool, by_product: bool = True, focus: str | None = SUBJECT
    ) -> tuple[str, ...]:
        """Placeholders of the orders that a text means; those of a number that is nobody's as they are.

        Args:
            asked: whether an order was asked for: then a pointer or a state is enough.
            by_product: whether the name of a product alone may mean the order that holds it.
            focus: the order (its placeholder) that "it" means; by default what the conversation is about.
        """
        if self.order_pii is None:
            return ()
        numbers = [m[0] for m in PLACEHOLDER.finditer(text) if m[1] == self.order_pii]
        if not message.session.customer:
            return tuple(numbers[-1:])
        offered = [restore(value, message.session.vault) for value in message.session.offered]
        subject = message.session.subject.order if focus == SUBJECT else focus
        link = self._linker.link_orders(
            message.original(text),
            message.orders,
            message.lang,
            message.now,
            focus=restore(subject, message.session.vault) if subject else None,
            offered=offered,
        )
        if not by_product and not link.refers and set(link.how) <= {"product"}:
            return tuple(numbers[-1:])  # a question about the product, or a part of the order
        if link.ids and (link.explicit or asked or "pronoun" in link.how):
            spoken = set(link.ids) & self._spoken_of(message) if set(link.how) == {"product"} else set()
            ids = tuple(spoken) if len(spoken) == 1 else link.ids
            return tuple(message.placeholder(order) for order in ids)
        if asked and not numbers and (paid := self.of_amount(message, text)):
            return (message.placeholder(paid.id),)
        return tuple(numbers[-1:])

    def of_amount(self, message: Message, text: str) -> Order | None:
        """The only order whose total a text tells: the 741 one."""
        amounts = {float(number) for number in AMOUNT.findall(plain(PLACEHOLDER.sub("", text)))}
        found = [order for order in message.orders if order.total in amounts]
        return found[0] if len(found) == 1 else None

    def _spoken_of(self, message: Message) -> set[str]:
        """Numbers of the orders that the conversation was about: "the pots" are rather one of them."""
        past = [value for flow in message.session.past for value in flow.slots.values()]
        numbers = {restore(value, message.session.vault) for value in [*past, message.session.subject.order or ""]}
        return numbers & {order.id for order in message.orders}

    def means_all(self, text: str, count: int) -> bool:
        """Whether a text means all of the orders that it may mean: 4和5都要, 那两单, both."""
        words = plain(text)
        if NONE_OF.search(words):
            return False
        numbers = [match for match in PLACEHOLDER.finditer(text) if match[1] == self.order_pii]
        counted = COUNTED.search(words)
        return (
            len(numbers) > 1
            or ALL_OF.search(words) is not None
            or bool(counted and read_number(counted[1] or counted[2]) == count)
        )

    def fitting(self, message: Message, flow: Flow, orders: tuple[str, ...]) -> tuple[str, ...]:
        """Those of several orders that a flow can serve, by the states that its question offers; else all of them."""
        asks = next((step for step in flow.steps if step.collect in self.orders_of(flow)), None)
        among = asks.among if asks else ()
        if marked := self.marked(message, flow):
            kept = tuple(o for o in orders if restore(o, message.session.vault) in {order.id for order in marked})
            return kept or orders
        numbers = {order.id: order for order in message.orders}
        named = [(o, own) for o in orders if (own := numbers.get(restore(o, message.session.vault)))]
        fit = [(o, own) for o, own in named if own.status in among]
        recent = likely_orders([own for _, own in fit], asks, message.now) if asks else []
        fit = [(o, own) for o, own in fit if own in recent] or fit
        return tuple(o for o, _ in fit) if fit and len(orders) > 1 else orders

    def marked(self, message: Message, flow: Flow) -> list[Order]:
        """The customer's orders with the mark that the flow's question asks for; none when it asks for none."""
        only = next((step.only for step in flow.steps if step.only), None)
        return [order for order in message.orders if only in order.marks] if only else []

    def all_orders(self, message: Message) -> list[Act]:
        """The customer's newest orders, to choose from, when an order was asked for."""
        asked = message.step.collect if message.step else None
        orders = tuple(message.placeholder(order.id) for order in message.orders)
        return (
            [Choose(slot=asked, candidates=orders)] if asked in self._order_slots(message) and orders and asked else []
        )

    def _order_slots(self, message: Message) -> list[str]:
        assert message.flow
        return self.orders_of(message.flow)

    def orders_of(self, flow: Flow) -> list[str]:
        """The flow's slots for an order."""
        return [n for n in flow.slots if self.order_pii and self._pack.slots[n].pii == self.order_pii]

    def order_slots_of(self, slots: Mapping[str, str]) -> list[str]:
        """The names among some slots that hold an order."""
        return [
            n for n in slots if self.order_pii and n in self._pack.slots and self._pack.slots[n].pii == self.order_pii
        ]

    def _part_of_value(self, message: Message, text: str) -> list[Act]:
        """是200号，不是100号: the value that holds what is wrong, mended."""
        assert message.session.flow
        vault, words = message.session.vault, message.original(text)
        for pattern in NOT_BUT:
            for match in pattern.finditer(words):
                old, new = match["old"].strip(" 的"), match["new"].strip(" 的")
                for slot, value in message.session.flow.slots.items():
                    original = restore(value, vault)
                    if old and old in original and old != original and self._pack.slots[slot].free_text:
                        mended = message.placeholder(original.replace(old, new))
                        return [Correct(slot=slot, value=mended, evidence=text)]
        return self._named_value(message, text)

    def _named_value(self, message: Message, text: str) -> list[Act]:
        """抬头也改一下，应该是…: another value of a free text that is called by its name."""
        assert message.session.flow
        found = NEW_VALUE.search(text)
        for name in message.session.flow.slots if found else ():
            slot = self._pack.slots[name]
            called = slot.title.in_(message.lang).split()[-1][-NAME_ENDS:] if message.lang == "zh" else slot.title.en
            if not found or not slot.free_text or slot.pii or called.split()[-1] not in text:
                continue
            if value := free_value(found["new"], slot):
                return [Correct(slot=name, value=value, evidence=text)]
        return []
