"""The tasks of tau2-bench's retail domain: what a customer wants, and the reference actions that give it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.tau2.database import BadShop, Shop
from benchmarks.tau2.reference import WRITES


@dataclass(frozen=True)
class Action:
    """A call of a tool of the domain."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Task:
    """reason: the instructions' own words for the call. actions: of the reference, those that read included."""

    id: str
    reason: str
    known: str
    actions: tuple[Action, ...]

    @property
    def writes(self) -> tuple[Action, ...]:
        return tuple(action for action in self.actions if action.name in WRITES)

    @property
    def kind(self) -> str:
        """What the task writes, for tables."""
        names = {action.name.split("_")[0] for action in self.writes}
        if not names:
            return "person" if any(a.name == "transfer_to_human_agents" for a in self.actions) else "nothing"
        return " + ".join(sorted(names))


def load_tasks(data: Path) -> list[Task]:
    """Reads ``tasks_train.json`` of the data folder."""
    path = data / "tasks_train.json"
    if not path.is_file():
        raise BadShop(f"{data}: has no tasks_train.json: name the folder of tau2-bench's retail data")
    return [_task(record) for record in json.loads(path.read_text(encoding="utf8"))]


def customer_of(task: Task, shop: Shop) -> str | None:
    """The id of the task's customer: looked up by the reference, else of its orders, else described."""
    for action in task.actions:
        named = action.arguments
        if "user_id" in named:
            return str(named["user_id"])
        for user in shop["users"].values():
            name = (user["name"]["first_name"].lower(), user["name"]["last_name"].lower(), user["address"]["zip"])
            by_name = (str(named.get("first_name")).lower(), str(named.get("last_name")).lower(), named.get("zip"))
            if name == by_name or ("email" in named and user["email"].lower() == named["email"].lower()):
                return str(user["user_id"])
    orders = [action.arguments["order_id"] for action in task.actions if "order_id" in action.arguments]
    if orders:
        return str(shop["orders"][orders[0]]["user_id"])
    return next((name for name, user in shop["users"].items() if _is_described(user, task.known)), None)


def _is_described(user: Shop, known: str) -> bool:
    name = f"{user['name']['first_name']} {user['name']['last_name']}"
    return user["user_id"] in known or user["email"] in known or (name in known and user["address"]["zip"] in known)


def _task(record: dict[str, Any]) -> Task:
    instructions = record["user_scenario"]["instructions"]
    return Task(
        id=str(record["id"]),
        reason=instructions["reason_for_call"] or "",
        known=instructions["known_info"] or "",
        actions=tuple(Action(a["name"], a["arguments"]) for a in record["evaluation_criteria"]["actions"] or ()),
    )
