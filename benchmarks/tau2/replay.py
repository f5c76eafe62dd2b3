"""Plays the reference actions of tasks through the pack's tools, and compares the end state with the reference's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.tau2.database import Shop, export_shop
from benchmarks.tau2.reference import WRITES, after
from benchmarks.tau2.tasks import Action, Task, customer_of
from kefu.shop.pack import Pack
from serving.tools.demo_database import restore
from serving.tools.shop_db import ToolBox

NOW = "2026-11-16T10:00:00+00:00"  # no rule of the policy depends on the time

Arguments = Mapping[str, Any]


@dataclass(frozen=True)
class Replayed:
    """What came of one task.

    refused: writes that the tools refused, in words; reference_refused: those of the reference. missing: reads without
    a row. differs: ids of records whose end state is not the reference's.
    """

    task: str
    refused: tuple[str, ...]
    reference_refused: tuple[str, ...]
    missing: tuple[str, ...]
    differs: tuple[str, ...]

    @property
    def is_right(self) -> bool:
        """Whether the end state is the reference's and nothing was refused that the reference does."""
        return not self.differs and len(self.refused) == len(self.reference_refused)


def replay(task: Task, shop: Shop, tools: ToolBox, fresh: Path) -> Replayed:
    """Runs a task's reference actions, reads included, on a fresh copy of the database."""
    restore(fresh, tools.db)
    customer = customer_of(task, shop)
    refused, missing = list[str](), list[str]()
    for action in task.actions:
        if action.name not in TOOLS:  # arithmetic, and the wish for a person
            continue
        tool, arguments = call_of(action)
        if error := tools.call(tool, arguments, customer, NOW).error:
            (refused if action.name in WRITES else missing).append(f"{tool}: {error}")
    right, reference_refused = reference_end(task, shop)
    found = differences(export_shop(tools.db), right)
    return Replayed(task.id, tuple(refused), tuple(reference_refused), tuple(missing), found)


def reference_end(task: Task, shop: Shop) -> tuple[Shop, list[str]]:
    """The state that the task has to end in, and the reference actions that are refused on the way."""
    return after(shop, [(action.name, action.arguments) for action in task.writes])


def differences(found: Shop, right: Shop) -> tuple[str, ...]:
    """Ids of products, users and orders that are not the same in both."""
    return tuple(
        name
        for part in ("products", "users", "orders")
        for name in sorted(found[part].keys() | right[part].keys())
        if found[part].get(name) != right[part].get(name)
    )


def replay_all(tasks: Sequence[Task], shop: Shop, pack: Pack, fresh: Path, folder: Path) -> list[Replayed]:
    """Every task, each on its own copy."""
    tools = ToolBox(pack, folder / "replay.db")
    return [replay(task, shop, tools, fresh) for task in tasks]


def call_of(action: Action) -> tuple[str, dict[str, Any]]:
    """The pack's tool and its arguments for an action of the domain."""
    tool, arguments = TOOLS[action.name]
    return tool, dict(arguments(action.arguments))


def _same(arguments: Arguments) -> Arguments:
    return arguments


def _without_user(arguments: Arguments) -> Arguments:
    return {name: value for name, value in arguments.items() if name != "user_id"}


def _payment(arguments: Arguments) -> Arguments:
    return {("payment_id" if name == "payment_method_id" else name): value for name, value in arguments.items()}


# Action of the domain → the pack's tool, and how its arguments are called there. Who the customer is, the server says.
TOOLS: Mapping[str, tuple[str, Callable[[Arguments], Arguments]]] = {
    "cancel_pending_order": ("cancel_order", _same),
    "exchange_delivered_order_items": ("exchange_items", _payment),
    "find_user_id_by_email": ("find_customer_by_email", _same),
    "find_user_id_by_name_zip": ("find_customer_by_name_zip", _same),
    "get_item_details": ("get_item", _same),
    "get_order_details": ("get_order", _same),
    "get_product_details": ("get_product", _same),
    "get_user_details": ("get_customer", _without_user),
    "modify_pending_order_address": ("change_order_address", _same),
    "modify_pending_order_items": ("change_items", _payment),
    "modify_pending_order_payment": ("change_payment", _payment),
    "modify_user_address": ("change_customer_address", _without_user),
    "return_delivered_order_items": ("return_items", _payment),
}
