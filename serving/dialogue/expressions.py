"""Jinja2 for flows: texts and expressions are compiled from the pack, customer words are only values.

The sandbox keeps a pack's mistake from reaching Python's internals; nothing a customer types is ever
compiled, so it can never become code.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from kefu.errors import KefuError

ENVIRONMENT = SandboxedEnvironment(undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True)


class ExpressionError(KefuError, ValueError):
    """A text or expression of the pack is wrong; the message quotes it."""


@lru_cache(maxsize=4096)
def _template(source: str) -> Any:
    return ENVIRONMENT.from_string(source)


@lru_cache(maxsize=4096)
def _expression(source: str) -> Any:
    return ENVIRONMENT.compile_expression(source, undefined_to_none=True)


def render(source: str, values: Mapping[str, Any]) -> str:
    """A pack's text with its placeholders filled."""
    try:
        return str(_template(source).render(**values)).strip()
    except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
        raise ExpressionError(f"{source!r}: {error}") from error


def evaluate(source: str, values: Mapping[str, Any]) -> Any:
    """The value of a pack's expression."""
    try:
        return _expression(source)(**values)
    except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
        raise ExpressionError(f"{source!r}: {error}") from error
