"""What goes wrong at the edge, as ``{"error": {"code", "message", "type", "param"}}`` with the right status.

One shape for all endpoints: OpenAI's clients read ``type`` and ``param``, ours ``code`` and ``message``.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from redis.exceptions import RedisError
from starlette.exceptions import HTTPException

logger = logging.getLogger(__name__)
RETRY_AFTER_S = 2  # an embedded store that died is back by then
UNAVAILABLE = "Nobody can answer right now: try again in a moment"


class ApiError(Exception):
    """An answer with a status other than 200.

    Args:
        retry_after_s: seconds after which the same may succeed; RETRY_AFTER_S for every 503.
    """

    def __init__(
        self, status: int, code: str, message: str, param: str | None = None, retry_after_s: int | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.param = status, code, message, param
        self.retry_after_s = RETRY_AFTER_S if status == 503 and retry_after_s is None else retry_after_s

    @property
    def body(self) -> dict[str, dict[str, str | None]]:
        kind = "invalid_request_error" if self.status < 500 else "server_error"
        return {"error": {"code": self.code, "message": self.message, "type": kind, "param": self.param}}


def response(error: ApiError, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The error as an HTTP response, with further headers."""
    headers = dict(headers or {})
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(error.retry_after_s)
    return JSONResponse(error.body, status_code=error.status, headers=headers)


def to_api_error(error: Exception) -> ApiError:
    """Returns what the client is told of any exception; one that nobody expected is logged with its traceback."""
    if isinstance(error, ApiError):
        return error
    logger.error("unexpected error", exc_info=error)
    if isinstance(error, RedisError):
        return ApiError(503, "unavailable", UNAVAILABLE)
    return ApiError(500, "internal_error", "Something went wrong on our side and was logged: try again in a moment")


def install(app: FastAPI) -> None:
    """Makes every error of the app one of ours."""

    @app.exception_handler(ApiError)
    async def _api(request: Request, error: ApiError) -> JSONResponse:
        return response(error)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place, *path = first["loc"]
        if place == "body":
            field = _field(path, error.body, missing=first["type"] == "missing") or "body"
        else:
            field = str(path[0])
        return response(
            ApiError(400, "invalid_request", f"{field}: {first['msg'].removeprefix('Value error, ')}", field)
        )

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "http_error")
        return response(
            ApiError(error.status_code, code, str(error.detail)), error.headers
        )  # a 405 names what is allowed


def _field(path: Sequence[str | int], body: Any, missing: bool) -> str:
    """The part of a validation error's path that is in the body; pydantic adds the branches of unions to it."""
    names: list[str] = []
    for part in path:
        inside = part in body if isinstance(body, dict) else isinstance(body, list) and isinstance(part, int)
        if inside or (missing and isinstance(body, dict)):
            names.append(str(part))
        if not inside:
            break
        body = body[part]
    return ".".join(names)
