"""What the parts of a message only tell, beside what it asks or wants: it begins and answers nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kefu.acts import Act, Ask, Choose, Compare, Fill, Query, Quote, Recommend, SmallTalk, Start, Unclear
from kefu.shop.flows import Flow
from kefu.shop.pack import Pack
from kefu.shop.slots import CJK
from serving.dialogue.reading.answers.reader import AnswerReader
from serving.dialogue.reading.guesses import WishGuesser
from serving.dialogue.reading.message import Message
from serving.dialogue.reading.wishes.flows import FlowReader
from serving.dialogue.reading.word_rules import evidence, plain

QUESTION = Ask | Query | Quote | Recommend | Compare
INTERRUPTS = 0.8  # probability from which a wish that no word names interrupts a flow
SECOND = 0.7  # probability from which a part without a word for "also" is a second wish
# An entry for a part that asks nothing, beside a wish or an answer: below it, 2 of 10 were acceptable (blind rounds).
UNASKED = 0.95
EITHER_OR = re.compile(rf"({CJK.pattern})[不没]\1")  # 送不送上楼


class Asides:
    """Finds asides in one pack's words."""

    def __init__(self, pack: Pack, answers: AnswerReader, flows: FlowReader, guesser: WishGuesser) -> None:
        self._pack, self._answers, self._flows, self._guesser = pack, answers, flows, guesser
        self._flow_named = {flow.name: flow for flow in pack.flows}

    def without(self, message: Message, parts: Sequence[str], read: Sequence[list[Act]]) -> list[list[Act]]:
        """The acts of each part, without those of asides."""
        questions = [self._is_question(message, part, some) for part, some in zip(parts, read, strict=True)]
        left = self._without_unasked(questions, self._told_plainly(message, parts, questions, read))
        left = self._without_names(message, parts, questions, self._without_unlooked(parts, left))
        return self._without_scene(parts, self._without_echoes(message, parts, left))

    def _is_question(self, message: Message, part: str, some: Sequence[Act]) -> bool:
        """Whether a part asks, in words of a question or by the classifier: any coupons for new customers."""
        words = plain(part)
        asked = evidence(words, self._pack.acts.question) is not None or EITHER_OR.search(words) is not None
        return asked or (any(isinstance(act, Ask) for act in some) and self._guesser.asks(message, part))

    def _told_plainly(
        self, message: Message, parts: Sequence[str], questions: Sequence[bool], read: Sequence[list[Act]]
    ) -> list[list[Act]]:
        """In a story with a wish in plain words, the other parts begin nothing: the router guesses (快递也很客气)."""
        plainly = [{f.name for f in self._pack.flows if self._is_named(message, part, f)} for part in parts]
        begun = [[act for act in some if isinstance(act, Start)] for some in read]
        shopping = Query | Quote | Recommend | Compare
        worded = any(act.flow in names for names, some in zip(plainly, begun, strict=True) for act in some)
        worded = worded or any(  # Still no money back? beside towels and a throw: it asks that, and no sum
            act.probability >= INTERRUPTS and asked
            for asked, some in zip(questions, begun, strict=True)
            for act in some
        )
        sure = (act.probability >= INTERRUPTS for some in read for act in some if isinstance(act, shopping))
        if not worded and not any(sure):
            return list(read)
        told: list[list[Act]] = []
        named = {name for names in plainly for name in names}
        for part, asked, names, some, starts in zip(parts, questions, plainly, read, begun, strict=True):
            guessed = starts and not any(act.flow in names for act in starts)
            guessed = guessed and not all(act.flow in named for act in starts)  # Personal name is fine: tells of it
            asks = asked or evidence(part, self._pack.acts.another)
            some = [act for act in some if asks or act.probability == 1 or not isinstance(act, shopping | Ask)]
            told.append([act for act in some if not isinstance(act, Start | Choose)] if guessed and not asks else some)
        return told

    def _is_named(self, message: Message, part: str, flow: Flow) -> bool:
        """Whether a part asks for a flow in its words, or in those that do after what was told last: exchange."""
        words, last = plain(part), message.session.past[-1:]
        rules = [flow.asked_by, *(flow.asked_after for past in last if past.flow in flow.follows)]
        return any(evidence(words, rule) is not None for rule in rules)

    def _without_unasked(self, questions: Sequence[bool], read: Sequence[list[Act]]) -> list[list[Act]]:
        """Without entries that only resemble a part that asks nothing, where the message has a wish or an answer."""

        def is_unasked(act: Act, asked: bool) -> bool:
            return isinstance(act, Ask) and not asked and act.probability < UNASKED

        left = [
            [act for act in some if not is_unasked(act, asked)] for asked, some in zip(questions, read, strict=True)
        ]
        said = any(isinstance(act, Start | Fill) for some in left for act in some)
        said = said or any(asked and any(map(asks, some)) for asked, some in zip(questions, left, strict=True))
        return left if said else list(read)

    def _without_echoes(self, message: Message, parts: Sequence[str], read: Sequence[list[Act]]) -> list[list[Act]]:
        """Without the look-up that was just told, where the first part only says it again: 哦24号。那多士炉还能修吗"""
        past, question = message.session.past[-1:], self._pack.acts.question
        asked = any(isinstance(act, Unclear | Choose | Start | QUESTION) for some in read[1:] for act in some)
        if not past or not asked or message.flow:  # while something is open, it goes back to what was told
            return list(read)
        told = past[0]

        def is_echo(part: str, act: Act) -> bool:
            if not isinstance(act, Start) or act.flow != told.flow or evidence(plain(part), question) is not None:
                return False
            names = self._answers.orders.names_in(act.slots)
            return not self._changes(self._flow_named[act.flow]) and all(
                act.slots[name] == told.slots.get(name) for name in names
            )

        first = [act for act in read[0] if not is_echo(parts[0], act)]
        return [first, *read[1:]]

    def _without_names(
        self, message: Message, parts: Sequence[str], questions: Sequence[bool], read: Sequence[list[Act]]
    ) -> list[list[Act]]:
        """Without what was begun last, asked of an order that a part only names for a question in a later one: and the
        unpaid one? cancelled or not?"""
        asked = [{v for a in some if isinstance(a, Query) for v in a.slots.values()} for some in read]

        def only_names(at: int, act: Act) -> bool:
            if not (questions[at] and isinstance(act, Start) and act.probability == 1):
                return False
            flow, told = self._flow_named[act.flow], self._answers.orders.names_in(act.slots)
            of_it = any(act.slots[name] in some for name in told for some in asked[at + 1 :])
            return of_it and self._changes(flow) and not self._is_named(message, parts[at], flow)

        return [[act for act in some if not only_names(at, act)] for at, some in enumerate(read)]

    def _without_scene(self, parts: Sequence[str], read: Sequence[list[Act]]) -> list[list[Act]]:
        """Without look-ups that a statement begins, beside a question that looks the same order up: I ordered two
        throws and it still says paid. When will you ship?"""
        asked = [evidence(plain(part), self._pack.acts.question) is not None for part in parts]
        apart = [evidence(part, self._pack.acts.another) is not None for part in parts]
        looked_up = {
            order
            for is_asked, some in zip(asked, read, strict=True)
            for act in some
            if is_asked and (order := self._looks_up(act))
        }
        return [
            [act for act in some if is_asked or is_apart or self._looks_up(act) not in looked_up]
            for is_asked, is_apart, some in zip(asked, apart, read, strict=True)
        ]

    def _looks_up(self, act: Act) -> str:
        """The order of which a flow only tells; empty for every other act."""
        if not isinstance(act, Start) or self._changes(self._flow_named[act.flow]):
            return ""
        return next((act.slots[name] for name in self._answers.orders.names_in(act.slots)), "")

    def _changes(self, flow: Flow) -> bool:
        """Whether a flow may change something, and is no look-up that only may go on to it."""
        return self._flows.writes(flow) and not flow.item_among

    def _without_unlooked(self, parts: Sequence[str], read: Sequence[list[Act]]) -> list[list[Act]]:
        """Without look-ups and guessed wishes that a part begins in no words of theirs and without a question, beside a
        rule that another part asks for in its words: I won't be there. Can they leave it at a pick-up point?"""
        if not any(isinstance(act, Ask) and act.probability == 1 for some in read for act in some):
            return list(read)
        asks = self._pack.acts.question

        def is_told(part: str, act: Act) -> bool:
            if not isinstance(act, Start) or evidence(plain(part), asks) is not None:
                return True
            flow = self._flow_named[act.flow]
            sure = not flow.item_among and act.probability >= SECOND
            return sure or evidence(plain(part), flow.asked_by) is not None

        return [[act for act in some if is_told(part, act)] for part, some in zip(parts, read, strict=True)]


def asks(act: Act) -> bool:
    return not isinstance(act, SmallTalk | Unclear | Fill)
