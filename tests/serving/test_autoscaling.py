"""How many replicas are wanted: by the messages that wait, not by open sockets and not by what models still write."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import cast

import pytest
from ray.serve.config import AutoscalingConfig, AutoscalingContext

from serving.deploy.ray_processes import MESSAGES, by_messages
from serving.deploy.ray_processes import TARGET_MESSAGES as TARGET
from serving.deploy.slots import Slots


@pytest.mark.parametrize(
    ("messages", "wanted"),
    [({"a": 0}, 0), ({"a": TARGET}, 1), ({"a": 3 * TARGET}, 3), ({"a": TARGET, "b": 2 * TARGET}, 3)],
)
def test_each_replica_gets_its_share_of_the_messages(messages: dict[str, float], wanted: float) -> None:
    assert by_messages(told(messages)) == (wanted, {})


def test_a_shop_that_has_told_nothing_yet_stays_as_it_is() -> None:
    assert by_messages(told(None)) == (2, {})


def test_who_waits_for_a_model_wants_no_replica() -> None:
    async def lent() -> tuple[int, int, int]:
        slots, answered = Slots(1), asyncio.Event()
        await slots.acquire()
        waiting = asyncio.create_task(slots.lend(answered.wait()))
        await asyncio.sleep(0)
        meanwhile = slots.lent
        await slots.acquire()  # lent to us
        slots.release()
        answered.set()
        await waiting
        return meanwhile, slots.lent, int(slots.locked())

    assert asyncio.run(lent()) == (1, 0, 1)


def told(messages: dict[str, float] | None) -> AutoscalingContext:
    """What Ray tells the policy, as far as it looks at it."""
    config = AutoscalingConfig(min_replicas=1, max_replicas=8, target_ongoing_requests=TARGET)
    metrics = {} if messages is None else {MESSAGES: messages}
    return cast(AutoscalingContext, SimpleNamespace(aggregated_metrics=metrics, target_num_replicas=2, config=config))
