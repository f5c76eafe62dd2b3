"""What Ray's processes leave out, for which Ray has no switch. Ray calls both functions where a process starts."""

from __future__ import annotations

import sys
from typing import Any, cast

CONTROLLER_CALLBACK = f"{__name__}:without_fallback_proxy"  # for RAY_SERVE_CONTROLLER_CALLBACK_IMPORT_PATH
SETUP_HOOK = f"{__name__}.without_pandas"  # for worker_process_setup_hook of the runtime environment


def without_fallback_proxy() -> None:
    """Leaves out, in the controller of Ray Serve, Ray's own proxy beside HAProxy, a process of 130 MB.

    Ray keeps it for applications that it scales to nothing; ours are not, and ``haproxy.py`` takes it out of HAProxy's
    configuration.
    """
    from ray.serve._private.proxy_state import ProxyStateManager  # without_pandas goes before it

    ProxyStateManager._start_fallback_proxy_if_needed = lambda *args: None  # type: ignore[method-assign]


def without_pandas() -> None:
    """From here on, ``import pandas`` is an ImportError in this process.

    Ray Serve imports it, if there is one, to show data frames as JSON, which nobody sends it. With PyArrow it takes
    40 MB of each process that imports Ray Serve.
    """
    sys.modules.setdefault("pandas", cast(Any, None))
