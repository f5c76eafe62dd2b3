"""Words by which a customer's acts are read (``acts.yaml``). They need no training."""

from __future__ import annotations

from pydantic import Field, field_validator

from kefu.shop.part import Part, Text
from kefu.text.regexes import check_re2


class WordRule(Part):
    """Words that speak for something: regexes of RE2, searched in a message without regard to case.

    What ``not_words`` match is taken out first: idioms (气炸了) and names (空气炸锅).
    """

    words: tuple[str, ...] = Field(min_length=1)
    not_words: tuple[str, ...] = ()

    @field_validator("words", "not_words")
    @classmethod
    def _are_regexes(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            check_re2(pattern)
        return patterns


class SmallTalk(WordRule):
    """Words that ask for nothing, and what is said to them."""

    reply: Text


class Supervisor(WordRule):
    """Words that ask for somebody above the agents, and what is said of it when a person is asked for."""

    noted: Text


class Refusal(WordRule):
    """Words of denial that stand right before what is refused: 别, 没要, do not want to."""

    flows: dict[str, tuple[str, ...]] = Field(description="flow → regexes of what it does: 退货, exchange")

    @field_validator("flows")
    @classmethod
    def _verbs_are_regexes(cls, flows: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for pattern in (pattern for patterns in flows.values() for pattern in patterns):
            check_re2(pattern)
        return flows

    def of(self, flow: str) -> WordRule | None:
        """The rule that finds a refusal of a flow; None when the pack has no words for it."""
        denial = "|".join(f"(?:{word})" for word in self.words)
        patterns = tuple(f"(?:{denial})(?:{verb})" for verb in self.flows.get(flow, ()))
        return WordRule(words=patterns, not_words=self.not_words) if patterns else None


class Rejection(Part):
    """Words that say that the last answer missed. They stand at the start of a clause, but for ``missed``."""

    missed: WordRule = Field(description="the answer was none: 答非所问, that is not what I asked")
    denies: WordRule = Field(description="before what was not asked: 不是问, I am not asking about")
    denies_kind: WordRule = Field(description="the same, where a kind of question follows: 不是, not the")
    restates: WordRule = Field(description="before what is asked once more: 我是说, I meant")
    echoes: WordRule | None = Field(
        default=None,
        description="a clause that only wonders at a kind of question, beside what is asked once more: 啥发票",
    )


class ActWords(Part):
    """The words of each act. A pack may leave any out: then nothing is read as it by words alone."""

    spelling: tuple[str, ...] = Field(
        default=(), description="words of five letters or more of which typing slips are mended: refnd, ordr"
    )
    another: WordRule | None = Field(default=None, description="what begins a second wish: 另外, also")
    question: WordRule | None = Field(default=None, description="what makes a question")
    supposes: WordRule | None = Field(
        default=None, description="asks what would be, and wishes for nothing yet: what if I keep it"
    )
    asks_help: WordRule | None = Field(default=None, description="asks what to do about what a message tells: 怎么办")
    hesitate: WordRule | None = None
    correct: WordRule | None = None
    insists: WordRule | None = Field(
        default=None, description="stands before what was said already and is read without it: 我都说了, I told you"
    )
    reserve: WordRule | None = Field(default=None, description="beside a yes: takes it back, or puts a condition on it")
    unaltered: WordRule | None = Field(
        default=None, description="beside a yes: says that something stays as it is, or was not meant; put aside"
    )
    alters: WordRule | None = Field(
        default=None, description="beside a yes, in a statement: may change what is confirmed; then nothing is"
    )
    same: WordRule | None = Field(default=None, description="a wish for another order, with what this one was told")
    other_orders: WordRule | None = Field(default=None, description="all but, or beside, the order under way: 另外一单")
    resume: WordRule | None = Field(default=None, description="comes back to what was left: 还是取消吧")
    is_done: WordRule | None = Field(default=None, description="asks whether what was just done is done: 改好了没")
    instead: WordRule | None = Field(default=None, description="a wish takes the place of the one under way: 要不还是")
    second_best: WordRule | None = Field(
        default=None,
        description="a wish for where the first one cannot be had, put aside: 没有就退",
    )
    refuse: Refusal | None = Field(default=None, description="a flow that the customer does not want: 我没要退货")
    reject: Rejection | None = Field(default=None, description="the last answer missed: 不是问库存, I asked about …")
    protest: WordRule | None = Field(
        default=None, description="beside a refusal: it was never asked for: 我没让你, don't you dare, I never said"
    )
    keep: WordRule | None = Field(default=None, description="what a clause names stays: 马克杯没事, keep the mug")
    no_number: WordRule | None = Field(default=None, description="the customer has no order number at hand")
    to_buy: WordRule | None = Field(
        default=None, description="asks of what is bought now, or in general, and of no order: 现在下单, usually"
    )
    in_general: WordRule | None = Field(default=None, description="asks how it is done, about no order: 我不是查订单")
    supposed: WordRule | None = Field(
        default=None, description="a clause only supposes what it names: 要是取消, if I cancel"
    )
    yes_or_no: WordRule | None = Field(
        default=None, description="a whole message that wants a yes or no to what was just told: yes or no please"
    )
    service: WordRule | None = Field(
        default=None, description="what the desk does, and where a parcel is: no property of a product is asked for"
    )
    own_item: WordRule | None = Field(
        default=None, description="tells of the customer's own thing, or what is wrong with it: it has a yellow stain"
    )
    person: WordRule | None = None
    person_offered: WordRule | None = Field(
        default=None, description="in an answer: says how a person is called; a yes in such words calls one"
    )
    no_person: WordRule | None = Field(
        default=None, description="does not want a person: 不用人工; while one is asked for, as ``to_bot``"
    )
    to_bot: WordRule | None = Field(
        default=None, description="said while a person is asked for, takes that wish back: 先继续机器人吧"
    )
    supervisor: Supervisor | None = Field(default=None, description="which person: of messages that ask for one")
    complaint: WordRule | None = None
    out_of_scope: WordRule | None = None
    of_shop: WordRule | None = Field(
        default=None, description="what a shop deals with: no guess takes a part that names it to be outside"
    )
    recommend: WordRule | None = None
    assortment: WordRule | None = Field(
        default=None, description="what of a kind is for sale: which towels do you have"
    )
    others: WordRule | None = Field(default=None, description="other products than those just shown: 还有别的吗")
    cheaper: WordRule | None = Field(default=None, description="cheaper products than those just shown: 便宜点的呢")
    browse: WordRule | None = Field(default=None, description="what is for sale, whatever kind: 随便看看, do you sell")
    compare: WordRule | None = None
    topics: dict[str, WordRule] = Field(
        default={}, description="topic → its words: a question with one asks what its queries tell, and begins no flow"
    )
    small_talk: dict[str, SmallTalk] = Field(default={}, description="kind → its words, the first that fits counts")
