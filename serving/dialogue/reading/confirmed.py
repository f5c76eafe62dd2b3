"""The acts of a yes with company (``answers/agreed.py`` finds it): what stands beside it is read as if the flow were
done, and answered.

| beside a yes | then |
| --- | --- |
| another value for what is confirmed; a wish that takes its place | no yes |
| words that may alter it (``alters``: 要高的, keep, only), where the classifier is not sure | no yes |
| a remark, a reason, haste, thanks; what repeats what is under way | yes |
| in a look-up (has it come? shall I hurry them?): what is told of the same order | yes |
| a question | yes, and it is answered |
| another wish, of another order or flow | yes, and it begins |
| what is wrong with another item of the order; an item of a wish that waits | yes, and that comes next |
| "and", and then a wish for a person in plain words | yes, and a person is called |

What is no yes is asked again. What a yes leaves open (an order that waits already) is asked next, by the wish that
waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kefu.acts import Act, Affirm, Choose, Complaint, Correct, Fill, Person, Query, Start, Unclear
from kefu.shop.flows import Flow
from kefu.shop.pack import Pack
from serving.dialogue.reading.answers.agreed import AMOUNT, SURELY, Yes
from serving.dialogue.reading.answers.reader import AnswerReader
from serving.dialogue.reading.guesses import WishGuesser
from serving.dialogue.reading.message import Message, Reading
from serving.dialogue.reading.parts.asides import QUESTION
from serving.dialogue.reading.parts.reader import PartReader
from serving.dialogue.reading.segments import WORD, answer_pieces, asks_behind_also
from serving.dialogue.reading.word_rules import evidence, plain

LEAST_REMARK = 20  # letters of a remark; less may be another item: the pillow. yes, return it


class ConfirmationReader:
    """Reads confirmations of one pack's flows."""

    def __init__(self, pack: Pack, answers: AnswerReader, parts: PartReader, guesser: WishGuesser) -> None:
        self._pack, self._answers, self._parts, self._guesser = pack, answers, parts, guesser

    def read(self, message: Message, found: Yes | None, reading: Reading) -> list[Act]:
        """A yes, and the acts beside it; none when its company speaks against it, or there is none."""
        if found is None:
            return []
        yes, rest = Affirm(clear=True, evidence=message.text), found.rest
        if not rest.strip():
            return [yes]
        asks = any(map(self._asks, answer_pieces(rest, self._pack.acts.another)))
        other = self._answers.yes.is_of_another_order(message, rest)
        changed = self._changed(message, found, asks)
        if not changed and (too := self._answers.orders.same_wish(message, rest)):
            return [yes, too]
        assert message.flow
        topic = f"flow:{message.flow.name}"
        acts = self._asked(replace(message, text=rest, flow=None, step=None, topic=topic), message.flow, reading)
        if other and asks and not self._asks_the_same(message, rest):
            if asked := self._asked_of_another(message, rest, reading):
                return self._beside(message, found, asked, asks, other, yes)
            other = False
        trouble = self._trouble_of_another_item(message, rest, acts)
        if trouble and all(act.value in trouble.slots.values() for act in changed):
            return [yes, trouble]
        if self._alters(message, found, changed, asks, other):
            return self._with_values(message, found, asks, yes, reading)
        if other and not any(isinstance(act, Start) for act in acts):
            acts = [Start(flow=message.flow.name, slots={act.slot: str(act.value) for act in changed}, evidence=rest)]
        if other and any(wish.flow == message.flow.name for wish in message.session.wishes):
            acts = [act for act in acts if not isinstance(act, Start)]  # it waits for its turn already
        unsure = all(isinstance(act, Unclear) or act.probability < 1 for act in acts)
        if unsure and self._names_what_waits(message, rest):
            return [yes]
        return self._beside(message, found, acts, asks, other, yes)

    def _asked(self, beside: Message, flow: Flow, reading: Reading) -> list[Act]:
        """The acts beside a yes. A question that only sounds like a wish for what would take the place of the flow asks
        for a rule: do I send it back in its box, of an exchange."""
        acts = self._parts.read(beside, reading)
        asking = "".join(piece for piece in answer_pieces(beside.text, self._pack.acts.another) if self._asks(piece))
        if asking not in ("", beside.text) and all(isinstance(act, Unclear) for act in acts):  # how long? I have guests
            alone = self._parts.read(replace(beside, text=asking), reading)
            acts = alone if any(isinstance(act, QUESTION) for act in alone) else acts
        instead = [act for act in acts if isinstance(act, Start) and self._takes_place(flow, act)]
        if not instead or not all(self._guesser.asks(beside, act.evidence) for act in instead):
            return acts
        names = {f"flow:{name}" for name in (flow.name, *(act.flow for act in instead))}
        asked = self._parts.read(replace(beside, rejected=beside.rejected | names), reading)
        return asked if any(isinstance(act, QUESTION) for act in asked) else acts

    def _asks_the_same(self, message: Message, rest: str) -> bool:
        """Whether a question of another order asks for what is under way: 枕头那单也退吗, the mugs as well?"""
        assert message.flow
        return any(evidence(plain(rest), rule) for rule in (self._pack.acts.same, message.flow.asked_by))

    def _asked_of_another(self, message: Message, rest: str, reading: Reading) -> list[Act]:
        """The acts of words behind a yes that ask of another order alone; none where a piece of them may be of the one
        under way: 另外平底锅是寄南京的吧 到哪了; and the glasses, will they arrive today."""
        assert message.flow
        own, rules, yes = message.flow.name, self._pack.acts, self._answers.yes
        pieces = answer_pieces(rest, rules.another)
        stated = [piece for piece in pieces if not (self._asks(piece) or yes.names_another_order(message, piece))]
        if any(evidence(yes.without_unaltered(message, piece), rules.alters) for piece in stated):
            return []
        acts = self._parts.read(replace(message, text=rest, flow=None, step=None), reading)
        begun = [act for act in acts if isinstance(act, Start | Query)]
        names = [name for act in begun for name in self._answers.orders.names_in(act.slots)]
        other = any(isinstance(act, Query) or act.flow != own for act in begun)
        return acts if names and other and not any(isinstance(a, Start) and a.flow == own for a in begun) else []

    def _changed(self, message: Message, found: Yes, asks: bool) -> list[Fill | Correct]:
        """The values that words beside a yes tell, other than those of the flow under way.

        A choice that was not asked for (a reason) is told by the way; beside a yes of which the classifier is sure, an
        order without its number is, too (I only bought it last week).
        """
        assert message.session.flow
        here, slots, rest = message.session.flow.slots, self._pack.slots, found.rest
        beside = replace(message, text=rest)
        told = [*self._answers.values.part(beside, rest, asks), *self._answers.addresses.read(beside)]
        orders = self._answers.orders.slots_of(message.flow) if message.flow else ()
        known, noted = self._answers.items.under_way(message), self._answers.yes.noted(message)
        return [
            act
            for act in told
            if isinstance(act, Fill | Correct)
            and act.value != here.get(act.slot)
            and act.slot not in noted
            and not (slots[act.slot].item and (asks or act.value in known))
            and not (slots[act.slot].choices and isinstance(act, Fill))
            and not (act.slot in orders and found.surely and str(act.value) not in rest)
        ]

    def _with_values(self, message: Message, found: Yes, asks: bool, yes: Affirm, reading: Reading) -> list[Act]:
        """A yes beside values alone that may leave the question as it was, as the flow will tell: 行，那就整单取消."""
        if asks or found.probability < SURELY or self._answers.yes.names_another_product(message, found.rest):
            return []
        acts = self._parts.read(message, reading)
        return [yes, *acts] if acts and all(isinstance(act, Fill) for act in acts) else []

    def _alters(self, message: Message, found: Yes, changed: Sequence[Fill | Correct], asks: bool, other: bool) -> bool:
        """Whether words beside a yes tell, or may tell, another value of what is confirmed."""
        assert message.flow
        orders, looks_up = self._answers.orders.slots_of(message.flow), self._answers.yes.is_look_up(message)
        if any(not (other or looks_up) or (looks_up and not other and act.slot in orders) for act in changed):
            return True
        rules = self._pack.acts
        pieces = [piece for piece in answer_pieces(found.rest, rules.another) if not self._asks(piece)]
        pieces = [piece for piece in pieces if not self._keeps_the_rest(message, piece)]
        # A number that the question does not tell is no yes at all.
        stated = AMOUNT.sub("", plain("".join(pieces) if found.clear else found.rest))
        for words in (evidence(stated, rules.another) or "", f"the {message.flow.name}"):  # 另外; submit the return
            stated = stated.replace(words, "", 1)
        if other or looks_up:
            return False
        wished = stated.replace(plain(found.ahead), "", 1) if self._is_remark(message, found) else stated
        if self._answers.yes.names_another_product(message, wished):
            return True  # 确认退枕头和浴袍
        return not found.surely and evidence(stated, rules.alters) is not None

    def _is_remark(self, message: Message, found: Yes) -> bool:
        """Whether a sentence of its own before a clear yes tells something and wishes for nothing: the kettle runs on
        that socket, so it is the toaster. Yes, submit it."""
        rules, words = self._pack.acts, plain(found.ahead)
        wishes = [rules.same, rules.another, rules.keep, *(flow.asked_by for flow in self._pack.flows)]
        alone = message.text.startswith(found.ahead) and words.rstrip().endswith((".", "。", "!", "！"))
        long = len(WORD.findall(words)) >= LEAST_REMARK
        asks = any(phrase in words.lower() for some in self._pack.conversation.please.values() for phrase in some)
        return found.clear and alone and long and not asks and not any(evidence(words, rule) for rule in wishes)

    def _trouble_of_another_item(self, message: Message, rest: str, acts: Sequence[Act]) -> Start | None:
        """What else is wrong, with an item of the order that is not under way: 确认，那个台灯也不亮.

        A further wish for the flow itself is none: it would change what is confirmed.
        """
        also = self._answers.yes.begins_with_also(rest) or evidence(plain(rest), self._pack.acts.same) is not None
        known, flows = self._answers.items.under_way(message), {flow.name: flow for flow in self._pack.flows}
        told = [act for act in acts if isinstance(act, Start) and flows[act.flow].told_by] if also and known else []
        items = [{value for name, value in act.slots.items() if self._pack.slots[name].item} for act in told]
        return next((act for act, some in zip(told, items, strict=True) if some and not some & set(known)), None)

    def _names_what_waits(self, message: Message, rest: str) -> bool:
        """Whether words beside a yes name an item of a wish that waits and begins next: 确认 桌布呢？"""
        wishes = [wish.slots for wish in message.session.wishes]
        waiting = {v for slots in wishes for name, v in slots.items() if self._pack.slots[name].item}
        return bool(waiting) and self._answers.yes.names_one_of(message, rest, waiting)

    def _keeps_the_rest(self, message: Message, piece: str) -> bool:
        """Whether a piece says that the other pieces of an order stay, while only some are under way: 另一台我留着"""
        state, slots = message.session.flow, self._pack.slots
        some = state is not None and any(slots[name].number for name in state.slots)
        of_rest = self._answers.orders.of_other_piece(message, piece) is not None
        return some and of_rest and evidence(plain(piece), self._pack.acts.keep) is not None

    def _asks(self, text: str) -> bool:
        return asks_behind_also(text, self._pack.acts.another, self._pack.acts.question)

    def _beside(
        self, message: Message, found: Yes, acts: Sequence[Act], asks: bool, other: bool, yes: Affirm
    ) -> list[Act]:
        """A yes, and what of the acts beside it is asked or wished for; none when one of them speaks against it."""
        assert message.flow and message.session.flow
        here, orders = message.session.flow.slots, self._answers.orders.slots_of(message.flow)
        also, beside, same = self._answers.yes.begins_with_also(found.rest), list[Act](), self._pack.acts.same
        looks_up = self._answers.yes.is_look_up(message)
        for act in acts:
            if isinstance(act, Start):
                apart = other or any(act.slots.get(name, here.get(name)) != here.get(name) for name in orders)
                if not apart and not message.flow.item_among and self._takes_place(message.flow, act):
                    return []  # of a parcel that came, something else is wanted next
                named = act.flow != message.flow.name and act.probability == 1
                if named and not (apart or asks or also or looks_up):
                    return []  # 对，改地址: said of the order under way, it takes the yes back
                if act.flow == message.flow.name and not apart:
                    beside += [Unclear(asks=True, evidence=found.rest)] if asks else []  # the question told that
                elif act.probability == 1 or asks:
                    if apart and act.flow == message.flow.name and evidence(plain(found.rest), same) is not None:
                        alike = [n for n in here if n not in orders and not self._pack.slots[n].item]
                        act.slots.update({name: here[name] for name in alike if name not in act.slots})
                    beside.append(act)
            elif isinstance(act, Person | Unclear) and plain(act.evidence) in plain(found.ahead):
                continue  # 你们客服呢！算了催吧
            elif isinstance(act, Person):
                if asks and not also:
                    beside.append(Unclear(asks=True, evidence=found.rest))  # 取件前能给我打电话吗: calls nobody
                elif not also:
                    return []
                else:
                    beside.append(act)
            elif isinstance(act, Complaint) or (asks and isinstance(act, QUESTION | Unclear)):
                beside.append(act)
        if found.alone and asks and not any(isinstance(act, QUESTION | Start) for act in beside):
            return []  # may ask for something else than what is confirmed: yes, submit it. can it be blue
        if any(isinstance(act, Start) for act in beside):  # the new wish asks for its order itself
            return [yes, *beside]
        return [yes, *beside, *(act for act in acts if isinstance(act, Choose) and other)]

    def _takes_place(self, flow: Flow, act: Start) -> bool:
        """Whether a wish takes the place of what is under way (退，换个新的)."""
        return flow.name in next(other for other in self._pack.flows if other.name == act.flow).replaces
