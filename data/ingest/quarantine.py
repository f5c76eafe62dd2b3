"""What could not be read, kept for people: where it stood, why, and its text without personal data."""

from __future__ import annotations

import re

from data.channels.base import PERSON_KEYS
from data.channels.reading.files import Problem
from kefu.privacy.pseudonyms import is_pseudonym, pseudonym
from kefu.privacy.redact import Redactor
from kefu.schema import Rejected

LONGEST = 2000  # characters of ``Rejected.raw``
_READ = 2 * LONGEST  # redaction shortens, so more is read than kept
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
# Also fields that may hold a name: who speaks, whom a customer wrote to.
_PERSON = "|".join(sorted(PERSON_KEYS | {"author", "display_name", "name", "speaker", "user"}))
_CUSTOMER = re.compile(rf'("(?:{_PERSON})"\s*:\s*"?)([^",}}{{\[]{{1,200}})')
_PARTIAL = re.compile(r"[\w+@.-]{1,64}$")


def _plain(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return "\ufffd" if "\ud800" <= character <= "\udfff" else character


def _customer(match: re.Match[str]) -> str:
    return match[1] + (match[2] if is_pseudonym(match[2]) else pseudonym(match[2]))


def safe_text(raw: str, redactor: Redactor) -> str:
    """At most 2,000 characters without personal data: escapes are undone first, for cues may hide in them."""
    text = _ESCAPE.sub(_plain, raw[:_READ])
    if len(raw) > _READ:
        text = _PARTIAL.sub("", text)  # the cut may have gone through a number that is no longer recognised
    text = _CUSTOMER.sub(_customer, text)
    text = redactor.redact(text, {})[:LONGEST]
    return text.encode(errors="replace").decode()


def to_rejected(source: str, problem: Problem, redactor: Redactor) -> Rejected:
    """The problem as a record that may be stored. Reasons quote the record, so they are redacted too."""
    return Rejected(
        source=source,
        file=problem.file,
        line=problem.line,
        reason=safe_text(problem.reason, redactor),
        raw=safe_text(problem.raw, redactor),
    )
