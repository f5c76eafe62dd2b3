"""Whether a text that could not be read as a record names a person, in any spelling that a channel would have read.

Only the pseudonym of the person is known, so whatever could be an id is turned into a pseudonym and compared:

- An id of at least ``LONGEST_SHORT + 1`` characters counts wherever it stands: as a whole JSON value, a whole
  cell, or a word of plain letters, digits and ``_@.:+-`` in whatever the damage left.
- A shorter one ("7") is also an amount, a rating and a message's number. It counts only where channels read
  ids of people: under ``customer``, ``requester_id``, ``sender: {"id"}`` … (not that of an agent), in the
  customer's column, or in any cell of a table whose columns are not known.

Not found: an id that is itself damaged or cut, and a short one whose key the damage took.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence

from data.channels.base import PERSON_KEYS
from kefu.privacy.pseudonyms import pseudonym

LONGEST_SHORT = 5  # characters; in a million numbers of six digits, one other is as long by chance
PREFIXES = ("", "chatwoot:", "zendesk:")  # what channels put before a bare number
_PEOPLE = {"customer", "user", "visitor", "requester", "contact", "author", "sender"}  # objects with an ``id``
_SESSION = {"session", "session_id", "dialogue_id", "conversation_id"}  # who has no id is known by these
_AGENTS = {"user", "agent", "admin", "bot", "agent_bot", "agentbot", "captain_assistant", "captain::assistant"}
_LONGEST = 200  # characters of an id that is looked for among words
_WINDOW = 1 << 20  # characters searched together
_OVERLAP = 1 << 10  # bytes of the part before that are searched again
_TOKEN = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"?|(-?\d[\w.+-]*)|([{}\[\]:,])', re.DOTALL)
_KEYED = re.compile(rf'"({"|".join(sorted(PERSON_KEYS - {"sender_id"}))})"\s*:\s*"?([^"\',}}{{\[\]\s]{{1,{_LONGEST}}})')
_LETTER = "[A-Za-z0-9_@.:+-]"
_WORD = re.compile(rf"(?<!{_LETTER}){_LETTER}{{{LONGEST_SHORT + 1},{_LONGEST}}}(?!{_LETTER})")
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
Scalars = list[tuple[str, str]]  # key, value


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)


def _shifted(text: str) -> str:
    """What plain letters say when a byte before them was lost in UTF-16, which makes other characters of them."""
    return text.encode("utf-16-le", "replace").replace(b"\0", b"").decode("latin-1")


def _value(text: str) -> str:
    """What a JSON string says, as far as it can be told."""
    try:
        return str(json.loads(f'"{text}"', strict=False))
    except ValueError:
        return _unescaped(text)


def objects(text: str) -> Iterator[tuple[str, Scalars]]:
    """Every object that a text seems to hold: its name (the key before it, "" for the first) and its plain fields.

    The text need not be JSON: braces that are missing make objects larger, never an error.
    """
    open_: list[tuple[str, Scalars]] = [("", [])]
    key, last = "", None
    for match in _TOKEN.finditer(text):
        string, number, sign = match.groups()
        if sign == ":":
            key, last = _value(last or ""), None
            continue
        if last is not None:
            open_[-1][1].append((key, _value(last)))
        last = string if string is not None else number
        if sign in ("{", "["):
            outer = open_[-1][0] if len(open_) > 1 else ""
            open_.append((key or outer, []))
        elif sign in ("}", "]") and len(open_) > 1:
            yield open_.pop()
        if sign:
            key = ""
    if last is not None:
        open_[-1][1].append((key, _value(last)))
    yield from reversed(open_)


def _of_people(name: str, fields: Scalars) -> Iterator[str]:
    """Values that stand where an object has the id of a customer."""
    agent = any(key in ("type", "sender_type", "role") and value.lower() in _AGENTS for key, value in fields)
    for key, value in fields:
        own = key == "sender_id" or (key == "id" and name in _PEOPLE)  # agents have theirs in the same place
        if not agent if own else key in PERSON_KEYS:
            yield value


def _of_sessions(name: str, fields: Scalars) -> Iterator[str]:
    return (value for key, value in fields if key in _SESSION or (key == "id" and name in ("", "data")))


class Mentions:
    """Looks for one person, given by pseudonym, in what a source's channel could not read."""

    def __init__(self, customer: str, source: str) -> None:
        self._customer, self._source = customer, source

    def _is(self, found: Iterable[str], prefixes: Sequence[str] = PREFIXES) -> bool:
        return any(self._is_one(one, prefixes) for one in set(found) if one)

    def _is_one(self, value: str, prefixes: Sequence[str]) -> bool:
        bare = prefixes if value.isdigit() else [prefix for prefix in prefixes if prefix not in PREFIXES[1:]]
        try:
            return value == self._customer or any(pseudonym(f"{p}{value}") == self._customer for p in bare)
        except UnicodeEncodeError:  # half a surrogate pair: no channel takes it
            return False

    def in_text(self, text: str) -> bool:
        """Whether a line, an element, or what is left of one names the person."""
        plain = _unescaped(text)
        return (
            self._customer in plain
            or self._in_words(plain)
            or self._in_fields(text)
            or (not plain.isascii() and self._in_words(_shifted(plain)))
        )

    def _in_words(self, plain: str) -> bool:
        """The long ones, wherever they stand."""
        starts = range(0, len(plain), _WINDOW)
        return any(self._in_window(plain[start : start + _WINDOW + 2 * _LONGEST]) for start in starts)

    def _in_window(self, plain: str) -> bool:
        words = {part for match in _WORD.finditer(plain) for part in (match[0], match[0].strip(".:+-"))}
        words |= {part for word in words for part in word.split(":")}
        words |= {part.strip() for part in plain.split('"') if len(part) <= _LONGEST}  # whichever side is inside
        return self._is((one for one in words if len(one) > LONGEST_SHORT), (*PREFIXES, f"{self._source}:"))

    def _in_fields(self, text: str) -> bool:
        people: set[str] = {_value(match[2]) for match in _KEYED.finditer(text)}
        sessions: set[str] = set()
        for name, fields in objects(text):
            people.update(_of_people(name, fields))
            people.update(value for _, value in fields if len(value) > LONGEST_SHORT)
            sessions.update(_of_sessions(name, fields))
        return self._is(people) or self._is(sessions, (f"{self._source}:",))

    def in_cells(self, cells: Sequence[str], customer: int | None) -> bool:
        """Whether a row of a table does; ``customer`` is that column's place, None when no column is known."""
        whole = [cell.strip().strip('"').strip() for cell in cells]
        known = whole if customer is None else whole[customer : customer + 1]
        return self._is([*known, *(cell for cell in whole if len(cell) > LONGEST_SHORT)]) or any(
            self._customer in cell or self._in_words(_unescaped(cell)) for cell in whole
        )

    def in_bytes(self, raw: bytes) -> bool:
        """The same of bytes that are not text: read as UTF-8 and as GB18030, without NUL bytes."""
        clean = raw.replace(b"\0", b"")
        encodings = ("utf8",) if clean.isascii() else ("utf8", "gb18030")
        return any(self.in_text(clean.decode(encoding, "replace")) for encoding in encodings)

    def in_parts(self, parts: Iterable[bytes]) -> bool:
        """The same of bytes that come in parts; an id that stands across two parts is found, too."""
        before = b""
        for part in parts:
            if self.in_bytes(before + part):
                return True
            before = part[-_OVERLAP:]
        return False
