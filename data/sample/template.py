"""Phrases with choices: ``(hi|hello) {name}`` says one of several things each time.

``(a|b|)`` picks one part, ``{name}`` is filled in by the caller, and a phrase that begins with
``@3 `` is only used from the fourth day on, so that later days bring words never seen before.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from functools import cache

from kefu.errors import KefuError

Node = str | tuple["Node", ...] | list["Node"]  # text or {reference}, sequence, alternatives
_TOKEN = re.compile(r"[(|)]|\{[^{}]*\}|[^(|){}]+")
_SINCE = re.compile(r"@(\d+) ")


class TemplateError(KefuError, ValueError):
    """A phrase cannot be read; the message quotes it."""


@cache
def parse(source: str) -> Node:
    """The phrase as a tree: tuples are sequences, lists are alternatives."""
    tokens = _TOKEN.findall(source)
    if "".join(tokens) != source:
        raise TemplateError(f"{source!r}: a brace is not closed")
    tree, rest = _alternatives(tokens, 0, source)
    if rest != len(tokens):
        raise TemplateError(f"{source!r}: a closing parenthesis too many")
    return tree


def _alternatives(tokens: list[str], at: int, source: str) -> tuple[Node, int]:
    choices: list[Node] = []
    sequence: list[Node] = []
    while at < len(tokens) and tokens[at] != ")":
        if tokens[at] == "|":
            choices, sequence = [*choices, tuple(sequence)], []
        elif tokens[at] == "(":
            inner, at = _alternatives(tokens, at + 1, source)
            if at >= len(tokens):
                raise TemplateError(f"{source!r}: a parenthesis is not closed")
            sequence.append(inner)
        else:
            sequence.append(tokens[at])
        at += 1
    return [*choices, tuple(sequence)], at


def expand(node: Node, rng: random.Random, fill: Callable[[str], str]) -> str:
    """One way to say it; ``fill`` gives the text of each ``{reference}``."""
    if isinstance(node, str):
        return fill(node[1:-1]) if node.startswith("{") else node
    if isinstance(node, list):
        return expand(rng.choice(node) if len(node) > 1 else node[0], rng, fill)
    return "".join(expand(part, rng, fill) for part in node)


@cache
def _since(source: str) -> tuple[int, str]:
    match = _SINCE.match(source)
    return (int(match[1]), source[match.end() :]) if match else (0, source)


def choose(phrases: Sequence[str], day: int, rng: random.Random) -> Node:
    """One of the phrases that are in use on this day (0 is the first)."""
    known = [text for since, text in map(_since, phrases) if since <= day]
    if not known:
        raise TemplateError(f"no phrase of {list(phrases)!r} is in use on the first day")
    return parse(rng.choice(known))
