"""A scripted customer: says what a task wants in plain words, one wish after the other, and answers what is asked.

What is wanted comes from the task's reference actions and the shop's own records: the instructions leave choices to the
customer (cheapest, bigger, "the other card") that a script cannot argue about, so it says their result. Order numbers
are known only where the instructions tell them; else an order is picked from the list by what it holds. A yes follows
only a confirmation that shows what was wanted, and another order than that is put right. Tasks without a write say the
instructions' own words.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.tau2.database import ADDRESS, Shop
from benchmarks.tau2.tasks import Action, Task, customer_of
from kefu.shop.part import Part, read_part
from serving.dialogue.expressions import render
from serving.dialogue.reply import Reply

MAX_TURNS = 60
PATIENCE = 2  # how often a wish is said again
ORDER = re.compile(r"#W\d+")
LISTED = re.compile(r"^(\d+)\. (#W\d+) ", re.MULTILINE)
# Action → the pack's flow that serves it: which wish a question is about.
FLOWS = {
    "cancel_pending_order": "cancel",
    "exchange_delivered_order_items": "exchange",
    "modify_pending_order_address": "order_address",
    "modify_pending_order_items": "change_items",
    "modify_pending_order_payment": "payment",
    "modify_user_address": "home_address",
    "return_delivered_order_items": "return",
}
FIRST_PERSON = ((r"\byou are\b", "I am"), (r"\byour\b", "my"), (r"\byourself\b", "myself"), (r"\byou\b", "I"))


class Wordings(Part):
    openings: dict[str, tuple[str, ...]]
    answers: dict[str, tuple[str, ...]]


def load_wordings() -> Wordings:
    return read_part(Path(__file__).with_name("wordings.yaml"), Wordings)


class Customer:
    """Plays one task, one trial. Make one per conversation.

    Args:
        own_words: whether the first message is the instructions' text, all wishes at once, instead of the first wish.
    """

    def __init__(
        self, task: Task, shop: Shop, wordings: Wordings, trial: int, seed: int, own_words: bool = False
    ) -> None:
        self._task, self._shop, self._words, self._own_words = task, shop, wordings, own_words
        self._rng = random.Random(f"{seed}:{task.id}:{trial}")
        self._user: Shop = shop["users"][customer_of(task, shop)]
        self._open = list(task.writes)  # wishes that are not served yet
        self._agreed: Action | None = None  # what the customer has just said yes to
        self._changes = {id(action): self._pairs(action) for action in task.writes}  # item by item, those not told yet
        self._said_again, self._corrected, self._wants_person = 0, 0, task.kind == "person"
        self._moved = False  # the profile's address is no longer the one of the records
        self.misread: list[str] = []

    def opening(self) -> str:
        if self._own_words or not self._open:
            return _in_first_person(self._task.reason)
        return self._wish(self._open[0])

    def answer(self, reply: Reply) -> str | None:
        """What the customer says next; None when he is done or gives up."""
        self._tick_off(reply)
        if reply.asks == "identity":
            return self._identity()
        if not self._task.writes:
            return self._without_wish(reply)
        if reply.asks is None:
            return self._next(reply)
        action = next((action for action in self._open if FLOWS[action.name] == reply.flow), None)
        if action is None:
            return self._say("no" if reply.asks == "confirm" else "leave")
        if correction := self._other_order(reply, action):
            return correction
        answers = {
            "order_number": self._order, "cancel_reason": self._reason, "return_items": self._items,
            "change_item": self._item, "change_to": self._options, "payment": self._payment, "address": self._address,
            "confirm": self._confirm,
        }  # fmt: skip
        return answers[reply.asks](reply, action) if reply.asks in answers else self._say("leave")

    # Wishes.

    def _wish(self, action: Action) -> str:
        known = action.arguments.get("order_id", "")
        number = f" {known}" if known and known in self._task.reason else ""
        names = [item["name"].lower() for item in self._of_action(action)]
        things = _listed([f"the {name}" for name in dict.fromkeys(names)])
        text = self._rng.choice(self._words.openings[action.name])
        return render(text, {"number": number, "things": things, "first": names[0] if names else ""})

    def _tick_off(self, reply: Reply) -> None:
        agreed, self._agreed = self._agreed, None
        if agreed and reply.outcome == "resolved":
            self._open.remove(agreed)
            self._moved = self._moved or agreed.name == "modify_user_address"
            self._said_again = self._corrected = 0

    def _next(self, reply: Reply) -> str | None:
        self._said_again += 1
        return self._wish(self._open[0]) if self._open and self._said_again <= PATIENCE + 1 else None

    def _without_wish(self, reply: Reply) -> str | None:
        """Nothing may be changed: a yes is never said, and whoever wants a person asks for one."""
        if reply.outcome == "handoff" or (reply.asks is None and not self._wants_person):
            return None
        if self._wants_person:
            self._wants_person = False
            return self._say("person")
        return self._say("no" if reply.asks == "confirm" else "leave")

    # Answers.

    def _identity(self) -> str:
        email, name = self._user["email"], self._user["name"]
        if email in self._task.known:
            return self._say("identity_by_email", email=email)
        whole = f"{name['first_name']} {name['last_name']}"
        return self._say("identity_by_name", name=whole, zip=self._user["address"]["zip"])

    def _order(self, reply: Reply, action: Action) -> str:
        wanted = action.arguments["order_id"]
        if wanted in self._task.reason:
            return self._say("order_by_number", order=wanted)
        places = {order: place for place, order in LISTED.findall(reply.text)}
        if wanted in places:
            return self._say("order_by_place", place=places[wanted])
        names = dict.fromkeys(item["name"].lower() for item in self._shop["orders"][wanted]["items"])
        return self._say("order_by_products", products=_listed(list(names)))

    def _other_order(self, reply: Reply, action: Action) -> str | None:
        """Puts it right when the answer is about another order than is meant; a list of orders is none yet."""
        order, named = action.arguments.get("order_id"), ORDER.findall(reply.text)
        if reply.asks == "order_number" or not order or not named or order in named or self._corrected >= PATIENCE:
            return None
        self._corrected += 1
        self._changes[id(action)] = self._pairs(action)
        names = dict.fromkeys(item["name"].lower() for item in self._shop["orders"][order]["items"])
        words = "correct_number" if order in self._task.reason else "correct_products"
        return self._say(words, order=order, products=_listed(list(names)))

    def _reason(self, reply: Reply, action: Action) -> str:
        return self._say(action.arguments["reason"])

    def _items(self, reply: Reply, action: Action) -> str:
        order = self._shop["orders"][action.arguments["order_id"]]
        names = [item["name"] for item in order["items"]]
        places = _places(order, action.arguments["item_ids"])
        if len(places) == len(names):
            return self._say("all_items")
        wanted = [names[place - 1] for place in places]
        if any(names.count(name) > 1 for name in wanted):
            return self._say("items_by_place", places=_listed([str(place) for place in places]))
        return self._say("items_by_name", things=_listed([name.lower() for name in wanted]))

    def _item(self, reply: Reply, action: Action) -> str:
        order = self._shop["orders"][action.arguments["order_id"]]
        place, _ = self._changes[id(action)][0]
        names = [item["name"] for item in order["items"]]
        if names.count(names[place - 1]) > 1:
            return self._say("item_by_place", place=place)
        return self._say("item_by_name", thing=names[place - 1].lower())

    def _options(self, reply: Reply, action: Action) -> str:
        """Only what changes; a value alone where it can be nothing else."""
        place, new = self._changes[id(action)][0]
        item = self._shop["orders"][action.arguments["order_id"]]["items"][place - 1]
        variant = self._product(item)["variants"][new]
        values = [v for some in self._product(item)["variants"].values() for v in set(some["options"].values())]
        plain = all(len(v) > 3 for v in values)
        said = []
        for option, value in variant["options"].items():
            if value == item["options"].get(option):
                continue
            options_with = {
                o for some in self._product(item)["variants"].values() for o, v in some["options"].items() if v == value
            }
            alone = plain and len(options_with) == 1 and self._rng.random() < 0.5
            said.append(value if alone else f"{option} {value}")
        return self._say("options", options=_listed(said))

    def _payment(self, reply: Reply, action: Action) -> str:
        methods = self._user["payment_methods"]
        method = methods[action.arguments["payment_method_id"]]
        if method["source"] != "credit_card":
            return self._say(method["source"])
        brands = [m.get("brand") for m in methods.values()]
        clear = [text for text in self._words.answers["credit_card"] if "last_four" in text]
        texts = self._words.answers["credit_card"] if brands.count(method["brand"]) == 1 else clear
        return render(self._rng.choice(texts), {"brand": method["brand"], "last_four": method["last_four"]})

    def _address(self, reply: Reply, action: Action) -> str:
        wanted = {field: action.arguments[field] for field in ADDRESS}
        home = self._user["address"]
        others = [self._shop["orders"][order]["address"] for order in self._user["orders"]]
        of_city = {
            tuple(a.values()) for a in [*([] if self._moved else [home]), *others] if a["city"] == wanted["city"]
        }
        hidden = wanted["address1"] not in self._task.reason and not self._moved
        if hidden and wanted == home and action.name != "modify_user_address":
            return self._say("address_of_profile")
        if hidden and wanted in others and len(of_city) == 1:
            return self._say("address_by_city", city=wanted["city"])
        spelled = ", ".join(
            value for field in ("address1", "address2", "city", "state", "country", "zip") if (value := wanted[field])
        )
        return self._say("address_spelled", address=spelled)

    def _confirm(self, reply: Reply, action: Action) -> str:
        changes = self._changes[id(action)]
        if "another item" in reply.text:
            changes.pop(0)
            return self._say("more" if changes else "no_more")
        missing = [words for words in self._shown(action) if words.lower() not in reply.text.lower()]
        payment = self._payment_shown(action)
        if payment and missing == [payment] and self._corrected < PATIENCE:
            self._corrected += 1
            return self._say("correct_payment", payment=payment)
        if missing:
            self.misread.append(f"not confirmed: {', '.join(missing)}")
            return self._say("no")
        self._agreed = action
        return self._say("yes")

    def _shown(self, action: Action) -> list[str]:
        """What a confirmation has to show before the customer says yes."""
        named = action.arguments
        shown = [
            named[field] for field in ("order_id", "reason", "address1", "address2", "city", "zip") if named.get(field)
        ]
        for place, new in self._pairs(action):
            item = self._shop["orders"][named["order_id"]]["items"][place - 1]
            variant = self._product(item)["variants"][new]
            shown += [f"{option} {value}" for option, value in variant["options"].items()]
        if action.name.startswith("return"):
            shown += [item["name"] for item in self._of_action(action)]
        payment = self._payment_shown(action)
        return [*shown, payment] if payment else shown

    def _payment_shown(self, action: Action) -> str | None:
        method = self._user["payment_methods"].get(action.arguments.get("payment_method_id"))
        if method is None:
            return None
        last_four = method.get("last_four")
        return f"credit card ending in {last_four}" if last_four else method["source"].replace("_", " ")

    # Records.

    def _pairs(self, action: Action) -> list[tuple[int, str]]:
        """Each item that changes: its place in the order, and what it becomes."""
        named = action.arguments
        if "new_item_ids" not in named:
            return []
        places = _places(self._shop["orders"][named["order_id"]], named["item_ids"])
        return list(zip(places, named["new_item_ids"], strict=True))

    def _product(self, item: Shop) -> Shop:
        product: Shop = self._shop["products"][item["product_id"]]
        return product

    def _of_action(self, action: Action) -> list[Shop]:
        order = self._shop["orders"].get(action.arguments.get("order_id"))
        return (
            [order["items"][place - 1] for place in _places(order, action.arguments.get("item_ids", ()))]
            if order
            else []
        )

    def _say(self, wording: str, /, **values: Any) -> str:
        return render(self._rng.choice(self._words.answers[wording]), values)


def _places(order: Shop, item_ids: Sequence[str]) -> list[int]:
    """Where the items stand in the order, from 1; of equal ones each place once."""
    free = [item["item_id"] for item in order["items"]]
    places = []
    for item in item_ids:
        at = free.index(item)
        free[at] = ""
        places.append(at + 1)
    return places


def _listed(words: Sequence[str]) -> str:
    return " and ".join([*([", ".join(words[:-1])] if words[1:] else []), *words[-1:]])


def _in_first_person(text: str) -> str:
    for pattern, word in FIRST_PERSON:
        text = re.sub(pattern, word, text, flags=re.IGNORECASE)
    return text
