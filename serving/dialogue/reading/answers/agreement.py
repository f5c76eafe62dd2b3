"""What a message says to the open question of a flow without a value: yes, no, leave it, wait, or a person.

A yes or no is a whole message (``yes_no.py``), or what the answer classifier is sure of: a yes changes the shop, so it
needs more than a no, and words beside it that take nothing back. Before a yes may stand courtesy (明白了，那提交吧) and
an amount of the question (60？行 确认); after it whatever ``segments.answer_pieces`` sets apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from kefu.acts import Act, Affirm, Cancel, Deny, Hesitate, Person
from kefu.intents.answers import CORRECT, HESITATE, LEAVE, NO, PERSON, YES, YES_TOO, AnswerClassifier
from kefu.shop.pack import Pack
from kefu.shop.slots import without_phrases
from kefu.text.placeholders import PLACEHOLDER
from serving.dialogue.linking.linker import Linker
from serving.dialogue.reading.answers.orders import OrderReader
from serving.dialogue.reading.answers.values import ValueReader
from serving.dialogue.reading.answers.yes_no import after_clear_yes, is_clear_yes, leaves, yes_or_no
from serving.dialogue.reading.message import Message
from serving.dialogue.reading.segments import WORD, answer_pieces, clauses
from serving.dialogue.reading.word_rules import evidence, is_idiom, plain

# Probabilities of the answer classifier, by benchmarks/wordings/answers.py. A false stop costs a message, a false yes
# is a wrong write: that bound left none on wordings that it had not learned from.
STOP, STOP_BESIDE_VALUE, PAUSE, TO_PERSON = 0.6, 0.9, 0.5, 0.4
YES_IN_PLAIN_WORDS, AGAINST = 0.4, 0.3  # AGAINST: of no, leave, wait and correct together

AMOUNT = re.compile(r"\d+(?:\.\d+)?")
BLANKS = re.compile(r"^(?:\W|\boh\b)+", re.IGNORECASE)
AND_THE = re.compile(r"and (?:the|that|my)\b", re.IGNORECASE)  # begins with another thing
ENDS = (".", "。", "!", "！")
BUT = re.compile(r"^\s*(?:but\b|但是?|不过|可是)[，,\s]*", re.IGNORECASE)
REPEATED = re.compile(
    r"\b(?:the|returning|return(?: of)?|exchang(?:e|ing)(?: of)?|of)\b|[\W_]+|[的吧了把]", re.IGNORECASE
)
NUMBER = re.compile(
    r"\d+(?![\d\s]*(?:个?(?:天|周|小时|星期|礼拜|月|年)|次|遍|\s*(?:day|week|hour|month|time|minute)))", re.IGNORECASE
)
TWICE_DENIED = re.compile(
    r"(?:不是|并非|没说)不|\bnot that i (?:don'?t|do not)\b", re.IGNORECASE
)  # 不是不想退: no refusal
ECHO = re.compile(
    r"\W*(?P<amount>\d+(?:\.\d+)?)\s*(?:元|块钱?|yuan|rmb)?(?:是?[吧吗么啊]|right)?\s*[?？]\W*", re.IGNORECASE
)
INSISTED = re.compile(  # 我不是说提交了吗: says once more what it repeats
    r"\W*(?:我|人家)(?:刚才?|刚刚|已经|都|早就?)*(?:不是(?:已经|都|刚才?|早就?)*[说讲](?:过|了)?(?P<asked>.{1,12}?)[吗嘛么]"
    r"|[说讲](?:过|了)(?P<said>.{1,12}?)[呀啊]?)\W*"
)
COURTESY = ("hello", "thanks", "acknowledge", "praise")  # kinds of small talk that may stand before a yes
NO_FIRST = re.compile(r"\s*([^，,。.!！;；\n]{1,24})[，,。.!！;；\n…~]+\s*(.*\w.*)", re.DOTALL)


class AgreementReader:
    """Reads yes, no and the like, of one pack's flows."""

    def __init__(
        self,
        pack: Pack,
        linker: Linker,
        orders: OrderReader,
        values: ValueReader,
        classifier: AnswerClassifier | None = None,
    ) -> None:
        self._pack, self._linker, self._classifier = pack, linker, classifier
        self._orders, self._values = orders, values

    def whole(self, message: Message) -> list[Act]:
        """A message that is an answer and nothing else."""
        words, step = self._pack.conversation, message.step
        assert step
        if step.confirm:
            yes = yes_or_no(message.text, words, step)
            if yes is not None:
                corrects = not yes and self._corrects(message)
                return [Affirm(evidence=message.text) if yes else Deny(corrects=corrects, evidence=message.text)]
        told = self._values.slots(message, message.text) if step.collect else {}
        if (
            leaves(message.text, words, message.may_cancel) and step.collect not in told
        ):  # "changed my mind" may be the reason asked for
            return [Cancel(evidence=message.text)]
        if step.collect and yes_or_no(message.text, words) is False and not told:
            corrects = self._corrects(message)
            return [Deny(corrects=True, evidence=message.text) if corrects else Cancel(evidence=message.text)]
        return []

    def _corrects(self, message: Message) -> bool:
        """Whether a no says that something is wrong (不对), and gives up nothing."""
        return evidence(plain(message.text), self._pack.acts.correct) is not None

    def after_leave(self, message: Message) -> str | None:
        """What stands beside clauses that give up the open flow (算了，取消。什么时候发货？); None: there are none."""
        words, parts = self._pack.conversation, clauses(message.text)
        for count in range(len(parts) - 1, 0, -1):
            if leaves("".join(parts[:count]), words, message.may_cancel):
                return "".join(parts[count:])
        return None

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
        told = bool(step.collect) and (
            step.collect in self._values.slots(message, message.text) or NUMBER.search(message.text)
        )
        if told and (leaves(message.text, self._pack.conversation) or self._is_mostly_a_choice(message)):
            return []  # "changed my mind" and 不需要了 are the reason that was asked for
        told = told or self._orders.names_item(message, message.text)  # No, I'm keeping the mug: of an order of several
        if no + leave >= (STOP_BESIDE_VALUE if told else STOP) and not TWICE_DENIED.search(plain(message.text)):
            if waits := self.hesitates(message.text):  # 先别急，退了的话券还在吗: nothing is given up yet
                return waits
            if self._corrects(message) and not any(leaves(c, self._pack.conversation) for c in clauses(message.text)):
                return [Deny(corrects=True, probability=no + leave, evidence=message.text)]
            deny = step.confirm and (no > leave or self.after_no(message) is not None)
            return [(Deny if deny else Cancel)(probability=no + leave, evidence=message.text)]
        if scores.get(HESITATE, 0.0) >= PAUSE and not told:
            return [Hesitate(probability=scores[HESITATE], evidence=message.text)]
        return []

    def _is_mostly_a_choice(self, message: Message) -> bool:
        """Whether more than half of the message's letters are a choice of the slot that is asked for."""
        assert message.step and message.step.collect
        beside = without_phrases(message.text, self._pack.slots[message.step.collect])
        return 2 * len(WORD.findall(beside)) < len(WORD.findall(message.text))

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
        for said, rest in self._yes_first(message):
            clear = is_clear_yes(said, words, step)
            if not clear and yes < YES_IN_PLAIN_WORDS or against > AGAINST:
                return None
            if self._reserves(message, said, rest):
                return None
            links = [] if clear else self._linker.link_products(message.original(rest))
            told = NUMBER.search(rest) or any(link.exact for link in links)  # 嗯 那香薰机呢
            if told and not self._is_of_another_order(message, rest):
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
        for yes, rest in self._yes_first(message):
            if is_clear_yes(yes, words, step):
                rest = self._without_repeats(message, rest)
                return None if self._reserves(message, yes, rest) else rest
        parts = clauses(message.text)
        said = "".join(parts[:-1])
        if not said or yes_or_no(said, words, step):
            rest = after_clear_yes(parts[-1], words)
            if rest and not self._reserves(message, "", rest) and self._repeats(message, rest):
                return ""
        return None

    def _yes_first(self, message: Message) -> Iterator[tuple[str, str]]:
        """The yeses in the pack's words that begin a message, the longest first, each with what stands behind it."""
        words, step = self._pack.conversation, message.step
        parts = answer_pieces(message.text, self._pack.acts.another)
        for start in range(len(parts)):
            for end in range(len(parts), start, -1):
                said = "".join(parts[start:end])
                if yes_or_no(said, words, step):
                    yield said, "".join(parts[end:])
            if not self._leads_to_a_yes(message, parts[start]):
                return

    def _leads_to_a_yes(self, message: Message, piece: str) -> bool:
        """Whether words before a yes ask for nothing: courtesy, or an amount that the open question tells."""
        if echo := ECHO.fullmatch(piece):
            last = next((turn.text for turn in reversed(message.session.turns) if turn.role == "bot"), "")
            return any(float(number) == float(echo["amount"]) for number in AMOUNT.findall(last))
        talks = self._pack.acts.small_talk
        return any(evidence(plain(piece), talks[kind]) is not None for kind in COURTESY if kind in talks)

    def _without_repeats(self, message: Message, rest: str) -> str:
        """What stands beside a yes without the pieces that only say it once more (我不是说提交了吗)."""
        words, step = self._pack.conversation, message.step
        left = list[str]()
        for piece in answer_pieces(rest, self._pack.acts.another):
            again = INSISTED.fullmatch(plain(piece))
            if not yes_or_no((again["asked"] or again["said"]) if again else piece, words, step):
                left.append(piece)
        return "".join(left)

    def _reserves(self, message: Message, yes: str, rest: str) -> bool:
        """Whether words beside a yes take it back, hesitate, correct, or put a condition on it.

        A "but" that begins a sentence of its own asks about what was agreed (Yes please. But where …?). What follows a
        word for "also" and names another order speaks of that one: 确认。另外枕头那单，不能退就算了.
        """
        rules, after = self._pack.acts, plain(rest)
        if yes.rstrip().endswith(ENDS):
            after = BUT.sub("", after)
        if message.flow and self._is_of_another_order(message, rest):
            refuse = rules.refuse.of(message.flow.name) if rules.refuse else None
            return evidence(after, refuse) is not None
        return any(evidence(after, rule) is not None for rule in (rules.reserve, rules.hesitate, rules.correct))

    def _is_of_another_order(self, message: Message, rest: str) -> bool:
        """Whether words behind a yes begin with "also" and name own orders, none of them the one under way."""
        assert message.flow and message.session.flow
        rules, words = self._pack.acts, BLANKS.sub("", plain(rest))
        lead = evidence(words, rules.another)
        if not (lead and words.startswith(lead) or AND_THE.match(words) or evidence(words, rules.same) is not None):
            return False
        here = {message.session.flow.slots.get(name) for name in self._orders.slots_of(message.flow)}
        orders = self._orders.meant(message, rest, asked=True)
        return bool(orders) and not here & set(orders)

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

    def names_day(self, message: Message, text: str) -> bool:
        """Whether a text names a coming day."""
        return self._linker.coming_day(text, message.now) is not None

    def hesitates(self, text: str) -> list[Act]:
        found = evidence(plain(text), self._pack.acts.hesitate)
        return [Hesitate(evidence=found)] if found else []
