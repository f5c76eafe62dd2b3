"""Checks for regexes, and options for those of RE2, whose search time is linear in the text whatever the regex."""

from __future__ import annotations

import re
from functools import lru_cache

import re2

MAX_SEARCH_BYTES = 64 << 20  # memory that one search may keep for states it has seen


def re2_options() -> re2.Options:
    """Returns the options of all our searches: no regard to case, no log, bounded memory."""
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = MAX_SEARCH_BYTES
    return options


def check_regex(pattern: str) -> None:
    """Raises ValueError when Python does not accept the regex, as one with a class of RE2 (``\\p{Han}``)."""
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is not a valid regex of Python: {error}") from error


@lru_cache(maxsize=4096)  # a pack has some eight hundred, and most stages load it more than once
def check_re2(pattern: str) -> None:
    """Raises ValueError when RE2 does not accept the regex."""
    try:
        re2.compile(pattern, re2_options())
    except re2.error as error:
        why = error.args[0].decode() if isinstance(error.args[0], bytes) else error.args[0]
        raise ValueError(
            f"{pattern!r} is not a valid RE2 regex: {why}: use no look-around and no back-reference"
        ) from error
