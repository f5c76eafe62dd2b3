"""Whose a raw record is, told exactly as ingest tells it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from data.channels import CHANNELS
from data.channels.base import Parsed
from data.channels.files import Inputs, Problem
from data.clean.batches import SourceDay
from data.clean.dedupe import Hashes
from data.clean.quarantine import safe_text
from data.clean.validate import Invalid, validate
from kefu.params import Ingest
from kefu.redact import Redactor
from kefu.secret import is_pseudonym, pseudonym


@dataclass
class Sorted:
    """What of a source's day is the person's, and a sum over everybody else's records.

    Attributes:
        records: text of each record, ``lines`` of each of its lines, ``places`` file and line of unreadable ones.
        others: number of other records, and the sum of their hashes: equal for equal records in any order.
    """

    sessions: set[str] = field(default_factory=set)
    records: list[str] = field(default_factory=list)
    lines: set[str] = field(default_factory=set)
    places: set[tuple[str, int]] = field(default_factory=set)
    others: tuple[int, int] = (0, 0)

    def add(self, item: Parsed | Problem) -> None:
        """One more record of theirs."""
        self.records.append(item.raw)
        self.lines.update(text for line in item.raw.split("\n") if (text := line.strip("\r\n")).strip())
        if isinstance(item, Problem):
            self.places.add((item.file, item.line))

    def add_other(self, item: Parsed | Problem) -> None:
        digest = hashlib.blake2b(f"{type(item).__name__} {item.file} {item.raw}".encode(errors="replace"))
        count, total = self.others
        self.others = count + 1, (total + int.from_bytes(digest.digest()[:16], "big")) % 2**128


class Reader:
    """Tells whose a record is, exactly as ingest does."""

    def __init__(self, customer: str, params: Ingest) -> None:
        self._customer, self._params, self._zone = customer, params, ZoneInfo(params.timezone)
        self._redactor, self._hashes = Redactor({}), Hashes()

    def is_theirs(self, item: Parsed | Problem, source: str) -> bool:
        """Whether a record, or what could not be read as one, is the person's."""
        if isinstance(item, Problem):
            return self._customer in item.raw or self._customer in safe_text(item.raw, self._redactor)
        if item.customer:
            known = item.pseudonymous and is_pseudonym(item.customer)
            try:
                return self._customer == (item.customer if known else pseudonym(item.customer))
            except UnicodeEncodeError:
                return False
        return self._customer in {pseudonym(f"{source}:{session}") for session in self.sessions(item)}

    def sessions(self, item: Parsed) -> set[str]:
        """What ingest may call the session: its id, or a hash where the id is personal or missing."""
        if item.session is not None:
            return {item.session, f"s_{pseudonym(item.session)[2:]}"}
        try:
            return {f"x_{self._hashes.key(None, validate(item, self._params, self._zone)).hex()}"}
        except Invalid:
            return set()

    def read(self, day: SourceDay) -> Sorted:
        """Sorts the records of a source's day into theirs and others'."""
        found = Sorted()
        for item in CHANNELS[day.channel](Inputs(day.files, day.options)):
            if self.is_theirs(item, day.source):
                found.add(item)
                if isinstance(item, Parsed):
                    found.sessions |= self.sessions(item)
            else:
                found.add_other(item)
        return found
