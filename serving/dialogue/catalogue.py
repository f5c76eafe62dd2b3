"""Recommends and compares products by what the pack's catalogue and the shop's rows say, and by nothing else.

``read_constraints`` reads a budget, kinds, uses, materials and attributes from a message; ``recommend`` gives up to
three products with the shop's own words as reasons, or says that nothing fits and what is nearest. ``compare`` says
so when the facts do not tell. Which products a message names is the linker's matter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import ceil
from statistics import median
from typing import Any

from kefu.shop.catalogue import Catalogue, CatalogueTexts, Tag
from kefu.shop.pack import Pack
from kefu.shop.part import Lang, PackError, Text
from kefu.text.numbers import NUMBER, NUMERALS, read_number
from serving.dialogue.expressions import ExpressionError, render
from serving.dialogue.flow import Visit
from serving.dialogue.queries import Answer, numbered
from serving.dialogue.reading.word_rules import WordSet, plain, search_words
from serving.tools.shop_db import ToolBox

MOST_PRODUCTS, MOST_NEAREST = 3, 2
LEAST_COMPARED = 2
LEAST_PRICE = 5  # a smaller number is a count or a choice from a list
ABOUT, ABOUT_BELOW = 0.2, 0.5  # "around 200" is 100 to 240: who would spend 200 is glad to spend less

_N = rf"[¥￥]?\s*({NUMBER})"
_YUAN = r"\s*(?:元|块钱?|人民币|rmb|yuan|cny)?\s*"
_UNIT = r"[个件只条张床套双号日天点人岁度月年米升克瓦%％]|\.\d|厘米|毫升|公斤|小时|cm\b|ml\b|l\b|kg\b|g\b|w\b"
_NOT_MONEY = rf"(?!,?\d|[一二两三四五六七八九十百千万]|\s*(?:{_UNIT}))"  # nor a part of a longer number
_TO = r"(?:到|至|-|–|—|~|～|to|and)"
BETWEEN = re.compile(rf"{_N}{_YUAN}{_TO}\s*{_N}{_NOT_MONEY}", re.IGNORECASE)
ABOUT_IT = re.compile(
    rf"{_N}{_YUAN}(?:左右|上下|出头|来块|来元|来块钱|ish\b)|(?:\baround|\babout|\broughly|大概|大约|差不多)\s*{_N}{_NOT_MONEY}",
    re.IGNORECASE,
)
AT_MOST = re.compile(
    rf"{_N}{_YUAN}(?:以内|以下|之内|以里|里头|内(?!胆)|封顶|or\s+less|max\b|tops\b)"
    rf"|(?:不超过|不高于|低于|少于|小于|不到|最多|至多|控制在|预算|limit|under|below|less\s+than|up\s+to|at\s+most|max(?:imum)?"
    rf"|no\s+more\s+than|not\s+more\s+than|within|cheaper\s+than|budget)\s*(?:大概|大约|是|在|只有|有|就|of|is|:|：)?\s*{_N}{_NOT_MONEY}",
    re.IGNORECASE,
)
AT_LEAST = re.compile(
    rf"{_N}{_YUAN}(?:以上|往上|起步|or\s+more)"
    rf"|(?:(?<!不)超过|(?<!不)高于|大于|至少|不低于|不少于|over|above|(?<!no )(?<!not )more\s+than|at\s+least)"
    rf"\s*{_N}{_NOT_MONEY}",
    re.IGNORECASE,
)
HUNDREDS = re.compile(r"([一二两三四五六七八九])([二两三四五六七八九])百")  # 两三百: 200 to 300
AND_MORE = re.compile(r"([一二两三四五六七八九]百|\d00)多")  # 两百多: 200 to 300
BLANKS = re.compile(r"\s{2,}")
# Longer than any number that is read; the patterns above would look at a run of digits from each of them to its end.
NO_AMOUNT = re.compile(rf"[\d,]{{17,}}|[{NUMERALS}]{{17,}}")
WORD = re.compile(r"[a-z]{4,}")  # of a product's English name: waffle
MAYBE_NUMBER = re.compile(rf"[\d{NUMERALS}A-Za-z]")  # cheap, and in no message of a number missing
IN_STOCK = re.compile(r"现货|有货|不缺货|\bin\s+stock\b|\bavailable\s+now\b", re.IGNORECASE)
NEGATION = re.compile(
    r"(?:不要|不想要|不喜欢|除了|不是|不含|别推荐?)[^，。！？,.!?]{0,2}$"
    r"|\b(?:not|no|without|except|don't\s+(?:want|like))\s+(?:(?:a|an|the|any|made\s+of)\s+)?$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Constraints:
    """What a customer wants: names of the catalogue's kinds (any of them) and features (all of them).

    least, most: the budget in yuan; None is open. without: features that he does not want. refused: SKUs that he was
    shown and does not want.
    """

    least: int | None = None
    most: int | None = None
    kinds: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    in_stock: bool = False
    refused: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        values = asdict(self)
        return any(values[name] not in (None, False, (), []) for name in values if name != "refused")

    def after(self, earlier: Constraints) -> Constraints:
        """These with what was said before: a new budget or kind replaces the old one, features add up."""
        has_budget = self.least is not None or self.most is not None
        return replace(
            self,
            least=self.least if has_budget else earlier.least,
            most=self.most if has_budget else earlier.most,
            kinds=self.kinds or earlier.kinds,
            features=tuple(dict.fromkeys(f for f in (*earlier.features, *self.features) if f not in self.without)),
            without=tuple(dict.fromkeys(f for f in (*earlier.without, *self.without) if f not in self.features)),
            in_stock=self.in_stock or earlier.in_stock,
            refused=tuple(dict.fromkeys((*earlier.refused, *self.refused))),
        )


class ProductAdvisor:
    """Speaks of the products of one pack, with the rows of one tool box."""

    def __init__(self, pack: Pack, tools: ToolBox) -> None:
        self._catalogue, self._tools = pack.catalogue, tools
        self._narrower = _narrower(pack.catalogue)
        self._kinds = WordSet({name: tag.words for name, tag in pack.catalogue.kinds.items()})
        self._features = WordSet({name: tag.words for name, tag in pack.catalogue.features.items()})

    def read_constraints(self, text: str, lang: Lang) -> Constraints:
        """What the text says of the product that is wanted. Words of both languages count."""
        message = plain(text)
        least, most = read_budget(message)
        tags = self._catalogue
        places = {name: _found(tags.kinds[name], message) for name in self._kinds.find(message)}
        kinds = {name for name, at in places.items() if at is not None and not NEGATION.search(message[:at])}
        found = {name: _found(tags.features[name], message) for name in self._features.find(message)}
        named = {name: bool(NEGATION.search(message[:at])) for name, at in found.items() if at is not None}
        return Constraints(
            least=least,
            most=most,
            kinds=tuple(sorted(kind for kind in kinds if not kinds & self._narrower[kind])),
            features=tuple(name for name, negated in named.items() if not negated),
            without=tuple(name for name, negated in named.items() if negated),
            in_stock=bool(IN_STOCK.search(message)),
        )

    def one_with(self, text: str, skus: Sequence[str], lang: Lang, now: str) -> str | None:
        """The only one of some products that has the features which a text names, or has most or least of something."""
        message, products = plain(text), self._catalogue.products
        rows = {row["sku"]: row for row in self._all_rows(now) if row["sku"] in skus}
        for name, aspect in self._catalogue.aspects.items():
            for words, choose in ((aspect.lowest, min), (aspect.highest, max)):
                if search_words(message, words, ()):
                    values = {
                        sku: number for sku, row in rows.items() if (number := self._number(row, name)) is not None
                    }
                    best = [sku for sku, value in values.items() if value == choose(values.values())]
                    if len(values) == len(rows) and len(best) == 1:
                        return best[0]
        wanted = self.read_constraints(text, lang).features
        having = [sku for sku in skus if sku in products and set(wanted) <= set(products[sku].features)]
        if wanted:
            return having[0] if len(having) == 1 else None
        said = set(WORD.findall(message.lower()))
        named = [sku for sku, row in rows.items() if said & set(WORD.findall(str(row["name_en"]).lower()))]
        return named[0] if len(named) == 1 else None

    def is_present(self, constraints: Constraints) -> bool:
        """Whether anything in a budget may do: a present for 200 yuan is a wish for advice."""
        choice = any(self._catalogue.features[name].open for name in constraints.features)
        return choice and (constraints.least is not None or constraints.most is not None)

    def below(self, skus: Sequence[str], visit: Visit) -> int | None:
        """The most, in yuan, that what is cheaper than all of some products costs; None without products."""
        prices = [row["price"] for row in self._rows(visit) if row["sku"] in skus]
        return ceil(min(prices)) - 1 if prices else None

    def read_aspect(self, text: str, lang: Lang) -> str | None:
        """The first aspect of the catalogue that the text speaks of: 哪个更轻 is weight."""
        return next(iter(self.read_aspects(text)), None)

    def read_aspects(self, text: str) -> list[str]:
        """All aspects of the catalogue that the text speaks of, in the order of the catalogue."""
        message = plain(text)
        return [n for n, aspect in self._catalogue.aspects.items() if _found(aspect, message) is not None]

    def recommend(self, constraints: Constraints, visit: Visit) -> Answer:
        """Up to three products that fit, cheapest first, or the nearest ones, said to be so."""
        texts = self._texts()
        if not constraints:
            kinds = self._widest_kinds(visit.lang)
            return Answer(self._render(texts.ask, visit, kinds=kinds), missing="product", found=False)
        of_kind = [row for row in self._rows(visit) if self._may_be_shown(row, constraints)]
        wanted = self._titles(constraints, visit)
        missed = {row["sku"]: self._missed(row, constraints, visit) for row in of_kind}
        untold = {row["sku"]: self._untold(row, constraints, visit) for row in of_kind}
        fitting = [row for row in of_kind if not missed[row["sku"]] and not untold[row["sku"]]]
        fitting = [row for row in fitting if row["stock"] > 0] or fitting
        if not (constraints.kinds or constraints.features or constraints.without):  # nearly everything fits
            return Answer(
                self._render(texts.ask_kind, visit, wanted=wanted, rows=fitting), missing="product", found=False
            )
        chosen = self._shown(fitting, constraints)
        nearest = [row for row in of_kind if self._is_near(row, constraints)]
        nearest = [row for row in nearest if not _price_distance(row["price"], constraints)] or nearest
        if not chosen and not nearest:
            return Answer(self._render(texts.none, visit, wanted=wanted), found=False)
        head = texts.found if chosen else texts.nearest
        rows = chosen or sorted(
            nearest, key=lambda row: self._distance(row, missed[row["sku"]] + untold[row["sku"]], constraints)
        )
        lines = [
            self._render(
                texts.product,
                visit,
                row=row,
                missed=missed[row["sku"]],
                untold=untold[row["sku"]],
                reasons=self._reasons(row, constraints, visit.lang),
            )
            for row in rows[: MOST_PRODUCTS if chosen else MOST_NEAREST]
        ]
        more = len(fitting) - len(lines) if chosen else 0
        tail = [self._render(texts.more, visit, more=more)] if more > 0 else []
        text = "\n".join([self._render(head, visit, wanted=wanted), *numbered(lines), *tail])
        return _answer(text, rows[: len(lines)], found=bool(chosen))

    def _shown(self, fitting: list[dict[str, Any]], constraints: Constraints) -> list[dict[str, Any]]:
        """The products that are shown of those that fit, cheapest first.

        Of a wide kind (for the kitchen), or of what may be any (a gift), each is of another kind, and of a usual price,
        not the cheapest of all; those that the shop names for it come first.
        """
        by_price = sorted(fitting, key=lambda row: (row["price"], row["sku"]))
        wide = [kind for kind in constraints.kinds if self._narrower[kind]]
        has_budget = constraints.least is not None or constraints.most is not None
        choice = [name for name in constraints.features if self._catalogue.features[name].open]
        needs = len(choice) < len(constraints.features) or (has_budget and not choice)
        if needs or not (wide or (choice and not constraints.kinds)):
            return by_price[:MOST_PRODUCTS]
        usual = float(median(row["price"] for row in by_price)) if by_price else 0.0
        shown: dict[str, dict[str, Any]] = {}
        for row in sorted(by_price, key=lambda row: (-self._named_for(row, choice), abs(row["price"] - usual))):
            shown.setdefault(self._catalogue.products[row["sku"]].kinds[0], row)
        chosen = list(shown.values())[:MOST_PRODUCTS]
        return sorted(chosen, key=lambda row: (-self._named_for(row, choice), row["price"], row["sku"]))

    def _widest_kinds(self, lang: Lang) -> list[str]:
        """Titles of the kinds that tell what the shop sells, the largest first: none whose products others hold."""
        held: dict[str, set[str]] = {name: set() for name, kind in self._catalogue.kinds.items() if not kind.place}
        for sku, product in self._catalogue.products.items():
            for kind in product.kinds:
                if kind in held:
                    held[kind].add(sku)
        told, seen = [], set[str]()
        for name in sorted(held, key=lambda name: -len(held[name])):
            if held[name] - seen:
                told.append(self._catalogue.kinds[name].title.in_(lang))
                seen |= held[name]
        return told

    def compare(self, skus: Sequence[str], aspect: str | None, visit: Visit, words: str = "") -> Answer:
        """What the facts say of products side by side, then which of them has what is wanted.

        Args:
            aspect: a name of the catalogue's aspects (``read_aspect``); None: price and specification.
            words: the message; a use that it names (for sleeping on my side) speaks for the product that has it.
        """
        skus = self._suitable(skus, words, visit) if words and len(set(skus)) > LEAST_COMPARED else skus
        answer = self._compared(skus, aspect, visit)
        others = [name for name in self.read_aspects(words) if name != aspect] if aspect else []
        more = [self._compared(skus, name, visit).text for name in others]
        better = self._better(skus, words, visit) if words else []
        return replace(answer, text="\n".join([answer.text, *more, *better]), found=answer.found or bool(better))

    def _suitable(self, skus: Sequence[str], words: str, visit: Visit) -> Sequence[str]:
        """Of many products, those that have all that is wanted (for induction), when two or more have it."""
        wanted = self.read_constraints(words, visit.lang).features
        products = self._catalogue.products
        having = [sku for sku in skus if sku in products and set(wanted) <= products[sku].features.keys()]
        rows = {row["sku"]: row for row in self._rows(visit)}
        limits = self.read_constraints(words, visit.lang)
        having = [sku for sku in having if not _price_distance(rows[sku]["price"], limits)] or having
        return having if len(set(having)) >= LEAST_COMPARED else skus

    def _better(self, skus: Sequence[str], words: str, visit: Visit) -> list[str]:
        """For each feature that is wanted, the products that have it, when some of them do not."""
        rows = [row for row in self._rows(visit) if row["sku"] in skus and row["sku"] in self._catalogue.products]
        features = self._catalogue.features
        of_names = {f for row in rows for f in self.read_constraints(_name(row, visit), visit.lang).features}
        read = self.read_constraints(words, visit.lang).features
        wanted = [f for f in read if f not in of_names and features[f].group != "material"]  # "the wool throw"
        lines = []
        for name in wanted:
            has = {
                r["sku"]: f.in_(visit.lang)
                for r in rows
                if (f := self._catalogue.products[r["sku"]].features.get(name))
            }
            if 0 < len(has) < len(rows):
                title = self._catalogue.features[name].title.in_(visit.lang)
                names = [_name(row, visit) for row in rows if row["sku"] in has]
                reasons = [reason for reason in dict.fromkeys(has.values()) if reason not in names]
                lines.append(self._render(self._texts().better, visit, title=title, names=names, reasons=reasons))
        return lines

    def _compared(self, skus: Sequence[str], aspect: str | None, visit: Visit) -> Answer:
        texts, known = self._texts(), {row["sku"]: row for row in self._rows(visit)}
        rows = [known[sku] for sku in dict.fromkeys(skus) if sku in known]
        if len(rows) < 2:
            return Answer(self._render(texts.ask_other, visit), missing="product", found=False)
        if aspect is None:
            lines = [self._render(texts.compared, visit, row=row) for row in rows]
            return _answer("\n".join([*numbered(lines), *self._verdict(rows, "price", visit)]), rows)
        facts = [self._fact(row, aspect, visit) for row in rows]
        title = self._catalogue.aspects[aspect].title.in_(visit.lang)
        missing = [_name(row, visit) for row, fact in zip(rows, facts, strict=True) if fact is None]
        no_fact = self._render(texts.no_fact, visit)
        lines = [
            self._render(texts.fact, visit, name=_name(row, visit), fact=fact or no_fact)
            for row, fact in zip(rows, facts, strict=True)
        ]
        if missing:
            unknown = self._render(texts.unknown, visit, names=missing, title=title)
            if len(missing) == len(rows):
                lines = [self._render(texts.compared, visit, row=row) for row in rows]
            return _answer("\n".join([*numbered(lines), unknown]), rows, found=False)
        return _answer("\n".join([*numbered(lines), *self._verdict(rows, aspect, visit)]), rows)

    def names(self, skus: Sequence[str], visit: Visit) -> list[str]:
        """Names of products that the shop has, in the given order."""
        names = {row["sku"]: _name(row, visit) for row in self._rows(visit)}
        return [names[sku] for sku in skus if sku in names]

    def questions(self, skus: Sequence[str], visit: Visit) -> list[str]:
        """What a customer asks who picks one of some products by its place in a list."""
        names = {row["sku"]: _name(row, visit) for row in self._rows(visit)}
        return [self._render(self._texts().choose, visit, name=names[sku]) for sku in skus if sku in names]

    def _verdict(self, rows: list[dict[str, Any]], name: str, visit: Visit) -> list[str]:
        """Who has most and who has least, when numbers tell; nothing otherwise."""
        aspect = self._catalogue.aspects.get(name)
        if aspect is None or aspect.more is None or aspect.less is None:
            return []
        kinds = [
            set(self._catalogue.products[row["sku"]].kinds) for row in rows if row["sku"] in self._catalogue.products
        ]
        if aspect.same_kind and (len(kinds) < len(rows) or not set.intersection(*kinds)):
            return []
        numbers = [self._number(row, name) for row in rows]
        values = [number for number in numbers if number is not None]
        if len(values) < len(rows):
            return []
        texts, lang = self._texts(), visit.lang
        if min(values) == max(values):
            return [self._render(texts.same, visit, title=aspect.title.in_(lang))]
        named = [(_name(row, visit), number) for row, number in zip(rows, values, strict=True)]
        return [
            self._render(
                texts.verdict,
                visit,
                lowest=[product for product, number in named if number == min(values)],
                highest=[product for product, number in named if number == max(values)],
                more=self._render(aspect.more, visit, difference=max(values) - min(values)),
                less=self._render(aspect.less, visit, difference=max(values) - min(values)),
            )
        ]

    def _fact(self, row: dict[str, Any], name: str, visit: Visit) -> str | None:
        aspect = self._catalogue.aspects[name]
        if aspect.say:
            return self._render(aspect.say, visit, row=row)
        product = self._catalogue.products.get(row["sku"])
        return product.facts[name].in_(visit.lang) if product and name in product.facts else None

    def _number(self, row: dict[str, Any], name: str) -> float | None:
        if column := self._catalogue.aspects[name].column:
            return None if row[column] is None else float(row[column])
        product = self._catalogue.products.get(row["sku"])
        return product.facts[name].value if product and name in product.facts else None

    def _may_be_shown(self, row: dict[str, Any], constraints: Constraints) -> bool:
        """Whether a product is of a kind that is wanted, was not refused, and does for what any may do for."""
        product = self._catalogue.products.get(row["sku"])
        unfit = (sku for name in constraints.features for sku in self._catalogue.features[name].unfit)
        if product is None or row["sku"] in (*constraints.refused, *unfit):
            return False
        return not constraints.kinds or bool(set(product.kinds) & set(constraints.kinds))

    def _named_for(self, row: dict[str, Any], features: Sequence[str]) -> int:
        """How many of the features the shop names a product for."""
        return len(self._catalogue.products[row["sku"]].features.keys() & set(features))

    def _missed(self, row: dict[str, Any], constraints: Constraints, visit: Visit) -> list[str]:
        """Titles of the constraints that a product does not meet."""
        has, lang = self._catalogue.products[row["sku"]].features, visit.lang
        missed = [self._without(f, visit) for f in constraints.without if f in has]
        if constraints.in_stock and row["stock"] <= 0:
            missed.append(self._texts().in_stock.in_(lang))
        if _price_distance(row["price"], constraints):
            missed.append(self._budget(constraints, visit))
        return missed

    def _untold(self, row: dict[str, Any], constraints: Constraints, visit: Visit) -> list[str]:
        """Titles of the features that the shop's words do not give a product: it may have them."""
        has, features = self._catalogue.products[row["sku"]].features, self._catalogue.features
        return [
            features[f].title.in_(visit.lang) for f in constraints.features if f not in has and not features[f].open
        ]

    def _is_near(self, row: dict[str, Any], constraints: Constraints) -> bool:
        """Whether a product is of the kind that was asked for, or at least has a wish for a feature met."""
        return bool(constraints.kinds) or bool(
            self._catalogue.products[row["sku"]].features.keys() & constraints.features
        )

    def _distance(self, row: dict[str, Any], missed: list[str], constraints: Constraints) -> tuple[float, ...]:
        """Fewest wishes missed, then nearest to the budget, then in stock, then cheapest."""
        return (len(missed), _price_distance(row["price"], constraints), row["stock"] <= 0, row["price"])

    def _titles(self, constraints: Constraints, visit: Visit) -> list[str]:
        lang, catalogue = visit.lang, self._catalogue
        has_budget = constraints.least is not None or constraints.most is not None
        return [
            *([self._budget(constraints, visit)] if has_budget else []),
            *(catalogue.features[name].title.in_(lang) for name in self._without_wider(constraints.features)),
            *(self._without(name, visit) for name in constraints.without),
            *([self._texts().in_stock.in_(lang)] if constraints.in_stock else []),
            *(catalogue.kinds[name].title.in_(lang) for name in constraints.kinds),
        ]

    def _without_wider(self, features: Sequence[str]) -> list[str]:
        """Features without those that a narrower one says as well: a gift, beside a gift for friends."""
        of = {name: {s for s, p in self._catalogue.products.items() if name in p.features} for name in features}
        is_open = {name: self._catalogue.features[name].open for name in features}
        return [n for n in features if not any(is_open[n] and is_open[o] and of[o] < of[n] for o in features)]

    def _without(self, feature: str, visit: Visit) -> str:
        title = self._catalogue.features[feature].title.in_(visit.lang)
        return self._render(self._texts().without, visit, title=title)

    def _budget(self, constraints: Constraints, visit: Visit) -> str:
        return self._render(self._texts().budget, visit, least=constraints.least, most=constraints.most)

    def _reasons(self, row: dict[str, Any], constraints: Constraints, lang: Lang) -> list[str]:
        has = self._catalogue.products[row["sku"]].features
        return list(dict.fromkeys(has[name].in_(lang) for name in constraints.features if name in has))

    def _rows(self, visit: Visit) -> list[dict[str, Any]]:
        return self._all_rows(visit.now)

    def _all_rows(self, now: str) -> list[dict[str, Any]]:
        assert self._catalogue.tool
        return self._tools.call(self._catalogue.tool, {}, None, now).rows

    def _texts(self) -> CatalogueTexts:
        if self._catalogue.texts is None:
            raise PackError("catalogue.yaml: there is no catalogue: add one to recommend and compare products")
        return self._catalogue.texts

    def _render(self, text: Text, visit: Visit, **values: Any) -> str:
        try:
            return render(text.in_(visit.lang), {**values, "lang": visit.lang, "now": visit.now})
        except ExpressionError as error:
            raise PackError(f"catalogue.yaml: {error}") from error


