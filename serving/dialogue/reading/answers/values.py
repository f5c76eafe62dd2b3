"""Values of a flow's slots that a message tells, changes or puts right: from the pack's slots and the own orders."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from kefu.acts import Act, Choose, Correct, Deny, Fill, Resume, Start
from kefu.privacy.redact import restore
from kefu.shop.pack import Pack
from kefu.shop.part import Lang
from kefu.shop.slots import ON_FILE, extract, free_value, is_unchanged
from kefu.text.legal_names import without_words
from kefu.text.placeholders import PLACEHOLDER
from serving.dialogue.linking.denial import is_denied
from serving.dialogue.linking.ordinals import find_places
from serving.dialogue.reading.answers.items import statements
from serving.dialogue.reading.answers.order_items import PART, ItemReader
from serving.dialogue.reading.answers.orders.reader import OF_ORDERS, OrderReader
from serving.dialogue.reading.answers.yes_no import after_clear_yes, yes_or_no
from serving.dialogue.reading.message import Message
from serving.dialogue.reading.segments import affirmed, answer_pieces, clauses
from serving.dialogue.reading.word_rules import evidence, plain

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
# What is left of a message that only says that a value is wrong, or to be changed: the title is not right.
WRONG = re.compile(
    r"\W*(?:the|my|这个|那个)?\W*(?:(?:也|又|还是)?(?:不对|错了?|有误|写错了?|不是这个|要改|改一下|改下)(?:了|啊|呀|吧)?"
    r"|is (?:still )?(?:wrong|not right|incorrect)|isn't right|has to be changed)\W*",
    re.IGNORECASE,
)
SHORT = 4  # characters of a clause that is nothing but a choice: 个人发票
NAME_ENDS = 2  # characters by which a Chinese name is said in short: 抬头 of 发票抬头
PLACE = re.compile(
    r"\W*(?:第|就|只?退|the |no\.? ?|number )*(?P<place>[1-9一二三四五六七八九])\s*(?:个|种|项|样|号|st|nd|rd|th)?"
    r"\W*(?:吧|的|please)?\W*",
    re.IGNORECASE,
)
PLACE_FIRST = re.compile(r"\W*(?P<place>[1-9])\s*(?:[,，.。;；、]|but\b|就|只|那个|换|退)", re.IGNORECASE)
PLACE_LAST = re.compile(  # 算了退吧就3: the wish once more, then a place
    r"\W*(?:算了|那|还是|退|换|取消|吧|掉|货|ok(?:ay)?|then|just|return|exchange|cancel|[，,\s])*"
    r"(?:就|选|要|number |no\.? ?)?(?P<place>[1-9])\W*吧?\W*",
    re.IGNORECASE,
)


class ValueReader:
    """Reads values of one pack's slots."""

    def __init__(self, pack: Pack, orders: OrderReader, items: ItemReader) -> None:
        self._pack, self._orders, self._items = pack, orders, items

    def part(self, message: Message, text: str, question: bool) -> list[Act]:
        """Values that a part of the message gives.

        Args:
            question: whether the part asks something: then its values are an order, and what the other clauses tell.
        """
        assert message.flow and message.session.flow
        corrects = evidence(plain(text), self._pack.acts.correct) is not None
        if corrects and (changed := self._part_of_value(message, text)):
            return changed
        if question and not corrects and (other := self._asked_of_other(message, text)):
            return [other]
        values = self._told(message, text, question, corrects)
        acts = [act for name, some in values.items() for act in self._value(message, text, name, some, corrects)]
        asked = message.step.collect if message.step else None
        again = any(self._is_known(message, name, some[0]) for name, some in values.items())
        if asked is None and not acts and not question and (again or is_unchanged(plain(text))):
            if message.flow.item_among and _denies(message, text):
                return [Deny(evidence=text)]  # I just said I never got it
            return [Resume(evidence=text)]  # told again: nothing new, and no mistake
        return acts

    def _asked_of_other(self, message: Message, text: str) -> Start | None:
        """What a look-up under way is asked of another order: 香薰机那单今天能到吗, where another parcel is late."""
        flow, state, words = message.flow, message.session.flow, plain(text)
        assert flow and state
        orders = self._orders.slots_of(flow)
        if not flow.item_among or (message.step and message.step.collect in orders):
            return None
        told = {name: some[0] for name, some in self.slots(message, text).items() if len(some) == 1}
        other = any(name in told and told[name] != state.slots.get(name) for name in orders)
        asks = any(evidence(words, rule) for rule in (flow.asked_by, flow.asked_of_item))
        asks = asks or not set(flow.follow_up_slots).isdisjoint(told)
        return Start(flow=flow.name, slots=told, evidence=text) if other and asks else None

    def _told(self, message: Message, text: str, question: bool, corrects: bool) -> dict[str, tuple[str, ...]]:
        """Values that a text tells, without those of a question and those that only say what was wrong."""
        assert message.flow
        asked, orders = message.step.collect if message.step else None, self._orders.slots_of(message.flow)
        values = self.slots(message, text)
        if question:  # what its other clauses tell: 大一号，要另付运费吗
            told = self.slots(message, statements(text, self._pack.acts.question))
            asked_for = [*orders, *filter(self._is_spoken_of, values)]
            values = {n: v for n, v in values.items() if n in asked_for} | {
                n: v for n, v in told.items() if n not in asked_for
            }
            # What a question corrects is an order only where it speaks of one: the steamer I mean, is it washable?
            means_order = corrects and OF_ORDERS.search(plain(text)) is not None
            if not means_order and asked not in orders and message.session.flow:
                # Another order that a question names is what it asks of: can the bedding set ship today?
                known = message.session.flow.slots
                values = {n: v for n, v in values.items() if n not in orders or known.get(n, v[0]) == v[0]}
        before = message.session.flow.slots if message.session.flow else {}
        if any(n in values and n != asked and before.get(n) not in (None, *values[n]) for n in orders):
            kept = [n for n in values if n in orders or not (corrects or self._is_free(n))]
            values = {n: values[n] for n in kept} | self._beside_order(message, text)
        if asked and asked not in values and self._agrees_to_own(asked, text, message.lang):
            values[asked] = (ON_FILE,)
        return values

    def _agrees_to_own(self, asked: str, text: str, lang: Lang) -> bool:
        """Whether a text begins with a yes to what the shop has on file, and tells more (yes, send it to [EMAIL_1]) or
        points at it (yes that one)."""
        slot, words = self._pack.slots[asked], self._pack.conversation
        first = answer_pieces(text, self._pack.acts.another)[0]
        if slot.on_file is None or yes_or_no(first, words):
            return slot.on_file is not None
        pointed = after_clear_yes(first, words)
        return bool(pointed) and extract(pointed, {asked: slot}, lang, asked).get(asked) == ON_FILE

    def _is_free(self, name: str) -> bool:
        """Whether any words may be a slot's value."""
        slot = self._pack.slots[name]
        return slot.free_text and slot.pii is None

    def _beside_order(self, message: Message, text: str) -> dict[str, tuple[str, ...]]:
        """Values of the clauses that neither correct an order nor name it.

        发错了，是QM…: what was sent wrongly is the number, no goods, and neither clause is an answer of free text.
        """
        assert message.flow
        rest = [
            clause
            for clause in clauses(text)
            if evidence(plain(clause), self._pack.acts.correct) is None
            and not self._orders.meant(message, clause, asked=False, by_product=True)
        ]
        return self.slots(message, "，".join(rest)) if rest else {}

    def _is_spoken_of(self, name: str) -> bool:
        """Whether a question tells a slot as well as a statement: a day, one of at most two choices (can one be left
        out?), or personal data (anna@mail.com, will it come today?)."""
        slot = self._pack.slots[name]
        return slot.day or 0 < len(slot.choices) <= 2 or slot.pii is not None

    def _value(
        self, message: Message, text: str, name: str, candidates: tuple[str, ...], corrects: bool
    ) -> Iterator[Act]:
        """What a value of a slot does: it fills, corrects, or leaves a choice."""
        assert message.flow and message.session.flow
        known, asked = message.session.flow.slots, message.step.collect if message.step else None
        first = candidates[0]
        if len(candidates) > 1:
            if name != asked:
                return
            if name in self._orders.slots_of(message.flow) and self._orders.words.means_all(text, len(candidates)):
                yield Fill(slot=name, value=first, evidence=text)
                for other in candidates[1:]:  # one after the other
                    yield Start(flow=message.flow.name, slots={name: other})
            else:
                yield Choose(slot=name, candidates=candidates, evidence=text)
        elif asked is None and known.get(name) != first and self._is_known(message, name, first):
            return
        elif name not in known:
            yield Fill(slot=name, value=first, evidence=text)
        elif known[name] != first and (corrects or name != asked):
            yield Correct(slot=name, value=first, evidence=text)
        elif asked and name != asked and self._is_told_again(message, name, first, corrects):
            yield Fill(slot=name, value=first, evidence=text)  # nothing new, no mistake

    def _is_told_again(self, message: Message, name: str, value: str, corrects: bool) -> bool:
        """Whether a message is a value that is known, or insists on the order: 不是这单，我说的是保鲜盒那单."""
        assert message.flow
        return value == message.text.strip() or (corrects and name in self._orders.slots_of(message.flow))

    def _is_known(self, message: Message, name: str, value: str) -> bool:
        """Whether a value of a slot is known, in whatever words: the item by its name, that was picked by its place."""
        assert message.session.flow
        known, slot = message.session.flow.slots, self._pack.slots[name]
        if known.get(name) == value:
            return True
        item = known.get(slot.otherwise) if slot.otherwise else known.get(name)
        found = self._items.under_way(message) if item else []
        return bool(found) and (value == PART if slot.otherwise else slot.item and value in found)

    def slots(self, message: Message, text: str) -> dict[str, tuple[str, ...]]:
        """Values of the flow's slots that a text tells; several where an order may be one of some."""
        assert message.flow
        asked = message.step.collect if message.step else None
        # "I do not want to return the mug" while a return is being arranged withdraws none that was filed before.
        opens = asked in self._orders.slots_of(message.flow)
        names = [name for name in message.flow.slots if opens or not self._pack.slots[name].opening]
        found: dict[str, tuple[str, ...]] = {
            name: (value,)
            for name, value in extract(
                affirmed(text), {n: self._pack.slots[n] for n in names}, message.lang, asked
            ).items()
            if not (name == asked and self._is_whole(value, text, name))
        }
        if asked:
            found |= self._picked(message, text, asked, found)
        if asked and asked not in found and (value := self._beside(text, asked, found)):
            found[asked] = (value,)
        found |= self._named_beside(message, text, found)
        for name in self._orders.slots_of(message.flow):
            corrects = evidence(plain(text), self._pack.acts.correct) is not None
            if linked := self._orders.meant(message, text, asked=name == asked, by_product=name == asked or corrects):
                found[name] = self._orders.fitting(message, message.flow, linked)
        known = {**(message.session.flow.slots if message.session.flow else {}), **{n: v[0] for n, v in found.items()}}
        order = next((known[name] for name in self._orders.slots_of(message.flow) if name in known), None)
        found |= {name: (value,) for name, value in self._items.slots(message, text, message.flow, order).items()}
        found = {name: some for name, some in found.items() if not self._names_order(name, some)}
        if asked in found and self._pack.slots[asked].number and self._orders.words.counts_several(text):
            del found[asked]  # 另外两单: orders, and no pieces
        if asked in found and self._pack.slots[asked].number:  # all of the pieces, not of the order
            found = {name: some for name, some in found.items() if not self._pack.slots[name].otherwise}
        return found

    def _names_order(self, name: str, values: Sequence[str]) -> bool:
        """Whether free text holds an order number: then it is no title or the like."""
        types = {found[1] for value in values for found in PLACEHOLDER.finditer(value)}
        return self._pack.slots[name].free_text and self._orders.pii in types

    def _picked(
        self, message: Message, text: str, asked: str, found: Mapping[str, tuple[str, ...]]
    ) -> dict[str, tuple[str, ...]]:
        """What a text takes by its place: of the list that the open question shows, or of its two choices."""
        slot, results = self._pack.slots[asked], message.session.flow.results if message.session.flow else {}
        if slot.otherwise:
            lines = next((some for some in results.values() if isinstance(some, list)), [])
            place = _place(text, [str(number) for number in range(1, len(lines) + 1)])
            return {slot.otherwise: (place,)} if place else {}
        if slot.item and (first := PLACE_FIRST.match(plain(text))):  # 2, but just the broken one
            lines = next((some for some in results.values() if isinstance(some, list)), [])
            return {asked: (first["place"],)} if int(first["place"]) <= len(lines) else {}
        place = _place(text, list(slot.choices)) if len(slot.choices) == 2 and asked not in found else None
        return {asked: (place,)} if place else {}

    def free(self, message: Message) -> list[Act]:
        """The whole message as the value of a slot of free text, or a place in its list, when it can be one."""
        asked = message.step.collect if message.step else None
        if asked is None:
            return []
        if (other := self._pack.slots[asked].otherwise) and (
            place := PLACE.fullmatch(plain(message.text)) or PLACE_LAST.fullmatch(plain(message.text))
        ):
            return [Fill(slot=other, value=place["place"], evidence=message.text)]
        if not self._pack.slots[asked].free_text:
            return []
        value = free_value(message.text, self._pack.slots[asked])
        return [Fill(slot=asked, value=value, evidence=message.text)] if value else []

    def _is_whole(self, value: str, text: str, name: str) -> bool:
        """Whether a value of free text is the whole message: then it may be something else (那退了吧)."""
        slot = self._pack.slots[name]
        if not slot.free_text or value not in (text.strip(), free_value(text, slot)):
            return False
        if any(found[1] == slot.pii for found in PLACEHOLDER.finditer(value)):
            return False  # an address, with a name and a number
        return not extract(text, {name: slot}, "")

    def _beside(self, text: str, asked: str, found: Mapping[str, tuple[str, ...]]) -> str | None:
        """The clause of free text that was asked for, beside personal data: the title before its tax number."""
        slot, rules = self._pack.slots[asked], self._pack.acts
        if not slot.free_text or not any(self._pack.slots[name].pii for name in found):
            return None
        left = [clause.strip(" ，,。;；…\n") for clause in clauses(text) if not PLACEHOLDER.search(clause)]
        left = [
            c for c in left if not any(evidence(plain(c), r) for r in (rules.question, rules.correct, rules.hesitate))
        ]
        left = [c for c in left if yes_or_no(c, self._pack.conversation) is None]  # yes, and send it to [EMAIL_1]
        kinds = {name: some for name, some in self._pack.slots.items() if some.choices}
        left = [c for c in left if len(c) > SHORT or not extract(c, kinds, "")]  # 个人, 公司
        return free_value(left[0], slot) if len(left) == 1 else None

    def _named_beside(
        self, message: Message, text: str, found: Mapping[str, tuple[str, ...]]
    ) -> dict[str, tuple[str, ...]]:
        """The only person of a text that tells a choice of the flow (个人，张三。): what a name is wanted for."""
        assert message.flow
        names = {match[0] for match in PLACEHOLDER.finditer(text) if match[1] == "NAME"}
        wanted = [n for n in message.flow.slots if self._pack.slots[n].called and n not in found]
        kinds = [n for n in found if self._pack.slots[n].choices and self._pack.slots[n].shared]
        return {wanted[0]: (names.pop(),)} if len(names) == len(wanted) == 1 and kinds else {}

    def without_correction(self, text: str) -> str:
        """A text without the words that only say that something was wrong: 发错了，是QM…"""
        found = evidence(plain(text), self._pack.acts.correct)
        return text.replace(found, " ", 1) if found else text

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
        for name in message.session.flow.slots:
            slot = self._pack.slots[name]
            if slot.called and WRONG.fullmatch(plain(without_words(text, slot.called))):
                return [Correct(slot=name, value=None, evidence=text)]
            called = slot.title.in_(message.lang).split()[-1][-NAME_ENDS:] if message.lang == "zh" else slot.title.en
            if not found or not slot.free_text or slot.pii or called.split()[-1] not in text:
                continue
            if value := free_value(found["new"], slot):
                return [Correct(slot=name, value=value, evidence=text)]
        return []


def _denies(message: Message, text: str) -> bool:
    """Whether a text holds the open confirmation's own words for no."""
    words, step = plain(text).lower(), message.step
    return any(phrase in words for some in (step.no if step else {}).values() for phrase in some)


def _place(text: str, shown: Sequence[str]) -> str | None:
    """The one that a text takes of what was shown: 第二个, the last one."""
    places = find_places(plain(text), shown, [])
    taken = {one for place in places for one in place.ids if not is_denied(text, place.start)}
    return taken.pop() if len(taken) == 1 else None
