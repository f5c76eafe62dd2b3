"""Jinja2 for flows: texts and expressions are compiled from the pack, customer words are only values.

The sandbox keeps a pack's mistake from reaching Python's internals; nothing a customer types is ever
compiled, so it can never become code.
"""

from __future__ import annotations

from calendar import month_name
from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, TemplateError, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment

from kefu.errors import KefuError

MARKS = ".,;:!?()[]\"'，。；：！？（）、"
ENVIRONMENT = SandboxedEnvironment(undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True)


class ExpressionError(KefuError, ValueError):
    """A text or expression of the pack is wrong; the message quotes it."""


def money(amount: float | str) -> str:
    """An amount with its cents: 303.45."""
    return f"{Decimal(str(amount)).quantize(Decimal('0.01'), ROUND_HALF_UP)}"


@pass_context
def day(context: Context, iso: str) -> str:
    """A date as the customer reads it: 11月30日, 30 November; with the year unless it is that of ``now``."""
    date = datetime.fromisoformat(iso[:10])
    year = "" if str(context.get("now"))[:4] == iso[:4] else str(date.year)
    if context.get("lang") == "en":
        return f"{date.day} {month_name[date.month]} {year}".strip()
    return f"{year}年{date.month}月{date.day}日" if year else f"{date.month}月{date.day}日"


def words(text: str) -> str:
    """A text's words in lower case, without the marks around them and with blanks between and around: " size 8 "."""
    found = (word.strip(MARKS) for word in text.lower().split())
    return f" {' '.join(word for word in found if word)} "


ENVIRONMENT.filters |= {"money": money, "day": day, "words": words}


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
