"""What goes wrong at the edge, as ``{"error": {"code", "message", "type", "param"}}`` with the right status.

One shape for all endpoints: OpenAI's clients read ``type`` and ``param``, ours ``code`` and ``message``.
"""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException


class ApiError(Exception):
    """An answer with a status other than 200."""

    def __init__(self, status: int, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.param = status, code, message, param

    @property
    def body(self) -> dict[str, dict[str, str | None]]:
        kind = "invalid_request_error" if self.status < 500 else "server_error"
        return {"error": {"code": self.code, "message": self.message, "type": kind, "param": self.param}}


def response(error: ApiError) -> JSONResponse:
    """The error as an HTTP response."""
    return JSONResponse(error.body, status_code=error.status)


def install(app: FastAPI) -> None:
    """Makes every error of the app one of ours."""

    @app.exception_handler(ApiError)
    async def _api(request: Request, error: ApiError) -> JSONResponse:
        return response(error)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"] if part != "body") or "body"
        return response(ApiError(400, "invalid_request", f"{field}: {first['msg']}", field))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "http_error")
        return response(ApiError(error.status_code, code, str(error.detail)))
