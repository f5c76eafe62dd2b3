"""What a parsed dialogue must be to become a ``Dialogue``; the first thing wrong is the reason it is not.

Written by hand instead of with pydantic: this runs for every turn of a day, and the reasons are read
by people who know the source, not the code.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from itertools import pairwise
from typing import get_args

from data.channels.base import ParsedDialogue, RawTurn
from data.ingest.params import Ingest
from kefu.errors import KefuError
from kefu.schema import Outcome, Role

_ROLES = frozenset(get_args(Role))
_OUTCOMES = frozenset(get_args(Outcome))
_LONGEST_ID = 200


class Invalid(KefuError, ValueError):
    """Why a dialogue cannot be kept: field, what was found, what was expected."""


def _time(value: object, name: str, zone: tzinfo) -> str | None:
    if value is None:
        return None
    try:
        time = datetime.fromisoformat(value)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise Invalid(f"{name}.time: {str(value)[:40]!r} is not an ISO 8601 time") from error
    return (time if time.tzinfo else time.replace(tzinfo=zone)).isoformat()


def runs_backwards(turns: Sequence[RawTurn]) -> bool:
    """Whether a validated turn is older than one before it. It is counted, not mended: the order is the source's."""
    times = [turn.time for turn in turns if turn.time]
    if times == sorted(times) and len({time[-6:] for time in times}) < 2:  # one offset: text sorts as time does
        return False
    moments = [datetime.fromisoformat(time) for time in times]
    return any(later < earlier for earlier, later in pairwise(moments))


def _turn(turn: RawTurn, index: int, params: Ingest, zone: tzinfo) -> RawTurn:
    name = f"turns[{index}]"
    if not isinstance(turn.role, str) or turn.role not in _ROLES:
        raise Invalid(f"{name}.role: {str(turn.role)[:40]!r} is not one of {', '.join(sorted(_ROLES))}")
    if not isinstance(turn.text, str):
        raise Invalid(f"{name}.text: expected text, got {type(turn.text).__name__}")
    if len(turn.text) > params.max_text:
        raise Invalid(f"{name}.text: {len(turn.text):,} characters, more than ingest.max_text = {params.max_text:,}")
    return turn._replace(time=_time(turn.time, name, zone))


def _facts(parsed: ParsedDialogue) -> None:
    if parsed.session is not None and not 0 < len(parsed.session) <= _LONGEST_ID:
        raise Invalid(f"session: {len(parsed.session)} characters; expected 1 to {_LONGEST_ID}")
    if parsed.outcome is not None and (not isinstance(parsed.outcome, str) or parsed.outcome not in _OUTCOMES):
        raise Invalid(f"outcome: {str(parsed.outcome)[:40]!r} is not one of {', '.join(sorted(_OUTCOMES))}")
    if parsed.csat is not None and (type(parsed.csat) is not int or not 1 <= parsed.csat <= 5):
        raise Invalid(f"csat: {str(parsed.csat)[:40]!r} must be an integer from 1 to 5")


def _writable(parsed: ParsedDialogue, turns: list[RawTurn]) -> None:
    """NUL and half surrogate pairs can be written in JSON, but are not text."""
    everything = "\n".join((parsed.session or "", parsed.customer or "", *(turn.text for turn in turns)))
    if "\0" in everything:
        raise Invalid("a text holds a NUL character")
    try:
        everything.encode()
    except UnicodeEncodeError as error:
        raise Invalid("a text holds half a surrogate pair, which is not a character") from error


def validate(parsed: ParsedDialogue, params: Ingest, zone: tzinfo) -> list[RawTurn]:
    """The turns with their times completed. Raises Invalid. No turn is dropped: labels count them."""
    _facts(parsed)
    if len(parsed.turns) < params.min_turns:
        raise Invalid(f"turns: {len(parsed.turns)}, fewer than ingest.min_turns = {params.min_turns}")
    turns = [_turn(turn, index, params, zone) for index, turn in enumerate(parsed.turns)]
    if not any(turn.text and not turn.text.isspace() for turn in turns):
        raise Invalid("turns: none has any text")
    _writable(parsed, turns)
    return turns
