"""Golden conversations: what must go well, from the first message to the rows left in the shop's database.

A file ``golden/<name>.yaml`` of the pack:

    title: {zh: 缺两项的退货, en: a return that needs two missing slots}
    customer: C1001            # absent: a stranger
    turns:
      - say: 我要退货
        expect: {route: flow, flow: return, asks: order_no, says: 订单号}
    end:
      - sql: SELECT status FROM returns WHERE order_no = 'KF…'
        rows: [{status: requested}]

``asks_model: true``: nothing in the pack answers, so only a model could; when its words may not be said, or no passage
is about the question, the fallback is.
``says`` / ``says_not`` are texts, or lists of texts, that the answer must (not) hold. Everything else in
``expect`` must be equal; what is not named may be anything.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError, field_validator

from kefu.shop.part import PackError, Part, Text
from kefu.yaml_file import read_yaml


class Expect(Part):
    """What an answer has to be like."""

    intent: str | None = None
    route: str | None = None
    flow: str | None = None
    asks: str | None = None
    outcome: str | None = None
    asks_model: bool | None = Field(
        None, description="whether only a model could answer; what it says is another matter"
    )
    slots: dict[str, str] = {}
    says: tuple[str, ...] = ()
    says_not: tuple[str, ...] = ()

    @field_validator("says", "says_not", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value


class GoldenTurn(Part):
    say: str
    expect: Expect = Expect()


class EndState(Part):
    """A query of the shop database and the rows it must give, in order."""

    sql: str
    rows: tuple[dict[str, Any], ...]


class Golden(Part):
    name: str
    title: Text
    customer: str | None = None
    turns: tuple[GoldenTurn, ...] = Field(min_length=1)
    end: tuple[EndState, ...] = ()


def as_record(golden: Golden) -> dict[str, Any]:
    """A conversation as a record of an MLflow evaluation dataset: what is said, and what is expected."""
    expected = [turn.expect.model_dump(exclude_defaults=True, mode="json") for turn in golden.turns]
    end = [one.model_dump(mode="json") for one in golden.end]
    said = [turn.say for turn in golden.turns]
    return {
        "inputs": {"name": golden.name, "customer": golden.customer, "messages": said},
        "expectations": {"turns": expected, "end": end},
    }


def load_goldens(folder: Path) -> list[Golden]:
    """All conversations of a pack, by name. Raises PackError naming file and field."""
    return [_load(path) for path in sorted(folder.glob("*.yaml"))]


def _load(path: Path) -> Golden:
    try:
        return Golden.model_validate({"name": path.stem, **read_yaml(path)})
    except (yaml.YAMLError, TypeError, ValidationError) as error:
        raise PackError(f"{path}: not a golden conversation: {error}") from error
