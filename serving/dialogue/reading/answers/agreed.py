"""Finds a yes in a message at a confirmation, and what stands beside it.

A yes begins the message, or ends it in clear words (那退款多久到？确认), or tells Kefu amid it to go ahead
(还是上门取，提交。几点来？). Before a yes that begins it may stand courtesy (明白了，那提交吧) and an amount of the
question (60？行 确认). Words that leave the question as it is (``unaltered``: the name stays the same) are put aside;
then none of ``reserve``, ``hesitate`` and ``correct`` may be left, which take a yes back; in a look-up, only a no does.
What else may stand beside it: ``reading/confirmed.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from typing import NamedTuple

from kefu.intents.answers import CORRECT, HESITATE, LEAVE, NO, YES, YES_TOO
from kefu.shop.flows import Flow
from kefu.shop.pack import Pack
from kefu.shop.slots import without_phrases
from kefu.text.placeholders import PLACEHOLDER
from serving.dialogue.linking.linker import Linker
from serving.dialogue.reading.answers.order_items import ItemReader
from serving.dialogue.reading.answers.orders import OrderReader
from serving.dialogue.reading.answers.yes_no import after_clear_yes, goes_ahead, is_clear_yes, yes_or_no
from serving.dialogue.reading.message import Message
from serving.dialogue.reading.segments import WORD, answer_pieces, clauses
from serving.dialogue.reading.word_rules import evidence, plain, without

# Of the answer classifier, by benchmarks/wordings/answers.py: a false yes is a wrong write, and that bound left none on
# wordings that it had not learned from. AGAINST: of no, leave, wait and correct together. SURELY: of 105 held-out
# messages that begin with a clear yes, 104 were one (the other stood at no confirmation).
YES_IN_PLAIN_WORDS, AGAINST, SURELY = 0.4, 0.3, 0.8

# Asks to be told again what the question tells, or that it is so: 是电子的吧？, how much do I get back.
ASSURED = re.compile(
    r"[吧么嘛](?=[?？])|[对是][吧吗]|(?<=退)吧(?=\W*钱)"
    r"|\bhow much (?:do|will|would) i (?:get|receive)\b[^.?!]*|\bright\s*\?",
    re.IGNORECASE,
)
PARTICLES = re.compile("[了的啊呀吧哦]")  # what is left of words that were put aside
AMOUNT = re.compile(r"\d+(?:\.\d+)?")
BLANKS = re.compile(r"^(?:\W|\boh\b)+", re.IGNORECASE)
# Begins with another thing.
AND_THE = re.compile(
    r"and (?:the|that|my|also|then|cancel|return|please)\b|还有|还(?=[帮给想要])|然后|再(?=[帮把])", re.IGNORECASE
)
ENDS = (".", "。", "!", "！")
BUT = re.compile(r"^\s*(?:but\b|但是?|不过|可是)[，,\s]*", re.IGNORECASE)
REPEATED = re.compile(
    r"\b(?:the|returning|return(?: of)?|exchang(?:e|ing)(?: of)?|of)\b|[\W_]+|[的吧了把]", re.IGNORECASE
)
NUMBER = re.compile(
    r"\d+(?![\d\s]*(?:个?(?:天|周|小时|星期|礼拜|月|年)|次|遍|点|\s*(?:day|week|hour|month|time|minute|[ap]\.?m\b)))",
    re.IGNORECASE,
)
ECHO = re.compile(
    r"\W*(?P<amount>\d+(?:\.\d+)?)\s*(?:元|块钱?|yuan|rmb)?(?:是?[吧吗么啊]|right)?\s*[?？]\W*", re.IGNORECASE
)
ACCEPTED = re.compile(  # takes the price that the question tells: 10块就10块, 10 yuan is fine
    r"\W*(?:(?:ok(?:ay)?|fine|well|那|这)[\s,，]*)*(?:the |才|就|也就)?"
    r"(?P<amount>\d+(?:\.\d+)?)\s*(?:元|块钱?|yuan|rmb)?\s*"
    r"(?:就(?P<twice>\d+(?:\.\d+)?)\s*(?:元|块钱?)?|(?:取件费|运费)?我?(?:认|出|付|承担)了?|没事|没关系|(?:也|都)?(?:可以|行|是钱)"
    r"|(?:is|are|'s) (?:fine|ok(?:ay)?|no problem|all right|alright)(?: (?:with|by) me)?)(?:吧|了|呗|啊|呀)?\W*"
    r"|\W*(?P<done>[扣收付退换])就(?P=done)(?:吧|了|呗)?\W*",
    re.IGNORECASE,
)
INSISTED = re.compile(  # 我不是说提交了吗: says once more what it repeats
    r"\W*(?:我|人家)?(?:刚才?|刚刚|已经|都|早就?)*(?:不是(?:已经|都|刚才?|早就?)*[说讲](?:过|了)?(?P<asked>.{1,12}?)[吗嘛么]"
    r"|[说讲](?:过|了)(?P<said>.{1,12}?)[呀啊]?)\W*"
)
# Points at what is under way, behind a yes (就改这个地址, go ahead with the return); the name is the flow's.
POINTS = re.compile(r"(?:这|那|上面)(?:个|单|笔|样)?(?:地址|电话|号码|订单|信息|抬头)?[吧了啊呀\W]*")
# Goes on behind a clear yes without a stop: 行提交吧那新的啥时候能到.
GOES_ON = re.compile(
    r"那(?!个?[吧就好])|还有|都说|我(?:都|不是|问)|how (?:long|many|soon|do|will)\b|(?:when|where|which|what) "
    r"|(?:do|does|will|would|can|could|should|is|are) (?:i|you|u|it|they|we|the|my)\b",
    re.IGNORECASE,
)
WITH_IT = r"with (?:the|this|that|my) {}(?: (?:please|pls|then|thanks?|thank you))*\W*"
MOST_PIECES = 16  # that a yes is made of, or that stand before it: a thousand would be read a thousand times
COURTESY = ("hello", "thanks", "acknowledge", "praise")  # kinds of small talk that may stand before a yes


class Yes(NamedTuple):
    """A yes. rest: what stands beside it, "" where that only repeats it. clear: whether it is in clear words."""

    rest: str
    clear: bool


class YesReader:
    """Finds a yes to what one pack's flows ask."""

    def __init__(self, pack: Pack, linker: Linker, orders: OrderReader, items: ItemReader) -> None:
        self._pack, self._linker, self._orders, self._items = pack, linker, orders, items
        self._noted = {flow.name: _only_noted(flow) for flow in pack.flows}

    def find(self, message: Message) -> Yes | None:
        """A yes in clear words that begins or ends the message, or any yes before a question that begins with "also"
        (嗯，对了，…)."""
        words, step = self._pack.conversation, message.step
        if step is None or not step.confirm:
            return None
        for said, rest in self._yes_first(message):
            clear = is_clear_yes(said, words, step)
            left = self._without_repeats(message, rest)
            if clear or not left or self._asks_of_more(rest):
                return self._unless_reserved(message, said, rest, left, clear)
        if found := self._yes_last(message) or self._yes_between(message):
            return found
        parts = clauses(message.text)
        said = "".join(parts[:-1])
        if not said or yes_or_no(said, words, step):
            rest = after_clear_yes(parts[-1], words, step)
            if rest and not self._reserves(message, "", rest) and self._repeats(message, rest):
                return Yes("", True)
        return None

    def likely(self, message: Message, scores: Mapping[str, float]) -> Yes | None:
        """A yes in the pack's words that begins a message, where the classifier agrees.

        None where words beside it take it back, ask what it depends on, or tell a number. Without such words nothing is
        a yes, however probable: 要高的 looks like 要的.
        """
        words, step = self._pack.conversation, message.step
        if not scores or step is None or not step.confirm or PLACEHOLDER.search(message.text):
            return None
        yes = scores.get(YES, 0.0) + scores.get(YES_TOO, 0.0)
        against = sum(scores.get(name, 0.0) for name in (NO, LEAVE, HESITATE, CORRECT))
        for said, rest in self._yes_first(message):
            clear = is_clear_yes(said, words, step)
            if not clear and yes < YES_IN_PLAIN_WORDS or against > AGAINST:
                return None
            rest = self.without_unaltered(message, rest)
            if self._reserves(message, said, ASSURED.sub("", rest) if clear and yes >= SURELY else rest):
                return None
            links = [] if clear else self._linker.link_products(message.original(rest))
            told = any(not _was_told(message, number) for number in NUMBER.findall(rest))
            told = told or any(link.exact for link in links)  # 嗯 那香薰机呢
            if told and not self.is_of_another_order(message, rest):
                return None
            left = [part for part in clauses(rest) if not yes_or_no(part, words, step)]  # yes. I said yes. do it
            return Yes("".join(left), clear)
        return None

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

    def hurries(self, message: Message) -> bool:
        """Whether a yes in a look-up has something done: it asks no fact."""
        after = message.flow.step_after(message.step.id) if message.flow and message.step else None
        return self.is_look_up(message) and after is not None and after.call is not None

    def noted(self, message: Message) -> Sequence[str]:
        """Slots of the flow under way on which nothing that it says or decides depends."""
        return self._noted.get(message.flow.name, ()) if message.flow else ()

    def _keeps_another(self, message: Message, piece: str) -> bool:
        """Whether words say that another item than the one under way stays with the customer."""
        here = self._items.under_way(message)
        if not here or evidence(plain(piece), self._pack.acts.keep) is None:
            return False
        links = self._linker.link_products(message.original(piece))
        return bool(links) and not any(link.sku in here for link in links)

    def _asks_of_more(self, rest: str) -> bool:
        """Whether words begin with "also" and ask something."""
        rules, words = self._pack.acts, BLANKS.sub("", plain(rest))
        lead = evidence(words, rules.another)
        if words.startswith("and "):  # ok and where is my diffuser: no yes by itself
            return False
        return bool(lead) and words.startswith(lead or "") and evidence(words, rules.question) is not None

    def _yes_first(self, message: Message) -> Iterator[tuple[str, str]]:
        """The yeses in the pack's words that begin a message, the longest first, each with what stands behind it."""
        words, step = self._pack.conversation, message.step
        parts = self._pieces(message)
        for start in range(min(len(parts), MOST_PIECES)):
            for end in range(min(len(parts), start + MOST_PIECES), start, -1):
                said = "".join(parts[start:end])
                if yes_or_no(said, words, step):
                    yield said, "".join(parts[end:])
            if not self._leads_to_a_yes(message, parts[start]):
                return

    def _pieces(self, message: Message) -> list[str]:
        """The pieces of a message; a clear yes that points at what is under way (就改这个地址) without its pointing."""
        pieces = answer_pieces(message.text, self._pack.acts.another)
        with_it = WITH_IT.format(re.escape(message.flow.name) if message.flow else "")
        for at, piece in enumerate(pieces):
            named = after_clear_yes(piece, self._pack.conversation, message.step)
            if named and GOES_ON.match(named) and not POINTS.fullmatch(named):
                return [*pieces[:at], piece.strip().removesuffix(named) + "，", named, *pieces[at + 1 :]]
            if named and (POINTS.fullmatch(named) or re.fullmatch(with_it, named, re.IGNORECASE)):
                pieces[at] = piece.strip().removesuffix(named) + ", "
        return pieces

    def _yes_last(self, message: Message) -> Yes | None:
        """A clear yes that ends a message, and nothing before it takes back."""
        assert message.step
        parts = self._pieces(message)
        for start in range(max(1, len(parts) - MOST_PIECES), len(parts)):
            if is_clear_yes("".join(parts[start:]), self._pack.conversation, message.step):
                beside = "".join(parts[:start])
                return self._unless_reserved(message, "", beside, self._without_repeats(message, beside), True)
        return None

    def _yes_between(self, message: Message) -> Yes | None:
        """A clear yes that ends a sentence amid a message, or tells Kefu there to go ahead."""
        assert message.step
        words = self._pack.conversation
        parts = self._pieces(message)
        for at in range(1, min(len(parts) - 1, MOST_PIECES)):
            ends = parts[at].rstrip().endswith(ENDS) and is_clear_yes(parts[at], words, message.step)
            if ends or goes_ahead(parts[at], words, message.step):
                beside = "".join([*parts[:at], *parts[at + 1 :]])
                return self._unless_reserved(message, "", beside, self._without_repeats(message, beside), True)
        return None

    def _unless_reserved(self, message: Message, said: str, beside: str, left: str, clear: bool) -> Yes | None:
        """A yes with what is left of the words beside it; None where they take it back."""
        return None if self._reserves(message, said, left) else Yes(self._with_questions(message, beside, left), clear)

    def _with_questions(self, message: Message, beside: str, left: str) -> str:
        """What is left beside a yes, with its questions as they were asked: 重新拍的话还有货吧."""
        rules = self._pack.acts
        for piece in answer_pieces(beside, rules.another):
            words = plain(piece).lstrip("?？ ")
            asks = evidence(words, rules.question) is not None and evidence(words, rules.remark) is None
            if asks and not INSISTED.fullmatch(plain(piece)):
                stripped = self.without_unaltered(message, piece)
                known = WORD.search(stripped) and stripped in left
                left = left.replace(stripped, piece, 1) if known else left + piece
        return left

    def goes_ahead(self, message: Message) -> bool:
        """Whether a message begins with words that tell Kefu to do what it asks."""
        step = message.step
        parts = self._pieces(message) if step and step.confirm else []
        return bool(parts) and step is not None and goes_ahead(parts[0], self._pack.conversation, step)

    def _leads_to_a_yes(self, message: Message, piece: str) -> bool:
        """Whether words before a yes ask for nothing: courtesy, or an amount that the open question tells."""
        if echo := ECHO.fullmatch(piece):
            return _was_told(message, echo["amount"])
        talks = self._pack.acts.small_talk
        return any(evidence(plain(piece), talks[kind]) is not None for kind in COURTESY if kind in talks)

    def _without_repeats(self, message: Message, rest: str) -> str:
        """What stands beside a yes without the pieces that only say it once more (我不是说提交了吗)."""
        words, step = self._pack.conversation, message.step
        left = list[str]()
        for piece in answer_pieces(self.without_unaltered(message, rest), self._pack.acts.another):
            again = INSISTED.fullmatch(plain(piece))
            if not (
                yes_or_no((again["asked"] or again["said"]) if again else piece, words, step)
                or _accepts(message, piece)
                or self._repeats(message, piece)
                or self._keeps_another(message, piece)
            ):
                left.append(piece)
        rest = "".join(left)
        return rest if WORD.search(PARTICLES.sub("", rest)) else ""

    def _reserves(self, message: Message, yes: str, rest: str) -> bool:
        """Whether words beside a yes take it back, hesitate, correct, or put a condition on it.

        A "but" that begins a sentence of its own asks about what was agreed (Yes please. But where …?). What follows a
        word for "also" and names another order speaks of that one: 确认。另外枕头那单，不能退就算了.
        """
        rules, after = self._pack.acts, plain(rest)
        if self.is_look_up(message):  # it did arrive, whatever else is wrong: what takes that back is a no
            denials = [phrase for some in (message.step.no if message.step else {}).values() for phrase in some]
            return evidence(after, rules.correct) is not None or any(phrase in after.lower() for phrase in denials)
        if yes.rstrip().endswith(ENDS):
            after = BUT.sub("", after)
        if message.flow and self.is_of_another_order(message, rest):
            refuse = rules.refuse.of(message.flow.name) if rules.refuse else None
            if evidence(after, refuse) is not None:
                return True
            after = plain(self._before_another(message, rest))
        return any(evidence(after, rule) is not None for rule in (rules.reserve, rules.hesitate, rules.correct))

    def is_of_another_order(self, message: Message, rest: str) -> bool:
        """Whether words behind a yes begin with "also" and name own orders, none of them the one under way."""
        assert message.flow and message.session.flow
        rules, words = self._pack.acts, BLANKS.sub("", plain(rest))
        lead = evidence(words, rules.another)
        if not (lead and words.startswith(lead) or AND_THE.match(words) or evidence(words, rules.same) is not None):
            return False
        return self._names_another(message, rest)

    def _names_another(self, message: Message, text: str) -> bool:
        """Whether a text names own orders, none of them the one under way."""
        assert message.flow and message.session.flow
        here = {message.session.flow.slots.get(name) for name in self._orders.slots_of(message.flow)}
        orders = self._orders.meant(message, text, asked=True)
        return bool(orders) and not here & set(orders)

    def _before_another(self, message: Message, rest: str) -> str:
        """The clauses of a text before the first that names another order: ok, don't send it yet. The pillow …"""
        first = takewhile(lambda part: not self._names_another(message, part), clauses(rest))
        return "".join(first)

    def _repeats(self, message: Message, rest: str) -> bool:
        """Whether words after a clear yes name the item under way, and hardly anything else."""
        assert message.flow and message.session.flow
        known = {message.original(value) for value in message.session.flow.slots.values()}
        known |= set(self._items.under_way(message))
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


def _was_told(message: Message, amount: str) -> bool:
    """Whether the open question tells an amount."""
    last = next((turn.text for turn in reversed(message.session.turns) if turn.role == "bot"), "")
    return any(float(number) == float(amount) for number in AMOUNT.findall(last))


def _accepts(message: Message, piece: str) -> bool:
    """Whether words only take the price that the open question tells."""
    found = ACCEPTED.fullmatch(plain(piece))
    amounts = [found[name] for name in ("amount", "twice") if found[name]] if found else []
    return found is not None and all(_was_told(message, amount) for amount in amounts)


def _only_noted(flow: Flow) -> tuple[str, ...]:
    """Slots of a flow that stand in no condition and in no text of it: only its calls take them."""
    says = [step.model_dump_json(exclude={"id", "collect", "args"}) for step in flow.steps]
    return tuple(name for name in flow.slots if not any(re.search(rf"\b{name}\b", said) for said in says))
