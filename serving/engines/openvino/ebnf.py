"""Lark as xgrammar reads it: OpenVINO GenAI takes an EBNF of its own, Kefu's grammars are Lark's of llguidance.

Of Lark it knows what ``kefu/llm/acts_format.py`` writes: a rule a line, strings, groups, ``| * + ? {m,n}``, and
regexes of characters, classes, groups and the same signs. Lark's terminals become rules; spaces beyond ASCII may
stand where ``\\s`` forbids them, which ``parse`` then refuses.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache

from llguidance import LLMatcher

# ASCII's alone: of a character beyond it in a class of those that may not come, xgrammar makes an error.
SPACE = r"\t-\r\x1c-\x20"
_RULE = re.compile(r"([A-Za-z_][\w-]*): (.+)")
_STRING_OR_REGEX = re.compile(r'"(?:[^"\\]|\\.)*"|/(?:[^/\\]|\\.)+/')
_PIECE = re.compile(r"(\[(?:[^\]\\]|\\.)+\])|([()|*+?]|\{\d+(?:,\d*)?\})|\\(.)|(.)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


@lru_cache(maxsize=8)  # of the packs that are served
def to_ebnf(lark: str) -> str:
    """The same language; its first rule is ``root``, which no other rule names.

    Raises:
        ValueError: the grammar is not valid, or a line is not a rule. xgrammar would fail in the midst of all chats.
    """
    if wrong := LLMatcher.validate_grammar(lark):
        raise ValueError(f"grammar: {wrong}")
    return "".join(f"{_rule(line)}\n" for line in lark.splitlines() if line.strip())


def _rule(line: str) -> str:
    match = _RULE.fullmatch(line.strip())
    if match is None:
        raise ValueError(f"grammar: {line[:80]!r} is not a rule of one line: write NAME: BODY")
    name = "root" if match[1] == "start" else match[1]
    return f"{name} ::= {_STRING_OR_REGEX.sub(_string_or_regex, match[2])}"


def _string_or_regex(match: re.Match[str]) -> str:
    found = match[0]
    return found if found.startswith('"') else f"({_PIECE.sub(_piece, found[1:-1]).strip()})"


def _piece(match: re.Match[str]) -> str:
    """A class, a sign, or a character, which EBNF writes as a string."""
    chars, sign, escaped, plain = match.groups()
    if chars:
        return " " + chars.replace(r"\s", SPACE)
    if sign:
        return f" {sign}" if sign in "(|" else sign
    return " " + json.dumps(_ESCAPES.get(escaped, escaped) if escaped else plain, ensure_ascii=False)
