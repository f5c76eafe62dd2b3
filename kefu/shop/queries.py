"""Queries: questions that the shop answers from its own tools, exactly (``queries.yaml``).

A query names a tool, what it needs to know (an order, a product), how customers ask for it, and what is said
about the rows that come back. ``examples`` become entries of the knowledge index; ``words`` are precise regexes
that need no index. ``serving/dialogue/queries.py`` recognises and answers them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from kefu.shop.part import Part, Phrases, Text, read_part
from kefu.text.regexes import check_re2

NEEDED_SLOT = {"order": "order_number", "product": "sku"}


class Offer(Part):
    """What an answer offers to do: a flow, and what it is told beside the slots of the question."""

    flow: str
    slots: dict[str, str] = {}


class Query(Part):
    """One question. Texts are Jinja2 over ``rows``, ``row`` (one of them), the slots, ``facts``, ``lang`` and ``now``.

    An answer is ``head``, then ``say`` for each row: on the same line for one row, as a numbered list for several.
    """

    title: Text
    examples: Phrases = Field(description="ways to ask, entries of the knowledge index; both languages")
    words: tuple[str, ...] = Field((), description="regexes of RE2: a message with one of them asks this")
    not_words: tuple[str, ...] = Field((), description="regexes taken out of the message before ``words`` are searched")
    subject_words: tuple[str, ...] = Field(
        (), description="regexes that ask this of a product that is named or spoken of, and mean little without one"
    )
    subject_not_words: tuple[str, ...] = Field((), description="taken out of the message before ``subject_words``")
    follows: tuple[str, ...] = Field(
        (),
        description="what was told just before when ``follow_up_words`` ask this (query:NAME, faq:ID, or sum), or what"
        " was just settled (flow:NAME)",
    )
    for_guests: str | None = Field(
        None, description="FAQ with the rule, told to who has not signed in; None: the nearest entry, or a sign-in"
    )
    follow_up_words: tuple[str, ...] = Field(
        (), description="regexes that ask this of what was just told (until when is it valid), without ``not_words``"
    )
    default: bool = Field(False, description="asked of a product that a question names, when nothing else answers it")
    aspects: tuple[str, ...] = Field(
        (),
        description="aspects of the catalogue that it tells, asked by their words, and several at once; texts know"
        " `told`, title → fact, `untold`, the titles of those without a fact, and `near`, title → fact of what bears on"
        " those",
    )
    reads: tuple[str, ...] = Field(
        (), description="slots that the message may tell; `words` ask this only where it tells one of them"
    )
    may_read: tuple[str, ...] = Field((), description="slots that the message may tell, or not: which coupon")
    topic: str | None = Field(
        None, description="topic of acts.yaml: a question with its words asks a query of it, and begins no flow"
    )
    tells_topic: bool = Field(False, description="asked where a question speaks of its topic and nothing else answers")
    takes_product: bool = Field(False, description="a single product that is named or spoken of fills the slot sku")
    with_service: bool = Field(
        False, description="of a product: asked beside a wish for the desk as well (exchange it, is plus in stock?)"
    )
    on_order: str | None = Field(
        None, description="flow that answers it instead where it is about something that the customer has ordered"
    )
    covers: tuple[str, ...] = Field(
        (),
        description="queries (QUERY, or QUERY:ASPECT), flows (flow:FLOW), or `recommend`, that are not told beside this"
        " one: it says the same",
    )
    on_product: str | None = Field(
        None, description="query that tells it of a product where one is named: the offers for the kettle"
    )
    before_sums: bool = Field(
        False, description="its words go before a sum that the message may ask as well: what must I add to reach 199?"
    )
    promotions: tuple[str, ...] = Field(
        (), description="ids of the promotions that are told, running or not; none: the day's"
    )
    needs: Literal["order", "product", "none"] = Field("none", description="fills the slot order_number or sku")
    tool: str | None = Field(None, description="tool that gives the rows; None: the promotions of the day")
    most: int | None = Field(None, ge=1, description="rows that are told at most, the first ones; None: all")
    args: dict[str, str] = Field({}, description="tool argument → Jinja2 expression over the slots")
    head: Text | None = Field(None, description="said once, before the rows")
    say: Text = Field(description="said of each row")
    tail: Text | None = Field(None, description="said once, on a line of its own after the rows")
    again: Text | None = Field(
        None, description="told in its place where the last answer has told it, of the first row; None: as it is"
    )
    empty: Text | None = Field(None, description="said when there is no row, or no such order or product")
    empty_then: str | None = Field(
        None,
        description="query without needs whose rows are told after ``empty`` or ``none``: what became of the coupons",
    )
    ask: Text | None = Field(None, description="said when the order or product is not known")
    offer: str | None = Field(None, description="query whose rows are offered with ``ask``, to choose from")
    offers: Offer | None = Field(
        None, description="what ``say`` offers to do: a clear yes to it needs no further question of the flow"
    )
    among: tuple[str, ...] = Field((), description="states of the orders that are offered; the only one is taken")
    none: Text | None = Field(None, description="said when no order of the customer is in a state of ``among``")
    pick: str | None = Field(None, description="column by which a row of this query is chosen, when it is offered")

    @field_validator("words", "not_words", "subject_words", "subject_not_words", "follow_up_words")
    @classmethod
    def _are_regexes(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            check_re2(pattern)
        return patterns

    @model_validator(mode="after")
    def _can_ask_and_be_asked(self) -> Query:
        if missing := [lang for lang in ("zh", "en") if not self.examples.get(lang)]:  # type: ignore[call-overload]
            raise ValueError(f"examples: none in {', '.join(missing)}: say how customers ask")
        if (self.needs == "none") != (self.ask is None):
            raise ValueError("`needs` an order or a product if and only if there is an `ask`")
        if self.aspects and self.needs != "product":
            raise ValueError("`aspects` are a product's: it `needs: product`")
        if self.offer and not self.ask:
            raise ValueError("`offer` belongs to an `ask`")
        if bool(self.follows) != bool(self.follow_up_words):
            raise ValueError("`follows` and `follow_up_words` belong together")
        if bool(self.among) != bool(self.none) or (self.among and not self.offer):
            raise ValueError("`among` and `none` belong together, and to an `offer`")
        return self


def load_queries(folder: Path) -> dict[str, Query]:
    """The pack's queries by name; none without ``queries.yaml``. Raises PackError."""
    path = folder / "queries.yaml"
    return read_part(path, dict[str, Query]) if path.is_file() else {}
