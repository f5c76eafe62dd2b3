"""What Ray's processes leave out, for which Ray has no switch. Ray calls these functions where a process starts."""

from __future__ import annotations

import gc
import sys
from typing import Any, cast

CONTROLLER_CALLBACK = f"{__name__}:without_fallback_proxy"  # for RAY_SERVE_CONTROLLER_CALLBACK_IMPORT_PATH
SETUP_HOOK = f"{__name__}.set_up"  # for worker_process_setup_hook of the runtime environment
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
