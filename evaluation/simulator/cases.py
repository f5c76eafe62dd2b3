"""Cases: who wants what, and with which habits. A case is drawn by its number and a seed, and stays the same."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from evaluation.simulator.world import World
from kefu.shop.part import Lang
from kefu.shop.wordings.scripts import Goal

ENGLISH_SHARE = 0.4
FAQ = "faq"
# What a customer may do besides saying a wish; each changes the words or their order, none the right end but `refuses`,
# `changes_goal` and what the second wish adds.
HABITS = (
    "early", "by_product", "wrong_then_right", "corrects_reason", "digresses", "hesitates", "asks_back", "refuses",
    "changes_goal", "two_wishes", "second_wish_later", "greets", "typos", "mixed_language", "traditional",
    "spelled_number", "emoji_yes",
)  # fmt: skip
SECOND = {"changes_goal", "two_wishes", "second_wish_later"}  # one of them at most: each brings a second wish
ORDER = "order_number"


@dataclass
class Wish:
    """A goal with what it is about. entry: of the FAQ, instead of a goal.

    row: the drawn row, ``{item}`` and others for the words; slots: slot → its true value, as the shop keeps it.
    """

    name: str
    goal: Goal | None
    row: dict[str, Any]
    slots: dict[str, str] = field(default_factory=dict)
    entry: str | None = None


@dataclass(frozen=True)
class Case:
    """A customer before a word was said. wrong_order: another order of theirs, or a number that is nobody's."""

    number: int
    lang: Lang
    customer: str | None
    wishes: tuple[Wish, ...]
    habits: frozenset[str]
    wrong_order: str | None

    @property
    def goal(self) -> str:
        return self.wishes[0].name


def draw_case(world: World, number: int, seed: int) -> Case:
    """The case of this number; goals take turns, so that each is met equally often."""
    rng = random.Random(f"{seed}:{number}")
    lang: Lang = "en" if rng.random() < ENGLISH_SHARE else "zh"
    names = [*sorted(world.scripts.goals), FAQ]
    first = _draw_wish(world, names[number % len(names)], lang, rng, None, None)
    assert first
    habits = _habits(first, lang, rng)
    wishes = [first]
    customer = first.row.get("customer_id")
    if SECOND & habits:
        second = _second(world, names, lang, rng, first)
        if second:
            wishes.append(second)
            customer = customer or second.row.get("customer_id")
        else:
            habits -= SECOND
    return Case(number, lang, customer, tuple(wishes), frozenset(habits), _wrong_order(world, customer, first, rng))


def _draw_wish(
    world: World, name: str, lang: Lang, rng: random.Random, customer: str | None, taken: str | None
) -> Wish | None:
    """None: this customer has nothing that such a wish could be about."""
    if name == FAQ:
        return Wish(FAQ, None, {}, entry=rng.choice(world.scripts.entries(lang)))
    goal = world.scripts.goals[name]
    rows = world.rows_of(name)
    if customer:
        rows = [row for row in rows if row["customer_id"] in (None, customer) and row.get(ORDER) != taken]
    if not rows:
        return None
    row = rng.choice(rows)
    row = {**row, **{k.removesuffix(f"_{lang}"): v for k, v in row.items() if k.endswith(f"_{lang}")}}
    slots = {slot: rng.choice(values) for slot, values in goal.values.items()}
    slots |= {slot: str(row[slot]) for slot in world.pack.slots if row.get(slot) is not None and slot not in slots}
    return Wish(name, goal, row, slots)


def _second(world: World, names: list[str], lang: Lang, rng: random.Random, first: Wish) -> Wish | None:
    customer = first.row.get("customer_id")
    others = [n for n in names if n != first.name and not _is_person(world, n) and not _same(world, n, first)]
    rng.shuffle(others)
    for name in others:
        wish = _draw_wish(world, name, lang, rng, customer, first.row.get(ORDER))
        if wish and (customer or wish.row.get("customer_id") is None):
            return wish
    return None


def _is_person(world: World, name: str) -> bool:
    return name != FAQ and world.scripts.goals[name].person


def _same(world: World, name: str, first: Wish) -> bool:
    """Two wishes of one flow cannot be told apart by the flow's name."""
    flow = first.goal.flow if first.goal else None
    return name != FAQ and flow is not None and world.scripts.goals[name].flow == flow


def _habits(wish: Wish, lang: Lang, rng: random.Random) -> set[str]:
    possible = [habit for habit in HABITS if _fits(habit, wish, lang)]
    habits = set(rng.sample(possible, min(len(possible), rng.choice([0, 1, 1, 2, 2, 3]))))
    for habit in sorted(habits & SECOND)[1:]:
        habits.discard(habit)
    if "refuses" in habits:
        habits.discard("changes_goal")
    if "by_product" in habits:
        habits -= {"spelled_number", "wrong_then_right"}
    return habits


def _fits(habit: str, wish: Wish, lang: Lang) -> bool:
    goal = wish.goal
    confirms = bool(goal and goal.calls)
    reasons = [s for s, some in goal.values.items() if s.endswith("_reason") and len(some) > 1] if goal else []
    order = ORDER in wish.row
    fits = {
        "traditional": lang == "zh",
        "by_product": order and bool(wish.row.get("item")),
        "early": order, "wrong_then_right": order, "spelled_number": order, "digresses": order,
        "corrects_reason": confirms and bool(reasons),
        "hesitates": confirms, "asks_back": confirms, "refuses": confirms, "emoji_yes": confirms,
        "changes_goal": confirms,
    }  # fmt: skip
    return fits.get(habit, not (goal and goal.person and habit in SECOND))


def _wrong_order(world: World, customer: str | None, wish: Wish, rng: random.Random) -> str | None:
    own = wish.row.get(ORDER)
    if own is None:
        return None
    others = [number for number in world.orders_of(customer) if number != own]
    return rng.choice(others) if others else f"{own[:-2]}{(int(own[-2:]) + 7) % 100:02d}"
