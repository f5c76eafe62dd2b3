"""What customers' orders and the shop's products look like (``entities.yaml``), for the linker of serving.

Tools give the rows; this file says which column holds what, and by which words customers name a state, a day or a
product. Words are regexes of RE2, searched without regard to case. Aliases are plain words, several products may
share one. What is the same in every shop (days, ordinals, "that one") stands in ``serving/dialogue/linking``.
"""

from __future__ import annotations

from pydantic import Field, field_validator, model_validator

from kefu.shop.part import Lang, Part, Phrases, Text
from kefu.text.regexes import check_re2


class NamedState(Part):
    """Words by which customers mean orders in one of some states.

    ``words`` and ``not_words`` are regexes of RE2. What ``not_words`` match is taken out first.
    """

    statuses: tuple[str, ...] = Field(min_length=1, description="values of the status field")
    words: tuple[str, ...] = Field(min_length=1)
    not_words: tuple[str, ...] = ()

    @field_validator("words", "not_words")
    @classmethod
    def _are_regexes(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        return _checked(patterns)


class TimeField(Part):
    """A column with a time of an order, and the words that stand near a day of it: 拍, bought, 签收."""

    field: str
    expected: str | None = Field(
        None, description="column with the day on which it is expected: what is said of that day where none has it yet"
    )
    words: tuple[str, ...] = Field(min_length=1, description="regexes of RE2")

    @field_validator("words")
    @classmethod
    def _are_regexes(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        return _checked(patterns)


class NamedDays(Part):
    """Words for the days of a promotion: 双11买的."""

    promotion: str = Field(description="id in promotions.yaml")
    words: tuple[str, ...] = Field(min_length=1, description="regexes of RE2")

    @field_validator("words")
    @classmethod
    def _are_regexes(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        return _checked(patterns)


class OrderEntity(Part):
    """How an order of the signed-in customer is read from a tool's rows, and named."""

    tool: str = Field(description="tool without arguments, not public: the customer's orders, newest first")
    pii: str = Field(description="placeholder type of order numbers in pack.yaml")
    id: str
    status: str
    total: str | None = None
    region: str | None = Field(None, description="column with the province and city that it goes to")
    address: str | None = Field(None, description="column with the whole address that it goes to")
    marks: tuple[str, ...] = Field((), description="columns with 0 or 1 by which a flow's question chooses (`only`)")
    names: dict[Lang, str] = Field(description="columns with the names of what was bought")
    skus: str | None = Field(None, description="column with the SKUs, comma-separated")
    quantities: str | None = Field(None, description="column with how many of each were bought, in the order of `skus`")
    prices: str | None = Field(None, description="column with what one piece of each cost, in the order of `skus`")
    times: tuple[TimeField, ...] = Field(min_length=1, description="the first one is when the order was placed")
    label: Text = Field(description="one line naming the order; Jinja2 with the columns, `day` (MM-DD) and `state`")
    states: dict[str, Text] = Field(description="status → what customers read")
    state_words: tuple[NamedState, ...] = ()
    day_words: tuple[NamedDays, ...] = ()

    @model_validator(mode="after")
    def _knows_its_states(self) -> OrderEntity:
        unknown = {status for words in self.state_words for status in words.statuses} - set(self.states)
        if unknown:
            raise ValueError(f"state_words: unknown statuses {', '.join(sorted(unknown))}: name them in `states`")
        return self


class ProductEntity(Part):
    """How a product is read from a tool's rows, and the words that customers have for it."""

    tool: str = Field(description="public tool without arguments: the whole catalogue")
    id: str
    names: dict[Lang, str] = Field(description="columns with the product's name")
    aliases: dict[str, Phrases] = Field({}, description="SKU → other names; several products may share one")

    def names_in(self, lang: Lang) -> list[str]:
        """Other names of all products; those of one product follow each other."""
        return [name for names in self.aliases.values() for name in names.get(lang, ())]


class AccountEntity(Part):
    """What a sum has to know of the signed-in customer."""

    tool: str = Field(description="tool without arguments, not public: one row of the customer")
    level: str = Field(description="column with the member level")
    points: str | None = Field(None, description="column with the points that the customer may use")
    coupons: str | None = Field(None, description="tool without arguments, not public: amount, min_spend, expires_on")


class Entities(Part):
    order: OrderEntity | None = None
    product: ProductEntity | None = None
    account: AccountEntity | None = None


def _checked(patterns: tuple[str, ...]) -> tuple[str, ...]:
    for pattern in patterns:
        check_re2(pattern)
    return patterns
