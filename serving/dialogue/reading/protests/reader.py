"""What a message refuses or rejects, and what it asks instead: 我没要取消 我问的是几号到.

Who protests against what the last answer began (谁要取消了; I never said cancel) rejects it. Where he says no more than
that, what he asked before counts, read without what he rejects.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from itertools import islice

from kefu.acts import (
    GOODBYE,
    Act,
    Ask,
    Correct,
    Fill,
    Person,
    Query,
    Quote,
    Refuse,
    Reject,
    SmallTalk,
    Start,
    Unclear,
    target_of,
)
from kefu.intents.wishes import ScoredWish
from kefu.shop.pack import Pack
from kefu.shop.slots import CJK, extract
from serving.dialogue.reading.answers.order_items import PART
from serving.dialogue.reading.answers.reader import AnswerReader
from serving.dialogue.reading.message import Message, Reading
from serving.dialogue.reading.parts.asides import QUESTION, asks
from serving.dialogue.reading.preparation import COURTESY, GREETING
from serving.dialogue.reading.protests.rejections import RejectionReader
from serving.dialogue.reading.segments import WORD, answer_pieces
from serving.dialogue.reading.whole import Whole
from serving.dialogue.reading.word_rules import evidence, plain
from serving.sessions.session import SaidTurn, Subject, Told

LONGEST_ELLIPSIS = 24  # characters of a question that may lean on the one before
KNOWN = 0.3  # probability of what is asked once more, below which what the last answer told is not told again
MOST_BEFORE = 3  # messages of the customer before this one, of which one may be what he still asks
# Begins what is so in place of what is denied: 不是少发，是裂了.
CONTRAST = re.compile(
    r"\W*(?:(?:而|其实|就|只)*是|it['’]?s\b|it is\b|they['’]?re\b|there['’]?s\b|one (?:of them )?is\b)", re.IGNORECASE
)
TERM = re.compile(rf"(?=({CJK.pattern}{{2}}))|([a-z]{{4,}})")


class ProtestReader:
    """Reads refusals and rejections in one pack's words.

    Args:
        kinds: as of ``RejectionReader``.
        guess: what the classifier takes a text for.
    """

    def __init__(
        self,
        pack: Pack,
        answers: AnswerReader,
        whole: Whole,
        kinds: Callable[[Message, str], frozenset[str]],
        guess: Callable[[Message, str], ScoredWish],
    ) -> None:
        self._pack, self._answers, self._whole, self._guess = pack, answers, whole, guess
        self._rejections = RejectionReader(pack, kinds)
        self._flow_named = {flow.name: flow for flow in pack.flows}

    def refused(self, message: Message, reading: Reading) -> list[Act]:
        """Flows that the customer does not want, and what else the message says."""
        if undone := self._answers.refusals.undone(message):
            return [undone]
        flows, rest = self._answers.refusals.read(message)
        if not flows:
            return []
        acts: list[Act] = [Refuse(flow=name, evidence=message.text) for name in flows]
        more: Sequence[Act] = []
        if WORD.search(rest) and message.flow and message.flow.name in flows:
            more = self._whole.beside_end(message, rest, reading)
        elif WORD.search(rest):
            more = self._whole.steps(replace(message, text=rest), reading)
        more = [a for a in more if not isinstance(a, Reject) and not self._asks_nothing(a)]
        more = more or self._instead(message, flows, reading) or self._contrasted(message, rest, flows, reading)
        begun = {f"flow:{name}" for name in flows} & self._begun(message)
        if (restated := self._rejections.restated(rest)) and not more and message.flow:
            more = self._whole.beside_end(message, restated, reading)  # 等等，我说的是换一个新的，不是退
        certain = any(act.probability == 1 for act in more)
        if restated and (begun or not certain):  # 不是要退，我问…: what was begun, or not, it asks that
            asked = more
            if not certain:
                names = {*(f"flow:{name}" for name in flows)}
                asked = self._asked_before(message, names, reading, _terms(restated)) or more
            asked = asked or [Unclear(asks=True, evidence=restated)]
            return [
                *(acts if begun else ()),
                Reject(targets=tuple(f"flow:{name}" for name in flows), evidence=rest),
                *asked,
            ]
        if not begun or evidence(plain(message.text), self._pack.acts.protest) is None:
            return [*acts, *more]
        more = more or self._asked_before(message, begun, reading)
        return [*acts, Reject(targets=tuple(sorted(begun)), evidence=message.text), *more]

    def _contrasted(self, message: Message, rest: str, refused: Collection[str], reading: Reading) -> list[Act]:
        """What is wrong in truth, where a flow for something else is refused: 不是少发，是有一个裂了."""
        if not CONTRAST.match(rest):
            return []
        names = message.rejected | {f"flow:{name}" for name in refused}
        acts = self._whole.by_parts(replace(message, text=rest, flow=None, step=None, rejected=names), reading)
        return [act for act in acts if isinstance(act, Start) and self._flow_named[act.flow].told_by]

    def only_a_part(self, message: Message, reading: Reading) -> list[Act]:
        """What a refusal of the flow under way leaves of it: 不是取消整单，就不要锅; don't cancel, just send one."""
        rest = self._answers.refusals.beside_refusal(message)
        told = self._answers.values.part(message, rest, False) if rest else []
        values: list[Act] = [act for act in told if isinstance(act, Fill | Correct)]
        return values if any(isinstance(act, Fill | Correct) and act.value == PART for act in values) else []

    def _instead(self, message: Message, refused: Collection[str], reading: Reading) -> list[Act]:
        """What the words of a refusal want in the place of what they refuse: 我不退货我要换货."""
        names = message.rejected | {f"flow:{name}" for name in refused}
        acts = self._whole.by_parts(replace(message, flow=None, step=None, rejected=names), reading)
        places = {flow.name for flow in self._pack.flows if set(flow.replaces) & set(refused)} - set(refused)
        return [act for act in acts if isinstance(act, Start) and act.flow in places and act.probability == 1]

    def _asks_nothing(self, act: Act) -> bool:
        courtesy = isinstance(act, SmallTalk) and act.kind in (*COURTESY, GREETING, GOODBYE)
        return courtesy or (isinstance(act, Unclear) and not (act.asks and self._asks_on(act.evidence)))

    def _asks_on(self, text: str) -> bool:
        """Whether words beside a refusal ask something: 要是今天能发我还是想要 only tells on what it depends."""
        words, rules = plain(text), self._pack.acts
        supposed = evidence(words, rules.supposed) is not None and "?" not in words
        return not supposed or evidence(words, rules.supposes) is not None

    def _begun(self, message: Message) -> set[str]:
        """Names of the flows that are under way, or that the last answer began."""
        return {one.name for one in message.session.told} | ({f"flow:{message.flow.name}"} if message.flow else set())

    def _asked_before(
        self, message: Message, without: Collection[str], reading: Reading, about: Collection[str] = ()
    ) -> list[Act]:
        """What the customer asked last, rather of what this message names, without what he rejects.

        It begins nothing but a look-up.

        Args:
            about: terms of which the question has one; empty: any message.
        """
        names, said = _terms(message.text), [turn.text for turn in _said(message)]
        said = [text for text in said if not about or (self._asks(text) and set(about) & _terms(text))]
        for text in sorted(said, key=lambda text: -len(names & _terms(text))):
            before = replace(message, text=text, flow=None, step=None, rejected=message.rejected.union(without))
            if acts := self._whole.asked_in(before, reading):
                acts = [a for a in acts if target_of(a) not in without and not self._is_answered(message, a)]
                return [act for act in acts if isinstance(act, QUESTION) or self._is_look_up(act)]
        return []

    def _is_answered(self, message: Message, act: Act) -> bool:
        """Whether a question was answered before."""
        slots = act.slots if isinstance(act, Query) else {}
        before = [*message.session.heard, *message.session.told] if isinstance(act, Ask | Query) else ()
        return any(one.name == target_of(act) and one.slots == slots for one in before)

    def _is_look_up(self, act: Act) -> bool:
        return isinstance(act, Start) and bool(self._flow_named[act.flow].item_among)

    def still_open(self, message: Message, reading: Reading) -> tuple[str, list[Act]]:
        """A value that the open question asks for, without the words that an earlier question got no answer, and what
        that one asks: 换同款新的 桌布那个你还没回答我."""
        pieces, words = answer_pieces(message.text, None), self._pack.acts.reject
        missed = [piece for piece in pieces if words and evidence(plain(piece), words.missed)]
        rest = "".join(piece for piece in pieces if piece not in missed)
        if not (missed and message.step and WORD.search(rest)):
            return message.text, []
        names = _terms("".join(missed))
        about = (turn.text for turn in _said(message) if names & _terms(turn.text))
        asked = "".join(piece for piece in answer_pieces(next(about, ""), None) if self._asks(piece))
        acts = self._whole.by_parts(replace(message, text=asked, flow=None, step=None), reading) if asked else []
        found: list[Act] = [act for act in acts if isinstance(act, QUESTION)]
        return rest if found or message.step.collect else message.text, found

    def _asks(self, text: str) -> bool:
        return evidence(plain(text), self._pack.acts.question) is not None

    def _is_wished(self, message: Message, text: str) -> bool:
        """Whether a clause that asks and supposes nothing wishes for the flow under way: 我没问颜色 我要换货."""
        rules = self._pack.acts
        plainly = (
            piece
            for piece in map(plain, answer_pieces(text, rules.another))
            if not any(evidence(piece, rule) for rule in (rules.question, rules.supposes))
        )
        return message.flow is not None and any(evidence(piece, message.flow.asked_by) for piece in plainly)

    def _with_told(self, message: Message, acts: Sequence[Act]) -> None:
        """Gives wishes what the message that was missed told of them: worn twice, can I still send it back?"""
        for act in acts:
            if isinstance(act, Start):
                slots = {name: self._pack.slots[name] for name in self._flow_named[act.flow].slots}
                choices = {name: slot for name, slot in slots.items() if slot.choices}
                act.slots.update({**extract(_last_said(message), choices, message.lang), **act.slots})

    def _is_unknown(self, message: Message, text: str) -> bool:
        """Whether the classifier knows nothing of what is asked once more, so that a word of it was misread."""
        return self._guess(message, text).probability < KNOWN

    def _names_else(self, message: Message, text: str, subject: Subject) -> bool:
        """Whether words name something that the order spoken of does not hold: 我问的是空气炸锅！最晚几号能退."""
        own = self._answers.orders.own(message, subject.order) if subject.order and message.session.customer else None
        return own is not None and self._answers.orders.names_else(message, text, own)

    def restated(self, text: str) -> str:
        """What a text asks once more: as of ``RejectionReader``."""
        return self._rejections.restated(text)

    def rejects(self, message: Message) -> bool:
        """Whether a message says that the last answer missed."""
        return self._rejections.read(message) is not None

    def rejected(self, message: Message, reading: Reading) -> list[Act]:
        """That the last answer missed, and what the message asks instead: nothing that is not meant."""
        found = self._rejections.read(message)
        if found is None:
            return []
        if person := evidence(plain(message.text), self._pack.acts.person):
            return [Person(evidence=person)]  # 答非所问 给我转个人工
        if going := self._whole.goes_on(message, found.rest, reading):
            return going
        subject, told = message.session.subject.model_copy(deep=True), message.session.told if found.of_told else []
        if any(one.name in found.names for one in told):
            told = []  # I didn't ask for a refund: the parcel is still asked for
        if message.flow and (self._is_wished(message, found.rest) or self._is_wished(message, _last_said(message))):
            told = [one for one in told if one.name != f"flow:{message.flow.name}"]
        open_now = f"flow:{message.flow.name}" if message.flow else ""
        ends = open_now in {*found.names, *(one.name for one in told)}
        without = replace(message, text=found.rest, rejected=found.names)
        if ends:
            without = replace(without, flow=None, step=None)
        acts = self._whole.by_parts(without, reading) if WORD.search(found.rest) else []
        names = found.names | {one.name for one in told if not any(_differs(act, one) for act in acts)}
        unknown = self._is_unknown(message, found.rest)
        if repeats := any(target_of(act) in names for act in acts):
            other = self._whole.by_parts(replace(without, rejected=names), reading)
            if any(isinstance(act, Quote) for act in acts) and not found.names:
                return []  # 我说浴巾要3条，不是2条: what is to be rung up stands in the message itself
            again = not unknown or all(isinstance(act, Start) for act in acts if asks(act))
            if not any(map(asks, other)) and not found.names and again:
                names -= {target_of(act) or "" for act in acts}  # 你答的不是我问的 我问什么时候到
            else:
                acts = other
        instead = QUESTION if repeats else QUESTION | Start
        if repeats and unknown:  # what?? I asked about white dust: no colour
            acts = [act for act in acts if asks(act)] or [Unclear(asks=True, evidence=found.rest)]
        elif found.only_restates and not any(isinstance(act, instead) for act in acts):
            return []  # nothing else is found: it may be the same question, and the answer was right
        asks_other = any(map(asks, acts)) or any(isinstance(act, Unclear) and act.asks for act in acts)
        before: list[Act] = []
        if not asks_other or (
            len(found.rest) <= LONGEST_ELLIPSIS and not self._names_else(message, found.rest, subject)
        ):
            message.session.subject = subject  # as it was before "today", the order of today
            before = self._asked_before(message, names, reading)
        if not asks_other or {target_of(act) for act in acts} == {target_of(act) for act in before}:
            acts = before or acts  # u didnt answer. today or not?
        self._with_told(message, acts)
        refused = [Refuse(flow=message.flow.name, evidence=found.evidence)] if ends and message.flow else []
        return [*refused, Reject(targets=tuple(sorted(names)), evidence=found.evidence), *acts]


def _said(message: Message) -> list[SaidTurn]:
    """What the customer said before this message, the last first."""
    said = (turn for turn in reversed(message.session.turns) if turn.role == "customer")
    return list(islice(said, MOST_BEFORE))


def _last_said(message: Message) -> str:
    return next((turn.text for turn in _said(message)), "")


def _terms(text: str) -> set[str]:
    """What may name a thing in a text: pairs of Chinese characters, and longer words."""
    return {match[1] or match[2] for match in TERM.finditer(plain(text).lower())}


def _differs(act: Act, told: Told) -> bool:
    """Whether an act asks the same as was told, of something else: of another order."""
    slots = act.slots if isinstance(act, Start | Query) else {}
    return target_of(act) == told.name and any(told.slots.get(name) != value for name, value in slots.items())
