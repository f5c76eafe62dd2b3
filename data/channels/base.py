"""What a channel is: a function from a day's files to dialogues, and to problems where it finds none.

A parser understands one format and nothing else: it neither redacts nor checks lengths nor removes
duplicates (``data/ingest`` does). It never raises for what stands in a file: a record that cannot be
read becomes a ``Problem``, and the next one is tried.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from data.channels.reading.files import Inputs, Line, Problem, lines
from data.channels.reading.json_arrays import records
from kefu.errors import KefuError
from kefu.privacy.pseudonyms import pseudonym

# Fields of raw records that name a person. Quarantine shows pseudonyms in their place, and `kefu forget` finds
# short ids below them alone.
PERSON_KEYS = frozenset(
    {
        "author_id",
        "contact_id",
        "customer",
        "customer_id",
        "external_id",
        "identifier",
        "requester_id",
        "sender_id",
        "user_id",
        "visitor_id",
    }
)
CHANNEL_ROLES = frozenset({"customer", "agent", "bot"})


class RawTurn(NamedTuple):
    """A turn as the source wrote it; ``time`` may lack its offset. flow: see ``kefu.schema.Turn``."""

    role: str
    text: str
    time: str | None = None
    flow: str | None = None


@dataclass(slots=True)
class ParsedDialogue:
    """A dialogue as the source wrote it, personal data and all: it lives in memory only.

    Attributes:
        file: name of the file, ``line`` its (first) line there, ``raw`` what stood there.
        session: the source's id, or None when the format has none.
        customer: the source's id of the person, or None when it is not known.
        pseudonymous: ``customer`` already is a pseudonym of ours.
    """

    file: str
    line: int
    raw: str
    session: str | None
    customer: str | None
    turns: Sequence[RawTurn]
    outcome: str | None = None
    csat: int | None = None
    pseudonymous: bool = False


Channel = Callable[[Inputs], Iterator[ParsedDialogue | Problem]]

TWO_CUSTOMERS = "two customers in one session"
_NAMED = 20  # customers that a reason names: it is cut off at 2,000 characters


class BadRow(KefuError, ValueError):
    """A record is not what the format says; the message says which field, and what was expected."""


def two_customers(places: Mapping[str, str]) -> str:
    """Returns the reason why a session that names two customers is quarantined.

    Args:
        places: pseudonym of each customer → where the session names them.
    """
    found = ", ".join(f"{customer} ({place})" for customer, place in list(places.items())[:_NAMED])
    more = f" and {len(places) - _NAMED} more" if len(places) > _NAMED else ""
    return f"{TWO_CUSTOMERS}: {found}{more}; export one customer's conversation a session, each with an id of its own"


def one_customer(places: Iterable[tuple[str | None, str]]) -> None:
    """Checks that messages are of one person. Raises BadRow.

    Args:
        places: the source's id of each message's customer, where it is known, and where that stands.
    """
    first = dict[str, str]()
    for customer, place in places:
        if customer:
            first.setdefault(customer, place)
    if len(first) > 1:
        raise BadRow(two_customers({pseudonym(customer): place for customer, place in first.items()}))


def check_speakers(row: Mapping[str, Any], messages: Iterable[Any], name: str, *more: str) -> None:
    """Checks that messages do not name different customers, each or one of them another than the record.

    Formats of one customer a record know no such field, but exporters of group chats write one. Raises BadRow.

    Args:
        messages: of customers; what is not an object is passed over.
        more: further fields that name who speaks.
    """
    said = [message for message in messages if isinstance(message, dict)]
    for field in ("customer", "customer_id", "user_id", *more):
        own = row.get(field) if field not in more else None  # a record's own name is not a person's
        named = [(own, field), *((message.get(field), f"{name}.{field}") for message in said)]
        one_customer((optional_text(value, place), place) for value, place in named)


def decode(text: str) -> dict[str, Any]:
    """A JSON object. Raises BadRow for anything else."""
    try:
        value = json.loads(text)
    except RecursionError as error:
        raise BadRow("JSON is nested too deeply") from error
    except ValueError as error:
        raise BadRow(f"not JSON: {error}") from error
    return mapping(value, "the record")


def mapping(value: Any, name: str) -> dict[str, Any]:
    """``value`` when it is an object. Raises BadRow naming the field."""
    if not isinstance(value, dict):
        raise BadRow(f"{name}: expected an object, got {type(value).__name__}")
    return value


def sequence(value: Any, name: str) -> list[Any]:
    """``value`` when it is an array. Raises BadRow naming the field."""
    if not isinstance(value, list):
        raise BadRow(f"{name}: expected an array, got {type(value).__name__}")
    return value


def optional_text(value: Any, name: str) -> str | None:
    """``value`` when it is a string or null; a whole number becomes its digits. Raises BadRow."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise BadRow(f"{name}: expected text, got {type(value).__name__}")


def moment(value: Any, name: str) -> str | None:
    """A time as text: seconds since 1970 become ISO 8601 in UTC, text stays. Raises BadRow naming the field."""
    if value is None or isinstance(value, str):
        return value or None
    try:
        return datetime.fromtimestamp(value, UTC).isoformat()
    except (TypeError, ValueError, OverflowError, OSError) as error:
        raise BadRow(f"{name}: {str(value)[:40]!r} is neither ISO 8601 nor seconds since 1970") from error


@dataclass(frozen=True)
class PerLine:
    """A channel of one JSON record a line: worker processes may take its lines apart from one another.

    Attributes:
        parse_line: reads one line, raises BadRow.
    """

    parse_line: Callable[[Line], ParsedDialogue]

    def __call__(self, inputs: Inputs) -> Iterator[ParsedDialogue | Problem]:
        """The records of all files, in order."""
        return map(self.read, self.lines(inputs))

    def lines(self, inputs: Inputs) -> Iterator[Line | Problem]:
        """What ``read`` takes, one record each, in order: lines, or the elements of a file that is one array."""
        for path in inputs.files:
            yield from records(path, inputs)

    def read(self, line: Line | Problem) -> ParsedDialogue | Problem:
        """One line, or why it cannot be read."""
        if isinstance(line, Problem):
            return line
        try:
            return self.parse_line(line)
        except BadRow as error:
            return Problem(line.file, line.number, str(error), line.text)


def per_line(parse: Callable[[Line], ParsedDialogue]) -> PerLine:
    """A channel of one JSON record a line, from a function that reads one line and raises BadRow."""
    return PerLine(parse)


def all_lines(inputs: Inputs) -> Iterator[Line | Problem]:
    """Lines of all files, in order; blank lines left out."""
    for path in inputs.files:
        yield from lines(path, inputs)
