"""The only reader of JSON from outside: HTTP bodies and WebSocket frames.

Python's own reader also takes NaN, repeated names, half surrogate pairs and any depth. Each of them fails
later and elsewhere: in a model's tokenizer, in the store, or while an error about it is written. Here each is a
400 that names the place.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from fastapi import Request, Response
from fastapi.routing import APIRoute

from serving.api.errors import ApiError

MAX_DEPTH = 64  # OpenAI's clients send nested schemas of tools; nothing sensible is deeper


class StrictJsonRoute(APIRoute):
    """A route whose body, if it declares one, has passed ``read_object``; an optional one may be empty."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def read_and_handle(request: Request) -> Response:
            if self.body_field is not None and (self.body_field.field_info.is_required() or await request.body()):
                read_object(await request.body(), "body")
            return await handle(request)

        return read_and_handle


def read_object(text: bytes | str, where: str) -> dict[str, Any]:
    """Returns the JSON object that ``text`` holds.

    Args:
        text: bytes are UTF-8.
        where: what ``text`` is, for the error: 'body' or 'frame'.

    Raises:
        ApiError: 400, with ``param`` the field that is wrong, or ``where`` when it is the whole.
    """
    try:
        decoded = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        value = json.loads(decoded, object_pairs_hook=_object, parse_constant=_no_constant)
        _check(value, "", 0)
    except _Unreadable as error:
        raise _invalid(error.field or where, str(error)) from error
    except UnicodeDecodeError as error:
        raise _invalid(where, f"is not UTF-8 at byte {error.start}") from error
    except json.JSONDecodeError as error:
        raise _invalid(where, f"is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise _invalid(where, f"is nested more than {MAX_DEPTH} deep") from error
    except ValueError as error:  # Python's limit of digits
        raise _invalid(where, "holds a number of too many digits") from error
    if not isinstance(value, dict):
        raise _invalid(where, "is not a JSON object")
    return value


class _Unreadable(ValueError):
    """What Python would take; ``field`` is empty when it is not known yet."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(problem)
        self.field = field


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _Unreadable("", f"has the name {json.dumps(name)} twice in one object")
        found[name] = value
    return found


def _no_constant(name: str) -> NoReturn:
    raise _Unreadable("", f"holds {name}, which JSON has not")


def _check(value: Any, field: str, depth: int) -> None:
    """Raises _Unreadable for what is too deep or no text."""
    if depth > MAX_DEPTH:
        raise _Unreadable("", f"is nested more than {MAX_DEPTH} deep")
    if isinstance(value, str):
        if not _is_unicode(value):
            raise _Unreadable(field, "holds half of a surrogate pair, which is not a character")
    elif isinstance(value, dict):
        for name, part in value.items():
            if not _is_unicode(name):
                raise _Unreadable(field, f"has the name {json.dumps(name)}, half of a surrogate pair")
            _check(part, f"{field}.{name}" if field else name, depth + 1)
    elif isinstance(value, list):
        for number, part in enumerate(value):
            _check(part, f"{field}.{number}" if field else str(number), depth + 1)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _invalid(field: str, problem: str) -> ApiError:
    return ApiError(400, "invalid_request", f"{field}: {problem}", field)
