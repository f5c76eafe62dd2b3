"""A yes to a confirmation with company (``answers/agreed.py`` finds it): a yes, unless its company speaks against it.

| beside a yes | then |
| --- | --- |
| a negation, condition, doubt, "first", a price of what is asked (``reserve``, ``hesitate``, ``correct``) | no yes |
| another value for what is confirmed; a wish that contradicts it | no yes |
| a statement with words that may alter it (``alters``: 要高的, keep, only) | no yes |
| after a clear yes: a remark, a reason, haste, thanks (``remark``: 我下周要用, I moved) | yes |
| what says that something stays as it is, or repeats what is under way | yes |
| in a look-up (has it come? shall I hurry them?): what is told of the same order | yes |
| a question, about another thing or when and how this one goes on | yes, and it is answered |
| another wish, of another order or flow | yes, and it begins |
| "and", and then a wish for a person in plain words | yes, and a person is called |
| a statement of another form (灰色的, in blue): it may be a value | no yes |

What is no yes is asked again. What a yes leaves open (an order that waits already) is asked next, by the wish that
waits.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from kefu.acts import (
    ACKNOWLEDGE,
    Act,
    Affirm,
    Ask,
    Choose,
    Complaint,
    Correct,
    Fill,
    Person,
    Query,
    SmallTalk,
    Start,
    Unclear,
)
from kefu.shop.pack import Pack
from serving.dialogue.reading.answers.agreed import Yes
from serving.dialogue.reading.answers.reader import AnswerReader
from serving.dialogue.reading.joining import QUESTION
from serving.dialogue.reading.message import Message, Reading
from serving.dialogue.reading.parts import PartReader
from serving.dialogue.reading.segments import WORD, answer_pieces
from serving.dialogue.reading.word_rules import evidence, plain

AND_FIRST = re.compile(r"\W*(?:and|then|plus|然后|再|还有)", re.IGNORECASE)


class ConfirmationReader:
    """Reads confirmations of one pack's flows."""

    def __init__(self, pack: Pack, answers: AnswerReader, parts: PartReader) -> None:
        self._pack, self._answers, self._parts = pack, answers, parts

    def read(self, message: Message, found: Yes | None, reading: Reading, agreed: bool = False) -> list[Act]:
        """A yes, and the acts beside it; none when its company speaks against it, or there is none.

        Args:
            agreed: whether the classifier takes the message for a yes with company, too. Then a complaint may stand
                beside clear words, and a question that is not understood.
        """
        if found is None:
            return []
        rest, clear = found
        yes = Affirm(clear=True, evidence=message.text)
        if not rest.strip():
            return [yes]
        assert message.flow and message.session.flow
        here, rules, also = message.session.flow.slots, self._pack.acts, plain(rest)
        asks, orders = evidence(also, rules.question) is not None, self._answers.orders.slots_of(message.flow)
        told = [
            act  # an item in a question is what it asks of: what if the toaster dies, too?
            for act in self._answers.values.part(replace(message, text=rest), rest, asks)
            if not (asks and isinstance(act, Fill | Correct) and self._pack.slots[act.slot].item)
        ]
        other = self._means_another(message, rest) or (asks and any(_corrects(act, here, orders) for act in told))
        noted = self._answers.yes.noted(message)
        changed = [act for act in told if isinstance(act, Fill | Correct) and act.value != here.get(act.slot)]
        looks_up = clear and self._answers.yes.is_look_up(message)  # 催吧，13号就没动过: only the order matters
        changed = [a for a in changed if a.slot not in noted and not (looks_up and a.slot not in orders)]
        if any(not (other and act.slot in orders) for act in changed):
            return []
        stated = self._statements(rest)
        if not (other or looks_up) and evidence(plain(stated), rules.alters) is not None:
            return []
        topic = f"flow:{message.flow.name}"
        acts = self._parts.read(replace(message, text=rest, flow=None, step=None, topic=topic), reading)
        if looks_up and not changed:
            acts = self._beside_look_up(message, rest, acts, asks)
            if not acts:
                return [yes]
        if other and any(wish.flow == message.flow.name for wish in message.session.wishes):
            return [yes, *(act for act in acts if isinstance(act, QUESTION))]  # it waits for its turn already
        if changed and other and not any(isinstance(act, Start) for act in acts):
            acts = [Start(flow=message.flow.name, slots={act.slot: str(act.value) for act in changed}, evidence=rest)]
        surely = agreed and clear
        beside = list(acts) if looks_up else self._settled(message, rest, acts, changed, other, asks, surely)
        if any(isinstance(act, Start) for act in beside):  # the new wish asks for its order itself
            beside = [act for act in beside if not isinstance(act, Choose)]
        if clear and not asks and self._remarks(stated) and not any(_is_wish(act) for act in acts):
            return [yes]
        only_asks = asks and evidence(also, rules.alters) is None  # 对，那个什么时候发货; not: 嗯，退一半行吗
        if not looks_up:  # 提交吧，明天下午来取: asks whether that can be
            asks = asks or self._answers.agreement.names_day(message, rest)
        calls = [act for act in beside if isinstance(act, Person)] if self._goes_on(rest) else []
        if calls and clear:
            return [yes, *calls]
        if asks and [act for act in beside if isinstance(act, Person)] == list(beside):
            beside = [Unclear(asks=True, evidence=rest)]  # 取件前能给我打电话吗: guessed of words that call nobody
        starts = clear or other or (agreed and only_asks)
        return [yes, *beside] if self._may_stand(beside, asks, surely, starts) else []

    def _beside_look_up(self, message: Message, rest: str, acts: Sequence[Act], asks: bool) -> list[Act]:
        """The acts beside a yes in a look-up without what only tells more of it: 13号就没动过, nothing has moved."""
        assert message.flow and message.session.flow
        own, here = message.flow.name, message.session.flow.slots
        orders = self._answers.orders.slots_of(message.flow)
        words, every = plain(rest), asks or not self._answers.yes.hurries(message)
        begun = {flow.name for flow in self._pack.flows if every or evidence(words, flow.asked_by) is not None}

        def is_told_again(act: Act) -> bool:
            if not isinstance(act, Start):
                return isinstance(act, Unclear | SmallTalk) and not asks
            same = all(act.slots.get(name, here.get(name)) == here.get(name) for name in orders)
            return same and (act.flow == own or act.flow not in begun)

        return [act for act in acts if not is_told_again(act)]

    def _statements(self, rest: str) -> str:
        """The pieces of a text that ask nothing."""
        rules = self._pack.acts
        pieces = answer_pieces(rest, rules.another)
        return "".join(piece for piece in pieces if evidence(plain(piece), rules.question) is None)

    def _remarks(self, stated: str) -> bool:
        """Whether each piece of what is stated is a remark."""
        rules = self._pack.acts
        pieces = [plain(piece) for piece in answer_pieces(stated, rules.another) if WORD.search(piece)]
        return bool(pieces) and all(evidence(piece, rules.remark) is not None for piece in pieces)

    def _goes_on(self, rest: str) -> bool:
        """Whether words beside a yes begin with "and" or "also": what follows is no other answer."""
        lead = evidence(plain(rest), self._pack.acts.another)
        return AND_FIRST.match(plain(rest)) is not None or bool(lead and plain(rest).lstrip(" ,，。.").startswith(lead))

    def _settled(
        self,
        message: Message,
        rest: str,
        acts: Sequence[Act],
        changed: Sequence[Fill | Correct],
        other: bool,
        asks: bool,
        surely: bool,
    ) -> list[Act]:
        """The acts beside a yes, each with what it shares with the flow under way; none when one may correct that."""
        assert message.flow and message.session.flow
        here, again = message.session.flow.slots, list[Act]()
        orders, same = self._answers.orders.slots_of(message.flow), self._pack.acts.same
        for act in acts:
            if not isinstance(act, Start):
                continue
            apart = other or asks or any(act.slots.get(name, here.get(name)) != here.get(name) for name in orders)
            if act.flow != message.flow.name and not apart:
                return []  # 对，改地址: said of the order under way, it takes the yes back
            if not other and (self._contradicts(act, message) or (act.probability < 1 and not (surely and asks))):
                return []  # 确认，地址是…: a guess may be a correction
            if act.probability < 1 and not other:
                again.append(act)
            elif act.flow == message.flow.name:
                act.slots.update({value.slot: str(value.value) for value in changed})
                if not any(act.slots.get(name, here.get(name)) != here.get(name) for name in orders):
                    if not asks:
                        return []
                    again.append(act)  # where is it? said with the flow's question already
                elif evidence(plain(rest), same) is not None:
                    alike = [n for n in here if n not in orders and not self._pack.slots[n].item]
                    act.slots.update({name: here[name] for name in alike if name not in act.slots})
        return [act for act in acts if act not in again] or ([Unclear(asks=True, evidence=rest)] if again else [])

    def _may_stand(self, acts: Sequence[Act], asks: bool, surely: bool, starts: bool) -> bool:
        """Whether acts may stand beside a yes. In a statement, answers are guesses (确认，留着吧)."""
        beside = QUESTION | (Start if starts else Query) | SmallTalk
        if starts:
            beside |= Unclear
        if surely:
            beside |= Complaint
        unwanted = () if asks else (Ask, Query, Unclear)
        return bool(acts) and all(
            isinstance(act, beside)
            and not isinstance(act, unwanted)
            and not (isinstance(act, SmallTalk) and act.kind == ACKNOWLEDGE)  # 留着吧: what it means is open
            for act in acts
        )

    def _means_another(self, message: Message, rest: str) -> bool:
        """Whether words speak of another order than the one under way."""
        rules, also = self._pack.acts, plain(rest)
        worded = any(evidence(also, rule) is not None for rule in (rules.same, rules.another))
        return worded or self._answers.yes.is_of_another_order(message, rest)

    def _contradicts(self, act: Start, message: Message) -> bool:
        """Whether a wish contradicts a yes to what is under way (退，换个新的)."""
        flow = next(flow for flow in self._pack.flows if flow.name == act.flow)
        return message.flow is not None and message.flow.name in flow.replaces


def _corrects(act: Act, here: Mapping[str, str], orders: Sequence[str]) -> bool:
    """Whether an act tells another order than the one under way."""
    return isinstance(act, Fill | Correct) and act.slot in orders and act.value != here.get(act.slot)


def _is_wish(act: Act) -> bool:
    """Whether an act is a wish in plain words, or calls a person: more than a remark."""
    return isinstance(act, Person | Complaint) or (isinstance(act, Start | Query) and act.probability == 1)
