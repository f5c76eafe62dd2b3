"""Which pages of other sites may call the server from a browser (CORS), over HTTP and WebSockets.

A browser asks before it sends a page's token to another site, and shows the page an answer only if it may see it. It
does neither for WebSockets, so their Origin is checked here. A page holds its token itself and no cookie is read:
credentials in the sense of CORS are never allowed. Programs send no Origin, and are not concerned.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp

from serving.api.errors import ApiError, response

METHODS = ("GET", "POST", "DELETE")
READABLE = ("Retry-After", "X-Request-Id")
BELOW = r"(?:[a-z0-9-]+\.)+"


class Origins(CORSMiddleware):
    """Lets pages of ``allowed`` (``serving.allowed_origins``) send any header, and read every answer, errors too."""

    def __init__(self, app: ASGIApp, allowed: Sequence[str]) -> None:
        super().__init__(
            app,
            allow_origin_regex=_pattern(allowed),
            allow_methods=METHODS,
            allow_headers=("*",),  # OpenAI's clients send a dozen of their own
            expose_headers=READABLE,
        )

    def preflight_response(self, request_headers: Headers) -> Response:
        """As Starlette's, but what is refused is an error of ours."""
        answer = super().preflight_response(request_headers)
        if answer.status_code == 200:
            return answer
        return response(_refused(bytes(answer.body).decode()), {"Vary": self.preflight_headers["Vary"]})


def check_origin(connection: HTTPConnection, allowed: Sequence[str]) -> None:
    """Raises 403 for a page of another site that ``allowed`` does not name."""
    origin = connection.headers.get("origin")
    is_own = origin is None or origin.partition("://")[2] == connection.headers.get("host")
    if not is_own and not re.fullmatch(_pattern(allowed), origin or ""):
        raise _refused("This page's origin is not the server's, nor one of the token's channel")


def _pattern(allowed: Sequence[str]) -> str:
    """A regex of all origins that are allowed; of no origin when there are none."""
    return "|".join(re.escape(origin).replace(r"\*\.", BELOW) for origin in allowed)


def _refused(reason: str) -> ApiError:
    methods = ", ".join(METHODS)
    return ApiError(
        403, "origin_not_allowed", f"{reason}: serving.allowed_origins names who may call; methods are {methods}"
    )
