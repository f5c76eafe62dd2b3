"""Which of the customer's own orders a text means, and which of them a flow can serve."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import chain, islice

from rapidfuzz.distance import OSA

from kefu.acts import Act, Choose, Fill, Start
from kefu.privacy.redact import restore
from kefu.shop.flows import Flow
from kefu.shop.pack import Pack
from kefu.text.numbers import read_number
from kefu.text.placeholders import PLACEHOLDER
from serving.dialogue.linking.denial import came_instead, is_compared
from serving.dialogue.linking.linker import Linker
from serving.dialogue.linking.records import Order, OrderLink
from serving.dialogue.order_choice import likely_orders, marked_orders, meant_unnamed
from serving.dialogue.reading.answers.orders.words import COUNTED, OF_ORDERS, OTHERS, PLURAL, OrderWords, amounts
from serving.dialogue.reading.message import Message
from serving.dialogue.reading.word_rules import evidence, plain

SUBJECT = "the conversation's order"
TWO = re.compile(r"和|跟|与|还有|以及|另外|另一|顺便|也|\b(?:and|also|another|other|instead|plus)\b", re.IGNORECASE)
# What is wanted in place of an item: 换成羊毛毯, exchange it for the wok.
INSTEAD = re.compile(r"(?:换|改)(?:成|个|为|一)?[^，。]{0,2}$|\b(?:for|to|into)(?: an?| the| one)?\s*$", re.IGNORECASE)
MOST_UNLIKE = 3  # orders that are offered in place of one whose number was given
MOST_LATELY = 2  # messages before this one that a wish without a name may be about
BEGINS = {"start", "fill", "correct", "affirm"}  # acts of a message after which its order is spoken of
MOST_COUNTED = 4  # orders that are told one after the other


class OrderReader:
    """Reads orders of one pack.

    pii: the type of placeholder that an order number has; None: the pack has no orders.
    """

    def __init__(self, pack: Pack, linker: Linker) -> None:
        self._pack, self._linker = pack, linker
        self.words = OrderWords(pack)
        self.pii = self.words.pii

    def meant(
        self, message: Message, text: str, asked: bool, by_product: bool = True, focus: str | None = SUBJECT
    ) -> tuple[str, ...]:
        """Placeholders of the orders that a text means; those of a number that is nobody's as they are.

        Args:
            asked: whether an order was asked for: then a pointer or a state is enough.
            by_product: whether the name of a product alone may mean the order that holds it.
            focus: the order (its placeholder) that "it" means; by default what the conversation is about.
        """
        if self.pii is None:
            return ()
        numbers = [self._mended(message, m[0]) for m in PLACEHOLDER.finditer(text) if m[1] == self.pii]
        if not message.session.customer:
            return tuple(numbers[-1:])
        link = self._link(message, text, message.session.subject.order if focus == SUBJECT else focus)
        if not by_product and not link.refers and set(link.how) <= {"product"}:
            return tuple(numbers[-1:])  # a question about the product, or a part of the order
        if set(link.how) == {"ordinal"} and self.words.keeps_others(text):
            return tuple(numbers[-1:])
        of_list = "ordinal" in link.how and set(link.how) <= {"ordinal", "state"} and not OF_ORDERS.search(plain(text))
        if of_list and not asked and message.step and message.step.collect:
            return tuple(numbers[-1:])  # 第一个: of what the open question lists
        if link.ids and (link.explicit or asked or "pronoun" in link.how):
            live = set(link.ids) - self._over(message) or set(link.ids)
            if each := self._of_each(message, text, link):
                return tuple(map(message.placeholder, each))
            subject = message.original(message.session.subject.order or "")
            if set(link.how) == {"place"} and subject in live:
                return (message.placeholder(subject),)  # 那什么时候到西安啊, after its address was changed
            if set(link.how) == {"product"}:
                spoken = live & self._spoken_of(message)
            else:  # 昨天买的那个, after the pot: the one with it
                spoken = {o.id for o in message.orders if o.id in live and set(message.spoken_of) & set(o.skus)}
            ids = tuple(spoken) if len(spoken) == 1 else link.ids
            if set(link.how) == {"ordinal"} and len(ids) > 1:
                ids = self._left_of(message, [order for order in ids if order in live]) or ids
            return tuple(message.placeholder(order) for order in ids)
        if asked and not numbers and (paid := self.of_amount(message, text)):
            return (message.placeholder(paid.id),)
        return tuple(numbers[-1:])

    def _of_each(self, message: Message, text: str, link: OrderLink) -> tuple[str, ...]:
        """Where a text means all of several products that no order holds together, one order for each: the one spoken
        of, else the newest (奶锅和养生壶都要)."""
        known = [order for order in message.orders if order.id in link.ids and set(link.how) == {"product"}]
        named: dict[int, set[str]] = {}  # by the place of the word
        for item in self._linker.link_items(message.original(text), known) if len(known) > 1 else ():
            named.setdefault(item.start, set()).add(item.sku)
        holding = [[order.id for order in known if skus & set(order.skus)] for skus in named.values()]
        if len(holding) < 2 or set.intersection(*map(set, holding)) or not self.words.means_all(text, len(holding)):
            return ()
        spoken = self._spoken_of(message)
        return tuple(dict.fromkeys(next((o for o in some if o in spoken), some[0]) for some in holding))

    def beside(self, message: Message, text: str, under_way: Sequence[str]) -> tuple[str, ...]:
        """Placeholders of the orders that a text means but those under way; of several rather those spoken of."""
        left = [o for o in self._link(message, text, None).ids if message.placeholder(o) not in under_way]
        spoken = self._spoken_of(message)
        return tuple(map(message.placeholder, [o for o in left if o in spoken] or left))

    def _mended(self, message: Message, placeholder: str) -> str:
        """The only own order whose number is one slip of the keyboard (0469, 0496) away from one that is nobody's."""
        number = message.original(placeholder)
        if any(order.id == number for order in message.orders):
            return placeholder
        near = [order.id for order in message.orders if OSA.distance(order.id, number, score_cutoff=1) == 1]
        return message.placeholder(near[0]) if len(near) == 1 else placeholder

    def counted(self, message: Message, text: str, flow: Flow) -> tuple[str, ...]:
        """The own orders of a look-up that a text only counts (我另外两个包裹) or means all of (my parcels).

        They are in one of the states that it is about, else in several; the furthest state goes first. "The other two"
        are without the order that was spoken of.
        """
        words = plain(text)
        found, plural = COUNTED.search(words), PLURAL.search(words)
        if not (found or plural) or not message.session.customer:
            return ()
        count = read_number(next(filter(None, found.groups()))) if found else None
        subject = message.session.subject.order if OTHERS.search(words) else None
        left = [order for order in message.orders if subject is None or order.id != message.original(subject)]
        far_first = [[order for order in left if order.status == status] for status in reversed(flow.item_among)]
        together = [list(chain.from_iterable(far_first[:end])) for end in range(2, len(far_first) + 1)]
        for orders in (*far_first, *(together if count else ())):
            if len(orders) == count or (count is None and 0 < len(orders) <= MOST_COUNTED):
                return tuple(message.placeholder(order.id) for order in orders)
        return ()

    def only_counted(self, message: Message, text: str, flow: Flow) -> tuple[str, ...]:
        """The orders that a text counts (我另外两个快递), where nothing else in it tells which they are."""
        link = self._link(message, text, message.session.subject.order) if self.pii and COUNTED.search(text) else None
        return self.counted(message, text, flow) if link and set(link.how) == {"ordinal"} else ()

    def unlike(self, message: Message, text: str) -> tuple[str, ...]:
        """The newest own orders with what a text names, and last the one that it gives by number and that holds none.

        Empty where there is no such number, or where the text may speak of two orders, or of what came instead.
        """
        numbers = {m[0] for m in PLACEHOLDER.finditer(text) if m[1] == self.pii}
        given = self.own(message, next(iter(numbers))) if len(numbers) == 1 and message.session.customer else None
        if given is None or TWO.search(plain(text)):
            return ()
        words = message.original(text)
        links = self._linker.link_items(words, message.orders)
        named = {
            link.sku
            for link in links
            if not came_instead(words, link.start, link.end) and not INSTEAD.search(words[: link.start])
        }
        others = [order for order in message.orders if named & set(order.skus)][:MOST_UNLIKE]
        if not others or named & set(given.skus):
            return ()
        return (*(message.placeholder(order.id) for order in others), *numbers)

    def described(self, message: Message, text: str) -> str | None:
        """The only own order (its placeholder) that a text tells of, by more than a product that may be a question."""
        if self.pii is None or not message.session.customer:
            return None
        link = self._link(message, text, None)
        told = link.explicit and (link.refers or set(link.how) - {"product", "pieces", "place"})
        return message.placeholder(link.ids[0]) if told and len(link.ids) == 1 else None

    def tells_apart(self, message: Message, text: str) -> bool:
        """Whether a text picks one of some orders by how many pieces it has, or names others that stay as they are."""
        link = self._link(message, text, None) if self.pii and message.session.customer else OrderLink()
        return bool(link.ids) and (bool(link.denied) or "pick" in link.how)

    def refers(self, message: Message, text: str) -> bool:
        """Whether words for an order stand in a text: my, 那单, I bought."""
        return self.pii is not None and self._link(message, text, None).refers

    def evidence(self, message: Message, text: str) -> tuple[str, ...]:
        """The words of a text that say which order is meant."""
        return self._link(message, text, message.session.subject.order).evidence if self.pii else ()

    def _link(self, message: Message, text: str, focus: str | None) -> OrderLink:
        links, vault = message.order_links, message.session.vault
        if (text, focus) not in links:
            # A new address names no order: 288号3幢 is no third one
            numbered = PLACEHOLDER.sub(lambda m: vault.get(m[0], "") if m[1] == self.pii else m[0], text)
            links[text, focus] = self._linker.link_orders(
                numbered,
                message.orders,
                message.lang,
                message.now,
                focus=restore(focus, vault) if focus else None,
                offered=[restore(value, vault) for value in message.session.offered],
            )
        return links[text, focus]

    def own(self, message: Message, placeholder: str) -> Order | None:
        """The customer's order that a placeholder stands for."""
        number = restore(placeholder, message.session.vault)
        return next((order for order in message.orders if order.id == number), None)

    def of_amount(self, message: Message, text: str) -> Order | None:
        """The only order whose total a text tells: the 741 one."""
        found = [order for order in message.orders if order.total in amounts(text)]
        return found[0] if len(found) == 1 else None

    def _spoken_of(self, message: Message) -> set[str]:
        """Numbers of the orders that the conversation was about: "the pots" are rather one of them."""
        past = [value for flow in message.session.past for value in flow.slots.values()]
        numbers = {restore(value, message.session.vault) for value in [*past, message.session.subject.order or ""]}
        return numbers & {order.id for order in message.orders}

    def product_lately(self, message: Message) -> str | None:
        """The only product that the customer's last messages spoke of, where they have begun nothing since."""
        latest = message.session.subject.latest
        said = (turn for turn in reversed(message.session.turns) if turn.role == "customer")
        for turn in islice(said, MOST_LATELY) if len(latest) == 1 else ():
            if BEGINS & set(turn.acts):
                return None
            if any(link.sku == latest[0] for link in self._linker.link_products(turn.text)):
                return latest[0]
        return None

    def _left_of(self, message: Message, others: Sequence[str]) -> tuple[str, ...]:
        """Of some orders the only one with a product of the order spoken of: 剩下那单, of two with a wok."""
        subject = message.session.subject.order
        own = self.own(message, subject) if subject else None
        alike = [order for order in message.orders if own and order.id in others and set(order.skus) & set(own.skus)]
        return (alike[0].id,) if len(alike) == 1 and own and own.id not in others else ()

    def _over(self, message: Message) -> set[str]:
        """Numbers of orders in a state of which a flow only tells: cancelled."""
        states = {state for flow in self._pack.flows for state in flow.explains}
        return {order.id for order in message.orders if order.status in states}

    def of_other_piece(self, message: Message, text: str) -> str | None:
        """The order under way, of whose other pieces a text speaks while some of it are sent back."""
        state = message.session.flow
        order = next((state.slots[name] for name in self.names_in(state.slots)), None) if state else None
        own = self.own(message, order) if order and message.flow and self.takes_items(message.flow) else None
        several = own is not None and (len(own.skus) > 1 or sum(own.quantities) > 1)
        return order if several and self.words.names_other_piece(text) else None

    def takes_items(self, flow: Flow) -> bool:
        """Whether a flow may be about a part of an order."""
        return any(self._pack.slots[name].item for name in flow.slots)

    def served(self, message: Message) -> list[str]:
        """Orders that flows of this conversation were about, each once (两单都改好了吗)."""
        orders = [past.slots[name] for past in message.session.past for name in self.names_in(past.slots)]
        return list(dict.fromkeys(orders))

    def named_apart(self, message: Message, text: str, orders: Sequence[str]) -> bool:
        """Whether a text names each of some orders by an item that none of the others holds: the scale + the mats."""
        known = [own for value in orders if (own := self.own(message, value))]
        holding: dict[int, set[str]] = {}  # by the place of the word: "the pot" may be one of two
        for link in self._linker.link_items(message.original(text), known):
            holding.setdefault(link.start, set()).update(own.id for own in known if link.sku in own.skus)
        apart = {min(ids) for ids in holding.values() if len(ids) == 1}
        return len(known) > 1 and apart == {own.id for own in known}

    def fitting(
        self, message: Message, flow: Flow, orders: tuple[str, ...], told: Mapping[str, str] | None = None
    ) -> tuple[str, ...]:
        """Those of several orders that a flow can serve, by the states that its question offers; else all of them.

        told: slots that a text tells; then the likeliest of the orders by the flow's ``likely``.
        """
        asks = next((step for step in flow.steps if step.collect in self.slots_of(flow)), None)
        among = asks.among if asks else ()
        if marked := self.marked(message, flow):
            kept = tuple(o for o in orders if restore(o, message.session.vault) in {order.id for order in marked})
            return kept or self._of_price(message, orders, marked) or self._live(message, flow, orders)
        numbers = {order.id: order for order in message.orders}
        named = [(o, own) for o in orders if (own := numbers.get(restore(o, message.session.vault)))]
        fit = [(o, own) for o, own in named if own.status in among]
        fit = fit or [(o, own) for o, own in named if asks and own.status in asks.also]
        recent = likely_orders([own for _, own in fit], asks, message.now) if asks else []
        fit = [(o, own) for o, own in fit if own in recent] or fit
        if asks and told is not None and len(fit) > 1:
            likely = meant_unnamed([own for _, own in fit], asks, dict.fromkeys(flow.slots) | dict(told))
            fit = [(o, own) for o, own in fit if own in likely] or fit
        return tuple(o for o, _ in fit) if fit and len(orders) > 1 else self._live(message, flow, orders)

    def _live(self, message: Message, flow: Flow, orders: tuple[str, ...]) -> tuple[str, ...]:
        """Those of several orders that are not over, for a flow that does not tell of such."""
        over = set() if flow.explains else self._over(message)
        return tuple(o for o in orders if message.original(o) not in over) or orders

    def holding(self, message: Message, skus: Sequence[str]) -> str | None:
        """The own order (its placeholder) with all of some products: the one spoken of, else the newest not over."""
        over, subject = self._over(message), message.session.subject.order
        held = [order.id for order in message.orders if order.id not in over and set(skus) <= set(order.skus)]
        spoken = [subject] if subject and message.original(subject) in held else []
        return next(iter([*spoken, *map(message.placeholder, held)]), None)

    def alone(self, orders: Sequence[str], text: str) -> Fill | Choose | None:
        """That a text names these orders, and does not say what to do with them."""
        slot = next((name for name, slot in self._pack.slots.items() if slot.pii == self.pii), "")
        if len(orders) > 1:
            return Choose(slot=slot, candidates=tuple(orders), evidence=text)
        return Fill(slot=slot, value=orders[0], evidence=text) if orders else None

    def without_items(self, message: Message, text: str) -> str:
        """A text without the names of own items: 三层蒸锅 is no third floor."""
        spans = {(link.start, link.end) for link in self._linker.link_items(text, message.orders)}
        for start, end in sorted(spans, reverse=True):
            text = f"{text[:start]}，{text[end:]}"
        return text

    def _of_price(self, message: Message, orders: tuple[str, ...], marked: list[Order]) -> tuple[str, ...]:
        """The marked order with a product of those meant at a price that is told: 买的时候199，昨天又买两件才179."""
        skus = {sku for value in orders if (order := self.own(message, value)) for sku in order.skus}
        found = [order for order in marked if skus & set(order.skus) and amounts(message.text) & set(order.prices)]
        return (message.placeholder(found[0].id),) if len(found) == 1 else ()

    def marked(self, message: Message, flow: Flow) -> list[Order]:
        """The customer's orders with the mark that the flow's question asks for; none when it asks for none."""
        step = next((step for step in flow.steps if step.only), None)
        return marked_orders(message.orders, step) if step else []

    def unnamed(self, message: Message, text: str, flow: Flow, slots: Mapping[str, str]) -> str | None:
        """The order (its placeholder) that a wish means which names none, by the flow's ``likely``.

        None where several are likely, the text names a product that it does not hold, or it was just served.
        """
        asks = next((step for step in flow.steps if step.collect in self.slots_of(flow)), None)
        known = dict.fromkeys(flow.slots) | dict(slots)
        found = meant_unnamed(message.orders, asks, known) if asks and message.session.customer else []
        if len(found) != 1:
            return None
        links = [link for link in self._linker.link_products(message.original(text)) if link.exact]
        value = message.placeholder(found[0].id)
        holds = not links or any(link.sku in found[0].skus for link in links)
        return value if holds and value not in self.served(message) else None

    def all_of(self, message: Message) -> list[Act]:
        """The customer's newest orders, to choose from, when an order was asked for."""
        asked = message.step.collect if message.step else None
        if not asked or not message.flow or asked not in self.slots_of(message.flow):
            return []
        orders = tuple(message.placeholder(order.id) for order in message.orders)
        return [Choose(slot=asked, candidates=orders)] if orders else []

    def slots_of(self, flow: Flow) -> list[str]:
        """The flow's slots for an order."""
        return [n for n in flow.slots if self.pii and self._pack.slots[n].pii == self.pii]

    def names_in(self, slots: Mapping[str, object]) -> list[str]:
        """The names among some slots that hold an order."""
        return [n for n in slots if self.pii and n in self._pack.slots and self._pack.slots[n].pii == self.pii]

    def names_all(self, message: Message, text: str) -> bool:
        """Whether a text names the only piece of the order under way."""
        state = message.session.flow
        number = next((state.slots[name] for name in self.names_in(state.slots)), None) if state else None
        own = self.own(message, number) if number and message.session.customer else None
        if own is None or sum(own.quantities) != 1:
            return False
        return any(link.sku in own.skus for link in self._linker.link_items(message.original(text), [own]))

    def same_wish(self, message: Message, text: str) -> Start | None:
        """The wish under way for another order, too, with what holds for both: 另外一单也要, both orders please.

        The order is told where there is only one other that the flow serves; else the flow asks for it.
        """
        state, rules, words = message.session.flow, self._pack.acts, plain(text)
        another = evidence(words, rules.other_orders)
        if not (state and message.flow and another and evidence(words, rules.same)):
            return None
        if is_compared(words, start := words.find(another), start + len(another)):
            return None  # 跟另一单一样的地址: of this order
        slot = next(iter(self.slots_of(message.flow)), None)
        if slot is None or slot not in state.slots or self._link(message, text, None).ids:
            return None
        among = next((step.among for step in message.flow.steps if step.collect == slot), ())
        here = message.original(state.slots[slot])
        others = [order.id for order in message.orders if order.status in among and order.id != here]
        slots = {name: value for name, value in state.slots.items() if self._pack.slots[name].shared}
        slots |= {slot: message.placeholder(others[0])} if len(others) == 1 else {}
        return Start(flow=message.flow.name, slots=slots, evidence=text)

    def names_else(self, message: Message, text: str, own: Order) -> bool:
        """Whether a text names another order by its number, or a product that an order does not hold."""
        numbers = {message.original(match[0]) for match in PLACEHOLDER.finditer(text) if match[1] == self.pii}
        links = [link for link in self._linker.link_products(message.original(text)) if link.exact]
        return bool(numbers - {own.id}) or any(link.sku not in own.skus for link in links)

    def names_item(self, message: Message, text: str) -> bool:
        """Whether a text names a product, where more than one may be meant."""
        state = message.session.flow
        number = next((state.slots[n] for n in self.names_in(state.slots)), None) if state else None
        own = next((some for some in message.orders if number and some.id == message.original(number)), None)
        one_item = own is not None and len(own.skus) == 1
        return not one_item and any(link.exact for link in self._linker.link_products(message.original(text)))
