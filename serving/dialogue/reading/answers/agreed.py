"""Decides whether a message at a confirmation is a yes, and what stands beside it.

The answer classifier decides, on the whole message and its question. Words only take a yes back:

| beside the yes | why it is none |
| --- | --- |
| a condition, a doubt, a price of what is asked (``reserve``, ``hesitate``, ``correct``) | it depends on that |
| a product behind a yes that is not clear (嗯 那香薰机呢); that something was understood (好的 知道了) | may be none |
| a number that the question does not tell (5 yuan is fine) | another value, as far as anybody knows |
| words that may alter what is confirmed, in a statement (``alters``), unless the classifier is sure | another value |

What says that something stays as it is (``unaltered``) is put aside before. In a look-up (has it come? shall I hurry
them?) only a no or a correction takes a yes back. What else may stand beside it: ``reading/confirmed.py``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import NamedTuple

from kefu.acts import ACKNOWLEDGE
from kefu.intents.answers import CORRECT, HESITATE, LEAVE, NO, PERSON, YES, YES_TOO
from kefu.shop.flows import Flow, Step
from kefu.shop.pack import Pack
from kefu.shop.slots import without_phrases
from kefu.text.placeholders import PLACEHOLDER
from serving.dialogue.linking.linker import Linker
from serving.dialogue.reading.answers.orders.reader import OrderReader
from serving.dialogue.reading.answers.yes_no import QUESTION, after_clear_yes, goes_ahead, is_clear_yes, yes_or_no
from serving.dialogue.reading.message import Message
from serving.dialogue.reading.segments import WORD, answer_pieces, clauses, is_question, segments
from serving.dialogue.reading.word_rules import evidence, plain, without

# Probabilities of a yes with and without company, by benchmarks/wordings/answers.py: a false yes is a wrong write.
# IN_ANY_WORDS: where no piece of the message is a yes in the pack's words. SURELY (after 嗯, ok: IF_PLAIN): more than
# words that may alter.
# AGAINST: of no, leave, wait, correct and (twice) person together, as a share of it, where something stands beside it.
# SURE_OF_CLEAR: beside a clear yes, more than a question's doubts.
# MOST_AGAINST: of the same beside a clear yes that the classifier reads by itself.
IN_PLAIN_WORDS, IN_ANY_WORDS, SURELY, SURELY_IF_PLAIN, SURE_OF_CLEAR, AGAINST = 0.55, 0.9, 0.88, 0.97, 0.8, 0.25
MOST_AGAINST, IN_ANY_WORDS_OF_LOOK_UP = 0.3, 0.75

# Asks to be told again what the question tells, or that it is so: 是电子的吧？, how much do I get back.
ASSURED = re.compile(
    r"[吧么嘛](?=[?？])|[对是][吧吗]|(?<=退)吧(?=\W*钱)"
    r"|\bhow much (?:do|will|would) i (?:get|receive)\b[^.?!]*|\bright\s*\?",
    re.IGNORECASE,
)
AMOUNT = re.compile(r"\d+(?:\.\d+)?")
ASKS = ("?", "？")
BLANKS = re.compile(r"^(?:\W|\boh\b)+", re.IGNORECASE)
AND_FIRST = re.compile(r"(?:and|then|plus)\b|然后|再|还有|还(?=[帮给想要])", re.IGNORECASE)
BUT = re.compile(r"^\s*(?:but\b|但是?|不过|可是)[，,\s]*", re.IGNORECASE)
NEGATED = re.compile(r"\bnot\b|n't\b", re.IGNORECASE)
NUMBER = re.compile(
    r"(?<!\bat )(?<!\d)\d+"
    r"(?![\d\s]*(?:个?(?:天|周|小时|星期|礼拜|月|年)|次|遍|点|\s*(?:day|week|hour|month|time|minute|[ap]\.?m\b)))",
    re.IGNORECASE,
)
# Goes on behind a clear yes without a stop: 行提交吧那新的啥时候能到, yes way too small.
GOES_ON = re.compile(r"那(?!个?[吧就好])|还有|都说|我(?:都|不是|问)|(?!not\b|never\b)[a-z]", re.IGNORECASE)  # i did NOT
CLOSED = ("吧", "啊", "呀", "啦")  # a yes that ends so ends: 取消吧我买重了
MOST_PIECES = 16  # that are looked at: a thousand would be read a thousand times


class Yes(NamedTuple):
    """A yes. rest: what stands beside it. clear: whether it is in words that confirm whatever stands beside them.

    surely: whether the classifier is sure whatever may sound like another value. probability: of a yes, by it.
    ahead: what stands before it: no question that waits for an answer, unless it is understood (你们客服呢！算了催吧).
    alone: whether it was read without what stands beside it, of which the classifier makes nothing: a question there
        has to be understood.
    """

    rest: str
    clear: bool
    surely: bool
    probability: float
    alone: bool = False
    ahead: str = ""


class YesReader:
    """Finds a yes to what one pack's flows ask."""

    def __init__(self, pack: Pack, linker: Linker, orders: OrderReader) -> None:
        self._pack, self._linker, self._orders = pack, linker, orders
        self._noted = {flow.name: _only_noted(flow) for flow in pack.flows}

    def find(self, message: Message, scores: Mapping[str, float], whole: bool = True) -> Yes | None:
        """The yes of a message, and what stands beside it; None when it is none, or words beside it take it back.

        Args:
            scores: of the answer classifier; empty without one: then nothing with company is a yes.
            whole: whether they are those of the message, not of ``before_also``.
        """
        words, step = self._pack.conversation, message.step
        if not scores or step is None or not step.confirm:
            return None
        pieces = self._pieces(message)
        said = [piece for piece in pieces[:MOST_PIECES] if yes_or_no(piece, words, step)]
        clear = any(is_clear_yes(piece, words, step) or goes_ahead(piece, words, step) for piece in said)
        clear = clear or any(self._repeats_item(message, piece) for piece in pieces[:MOST_PIECES])
        yes = scores.get(YES, 0.0) + scores.get(YES_TOO, 0.0)
        against = self._against(scores)
        beside = "".join(piece for piece in pieces if piece not in said)
        rest = self.without_unaltered(message, beside)
        rest = rest if WORD.search(rest) else ""
        asks = evidence(plain(beside), self._pack.acts.question) is not None
        if not clear and asks and self._names_product(message, rest):
            return None  # 嗯 那香薰机呢
        if asks and self._is_to_remark(message):
            return None
        in_any = IN_ANY_WORDS_OF_LOOK_UP if self.is_look_up(message) else IN_ANY_WORDS
        likely = yes >= (IN_PLAIN_WORDS if said else in_any) and not (rest and against > AGAINST * yes)
        if not (likely or (clear and self.is_look_up(message))):
            return None
        asks = asks and not self.is_look_up(message)
        if not said and (asks or not rest) or (not clear and self._is_courtesy(rest)):
            return None  # 提交了吗; 好的 知道了 谢谢
        surely = clear and yes >= SURE_OF_CLEAR
        if asks and not surely and ASSURED.search(rest):
            return None
        if self._takes_back(message, "".join(said), ASSURED.sub("", rest) if clear else rest, surely):
            return None
        return Yes(
            beside if asks else rest,
            clear,
            surely=whole and yes >= (SURELY if clear else SURELY_IF_PLAIN),
            probability=yes if whole else 0.0,
            ahead="".join(takewhile(lambda piece: piece not in said, pieces)) if said else "",
        )

    def _is_to_remark(self, message: Message) -> bool:
        """Whether a yes may be to what was said last, and not to the question: "No hurry." "Sure, but when …?"."""
        last = next((turn.text for turn in reversed(message.session.turns) if turn.role == "bot"), "")
        asked = last.rstrip().endswith(ASKS) or (message.question and message.question in last)
        return not asked and not message.session.offer and not self.goes_ahead(message)

    def before_also(self, message: Message) -> str:
        """The yeses that begin a message, where "and" or "also" follows behind a stop; empty without them."""
        said = self._first_yes(message, self._pieces(message))
        return said if said and self.begins_with_also("".join(self._pieces(message)).removeprefix(said)) else ""

    def before_wish(self, message: Message, scores: Callable[[Message], Mapping[str, float]]) -> Yes | None:
        """The yes before "also" and a wish in words of its own for another flow, which takes nothing of it back: yes,
        and take the bowls out of that order. None where the classifier is not sure of it by itself, or the rest waits.
        """
        said, words, step = self.before_also(message), self._pack.conversation, message.step
        rest = "".join(self._pieces(message)).removeprefix(said)
        if not said or not message.text.startswith(said) or self.is_question(rest):
            return None
        named = [flow for flow in self._pack.flows if evidence(plain(rest), flow.asked_by)]
        own = message.flow.name if message.flow else ""
        waits = evidence(plain(rest), self._pack.acts.hesitate) is not None
        if not named or step is None or waits or any(own in (flow.name, *flow.replaces) for flow in named):
            return None
        pieces = answer_pieces(said, self._pack.acts.another)
        clear = any(is_clear_yes(piece, words, step) or goes_ahead(piece, words, step) for piece in pieces)
        alone = scores(replace(message, text=said))
        sure = alone.get(YES, 0.0) + alone.get(YES_TOO, 0.0) >= (SURE_OF_CLEAR if clear else SURELY)
        return Yes(rest, clear=True, surely=True, probability=0.0) if sure else None

    def find_alone(
        self, message: Message, scores: Callable[[Message], Mapping[str, float]], whole: Mapping[str, float]
    ) -> Yes | None:
        """The clear yes that begins a message, of which the classifier is sure by itself; None where there is none, or
        where something behind it speaks against it.

        Args:
            scores: of the answer classifier. whole: of the message.
        """
        words, step = self._pack.conversation, message.step
        pieces = self._pieces(message)
        said = self._first_yes(message, pieces)
        rest = "".join(pieces).removeprefix(said)
        if not message.text.startswith(said) and not self.is_question(rest):
            return None  # yes please the dark one: without a stop, only a question is sure to be something else
        if not said or step is None or not WORD.search(rest) or self._against(whole) > MOST_AGAINST:
            return None
        if self._is_to_remark(message) or ASSURED.search(rest):  # who asks what the question tells has not read it
            return None
        if not any(is_clear_yes(piece, words, step) or goes_ahead(piece, words, step) for piece in pieces):
            return None
        alone = scores(replace(message, text=said))
        sure = alone.get(YES, 0.0) + alone.get(YES_TOO, 0.0) >= SURE_OF_CLEAR
        left = self.without_unaltered(message, rest)
        if not sure or self._takes_back(message, said, left, surely=True):
            return None
        return Yes(rest if self.is_question(rest) else left, clear=True, surely=False, probability=0.0, alone=True)

    def _first_yes(self, message: Message, pieces: Sequence[str]) -> str:
        """The yeses that begin a message, up to a stop or a question that follows without one; empty without them."""
        words, step = self._pack.conversation, message.step
        ahead = list(takewhile(lambda piece: yes_or_no(piece, words, step), pieces[:MOST_PIECES]))
        said, rest = "".join(ahead), "".join(pieces[len(ahead) :])
        goes_on = said.endswith(CLOSED) or rest.lstrip().startswith("and ")  # 取消另外那单: the yes ends with no 取消
        return said if not said[-1:].isalnum() or (goes_on and self.is_question(rest)) else ""

    def is_question(self, text: str) -> bool:
        return is_question(text, self._pack.acts.another, self._pack.acts.question)

    def names_another_product(self, message: Message, text: str) -> bool:
        """Whether a text names a product that the order under way does not hold."""
        assert message.flow and message.session.flow
        known = message.session.flow.slots
        order = next((known[name] for name in self._orders.slots_of(message.flow) if name in known), None)
        own = self._orders.own(message, order) if order and message.session.customer else None
        named: dict[str, set[str]] = {}
        for link in self._linker.link_products(message.original(text)):
            if link.exact:
                named.setdefault(link.evidence, set()).add(link.sku)
        return any(not skus & set(own.skus if own else ()) for skus in named.values())

    def names_one_of(self, message: Message, text: str, skus: Collection[str]) -> bool:
        """Whether a text names one of some products."""
        return any(link.sku in skus for link in self._linker.link_items(message.original(text), message.orders))

    def without_unaltered(self, message: Message, text: str) -> str:
        """A text without what it says to stay as it is, without what it says of other things than the question, and
        without words that are only noted (a reason that decides nothing)."""
        rule = self._pack.acts.unaltered
        text = without(plain(text), rule.words) if rule and evidence(plain(text), rule) else text
        for name in self.noted(message):
            text = without_phrases(text, self._pack.slots[name])
        return text

    def is_look_up(self, message: Message) -> bool:
        """Whether a yes changes nothing in the shop but that a courier is hurried or a person called."""
        flow, step = message.flow, message.step
        return flow is not None and step is not None and (bool(flow.item_among) or flow.calls_person(step.id))

    def noted(self, message: Message) -> Sequence[str]:
        """Slots of the flow under way on which nothing that it says or decides depends."""
        return self._noted.get(message.flow.name, ()) if message.flow else ()

    def goes_ahead(self, message: Message) -> bool:
        """Whether a message begins with words that tell Kefu to do what it asks."""
        step = message.step
        parts = self._pieces(message) if step and step.confirm else []
        return bool(parts) and step is not None and goes_ahead(parts[0], self._pack.conversation, step)

    def is_of_another_order(self, message: Message, rest: str) -> bool:
        """Whether words behind a yes begin with "also" and name own orders, none of them the one under way."""
        words = BLANKS.sub("", plain(rest))
        begins = self.begins_with_also(rest) or evidence(words, self._pack.acts.same) is not None
        return begins and self.names_another_order(message, rest)

    def begins_with_also(self, text: str) -> bool:
        """Whether "and" or words for "also" begin a text: what follows is no other answer."""
        words = BLANKS.sub("", plain(text))
        lead = evidence(words, self._pack.acts.another)
        return AND_FIRST.match(words) is not None or bool(lead and words.startswith(lead))

    def _pieces(self, message: Message) -> list[str]:
        """The pieces of a message, cut behind a clear yes that goes on without a stop; two that only together are a yes
        (算了，办吧) are one."""
        words, step = self._pack.conversation, message.step
        pieces = answer_pieces(message.text, self._pack.acts.another)
        for at in reversed(range(1, min(len(pieces), MOST_PIECES))):
            first, second = pieces[at - 1 : at + 1]
            if yes_or_no(first + second, words, step) and not yes_or_no(first, words, step):
                pieces[at - 1 : at + 1] = [first + second]
        for at, piece in enumerate(pieces[:MOST_PIECES]):
            if yes_or_no(piece, words, step):
                continue  # yes pls.
            lead, named = "", piece.strip()
            while after := after_clear_yes(named, words, step):
                begun = piece.strip().removesuffix(after)
                if GOES_ON.match(after) or (begun.endswith(CLOSED) and not QUESTION.match(after)):
                    lead = begun
                named = after
            if lead:
                return [*pieces[:at], f"{lead}，", piece.strip().removeprefix(lead), *pieces[at + 1 :]]
        return pieces

    def _against(self, scores: Mapping[str, float]) -> float:
        return sum(scores.get(name, 0.0) for name in (NO, LEAVE, HESITATE, CORRECT)) + 2 * scores.get(PERSON, 0.0)

    def _takes_back(self, message: Message, yes: str, rest: str, surely: bool) -> bool:
        """Whether words beside a yes take it back, hesitate, correct, put a condition on it, or tell another number.

        Args:
            yes: the words of the yes: a "but" that begins a sentence of its own behind it, or a question, takes nothing
                back.
            surely: whether the yes is clear and the classifier sure of it. Then a question may tell a number (will it
                show 429?) or deny something (is that not a fault?).

        What follows a word for "also" and names another order speaks of that one: 确认。另外枕头那单，不能退就算了.
        """
        rules = self._pack.acts
        asks = surely and self.is_question(answer_pieces(rest, rules.another)[0])
        stops = message.text.startswith(yes)  # not: yes but …
        if (asks and stops) or yes.rstrip().endswith((".", "。", "!", "！")):
            rest = BUT.sub("", rest)
        after, told = plain(rest), PLACEHOLDER.sub("", rest)
        if surely:
            for sentence in filter(self.is_question, segments(told, None)):  # how long? I'm cooking for 8 on Saturday
                if evidence(AMOUNT.sub("", plain(sentence)), rules.alters) is None:
                    told = told.replace(sentence, AMOUNT.sub("", sentence))
            for piece in answer_pieces(rest, rules.another):
                if evidence(plain(piece), rules.question) is not None:
                    of_order = evidence(plain(piece), rules.to_buy) is None  # a discount if I buy two: no condition
                    after = after.replace(plain(piece), NEGATED.sub("", plain(piece)) if of_order else "")
                    told = told.replace(piece, AMOUNT.sub("", piece) if of_order else "")
        if self.is_look_up(message):  # it did arrive, whatever else is wrong: what takes that back is a no
            denials = [phrase for some in (message.step.no if message.step else {}).values() for phrase in some]
            return evidence(after, rules.correct) is not None or any(phrase in after.lower() for phrase in denials)
        if self.is_of_another_order(message, rest):
            refuse = rules.refuse.of(message.flow.name) if rules.refuse and message.flow else None
            if evidence(after, refuse) is not None:
                return True
            before = takewhile(lambda part: not self.names_another_order(message, part), clauses(rest))
            after = plain("".join(before))
        elif any(not _was_told(message, number) for number in NUMBER.findall(told)):
            return True
        after = _without_verbs(after, message.step)
        return any(evidence(after, rule) is not None for rule in (rules.reserve, rules.hesitate, rules.correct))

    def _repeats_item(self, message: Message, piece: str) -> bool:
        """Whether a clear yes names an item, and hardly anything else (那确认退枕头)."""
        left = after_clear_yes(piece, self._pack.conversation, message.step)
        links = self._linker.link_products(message.original(left)) if left else []
        for link in links:
            left = left.replace(link.evidence, "")
        return bool(links) and len(left) <= len("退掉那")

    def _names_product(self, message: Message, rest: str) -> bool:
        """Whether words behind a plain yes name a product, and do not begin with "also" (ok and where is my pan)."""
        also = self.begins_with_also(rest) and not BLANKS.sub("", plain(rest)).startswith("and ")
        return not also and any(link.exact for link in self._linker.link_products(message.original(rest)))

    def _is_courtesy(self, rest: str) -> bool:
        """Whether words beside a plain yes only say that something was understood: 好的，知道了."""
        rules = self._pack.acts
        pieces = (plain(piece) for piece in answer_pieces(rest, rules.another))
        return any(evidence(piece, rules.small_talk.get(ACKNOWLEDGE)) is not None for piece in pieces)

    def names_another_order(self, message: Message, text: str) -> bool:
        """Whether a text names own orders, none of them the one under way."""
        assert message.flow and message.session.flow
        here = {message.session.flow.slots.get(name) for name in self._orders.slots_of(message.flow)}
        orders = self._orders.meant(message, text, asked=True)
        return bool(orders) and not here & set(orders)


def _without_verbs(text: str, step: Step | None) -> str:
    """A text without the step's own words for yes that nothing denies: "cancel" takes no yes to a cancelling back."""
    verbs = sorted((phrase for some in (step.yes if step else {}).values() for phrase in some), key=len, reverse=True)
    verbs = [verb for verb in verbs if len(verb) > 1]
    return re.sub(rf"(?<![不别没未勿])(?:{'|'.join(map(re.escape, verbs))})", "", text) if verbs else text


def _was_told(message: Message, amount: str) -> bool:
    """Whether the open question, or what was answered with it, tells an amount."""
    return any(float(number) == float(amount) for number in AMOUNT.findall(message.last_answer))


def _only_noted(flow: Flow) -> tuple[str, ...]:
    """Slots of a flow that stand in no condition and in no text of it: only its calls take them."""
    says = [step.model_dump_json(exclude={"id", "collect", "args"}) for step in flow.steps]
    return tuple(name for name in flow.slots if not any(re.search(rf"\b{name}\b", said) for said in says))
