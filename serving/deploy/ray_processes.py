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
DATA_FRAMES = ("pandas", "pyarrow")
GC_THRESHOLD = 100_000  # new objects between two looks for unreachable cycles


def without_fallback_proxy() -> None:
    """Leaves out, in the controller of Ray Serve, Ray's own proxy beside HAProxy, a process of 130 MB.

    Ray keeps it for applications that it scales to nothing; ours are not, and ``haproxy.py`` takes it out of HAProxy's
    configuration.
    """
    from ray.serve._private.proxy_state import ProxyStateManager  # set_up goes before it

    ProxyStateManager._start_fallback_proxy_if_needed = lambda *args: None  # type: ignore[method-assign]


def set_up() -> None:
    """Every worker's: without data frames, and with a garbage collector that does not slow its start down.

    Python looks for cycles after every 700 new objects, and a replica that loads makes millions which all stay: that
    was a fifth of the time in which nobody is answered.
    """
    without(*DATA_FRAMES)
    gc.set_threshold(GC_THRESHOLD)


def without(*libraries: str) -> None:
    """From here on, importing one of these is an ImportError in this process, unless it is imported already.

    For what a library that we use would import if it is there, for a purpose that is not ours: Ray Serve shows data
    frames as JSON, Ray sends Arrow's tables between processes (20 to 40 MB of each process), and transformers computes
    the losses of object detection with SciPy.
    """
    for library in libraries:
        sys.modules.setdefault(library, cast(Any, None))


def by_messages(context: AutoscalingContext) -> tuple[float, dict[str, Any]]:
    """The replicas that keep their messages at the target, before bounds and delays, which Ray applies.

    Ray itself counts requests, of which every open WebSocket is one though nobody writes on it.
    """
    told = (context.aggregated_metrics or {}).get(MESSAGES, {})
    if not told or context.config is None:
        return context.target_num_replicas, {}
    return sum(told.values()) / context.config.get_target_ongoing_requests(), {}
