"""What Ray Serve's controller does when it starts: it leaves out Ray's own proxy beside HAProxy.

Ray keeps that proxy for applications that it scales to nothing; ours are not, and ``haproxy.py`` takes it out of
HAProxy's configuration. It is a process of 130 MB. Ray calls ``without_fallback_proxy`` in the controller's process.
"""

from __future__ import annotations

from ray.serve._private.proxy_state import ProxyStateManager


def without_fallback_proxy() -> None:
    """Ray has no switch for it."""
    ProxyStateManager._start_fallback_proxy_if_needed = lambda *args: None  # type: ignore[method-assign]
