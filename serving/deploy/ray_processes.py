"""Functions that Ray calls in its own processes: what they leave out, for which Ray has no switch, and how many
replicas customers need.
"""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:  # set_up goes before it
    from ray.serve.config import AutoscalingContext

CONTROLLER_CALLBACK = f"{__name__}:without_fallback_proxy"  # for RAY_SERVE_CONTROLLER_CALLBACK_IMPORT_PATH
SETUP_HOOK = f"{__name__}.set_up"  # for worker_process_setup_hook of the runtime environment
SCALING_POLICY = f"{__name__}:by_messages"  # of an AutoscalingPolicy
MESSAGES = "messages"  # what a replica tells of itself: those that compute, or wait for their turn
TARGET_MESSAGES = 4  # of a replica: a new one waits for some 20 ms of answers that need no model
GC_THRESHOLD = 100_000  # new objects between two looks for unreachable cycles


def without_fallback_proxy() -> None:
    """Leaves out, in the controller of Ray Serve, Ray's own proxy beside HAProxy, a process of 130 MB.

    Ray keeps it for applications that it scales to nothing; ours are not, and ``haproxy.py`` takes it out of HAProxy's
    configuration.
    """
    from ray.serve._private.proxy_state import ProxyStateManager  # set_up goes before it

    ProxyStateManager._start_fallback_proxy_if_needed = lambda *args: None  # type: ignore[method-assign]


def set_up() -> None:
    """Every worker's: without pandas, and with a garbage collector that does not slow its start down.

    Python looks for cycles after every 700 new objects, and a replica that loads makes millions which all stay: that
    was a fifth of the time in which nobody is answered.
    """
    without_pandas()
    gc.set_threshold(GC_THRESHOLD)


def without_pandas() -> None:
    """From here on, ``import pandas`` is an ImportError in this process.

    Ray Serve imports it, if there is one, to show data frames as JSON, which nobody sends it. With PyArrow it takes
    40 MB of each process that imports Ray Serve.
    """
    sys.modules.setdefault("pandas", cast(Any, None))


def by_messages(context: AutoscalingContext) -> tuple[float, dict[str, Any]]:
    """The replicas that keep their messages at the target, before bounds and delays, which Ray applies.

    Ray itself counts requests, of which every open WebSocket is one though nobody writes on it.
    """
    told = (context.aggregated_metrics or {}).get(MESSAGES, {})
    if not told or context.config is None:
        return context.target_num_replicas, {}
    return sum(told.values()) / context.config.get_target_ongoing_requests(), {}
