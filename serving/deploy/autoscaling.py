"""How many replicas customers need: by the messages that compute or wait for their turn.

Ray counts requests, of which every open WebSocket is one though nobody writes on it.
"""

from __future__ import annotations

from typing import Any

from ray.serve.config import AutoscalingContext

POLICY = f"{__name__}:by_messages"
MESSAGES = "messages"  # what a replica tells of itself
TARGET = 4  # messages of a replica: a new one waits for some 20 ms of answers that need no model


def by_messages(context: AutoscalingContext) -> tuple[float, dict[str, Any]]:
    """The replicas that keep their messages at the target, before bounds and delays, which Ray applies."""
    told = (context.aggregated_metrics or {}).get(MESSAGES, {})
    if not told or context.config is None:
        return context.target_num_replicas, {}
    return sum(told.values()) / context.config.get_target_ongoing_requests(), {}