def read_budget(message: str) -> tuple[int | None, int | None]:
    """(least, most) in yuan; None is open. Numbers with another unit (200 ml) are no budget."""
    if not MAYBE_NUMBER.search(message):
        return None, None
    message = NO_AMOUNT.sub("\n", BLANKS.sub(" ", message))
    message = HUNDREDS.sub(r"\1百到\2百", message)
    if found := AND_MORE.search(message):
        least = read_number(found[1])
        return least, (least or 0) + 100
    if (found := BETWEEN.search(message)) and (numbers := _amounts(found)) and len(numbers) == 2:
        return min(numbers), max(numbers)
    if (found := ABOUT_IT.search(message)) and (numbers := _amounts(found)):
        return round(numbers[0] * (1 - ABOUT_BELOW)), round(numbers[0] * (1 + ABOUT))
    most = _amounts(found) if (found := AT_MOST.search(message)) else []
    least_ = _amounts(found) if (found := AT_LEAST.search(message)) else []
    return (least_[0] if least_ else None), (most[0] if most else None)


def _amounts(match: re.Match[str]) -> list[int]:
    numbers = [read_number(group) for group in match.groups() if group]
    return [number for number in numbers if number is not None and number >= LEAST_PRICE]


def _found(tag: Tag, message: str) -> int | None:
    """Where the message names the tag."""
    match = search_words(message, tag.words, tag.not_words)
    return None if match is None else match.start()


def _narrower(catalogue: Catalogue) -> Mapping[str, set[str]]:
    """Kind → the kinds whose products are a real part of its own: bedding → pillow, throw …"""
    of = {kind: {sku for sku, p in catalogue.products.items() if kind in p.kinds} for kind in catalogue.kinds}
    return {kind: {other for other in of if of[other] and of[other] < of[kind]} for kind in of}


def _price_distance(price: float, constraints: Constraints) -> float:
    """How far a price is outside the budget, in yuan."""
    above = price - constraints.most if constraints.most is not None else 0
    below = constraints.least - price if constraints.least is not None else 0
    return max(above, below, 0)


def _name(row: dict[str, Any], visit: Visit) -> str:
    return str(row[f"name_{visit.lang}"])


def _answer(text: str, rows: list[dict[str, Any]], found: bool = True) -> Answer:
    facts = tuple("; ".join(f"{k}: {v}" for k, v in row.items() if v not in (None, "")) for row in rows)
    return Answer(text, tuple(f"product:{row['sku']}" for row in rows), facts, found=found)
