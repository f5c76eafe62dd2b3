"""What proxies may say of a client, and a client to proxies. Ray calls ``middlewares`` when its proxy starts.

Some request headers are commands to Ray: a deadline, a model, a replica. Ray decodes them before the application
sees the request, so one that is not UTF-8 ends in a plain-text 500. A client has no business with them.
"""

from __future__ import annotations

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.params import Serving

LOOPBACK = ("127.0.0.0/8", "::1")  # HAProxy, which Ray starts on the machine of the replicas
IMPORT_PATH = f"{__name__}:middlewares"  # for RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH
COMMANDS = {
    b"serve_multiplexed_model_id",
    b"x_request_disconnect_disabled",
    b"x_request_timeout_seconds",
    b"x_session_id",
}


class ProxyHeaders:
    """Takes Ray's commands off each request, and an ``x-request-id`` that is not UTF-8: Ray then makes one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if "headers" in scope:
            scope = {**scope, "headers": [header for header in scope["headers"] if _is_allowed(*header)]}
        await self._app(scope, receive, send)


def _is_allowed(name: bytes, value: bytes) -> bool:
    if name.lower() == b"x-request-id":
        try:
            value.decode()
        except UnicodeDecodeError:
            return False
    return name.lower().replace(b"-", b"_") not in COMMANDS  # Ray takes either sign


def trusted_addresses(params: Serving) -> list[str]:
    """Whose ``X-Forwarded-For`` is believed, for uvicorn.

    The client is the last address there that is none of these. HAProxy adds the address that reached it, so what a
    client sends itself stands before that and is not believed.
    """
    return [*LOOPBACK, *params.trusted_proxies]


def middlewares() -> list[Middleware]:
    """What Ray puts around its proxy."""
    return [Middleware(ProxyHeaders)]
