"""The ASGI layer around everything: bodies have a limit and a deadline, every response has the headers that
keep the page to itself, and an error that nobody expected is one of ours, too."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.api.errors import ApiError, response, to_api_error
from serving.api.idle_limit import IdleLimit

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Guard:
    """Refuses large bodies with 413, whether their length is announced or not, and late ones with 408.

    It reads the body before the application does: what this server takes is small JSON, and a framework
    that meets an error while reading would turn it into another. Ray's proxy passes a request on with its
    headers, so an unfinished body waits here, in one of the places of the ingress.

    Args:
        most: bytes that a body may have.
        seconds: until all of it must be here.
        unfinished: how many bodies may be on their way at once.
    """

    def __init__(self, app: ASGIApp, most: int, seconds: float, unfinished: IdleLimit) -> None:
        self._app, self._most, self._seconds, self._unfinished = app, most, seconds, unfinished

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        started = False

        async def guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        try:
            body = await self._read(scope, receive) if _has_body(scope) else b""
            if body is not None:
                await self._app(scope, _replayed(body, receive), guarded)
        except Exception as error:
            if started:  # it is too late for a status: the server breaks the connection off
                raise
            refusal = response(to_api_error(error))
            if isinstance(error, ApiError):  # the rest of the body is not wanted
                refusal.headers["Connection"] = "close"
            await refusal(scope, receive, guarded)

    async def _read(self, scope: Scope, receive: Receive) -> bytes | None:
        """The whole body; None when the client left before its end. Raises ApiError."""
        peer, body = (scope.get("client") or ("",))[0], bytearray()
        try:
            async with self._unfinished.wait(peer, self._seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    body += message.get("body", b"")
                    if len(body) > self._most:
                        raise ApiError(413, "too_large", f"The request has more than {self._most} bytes")
                    if not message.get("more_body", False):
                        return bytes(body)
        except TimeoutError as error:
            raise ApiError(408, "body_timeout", "The body did not arrive in time: send it at once") from error


def _has_body(scope: Scope) -> bool:
    """Whether a body was announced: a GET waits for none, however slowly the proxy passes its empty one on."""
    headers = Headers(scope=scope)
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


def _replayed(body: bytes, receive: Receive) -> Receive:
    """The ``receive`` of a request whose body has been read."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return first.pop() if first else await receive()

    return replay
